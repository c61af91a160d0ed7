/** The user's own MANO_RIGHT.pkl as a hand model. The file is read where it lies and is never stored or sent. */
import { DataError, messageOf } from "./data-error";
import { toNumbers } from "./numpy";
import type { DataQuirks } from "./quirks";
import type { HandModel } from "./types";
import { unpickleDictionary } from "./unpickle";

type Tips = HandModel["tips"];

/** Finger-tip vertices of MANO (thumb, index, middle, ring, pinky) as each data set or code base takes them. */
export const MANO_TIPS = {
  ho3d: [744, 333, 444, 555, 672],
  smplx: [744, 320, 443, 554, 671],
  manopth: [745, 317, 444, 556, 673],
  freihand: [744, 320, 443, 555, 672],
  handoccnet: [728, 353, 442, 576, 694],
} as const satisfies Record<string, Tips>;

/** The tips that belong to a data set's labels. Quirk `tips-smplx` takes smplx's for all, about 2.7 mm off for HO-3D. */
export function manoTips(dataset: keyof typeof MANO_TIPS, quirks?: DataQuirks): Tips {
  return quirks?.has("tips-smplx") ? MANO_TIPS.smplx : MANO_TIPS[dataset];
}

const JOINTS = 16;
const SHAPE_DIRECTIONS = 10;

/** Reads one entry and checks its shape; V stands for any vertex count that all entries share. */
function entry(file: ReadonlyMap<string, unknown>, name: string, key: string, shape: readonly number[]): Float64Array {
  if (!file.has(key)) {
    throw new DataError(`${name}: the entry "${key}" is missing; expected a MANO hand model such as MANO_RIGHT.pkl`);
  }
  let found: ReturnType<typeof toNumbers>;
  try {
    found = toNumbers(file.get(key));
  } catch (error) {
    throw new DataError(`${name}: the entry "${key}" cannot be read (${messageOf(error)})`);
  }
  const fits = found.shape.length === shape.length && shape.every((side, i) => side < 0 || side === found.shape[i]);
  if (!fits) {
    const expected = shape.map((side) => (side < 0 ? "any" : side)).join(", ");
    throw new DataError(`${name}: the entry "${key}" has shape [${found.shape.join(", ")}], expected [${expected}]`);
  }
  const bad = found.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new DataError(`${name}: the entry "${key}" holds ${found.data[bad]} at position ${bad}`);
  return found.data;
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

/**
 * MANO_RIGHT.pkl to a hand model. `tips` belong to the data set whose labels are used (`manoTips`).
 * Throws DataError naming the entry for a file of another kind, a left hand, a wrong shape, a number that is not finite.
 */
export function readManoFile(bytes: Uint8Array, name: string, tips: Tips = MANO_TIPS.ho3d): HandModel {
  if (/left/i.test(name)) {
    throw new DataError(`${name}: this is the left hand; choose MANO_RIGHT.pkl (left hands are mirrored on import)`);
  }
  const file = unpickleDictionary(bytes, name);
  const vTemplate = entry(file, name, "v_template", [-1, 3]);
  const vertexCount = vTemplate.length / 3;
  const faces = entry(file, name, "f", [-1, 3]);
  const worst = faces.reduce((a, b) => Math.max(a, b), 0);
  if (worst >= vertexCount) {
    throw new DataError(`${name}: a face names vertex ${worst}, but there are ${vertexCount} vertices`);
  }
  const tip = tips.find((vertex) => vertex >= vertexCount);
  if (tip !== undefined) throw new DataError(`${name}: finger tip vertex ${tip} is not among ${vertexCount} vertices`);
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
    handsMean: entry(file, name, "hands_mean", [3 * (JOINTS - 1)]),
    tips,
  };
}
