/**
 * The images and annotations of a COCO file as HandOccNet and KeypointFusion write them, in typed arrays. Reads the file once,
 * drops and counts what is malformed. Sources: namepllet/HandOccNet, data/HO3D/HO3D.py and data/DEX_YCB/DEX_YCB.py;
 * ru1ven/KeypointFusion, dataloader/loader.py.
 */
import type { AdapterName } from "./adapter";
import { DataError } from "./data-error";
import { count, newReport } from "./import-report";
import { listElements } from "./json-lists";
import type { ImportReport } from "./types";

/** Where the numbers of one annotation stand in its row. */
export const ROW = { joints: 0, pose: 63, shape: 111, camera: 121, box: 125 } as const;
const STRIDE = 129;
const ROWS_PER_CHUNK = 4096;

/** One annotated hand, as the file has it. Float32, as the original readers make of it: below a micrometre at a metre. */
export interface CocoEntry {
  readonly id: string;
  /** Folders below the images' top: "SMu41" or "20200709-subject-01/20200709_141754/836212060125". */
  readonly sequence: string;
  /** Number of the frame as its files have it: "1583", "000000". */
  readonly frame: string;
  readonly width: number;
  readonly height: number;
  readonly side: "right" | "left";
  /** Joints are those of the wrist only. */
  readonly rootOnly: boolean;
  readonly hasMano: boolean;
  readonly hasBox: boolean;
  /** Place among the file's annotations. */
  readonly line: number;
  /** [129] see `ROW`. */
  readonly row: Float32Array;
}

/** What the file holds. */
export interface CocoFile {
  readonly dataset: "ho3d" | "dexycb";
  /** Written by KeypointFusion: its images have color_file_name, or its annotations mano_param.trans; HandOccNet's have neither. */
  readonly isKeypointFusion: boolean;
  readonly entries: readonly CocoEntry[];
  readonly annotations: number;
  readonly report: ImportReport;
}

interface ImageEntry {
  readonly sequence: string;
  readonly frame: string;
  readonly width: number;
  readonly height: number;
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Name of an image file to sequence and frame; undefined for any other form. */
export function parseImageName(
  name: string,
): { dataset: CocoFile["dataset"]; sequence: string; frame: string } | undefined {
  const ho3d = /^(?:.*\/)?([A-Za-z]\w*)\/rgb\/(\d{1,8})\.(?:png|jpe?g)$/.exec(name);
  if (ho3d) return { dataset: "ho3d", sequence: ho3d[1], frame: ho3d[2] };
  const dexycb = /^(?:.*\/)?(\d{8}-subject-\d+\/\d{8}_\d{6}\/\w+)\/color_(\d{1,8})\.(?:png|jpe?g)$/.exec(name);
  if (dexycb) return { dataset: "dexycb", sequence: dexycb[1], frame: dexycb[2] };
  return undefined;
}

/** Copies exactly `length` finite numbers, however they are nested, to `out`; false when they are not that. */
function copyNumbers(value: unknown, length: number, out: Float32Array, at: number): boolean {
  let to = at;
  const copy = (part: unknown, depth: number): boolean => {
    if (typeof part === "number") {
      if (to >= at + length || !Number.isFinite(part)) return false;
      out[to++] = part;
      return true;
    }
    return Array.isArray(part) && depth < 3 && part.every((each) => copy(each, depth + 1));
  };
  return Array.isArray(value) && copy(value, 0) && to === at + length;
}

/** Rows of numbers that grow without being copied. */
class Rows {
  readonly #chunks: Float32Array[] = [];
  #count = 0;

  next(): Float32Array {
    const chunk = Math.floor(this.#count / ROWS_PER_CHUNK);
    if (chunk === this.#chunks.length) this.#chunks.push(new Float32Array(ROWS_PER_CHUNK * STRIDE));
    const from = (this.#count % ROWS_PER_CHUNK) * STRIDE;
    return this.#chunks[chunk].subarray(from, from + STRIDE).fill(0);
  }

  /** The row that `next` gave is kept; otherwise it is given again. */
  keep(): void {
    this.#count++;
  }
}

/** All 63 numbers are the sentinel -1, in metres or in millimetres: the frame shows no hand. Source: the readers' sum == -63. */
function isNoHand(joints: Float32Array): boolean {
  return joints.every((value) => value === -1) || joints.every((value) => value === -1000);
}

/** The numbers of one annotation in `row`, or why it cannot be used. */
function readAnnotation(
  entry: Fields,
  row: Float32Array,
): string | (Pick<CocoEntry, "rootOnly" | "hasMano" | "hasBox"> & { side: CocoEntry["side"] | undefined }) {
  const {
    joints_coord_cam: joints,
    root_joint_cam: root,
    mano_param: mano,
    cam_param: camera,
    bbox,
    hand_type,
  } = entry;
  if (!isObject(camera)) return "cam_param missing";
  if (!copyNumbers(camera.focal, 2, row, ROW.camera) || !copyNumbers(camera.princpt, 2, row, ROW.camera + 2)) {
    return "cam_param is not focal and princpt, two numbers each";
  }
  if (!(row[ROW.camera] > 0 && row[ROW.camera + 1] > 0)) return "focal length is not positive";
  const rootOnly = joints === undefined;
  if (rootOnly) {
    if (!copyNumbers(root, 3, row, ROW.joints)) return "neither joints_coord_cam nor root_joint_cam, 3 numbers";
  } else if (!copyNumbers(joints, 63, row, ROW.joints)) return "joints_coord_cam is not 21 x 3 finite numbers";
  else if (isNoHand(row.subarray(ROW.joints, ROW.joints + 63))) return "no hand in the frame (all joints -1)";
  const hasMano = mano !== undefined && !rootOnly;
  if (hasMano) {
    if (!isObject(mano) || !copyNumbers(mano.pose, 48, row, ROW.pose))
      return "mano_param.pose is not 48 finite numbers";
    if (!copyNumbers(mano.shape, 10, row, ROW.shape)) return "mano_param.shape is not 10 finite numbers";
  }
  const hasBox = rootOnly && bbox !== undefined;
  if (hasBox && !copyNumbers(bbox, 4, row, ROW.box)) return "bbox is not 4 finite numbers";
  if (hand_type !== undefined && hand_type !== "right" && hand_type !== "left") {
    return "hand_type is neither right nor left";
  }
  return { side: hand_type, rootOnly, hasMano, hasBox };
}

function readImage(entry: Fields): { key: string; dataset: CocoFile["dataset"]; image: ImageEntry } | string {
  const { id, width, height, sequence_name: folder } = entry;
  const file = entry.color_file_name ?? entry.file_name;
  if (typeof file !== "string" || (typeof id !== "number" && typeof id !== "string"))
    return "image without id or file_name";
  const isBare = typeof folder === "string" && !file.includes("/");
  const name = parseImageName(isBare ? `${folder}/rgb/${file}` : file);
  if (name === undefined) return "image name is neither SEQUENCE/rgb/FRAME nor SUBJECT/TIME/CAMERA/color_FRAME";
  if (!(Number.isInteger(width) && Number.isInteger(height) && Number(width) > 0 && Number(height) > 0)) {
    return "image without width and height";
  }
  const { dataset, sequence, frame } = name;
  return { key: String(id), dataset, image: { sequence, frame, width: Number(width), height: Number(height) } };
}

/** Bytes between two calls of onProgress, at which other work may run. */
const PROGRESS_BYTES = 8 << 20;

/**
 * Reads a COCO file. Entries that cannot be used are dropped and counted in `report`, each reason with its first example.
 * Throws DataError naming the file when it is no such file, or when nothing in it can be used.
 */
export async function readCocoFile(
  bytes: Uint8Array,
  name: string,
  onProgress?: (doneBytes: number, totalBytes: number) => void,
): Promise<CocoFile> {
  const report = newReport();
  const images = new Map<string, ImageEntry>();
  const rows = new Rows();
  const pending: (Omit<CocoEntry, keyof ImageEntry | "id" | "side"> & {
    image: string;
    side: CocoEntry["side"] | undefined;
  })[] = [];
  const totals = { images: 0, annotations: 0 };
  let dataset: CocoFile["dataset"] | undefined;
  let isKeypointFusion = false;
  let said = 0;
  const drop = (reason: string, example: string): void => count(report.dropped, reason, example);
  for (const { list, index, value, end } of listElements(bytes, new Set(["images", "annotations"]), name)) {
    if (end - said > PROGRESS_BYTES) {
      said = end;
      onProgress?.(end, bytes.length);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (list === "images") {
      totals.images++;
      const read = isObject(value) ? readImage(value) : "image is not a JSON object";
      if (typeof read === "string") drop(read, `images[${index}]`);
      else if (dataset !== undefined && read.dataset !== dataset) drop("image of another data set", `images[${index}]`);
      else {
        dataset = read.dataset;
        images.set(read.key, read.image);
        if (isObject(value) && value.color_file_name !== undefined) isKeypointFusion = true;
      }
      continue;
    }
    totals.annotations++;
    const example = `annotations[${index}]`;
    if (!isObject(value)) {
      drop("annotation is not a JSON object (not a number, cut, or damaged)", example);
      continue;
    }
    const row = rows.next();
    const read = readAnnotation(value, row);
    if (typeof read === "string") drop(read, example);
    else {
      rows.keep();
      if (isObject(value.mano_param) && value.mano_param.trans !== undefined) isKeypointFusion = true;
      pending.push({ ...read, line: index, row, image: String(value.image_id) });
    }
  }
  onProgress?.(bytes.length, bytes.length);
  if (dataset === undefined || totals.annotations === 0) {
    const [first] = report.dropped;
    throw new DataError(
      `${name}: ${totals.images} images and ${totals.annotations} annotations, none of an HO-3D or DexYCB frame${first ? ` (${first[0]}, first ${first[1].example})` : ""}; expected HandOccNet's or KeypointFusion's COCO file`,
      "no usable frame",
    );
  }
  const seen = new Set<string>();
  const entries: CocoEntry[] = [];
  for (const { image: key, side, ...entry } of pending) {
    const image = images.get(key);
    const id = image && `${image.sequence}/${image.frame}`;
    if (image === undefined || id === undefined)
      drop("annotation of an image that is not listed", `annotations[${entry.line}]`);
    else if (side === undefined && dataset === "dexycb") drop("hand_type missing, the hand may be a left one", id);
    else if (seen.has(id)) drop("frame named twice", id);
    else {
      seen.add(id);
      entries.push({ ...entry, ...image, id, side: side ?? "right" });
    }
  }
  return { dataset, isKeypointFusion, entries, annotations: totals.annotations, report };
}

/** The row of `ADAPTERS` for a file: by what its writer puts into it, never by the size of its numbers. */
export function cocoAdapter({
  dataset,
  isKeypointFusion,
}: Pick<CocoFile, "dataset" | "isKeypointFusion">): AdapterName {
  return isKeypointFusion ? `${dataset}-json-keypointfusion` : `${dataset}-json`;
}
