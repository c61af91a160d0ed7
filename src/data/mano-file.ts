/**
 * The user's own MANO_RIGHT or MANO_LEFT as a hand model, from MANO's .pkl or from an .npz with the same names (smplx's form).
 * The file is read where it lies and is never stored or sent. A left hand is read as the right hand that it mirrors.
 */
import { DataError, messageOf } from "./data-error";
import { isZip, openNpz } from "./npz";
import { type NumericArray, toNumbers } from "./numpy";
import type { DataQuirks } from "./quirks";
import type { HandModel } from "./types";
import { unpickleDictionary } from "./unpickle";

type Tips = HandModel["tips"];

/** Finger-tip vertices of MANO (thumb, index, middle, ring, pinky) as each data set or code base takes them. */
export const MANO_TIPS = {
  ho3d: [744, 333, 444, 555, 672],
  smplx: [744, 320, 443, 554, 671],
  manopth: [745, 317, 444, 556, 673],
  /** manopth's left hand, whose vertices are numbered as the right one's, takes another one for the middle finger. */
  "manopth-left": [745, 317, 445, 556, 673],
  freihand: [744, 320, 443, 555, 672],
  handoccnet: [728, 353, 442, 576, 694],
} as const satisfies Record<string, Tips>;

/** The tips that belong to a data set's labels. Quirk `tips-smplx` takes smplx's for all, about 2.7 mm off for HO-3D. */
export function manoTips(dataset: keyof typeof MANO_TIPS, quirks?: DataQuirks): Tips {
  return quirks?.has("tips-smplx") ? MANO_TIPS.smplx : MANO_TIPS[dataset];
}

const JOINTS = 16;
const SHAPE_DIRECTIONS = 10;
const FINGER_NUMBERS = 3 * (JOINTS - 1);

/** The numbers of one entry of a hand file, undefined when it is not there. Throws when it holds something else. */
type Entries = (key: string) => NumericArray | undefined;

/** .npz when the file begins as a zip archive does, else a pickle. */
function openEntries(bytes: Uint8Array, name: string): Entries {
  if (isZip(bytes)) {
    const file = openNpz(bytes, name);
    return (key) => (file.has(key) ? file.read(key) : undefined);
  }
  const file = unpickleDictionary(bytes, name);
  return (key) => (file.has(key) ? toNumbers(file.get(key)) : undefined);
}

/** Reads one entry and checks its shape; -1 stands for any size. */
function optionalEntry(file: Entries, name: string, key: string, shape: readonly number[]): Float64Array | undefined {
  let found: NumericArray | undefined;
  try {
    found = file(key);
  } catch (error) {
    throw new DataError(`${name}: the entry "${key}" cannot be read (${messageOf(error)})`);
  }
  if (found === undefined) return undefined;
  const fits = found.shape.length === shape.length && shape.every((side, i) => side < 0 || side === found.shape[i]);
  if (!fits) {
    const expected = shape.map((side) => (side < 0 ? "any" : side)).join(", ");
    throw new DataError(`${name}: the entry "${key}" has shape [${found.shape.join(", ")}], expected [${expected}]`);
  }
  const bad = found.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new DataError(`${name}: the entry "${key}" holds ${found.data[bad]} at position ${bad}`);
  return found.data;
}

function entry(file: Entries, name: string, key: string, shape: readonly number[]): Float64Array {
  const found = optionalEntry(file, name, key, shape);
  if (found === undefined) {
    throw new DataError(`${name}: the entry "${key}" is missing; expected a MANO hand model such as MANO_RIGHT.pkl`);
  }
  return found;
}

/** Row 0 of the kinematic tree; the root's parent is written as 2^32 - 1. */
function parentsOf(table: Float64Array, name: string): Int32Array {
  const parents = Int32Array.from(table.subarray(0, JOINTS), (parent) => (parent >= 2 ** 31 ? -1 : parent));
  const broken = parents.findIndex((parent, k) => (k === 0 ? parent !== -1 : parent < 0 || parent >= k));
  if (broken >= 0) {
    throw new DataError(
      `${name}: joint ${broken} has parent ${parents[broken]}, expected an earlier joint (-1 for the root)`,
    );
  }
  return parents;
}

/** A hand as its file says, left or right. */
function readHand(bytes: Uint8Array, name: string, tips: Tips): HandModel {
  const file = openEntries(bytes, name);
  const vTemplate = entry(file, name, "v_template", [-1, 3]);
  const vertexCount = vTemplate.length / 3;
  const faces = entry(file, name, "f", [-1, 3]);
  const worst = faces.findIndex((vertex) => !(Number.isInteger(vertex) && vertex >= 0 && vertex < vertexCount));
  if (worst >= 0) {
    throw new DataError(`${name}: a face names vertex ${faces[worst]}, but there are ${vertexCount} vertices`);
  }
  const tip = tips.find((vertex) => vertex >= vertexCount);
  if (tip !== undefined) throw new DataError(`${name}: finger tip vertex ${tip} is not among ${vertexCount} vertices`);
  const handsComponents = optionalEntry(file, name, "hands_components", [FINGER_NUMBERS, FINGER_NUMBERS]);
  return {
    name,
    vertexCount,
    shapeCount: SHAPE_DIRECTIONS,
    vTemplate,
    shapedirs: entry(file, name, "shapedirs", [vertexCount, 3, SHAPE_DIRECTIONS]),
    posedirs: entry(file, name, "posedirs", [vertexCount, 3, 9 * (JOINTS - 1)]),
    jRegressor: entry(file, name, "J_regressor", [JOINTS, vertexCount]),
    weights: entry(file, name, "weights", [vertexCount, JOINTS]),
    faces: Uint32Array.from(faces),
    parents: parentsOf(entry(file, name, "kintree_table", [2, JOINTS]), name),
    handsMean: entry(file, name, "hands_mean", [FINGER_NUMBERS]),
    ...(handsComponents === undefined ? {} : { handsComponents }),
    tips,
  };
}

/** Whether a file name says that the hand is a left one. MANO's files say it nowhere else. */
export function isLeftHandFile(name: string): boolean {
  return /left/i.test(name);
}

/**
 * The other hand of a model: M = diag(-1, 1, 1) on every point, M R M on every rotation, faces turned round so that they still
 * look outwards. forward(mirrored, mirrored pose) = M forward(model, pose), with pose vectors (a, -b, -c). Its own inverse.
 */
export function mirrorHand(model: HandModel): HandModel {
  const flip = (values: Float64Array, place: (i: number) => number): Float64Array =>
    values.map((value, i) => (place(i) % 2 === 0 ? value : -value));
  const features = 9 * (JOINTS - 1);
  /** How often an index of x occurs: of the moved coordinate, and of the rotation's row and column. */
  const posePlace = (i: number): number => {
    const [axis, row, column] = [Math.floor(i / features) % 3, Math.floor(i / 3) % 3, i % 3];
    return Number(axis === 0) + Number(row === 0) + Number(column === 0);
  };
  const poseVector = (values: Float64Array): Float64Array => flip(values, (i) => Number(i % 3 !== 0));
  const { handsComponents } = model;
  return {
    ...model,
    name: `${model.name}, mirrored`,
    vTemplate: flip(model.vTemplate, (i) => Number(i % 3 === 0)),
    shapedirs: flip(model.shapedirs, (i) => Number(Math.floor(i / model.shapeCount) % 3 === 0)),
    posedirs: flip(model.posedirs, posePlace),
    faces: model.faces.map((_, i) => model.faces[i % 3 === 0 ? i : i % 3 === 1 ? i + 1 : i - 1]),
    handsMean: poseVector(model.handsMean),
    ...(handsComponents === undefined ? {} : { handsComponents: poseVector(handsComponents) }),
  };
}

/**
 * MANO_LEFT as the right hand that it mirrors. `shapedirs`: the public file has the right hand's shape directions, with x of
 * the wrong sign for a left hand (vchoutas/smplx issue 48). "repaired" negates x, so that one shape is the same person's hand on
 * both sides; "as-filed" keeps the file, as DexYCB's annotations were made with it (NVlabs/dex-ycb-toolkit issue 28).
 * Throws DataError as `readManoFile`.
 */
export function readLeftManoFile(
  bytes: Uint8Array,
  name: string,
  tips: Tips,
  shapedirs: "repaired" | "as-filed",
): HandModel {
  const left = readHand(bytes, name, tips);
  const negated = left.shapedirs.map((value, i) => (Math.floor(i / SHAPE_DIRECTIONS) % 3 === 0 ? -value : value));
  return mirrorHand(shapedirs === "repaired" ? { ...left, shapedirs: negated } : left);
}

/**
 * MANO_RIGHT.pkl, or an .npz with the same entries, to a hand model; a file named MANO_LEFT becomes the right hand that it
 * mirrors, shape directions repaired. `tips` belong to the data set whose labels are used (`manoTips`).
 * Throws DataError naming the entry for a file of another kind, a wrong shape, a number that is not finite.
 */
export function readManoFile(bytes: Uint8Array, name: string, tips: Tips = MANO_TIPS.ho3d): HandModel {
  return isLeftHandFile(name) ? readLeftManoFile(bytes, name, tips, "repaired") : readHand(bytes, name, tips);
}
