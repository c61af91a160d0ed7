/**
 * A shard as bytes, all little-endian:
 *   0   "HANDSHRD", then the schema and the length H of the header, u32 each;
 *   16  header, JSON in UTF-8, filled up with spaces to a multiple of 8: what `ShardHeader` says;
 *   16 + H + k `recordBytes`   record k, all of one length (`recordStride`):
 *       u32 flags, width w, height h, k; then 134 f64: x0, y0, step, square [3], camera [4], joints3d [63], pose [48], shape [10], trans [3];
 *       u8 [h, w, 3] in room for [R, R, 3]; u16 [h, w] depth in room for [R, R].
 * Every number keeps its bits. Nothing is compressed: a record is one slice.
 */
import { DEFAULT_MARGIN, recordSide } from "../crop";
import { DataError, messageOf } from "../data-error";
import type { CropRecord } from "../types";
import { isCount, isListOf, isPairOf, isRecord, isText } from "./shape";
import type { SetDescription } from "./types";

/** Version of the bytes of a shard. */
const FORMAT = 1;
const MAGIC = "HANDSHRD";
const PREFIX = 16;
const FLOATS_AT = 16;
const FLOATS = 134;
const PIXELS_AT = FLOATS_AT + 8 * FLOATS;
const FLAG = { depth: 1, rootOnly: 2, mano: 4 } as const;

/** What a shard says about itself before its records. */
export interface ShardHeader {
  readonly set: string;
  readonly shard: number;
  /** Largest side R of a record, pixels. */
  readonly side: number;
  readonly recordBytes: number;
  readonly ids: readonly string[];
  /** Pairs of sequence and recording, and for each record the number of its pair. */
  readonly places: readonly (readonly [string, string])[];
  readonly placeOf: readonly number[];
}

/** Length in bytes of a record of at most `side` x `side` pixels: a multiple of 8. */
export function recordStride(side: number): number {
  return Math.ceil((PIXELS_AT + depthAt(side) + 2 * side * side) / 8) * 8;
}

/** Bytes from the first pixel to the first depth reading: even, for a u16. */
function depthAt(side: number): number {
  return 3 * side * side + ((side * side) % 2);
}

/** SHA-256 as 64 hexadecimal digits. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** SHA-256 of a list of ids, their order included. */
export function digestIds(ids: readonly string[]): Promise<string> {
  return sha256(new TextEncoder().encode(JSON.stringify(ids)));
}

/** The description of an import of the frames `ids`, with the defaults of `cropRecord`. */
export async function describeSet(
  what: Pick<SetDescription, "source" | "format" | "split" | "size" | "hand"> &
    Partial<Pick<SetDescription, "side" | "boxScale" | "margin" | "quirks" | "opening">>,
  ids: readonly string[],
): Promise<SetDescription> {
  const { side = recordSide(what.size), boxScale = 1.5, margin = DEFAULT_MARGIN } = what;
  const counted = { expected: ids.length, idsDigest: await digestIds(ids), order: ids };
  return { ...what, side, boxScale, margin, recordBytes: recordStride(side), ...counted };
}

/** The numbers of a record in the order of the format, each with its count. */
function numbersOf(record: CropRecord): [string, number, ArrayLike<number>][] {
  const { mano } = record;
  return [
    ["x0, y0, step", 3, [record.x0, record.y0, record.step]],
    ["square", 3, record.square],
    ["camera", 4, record.camera],
    ["joints3d", 63, record.joints3d],
    ["mano.pose", 48, mano?.pose ?? new Float64Array(48)],
    ["mano.shape", 10, mano?.shape ?? new Float64Array(10)],
    ["mano.trans", 3, mano?.trans ?? new Float64Array(3)],
  ];
}

/** Writes record number `index` into `target`, `recordStride(side)` bytes. Throws DataError when it does not have the shapes of CropRecord. */
function encodeRecord(record: CropRecord, index: number, side: number, target: Uint8Array): void {
  const { id, width, height, rgb, depth } = record;
  const pixels = width * height;
  if (!(width <= side && height <= side) || rgb.length !== 3 * pixels || (depth && depth.length !== pixels)) {
    throw new DataError(
      `frame "${id}": the record has ${width} x ${height} pixels, ${rgb.length} colours and ${depth?.length ?? "no"} depths, ` +
        `expected at most ${side} x ${side}, three colours and one depth for each`,
    );
  }
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const flags = (depth ? FLAG.depth : 0) | (record.rootOnly ? FLAG.rootOnly : 0) | (record.mano ? FLAG.mano : 0);
  for (const [i, value] of [flags, width, height, index].entries()) view.setUint32(4 * i, value, true);
  let at = FLOATS_AT;
  for (const [name, count, values] of numbersOf(record)) {
    if (values.length !== count) {
      throw new DataError(`frame "${id}": ${name} has ${values.length} numbers, expected ${count}`);
    }
    for (let i = 0; i < count; i++, at += 8) view.setFloat64(at, values[i], true);
  }
  target.set(rgb, PIXELS_AT);
  // WebGPU runs on little-endian machines only, so that the numbers in memory are the bytes of the format.
  if (depth) target.set(new Uint8Array(depth.buffer, depth.byteOffset, depth.byteLength), PIXELS_AT + depthAt(side));
}

/** Record `index` of a shard from its bytes. The result shares no memory with them. Throws DataError when they are not that record's. */
export function decodeRecord(header: ShardHeader, index: number, bytes: Uint8Array): CropRecord {
  const { side, ids } = header;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = (what: string): DataError =>
    new DataError(
      `shard ${header.shard} of "${header.set}": record ${index} ("${ids[index]}") ${what}`,
      "shard damaged",
    );
  if (bytes.length !== recordStride(side)) throw wrong(`has ${bytes.length} bytes, expected ${recordStride(side)}`);
  const [flags, width, height, number] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  if (number !== index || !(width <= side && height <= side)) {
    throw wrong(`calls itself record ${number} of ${width} x ${height} pixels, expected at most ${side} x ${side}`);
  }
  let at = FLOATS_AT;
  const floats = (count: number): Float64Array => {
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++, at += 8) out[i] = view.getFloat64(at, true);
    return out;
  };
  const [x0, y0, step] = floats(3);
  const [squareX, squareY, squareSide] = floats(3);
  const [fx, fy, cx, cy] = floats(4);
  const joints3d = floats(63);
  const mano = { pose: floats(48), shape: floats(10), trans: floats(3) };
  const [sequence, recording] = header.places[header.placeOf[index]];
  return {
    ...{ id: ids[index], sequence, recording, width, height, x0, y0, step },
    rgb: bytes.slice(PIXELS_AT, PIXELS_AT + 3 * width * height),
    depth: flags & FLAG.depth ? depthsOf(bytes, PIXELS_AT + depthAt(side), width * height) : undefined,
    square: [squareX, squareY, squareSide],
    camera: [fx, fy, cx, cy],
    joints3d,
    rootOnly: (flags & FLAG.rootOnly) !== 0,
    mano: flags & FLAG.mano ? mano : undefined,
  };
}

function depthsOf(bytes: Uint8Array, from: number, count: number): Uint16Array {
  return new Uint16Array(bytes.slice(from, from + 2 * count).buffer);
}

/** Byte of a shard at which record `index` begins. */
export function recordOffset(headerBytes: number, recordBytes: number, index: number): number {
  return PREFIX + headerBytes + index * recordBytes;
}

const isPlace = isPairOf(isText, isText);

function isHeader(value: unknown): value is ShardHeader {
  if (!isRecord(value)) return false;
  const { set, shard, side, recordBytes, ids, places, placeOf } = value;
  if (!isText(set) || !isCount(shard) || !isCount(side) || recordBytes !== recordStride(side)) return false;
  if (!isListOf(ids, isText) || !isListOf(places, isPlace) || !isListOf(placeOf, isCount)) return false;
  return placeOf.length === ids.length && placeOf.every((place) => place < places.length);
}

/** Header of a whole shard, with its length. Throws DataError when the bytes are not a shard of this format or of another length. */
export function decodeHeader(bytes: Uint8Array, what: string): { header: ShardHeader; headerBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = (found: string): DataError =>
    new DataError(`${what} ${found}; import its frames again`, "shard damaged");
  if (bytes.length < PREFIX || String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC) {
    throw wrong("does not start as a shard does");
  }
  const [format, headerBytes] = [view.getUint32(8, true), view.getUint32(12, true)];
  if (format !== FORMAT) throw wrong(`has format ${format}, expected ${FORMAT}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(PREFIX, PREFIX + headerBytes)));
  } catch (error) {
    throw wrong(`has a header that is not JSON (${messageOf(error)})`);
  }
  if (!isHeader(header)) throw wrong("has a header that does not describe its records");
  const length = recordOffset(headerBytes, header.recordBytes, header.ids.length);
  if (bytes.length !== length) throw wrong(`has ${bytes.length} bytes, expected ${length}`);
  return { header, headerBytes };
}

/** Puts records into the bytes of one shard. Holds that one buffer and nothing else of size. */
export class ShardEncoder {
  readonly ids: string[] = [];
  /** Sequences with their records. */
  readonly sequences = new Map<string, number>();
  readonly #places = new Map<string, number>();
  readonly #placeOf: number[] = [];
  readonly #stride: number;
  /** Room for the prefix and the header, before the records. */
  readonly #room: number;
  readonly #capacity: number;
  #headerEstimate: number;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  /**
   * `targetBytes`: about how large the shard may become; it holds one record at least. `previous`: an encoder that is done with,
   * whose buffer is used again.
   */
  constructor(
    readonly set: string,
    readonly shard: number,
    readonly side: number,
    targetBytes: number,
    previous?: ShardEncoder,
  ) {
    this.#stride = recordStride(side);
    this.#capacity = Math.max(1, Math.floor(targetBytes / this.#stride));
    this.#headerEstimate = 512 + 6 * set.length;
    this.#room = Math.ceil((this.#headerEstimate + 65_536 + 128 * this.#capacity) / 8) * 8;
    const length = this.#room + this.#capacity * this.#stride;
    if (previous !== undefined && previous.#bytes?.length === length) this.#bytes = previous.#bytes;
  }

  /** Bytes of the shard as it is. */
  get sizeBytes(): number {
    return this.#headerEstimate + this.ids.length * this.#stride;
  }

  /** False when the record does not fit any more, and then nothing has changed. Throws DataError when it can never fit or has wrong shapes. */
  add(record: CropRecord): boolean {
    const place = JSON.stringify([record.sequence, record.recording]);
    // Six bytes for a character at most: an escaped one.
    const cost = 6 * (record.id.length + place.length) + 16;
    if (this.#headerEstimate + cost > this.#room || this.ids.length === this.#capacity) {
      if (this.ids.length > 0) return false;
      throw new DataError(
        `frame id "${record.id.slice(0, 60)}" and so on has ${record.id.length} characters, too long to store`,
      );
    }
    this.#bytes ??= new Uint8Array(this.#room + this.#capacity * this.#stride);
    const at = this.#room + this.ids.length * this.#stride;
    encodeRecord(record, this.ids.length, this.side, this.#bytes.subarray(at, at + this.#stride).fill(0));
    let placeIndex = this.#places.get(place);
    if (placeIndex === undefined) {
      placeIndex = this.#places.size;
      this.#places.set(place, placeIndex);
    }
    this.#placeOf.push(placeIndex);
    this.ids.push(record.id);
    this.sequences.set(record.sequence, (this.sequences.get(record.sequence) ?? 0) + 1);
    this.#headerEstimate += cost;
    return true;
  }

  /** The shard: a view of the buffer, which further records would change. */
  encode(): Uint8Array<ArrayBuffer> {
    const { set, shard, side, ids } = this;
    const places = [...this.#places.keys()].map((place) => JSON.parse(place) as [string, string]);
    const header: ShardHeader = { set, shard, side, recordBytes: this.#stride, ids, places, placeOf: this.#placeOf };
    const json = new TextEncoder().encode(JSON.stringify(header));
    const headerBytes = Math.ceil(json.length / 8) * 8;
    const buffer = this.#bytes ?? new Uint8Array(this.#room);
    const out = buffer.subarray(this.#room - headerBytes - PREFIX, this.#room + ids.length * this.#stride);
    out.set(new TextEncoder().encode(MAGIC), 0);
    const view = new DataView(out.buffer, out.byteOffset, PREFIX);
    view.setUint32(8, FORMAT, true);
    view.setUint32(12, headerBytes, true);
    out.fill(0x20, PREFIX, PREFIX + headerBytes);
    out.set(json, PREFIX);
    return out;
  }
}
