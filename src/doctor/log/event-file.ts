/**
 * TensorBoard event files: TFRecord framing (u64 length, masked CRC-32C of it, content, its masked CRC), protobuf Event with a
 * Summary of scalars, as `simple_value` (PyTorch) or as a tensor of one element (TensorFlow 2). A damaged place is skipped and counted.
 * Sources: tensorflow/core/lib/io/record_writer.cc, util/event.proto, framework/{summary,tensor}.proto.
 */
import { crc32c } from "../../export/tfevents";
import { join } from "./lines";
import { seriesName } from "./names";
import { RunBuilder } from "./run-builder";
import type { FileReport } from "./types";

/** A longer record (an image, a video) is not kept in memory; its bytes are passed over. */
const LONGEST_RECORD = 1 << 24;

export interface Scalar {
  readonly tag: string;
  readonly value: number;
}

/** Whether bytes begin like an event file: a length below 1 KiB with its own checksum. */
export function isEventFile(start: Uint8Array): boolean {
  return start.length >= 12 && lengthAt(start, 0) !== undefined;
}

/** Reads one file chunk by chunk into one run; steps that go back begin another. */
export class EventFileReader {
  readonly runs: RunBuilder[] = [];
  /** What is not read yet, joined only when a record can be whole: a long one in small chunks is not copied again and again. */
  #parts: Uint8Array[] = [];
  #waiting = 0;
  #need = 12;
  #bytes = 0;
  #scanned = 0;
  #records = 0;
  #damaged = 0;
  #resyncs = 0;
  #skip = 0;
  #long = 0;

  constructor(readonly name: string) {}

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    let part = chunk;
    if (this.#skip > 0) {
      const passed = Math.min(this.#skip, part.length);
      this.#skip -= passed;
      part = part.subarray(passed);
    }
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#waiting += part.length;
    if (this.#waiting < this.#need) return;
    const bytes = join(this.#parts, this.#waiting);
    const rest = bytes.slice(this.#consume(bytes));
    this.#parts = rest.length > 0 ? [rest] : [];
    this.#waiting = rest.length;
  }

  end(): FileReport {
    const notes = [
      ...(this.#damaged > 0 ? [`${this.#damaged} records are damaged and were left out`] : []),
      ...(this.#resyncs > 0
        ? [`${this.#resyncs} places hold no record; reading went on at the next one that has its checksum`]
        : []),
      ...(this.#waiting > 0 || this.#skip > 0
        ? [`the last record is cut off: ${this.#waiting} bytes are left over`]
        : []),
      ...(this.#long > 0 ? [`${this.#long} records over 16 MiB were passed over`] : []),
    ];
    const { name } = this;
    return { name, bytes: this.#bytes, lines: this.#records, scanned: this.#scanned, notes, head: [] };
  }

  /** Handles the whole records of `bytes`; returns where the first incomplete one begins. */
  #consume(bytes: Uint8Array): number {
    let at = 0;
    let isLost = false;
    this.#need = 12;
    while (at + 12 <= bytes.length) {
      this.#scanned += 12;
      const length = lengthAt(bytes, at);
      if (length === undefined) {
        // Another record begins where eight bytes match the checksum behind them.
        if (!isLost) this.#resyncs++;
        isLost = true;
        at++;
        continue;
      }
      isLost = false;
      const end = at + 16 + length;
      if (length > LONGEST_RECORD) {
        this.#long++;
        this.#skip = Math.max(0, end - bytes.length);
        at = Math.min(end, bytes.length);
        continue;
      }
      if (end > bytes.length) {
        this.#need = end - at;
        break;
      }
      const content = bytes.subarray(at + 12, at + 12 + length);
      this.#scanned += length;
      this.#records++;
      if (masked(crc32c(content)) !== u32(bytes, end - 4)) this.#damaged++;
      else this.#event(content);
      at = end;
    }
    return at;
  }

  #event(content: Uint8Array): void {
    let step = 0;
    const scalars: Scalar[] = [];
    try {
      for (const field of fields(content)) {
        if (field.number === 2 && field.wire === 0) step = field.value;
        if (field.number === 5 && field.bytes)
          for (const value of fields(field.bytes))
            if (value.number === 1 && value.bytes) scalars.push(...scalarOf(value.bytes));
      }
    } catch {
      this.#damaged++;
      return;
    }
    for (const { tag, value } of scalars) this.#add(step, tag, value);
  }

  #add(step: number, tag: string, value: number): void {
    const [name, split] = seriesName(tag);
    if (name === "epoch" || name === "hp_metric") return;
    let run = this.runs.at(-1);
    if (!run) {
      run = new RunBuilder(this.name, 1);
      this.runs.push(run);
    }
    run.marks.events++;
    run.lastLine = this.#records;
    run.point(name, split, { step, epoch: undefined, value, line: this.#records });
  }
}

interface Field {
  readonly number: number;
  readonly wire: number;
  /** Of wire types 0, 1 and 5: the number, for 1 and 5 its float. */
  readonly value: number;
  readonly bytes: Uint8Array | undefined;
}

/** The fields of one protobuf message. Throws when it ends in the middle of one. */
function* fields(message: Uint8Array): Generator<Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 10; shift++) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("event file: a number is cut off");
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    throw new Error("event file: a number has more than ten bytes");
  };
  while (at < message.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (wire === 0) yield { number, wire, value: varint(), bytes: undefined };
    else if (wire === 1 || wire === 5) {
      const value = wire === 1 ? view.getFloat64(at, true) : view.getFloat32(at, true);
      at += wire === 1 ? 8 : 4;
      yield { number, wire, value, bytes: undefined };
    } else if (wire === 2) {
      const length = varint();
      if (at + length > message.length) throw new Error("event file: a field is cut off");
      yield { number, wire, value: length, bytes: message.subarray(at, at + length) };
      at += length;
    } else throw new Error(`event file: wire type ${wire}`);
  }
}

const text = new TextDecoder();

/** Summary.Value: tag 1, simple_value 2, tensor 8. */
function scalarOf(message: Uint8Array): Scalar[] {
  let tag = "";
  let value: number | undefined;
  for (const field of fields(message)) {
    if (field.number === 1 && field.bytes) tag = text.decode(field.bytes.subarray(0, 256));
    if (field.number === 2 && field.wire === 5) value = field.value;
    if (field.number === 8 && field.bytes) value = tensorScalar(field.bytes);
  }
  return tag !== "" && value !== undefined ? [{ tag, value }] : [];
}

/** TensorProto with one element: dtype 1 (1 float, 2 double, 3 int32, 9 int64), content 4, float_val 5, double_val 6. */
function tensorScalar(message: Uint8Array): number | undefined {
  let type = 1;
  let value: number | undefined;
  for (const { number, wire, value: found, bytes } of fields(message)) {
    if (number === 1) type = found;
    else if (number === 4 && bytes) value = rawScalar(type, bytes) ?? value;
    else if (number === 5 && wire === 5) value = found;
    else if (number === 5 && bytes) value = rawScalar(1, bytes);
    else if (number === 6 && wire === 1) value = found;
    else if (number === 6 && bytes) value = rawScalar(2, bytes);
    else if ((number === 7 || number === 10) && wire === 0) value = found;
  }
  return type === 1 || type === 2 || type === 3 || type === 9 ? value : undefined;
}

function rawScalar(type: number, bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === 1 && bytes.length === 4) return view.getFloat32(0, true);
  if (type === 2 && bytes.length === 8) return view.getFloat64(0, true);
  if (type === 3 && bytes.length === 4) return view.getInt32(0, true);
  if (type === 9 && bytes.length === 8) return Number(view.getBigInt64(0, true));
  return undefined;
}

const u32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;

/** TensorFlow rotates and shifts a checksum, so that a checksum of data that holds checksums stays a good one. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

/** Length of the record at `at` when it has its checksum. */
function lengthAt(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at + 7] !== 0 || bytes[at + 6] !== 0) return undefined; // spares the checksum: no record has 2^48 bytes
  if (masked(crc32c(bytes.subarray(at, at + 8))) !== u32(bytes, at + 8)) return undefined;
  return u32(bytes, at) + u32(bytes, at + 4) * 2 ** 32;
}
