/**
 * HO-3D v2 and v3 trees: train.txt or evaluation.txt, rgb (png or jpg), depth (png), meta (pickle). Labels come out in the
 * OpenCV frame, in metres and OpenPose order. Source: shreyashampali/ho3d (README, vis_HO3D.py, utils/vis_utils.py).
 */
import { DataError } from "./data-error";
import { composeAxisAngle } from "./hand/rotations";
import { count, newReport } from "./import-report";
import { decodeJpeg } from "./jpeg";
import { parsePoints } from "./json-numbers";
import { describe, toNumbers } from "./numpy";
import { decodeDepthPng, decodeRgbPng } from "./png";
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import { type FileSource, readText, subfolder } from "./source";
import { recordingOf, sequenceOf } from "./split";
import type { Frame, FrameSet, RgbImage } from "./types";
import { unpickleDictionary } from "./unpickle";

export type Ho3dSplit = "train" | "evaluation";

/** HO-3D's joint at each of the 21 OpenPose places. HO-3D: wrist, index, middle, pinky, ring, thumb, then tips thumb first. */
export const OPENPOSE_FROM_HO3D: readonly number[] = [
  ...[0, 13, 14, 15, 16, 1, 2, 3, 17],
  ...[4, 5, 6, 18, 10, 11, 12, 19, 7, 8, 9, 20],
];

const VERTICES = 778;
/** Rotation by 180 degrees about x, diag(1, -1, -1): OpenGL's camera axes to OpenCV's. */
const FLIP = [Math.PI, 0, 0];

export interface Ho3d extends FrameSet {
  readonly split: Ho3dSplit;
  /** 2: rgb as png, 3: rgb as jpg. */
  readonly version: 2 | 3;
  /** Whether evaluation_xyz.json lies beside evaluation.txt, so that all 21 joints are known. */
  readonly hasTruth: boolean;
  /** True vertices [778 * 3] of an evaluation frame from evaluation_verts.json, metres, OpenCV; undefined when the file is not there. */
  truthVertices(id: string): Promise<Float32Array | undefined>;
}

/** OpenGL points to OpenCV, [N * 3]: (x, -y, -z). */
function toOpenCv<T extends Float64Array | Float32Array>(points: T): T {
  const out = points.slice() as T;
  for (let i = 0; i < out.length; i += 3) {
    out[i + 1] = -out[i + 1];
    out[i + 2] = -out[i + 2];
  }
  return out;
}

function toOpenPose(joints: Float64Array): Float64Array {
  return Float64Array.from({ length: 63 }, (_, i) => joints[3 * OPENPOSE_FROM_HO3D[Math.floor(i / 3)] + (i % 3)]);
}

async function findRoot(source: FileSource, file: string): Promise<FileSource> {
  if (await source.has(file)) return source;
  for (const name of await source.list("")) {
    if (name.endsWith("/") && (await source.has(`${name}${file}`))) return subfolder(source, name.slice(0, -1));
  }
  throw new DataError(
    `${source.name}: "${file}" is neither in the folder nor one level below; choose the HO3D_v2 or HO3D_v3 folder`,
    "file missing",
  );
}

/** Names of the files in rgb, depth and meta of one sequence. */
async function listSequence(root: FileSource, folder: string): Promise<Record<"rgb" | "depth" | "meta", Set<string>>> {
  const [rgb, depth, meta] = await Promise.all(
    ["rgb", "depth", "meta"].map(async (kind) => new Set(await root.list(`${folder}/${kind}`))),
  );
  return { rgb, depth, meta };
}

/** The arrays of one meta pickle, each named in its error. */
class Meta {
  readonly #entries: ReadonlyMap<string, unknown>;
  readonly #name: string;

  constructor(bytes: Uint8Array, name: string) {
    this.#name = name;
    this.#entries = unpickleDictionary(bytes, name);
  }

  has(key: string): boolean {
    return this.#entries.has(key) && this.#entries.get(key) !== null;
  }

  numbers(key: string, ...counts: number[]): Float64Array {
    const value = this.#entries.get(key);
    if (value === null) {
      throw new DataError(`${this.#name}: "${key}" is None, the frame has no annotation`, "annotation is None");
    }
    if (value === undefined) throw new DataError(`${this.#name}: "${key}" is missing`, "annotation missing");
    let data: Float64Array | undefined;
    try {
      data = toNumbers(value).data;
    } catch {
      data = undefined;
    }
    if (data === undefined || !counts.includes(data.length)) {
      const found = data === undefined ? describe(value) : `${data.length} numbers`;
      throw new DataError(
        `${this.#name}: "${key}" holds ${found}, expected ${counts.join(" or ")} numbers`,
        "annotation broken",
      );
    }
    if (!data.every(Number.isFinite)) {
      throw new DataError(`${this.#name}: "${key}" holds a number that is not finite`, "annotation broken");
    }
    return data;
  }
}

function cameraOf(meta: Meta, name: string): Frame["camera"] {
  const k = meta.numbers("camMat", 9);
  if (!(k[0] > 0 && k[4] > 0) || Math.abs(k[1]) > 1e-6) {
    throw new DataError(
      `${name}: camMat has fx ${k[0]}, fy ${k[4]}, skew ${k[1]}, expected positive focal lengths and no skew`,
      "annotation broken",
    );
  }
  return [k[0], k[4], k[2], k[5]];
}

/**
 * MANO parameters from OpenGL's frame to OpenCV's: R' = F R, and, because MANO rotates about the rest wrist J0 = joint 0 - trans,
 * t' = F (J0 + t) - J0 with F = diag(1, -1, -1). The other 15 joints are relative to their parents and stay. `wrist`: joint 0, OpenGL.
 * Quirk `pose-opengl` leaves the rotation as it is.
 */
export function manoToOpenCv(
  mano: NonNullable<Frame["mano"]>,
  wrist: Float64Array,
  quirks: DataQuirks = NO_QUIRKS,
): NonNullable<Frame["mano"]> {
  const pose = mano.pose.slice();
  if (!quirks.has("pose-opengl")) pose.set(composeAxisAngle(FLIP, pose.subarray(0, 3)), 0);
  const flipped = toOpenCv(wrist);
  return { pose, shape: mano.shape, trans: mano.trans.map((t, i) => flipped[i] - (wrist[i] - t)) };
}

function manoOf(meta: Meta, wrist: Float64Array, quirks: DataQuirks): Frame["mano"] {
  if (!meta.has("handPose")) return undefined;
  const mano = {
    pose: meta.numbers("handPose", 48),
    shape: meta.numbers("handBeta", 10),
    trans: meta.numbers("handTrans", 3),
  };
  return quirks.has("opengl-unconverted") ? mano : manoToOpenCv(mano, wrist, quirks);
}

/** Reads the labels of one frame; `truth` are its 21 joints from evaluation_xyz.json, OpenGL and HO-3D's order. */
function labelsOf(
  bytes: Uint8Array,
  name: string,
  truth: Float64Array | undefined,
  quirks: DataQuirks,
): Pick<Frame, "camera" | "joints3d" | "rootOnly" | "mano" | "box"> {
  const meta = new Meta(bytes, name);
  const given = meta.numbers("handJoints3D", 3, 63);
  const distance = truth === undefined ? 0 : Math.hypot(...[0, 1, 2].map((i) => truth[i] - given[i]));
  if (distance > 0.005) {
    throw new DataError(
      `${name}: the wrist of evaluation_xyz.json is ${(1000 * distance).toFixed(1)} mm from the one in meta, expected the same; the file belongs to another version of HO-3D`,
      "evaluation truth does not match",
    );
  }
  const known = given.length === 63 ? given : truth;
  // A tiled root keeps every number finite; nothing but joint 0 may be used when rootOnly.
  const ho3d = known ?? Float64Array.from({ length: 63 }, (_, i) => given[i % 3]);
  const joints3d = toOpenPose(quirks.has("opengl-unconverted") ? ho3d : toOpenCv(ho3d));
  const behind = quirks.has("opengl-unconverted") ? -1 : [...joints3d].findIndex((z, i) => i % 3 === 2 && z <= 0);
  if (behind >= 0) {
    throw new DataError(
      `${name}: joint ${(behind - 2) / 3} has z = ${joints3d[behind].toFixed(3)} m in the OpenCV frame, expected z > 0 (in front of the camera)`,
      "hand behind the camera",
    );
  }
  const box = meta.has("handBoundingBox") ? meta.numbers("handBoundingBox", 4) : undefined;
  return {
    camera: cameraOf(meta, name),
    joints3d,
    rootOnly: known === undefined,
    mano: manoOf(meta, given.subarray(0, 3), quirks),
    box: box === undefined ? undefined : [box[0], box[1], box[2], box[3]],
  };
}

/** Lines of train.txt, sorted into usable frames and counted drops. */
async function usableFrames(
  root: FileSource,
  split: Ho3dSplit,
): Promise<{
  lines: readonly string[];
  kept: Map<string, { line: number; rgb: string; hasDepth: boolean }>;
  report: ReturnType<typeof newReport>;
}> {
  const lines = (await readText(root, `${split}.txt`)).split("\n").map((line) => line.trim());
  while (lines.length > 0 && lines[lines.length - 1] === "") lines.pop();
  const report = newReport();
  const kept = new Map<string, { line: number; rgb: string; hasDepth: boolean }>();
  const folders = new Map<string, Awaited<ReturnType<typeof listSequence>>>();
  for (const [line, id] of lines.entries()) {
    const match = /^([\w.-]+)\/(\d+)$/.exec(id);
    if (match === null) {
      count(report.dropped, "line is not SEQUENCE/FRAME", `line ${line + 1} "${id.slice(0, 40)}"`);
      continue;
    }
    const [, sequence, frame] = match;
    let files = folders.get(sequence);
    if (files === undefined) {
      files = await listSequence(root, `${split}/${sequence}`);
      folders.set(sequence, files);
    }
    const rgb = [`${frame}.jpg`, `${frame}.png`].find((file) => files.rgb.has(file));
    if (kept.has(id)) count(report.dropped, "frame named twice", id);
    else if (files.rgb.size + files.meta.size === 0) count(report.dropped, "sequence folder missing or empty", id);
    else if (rgb === undefined) count(report.dropped, "rgb file missing", id);
    else if (!files.meta.has(`${frame}.pkl`)) count(report.dropped, "meta file missing", id);
    else {
      const hasDepth = files.depth.has(`${frame}.png`);
      if (!hasDepth) count(report.notes, "without depth image", id);
      kept.set(id, { line, rgb, hasDepth });
    }
  }
  report.kept = kept.size;
  if (kept.size === 0) {
    const [reason, first] = [...report.dropped][0] ?? ["the file is empty", { count: 0, example: `${split}.txt` }];
    throw new DataError(
      `${root.name}: ${split}.txt has ${lines.length} lines but no usable frame (${reason}, first ${first.example})`,
      "no usable frame",
    );
  }
  return { lines, kept, report };
}

/**
 * Opens an HO-3D tree: `source` is the folder with train.txt and evaluation.txt, or the one above it. Lists folders, opens no
 * frame. Frames without rgb or meta file are dropped and counted in `report`; those without depth are noted.
 * Throws DataError when the list is missing or no frame is usable. `read` throws DataError naming the file.
 */
export async function openHo3d(source: FileSource, split: Ho3dSplit, quirks: DataQuirks = NO_QUIRKS): Promise<Ho3d> {
  const root = await findRoot(source, `${split}.txt`);
  const { lines, kept, report } = await usableFrames(root, split);
  const points = async (file: string, perRow: number): Promise<Float32Array | undefined> => {
    if (split !== "evaluation" || !(await root.has(file))) return undefined;
    return parsePoints(await root.read(file), lines.length, perRow, `${root.name}/${file}`);
  };
  const truth = await points("evaluation_xyz.json", 21);
  let vertices: Promise<Float32Array | undefined> | undefined;
  const find = (id: string): { line: number; rgb: string; hasDepth: boolean } => {
    const found = kept.get(id);
    if (found === undefined)
      throw new DataError(`${root.name}: frame "${id}" is not among the ${kept.size} usable frames`);
    return found;
  };
  const image = async (path: string): Promise<RgbImage> => {
    const bytes = await root.read(path);
    const name = `${root.name}/${path}`;
    return path.endsWith(".png") ? decodeRgbPng(bytes, name) : decodeJpeg(bytes, name);
  };
  return {
    name: root.name,
    split,
    version: [...kept.values()][0].rgb.endsWith(".png") ? 2 : 3,
    ids: [...kept.keys()],
    report,
    hasTruth: truth !== undefined,
    truthVertices: async (id) => {
      vertices ??= points("evaluation_verts.json", VERTICES);
      const all = await vertices;
      const { line } = find(id);
      return all === undefined ? undefined : toOpenCv(all.subarray(line * VERTICES * 3, (line + 1) * VERTICES * 3));
    },
    read: async (id) => {
      const { line, rgb, hasDepth } = find(id);
      const sequence = sequenceOf(id);
      const frame = id.slice(sequence.length + 1);
      const folder = `${split}/${sequence}`;
      const metaPath = `${folder}/meta/${frame}.pkl`;
      const joints = truth === undefined ? undefined : Float64Array.from(truth.subarray(63 * line, 63 * line + 63));
      const labels = labelsOf(await root.read(metaPath), `${root.name}/${metaPath}`, joints, quirks);
      const colour = await image(`${folder}/rgb/${rgb}`);
      const depthPath = `${folder}/depth/${frame}.png`;
      const depth = hasDepth
        ? decodeDepthPng(await root.read(depthPath), `${root.name}/${depthPath}`, quirks)
        : undefined;
      if (depth !== undefined && (depth.width !== colour.width || depth.height !== colour.height)) {
        throw new DataError(
          `${root.name}/${depthPath}: the depth image has ${depth.width} x ${depth.height} pixels, expected ${colour.width} x ${colour.height} as the rgb image`,
          "depth and rgb differ in size",
        );
      }
      return { id, sequence, recording: recordingOf(sequence), rgb: colour, depth, ...labels };
    },
  };
}
