/** numpy, scipy and chumpy values as a pickle brings them, and their numbers as doubles in row-major order. */
import { bytesFromLatin1 } from "./pickle-normalise";

const ITEM_BYTES: ReadonlyMap<string, number> = new Map(
  Object.entries({ b1: 1, i1: 1, u1: 1, i2: 2, u2: 2, i4: 4, u4: 4, i8: 8, u8: 8, f2: 2, f4: 4, f8: 8 }),
);

/** numpy's own limit. */
const MAX_DIMENSIONS = 32;
/** Elements of a sparse matrix made dense; MANO's joint regressor has 12,448. */
const MAX_DENSE = 1 << 22;

function fail(what: string): never {
  throw new Error(what);
}

/** `numpy.dtype`: a kind with an item size ("f8") and a byte order. */
export class NumpyDtype {
  readonly code: string;
  bigEndian = false;

  constructor(code: unknown) {
    if (typeof code !== "string") fail("a dtype has no name");
    this.code = code.replace(/^[<>|=]/, "");
    if (code.startsWith(">")) this.bigEndian = true;
  }

  /** State (version, byte order, ...) as numpy pickles it. */
  __setstate__(state: unknown): void {
    if (!Array.isArray(state) || typeof state[1] !== "string") fail("the state of a dtype is not a tuple");
    this.bigEndian = state[1] === ">";
  }
}

/** Numbers of a numpy array, as raw bytes until they are asked for. */
export class NdArray {
  shape: readonly number[] = [0];
  #dtype: NumpyDtype | undefined;
  #fortran = false;
  #data: unknown = new Uint8Array(0);

  /** State (version, shape, dtype, fortran order, data) as numpy pickles it. */
  __setstate__(state: unknown): void {
    if (!Array.isArray(state) || state.length < 4) fail("the state of an array is not a tuple");
    const [shape, dtype, fortran, data] = state.slice(-4);
    if (!Array.isArray(shape) || !shape.every((side) => Number.isSafeInteger(side) && side >= 0)) {
      fail("the shape of an array is not a tuple of sizes");
    }
    if (!(dtype instanceof NumpyDtype)) fail("an array has no dtype");
    const size = ITEM_BYTES.get(dtype.code);
    // Numbers only: texts and objects are kept until someone asks for them, and refused then.
    if (size !== undefined && (data instanceof Uint8Array || typeof data === "string")) {
      checkBytes(shape, dtype.code, size, data.length);
    }
    this.shape = shape;
    this.#dtype = dtype;
    this.#fortran = fortran === true || fortran === 1;
    this.#data = data;
  }

  /** Numbers in the array, as its shape says. */
  get length(): number {
    return this.shape.reduce((product, side) => product * side, 1);
  }

  /** e.g. "f8", "i4", "O". */
  get dtype(): string {
    return this.#dtype?.code ?? "none";
  }

  /** All numbers as doubles, row-major whatever the file's order and byte order. Throws for texts, objects and a wrong length. */
  toFloat64(): Float64Array {
    const size = ITEM_BYTES.get(this.dtype) ?? fail(`an array has dtype "${this.dtype}", expected numbers`);
    const data = typeof this.#data === "string" ? bytesFromLatin1(this.#data) : this.#data;
    if (!(data instanceof Uint8Array)) fail("the data of an array are not bytes");
    checkBytes(this.shape, this.dtype, size, data.length);
    const values = readNumbers(data, this.dtype, this.length, this.#dtype?.bigEndian !== true);
    return this.#fortran ? rowMajor(values, this.shape) : values;
  }
}

function checkBytes(shape: readonly number[], dtype: string, size: number, bytes: number): void {
  if (shape.length > MAX_DIMENSIONS)
    fail(`an array has ${shape.length} dimensions, expected at most ${MAX_DIMENSIONS}`);
  const expected = shape.reduce((product, side) => product * side, size);
  // A side of 0 beside a side of 2^62 holds nothing, but no program writes it.
  if (bytes !== expected || shape.some((side) => side > 2 ** 32)) {
    fail(`an array of shape [${shape}] and dtype "${dtype}" has ${bytes} bytes, expected ${expected}`);
  }
}

function readNumbers(data: Uint8Array, dtype: string, count: number, little: boolean): Float64Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const out = new Float64Array(count);
  const size = ITEM_BYTES.get(dtype) ?? 1;
  const readers: Record<string, (at: number) => number> = {
    b1: (at) => view.getUint8(at),
    u1: (at) => view.getUint8(at),
    i1: (at) => view.getInt8(at),
    u2: (at) => view.getUint16(at, little),
    i2: (at) => view.getInt16(at, little),
    u4: (at) => view.getUint32(at, little),
    i4: (at) => view.getInt32(at, little),
    u8: (at) => exact(view.getBigUint64(at, little)),
    i8: (at) => exact(view.getBigInt64(at, little)),
    f2: (at) => halfToNumber(view.getUint16(at, little)),
    f4: (at) => view.getFloat32(at, little),
    f8: (at) => view.getFloat64(at, little),
  };
  const read = readers[dtype];
  for (let i = 0; i < count; i++) out[i] = read(i * size);
  return out;
}

function exact(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : fail(`the integer ${value} is beyond 2^53`);
}

function halfToNumber(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Numbers of an array of this shape from column-major (Fortran) to row-major order. */
export function rowMajor(values: Float64Array, shape: readonly number[]): Float64Array {
  const out = new Float64Array(values.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, side) => product * side, 1));
  for (let i = 0; i < out.length; i++) {
    let from = 0;
    for (let axis = 0; axis < shape.length; axis++) from += index[axis] * strides[axis];
    out[i] = values[from];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return out;
}

/** An object of a class that is kept as its name and its attributes: scipy's sparse matrix, chumpy's Ch and Select. */
export class PickledObject {
  readonly className: string;
  state: ReadonlyMap<unknown, unknown> = new Map();

  constructor(className: string) {
    this.className = className;
  }

  __setstate__(state: unknown): void {
    // With slots, Python writes (attributes, slots).
    const attributes = Array.isArray(state) ? state[0] : state;
    if (!(attributes instanceof Map)) fail(`the state of a ${this.className} is not a dictionary`);
    this.state = attributes;
  }
}

/** Numbers with their shape. */
export interface NumericArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * The numbers of an array, a list of numbers, a compressed sparse column matrix (made dense), a chumpy Ch (its x) or a
 * chumpy Select (`a.ravel()[idxs].reshape(preferred_shape)`). Throws Error for anything else.
 */
export function toNumbers(value: unknown): NumericArray {
  if (value instanceof NdArray) return { shape: value.shape, data: value.toFloat64() };
  if (typeof value === "number") return { shape: [], data: Float64Array.of(value) };
  if (Array.isArray(value)) {
    const rows = value.map(toNumbers);
    const inner = rows[0]?.shape ?? [];
    if (rows.some((row) => row.shape.join() !== inner.join())) fail("a list holds arrays of different shapes");
    const data = new Float64Array(rows.length * inner.reduce((product, side) => product * side, 1));
    rows.forEach((row, i) => {
      data.set(row.data, i * row.data.length);
    });
    return { shape: [rows.length, ...inner], data };
  }
  if (value instanceof PickledObject) {
    if (value.className.endsWith("csc_matrix")) return denseFromColumns(value);
    if (value.className.endsWith("Select")) return selected(value);
    if (value.className.endsWith("Ch")) return toNumbers(attribute(value, "x"));
  }
  return fail(`found ${describe(value)}, expected an array of numbers`);
}

/** What a value is, for a sentence. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value instanceof PickledObject) return `a ${value.className}`;
  if (value instanceof Map) return "a dictionary";
  if (value instanceof NdArray) return `an array of shape [${value.shape}]`;
  return Array.isArray(value) ? `a list of ${value.length}` : `a ${typeof value}`;
}

function attribute(object: PickledObject, name: string): unknown {
  return object.state.get(name) ?? fail(`a ${object.className} has no attribute "${name}"`);
}

function denseFromColumns(matrix: PickledObject): NumericArray {
  const [data, indices, starts, shape] = ["data", "indices", "indptr", "_shape"].map(
    (name) => toNumbers(attribute(matrix, name)).data,
  );
  const [rows, columns] = shape;
  const isSize = (side: number): boolean => Number.isInteger(side) && side >= 0;
  if (
    shape.length !== 2 ||
    !isSize(rows) ||
    !isSize(columns) ||
    starts.length !== columns + 1 ||
    rows * columns > MAX_DENSE
  ) {
    fail("a sparse matrix has a broken shape");
  }
  if (indices.length !== data.length || starts[0] !== 0 || starts[columns] > data.length) {
    fail("a sparse matrix has column starts that do not fit its numbers");
  }
  const out = new Float64Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    if (!(isSize(starts[column]) && starts[column] <= starts[column + 1]))
      fail("a sparse matrix has columns out of order");
    for (let i = starts[column]; i < starts[column + 1]; i++) {
      if (!(isSize(indices[i]) && indices[i] < rows)) fail("a sparse matrix points outside its shape");
      out[indices[i] * columns + column] += data[i];
    }
  }
  return { shape: [rows, columns], data: out };
}

function selected(select: PickledObject): NumericArray {
  const from = toNumbers(attribute(select, "a")).data;
  const indices = toNumbers(attribute(select, "idxs")).data;
  const shape = [...toNumbers(attribute(select, "preferred_shape")).data];
  if (shape.reduce((product, side) => product * side, 1) !== indices.length) fail("a chumpy Select has a broken shape");
  const data = indices.map((i) => from[i] ?? fail(`a chumpy Select reads element ${i} of ${from.length}`));
  return { shape, data };
}
