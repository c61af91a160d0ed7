/** The samples of an evaluation, opened by whoever evaluates: the command's thread, or each rank with what that one shares. */
import type { Config } from "../../config";
import { handOf } from "../../data/adapter";
import type { CropSet } from "../../data/crop-set";
import type { OpenedFrames } from "../../data/open";
import type { ThreadHost } from "../../data/sample-pool";
import { type SharedCrops, shareCrops } from "../../data/shared-crops";
import type { HandModel } from "../../data/types";
import { MeanPose } from "../../metrics/baselines";
import { type EvaluationView, type PreparedEvaluation, prepareData, prepareEvaluation } from "../../train/data";
import { type DataOption, openDataFolder, openFrames, openHand } from "../run-setup";
import { nodeThreads } from "../sample-threads";
import { requireAll } from "./predictions";

/** What is evaluated, and how it is shown; plain data, so that it goes to a thread. */
export interface EvaluationChoice {
  readonly option: DataOption;
  readonly split: "val" | "evaluation";
  /** `openhand`, or the path of MANO_RIGHT.pkl. */
  readonly hand: string;
  readonly config: Config;
  readonly view: EvaluationView;
  readonly wantsPredictions: boolean;
  /** They share the processors. */
  readonly ranks: number;
}

/** What the command's thread has read and ranks need not read again; memory is shared, not copied. */
export interface SharedEvaluation {
  /** Undefined for a set in a store, which every rank opens. */
  readonly crops: SharedCrops | undefined;
  readonly meanPose: Float64Array | undefined;
  /** True meshes [V, 3] by sample; undefined where there are none. */
  readonly truthVertices: ReadonlyMap<string, Float32Array> | undefined;
}

/** Samples to score, or, without truth, to predict only. */
export interface EvaluationData {
  readonly name: string;
  /** With the finger tips of the data set. */
  readonly hand: HandModel;
  readonly set: CropSet;
  readonly loader: PreparedEvaluation["loader"];
  readonly pool: PreparedEvaluation["pool"];
  /** Undefined when the joints are not known. */
  readonly meanPose: Float64Array | undefined;
  /** The mean pose is that of the scored samples themselves, as there is no training set at hand. */
  readonly isOwnMean: boolean;
  /** All frames of an evaluation split to which HO-3D's protocol applies. */
  readonly isHo3d: boolean;
  /** True meshes of evaluation_verts.json. */
  readonly truthVertices: OpenedFrames["truthVertices"] | undefined;
}

/** Who is told what happens while data are read. */
export interface DataListener {
  readonly onProgress: (text: string, done: number, total: number) => void;
  readonly onNotes: (notes: readonly string[]) => void;
}

/**
 * Opens and imports what `choice` names; with `shared` nothing is imported and no label file read again. Throws a sentence
 * when it cannot be used, and when predictions are wanted of a split that has not all of its frames.
 */
export async function openEvaluation(
  choice: EvaluationChoice,
  { onProgress, onNotes }: DataListener,
  shared?: SharedEvaluation,
): Promise<EvaluationData> {
  const { option, split, config, view, ranks, wantsPredictions } = choice;
  const chosen = await openHand(choice.hand);
  const isKept = option.kind === "folder" && split === "evaluation";
  const kept = isKept ? await openDataFolder(option.path, chosen, config, "evaluation") : undefined;
  const hasTruth = kept?.hasTruth ?? true;
  const isHo3d = !kept?.adapter.startsWith("dexycb");
  requireUse(kept, isHo3d, wantsPredictions);
  const frames = kept ?? (await openFrames(option, chosen, config));
  const hand = handOf(frames, chosen);
  const reading = (done: number, total: number): void => onProgress(`reading ${frames.name}`, done, total);
  const options = { ...view, crops: shared?.crops, forOthers: ranks > 1 };
  if (split === "val") {
    const prepared = await prepareData(frames, config, shareOf(nodeThreads(), ranks), reading, undefined, options);
    onNotes(prepared.notes);
    const { set, val: loader, pool, meanPose } = prepared;
    const common = { name: frames.name, hand, set, loader, pool, meanPose };
    return { ...common, isOwnMean: false, isHo3d: false, truthVertices: undefined };
  }
  const { set, loader, pool, notes } = await prepareEvaluation(
    frames,
    config,
    shareOf(nodeThreads(), ranks),
    reading,
    options,
  );
  onNotes(notes);
  if (wantsPredictions) requireAll(set);
  const meanPose = hasTruth ? (shared?.meanPose ?? (await meanPoseOf(set))) : undefined;
  // With these quirks the joints lie elsewhere than the file's meshes.
  const isMoved = config.quirks.some((quirk) => quirk === "gt-recentred" || quirk === "opengl-unconverted");
  const ownVertices = isMoved ? undefined : kept?.truthVertices;
  const { truthVertices: known } = shared ?? {};
  const truthVertices = shared ? known && (async (id: string) => known.get(id)) : ownVertices;
  return { name: frames.name, hand, set, loader, pool, meanPose, isOwnMean: true, isHo3d, truthVertices };
}

/** What ranks take from the thread that has read `data`; copies into shared memory what is not there yet. */
export async function shareEvaluation(data: EvaluationData): Promise<SharedEvaluation> {
  const { set, loader, meanPose, truthVertices } = data;
  return {
    crops: shareCrops(set),
    meanPose,
    truthVertices: truthVertices && (await shareVertices(loader.ids, truthVertices)),
  };
}

/** Ends the threads that make samples. */
export function closeEvaluation({ loader, pool }: Pick<EvaluationData, "loader" | "pool">): void {
  loader.close();
  pool.end();
}

/** Throws when neither a score nor a submission could be made. */
function requireUse(kept: OpenedFrames | undefined, isHo3d: boolean, wantsPredictions: boolean): void {
  if (wantsPredictions && !isHo3d)
    throw new Error(`evaluate: ${kept?.name} is DexYCB, and --pred writes the pred.json of HO-3D; leave --pred out`);
  if (kept && !kept.hasTruth && !wantsPredictions)
    throw new Error(
      `evaluate: ${kept.name} has no evaluation_xyz.json to score against; ask for predictions with --pred FILE`,
    );
}

const shareOf = ({ cores, start }: ThreadHost, ranks: number): ThreadHost => ({
  cores: Math.max(1, Math.floor(cores / ranks)),
  start,
});

async function meanPoseOf(set: CropSet): Promise<Float64Array> {
  const mean = new MeanPose();
  for (const id of set.ids) mean.add((await set.read(id)).joints3d);
  return mean.joints;
}

/** One buffer for all meshes: HO-3D's file of them takes seconds and a gigabyte to read. */
async function shareVertices(
  ids: readonly string[],
  read: OpenedFrames["truthVertices"],
): Promise<ReadonlyMap<string, Float32Array>> {
  const shared = new Map<string, Float32Array>();
  let all: Float32Array | undefined;
  for (const [place, id] of ids.entries()) {
    const mesh = await read(id);
    if (mesh === undefined) continue;
    all ??= new Float32Array(new SharedArrayBuffer(4 * mesh.length * ids.length));
    const copy = all.subarray(place * mesh.length, (place + 1) * mesh.length);
    copy.set(mesh);
    shared.set(id, copy);
  }
  return shared;
}
