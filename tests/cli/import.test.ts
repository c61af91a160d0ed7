/** The terminal's import as a person calls it: a small HO-3D tree into a store in a folder, byte for byte. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { parseOptions } from "../../src/cli/command";
import { command as importCommand } from "../../src/cli/commands/import";
import { command as trainCommand } from "../../src/cli/commands/train";
import { openPlace } from "../../src/cli/data-place";
import { nodeDecoders } from "../../src/cli/decode-threads";
import { folderShardStore } from "../../src/cli/folder-shards";
import { temporaryFolder } from "../../src/cli/host";
import { prepareImport, type RunOptions, runImport } from "../../src/cli/import-run";
import { DEFAULT_AUGMENT } from "../../src/data/augment";
import { cropRecord } from "../../src/data/crop";
import { type CropSet, importCrops } from "../../src/data/crop-set";
import { type Decoded, type Decoders, decodersHere } from "../../src/data/import-decode";
import type { ImportJob } from "../../src/data/import-job";
import { openFrames } from "../../src/data/open";
import { makeSample } from "../../src/data/sample";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import { ho3dFrameFiles, ho3dListFiles, ho3dParts } from "../../src/data/synthetic/write-ho3d";
import type { Sample } from "../../src/data/types";
import { type BuiltPrograms, buildPrograms } from "../helpers/built-programs";
import { openHand } from "../helpers/open-hand";

const temporary = temporaryFolder("import-test");
const inside = (...parts: string[]): string => join(temporary.path, ...parts);
const files = new Map<string, Uint8Array>();
let ids: readonly string[] = [];
let programs: BuiltPrograms;
let program = "";
afterAll(async () => {
  await programs.remove();
  temporary.remove();
});
afterEach(() => vi.restoreAllMocks());

const SIZE = 32;
/** Records of SIZE have 9.1 kB: some three to a shard. */
const SHARD_BYTES = 30_000;

beforeAll(async () => {
  const set = syntheticFrameSet(openHand(), { frames: 12, seed: 3, camerasPerRecording: 2, framesPerSequence: 2 });
  const parts = ho3dParts(set);
  ids = parts.train;
  for (const [path, bytes] of ho3dListFiles(set, parts)) files.set(path, bytes);
  for (const id of parts.train)
    for (const [path, bytes] of await ho3dFrameFiles(set, id, "train", 3)) files.set(path, bytes);
  // One frame with a cut image, one without depth, one that is not there.
  const [cut, flat, gone] = [ids[1], ids[4], ids[6]].map((id) => `train/${id.replace("/", "/KIND/")}`);
  const rgb = `${cut.replace("KIND", "rgb")}.jpg`;
  files.set(rgb, files.get(rgb)!.slice(0, -100));
  files.delete(`${flat.replace("KIND", "depth")}.png`);
  files.delete(`${gone.replace("KIND", "rgb")}.jpg`);
  for (const [path, bytes] of files) {
    mkdirSync(dirname(inside("HO3D_v3", path)), { recursive: true });
    writeFileSync(inside("HO3D_v3", path), bytes);
  }
  writeFileSync(inside("HO3D_v3.zip"), zipSync(Object.fromEntries(files)));
  programs = await buildPrograms("src/cli/decode-worker.ts");
  program = programs.path("decode-worker");
});

const known = new Map<string, Promise<Decoded>>();
/** Decodes each frame of the folder once: most of the time of an import, and the same each time. */
function remembered(decoders: Decoders): Decoders {
  const decode = (id: string): Promise<Decoded> => {
    const before = known.get(id) ?? decoders.decode(id);
    known.set(id, before);
    return before;
  };
  return { ...decoders, decode };
}

/** Imports with small shards; `threads` 0 decodes in this one. */
async function importInto(
  folder: string,
  {
    place = inside("HO3D_v3"),
    threads = 0,
    sequences,
    isRemembered = false,
    ...options
  }: Partial<RunOptions> & {
    place?: string;
    threads?: number;
    sequences?: readonly string[];
    isRemembered?: boolean;
  } = {},
): Promise<{ finished: Awaited<ReturnType<typeof runImport>>; reads: string[] }> {
  const frames = await openFrames(await openPlace(place), { split: "train" });
  const plan = await prepareImport({
    ...{ frames, split: "train", sequences, size: SIZE, boxScale: 1.5, quirks: [], hand: undefined, name: "set" },
    store: folderShardStore(inside(folder), SHARD_BYTES),
  });
  const crop = { size: SIZE, boxScale: 1.5 };
  const decoders =
    threads === 0
      ? decodersHere(frames, crop)
      : nodeDecoders(
          { path: place, split: "train", hand: undefined, quirks: [], crop },
          threads,
          frames.recipe,
          program,
        );
  const reads: string[] = [];
  const decode = (id: string): ReturnType<typeof decoders.decode> => {
    reads.push(id);
    return (isRemembered ? remembered(decoders) : decoders).decode(id);
  };
  const finished = await runImport(plan, {
    now: () => performance.now(),
    ...options,
    decoders: { ...decoders, decode },
  });
  return { finished, reads };
}

/** Digest of each shard in order. */
function shardsOf(folder: string): string[] {
  const paths = readdirSync(inside(folder, "blob"), { recursive: true }) as string[];
  return paths
    .filter((path) => path.endsWith(".shard"))
    .sort((a, b) => (a.slice(-12) < b.slice(-12) ? -1 : 1))
    .map((path) =>
      createHash("sha256")
        .update(readFileSync(inside(folder, "blob", path)))
        .digest("hex"),
    );
}

describe("the bytes in the store", () => {
  test("are those of an uninterrupted import in one thread, whatever the threads and from a zip", async () => {
    const { finished } = await importInto("plain");
    expect(finished.result).toMatchObject({ state: "complete", kept: ids.length - 2, done: ids.length - 1 });
    const shards = shardsOf("plain");
    expect(shards.length).toBeGreaterThan(2);
    for (const threads of [1, 3]) {
      await importInto(`threads-${threads}`, { threads });
      expect(shardsOf(`threads-${threads}`)).toEqual(shards);
    }
    await importInto("zip", { place: inside("HO3D_v3.zip"), threads: 2 });
    expect(shardsOf("zip")).toEqual(shards);
  });

  test("are the same after a cancel at every frame, and nothing stored is read again", async () => {
    const shards = shardsOf("plain");
    for (let at = 1; at < ids.length - 1; at++) {
      const folder = `cancelled-${at}`;
      let job: ImportJob | undefined;
      let reads = 0;
      const frames = await openFrames(await openPlace(inside("HO3D_v3")), { split: "train" });
      const plan = await prepareImport({
        ...{ frames, split: "train", sequences: undefined, size: SIZE, boxScale: 1.5, quirks: [], hand: undefined },
        ...{ name: "set", store: folderShardStore(inside(folder), SHARD_BYTES) },
      });
      const { decode, ...decoders } = remembered(decodersHere(frames, { size: SIZE, boxScale: 1.5 }));
      const cancelling = (id: string): ReturnType<typeof decode> => {
        if (reads++ === at) job?.cancel();
        return decode(id);
      };
      const onJob = (started: ImportJob): void => {
        job = started;
      };
      const first = await runImport(plan, { decoders: { ...decoders, decode: cancelling }, now: () => 0, onJob });
      const [stored] = await folderShardStore(inside(folder)).list();
      if (first.result.state !== "complete") {
        const again = await importInto(folder, { isRemembered: true });
        expect(again.reads.length).toBe(frames.ids.length - first.result.before - (stored.kept + stored.dropped));
        expect(again.finished.result).toMatchObject({ kept: ids.length - 2, before: stored.kept + stored.dropped });
      }
      expect(shardsOf(folder)).toEqual(shards);
    }
  });

  test("are the records of the files", async () => {
    const frames = await openFrames(await openPlace(inside("HO3D_v3")), { split: "train" });
    const set = await folderShardStore(inside("plain")).open("set");
    expect(set.ids).toEqual(frames.ids.filter((id) => id !== ids[1]));
    for (const id of set.ids) expect(await set.read(id)).toEqual(cropRecord(await frames.read(id), { size: SIZE }));
    set.close();
  });

  test("give the samples of the files bit by bit, augmented or not, with depth or without", async () => {
    const files = await importCrops(await openFrames(await openPlace(inside("HO3D_v3")), { split: "train" }), {
      size: SIZE,
    });
    const set = await folderShardStore(inside("plain")).open("set");
    expect(set.ids).toEqual(files.ids);
    const options = { size: SIZE, width: 24, seed: 3 };
    // Not dropped at random: that the frame has no depth shows in its sample.
    const augment = { ...DEFAULT_AUGMENT, dropDepth: 0 };
    const bits = (value: unknown): unknown =>
      ArrayBuffer.isView(value)
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")
        : value;
    const samplesOf = async (from: CropSet, id: string): Promise<Sample[]> => {
      const record = await from.read(id);
      return [
        makeSample(record, options, 0),
        ...[0, 1].map((epoch) => makeSample(record, { ...options, augment }, epoch)),
      ];
    };
    const withoutDepth = new Set<string>();
    for (const id of files.ids) {
      const expected = await samplesOf(files, id);
      const found = await samplesOf(set, id);
      for (const [i, sample] of expected.entries()) {
        expect(Object.keys(found[i])).toEqual(Object.keys(sample));
        for (const [key, value] of Object.entries(found[i])) {
          expect(bits(value) === bits(sample[key as keyof Sample]), `${key} of ${id}`).toBe(true);
        }
        if (sample.hasDepth === 0) withoutDepth.add(id);
      }
    }
    expect([...withoutDepth]).toEqual([ids[4]]);
    set.close();
  });

  test("come with the same report as the files: what was dropped at opening, at reading, and what was noted", async () => {
    const place = await openPlace(inside("HO3D_v3"));
    const { report } = await importCrops(await openFrames(place, { split: "train" }), { size: SIZE });
    const reasons = [...report.dropped].map(([reason, { count, example }]) => [reason, count, example]);
    expect(reasons).toEqual([
      ["rgb file missing", 1, ids[6]],
      ["image damaged", 1, ids[1]],
    ]);
    const set = await folderShardStore(inside("plain")).open("set");
    expect(set.report).toEqual(report);
    set.close();
  });

  test("of some sequences first and the rest later hold every frame once", async () => {
    const [first] = ids[0].split("/");
    const one = await importInto("parts", { sequences: [first] });
    expect(one.finished.result).toMatchObject({ state: "complete", chosen: 2, sequences: [first] });
    const all = await importInto("parts");
    expect(all.reads.some((id) => id.startsWith(`${first}/`))).toBe(false);
    const set = await folderShardStore(inside("parts")).open("set");
    const plain = await folderShardStore(inside("plain")).open("set");
    expect(set.report).toEqual(plain.report);
    expect(set.ids).toEqual(plain.ids);
    set.close();
    plain.close();
  });
});

test("a thread that dies ends the import with a sentence, and what is stored stays", async () => {
  const dying = inside("dying.mjs");
  writeFileSync(dying, "process.exit(7)");
  const frames = await openFrames(await openPlace(inside("HO3D_v3")), { split: "train" });
  const place = { path: inside("HO3D_v3"), split: "train", hand: undefined, quirks: [], crop: { size: SIZE } } as const;
  const plan = await prepareImport({
    ...{ frames, split: "train", sequences: undefined, size: SIZE, boxScale: 1.5, quirks: [], hand: undefined },
    ...{ name: "set", store: folderShardStore(inside("dying"), SHARD_BYTES) },
  });
  const run = runImport(plan, { decoders: nodeDecoders(place, 2, undefined, dying), now: () => 0 });
  await expect(run).rejects.toThrow(/decoder thread \d of 2 ended.*: exit code 7; start the import again/);
  await importInto("dying");
  expect(shardsOf("dying")).toEqual(shardsOf("plain"));
});

/** Runs the command; what it wrote on stdout and stderr. */
async function terminal(...args: string[]): Promise<Said> {
  return watched(() => undefined, ...args);
}

interface Said {
  readonly out: string;
  readonly err: string;
  readonly code: number | undefined;
}

/** As `terminal`; `onLine` sees what is written on stderr as it is written. */
async function watched(onLine: (line: string) => void, ...args: string[]): Promise<Said> {
  const text = { out: "", err: "" };
  const keep = (stream: "out" | "err") => (piece: unknown) => {
    text[stream] += String(piece);
    if (stream === "err") onLine(String(piece));
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep("out"));
  vi.spyOn(process.stderr, "write").mockImplementation(keep("err"));
  try {
    const code = await importCommand.run(parseOptions("import", importCommand.options, args));
    return { ...text, code };
  } finally {
    vi.restoreAllMocks();
  }
}

describe("training from the store", () => {
  const config = inside("small.yaml");
  const losses = (run: string): unknown[] =>
    readFileSync(join(run, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => {
        const { step, losses: terms, grad_norm, mpjpe_mm, samples } = JSON.parse(line);
        return { step, terms, grad_norm, mpjpe_mm, samples };
      });
  const train = (data: string, out: string): Promise<number | undefined> => {
    vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    vi.spyOn(process.stdout, "write").mockImplementation(() => true);
    const args = ["--config", config, "--data", data, "--out", out, "--set", "data.threads=0"];
    return trainCommand.run(parseOptions("train", trainCommand.options, args));
  };
  beforeAll(() =>
    writeFileSync(
      config,
      `preset: tiny
model: { height: 32, width: 32, dim: 16, depth: 1, heads: 2, gcn: [8, 8, 8] }
data: { splitBy: sequence, valFraction: 0.3 }
optim: { batch: 2, warmupSteps: 0 }
run: { steps: 2 }
`,
    ),
  );

  test("gives the same two steps as from the files, to the last digit", async () => {
    await train(inside("HO3D_v3"), inside("run-files"));
    await train(inside("plain", "set"), inside("run-store"));
    const steps = losses(inside("run-files"));
    expect(steps.length).toBeGreaterThan(2);
    expect(losses(inside("run-store"))).toEqual(steps);
  });

  test.each([
    ["a set that is not there", ["plain", "other"], [], /no data set "other"/],
    ["larger crops than were stored", ["plain"], ["model.height=64", "model.width=64"], /crops of 32 px, but .* 64 px/],
    ["another box", ["plain"], ["data.boxScale=2"], /box scale 1.5, but the configuration has 2; set data.boxScale/],
    [
      "a quirk of the readers",
      ["plain"],
      ["quirks=[depth-bytes-swapped]"],
      /quirks \(none\), but .*depth-bytes-swapped/,
    ],
  ])("refuses %s", async (_, place, settings, expected) => {
    vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    const set = settings.flatMap((each) => ["--set", each]);
    const args = ["--config", config, "--data", inside(...place), "--out", inside("refused"), ...set];
    await expect(trainCommand.run(parseOptions("train", trainCommand.options, args))).rejects.toThrow(expected);
  });

  test("is refused in a browser with a sentence", async () => {
    vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    const args = ["--config", config, "--data", inside("plain"), "--out", inside("refused"), "--runtime", "chromium"];
    await expect(trainCommand.run(parseOptions("train", trainCommand.options, args))).rejects.toThrow(
      "a store of imported frames, which --runtime chromium cannot read",
    );
  });
});

describe("handloom import", () => {
  const common = ["--threads", "0", "--size", "32"];

  test("without a store says what would be kept and dropped, why, and the room it needs", async () => {
    const data = inside("HO3D_v3");
    const { out, err, code } = await terminal("--data", data, ...common, "--report", inside("report.txt"));
    expect(code).toBe(0);
    expect(err).toMatch(/\d+ frames need \d+\.\d kB\./);
    expect(err).toContain(`${ids[0].split("/")[0]} (2 frames, `);
    expect(out).toContain("checked, nothing stored");
    expect(out).toContain(
      `The files name ${ids.length} frames: 83,31${5 - ids.length + 10} of the 83,325 of HO-3D v3 train are missing.`,
    );
    expect(out).toContain(`kept ${ids.length - 2} frames`);
    expect(out).toContain(`dropped 1 x image damaged, first ${ids[1]}: HO3D_v3/train/`);
    expect(out).toContain(`dropped 1 x rgb file missing, first ${ids[6]}`);
    expect(out).toContain(`note 1 x without depth image, first ${ids[4]}`);
    expect(out).toContain("Split by recording");
    expect(readFileSync(inside("report.txt"), "utf8")).toContain("dropped 1 x image damaged");
  });

  test("with a store imports, reports as JSON, and has nothing left to do the second time", async () => {
    const args = ["--data", inside("HO3D_v3"), ...common, "--store", inside("stored"), "--json"];
    const { out, err } = await terminal(...args, "--report", inside("report.json"));
    const result = JSON.parse(out);
    expect(result).toMatchObject({ schema: 1, name: "HO3D_v3-train-32", state: "complete", before: 0, known: 83_325 });
    expect(result.dropped).toEqual([
      { reason: "image damaged", count: 1, first: ids[1], message: expect.stringContaining("the JPEG is cut off") },
      { reason: "rgb file missing", count: 1, first: ids[6] },
    ]);
    expect(result.summary).toMatchObject({ frames: ids.length - 2 });
    expect(result.preflight.sentence).toContain("only what the storage claims");
    expect(err).toContain(`train from it with: train --data ${inside("stored")}`);
    expect(JSON.parse(readFileSync(inside("report.json"), "utf8"))).toMatchObject({ state: "complete" });
    const again = JSON.parse((await terminal(...args)).out);
    expect(again).toMatchObject({ before: ids.length - 1, done: ids.length - 1, kept: ids.length - 2 });
    expect(again.dropped.map(({ reason }: { reason: string }) => reason)).toEqual([
      "image damaged",
      "rgb file missing",
    ]);
  });

  test("is paused by Ctrl-C, says how to go on, and goes on", async () => {
    const args = ["--data", inside("HO3D_v3"), ...common, "--store", inside("interrupted"), "--json"];
    const listeners = process.listenerCount("SIGINT");
    const { out, err, code } = await watched(
      (line) => {
        if (line.startsWith("import 0/")) process.listeners("SIGINT").at(-1)?.("SIGINT");
      },
      ...args,
    );
    expect(code).toBe(130);
    expect(JSON.parse(out).state).toBe("cancelled");
    expect(err).toContain(
      `paused, ${ids.length - 1} of ${ids.length - 1} frames are left: give the same command again to go on`,
    );
    expect(process.listenerCount("SIGINT")).toBe(listeners);
    expect(JSON.parse((await terminal(...args)).out).state).toBe("complete");
  });

  test.each([
    ["an unknown split", ["--split", "test"], '--split is "test", expected train, val, evaluation'],
    [
      "an unknown sequence",
      ["--sequences", "ABF99"],
      'there is no usable frame of sequence "ABF99", expected some of its',
    ],
    ["an unknown quirk", ["--quirks", "brg"], '--quirks has "brg"'],
    ["a part that is not there", ["--split", "val"], "no val frames found"],
    ["a size that is none", ["--size", "x"], '--size is "x"'],
  ])("refuses %s", async (_, args, expected) => {
    await expect(terminal("--data", inside("HO3D_v3"), ...common, ...args)).rejects.toThrow(expected);
  });

  test("refuses another crop under the same name", async () => {
    const args = ["--data", inside("HO3D_v3"), "--threads", "0", "--store", inside("plain"), "--name", "set"];
    await expect(terminal(...args, "--size", "48")).rejects.toThrow(/"set"/);
  });

  test("refuses a file that is no zip", async () => {
    writeFileSync(inside("no.zip"), "no zip at all, but long enough to be looked at");
    await expect(terminal("--data", inside("no.zip"))).rejects.toThrow("no: the file is no zip archive");
  });
});
