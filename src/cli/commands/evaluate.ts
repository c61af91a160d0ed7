import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Config, parseConfig } from "../../config";
import { handOf } from "../../data/adapter";
import type { OpenedFrames } from "../../data/open";
import type { HandModel } from "../../data/types";
import { type Prediction, placeAtWrist, predJson } from "../../export/pred-json";
import { MeanPose } from "../../metrics/baselines";
import { checkpointFolder, storedSteps } from "../../train/checkpoint";
import { type EvaluationView, type PreparedEvaluation, prepareData, prepareEvaluation } from "../../train/data";
import { evaluate, type Predicted, predict, type Scores } from "../../train/evaluate";
import type { Recording } from "../../train/record";
import { restore } from "../../train/restore";
import { defineCommand, type Values } from "../command";
import { FolderStorage } from "../folder-storage";
import { clock, openDataFolder, openFrames, openGpu, openHand, readDataOption } from "../run-setup";
import { nodeThreads } from "../sample-threads";
import { TrainReporter } from "../train-reporter";

const options = {
  run: { type: "string", value: "DIR", help: "run folder, its last checkpoint; or --checkpoint" },
  checkpoint: {
    type: "string",
    value: "FILE",
    help: "model.safetensors of a checkpoint, its state.json beside it; or --run",
  },
  data: {
    type: "string",
    value: "DIR|synthetic[:N]",
    help: "HO-3D, DexYCB or HandOccNet's JSON beside images, or N rendered frames; for --split val what the run was given",
    default: "synthetic",
  },
  hand: {
    type: "string",
    value: "openhand|FILE",
    help: "hand model of the run: openhand, or the path of MANO_RIGHT.pkl or .npz",
    default: "openhand",
  },
  split: {
    type: "string",
    value: "val|evaluation",
    help: "the run's validation samples, or every frame of evaluation.txt",
    default: "val",
  },
  pred: { type: "string", value: "FILE", help: "with --split evaluation, also write HO-3D's pred.json" },
  "no-depth": { type: "boolean", help: "show every sample without its depth: what the network does on images alone" },
  "box-jitter": {
    type: "string",
    value: "SHARE",
    help: "move and scale each box by up to this share of its side, as a detector would; 0.1 is much",
    default: "0",
  },
} as const;

type EvaluateValues = Values<typeof options>;

/** `handloom evaluate`. */
export const command = defineCommand({
  summary: "metrics of a checkpoint on a data set",
  options,
  async run(values) {
    const { split, pred, json } = values;
    if (split !== "val" && split !== "evaluation")
      throw new Error(`evaluate: --split is "${split}", expected val or evaluation`);
    if (pred !== undefined && split !== "evaluation")
      throw new Error("evaluate: --pred holds every frame of evaluation.txt, so it goes with --split evaluation");
    const view = readView(values);
    const checkpoint = await readCheckpointFile(values);
    const reporter = new TrainReporter(false);
    const data = await openData(values, view, checkpoint.config, await openHand(values.hand), reporter);
    const gpu = await openGpu();
    const network = await restore(gpu, checkpoint.config, data.hand, checkpoint.bytes, checkpoint.file);
    const started = clock.now();
    const predictions = pred === undefined ? undefined : new Map<string, Predicted>();
    const scores = await score(network.recording, data, predictions, progressOf(reporter, "evaluating"));
    reporter.finish();
    data.loader.close();
    data.pool.end();
    if (scores) {
      const record = {
        checkpoint: checkpoint.file,
        step: checkpoint.step,
        split,
        use_depth: view.useDepth,
        box_jitter: view.boxJitter ?? 0,
        ...scores,
        ms: clock.now() - started,
      };
      process.stdout.write(json ? `${JSON.stringify(record)}\n` : table(scores, view, data.isOwnMean));
    } else {
      process.stderr.write(`${data.name}: no metrics, as evaluation_xyz.json is not there\n`);
    }
    if (pred !== undefined) await writePredictions(pred, data.evaluation!, predictions!);
    network.destroy();
    gpu.destroy();
    return 0;
  },
});

/** How the samples are shown. Throws a sentence when the jitter is no share. */
function readView({ "no-depth": noDepth, "box-jitter": jitter }: EvaluateValues): EvaluationView {
  const boxJitter = Number(jitter);
  if (jitter.trim() === "" || !(boxJitter >= 0 && boxJitter <= 0.5))
    throw new Error(`evaluate: --box-jitter is "${jitter}", expected a share of the box's side from 0 to 0.5`);
  return { useDepth: !noDepth, boxJitter: boxJitter === 0 ? undefined : boxJitter };
}

interface CheckpointFile {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly config: Config;
  readonly step: number;
}

/** Weights, configuration and step of a checkpoint. Throws one sentence when a file is missing or is none of ours. */
async function readCheckpointFile({ run, checkpoint }: EvaluateValues): Promise<CheckpointFile> {
  if ((run === undefined) === (checkpoint === undefined))
    throw new Error("evaluate: --run DIR or --checkpoint FILE must be given, one of them");
  let file = checkpoint;
  if (run !== undefined) {
    const last = (await storedSteps(new FolderStorage(run))).at(-1);
    if (last === undefined) throw new Error(`evaluate: --run is "${run}", which holds no checkpoint`);
    file = join(run, checkpointFolder(last), "model.safetensors");
  }
  const read = async (path: string): Promise<Uint8Array> => {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      throw new Error(`evaluate: ${path} cannot be read: ${(error as Error).message}`);
    }
  };
  const bytes = await read(file!);
  const path = join(dirname(file!), "state.json");
  const text = new TextDecoder().decode(await read(path));
  let state: { readonly step?: unknown; readonly config?: unknown };
  try {
    state = JSON.parse(text) as typeof state;
  } catch (error) {
    throw new Error(`evaluate: ${path} is no JSON: ${(error as Error).message}`);
  }
  if (typeof state.step !== "number" || typeof state.config !== "string")
    throw new Error(`evaluate: ${path} has no step and config, expected the state.json of a checkpoint`);
  return { file: file!, bytes, config: parseConfig(state.config).config, step: state.step };
}

/** Samples to score, or, without truth, to predict only. */
interface EvaluationData {
  readonly name: string;
  /** With the finger tips of the data set. */
  readonly hand: HandModel;
  readonly loader: PreparedEvaluation["loader"];
  readonly pool: PreparedEvaluation["pool"];
  /** Undefined when the joints are not known. */
  readonly meanPose: Float64Array | undefined;
  /** The mean pose is that of the scored samples themselves, as there is no training set at hand. */
  readonly isOwnMean: boolean;
  readonly evaluation: PreparedEvaluation | undefined;
  /** True meshes of evaluation_verts.json. */
  readonly truthVertices: OpenedFrames["truthVertices"] | undefined;
}

async function openData(
  { data, split, pred }: EvaluateValues,
  view: EvaluationView,
  config: Config,
  chosen: HandModel,
  reporter: TrainReporter,
): Promise<EvaluationData> {
  const option = readDataOption(data);
  const isKept = option.kind === "folder" && split === "evaluation";
  const kept = isKept ? await openDataFolder(option.path, chosen, config, "evaluation") : undefined;
  const hasTruth = kept?.hasTruth ?? true;
  if (pred !== undefined && kept?.adapter.startsWith("dexycb"))
    throw new Error(`evaluate: ${kept.name} is DexYCB, and --pred writes the pred.json of HO-3D; leave --pred out`);
  if (!hasTruth && pred === undefined)
    throw new Error(
      `evaluate: ${kept?.name} has no evaluation_xyz.json to score against; ask for predictions with --pred FILE`,
    );
  const frames = kept ?? (await openFrames(option, chosen, config));
  const hand = handOf(frames, chosen);
  const onProgress = progressOf(reporter, `reading ${frames.name}`);
  const say = (notes: readonly string[]): void => {
    for (const line of notes) reporter.show({ type: "log", line });
  };
  if (split === "val") {
    const prepared = await prepareData(frames, config, nodeThreads(), onProgress, undefined, view);
    say(prepared.notes);
    const { val: loader, pool, meanPose } = prepared;
    const common = { name: frames.name, hand, loader, pool, meanPose };
    return { ...common, isOwnMean: false, evaluation: undefined, truthVertices: undefined };
  }
  const evaluation = await prepareEvaluation(frames, config, nodeThreads(), onProgress, view);
  say(evaluation.notes);
  if (pred !== undefined) requireAll(evaluation);
  const mean = new MeanPose();
  for (const id of evaluation.set.ids) mean.add((await evaluation.set.read(id)).joints3d);
  const meanPose = hasTruth ? mean.joints : undefined;
  // With these quirks the joints lie elsewhere than the file's meshes.
  const isMoved = config.quirks.some((quirk) => quirk === "gt-recentred" || quirk === "opengl-unconverted");
  const truthVertices = isMoved ? undefined : kept?.truthVertices;
  const { loader, pool } = evaluation;
  return { name: frames.name, hand, loader, pool, meanPose, isOwnMean: true, evaluation, truthVertices };
}

const progressOf =
  (reporter: TrainReporter, text: string) =>
  (done: number, total: number): void =>
    reporter.show({ type: "status", text, done, total });

/** Scores of all samples, undefined when nothing is known to score against; predictions are gathered in `into`. */
async function score(
  recording: Recording,
  { loader, meanPose, truthVertices }: EvaluationData,
  into: Map<string, Predicted> | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<Scores | undefined> {
  const onPrediction = (sample: Predicted): void => void into?.set(sample.id, sample);
  if (meanPose === undefined) {
    for await (const sample of predict(recording, loader, onProgress)) onPrediction(sample);
    return undefined;
  }
  return evaluate(recording, loader, meanPose, onProgress, { onPrediction, truthVertices });
}

/** Throws when a line of evaluation.txt would have no prediction: pred.json has no names, only their order. */
function requireAll({ set }: PreparedEvaluation): void {
  const [dropped] = set.report.dropped;
  if (!dropped) return;
  const [reason, { count, example }] = dropped;
  throw new Error(
    `evaluate: pred.json needs every frame of evaluation.txt, but ${count} cannot be used: ${reason} (first: ${example})`,
  );
}

/** Writes pred.json whole or not at all. */
async function writePredictions(
  file: string,
  { set }: PreparedEvaluation,
  predictions: ReadonlyMap<string, Predicted>,
): Promise<void> {
  const placed: Prediction[] = [];
  for (const id of set.ids) {
    const [x, y, z] = (await set.read(id)).joints3d;
    placed.push(placeAtWrist(predictions.get(id)!, [x, y, z]));
  }
  const partial = `${file}.partial-${process.pid}`;
  await writeFile(partial, predJson(placed));
  await rename(partial, file);
  process.stderr.write(`saved ${placed.length} predictions in ${file}\n`);
}

function table(scores: Scores, { useDepth, boxJitter }: EvaluationView, isOwnMean: boolean): string {
  const { zero_pose, mean_pose } = scores.baselines;
  const cell = (value: number | null): string => (value === null ? "-" : value.toFixed(2)).padStart(10);
  const row = (label: string, ...values: readonly (number | null)[]): string =>
    `${label.padEnd(34)}${values.map(cell).join("")}\n`;
  const heads = ["MPJPE", "PA-MPJPE", "MPVPE", "PA-MPVPE"].map((head) => head.padStart(10)).join("");
  const mean = `mean pose of the ${isOwnMean ? "scored" : "training"} samples`;
  const shown = [...(useDepth ? [] : ["without depth"]), ...(boxJitter ? [`boxes off by up to ${boxJitter}`] : [])];
  return [
    `${"mm".padEnd(34)}${heads}\n`,
    row("network", scores.mpjpe_mm, scores.pa_mpjpe_mm, scores.mpvpe_mm, scores.pa_mpvpe_mm),
    row("zero pose", zero_pose.mpjpe_mm, zero_pose.pa_mpjpe_mm, null, null),
    row(mean, mean_pose.mpjpe_mm, mean_pose.pa_mpjpe_mm, null, null),
    `${scores.samples} samples${shown.map((how) => `, ${how}`).join("")}, ${scores.non_finite} predictions not finite and left out; meshes of ${scores.meshes}\n`,
  ].join("");
}
