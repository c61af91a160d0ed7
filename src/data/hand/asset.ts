/**
 * Reads the shipped OpenHand file: MANO's tensors under MANO's names in the safetensors layout (8 bytes of header
 * length, JSON header, little-endian data), so that PyTorch reads it too. Knows nothing of where the bytes come from.
 */
import type { HandModel } from "../types";
import { MANO_JOINTS } from "./forward";

const MANO_PARENTS = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14];
const NO_PARENT = 0xffffffff;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function readHeader(bytes: ArrayBuffer, name: string): { entries: ReadonlyMap<string, Entry>; start: number } {
  const view = new DataView(bytes);
  const length = bytes.byteLength >= 8 ? Number(view.getBigUint64(0, true)) : Number.NaN;
  if (!(length > 0 && 8 + length <= bytes.byteLength)) {
    throw new Error(
      `${name}: ${bytes.byteLength} bytes do not begin with a safetensors header; is the file whole, and not a web page?`,
    );
  }
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  } catch (cause) {
    throw new Error(`${name}: the safetensors header of ${length} bytes is not JSON; is the file whole?`, { cause });
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw new Error(
      `${name}: the safetensors header is no JSON object with an entry for each tensor; is the file whole?`,
    );
  }
  const entries = new Map<string, Entry>();
  for (const [key, entry] of Object.entries(found)) {
    if (key === "__metadata__") continue;
    if (!isEntry(entry)) {
      throw new Error(
        `${name}: tensor "${key}" is described as ${JSON.stringify(entry).slice(0, 80)}, expected dtype, shape and data_offsets`,
      );
    }
    entries.set(key, entry);
  }
  return { entries, start: 8 + length };
}

function isEntry(value: unknown): value is Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as { [K in keyof Entry]?: unknown };
  const areCounts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  return typeof dtype === "string" && areCounts(shape) && areCounts(offsets) && offsets.length === 2;
}

/** Reads one tensor and checks type and shape; -1 in `shape` stands for any size. */
function readTensor(
  bytes: ArrayBuffer,
  name: string,
  header: ReturnType<typeof readHeader>,
  key: string,
  dtype: "F32" | "U32",
  shape: readonly number[],
): { values: Float32Array | Uint32Array; shape: readonly number[] } {
  const entry = header.entries.get(key);
  if (entry === undefined) throw new Error(`${name}: tensor "${key}" is missing`);
  const fits = entry.shape.length === shape.length && shape.every((n, i) => n < 0 || n === entry.shape[i]);
  if (!fits || entry.dtype !== dtype) {
    throw new Error(
      `${name}: tensor "${key}" is ${entry.dtype} [${entry.shape.join(", ")}], expected ${dtype} [${shape.map((n) => (n < 0 ? "any" : n)).join(", ")}]`,
    );
  }
  const [begin, end] = entry.data_offsets;
  const count = entry.shape.reduce((product, n) => product * n, 1);
  if (end - begin !== 4 * count || begin < 0 || header.start + end > bytes.byteLength) {
    throw new Error(
      `${name}: tensor "${key}" lies at bytes ${begin} to ${end}, expected ${4 * count} bytes inside the file`,
    );
  }
  const part = bytes.slice(header.start + begin, header.start + end);
  return { values: dtype === "F32" ? new Float32Array(part) : new Uint32Array(part), shape: entry.shape };
}

/** Checks what shapes cannot say; sentences about everything that is wrong. An empty list means a usable model. */
export function handModelProblems(model: HandModel): string[] {
  const problems: string[] = [];
  const tensors = {
    v_template: model.vTemplate,
    shapedirs: model.shapedirs,
    posedirs: model.posedirs,
    J_regressor: model.jRegressor,
    weights: model.weights,
    hands_mean: model.handsMean,
  };
  for (const [key, values] of Object.entries(tensors)) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) problems.push(`${model.name}: ${key} holds ${values[bad]} at place ${bad}, expected finite numbers`);
  }
  const sums = (values: Float64Array, rows: number, row: (r: number, i: number) => number, length: number) =>
    Array.from({ length: rows }, (_, r) => {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += values[row(r, i)];
      return sum;
    });
  const v = model.vertexCount;
  const weightSums = sums(model.weights, v, (r, i) => r * MANO_JOINTS + i, MANO_JOINTS);
  const lost = weightSums.findIndex((sum) => Math.abs(sum - 1) > 1e-3);
  if (lost >= 0)
    problems.push(`${model.name}: the skinning weights of vertex ${lost} sum to ${weightSums[lost]}, expected 1`);
  const rowSums = sums(model.jRegressor, MANO_JOINTS, (r, i) => r * v + i, v);
  const row = rowSums.findIndex((sum) => Math.abs(sum - 1) > 1e-3);
  if (row >= 0) problems.push(`${model.name}: row ${row} of J_regressor sums to ${rowSums[row]}, expected 1`);
  const face = model.faces.findIndex((index) => index >= v);
  if (face >= 0) {
    problems.push(`${model.name}: face ${Math.floor(face / 3)} names vertex ${model.faces[face]}, expected below ${v}`);
  }
  if (model.parents.some((parent, k) => parent !== MANO_PARENTS[k])) {
    problems.push(
      `${model.name}: parents are [${model.parents.join(", ")}], expected MANO's [${MANO_PARENTS.join(", ")}]`,
    );
  }
  if (model.tips.some((tip) => !(Number.isInteger(tip) && tip >= 0 && tip < v))) {
    problems.push(`${model.name}: tip vertices are [${model.tips.join(", ")}], expected five vertices below ${v}`);
  }
  return problems;
}

/** The hand model in the bytes of `openhand.safetensors`. Throws with a sentence when the bytes, a shape or a value is wrong. */
export function readHandAsset(bytes: ArrayBuffer, name = "openhand.safetensors"): HandModel {
  const header = readHeader(bytes, name);
  const read = (key: string, dtype: "F32" | "U32", shape: readonly number[]) =>
    readTensor(bytes, name, header, key, dtype, shape);
  const template = read("v_template", "F32", [-1, 3]);
  const [vertexCount] = template.shape;
  const shapedirs = read("shapedirs", "F32", [vertexCount, 3, -1]);
  const floats = (key: string, shape: readonly number[]) => Float64Array.from(read(key, "F32", shape).values);
  const tree = read("kintree_table", "U32", [2, MANO_JOINTS]).values;
  const [thumb, index, middle, ring, pinky] = read("tips", "U32", [5]).values;
  const model: HandModel = {
    name: "OpenHand",
    vertexCount,
    shapeCount: shapedirs.shape[2],
    vTemplate: Float64Array.from(template.values),
    shapedirs: Float64Array.from(shapedirs.values),
    posedirs: floats("posedirs", [vertexCount, 3, 9 * (MANO_JOINTS - 1)]),
    jRegressor: floats("J_regressor", [MANO_JOINTS, vertexCount]),
    weights: floats("weights", [vertexCount, MANO_JOINTS]),
    faces: Uint32Array.from(read("f", "U32", [-1, 3]).values),
    parents: Int32Array.from(tree.subarray(0, MANO_JOINTS), (parent) => (parent === NO_PARENT ? -1 : parent)),
    handsMean: floats("hands_mean", [3 * (MANO_JOINTS - 1)]),
    tips: [thumb, index, middle, ring, pinky],
  };
  const problems = handModelProblems(model);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return model;
}

/** Undirected edges of a triangle mesh, each once, smaller vertex first, sorted, [E * 2]. */
export function meshEdges(faces: ArrayLike<number>): Uint32Array {
  const pairs = new Map<number, [number, number]>();
  for (let i = 0; i < faces.length; i += 3) {
    for (let c = 0; c < 3; c++) {
      const a = faces[i + c];
      const b = faces[i + ((c + 1) % 3)];
      const [low, high] = a < b ? [a, b] : [b, a];
      pairs.set(low * 0x1000000 + high, [low, high]);
    }
  }
  return Uint32Array.from([...pairs.entries()].sort((p, q) => p[0] - q[0]).flatMap(([, pair]) => pair));
}
