/**
 * TensorBoard event files, scalars only: TFRecord framing with masked CRC-32C round protobuf messages
 * Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5 },
 * Summary { repeated Value value = 1 }, Value { string tag = 1; float simple_value = 2 }.
 * Sources: tensorflow/core/lib/io/record_writer.cc, tensorflow/core/util/event.proto, framework/summary.proto.
 */

/** First record of a file. `wallTimeSeconds` since 1970. */
export const eventFileHeader = (wallTimeSeconds: number): Uint8Array<ArrayBuffer> =>
  record([...double(1, wallTimeSeconds), ...bytes(3, encode("brain.Event:2"))]);

/** One record with the scalars of one step, to be appended to a file. Throws unless `step` is a whole number from 0. */
export function scalarEvent(
  step: number,
  wallTimeSeconds: number,
  scalars: Readonly<Record<string, number>>,
): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new Error(`tfevents: step is ${step}, expected a whole number from 0`);
  const values = Object.entries(scalars).flatMap(([tag, value]) =>
    bytes(1, [...bytes(1, encode(tag)), ...float(2, value)]),
  );
  return record([...double(1, wallTimeSeconds), 0x10, ...varint(step), ...bytes(5, values)]);
}

/** "events.out.tfevents.1700000000.handloom": TensorBoard looks for "tfevents" and orders by the time. */
export const eventFileName = (wallTimeSeconds: number): string =>
  `events.out.tfevents.${String(Math.floor(wallTimeSeconds)).padStart(10, "0")}.handloom`;

/** An event file that grows in memory and is written whole, so that a reader never sees half a record. */
export class TfEvents {
  readonly #parts: Uint8Array<ArrayBuffer>[];
  #size = 0;

  constructor(
    /** File name; must contain "tfevents". */
    readonly name: string,
    wallTimeSeconds: number,
  ) {
    this.#parts = [];
    this.#add(eventFileHeader(wallTimeSeconds));
  }

  #add(part: Uint8Array<ArrayBuffer>): void {
    this.#parts.push(part);
    this.#size += part.length;
  }

  scalar(tag: string, value: number, step: number, wallTimeSeconds: number): void {
    this.#add(scalarEvent(step, wallTimeSeconds, { [tag]: value }));
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const file = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      file.set(part, at);
      at += part.length;
    }
    this.#parts.splice(0, this.#parts.length, file);
    return file.slice();
  }
}

const encode = (text: string): number[] => [...new TextEncoder().encode(text)];

function varint(value: number): number[] {
  const result: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) result.push((rest % 0x80) | 0x80);
  result.push(rest);
  return result;
}

const bytes = (field: number, content: readonly number[]): number[] => [
  (field << 3) | 2,
  ...varint(content.length),
  ...content,
];

function double(field: number, value: number): number[] {
  const buffer = new DataView(new ArrayBuffer(8));
  buffer.setFloat64(0, value, true);
  return [(field << 3) | 1, ...new Uint8Array(buffer.buffer)];
}

function float(field: number, value: number): number[] {
  const buffer = new DataView(new ArrayBuffer(4));
  buffer.setFloat32(0, value, true);
  return [(field << 3) | 5, ...new Uint8Array(buffer.buffer)];
}

/** u64 length, masked CRC of those 8 bytes, the content, its masked CRC. */
function record(content: readonly number[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(16 + content.length);
  const view = new DataView(result.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(8, maskedCrc(result.subarray(0, 8)), true);
  result.set(content, 12);
  view.setUint32(12 + content.length, maskedCrc(result.subarray(12, 12 + content.length)), true);
  return result;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c >>> 0;
});

/** CRC-32C (Castagnoli, reflected). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
