import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Config, parseConfig } from "../../config";
import { handOf } from "../../data/adapter";
import type { OpenedFrames } from "../../data/open";
import type { HandModel } from "../../data/types";
import { asWritten, type Prediction, placeAtWrist, predJson } from "../../export/pred-json";
import { predZip } from "../../export/pred-zip";
import { MeanPose } from "../../metrics/baselines";
import type { EvaluationReport, Measure, Summary } from "../../metrics/evaluation";
import { HO3D_SCORES, Ho3dEvaluation, type Ho3dScores, ho3dFrame, scoresText } from "../../metrics/ho3d-scores";
import type { MetricName } from "../../metrics/judge";
import { isFinitePoints } from "../../metrics/points";
import { checkpointFolder, storedSteps } from "../../train/checkpoint";
import { type EvaluationView, type PreparedEvaluation, prepareData, prepareEvaluation } from "../../train/data";
import { type Evaluated, evaluate, predictAll } from "../../train/evaluate";
import type { GatheredPrediction, Predicted } from "../../train/gather";
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
  pred: {
    type: "string",
    value: "FILE.json|FILE.zip",
    help: "with --split evaluation, also write HO-3D's submission: pred.json, or the pred.zip that holds it",
  },
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
    if (pred !== undefined && !/\.(json|zip)$/.test(pred))
      throw new Error(`evaluate: --pred is "${pred}", expected a name that ends in .json or .zip`);
    const view = readView(values);
    const checkpoint = await readCheckpointFile(values);
    const reporter = new TrainReporter(false);
    const data = await openData(values, view, checkpoint.config, await openHand(values.hand), reporter);
    const gpu = await openGpu();
    const network = await restore(gpu, checkpoint.config, data.hand, checkpoint.bytes, checkpoint.file);
    const started = clock.now();
    const quirks = new Set<string>(checkpoint.config.quirks);
    const onProgress = progressOf(reporter, "evaluating");
    const found = await score(network.recording, data, quirks, pred !== undefined, onProgress);
    reporter.finish();
    data.loader.close();
    data.pool.end();
    if ("scores" in found) {
      const record = {
        checkpoint: checkpoint.file,
        step: checkpoint.step,
        split,
        use_depth: view.useDepth,
        box_jitter: view.boxJitter ?? 0,
        ...found.scores,
        report: found.report,
        ho3d: found.ho3d,
        ms: clock.now() - started,
      };
      process.stdout.write(json ? `${JSON.stringify(record)}\n` : tables(found, view, data.isOwnMean));
    } else {
      process.stderr.write(`${data.name}: no metrics, as evaluation_xyz.json is not there\n`);
    }
    if (pred !== undefined) await writePredictions(pred, data.evaluation!, found.predictions);
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
  /** All frames of an evaluation split to which HO-3D's protocol applies. */
  readonly isHo3d: boolean;
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
  const isHo3d = !kept?.adapter.startsWith("dexycb");
  if (pred !== undefined && !isHo3d)
    throw new Error(`evaluate: ${kept?.name} is DexYCB, and --pred writes the pred.json of HO-3D; leave --pred out`);
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
    return { ...common, isOwnMean: false, evaluation: undefined, isHo3d: false, truthVertices: undefined };
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
  return { name: frames.name, hand, loader, pool, meanPose, isOwnMean: true, evaluation, isHo3d, truthVertices };
}

const progressOf =
  (reporter: TrainReporter, text: string) =>
  (done: number, total: number): void =>
    reporter.show({ type: "status", text, done, total });

/** HO-3D's own figures, or a sentence on why there are none; undefined where its protocol does not apply. */
type Official = Ho3dScores | { readonly refused: string } | undefined;

interface Found extends Evaluated {
  readonly ho3d: Official;
}

/**
 * Scores of all samples, with depth and without it, and their predictions where they are wanted; predictions alone when
 * nothing is known to score against.
 */
async function score(
  recording: Recording,
  data: EvaluationData,
  quirks: ReadonlySet<string>,
  wantsPredictions: boolean,
  onProgress: (done: number, total: number) => void,
): Promise<Found | Pick<Found, "predictions">> {
  const { loader, meanPose, truthVertices, evaluation, isHo3d } = data;
  if (meanPose === undefined) return { predictions: await predictAll(recording, loader, onProgress) };
  const evaluated = await evaluate(recording, loader, meanPose, onProgress, {
    quirks,
    truthVertices,
    alsoWithoutDepth: true,
    wantsPredictions,
    measure: isHo3d ? OFFICIAL : undefined,
  });
  if (!isHo3d) return { ...evaluated, ho3d: undefined };
  return { ...evaluated, ho3d: officialScores(loader.ids, evaluated.measures, droppedFrames(evaluation)) };
}

/** What keeps a frame out of HO-3D's protocol, which has no way to leave one out. */
const OBSTACLES = [undefined, "the prediction of ID is not finite", "the true mesh of ID is not known"] as const;

/** Number of a frame's obstacle, and its scores where it has none. */
const OFFICIAL = {
  columns: 1 + HO3D_SCORES.length,
  of(sample: Predicted): ArrayLike<number> {
    const { joints, vertices, truthJoints, truthVertices } = sample;
    const row = new Float64Array(1 + HO3D_SCORES.length);
    if (!isFinitePoints(joints) || !isFinitePoints(vertices)) row[0] = 1;
    else if (truthVertices === undefined) row[0] = 2;
    else {
      const [x, y, z] = truthJoints;
      row.set(ho3dFrame(asWritten(placeAtWrist(sample, [x, y, z])), truthJoints, truthVertices), 1);
    }
    return row;
  },
};

/** HO-3D's figures from what `OFFICIAL` says of each sample, or why there are none. */
function officialScores(
  ids: readonly string[],
  measures: ArrayLike<number>,
  dropped: string | undefined,
): NonNullable<Official> {
  const official = new Ho3dEvaluation();
  for (const [place, id] of ids.entries()) {
    const row = Array.from({ length: OFFICIAL.columns }, (_, i) => measures[place * OFFICIAL.columns + i]);
    const obstacle = OBSTACLES[row[0]];
    if (obstacle)
      return { refused: `HO-3D's scores are over every frame, so there are none: ${obstacle.replace("ID", id)}` };
    official.take(row.slice(1));
  }
  return dropped === undefined ? official.scores() : { refused: dropped };
}

/** The first frame of the list that cannot be used, and how many there are; undefined when all can. */
function droppedFrames(evaluation: PreparedEvaluation | undefined): string | undefined {
  const [dropped] = evaluation?.set.report.dropped ?? [];
  if (!dropped) return undefined;
  const [reason, { count, example }] = dropped;
  return `HO-3D's scores are over every frame, so there are none: ${count} cannot be used: ${reason} (first: ${example})`;
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

/** Writes pred.json or pred.zip whole or not at all; predictions in the order of evaluation.txt. */
async function writePredictions(
  file: string,
  { set }: PreparedEvaluation,
  predictions: readonly GatheredPrediction[],
): Promise<void> {
  const placed: Prediction[] = [];
  for (const prediction of predictions) {
    const [x, y, z] = (await set.read(prediction.id)).joints3d;
    placed.push(placeAtWrist(prediction, [x, y, z]));
  }
  const partial = `${file}.partial-${process.pid}`;
  await writeFile(partial, file.endsWith(".zip") ? predZip(placed) : predJson(placed));
  await rename(partial, file);
  process.stderr.write(`saved ${placed.length} predictions in ${file}\n`);
}

type Column = readonly [head: string, name: MetricName];

const ERRORS: readonly Column[] = [
  ["MPJPE", "mpjpe_mm"],
  ["absolute", "mpjpe_absolute_mm"],
  ["ST", "st_mpjpe_mm"],
  ["PA", "pa_mpjpe_mm"],
  ["MPVPE", "mpvpe_mm"],
  ["PA-MPVPE", "pa_mpvpe_mm"],
];

const SHARES: readonly Column[] = [
  ["AUC joints", "auc_joints"],
  ["PA", "pa_auc_joints"],
  ["AUC mesh", "auc_vertices"],
  ["PA", "pa_auc_vertices"],
  ["F@5", "f_5mm"],
  ["F@15", "f_15mm"],
  ["PA-F@5", "pa_f_5mm"],
  ["PA-F@15", "pa_f_15mm"],
];

/** Every figure with its baselines beside it; sequences and joints stand in the JSON. */
function tables({ report, ho3d }: Found, { useDepth, boxJitter }: EvaluationView, isOwnMean: boolean): string {
  const { baselines, modalities, metrics, samples, non_finite, mirrored } = report;
  const mean = `mean pose of the ${isOwnMean ? "scored" : "training"} samples`;
  const shown = [...(useDepth ? [] : ["without depth"]), ...(boxJitter ? [`boxes off by up to ${boxJitter}`] : [])];
  const rows: readonly Row[] = [
    ["network", metrics],
    ...modalityRows(modalities),
    ["zero pose", baselines.zero_pose],
    [mean, baselines.mean_pose],
  ];
  const refused = Object.values(metrics).flatMap((measure) => measure.refused ?? []);
  return [
    block("mm", ERRORS, rows, 2),
    block("shares from 0 to 1", SHARES, rows, 3),
    `${samples} samples${shown.map((how) => `, ${how}`).join("")}, ${non_finite} predictions not finite and left out; meshes of ${metrics.mpvpe_mm.n}\n`,
    ...Object.values(modalities).map((summary, i) => modalityLine(Object.keys(modalities)[i], summary)),
    ...(mirrored > 0
      ? [`${mirrored} predictions fit better mirrored: HO-3D's script mirrors them, the PA figures above do not\n`]
      : []),
    ...refused.map((sentence) => `${sentence}\n`),
    ...officialLines(ho3d),
  ].join("");
}

type Row = readonly [label: string, metrics: Partial<Record<MetricName, Measure>>];

function block(unit: string, columns: readonly Column[], rows: readonly Row[], decimals: number): string {
  const heads = columns.map(([head]) => head.padStart(11)).join("");
  const cell = (value: number | null | undefined): string => (value?.toFixed(decimals) ?? "-").padStart(11);
  const lines = rows.map(
    ([label, metrics]) => `${label.padEnd(34)}${columns.map(([, name]) => cell(metrics[name]?.value)).join("")}\n`,
  );
  return `${unit.padEnd(34)}${heads}\n${lines.join("")}\n`;
}

/** Rows where the modalities differ from the whole. */
const modalityRows = (modalities: EvaluationReport["modalities"]): Row[] => {
  const measured = Object.entries(modalities).filter(([, { valid }]) => valid > 0);
  return measured.length < 2 ? [] : measured.map(([name, { metrics }]): Row => [`network on ${name}`, metrics]);
};

function modalityLine(name: string, { samples, non_finite }: Summary): string {
  if (samples > 0) return `${name}: ${samples} samples, ${non_finite} not finite\n`;
  return `${name}: not measured, as no sample was shown with its depth\n`;
}

function officialLines(ho3d: Official): string[] {
  if (ho3d === undefined) return [];
  if ("refused" in ho3d) return [`${ho3d.refused}\n`];
  return [`\nscores.txt of HO-3D over ${ho3d.n} frames (centimetres), the wrist at the given one\n`, scoresText(ho3d)];
}
