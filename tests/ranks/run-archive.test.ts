import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/data/shards/format";
import { memorySource } from "../../src/data/source";
import { zipSource } from "../../src/data/source-zip";
import { forkRun, readArchive, storeArchive } from "../../src/ranks/run-archive";
import { summarize, writeNotes } from "../../src/ranks/run-summary";
import { checkpointFolder } from "../../src/train/checkpoint";
import { stateText } from "../../src/train/checkpoint-state";
import { keepLook } from "../../src/train/inspect/kept";
import { utf8 } from "../../src/train/storage";
import { MemoryStorage } from "../helpers/memory-storage";
import { openHand } from "../helpers/open-hand";
import { diagnoses, evaluationRecord, stepRecord, stepTimes } from "../helpers/scripted-rank";

import { lookView } from "../pages/inspect/look-view";
import { posedHand } from "../pages/viewer/posed-hand";

const hand = posedHand(openHand(), 0.2);
const kept = lookView({ split: "val", index: 2 }, { truth: hand, coarse: hand, refined: hand });

type Files = Map<string, Uint8Array<ArrayBuffer>>;

/** As a folder or IndexedDB, of which "" is all. */
class WholeStorage extends MemoryStorage {
  override async remove(folder: string): Promise<void> {
    if (folder === "") this.files.clear();
    else await super.remove(folder);
  }
}

async function checkpointOf(step: number): Promise<Files> {
  const files: Files = new Map(
    ["model", "optimizer"].map((name) => [`${name}.safetensors`, utf8(`${name} at ${step}`)]),
  );
  const digests: Record<string, { bytes: number; sha256: string }> = {};
  for (const [name, bytes] of files) digests[name] = { bytes: bytes.byteLength, sha256: await sha256(bytes) };
  const state = {
    ...{ step, optimizerStep: step, best: 10, bestStep: 4, hand: "OpenHand", samples: "3+1:00000000", microBatches: 1 },
    schedule: { lrBackbone: 1e-4, lrHead: 1e-3, minLr: 0, warmupSteps: 1, totalSteps: 8 },
    sampler: { seed: 1, epoch: 0, step },
    ...{ software: "0.1.0", adapter: "none" },
  };
  return files.set("state.json", utf8(await stateText(state, digests, "preset: tiny\n")));
}

const lines = (records: readonly object[]): Uint8Array<ArrayBuffer> =>
  utf8(records.map((each) => `${JSON.stringify(each)}\n`).join(""));

/** Eight steps, two evaluations and the checkpoints of both. */
async function storedRun(): Promise<WholeStorage> {
  const storage = new WholeStorage();
  for (const step of [4, 8]) await storage.commit(checkpointFolder(step), await checkpointOf(step));
  const records = [1, 2, 3, 4, 5, 6, 7, 8].map((step) => ({ ...stepRecord(step), ranks: 2 }));
  const of = (step: number, pa_mpjpe_mm: number) => ({ ...evaluationRecord(step), pa_mpjpe_mm });
  await storage.write("metrics.jsonl", lines([...records.slice(0, 4), of(4, 10), ...records.slice(4), of(8, 12)]));
  await storage.write(
    "times.jsonl",
    lines([
      { step: 2, ranks: stepTimes(1, 2) },
      { step: 7, ranks: [] },
    ]),
  );
  await storage.write("config.yaml", utf8("preset: tiny\nrun:\n  seed: 3\n"));
  await storage.write("splits/train.txt", utf8("a\n"));
  await keepLook(storage, kept, { run: "demo", whatIf: {} });
  await storage.write("findings.json", utf8(JSON.stringify({ findings: diagnoses() })));
  const log = [
    "r: UTNet tiny, 1000 parameters, hand OpenHand, 778 vertices, on SwiftShader, on the CPU, 2 ranks",
    "data: synthetic, 9 frames, seed 1; 8 samples to train on, 1 to validate on, batch 3 in 3 micro-batches",
  ];
  await storage.write("log.txt", utf8(`${log.join("\n")}\n`));
  return storage;
}

async function archive(change: (files: Files) => void = () => undefined, folder = "demo/"): Promise<Blob> {
  const files = new Map((await storedRun()).files);
  change(files);
  return new Blob([zipSync(Object.fromEntries([...files].map(([path, bytes]) => [`${folder}${path}`, bytes])))]);
}

const read = async (blob: Blob) => readArchive(await zipSource(blob, "demo.zip"));
const model = `${checkpointFolder(8)}/model.safetensors`;

describe("an archive", () => {
  it("of a run becomes the same run", async () => {
    const progress: [number, number][] = [];
    const found = await readArchive(await zipSource(await archive(), "demo.zip"), (...at) => progress.push(at));
    expect(found.name).toBe("demo");
    expect(progress.at(-1)).toEqual([13, 13]);
    const storage = new WholeStorage();
    await storeArchive(found, storage);
    const original = await storedRun();
    expect(await storage.list()).toEqual(await original.list());
    for (const [path, bytes] of original.files) expect(storage.files.get(path), path).toEqual(bytes);
  });

  it("may be without a folder, and then has the file's name", async () => {
    expect((await read(await archive(undefined, ""))).name).toBe("demo");
  });

  const broken: readonly (readonly [string, (files: Files) => void, RegExp])[] = [
    [
      "a changed weight",
      (files) => files.set(model, utf8("Model at 8")),
      /model.safetensors does not have the SHA-256/,
    ],
    ["cut weights", (files) => files.set(model, utf8("model")), /has 5 bytes, expected 10/],
    ["no weights", (files) => files.delete(model), /checkpoints\/step-000008 has no model.safetensors/],
    ["a changed state", (files) => files.set(`${checkpointFolder(4)}/state.json`, utf8("{}")), /state.json: format/],
    ["a broken record", (files) => files.set("metrics.jsonl", utf8('{"step":1}\n{')), /metrics.jsonl, line 2/],
    [
      "a damaged sample",
      (files) => files.set("looks/val-2.json.gz", utf8("{}")),
      /looks\/val-2.json.gz, is no whole sample: format is missing/,
    ],
    ["no configuration", (files) => files.delete("config.yaml"), /no config.yaml/],
    ["a strange name", (files) => files.set("a b;c", utf8("")), /"a b;c" is no name/],
    ["deep folders", (files) => files.set("a/b/c/d", utf8("")), /"a\/b\/c\/d" is no name/],
  ];
  for (const [what, change, sentence] of broken) {
    it(`with ${what} is refused in a sentence`, async () => {
      await expect(read(await archive(change))).rejects.toThrow(sentence);
    });
  }

  it("that is none, or leaves its folder, is refused", async () => {
    await expect(read(new Blob(["no zip"]))).rejects.toThrow(/no zip archive/);
    const outside = memorySource(
      "demo.zip",
      new Map([
        ["demo/config.yaml", utf8("")],
        ["other.txt", utf8("")],
      ]),
    );
    await expect(readArchive(outside)).rejects.toThrow('"other.txt" lies outside');
    await expect(read(await archive(undefined, "../demo/"))).rejects.toThrow(/stay below its top folder/);
  });

  it("leaves nothing behind where there is no room", async () => {
    const storage = new WholeStorage();
    storage.write = () => Promise.reject(new Error("full"));
    await expect(storeArchive(await read(await archive()), storage)).rejects.toThrow("full");
    expect(await storage.list()).toEqual([]);
  });
});

describe("a fork", () => {
  it("has the checkpoint's bytes, what was told by then, and where it comes from", async () => {
    const [from, to] = [await storedRun(), new WholeStorage()];
    await forkRun(from, "demo", 4, to);
    const folder = checkpointFolder(4);
    expect((await to.list()).filter((path) => path.startsWith("checkpoints/step"))).toEqual(
      ["model.safetensors", "optimizer.safetensors", "state.json"].map((name) => `${folder}/${name}`),
    );
    expect(to.files.get(`${folder}/state.json`)).toEqual(from.files.get(`${folder}/state.json`));
    const summary = await summarize("fork", to);
    expect(summary).toMatchObject({ steps: 4, checkpoints: [4], notes: { forkedFrom: { run: "demo", step: 4 } } });
    expect(to.text("times.jsonl").trim().split("\n")).toHaveLength(1);
    expect(to.text("splits/train.txt")).toBe("a\n");
  });

  it("of no checkpoint is refused, and leaves nothing behind where there is no room", async () => {
    const [from, to] = [await storedRun(), new WholeStorage()];
    await expect(forkRun(from, "demo", 5, to)).rejects.toThrow("no checkpoint of step 5, expected one of 4, 8");
    to.write = () => Promise.reject(new Error("full"));
    await expect(forkRun(from, "demo", 4, to)).rejects.toThrow("full");
    expect(await to.list()).toEqual([]);
  });
});

describe("a summary", () => {
  it("is made from the files", async () => {
    const storage = await storedRun();
    await writeNotes(storage, { tags: ["night"] });
    expect(await summarize("demo", storage)).toMatchObject({
      ...{ name: "demo", preset: "tiny", data: "synthetic, 9 frames, seed 1", hand: "OpenHand, 778 vertices" },
      ...{ adapter: "SwiftShader, on the CPU", steps: 8, stepsPerEpoch: 2, ranks: 2, checkpoints: [4, 8] },
      bestPa: { mm: 10, step: 4, n: 8 },
      lastPa: { mm: 12, step: 8, n: 8 },
      notes: { tags: ["night"] },
      findings: 2,
    });
  });

  it("of a run that was cut off leaves out the half line, and says so", async () => {
    const storage = new WholeStorage();
    await storage.write("metrics.jsonl", utf8(`${JSON.stringify(stepRecord(1))}\n{"step":2,`));
    await storage.write("notes.json", utf8("["));
    expect(await summarize("cut", storage)).toMatchObject({
      steps: 1,
      preset: undefined,
      findings: undefined,
      notes: { tags: [] },
      unread: [
        "metrics.jsonl: line 2 is no JSON; what it recorded is in no figure.",
        "notes.json is no JSON: its tags and what it was forked from are not known; new tags write it again.",
      ],
    });
  });
});
