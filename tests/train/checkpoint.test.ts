import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tiny } from "../../src/config";
import { random } from "../../src/data/random";
import { readSafetensors } from "../../src/export/safetensors";
import {
  type CheckpointFacts,
  checkpointFolder,
  keptSteps,
  type Resumed,
  readCheckpoint,
  storedSteps,
  writeCheckpoint,
} from "../../src/train/checkpoint";
import {
  readSnapshotState,
  snapshotBytes,
  snapshotFloats,
  snapshotLayout,
  writeSnapshotState,
} from "../../src/train/snapshot";
import { utf8 } from "../../src/train/storage";
import { SOFTWARE_VERSION } from "../../src/train/version";
import { MemoryStorage } from "../helpers/memory-storage";

const layout = snapshotLayout([
  { name: "a.weight", shape: [2, 3], size: 6, trainable: true, options: {} },
  { name: "a.count", shape: [], size: 1, trainable: false, options: { storedAs: "i64" } },
  { name: "a.mean", shape: [4], size: 4, trainable: false, options: {} },
]);

const facts: CheckpointFacts = {
  ...{ hand: "OpenHand", samples: "digest", microBatches: 4, adapter: "an adapter", stepsPerEpoch: 7, saved: [] },
  schedule: { lrBackbone: 1e-5, lrHead: 1e-4, minLr: 1e-6, warmupSteps: 3, totalSteps: 40 },
};
const expected = { hand: "OpenHand", samples: "digest" };
const config = tiny();

function snapshotAt(step: number, best: number | null = null, bestStep: number | null = null): ArrayBuffer {
  const snapshot = new ArrayBuffer(snapshotBytes(layout));
  writeSnapshotState(snapshot, { step, optimizerStep: step - 1, best, bestStep });
  const generator = random(step, "snapshot", 0, "");
  const floats = snapshotFloats(snapshot).map(() => generator.uniform() - 0.5);
  floats[layout.entries[1].value] = step;
  snapshotFloats(snapshot).set(floats);
  return snapshot;
}

async function stored(...steps: number[]): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  for (const step of steps) await writeCheckpoint(storage, layout, snapshotAt(step), facts, config);
  return storage;
}

const resume = (storage: MemoryStorage): Promise<Resumed> => readCheckpoint(storage, layout, expected);
/** Of the floats; the header's numbers are the state. */
const bytesOf = (snapshot: ArrayBufferLike): Uint8Array => new Uint8Array(snapshotFloats(snapshot).slice().buffer);
const fileOf = (step: number, name: string): string => `${checkpointFolder(step)}/${name}`;

test("what is written is read again, bit by bit, as if nothing had been between", async () => {
  const storage = new MemoryStorage();
  const snapshot = snapshotAt(17, 12.25, 14);
  await writeCheckpoint(storage, layout, snapshot, { ...facts, saved: [14] }, config);
  await storage.write("metrics.jsonl", utf8('{"step":17}\n{"step":18}\n'));
  const { snapshot: found, state, saved, metrics, notes } = await resume(storage);
  expect(bytesOf(found)).toEqual(bytesOf(snapshot));
  expect(readSnapshotState(found)).toEqual({ step: 17, optimizerStep: 16, best: 12.25, bestStep: 14 });
  const { seed } = config.run;
  expect(state).toMatchObject({ sampler: { seed, epoch: 2, step: 3 }, schedule: facts.schedule, microBatches: 4 });
  expect(state).toMatchObject({ ...expected, software: SOFTWARE_VERSION, adapter: "an adapter" });
  expect([saved, metrics, notes]).toEqual([[17], '{"step":17}\n', []]);
  const { tensors } = readSafetensors(storage.files.get(fileOf(17, "model.safetensors"))!, "model");
  expect(tensors.get("a.count")).toEqual({ dtype: "I64", shape: [], data: BigInt64Array.of(17n) });
  const text = storage.text(fileOf(17, "state.json"));
  expect(JSON.parse(text)).toMatchObject({ format: 2, config: expect.stringContaining("preset: tiny") });
  expect(text).not.toMatch(/ranks":/);
});

test("a shared snapshot makes the same bytes", async () => {
  const [plain, shared] = [new MemoryStorage(), new MemoryStorage()];
  const snapshot = new SharedArrayBuffer(snapshotBytes(layout));
  new Uint8Array(snapshot).set(new Uint8Array(snapshotAt(5)));
  await writeCheckpoint(plain, layout, snapshotAt(5), facts, config);
  await writeCheckpoint(shared, layout, snapshot, facts, config);
  expect(shared.files).toEqual(plain.files);
});

test("pointers name the last and the best checkpoint, and none that is not stored", async () => {
  const storage = new MemoryStorage();
  const pointer = (name: string): unknown => JSON.parse(storage.text(`checkpoints/${name}.json`));
  await writeCheckpoint(storage, layout, snapshotAt(4), facts, config);
  expect(pointer("last")).toEqual({ step: 4, checkpoint: "checkpoints/step-000004", pa_mpjpe_mm: null });
  expect(storage.files.has("checkpoints/best.json")).toBe(false);
  await writeCheckpoint(storage, layout, snapshotAt(8, 9.5, 8), { ...facts, saved: [4] }, config);
  const eight = { step: 8, checkpoint: "checkpoints/step-000008", pa_mpjpe_mm: 9.5 };
  expect([pointer("last"), pointer("best")]).toEqual([eight, eight]);
  await writeCheckpoint(storage, layout, snapshotAt(12, 9.5, 8), { ...facts, saved: [4, 8] }, config);
  expect(pointer("last")).toEqual({ step: 12, checkpoint: "checkpoints/step-000012", pa_mpjpe_mm: null });
  expect(pointer("best")).toEqual(eight);
  await writeCheckpoint(storage, layout, snapshotAt(16, 9, 15), { ...facts, saved: [8, 12] }, config);
  expect(pointer("best")).toEqual({ step: 15, checkpoint: null, pa_mpjpe_mm: 9 });
  expect(await storedSteps(storage)).toEqual([4, 8, 12, 16]);
});

test.each([
  [[], null, undefined, []],
  [[5], null, undefined, [5]],
  [[5, 10, 15, 20], null, undefined, [15, 20]],
  [[20, 15, 10, 5, 5], 5, undefined, [5, 15, 20]],
  [[5, 10, 15, 20, 25], 15, 10, [10, 15, 20, 25]],
  [[5, 10, 15, 20, 25], 99, 5, [5, 10, 15, 20, 25]],
] as const)("of %j with the best at %j, every %j-th kept, stay %j", (steps, bestStep, keepEvery, kept) => {
  expect(keptSteps(steps, { bestStep, keepEvery })).toEqual(kept);
});

test("every flipped bit, cut and missing file of a checkpoint is noticed, and the older whole one is used", async () => {
  const sound = await stored(4, 8);
  const older = bytesOf(snapshotAt(4));
  const generator = random(1, "damage", 0, "");
  for (const name of ["state.json", "model.safetensors", "optimizer.safetensors"]) {
    const path = fileOf(8, name);
    const whole = sound.files.get(path)!;
    for (let i = 0; i < 60; i++) {
      const storage = new MemoryStorage();
      for (const [file, bytes] of sound.files) storage.files.set(file, bytes);
      const damaged = whole.slice(0, i % 3 === 0 ? Math.floor(generator.uniform() * whole.length) : whole.length);
      if (i % 3 > 0) damaged[Math.floor(generator.uniform() * whole.length)] ^= 1 << (i % 7);
      if (i === 0) storage.files.delete(path);
      else storage.files.set(path, damaged);
      const found = await resume(storage).catch((error: Error) => error.message);
      if (typeof found === "string") {
        // The one digit of the format made another version of it.
        expect(found).toMatch(/state\.json: format [3-9], this version reads up to 2/);
        continue;
      }
      if (found.notes.length === 0) {
        // A space between the fields of state.json may become another one.
        expect([name, found.state.step]).toEqual(["state.json", 8]);
        expect(bytesOf(found.snapshot)).toEqual(bytesOf(snapshotAt(8)));
        continue;
      }
      expect(bytesOf(found.snapshot)).toEqual(older);
      expect(found.notes).toHaveLength(2);
      expect(found.notes[0]).toContain(`damaged checkpoint, not used: ${path}: `);
      expect(found.notes[1]).toBe("the run goes on from the older checkpoint of step 4");
      expect(found.saved).toEqual([4]);
    }
  }
});

test("when all are damaged, each is named", async () => {
  const storage = await stored(4, 8);
  for (const step of [4, 8]) storage.files.set(fileOf(step, "model.safetensors"), utf8("x"));
  await expect(resume(storage)).rejects.toThrow(
    /^memory: no whole checkpoint to resume from; checkpoints\/step-000008\/model\.safetensors: has 1 bytes, expected \d+; checkpoints\/step-000004\/model/,
  );
  await expect(resume(new MemoryStorage())).rejects.toThrow("memory: no checkpoint to resume from");
});

test("another network, hand, sample set or version is refused, never passed over", async () => {
  const storage = await stored(4, 8);
  const other = snapshotLayout([
    { name: "a.weight", shape: [3, 2], size: 6, trainable: true, options: {} },
    { name: "a.count", shape: [], size: 1, trainable: false, options: { storedAs: "i64" } },
    { name: "a.mean", shape: [4], size: 4, trainable: false, options: {} },
  ]);
  await expect(readCheckpoint(storage, other, expected)).rejects.toThrow(
    'checkpoints/step-000008/model.safetensors: "a.weight" has shape [2, 3], expected [3, 2]',
  );
  const less = snapshotLayout([{ name: "b", shape: [], size: 1, trainable: true, options: {} }]);
  await expect(readCheckpoint(storage, less, expected)).rejects.toThrow(
    '1 parameters are missing (first "b"), 3 are not of this network (first "a.count"); is it a checkpoint of another preset?',
  );
  await expect(readCheckpoint(storage, layout, { ...expected, hand: "MANO" })).rejects.toThrow(
    'made with hand "OpenHand", now there is "MANO"',
  );
  await storage.write(fileOf(8, "state.json"), utf8('{"format": 3}'));
  await expect(resume(storage)).rejects.toThrow("format 3, this version reads up to 2; go on with the newer Handloom");
});

test("settings that changed since are noted", async () => {
  const storage = await stored(4);
  const schedule = { ...facts.schedule, totalSteps: 60 };
  const { notes } = await readCheckpoint(storage, layout, { ...expected, schedule, microBatches: 2 });
  expect(notes).toEqual([
    "the number of micro-batches of a step was 4 when the checkpoint was written and is 2 from here on",
    "the learning rate's last step was 40 when the checkpoint was written and is 60 from here on",
  ]);
});

const OLD = {
  ...{ format: 1, step: 8, optimizerStep: 7, best: null, bestStep: null, saved: [4, 8] },
  ...{ hand: "OpenHand", samples: "digest" },
};

/** The run at step 8 with this state.json, and a checkpoint of step 4 below it. */
async function withState(text: string, metrics = ""): Promise<MemoryStorage> {
  const storage = await stored(4, 8);
  await storage.write(fileOf(8, "state.json"), utf8(text));
  await storage.write("metrics.jsonl", utf8(metrics));
  return storage;
}

test("format 1 is read; moments that it left out begin at 0, and that is said", async () => {
  const storage = await withState(JSON.stringify(OLD));
  const { state, snapshot, notes } = await resume(storage);
  expect([state, notes]).toEqual([{ ...OLD, format: undefined, saved: undefined, microBatches: 1 }, []]);
  expect(bytesOf(snapshot)).toEqual(bytesOf(snapshotAt(8)));
  const empty = utf8('{"__metadata__":{"format":"pt"}}'.padEnd(40));
  storage.files.set(fileOf(8, "optimizer.safetensors"), Uint8Array.of(empty.length, 0, 0, 0, 0, 0, 0, 0, ...empty));
  expect((await resume(storage)).notes).toEqual([
    "checkpoints/step-000008: 1 parameters have no optimiser state, they begin at 0",
  ]);
  storage.files.set(fileOf(8, "model.safetensors"), utf8("x"));
  expect((await resume(storage)).state.step).toBe(4);
});

test.each([
  ["cut off", '{"format": 1, "st', 'begins with "{\\"format\\": 1, \\"st", expected a JSON object'],
  ["a list", "[1]", 'begins with "[1]", expected a JSON object'],
  ["null", "null", 'begins with "null", expected a JSON object'],
  ["without a step", JSON.stringify({ ...OLD, step: undefined }), '"step" is undefined, expected a count'],
  ["of another step", JSON.stringify({ ...OLD, step: 9 }), '"step" is 9, expected 8'],
  ["with a text for a number", JSON.stringify({ ...OLD, best: "12" }), '"best" is "12", expected a number or null'],
  ["with a number for a text", JSON.stringify({ ...OLD, hand: 5 }), '"hand" is 5, expected a text'],
  ["without a format", "{}", "format undefined, expected 1 or 2"],
])("a state.json %s is passed over in a sentence", async (_, text, sentence) => {
  const { notes, state } = await resume(await withState(text));
  expect(notes[0]).toBe(`damaged checkpoint, not used: checkpoints/step-000008/state.json: ${sentence}`);
  expect(state.step).toBe(4);
});

test.each([
  ['{"step": 1}\n{"st\n', 'metrics.jsonl, line 2: begins with "{\\"st", expected a JSON object; delete that line'],
  ["[]\n", 'metrics.jsonl, line 1: begins with "[]"'],
  ['{"step": 1}\n\n{"step": "x"}\n', 'metrics.jsonl, line 3: "step" is "x", expected a count; delete that line'],
])("the metrics %j are refused with the line's number", async (metrics, sentence) => {
  await expect(resume(await withState(JSON.stringify(OLD), metrics))).rejects.toThrow(sentence);
});

test("the version in checkpoints is the package's", () => {
  expect(SOFTWARE_VERSION).toBe(JSON.parse(readFileSync("package.json", "utf8")).version);
});
