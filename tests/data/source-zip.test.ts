import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobWriter, Uint8ArrayReader, ZipWriter } from "@zip.js/zip.js";
import { afterAll, describe, expect, test } from "vitest";
import { DataError } from "../../src/data/data-error";
import { zipSource } from "../../src/data/source-zip";
import { type RawEntry, rawZip } from "../helpers/raw-zip";

const text = (value: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(value));
const folder = mkdtempSync(join(tmpdir(), "handloom-zip-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Numbers that deflate cannot shrink. */
const noise = (length: number): Uint8Array => {
  const out = new Uint8Array(length);
  for (let i = 0, x = 1; i < length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    out[i] = x >>> 24;
  }
  return out;
};

async function archive(files: Readonly<Record<string, Uint8Array>>, zip64: boolean): Promise<Blob> {
  const writer = new ZipWriter(new BlobWriter(), { zip64, useWebWorkers: false });
  await writer.add("HO3D/train/", undefined, { directory: true });
  for (const [path, bytes] of Object.entries(files)) {
    await writer.add(path, new Uint8ArrayReader(bytes), { level: path.endsWith(".txt") ? 6 : 0 });
  }
  return writer.close();
}

describe("a zip as a tree", () => {
  const files = {
    "HO3D/train.txt": text("SM1/0000\n".repeat(50)),
    "HO3D/train/SM1/rgb/0000.jpg": noise(100_000),
    "HO3D/train/SM1/depth/0000.png": noise(5),
    "HO3D/empty.txt": new Uint8Array(0),
  };
  test.each([
    ["in memory", false],
    ["in memory, zip64", true],
    ["on disk, zip64", true],
  ])("%s: lists and reads what was packed", async (where, zip64) => {
    let blob = await archive(files, zip64);
    if (where.startsWith("on disk")) {
      const path = join(folder, "set.zip");
      writeFileSync(path, new Uint8Array(await blob.arrayBuffer()));
      blob = await openAsBlob(path);
    }
    const source = await zipSource(blob, "set.zip");
    expect(await source.list("")).toEqual(["HO3D/"]);
    expect(await source.list("HO3D")).toEqual(["empty.txt", "train.txt", "train/"]);
    expect(await source.list("HO3D/train/SM1/rgb")).toEqual(["0000.jpg"]);
    expect(await source.list("nowhere")).toEqual([]);
    for (const [path, bytes] of Object.entries(files)) {
      expect(await source.has(path)).toBe(true);
      expect(await source.read(path)).toEqual(bytes);
    }
    expect(await source.has("HO3D/train")).toBe(false);
    await expect(source.read("HO3D/test.txt")).rejects.toThrow('set.zip: file "HO3D/test.txt" does not exist');
  });

  test('a leading "./" is not part of the name', async () => {
    const source = await zipSource(rawZip([{ name: "./a/b.txt", data: text("x") }]), "z");
    expect(await source.list("a")).toEqual(["b.txt"]);
    expect(await source.read("a/b.txt")).toEqual(text("x"));
  });
});

const one = (name: string, declared: RawEntry["declared"] = {}, data = text("hello hello hello hello")): RawEntry[] => [
  { name: "good.txt", data: text("good") },
  { name, data, declared },
];

describe("a zip is refused when it is opened", () => {
  test.each<[string, RawEntry[], string]>([
    ["a name that climbs out", one("a/../../b"), 'names a file "a/../../b"'],
    ["a name of ..", one(".."), 'names a file ".."'],
    ["an absolute name", one("/etc/passwd"), 'names a file "/etc/passwd"'],
    ["a drive", one("C:/x"), 'names a file "C:/x"'],
    ["a backslash", one("a\\b"), 'names a file "a\\\\b"'],
    ["a NUL", one("a\0b"), 'names a file "a\\u0000b"'],
    ["an empty part", one("a//b"), 'names a file "a//b"'],
    ["a dot in the middle", one("a/./b"), 'names a file "a/./b"'],
    ["one name twice", one("good.txt"), 'holds "good.txt" twice'],
    ["one name twice after normalising", one("./good.txt"), 'holds "good.txt" twice'],
    ["a file that is a folder too", one("good.txt/x"), 'holds "good.txt" as a file and as a folder'],
    ["a password", one("a", { flags: 1 }), 'file "a" is encrypted'],
    ["a link", one("a", { attributes: 0o120777 * 65536 }), 'file "a" is a symbolic link'],
    ["another method", one("a", { method: 14 }), 'file "a" is packed by method 14'],
    ["a ratio of 1000", one("a", {}, new Uint8Array(1_000_000)), "expected at most 200 times"],
    ["a declared ratio over 200", one("a", { size: 1_000_000 }), "expected at most 200 times"],
    [
      "a stored file of another size",
      [{ name: "a", data: text("abc"), isStored: true, declared: { size: 4 } }],
      "is stored in 3 bytes but declared with 4",
    ],
    ["nothing", [], "the archive holds no file"],
  ])("%s", async (_, entries, expected) => {
    const error = await zipSource(rawZip(entries), "set.zip").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toContain("set.zip: ");
    expect((error as DataError).message).toContain(expected);
  });

  test("entries that share their bytes to become more than 200 times the archive", async () => {
    const data = new Uint8Array(100_000);
    data.set(noise(800));
    const entries = (count: number): RawEntry[] =>
      Array.from({ length: count }, (_, i) => ({ name: `f${i}`, data, isOnlyListed: i > 0, declared: { offset: 0 } }));
    await zipSource(rawZip(entries(2)), "set.zip");
    await expect(zipSource(rawZip(entries(500)), "set.zip")).rejects.toThrow("more than 200 times as many");
  });

  test.each([
    ["no zip", new Blob([text("x".repeat(1000))])],
    ["an empty file", new Blob([])],
    ["one cut off", rawZip(one("a")).slice(0, 120)],
    [
      "one whose directory is damaged",
      new Blob([rawZip(one("a")).slice(0, 140), text("?".repeat(20)), rawZip(one("a")).slice(160)]),
    ],
  ])("%s", async (_, blob) => {
    const error = await zipSource(blob, "set.zip").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toContain("set.zip: the file is no zip archive or its directory is damaged");
  });
});

describe("a damaged file in a zip is refused when it is read", () => {
  const data = text("hello hello hello hello");
  test.each<[string, RawEntry["declared"], string]>([
    ["another checksum", { crc: 1 }, "does not have the checksum"],
    ["more bytes than declared", { size: 10 }, "unpacks to more than the 10 bytes"],
    ["fewer bytes than declared", { size: 40 }, "unpacks to 23 bytes, expected the 40"],
    ["bytes beyond the end", { packed: 100_000 }, "lies beyond the archive's end"],
    ["a header that is elsewhere", { offset: 1 }, "has no header where"],
    ["fewer packed bytes", { packed: 4 }, 'file "a" '],
  ])("%s", async (_, declared, expected) => {
    const source = await zipSource(rawZip([{ name: "a", data, declared }]), "set.zip");
    const error = await source.read("a").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toContain(expected);
  });

  test("a bomb that lies about its size is left after the declared bytes", async () => {
    const bomb = new Uint8Array(100 << 20);
    const source = await zipSource(rawZip([{ name: "a", data: bomb, declared: { size: 1000, crc: 0 } }]), "set.zip");
    const before = process.memoryUsage().arrayBuffers;
    await expect(source.read("a")).rejects.toThrow("unpacks to more than the 1000 bytes");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60 << 20);
  });

  test("a file that changes while it is open cannot be read", async () => {
    const path = join(folder, "changing.zip");
    writeFileSync(path, new Uint8Array(await rawZip([{ name: "a", data }]).arrayBuffer()));
    const source = await zipSource(await openAsBlob(path), "changing.zip");
    writeFileSync(path, "another file altogether");
    await expect(source.read("a")).rejects.toThrow('changing.zip: file "a" ');
  });
});
