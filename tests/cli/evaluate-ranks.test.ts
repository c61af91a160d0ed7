/** `handloom evaluate --ranks N`: the same bytes for every N, and a sentence when a rank fails. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { parseOptions } from "../../src/cli/command";
import { evaluateWith } from "../../src/cli/commands/evaluate";
import { temporaryFolder } from "../../src/cli/host";
import { parseConfig } from "../../src/config";
import { recordingOf, sequenceOf } from "../../src/data/split";
import { syntheticFrameSet, UPRIGHT_SPREAD } from "../../src/data/synthetic/frames";
import { ho3dFrameFiles, ho3dListFiles } from "../../src/data/synthetic/write-ho3d";
import type { Frame, RgbImage } from "../../src/data/types";
import { type SafeTensor, writeSafetensors } from "../../src/export/safetensors";
import { UTNet } from "../../src/model/utnet";
import { ParameterStore } from "../../src/nn/parameter-store";
import { meanParameters, networkShape } from "../../src/train/network";
import { snapshotLayout } from "../../src/train/snapshot";
import { type BuiltPrograms, buildPrograms } from "../helpers/built-programs";
import { testGpu } from "../helpers/gpu";
import { openHand } from "../helpers/open-hand";

/** Batches of 4, 4 and 3 of the evaluation split, one batch of the validation split. */
const FRAMES = 11;
/** The frame without a depth image. */
const BARE = 6;
const CONFIG = `preset: tiny
model: { height: 32, width: 32, dim: 16, depth: 1, heads: 2, gcn: [8, 8, 8] }
data: { splitBy: sequence, valFraction: 0.3, threads: 0 }
optim: { batch: 4, warmupSteps: 0 }
run: { steps: 2 }
`;
/** Every rank compiles kernels, which a processor without a GPU takes seconds for. */
const PATIENCE_MS = 600_000;

const temporary = temporaryFolder("evaluate-ranks-test");
const inside = (...parts: string[]): string => join(temporary.path, ...parts);

afterAll(async () => {
  temporary.remove();
  await programs.remove();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function file(path: string, content: string | Uint8Array): string {
  mkdirSync(dirname(inside(path)), { recursive: true });
  writeFileSync(inside(path), content);
  return inside(path);
}

/** The checkpoint of a network that was never trained. */
async function writeRandomCheckpoint(): Promise<string> {
  const { config } = parseConfig(CONFIG);
  const hand = openHand();
  const model = new UTNet(networkShape(config), hand, meanParameters(hand), new Set());
  const store = await ParameterStore.create(await testGpu(), model);
  const values = await store.read();
  const tensors = snapshotLayout(store.parameters).entries.map(({ name, shape, storedAs }): [string, SafeTensor] => {
    const data = values.get(name)!;
    if (storedAs === "f32") return [name, { dtype: "F32", shape, data: Float32Array.from(data) }];
    return [name, { dtype: "I64", shape, data: BigInt64Array.from(data, (x) => BigInt(x)) }];
  });
  store.destroy();
  file("checkpoint/state.json", JSON.stringify({ step: 2, config: CONFIG }));
  return file("checkpoint/model.safetensors", writeSafetensors(new Map(tensors)));
}

/** Stripes that differ between frames: rendering would take longer than all else. */
function stripes(seed: number): RgbImage {
  const data = new Uint8Array(640 * 480 * 3).map((_, i) => (((i % 1920) >> 4) * (seed + 3)) % 256);
  return { width: 640, height: 480, data };
}

/** An HO-3D tree with the truth of its evaluation frames, the same ones for training; one of them has no depth image. */
async function writeTree(): Promise<string> {
  const rendered = syntheticFrameSet(openHand(), { frames: FRAMES, seed: 3, spread: UPRIGHT_SPREAD });
  const { ids } = rendered;
  const depth = { width: 640, height: 480, data: new Float32Array(640 * 480).fill(0.5) };
  const read = async (id: string): Promise<Frame> => {
    const { camera, joints3d } = rendered.annotation(id);
    const none = { mano: undefined, box: undefined, rootOnly: false };
    const rgb = stripes(ids.indexOf(id));
    return {
      id,
      sequence: sequenceOf(id),
      recording: recordingOf(sequenceOf(id)),
      rgb,
      depth,
      camera,
      joints3d,
      ...none,
    };
  };
  const set = { ...rendered, read };
  const files = new Map(ho3dListFiles(set, { train: ids, evaluation: ids }));
  for (const split of ["train", "evaluation"] as const) {
    for (const [place, id] of ids.entries()) {
      for (const [path, bytes] of await ho3dFrameFiles(set, id, split, 3)) {
        if (place !== BARE || !path.includes("/depth/")) files.set(path, bytes);
      }
    }
  }
  for (const [path, bytes] of files) file(join("HO3D", path), bytes);
  return inside("HO3D");
}

let programs: BuiltPrograms;
let checkpoint = "";
let tree = "";
beforeAll(async () => {
  programs = await buildPrograms("src/cli/evaluate-worker.ts", "tests/cli/failing-rank.ts");
  checkpoint = await writeRandomCheckpoint();
  tree = await writeTree();
}, PATIENCE_MS);

/** Runs the command; what it wrote on stdout and stderr. */
async function terminal(args: readonly string[], program = "evaluate-worker"): Promise<{ out: string; err: string }> {
  const text = { out: "", err: "" };
  const keep =
    (stream: "out" | "err") =>
    (piece: unknown, done?: unknown): boolean => {
      text[stream] += String(piece);
      if (typeof done === "function") done();
      return true;
    };
  vi.spyOn(process.stdout, "write").mockImplementation(keep("out"));
  vi.spyOn(process.stderr, "write").mockImplementation(keep("err"));
  const command = evaluateWith(programs.path(program));
  try {
    await command.run(parseOptions("evaluate", command.options, ["--checkpoint", checkpoint, "--json", ...args]));
  } finally {
    vi.restoreAllMocks();
  }
  return text;
}

/** All that the command says and writes, but for the time that it took. */
async function evaluated(ranks: number, args: readonly string[], pred?: string): Promise<readonly string[]> {
  const { out } = await terminal([...args, "--ranks", String(ranks), ...(pred === undefined ? [] : ["--pred", pred])]);
  const json = out.replace(/"ms":[\d.]+/, "");
  return [json, pred === undefined ? "" : readFileSync(pred, "utf8")];
}

describe("evaluate --ranks", () => {
  it(
    "writes the same bytes for 1, 2 and 3 ranks: figures, HO-3D's scores, pred.json",
    async () => {
      const args = ["--data", tree, "--split", "evaluation"];
      const one = await evaluated(1, args, inside("pred-1.json"));
      const record = JSON.parse(one[0].replace(",}", "}"));
      expect(record).toMatchObject({ samples: FRAMES, ho3d: { n: FRAMES } });
      expect(record.report.modalities.RGB.samples).toBe(FRAMES);
      expect(record.report.modalities["RGB-D"].samples).toBe(FRAMES - 1);
      for (const ranks of [2, 3]) {
        expect(await evaluated(ranks, args, inside(`pred-${ranks}.json`))).toEqual(one);
      }
    },
    PATIENCE_MS,
  );

  it(
    "writes the same bytes for a validation split, with a rank that has no batch",
    async () => {
      const args = ["--data", tree, "--no-depth"];
      const one = await evaluated(1, args);
      expect(JSON.parse(one[0].replace(",}", "}")).samples).toBeLessThanOrEqual(4);
      expect(await evaluated(2, args)).toEqual(one);
    },
    PATIENCE_MS,
  );

  it(
    "ends with one sentence that names the rank that failed",
    async () => {
      const args = ["--data", tree, "--split", "evaluation", "--ranks", "2"];
      const retry = "; nothing was evaluated, so run it again, or with fewer --ranks";
      for (const [failure, text] of [
        ["throw", "rank 1 threw: a planted error"],
        ["exit", "rank 1: its thread ended: exit code 7"],
        ["build", "rank 1: a planted error in build"],
      ]) {
        vi.stubEnv("FAILURE", failure);
        await expect(terminal(args, "failing-rank")).rejects.toThrow(new Error(`evaluate: ${text}${retry}`));
      }
    },
    PATIENCE_MS,
  );

  it("refuses what is no number of ranks", async () => {
    await expect(terminal(["--ranks", "0"])).rejects.toThrow('--ranks is "0", expected a whole number of at least 1');
    await expect(terminal(["--ranks", "33"])).rejects.toThrow("at most 32");
  });
});
