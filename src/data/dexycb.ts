/**
 * Raw DexYCB: `<subject>/<sequence>/<camera>/color_000000.jpg`, `aligned_depth_to_color_000000.png`, `labels_000000.npz`. Labels
 * lie in each camera's own OpenCV frame, in metres and OpenPose order, so that the cameras' poses are not needed. Left hands
 * come out mirrored. Row `dexycb` of `adapter.ts` says how the labels are meant. Source: NVlabs/dex-ycb-toolkit.
 */
import { type Adapted, handFor, leftTipsFor } from "./adapter";
import { DataError } from "./data-error";
import { decodeDepthMillimetres } from "./depth16";
import {
  type DexYcbSequence,
  type DexYcbSplit,
  findDexYcb,
  IMAGE_HEIGHT,
  IMAGE_WIDTH,
  isComplete,
  listSubjects,
  readIntrinsics,
  readSequence,
} from "./dexycb-tree";
import { handForward, joints21 } from "./hand/forward";
import { count, newReport } from "./import-report";
import { decodeJpeg } from "./jpeg";
import { jointsOnly, LARGEST_LABEL_GAP, labelChecker, largestGap, type Mano } from "./labels";
import { isLeftHandFile, readLeftManoFile } from "./mano-file";
import { mirrorFrame, mirrorMano, mirrorPoints } from "./mirror";
import { openNpz } from "./npz";
import type { FileSource } from "./source";
import type { Frame, FrameSet, HandModel, ImportReport } from "./types";

/** How a DexYCB folder is read. */
export interface DexYcbOptions {
  /** Part of s0; "evaluation" is its test part. */
  readonly split: DexYcbSplit | "evaluation";
  /** The user's MANO_RIGHT, whose principal components the right hands' poses are written in. */
  readonly hand?: HandModel;
  /**
   * MANO_LEFT as the right hand that it mirrors, "as-filed" (`readLeftManoFile`). Without it, a MANO_LEFT file beside
   * `calibration` is taken.
   */
  readonly leftHand?: HandModel;
  /** After each sequence: its part of s0 has up to 800, each with eight folders to list. */
  readonly onProgress?: (done: number, total: number) => void;
}

const NO_COMPONENTS =
  "MANO parameters left out: poses are written in MANO's principal components, which the chosen hand has not; choose MANO_RIGHT.pkl";
const NO_LEFT_FILE =
  "left hand, MANO parameters left out: its pose is written in the principal components of MANO_LEFT.pkl; put that file beside the folder calibration";
const OTHER_SHAPE =
  "left hand, MANO parameters left out: its shape was fitted with MANO_LEFT.pkl as it is, whose shape directions no right hand has (x has the wrong sign)";

/** One camera's view of one sequence. */
interface View {
  readonly sequence: DexYcbSequence;
  readonly folder: string;
  readonly camera: Frame["camera"];
  readonly withDepth: ReadonlySet<number>;
  /** Whether right-hand MANO parameters exist that give the annotated joints. */
  readonly hasMano: boolean;
}

/** What can be said about the hands, given the files that the user has. */
interface Hands {
  readonly right: HandModel | undefined;
  readonly left: HandModel | undefined;
}

async function findLeftHand(root: FileSource, hand: HandModel): Promise<HandModel | undefined> {
  const file = (await root.list("")).find((name) => isLeftHandFile(name) && /\.(pkl|npz)$/i.test(name));
  if (file === undefined) return undefined;
  return readLeftManoFile(await root.read(file), `${root.name}/${file}`, leftTipsFor(hand, "dexycb"), "as-filed");
}

/**
 * Absolute pose [48] of a label: the root as it is, fingers = hands_mean + coefficients x components. `hand` is the file of
 * the label's side; a left one is mirrored, and so is the pose that comes out.
 */
function poseFromComponents(hand: HandModel, label: Float64Array, side: "right" | "left"): Float64Array {
  const pose = new Float64Array(48);
  const sign = side === "left" ? -1 : 1;
  pose.set([label[0], sign * label[1], sign * label[2]]);
  for (let i = 0; i < 45; i++) {
    let sum = hand.handsMean[i];
    for (let k = 0; k < 45; k++) sum += label[3 + k] * (hand.handsComponents?.[45 * k + i] ?? Number.NaN);
    pose[3 + i] = sum;
  }
  return pose;
}

/** Largest distance in the rest pose between a shape on the left file's hand and on the right hand, wrist on wrist, metres. */
function shapeGap(left: HandModel, right: HandModel, shape: Float64Array): number {
  const joints = (model: HandModel): Float64Array => {
    const { joints16 } = handForward(model, { shape });
    return joints16.map((value, i) => value - joints16[i % 3]);
  };
  return largestGap(joints(left), joints(right));
}

/** The label files of one frame, checked. */
function readLabel(bytes: Uint8Array, name: string): { joints: Float64Array; label: Float64Array } {
  const file = openNpz(bytes, name);
  const numbers = (key: string, length: number): Float64Array => {
    const { data } = file.read(key);
    if (data.length !== length || !data.every(Number.isFinite)) {
      throw new DataError(
        `${name}: "${key}" holds ${data.length} numbers, expected ${length} finite ones`,
        "annotation broken",
      );
    }
    return data;
  };
  const joints = numbers("joint_3d", 63);
  const label = numbers("pose_m", 51);
  if (joints.every((value) => value === -1) || label.every((value) => value === 0)) {
    throw new DataError(
      `${name}: the image shows no annotated hand (joint_3d all -1 or pose_m all 0)`,
      "no hand annotated",
    );
  }
  const behind = joints.findIndex((z, i) => i % 3 === 2 && z <= 0);
  if (behind >= 0) {
    throw new DataError(
      `${name}: joint ${(behind - 2) / 3} has z = ${joints[behind].toFixed(3)} m, expected z > 0 (in front of the camera)`,
      "hand behind the camera",
    );
  }
  return { joints, label };
}

/**
 * Turns labels into joints and MANO parameters of the label's own side. Throws DataError when the annotated parameters do not
 * give the annotated joints: the hand file, the side or the file is not what it seems.
 */
function labelReader(hands: Hands): (bytes: Uint8Array, name: string, view: View) => Pick<Frame, "joints3d" | "mano"> {
  const { right, left } = hands;
  const check = right === undefined ? undefined : labelChecker(right, "dexycb", true);
  // The left hand with manopth's left tips, which the labels hold, and with the right hand's.
  const leftHands =
    left === undefined || right === undefined
      ? undefined
      : [leftTipsFor(right, "dexycb"), handFor(right, "dexycb").tips].map((tips) => jointsOnly(left, tips));
  return (bytes, name, { sequence: { side, shape }, hasMano }) => {
    const { joints, label } = readLabel(bytes, name);
    const own = side === "left" ? left : right;
    if (check === undefined || own === undefined) return { joints3d: joints, mano: undefined };
    const pose = poseFromComponents(own, label, side);
    const trans = label.slice(48);
    const fail = (gap: number): never => {
      throw new DataError(
        `${name}: pose_m with ${own.name} misses joint_3d by ${(1000 * gap).toFixed(1)} mm, expected at most ${1000 * LARGEST_LABEL_GAP} mm; is it the MANO file of this side?`,
        "MANO parameters contradict the joints",
      );
    };
    if (leftHands !== undefined && side === "left") {
      const mano: Mano = { pose, shape, trans: mirrorPoints(trans) };
      const [from, to] = leftHands.map((hand) => joints21(hand, handForward(hand, mano)));
      const mirrored = mirrorPoints(joints);
      const gap = largestGap(from, mirrored);
      if (gap > LARGEST_LABEL_GAP) fail(gap);
      if (!hasMano) {
        const joints3d = mirrorPoints(mirrored.map((value, i) => value + to[i] - from[i]));
        return { joints3d, mano: undefined };
      }
    }
    const ownPose = side === "left" ? mirrorMano({ pose, shape, trans }).pose : pose;
    const checked = check({ side, joints3d: joints, pose: ownPose, shape });
    const shift = checked.mano === undefined ? 0 : largestGap(checked.mano.trans, trans);
    if (checked.mano === undefined || shift > LARGEST_LABEL_GAP) fail(Math.max(checked.gap, shift));
    return { joints3d: checked.joints3d, mano: checked.mano };
  };
}

/** Whether right-hand MANO parameters can be given, and else why not. */
function manoOf(hands: Hands, { side, shape }: DexYcbSequence): { hasMano: boolean; note: string | undefined } {
  const { right, left } = hands;
  if (right === undefined) return { hasMano: false, note: NO_COMPONENTS };
  if (side === "right") return { hasMano: true, note: undefined };
  if (left === undefined) return { hasMano: false, note: NO_LEFT_FILE };
  const isShared = shapeGap(left, right, shape) <= LARGEST_LABEL_GAP / 10;
  return isShared ? { hasMano: true, note: undefined } : { hasMano: false, note: OTHER_SHAPE };
}

/** Files of each camera of one sequence, sorted into usable frames and counted drops. */
async function collect(
  root: FileSource,
  sequence: DexYcbSequence,
  cameraOf: (serial: string) => Promise<Frame["camera"]>,
  mano: ReturnType<typeof manoOf>,
  frames: Map<string, View>,
  report: ImportReport,
): Promise<void> {
  const look = async (serial: string): Promise<{ files: Set<string>; camera: Frame["camera"] }> => {
    const [names, camera] = await Promise.all([root.list(`${sequence.name}/${serial}`), cameraOf(serial)]);
    return { files: new Set(names), camera };
  };
  const found = await Promise.all(sequence.serials.map(look));
  for (const [i, { files, camera }] of found.entries()) {
    const folder = `${sequence.name}/${sequence.serials[i]}`;
    const withDepth = new Set<number>();
    const view: View = { sequence, folder, camera, withDepth, hasMano: mano.hasMano };
    for (let frame = 0; frame < sequence.frames; frame++) {
      const number = String(frame).padStart(6, "0");
      const id = `${folder}/${number}`;
      if (files.size === 0) count(report.dropped, "camera folder missing or empty", id);
      else if (!files.has(`color_${number}.jpg`)) count(report.dropped, "rgb file missing", id);
      else if (!files.has(`labels_${number}.npz`)) count(report.dropped, "label file missing", id);
      else {
        if (files.has(`aligned_depth_to_color_${number}.png`)) withDepth.add(frame);
        else count(report.notes, "without depth image", id);
        if (mano.note !== undefined) count(report.notes, mano.note, id);
        frames.set(id, view);
      }
    }
  }
}

/**
 * Opens a DexYCB tree: `source` is the folder with the subjects and `calibration`, or the one above it. Reads the sequences'
 * yml files and lists folders, opens no image and no label: frames that turn out to show no hand are an error at `read`.
 * Throws DataError when it is no such tree or nothing is usable. Ids are "<subject>/<sequence>/<camera>/<frame>".
 */
export async function dexycbFrames(source: FileSource, options: DexYcbOptions): Promise<FrameSet & Adapted> {
  const split = options.split === "evaluation" ? "test" : options.split;
  const root = await findDexYcb(source);
  if (root === undefined) {
    throw new DataError(
      `${source.name}: no folder "calibration" beside folders such as "20200709-subject-01", here or one level below; choose DexYCB's top folder`,
      "file missing",
    );
  }
  const right = options.hand?.handsComponents === undefined ? undefined : options.hand;
  const hands: Hands = {
    right,
    left: right === undefined ? undefined : (options.leftHand ?? (await findLeftHand(root, right))),
  };
  const report = newReport();
  const frames = new Map<string, View>();
  const cameras = new Map<string, Promise<Frame["camera"]>>();
  const cameraOf = (serial: string): Promise<Frame["camera"]> => {
    const camera = cameras.get(serial) ?? readIntrinsics(root, serial);
    cameras.set(serial, camera);
    return camera;
  };
  const subjects = await listSubjects(root, split);
  const total = subjects.reduce((sum, { sequences }) => sum + sequences.length, 0);
  let done = 0;
  for (const subject of subjects) {
    if (!subject.isKnown) count(report.dropped, "subject folder of a day that s0 does not have", subject.folder);
    else if (!isComplete(subject)) {
      const note = "subject folder without its 100 sequences: parts by place, not those of the published s0";
      count(report.notes, note, `${subject.folder} with ${subject.found}`);
    }
    for (const name of subject.sequences) {
      const sequence = await readSequence(root, name);
      await collect(root, sequence, cameraOf, manoOf(hands, sequence), frames, report);
      options.onProgress?.(++done, total);
    }
  }
  report.kept = frames.size;
  if (frames.size === 0) {
    const [reason, first] = [...report.dropped][0] ?? ["no sequence belongs to it", { example: root.name }];
    throw new DataError(
      `${root.name}: no usable frame in s0's ${split} part (${reason}, first ${first.example})`,
      "no usable frame",
    );
  }
  return {
    name: `${root.name}, s0 ${split}`,
    adapter: "dexycb",
    ids: [...frames.keys()],
    report,
    read: frameReader(root, frames, hands),
  };
}

function frameReader(root: FileSource, frames: ReadonlyMap<string, View>, hands: Hands): FrameSet["read"] {
  const readLabels = labelReader(hands);
  return async (id) => {
    const view = frames.get(id);
    if (view === undefined) {
      throw new DataError(`${root.name}: frame "${id}" is not among the ${frames.size} usable frames`);
    }
    const { folder, sequence, camera, withDepth } = view;
    const number = id.slice(folder.length + 1);
    const path = (file: string): string => `${folder}/${file}`;
    const labelPath = path(`labels_${number}.npz`);
    const labels = readLabels(await root.read(labelPath), `${root.name}/${labelPath}`, view);
    const colourPath = path(`color_${number}.jpg`);
    const rgb = decodeJpeg(await root.read(colourPath), `${root.name}/${colourPath}`);
    const depthPath = path(`aligned_depth_to_color_${number}.png`);
    const depth = withDepth.has(Number(number))
      ? decodeDepthMillimetres(await root.read(depthPath), `${root.name}/${depthPath}`)
      : undefined;
    for (const [file, image] of [[colourPath, rgb] as const, [depthPath, depth ?? rgb] as const]) {
      if (image.width === IMAGE_WIDTH && image.height === IMAGE_HEIGHT) continue;
      throw new DataError(
        `${root.name}/${file}: the image has ${image.width} x ${image.height} pixels, expected ${IMAGE_WIDTH} x ${IMAGE_HEIGHT}, as its camera is calibrated for`,
        "image of another size",
      );
    }
    const frame: Frame = {
      id,
      sequence: folder,
      recording: sequence.name,
      rgb,
      depth,
      camera,
      ...labels,
      rootOnly: false,
      box: undefined,
    };
    return sequence.side === "left" ? mirrorFrame(frame) : frame;
  };
}
