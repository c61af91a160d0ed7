/** What the remedies of a ladder are worth: a short training run on each rung, scored as its own code does and as it is. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Config, writeConfig } from "../config";
import { handOf } from "../data/adapter";
import type { HandModel } from "../data/types";
import type { Diagnosis } from "../doctor/finding";
import type { Gpu } from "../gpu/gpu";
import { MeanPose, meanPoseAt } from "../metrics/baselines";
import { judgeJoints } from "../metrics/judge";
import { isFinitePoints } from "../metrics/points";
import { type PreparedEvaluation, prepareEvaluation } from "../train/data";
import { predictAll } from "../train/evaluate";
import type { PoseMetrics } from "../train/events";
import { restore } from "../train/restore";
import { type Command, parseOptions } from "./command";
import { command as train } from "./commands/train";
import { readCheckpointFile } from "./evaluation/checkpoint-file";
import { closeEvaluation } from "./evaluation/data";
import { type DataOption, openFrames, openHand } from "./run-setup";
import { nodeThreads } from "./sample-threads";

/** A rung's run. Millimetres, wrist-relative; null where no sample has a value. */
export interface RungFigures {
  readonly steps: number;
  /** What the run's own last evaluation says, with all that its quirks do to samples and scores. */
  readonly reported: PoseMetrics;
  /**
   * The same network on frames that no rung trains on: images through the rung's own pipeline, predictions against the joints that
   * the data set gives, no quirk of labels, split or score.
   */
  readonly actual: PoseMetrics & { readonly samples: number; readonly nonFinite: number };
  /** The mean pose of these frames, scored on them: a predictor that looks at no image. */
  readonly meanPose: PoseMetrics;
}

export interface LadderRunsOptions {
  /** Text of `--data`. */
  readonly data: string;
  /** Labelled frames that are none of `data`: all that a run of their own would train and validate on. */
  readonly test: DataOption;
  readonly hand: string;
  readonly steps: number;
  readonly runtime: string;
  /** Folder of the runs; what is there already is not trained again. */
  readonly folder: string;
  /** One for all: a process keeps its first device. */
  readonly gpu: () => Promise<Gpu>;
  /** The command that trains; another one in tests. */
  readonly train?: Command;
}

/** These change neither weights nor the scores of finite predictions in a first run of one rank: such rungs share a run. */
const WITHOUT_TRACE: readonly string[] = ["val-padded", "val-rank0-only", "nan-as-zero", "scheduler-not-restored"];

/** Findings that end a run and show in its steps only; those from before its first step come with the rung. */
const FATAL_IN_FLIGHT =
  "metric-constant,zero-predictor,mean-predictor,prediction-collapsed,frozen-weights,dead-gradient";

type Joints = Float32Array | Float64Array;
type Truth = ReadonlyMap<string, Joints>;

interface KnownTruth {
  readonly truth: Truth;
  readonly meanPose: PoseMetrics;
}

/** Trains and scores the rungs of one ladder. */
export class LadderRuns {
  #truth: Promise<KnownTruth> | undefined;

  constructor(private readonly options: LadderRunsOptions) {}

  /**
   * Figures of `config`; `fatal` are ids of findings that would end its run. Throws a sentence when a run fails.
   */
  async figures(config: Config, fatal: readonly string[]): Promise<RungFigures> {
    const folder = await this.#folderOf(this.#textOf(config));
    const kept = join(folder, "figures.json");
    if (existsSync(kept)) return JSON.parse(await readFile(kept, "utf8")) as RungFigures;
    if (!existsSync(join(folder, "run", "done"))) await this.#train(folder, fatal);
    const figures = await this.#score(trainedPart(config), join(folder, "run"));
    await writeFile(`${kept}.part`, `${JSON.stringify(figures, undefined, 1)}\n`);
    await rename(`${kept}.part`, kept);
    return figures;
  }

  #textOf(config: Config): string {
    const trained = trainedPart(config);
    return writeConfig({ ...trained, run: { ...trained.run, steps: this.options.steps } });
  }

  /** What the doctor found in the run of `config`, before its first step and in it; runs it if it has not run. */
  async findings(config: Config): Promise<readonly Diagnosis[]> {
    await this.figures(config, []);
    const file = join(await this.#folderOf(this.#textOf(config)), "run", "findings.json");
    if (!existsSync(file)) return [];
    const { findings } = JSON.parse(await readFile(file, "utf8")) as { readonly findings: readonly Diagnosis[] };
    return findings;
  }

  /** The folder of the configuration `text`, by its digest. */
  async #folderOf(text: string): Promise<string> {
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
    const folder = join(this.options.folder, `run-${digest}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "config.yaml"), text);
    return folder;
  }

  async #train(folder: string, fatal: readonly string[]): Promise<void> {
    const { data, hand, runtime, steps } = this.options;
    const out = join(folder, "run");
    await rm(out, { recursive: true, force: true });
    const command = this.options.train ?? train;
    const ignore = [...new Set([...fatal, ...FATAL_IN_FLIGHT.split(",")])].join(",");
    const args = ["--config", join(folder, "config.yaml"), "--data", data, "--hand", hand, "--out", out];
    args.push("--steps", String(steps), "--runtime", runtime, "--ignore", ignore);
    const code = await command.run(parseOptions("train", command.options, args));
    if (code !== 0) throw new Error(`check: the run of a rung ended with exit code ${code}; its folder is ${out}`);
    await writeFile(join(out, "done"), "");
  }

  async #score(config: Config, run: string): Promise<RungFigures> {
    const reported = await lastEvaluation(join(run, "metrics.jsonl"));
    const checkpoint = await readCheckpointFile({ run });
    const data = await this.#open(config);
    try {
      const { truth, meanPose } = await this.#truthOf(config);
      const gpu = await this.options.gpu();
      const network = await restore(gpu, config, data.hand, checkpoint.bytes, checkpoint.file);
      try {
        const predictions = await predictAll(network.recording, data.loader, () => undefined);
        const pairs = predictions.map(({ id, joints }) => [joints, jointsOf(truth, id)] as const);
        const finite = pairs.filter(([joints]) => isFinitePoints(joints));
        const counts = { samples: pairs.length, nonFinite: pairs.length - finite.length };
        return { steps: checkpoint.step, reported, actual: { ...meanScores(finite), ...counts }, meanPose };
      } finally {
        network.destroy();
      }
    } finally {
      closeEvaluation(data);
    }
  }

  /** Joints of the evaluation split without any quirk, read once. */
  #truthOf(config: Config): Promise<KnownTruth> {
    this.#truth ??= (async () => {
      const data = await this.#open({ ...config, quirks: [] });
      closeEvaluation(data);
      const mean = new MeanPose();
      const truth = new Map<string, Joints>();
      for (const id of data.set.ids) {
        const { joints3d } = await data.set.read(id);
        truth.set(id, joints3d);
        mean.add(joints3d);
      }
      const pairs = [...truth.values()].map((joints) => [meanPoseAt(mean.joints, joints), joints] as const);
      return { truth, meanPose: meanScores(pairs) };
    })();
    return this.#truth;
  }

  /** All test frames, as `config` sees them. */
  async #open(config: Config): Promise<PreparedEvaluation & { readonly hand: HandModel }> {
    const chosen = await openHand(this.options.hand);
    const frames = await openFrames(this.options.test, chosen, config);
    const prepared = await prepareEvaluation(frames, config, nodeThreads(), () => undefined);
    return { ...prepared, hand: handOf(frames, chosen) };
  }
}

const trainedPart = (config: Config): Config => ({
  ...config,
  quirks: config.quirks.filter((quirk) => !WITHOUT_TRACE.includes(quirk)),
});

function jointsOf(truth: Truth, id: string): Joints {
  const joints = truth.get(id);
  if (!joints) throw new Error(`check: sample "${id}" of the test frames has no true joints`);
  return joints;
}

/** Means over pairs of predicted and true joints [21, 3], metres. */
function meanScores(pairs: readonly (readonly [Joints, Joints])[]): PoseMetrics {
  const judged = pairs.map(([joints, truth]) => judgeJoints(joints, truth).metrics);
  const mean = (name: "mpjpe_mm" | "pa_mpjpe_mm"): number | null =>
    judged.length === 0 ? null : judged.reduce((sum, each) => sum + each[name]!, 0) / judged.length;
  return { mpjpe_mm: mean("mpjpe_mm"), pa_mpjpe_mm: mean("pa_mpjpe_mm") };
}

async function lastEvaluation(file: string): Promise<PoseMetrics> {
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  const record = lines.map((line) => JSON.parse(line)).findLast(({ split }) => split === "val");
  if (!record) throw new Error(`check: ${file} holds no evaluation`);
  const { mpjpe_mm, pa_mpjpe_mm } = record as PoseMetrics;
  return { mpjpe_mm, pa_mpjpe_mm };
}
