/** Writes pickles of protocol 2 as Python 2 and numpy 1 write them, which is how HO-3D's meta files are made. */

/** An array of numbers as numpy pickles it: little endian, rows first. */
export interface PickleArray {
  readonly dtype: "f8" | "f4" | "i4" | "b1";
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** What a pickle may hold here: None, bool, int, float, byte string, array, list, dictionary with text keys. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | PickleArray
  | readonly PickleValue[]
  | ReadonlyMap<string, PickleValue>;

const ITEM_BYTES = { f8: 8, f4: 4, i4: 4, b1: 1 } as const;

/** Bytes in a buffer that grows. */
class Writer {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  reserve(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  get view(): DataView {
    return this.#view;
  }

  byte(value: number): void {
    const at = this.reserve(1);
    this.#bytes[at] = value;
  }

  /** Opcodes and names, characters 0 to 255. */
  text(text: string): void {
    const at = this.reserve(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 255) throw new RangeError(`pickle: "${text.slice(0, 40)}" holds a character beyond 255`);
      this.#bytes[at + i] = code;
    }
  }

  uint32(value: number): void {
    const at = this.reserve(4);
    this.#view.setUint32(at, value, true);
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

function writeInteger(out: Writer, value: number): void {
  if (value >= 0 && value < 256) {
    out.text("K");
    out.byte(value);
  } else {
    out.text("J");
    out.uint32(value >>> 0);
  }
}

/** SHORT_BINSTRING or BINSTRING: a Python 2 str. */
function writeString(out: Writer, text: string): void {
  if (text.length < 256) {
    out.text("U");
    out.byte(text.length);
  } else {
    out.text("T");
    out.uint32(text.length);
  }
  out.text(text);
}

function writeTuple(out: Writer, items: readonly number[]): void {
  out.text("(");
  for (const item of items) writeInteger(out, item);
  out.text("t");
}

/** ndarray: _reconstruct(ndarray, (0,), 'b'), then its state (1, shape, dtype, is_fortran, bytes). */
function writeArray(out: Writer, { dtype, shape, data }: PickleArray): void {
  const count = shape.reduce((product, side) => product * side, 1);
  if (data.length !== count) {
    throw new RangeError(`pickle: an array of shape [${shape}] has ${data.length} numbers, expected ${count}`);
  }
  out.text("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n");
  writeTuple(out, [0]);
  writeString(out, "b");
  out.text("\x87R(K\x01");
  writeTuple(out, shape);
  out.text("cnumpy\ndtype\n");
  writeString(out, dtype);
  out.text("K\x00K\x01\x87R(K\x03");
  writeString(out, dtype === "b1" ? "|" : "<");
  out.text("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T");
  const size = ITEM_BYTES[dtype];
  out.uint32(count * size);
  const at = out.reserve(count * size);
  const view = out.view;
  for (let i = 0; i < count; i++) {
    if (dtype === "f8") view.setFloat64(at + 8 * i, data[i], true);
    else if (dtype === "f4") view.setFloat32(at + 4 * i, data[i], true);
    else if (dtype === "i4") view.setInt32(at + 4 * i, data[i], true);
    else view.setUint8(at + i, data[i] === 0 ? 0 : 1);
  }
  out.text("tb");
}

function isMap(value: PickleValue): value is ReadonlyMap<string, PickleValue> {
  return value instanceof Map;
}

function writeValue(out: Writer, value: PickleValue): void {
  if (value === null) out.text("N");
  else if (typeof value === "boolean") out.text(value ? "\x88" : "\x89");
  else if (typeof value === "string") writeString(out, value);
  else if (typeof value === "number") {
    if (Number.isInteger(value) && Math.abs(value) < 0x7fffffff) writeInteger(out, value);
    else {
      out.text("G");
      const at = out.reserve(8);
      out.view.setFloat64(at, value, false);
    }
  } else if (isMap(value)) {
    out.text("}(");
    for (const [key, item] of value) {
      writeString(out, key);
      writeValue(out, item);
    }
    out.text("u");
  } else if ("dtype" in value) writeArray(out, value);
  else {
    out.text("](");
    for (const item of value) writeValue(out, item);
    out.text("e");
  }
}

/** A value as a pickle of protocol 2. Throws RangeError when an array's shape and data differ or a text is beyond latin-1. */
export function writePickle(value: PickleValue): Uint8Array {
  const out = new Writer();
  out.text("\x80\x02");
  writeValue(out, value);
  out.text(".");
  return out.bytes();
}
