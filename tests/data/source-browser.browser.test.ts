import { expect, test } from "vitest";
import { openHo3d } from "../../src/data/ho3d";
import { toNumbers } from "../../src/data/numpy";
import { encodeRgbPng } from "../../src/data/png";
import type { FileSource } from "../../src/data/source";
import { directorySource, droppedSource, fileListSource } from "../../src/data/source-browser";
import { unpickleDictionary } from "../../src/data/unpickle";

const text = new TextEncoder().encode("SM1/0000\n");
const meta = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await fetch(new URL(`./fixtures/${name}`, import.meta.url))).arrayBuffer());
const image = (): Uint8Array => encodeRgbPng({ width: 8, height: 6, data: new Uint8Array(144).fill(50) });

async function expectTree(source: FileSource): Promise<void> {
  expect(await source.list("train/SM1")).toEqual(["meta/", "rgb/"]);
  expect(await source.list("train/none")).toEqual([]);
  expect([await source.has("train.txt"), await source.has("train/SM1"), await source.has("none/x")]).toEqual([
    true,
    false,
    false,
  ]);
  await expect(source.read("train/SM2/x.pkl")).rejects.toThrow('file "train/SM2/x.pkl" does not exist');
  await expect(source.read("../x")).rejects.toThrow(/"\.\."|does not exist/);
  const frame = await (await openHo3d(source, "train")).read("SM1/0000");
  expect(frame.rgb.data[0]).toBe(50);
  expect(frame.joints3d[2]).toBeCloseTo(0.5, 12);
}

test("a directory handle", async () => {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("HO3D", { create: true });
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    const parts = path.split("/");
    let folder = root;
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
    const file = await (await folder.getFileHandle(parts[parts.length - 1], { create: true })).createWritable();
    await file.write(bytes as Uint8Array<ArrayBuffer>);
    await file.close();
  };
  await write("train.txt", text);
  await write("train/SM1/meta/0000.pkl", await meta("ho3d-train.pkl"));
  await write("train/SM1/rgb/0000.png", image());
  await expectTree(directorySource(root));
});

test("the files of an input", async () => {
  const file = (path: string, bytes: Uint8Array): File => {
    const made = new File([bytes as Uint8Array<ArrayBuffer>], path.split("/").pop() ?? "");
    // What a browser sets for <input webkitdirectory>; it cannot be set by hand otherwise.
    Object.defineProperty(made, "webkitRelativePath", { value: `HO3D/${path}` });
    return made;
  };
  const files = [
    file("train.txt", text),
    file("train/SM1/meta/0000.pkl", await meta("ho3d-train.pkl")),
    file("train/SM1/rgb/0000.png", image()),
  ];
  const source = fileListSource(files);
  expect(source.name).toBe("HO3D");
  await expectTree(source);
  expect(() => fileListSource([])).toThrow("holds no file");
});

/** Chromium's older file system: the only way to a directory entry, which is what a dropped folder is, without a hand on a mouse. */
interface OldFileSystem {
  webkitRequestFileSystem?(
    type: number,
    size: number,
    done: (system: { root: FileSystemDirectoryEntry }) => void,
    failed: (error: DOMException) => void,
  ): void;
}

interface WritableEntry extends FileSystemFileEntry {
  createWriter(done: (writer: { onwriteend: () => void; write(blob: Blob): void }) => void): void;
}

const request = (globalThis as OldFileSystem).webkitRequestFileSystem;

test.skipIf(request === undefined)("a dropped folder", async () => {
  const system = await new Promise<{ root: FileSystemDirectoryEntry }>((resolve, reject) =>
    request?.call(globalThis, 0, 1 << 20, resolve, reject),
  );
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join("/");
      await new Promise((resolve, reject) => system.root.getDirectory(folder, { create: true }, resolve, reject));
    }
    const entry = await new Promise<FileSystemEntry>((resolve, reject) =>
      system.root.getFile(path, { create: true }, resolve, reject),
    );
    await new Promise<void>((resolve) =>
      (entry as WritableEntry).createWriter((writer) => {
        writer.onwriteend = resolve;
        writer.write(new Blob([bytes as Uint8Array<ArrayBuffer>]));
      }),
    );
  };
  await write("train.txt", text);
  await write("train/SM1/meta/0000.pkl", await meta("ho3d-train.pkl"));
  await write("train/SM1/rgb/0000.png", image());
  await expectTree(droppedSource(system.root));
});

test("a dropped file is refused with its name", () => {
  const dropped = new DataTransfer();
  dropped.items.add(new File(["x"], "x.txt"));
  const entry = dropped.items[0].webkitGetAsEntry();
  if (entry !== null) expect(() => droppedSource(entry)).toThrow('"x.txt" is a file, expected a folder');
});

test("Python 2 byte strings keep every byte in a browser", async () => {
  const values = unpickleDictionary(await meta("values-python2.pkl"), "values");
  expect([...toNumbers(values.get("u4")).data]).toEqual([4294967295, 0]);
  expect([...toNumbers(values.get("f8")).data]).toEqual([0, 0.125, 0.25, 0.375, 0.5, 0.625]);
});
