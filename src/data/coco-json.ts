/**
 * HO-3D and DexYCB annotated in HandOccNet's or KeypointFusion's COCO files, which lie in `annotations` beside the images of
 * the data set. Frames come out as right hands in the OpenCV frame, in metres and OpenPose order.
 */
import { ADAPTERS, type Adapter, type AdapterName } from "./adapter";
import { type CocoEntry, type CocoFile, cocoAdapter, ROW, readCocoFile } from "./coco-entries";
import { DataError } from "./data-error";
import { type FrameRecipe, readRecipe } from "./frame-recipe";
import { OPENPOSE_FROM_HO3D } from "./ho3d";
import { count } from "./import-report";
import { parsePoints } from "./json-numbers";
import { labelChecker, type Mano } from "./labels";
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import type { FileSource } from "./source";
import { recordingOf } from "./split";
import type { FrameSet, HandModel } from "./types";

/** How a COCO file is opened. */
export interface CocoOptions {
  /** Names the folder of HO-3D's images. */
  readonly split: "train" | "val" | "evaluation";
  /** Needed for MANO's parameters: the files hold the pose without hands_mean and no translation. */
  readonly hand?: HandModel;
  /** The row of the file, where its own marks would say another. */
  readonly adapter?: AdapterName;
  readonly quirks?: DataQuirks;
  /** While the file is read, bytes. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** An opened COCO file. */
export interface CocoFrames extends FrameSet {
  readonly adapter: AdapterName;
  /** Whether all 21 joints are known. */
  readonly hasTruth: boolean;
  /** What `read` makes a frame of, without its images. Throws DataError for an id that is not in `ids`. */
  recipe(id: string): FrameRecipe;
  /** Largest distance between MANO's joints and the annotated ones over all frames that keep their parameters, metres. */
  readonly labelGap: number;
}

/** One usable frame. Its labels are made when it is read: hundreds of thousands of them would fill the memory. */
interface Usable {
  readonly entry: CocoEntry;
  readonly rgbPath: string;
  readonly depthPath: string | undefined;
}

/** Labels of a frame, of its own side. */
interface Label {
  readonly joints3d: Float64Array;
  readonly mano: Mano | undefined;
  readonly rootOnly: boolean;
  /** Of MANO's joints from the annotated ones, metres. */
  readonly gap: number;
  /** Why there is no `mano`, to be counted. */
  readonly note: string | undefined;
}

/** Plausible distance of the wrist from the middle finger's first joint, metres: 60 to 110 mm in adults. */
const PALM = [0.04, 0.15] as const;
const WRIST_DISTANCE = [0.1, 5] as const;
/** Joint and parent of the 15 bones in OpenPose order that do not end in a tip. */
const BONES = Array.from({ length: 20 }, (_, i) => [i + 1, i % 4 === 0 ? 0 : i]).filter(([joint]) => joint % 4 !== 0);

function jointsOf({ row }: CocoEntry, { jointOrder, metresPerUnit }: Adapter): Float64Array {
  return Float64Array.from({ length: 63 }, (_, i) => {
    const j = Math.floor(i / 3);
    const from = jointOrder === "ho3d" ? OPENPOSE_FROM_HO3D[j] : j;
    return row[ROW.joints + 3 * from + (i % 3)] * metresPerUnit;
  });
}

function boneLength(joints: Float64Array, [a, b]: readonly number[]): number {
  return Math.hypot(...[0, 1, 2].map((c) => joints[3 * a + c] - joints[3 * b + c]));
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/**
 * Refuses a file whose numbers cannot be what its row says: unit, order of joints, frame. The row is chosen by the file's marks,
 * never by its numbers, so that one odd file is an error and not a guess.
 */
function checkPlausible(file: CocoFile, adapter: AdapterName, name: string): void {
  const row: Adapter = ADAPTERS[adapter];
  const whole = file.entries.filter((entry) => !entry.rootOnly);
  const some = whole.filter((_, i) => i % Math.ceil(whole.length / 64) === 0);
  const refuse = (found: string, expected: string): DataError =>
    new DataError(
      `${name}: read as ${row.title}, ${found}, expected ${expected}; the file is of another kind, choose its adapter`,
      "labels of another kind",
    );
  const wrists = (whole.length > 0 ? some : file.entries.slice(0, 64)).map(
    ({ row: numbers }) => numbers[ROW.joints + 2] * row.metresPerUnit,
  );
  const distance = median(wrists);
  if (!(distance > WRIST_DISTANCE[0] && distance < WRIST_DISTANCE[1])) {
    throw refuse(
      `half of the wrists are less than ${distance.toFixed(4)} m in front of the camera`,
      `${WRIST_DISTANCE.join(" to ")} m`,
    );
  }
  if (some.length === 0) return;
  const palm = median(some.map((entry) => boneLength(jointsOf(entry, row), [0, 9])));
  if (!(palm > PALM[0] && palm < PALM[1])) {
    throw refuse(`the palm is ${palm.toFixed(4)} m long`, `${PALM.join(" to ")} m from wrist to middle finger`);
  }
  const length = (jointOrder: Adapter["jointOrder"]): number =>
    median(
      some.map((entry) => {
        const joints = jointsOf(entry, { ...row, jointOrder });
        return BONES.reduce((sum, bone) => sum + boneLength(joints, bone), 0);
      }),
    );
  const other = row.jointOrder === "ho3d" ? "openpose" : "ho3d";
  const [given, swapped] = [length(row.jointOrder), length(other)];
  if (swapped < given) {
    throw refuse(
      `the bones of a hand are ${given.toFixed(3)} m long together, and ${swapped.toFixed(3)} m in the order "${other}"`,
      `the order "${row.jointOrder}" to give the shorter ones`,
    );
  }
}

/** Paths of a frame's images; folders are listed once. */
class ImageFinder {
  readonly #root: FileSource;
  readonly #dataset: CocoFile["dataset"];
  readonly #folders: readonly string[];
  readonly #listings = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(root: FileSource, dataset: CocoFile["dataset"], split: CocoOptions["split"]) {
    this.#root = root;
    this.#dataset = dataset;
    this.#folders = dataset === "ho3d" ? [`${split}/`, ""] : [""];
  }

  #list(folder: string): Promise<ReadonlySet<string>> {
    let names = this.#listings.get(folder);
    if (names === undefined) {
      names = this.#root.list(folder).then((list) => new Set(list));
      this.#listings.set(folder, names);
    }
    return names;
  }

  /** Path of the first of `names` that lies in one of the folders. */
  async #first(folders: readonly string[], names: readonly string[]): Promise<string | undefined> {
    for (const folder of folders) {
      const listed = await this.#list(folder);
      const name = names.find((each) => listed.has(each));
      if (name !== undefined) return `${folder}/${name}`;
    }
    return undefined;
  }

  /** HO-3D v2 has png where v3 has jpg, and the JSON says png for both. */
  async find({ sequence, frame }: CocoEntry): Promise<{ rgb: string | undefined; depth: string | undefined }> {
    const below = (kind: string): string[] => this.#folders.map((top) => `${top}${sequence}${kind}`);
    if (this.#dataset === "ho3d") {
      return {
        rgb: await this.#first(below("/rgb"), [`${frame}.jpg`, `${frame}.png`]),
        depth: await this.#first(below("/depth"), [`${frame}.png`]),
      };
    }
    return {
      rgb: await this.#first(below(""), [`color_${frame}.jpg`, `color_${frame}.png`]),
      depth: await this.#first(below(""), [`aligned_depth_to_color_${frame}.png`]),
    };
  }
}

/** evaluation_xyz.json beside the images: joints of each annotation in the file's order, OpenCV, OpenPose order. */
async function readTruth(root: FileSource, file: CocoFile): Promise<((line: number) => Float64Array) | undefined> {
  const path = "evaluation_xyz.json";
  if (file.dataset !== "ho3d" || !file.entries.some((entry) => entry.rootOnly) || !(await root.has(path)))
    return undefined;
  const points = parsePoints(await root.read(path), file.annotations, 21, `${root.name}/${path}`);
  return (line) =>
    Float64Array.from({ length: 63 }, (_, i) => {
      const value = points[63 * line + 3 * OPENPOSE_FROM_HO3D[Math.floor(i / 3)] + (i % 3)];
      return i % 3 === 0 ? value : -value;
    });
}

const NO_HAND =
  "MANO parameters left out: the file holds poses without hands_mean, which only a hand model has; choose MANO_RIGHT.pkl";

/** Makes the labels of an entry. */
function labelReader(
  adapter: AdapterName,
  hand: HandModel | undefined,
  truth: ((line: number) => Float64Array) | undefined,
  name: string,
): (entry: CocoEntry) => Label {
  const row: Adapter = ADAPTERS[adapter];
  const check = hand === undefined ? undefined : labelChecker(hand, adapter, row.flatHandMean);
  return (entry) => {
    if (entry.rootOnly) {
      // A tiled root keeps every number finite; nothing but joint 0 may be used when rootOnly.
      const root = Float64Array.from({ length: 63 }, (_, i) => entry.row[ROW.joints + (i % 3)] * row.metresPerUnit);
      const known = truth?.(entry.line);
      if (
        known !== undefined &&
        !(boneLength(Float64Array.of(...known.subarray(0, 3), ...root.subarray(0, 3)), [0, 1]) < 0.005)
      ) {
        throw new DataError(
          `${name}: frame "${entry.id}" has another wrist than its line of evaluation_xyz.json; the two files belong to different versions or orders of HO-3D`,
          "evaluation truth does not match",
        );
      }
      return { joints3d: known ?? root, mano: undefined, rootOnly: known === undefined, gap: 0, note: undefined };
    }
    const joints3d = jointsOf(entry, row);
    const plain = { joints3d, mano: undefined, rootOnly: false, gap: 0, note: undefined };
    if (!entry.hasMano) return plain;
    if (check === undefined) return { ...plain, note: NO_HAND };
    const pose = Float64Array.from(entry.row.subarray(ROW.pose, ROW.pose + 48));
    const shape = Float64Array.from(entry.row.subarray(ROW.shape, ROW.shape + 10));
    return { ...check({ side: entry.side, joints3d, pose, shape }), rootOnly: false };
  };
}

/** Entries between two pauses in which a page can answer. */
const ENTRIES_AT_ONCE = 2048;

/** Frames whose images and labels can be used; the others are dropped and counted in the file's report. */
async function usableFrames(
  finder: ImageFinder,
  file: CocoFile,
  adapter: AdapterName,
  labels: (entry: CocoEntry) => Label,
): Promise<{ kept: Map<string, Usable>; labelGap: number; hasTruth: boolean }> {
  const { dropped, notes } = file.report;
  const { sides }: Adapter = ADAPTERS[adapter];
  const kept = new Map<string, Usable>();
  let labelGap = 0;
  let hasTruth = true;
  for (const [i, entry] of file.entries.entries()) {
    if (i % ENTRIES_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    const { rgb, depth } = await finder.find(entry);
    if (!sides.includes(entry.side)) {
      count(dropped, `${entry.side} hand in a data set of ${sides.join(" and ")} hands`, entry.id);
      continue;
    }
    if (rgb === undefined) {
      count(dropped, "rgb file missing", entry.id);
      continue;
    }
    const { joints3d, mano, gap, note, rootOnly } = labels(entry);
    if (joints3d.some((z, at) => at % 3 === 2 && !(z > 0))) {
      count(dropped, "hand behind the camera", entry.id);
      continue;
    }
    const side = entry.side === "left" ? " (left hands)" : "";
    if (note !== undefined)
      count(notes, `${note}${side}`, `${entry.id}${gap > 0 ? `, ${(1000 * gap).toFixed(1)} mm` : ""}`);
    if (depth === undefined) count(notes, "without depth image", entry.id);
    if (entry.side === "left") count(notes, "left hand, mirrored to a right one", entry.id);
    if (mano !== undefined) labelGap = Math.max(labelGap, gap);
    if (rootOnly) hasTruth = false;
    kept.set(entry.id, { entry, rgbPath: rgb, depthPath: depth });
  }
  file.report.kept = kept.size;
  return { kept, labelGap, hasTruth };
}

/**
 * Opens the COCO file at `path` of `root`, the folder of the images. Reads the whole file once, opens no image.
 * Throws DataError when the file is no such file, when its numbers are not what its kind says, or when no frame is usable.
 * `read` throws DataError naming the file.
 */
export async function openCocoJson(root: FileSource, path: string, options: CocoOptions): Promise<CocoFrames> {
  const { quirks = NO_QUIRKS } = options;
  const name = `${root.name}/${path}`;
  const file = await readCocoFile(await root.read(path), name, options.onProgress);
  const adapter = options.adapter ?? cocoAdapter(file);
  if (!adapter.startsWith(`${file.dataset}-json`)) {
    throw new DataError(
      `${name}: the file is to be read as ${ADAPTERS[adapter].title}, but its images are of ${file.dataset}`,
    );
  }
  if (file.entries.length > 0) checkPlausible(file, adapter, name);
  const labels = labelReader(adapter, options.hand, await readTruth(root, file), name);
  const finder = new ImageFinder(root, file.dataset, options.split);
  const { kept, labelGap, hasTruth } = await usableFrames(finder, file, adapter, labels);
  if (kept.size === 0) {
    const [reason, first] = [...file.report.dropped].sort((a, b) => b[1].count - a[1].count)[0] ?? [
      "the file is empty",
      undefined,
    ];
    throw new DataError(
      `${name}: none of ${file.annotations} annotations can be used (most often: ${reason}${first ? `, first ${first.example}` : ""})`,
      "no usable frame",
    );
  }
  const recipe = (id: string): FrameRecipe => {
    const found = kept.get(id);
    if (found === undefined) {
      throw new DataError(`${name}: frame "${id}" is not among the ${kept.size} usable frames`);
    }
    const { entry, rgbPath, depthPath } = found;
    const { joints3d, mano, rootOnly } = labels(entry);
    const { sequence, side, width, height } = entry;
    const [fx, fy, cx, cy] = entry.row.subarray(ROW.camera, ROW.camera + 4);
    const [x, y, w, h] = entry.row.subarray(ROW.box, ROW.box + 4);
    return {
      ...{ id, sequence, recording: recordingOf(sequence), joints3d, mano, rootOnly, side, width, height },
      camera: [fx, fy, cx, cy],
      box: entry.hasBox ? [x, y, x + w, y + h] : undefined,
      depthUnit: file.dataset === "dexycb" ? "millimetres" : "ho3d",
      ...{ folder: "", rgbPath, depthPath, saidBy: path },
    };
  };
  return {
    name: root.name,
    adapter,
    hasTruth,
    labelGap,
    ids: [...kept.keys()],
    report: file.report,
    recipe,
    read: async (id) => readRecipe(root, recipe(id), quirks),
  };
}
