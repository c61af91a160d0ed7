/**
 * numpy's .npy and .npz files as numbers. Only what is asked for is inflated, sizes are known before anything is allocated,
 * and every entry is held against its checksum: a damaged archive never becomes other numbers. Object arrays, which are
 * pickles in disguise, are refused. Format: numpy.lib.format, and a zip archive of such files.
 */
import { inflateSync } from "fflate";
import { parse } from "npyjs";
import { DataError, messageOf } from "./data-error";
import { crc32 } from "./image-check";
import { type NumericArray, rowMajor } from "./numpy";

/** Larger entries are refused before they are inflated. MANO's largest has 2.5 MB. */
const MAX_ENTRY_BYTES = 256 << 20;
/** Deflate never does better: 258 bytes for two bits. */
const DEFLATE_RATIO = 1032;
const MAX_ENTRIES = 4096;
const MAX_DIMENSIONS = 8;

const NPY_MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const [CENTRAL_BYTES, LOCAL_BYTES, END_BYTES] = [46, 30, 22];
const ZIP64 = 0xffffffff;

function damaged(name: string, what: string): DataError {
  return new DataError(`${name}: ${what}; copy or save the file again`, "npz damaged");
}

/** Size of one number in the dtypes that hold numbers. */
const ITEM_BYTES: ReadonlyMap<string, number> = new Map(
  Object.entries({ b1: 1, i1: 1, u1: 1, i2: 2, u2: 2, i4: 4, u4: 4, i8: 8, u8: 8, f2: 2, f4: 4, f8: 8 }),
);

/** The header's dictionary as text, and where the numbers begin. */
function npyHeader(bytes: Uint8Array, name: string): { text: string; start: number } {
  if (!NPY_MAGIC.every((byte, i) => bytes[i] === byte) || bytes.length < 12) {
    throw damaged(name, "the file does not start as a numpy array does");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOld = bytes[6] === 1;
  const start = isOld ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  if (bytes[6] < 1 || bytes[6] > 3 || start > bytes.length || start > 65_536) {
    throw damaged(name, `the array's header has version ${bytes[6]} and ends at byte ${start} of ${bytes.length}`);
  }
  return { text: String.fromCharCode(...bytes.subarray(isOld ? 10 : 12, start)), start };
}

/** Where the numbers begin, once shape and dtype agree with the bytes that are there: 2^60 numbers are refused before they are made. */
function checkHeader(bytes: Uint8Array, name: string): number {
  const { text, start } = npyHeader(bytes, name);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined || shape === undefined || !/'fortran_order'\s*:\s*(True|False)/.test(text)) {
    throw damaged(name, "the array's header does not say dtype, order and shape of an array of plain numbers");
  }
  if (descr.includes("O")) {
    throw new DataError(
      `${name}: the array holds Python objects (dtype "${descr}"), which are never loaded; save it as numbers, or choose the .pkl file`,
      "npz holds objects",
    );
  }
  const size = /^[<|=]/.test(descr) ? ITEM_BYTES.get(descr.slice(1)) : undefined;
  if (size === undefined) {
    throw new DataError(`${name}: the array has dtype "${descr.slice(0, 40)}", expected little-endian numbers`);
  }
  const sides = shape.split(",").filter((side) => side.trim() !== "");
  const count = sides.reduce((product, side) => product * Number(side), 1);
  const found = bytes.length - start;
  if (sides.length > MAX_DIMENSIONS || count * size !== found) {
    throw damaged(
      name,
      `an array of shape (${shape.slice(0, 80)}) and dtype "${descr}" has ${found} bytes, expected ${count * size}`,
    );
  }
  return start;
}

/** The file with its header padded so that the numbers begin at a multiple of 8, where typed arrays can begin. numpy's do. */
function aligned(bytes: Uint8Array, start: number): ArrayBuffer {
  const padding = (8 - (start % 8)) % 8;
  const out = new Uint8Array(bytes.length + padding).fill(0x20, start, start + padding);
  out.set(bytes.subarray(0, start));
  out.set(bytes.subarray(start), start + padding);
  const view = new DataView(out.buffer);
  if (bytes[6] === 1) view.setUint16(8, view.getUint16(8, true) + padding, true);
  else view.setUint32(8, view.getUint32(8, true) + padding, true);
  return out.buffer;
}

function toDoubles(data: ArrayLike<number | bigint | boolean>, name: string): Float64Array {
  const out = new Float64Array(data.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = Number(data[i]);
    if (typeof data[i] === "bigint" && !Number.isSafeInteger(out[i])) {
      throw new DataError(`${name}: the integer ${data[i]} at place ${i} is beyond 2^53`);
    }
  }
  return out;
}

/**
 * An .npy file as doubles in row-major order, whatever its order in memory. Throws DataError naming the file for object
 * arrays, texts, big-endian numbers, integers beyond 2^53, and a shape that its bytes do not fill.
 */
export function readNpy(bytes: Uint8Array, name: string): NumericArray {
  const start = checkHeader(bytes, name);
  try {
    const { data, shape, fortranOrder } = parse(aligned(bytes, start));
    const values = toDoubles(data as unknown as ArrayLike<number | bigint | boolean>, name);
    return { shape, data: fortranOrder ? rowMajor(values, shape) : values };
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged(name, `the array cannot be read (${messageOf(error)})`);
  }
}

interface Entry {
  readonly method: number;
  readonly checksum: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/** The central directory at the end of a zip archive, which alone says what is in it. Source: PKWARE APPNOTE, 4.3.12 and 4.3.16. */
function directory(bytes: Uint8Array, view: DataView, name: string): Map<string, Entry> {
  let end = bytes.length - END_BYTES;
  const first = Math.max(0, end - 0xffff);
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first) throw damaged(name, "the file does not end as a zip archive does");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count > MAX_ENTRIES) throw damaged(name, `the archive names ${count} arrays, expected at most ${MAX_ENTRIES}`);
  const entries = new Map<string, Entry>();
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL) {
      throw damaged(name, `entry ${i} of ${count} of the archive's directory is broken`);
    }
    const field = (offset: number): number => view.getUint32(at + offset, true);
    const short = (offset: number): number => view.getUint16(at + offset, true);
    const label = new TextDecoder().decode(bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + short(28)));
    const entry = { method: short(10), checksum: field(16), packed: field(20), size: field(24), offset: field(42) };
    if ([entry.packed, entry.size, entry.offset].includes(ZIP64)) {
      throw new DataError(`${name}: "${label}" is larger than 4 GB, expected the small arrays of hand data`);
    }
    if ((short(8) & 1) === 1) throw new DataError(`${name}: "${label}" is encrypted`);
    if (entries.has(label)) throw damaged(name, `the archive names "${label}" twice`);
    entries.set(label, entry);
    at += CENTRAL_BYTES + short(28) + short(30) + short(32);
  }
  return entries;
}

function unpack(bytes: Uint8Array, view: DataView, entry: Entry, name: string): Uint8Array {
  const { method, checksum, packed, size, offset } = entry;
  if (size > MAX_ENTRY_BYTES || size > DEFLATE_RATIO * packed) {
    throw new DataError(
      `${name}: ${packed} bytes claim to hold ${size}, expected at most ${Math.min(MAX_ENTRY_BYTES, DEFLATE_RATIO * packed)}`,
      "npz too large",
    );
  }
  if (offset + LOCAL_BYTES > bytes.length || view.getUint32(offset, true) !== LOCAL) {
    throw damaged(name, `the archive's directory points to byte ${offset}, where no entry begins`);
  }
  const start = offset + LOCAL_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packed > bytes.length) throw damaged(name, `the archive is cut off at byte ${bytes.length}`);
  const raw = bytes.subarray(start, start + packed);
  if (method !== 0 && method !== 8) {
    throw new DataError(`${name}: packed by method ${method}, expected numpy's: stored or deflated`);
  }
  let out: Uint8Array;
  try {
    out = method === 0 ? raw : inflateSync(raw, { out: new Uint8Array(size) });
  } catch (error) {
    throw damaged(name, `the entry cannot be unpacked (${messageOf(error)})`);
  }
  if (out.length !== size || crc32(out) !== checksum) throw damaged(name, "the checksum of the entry is wrong");
  return out;
}

/** An .npz archive whose arrays are read when they are asked for. */
export interface NpzFile {
  /** Names of the arrays, without ".npy". */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Throws DataError naming file and array when it is missing, damaged, or not numbers. */
  read(name: string): NumericArray;
}

/** Opens an .npz archive; unpacks nothing yet. `name` is the file, for errors. Throws DataError when it is not a whole zip archive. */
export function openNpz(bytes: Uint8Array, name: string): NpzFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < END_BYTES) throw damaged(name, `the file has ${bytes.length} bytes, too few for a zip archive`);
  const entries = directory(bytes, view, name);
  return {
    names: [...entries.keys()].filter((each) => each.endsWith(".npy")).map((each) => each.slice(0, -4)),
    has: (array) => entries.has(`${array}.npy`),
    read: (array) => {
      const entry = entries.get(`${array}.npy`);
      if (entry === undefined) throw new DataError(`${name}: the array "${array}" is missing`, "annotation missing");
      const place = `${name}, array "${array}"`;
      return readNpy(unpack(bytes, view, entry, place), place);
    },
  };
}

/** Whether a file begins as a zip archive, and so as an .npz, does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b;
}
