import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderSource } from "../../src/cli/folder-source";
import { type SynthesizeOptions, synthesize } from "../../src/cli/synthesize";
import { openHo3d } from "../../src/data/ho3d";
import { type BuiltPrograms, buildPrograms } from "../helpers/built-programs";
import { openHand } from "../helpers/open-hand";

let folder = "";
let programs: BuiltPrograms;
let workerFile = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handloom-synthesize-"));
  programs = await buildPrograms("src/cli/render-worker.ts");
  workerFile = programs.path("render-worker");
});
afterAll(async () => {
  await programs.remove();
  await rm(folder, { recursive: true, force: true });
});

const run = (name: string, more: Partial<SynthesizeOptions> = {}) =>
  synthesize({
    hand: openHand(),
    frames: 4,
    seed: 2,
    version: 3,
    threads: 1,
    out: join(folder, name),
    workerFile,
    ...more,
  });

async function contents(name: string): Promise<Map<string, string>> {
  const files = (await readdir(join(folder, name), { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((file) => join(file.parentPath, file.name)).sort();
  const read = paths.map(
    async (path) => [path.slice(join(folder, name).length), (await readFile(path)).toString("base64")] as const,
  );
  return new Map(await Promise.all(read));
}

describe("synthesize", () => {
  it("writes the same bytes again, with one thread and with two", async () => {
    const progress: number[] = [];
    const parts = await run("one", { onProgress: (done) => progress.push(done) });
    expect(progress).toEqual([1, 2, 3, 4]);
    await run("two", { threads: 2 });
    const [one, two] = [await contents("one"), await contents("two")];
    expect(one.size).toBe(4 + 3 * 4);
    expect([...two.keys()]).toEqual([...one.keys()]);
    expect([...two].filter(([path, bytes]) => bytes !== one.get(path)).map(([path]) => path)).toEqual([]);
    const opened = await openHo3d(await folderSource(join(folder, "one")), "train");
    expect(opened.ids).toEqual(parts.train);
  });

  it("refuses a folder that holds something, and leaves it alone", async () => {
    await mkdir(join(folder, "full"));
    await writeFile(join(folder, "full/mine.txt"), "mine");
    await expect(run("full")).rejects.toThrow('holds 1 entries (first "mine.txt"), expected an empty or new folder');
    expect(await readFile(join(folder, "full/mine.txt"), "utf8")).toBe("mine");
  });

  it("leaves nothing behind when a thread fails", async () => {
    const broken = join(folder, "broken.mjs");
    await writeFile(broken, 'throw new Error("the thread broke");');
    await expect(run("none", { threads: 2, workerFile: broken })).rejects.toThrow("the thread broke");
    expect((await readdir(folder)).filter((name) => name.includes("none"))).toEqual([]);
    await expect(run("none", { threads: 2, workerFile: join(folder, "missing.js") })).rejects.toThrow("does not exist");
  });
});
