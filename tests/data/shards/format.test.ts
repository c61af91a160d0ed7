import fc from "fast-check";
import { expect, test } from "vitest";
import { cropRecord, recordSide } from "../../../src/data/crop";
import { DataError } from "../../../src/data/data-error";
import { decodeHeader, decodeRecord, recordOffset, recordStride, ShardEncoder } from "../../../src/data/shards/format";
import type { CropRecord } from "../../../src/data/types";
import { testFrame } from "../helpers";

function decodeAll(bytes: Uint8Array): CropRecord[] {
  const { header, headerBytes } = decodeHeader(bytes, "the shard");
  return header.ids.map((_, k) => {
    const at = recordOffset(headerBytes, header.recordBytes, k);
    return decodeRecord(header, k, bytes.subarray(at, at + header.recordBytes));
  });
}

/** Any record that fits side 16: odd ids, missing depth, no MANO, empty images, numbers of any kind. */
const anyRecord: fc.Arbitrary<CropRecord> = fc
  .record({ width: fc.integer({ min: 0, max: 16 }), height: fc.integer({ min: 0, max: 16 }) })
  .chain(({ width, height }) => {
    const name = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("__proto__", "", "\ud800", 'a"/\\\n', "手/0001"),
    );
    const floats = (n: number): fc.Arbitrary<Float64Array> => fc.float64Array({ minLength: n, maxLength: n });
    const number = fc.double();
    const pixels = width * height;
    return fc.record({
      ...{ id: name, sequence: name, recording: name, width: fc.constant(width), height: fc.constant(height) },
      ...{ x0: number, y0: number, step: number, rootOnly: fc.boolean(), joints3d: floats(63) },
      rgb: fc.uint8Array({ minLength: 3 * pixels, maxLength: 3 * pixels }),
      depth: fc.option(fc.uint16Array({ minLength: pixels, maxLength: pixels }), { nil: undefined }),
      square: fc.tuple(number, number, number),
      camera: fc.tuple(number, number, number, number),
      mano: fc.option(fc.record({ pose: floats(48), shape: floats(10), trans: floats(3) }), { nil: undefined }),
    });
  });

test("every record comes back bit for bit", () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 4 }), (records) => {
      const encoder = new ShardEncoder("odd", 3, 16, 1 << 20);
      for (const record of records) expect(encoder.add(record)).toBe(true);
      expect(decodeAll(encoder.encode())).toEqual(records);
    }),
    { numRuns: 100, seed: 1 },
  );
});

test("records of frames come back, with gaps in depth and labels", () => {
  const frames = [0, 1, 2, 3].map((i) => testFrame(i, { distance: 0.2 + 0.2 * i }));
  const odd = [
    frames[0],
    { ...frames[1], depth: undefined },
    { ...frames[2], mano: undefined, rootOnly: false },
    frames[3],
  ];
  const records = odd.map((frame) => cropRecord(frame, { size: 32 }));
  const encoder = new ShardEncoder("set", 0, recordSide(32), 1 << 20);
  for (const record of records) encoder.add(record);
  const bytes = encoder.encode();
  expect(bytes.length % 8).toBe(0);
  expect(decodeAll(bytes)).toEqual(records);
  expect(encoder.sequences).toEqual(
    new Map([
      ["SYA0", 2],
      ["SYA1", 2],
    ]),
  );
});

test("a shard says when it is full, by records or by the length of ids", () => {
  const record = cropRecord(testFrame(0), { size: 32 });
  const encoder = new ShardEncoder("set", 0, recordSide(32), 3 * recordStride(recordSide(32)));
  expect([0, 1, 2, 3].map((i) => encoder.add({ ...record, id: `${i}` }))).toEqual([true, true, true, false]);
  expect(decodeAll(encoder.encode())).toHaveLength(3);
  const long = new ShardEncoder("set", 0, recordSide(32), 3 * recordStride(recordSide(32)));
  expect(long.add({ ...record, id: "x".repeat(10_000) })).toBe(true);
  expect(long.add({ ...record, id: "x".repeat(10_000) })).toBe(false);
  expect(decodeAll(long.encode())).toHaveLength(1);
  expect(() => new ShardEncoder("set", 0, 48, 1).add({ ...record, id: "x".repeat(1e6) })).toThrow("too long to store");
});

test("what is not a record or not a shard is refused with a sentence", () => {
  const record = cropRecord(testFrame(0), { size: 32 });
  const encoder = new ShardEncoder("set", 7, recordSide(32), 1 << 20);
  expect(() => encoder.add({ ...record, width: 49 })).toThrow(/"SYA0\/0000": the record has 49 x \d+ pixels/);
  expect(() => encoder.add({ ...record, joints3d: new Float64Array(60) })).toThrow(
    "joints3d has 60 numbers, expected 63",
  );
  expect(encoder.ids).toEqual([]);
  encoder.add(record);
  const bytes = encoder.encode();
  expect(() => decodeHeader(bytes.subarray(0, -8), "shard 7")).toThrow(/^shard 7 has \d+ bytes, expected \d+; import/);
  expect(() => decodeHeader(bytes.slice(1), "shard 7")).toThrow("shard 7 does not start as a shard does");
  const later = bytes.slice();
  later[8] = 2;
  expect(() => decodeHeader(later, "shard 7")).toThrow("has format 2, expected 1");
  const torn = bytes.slice();
  torn[17] = 0;
  expect(() => decodeHeader(torn, "shard 7")).toThrow("has a header that is not JSON");
  const { header, headerBytes } = decodeHeader(bytes, "shard 7");
  for (const wrong of [null, [], { ...header, ids: 5 }, { ...header, recordBytes: 8 }, { ...header, placeOf: [1] }]) {
    const other = bytes.slice();
    const json = new TextEncoder().encode(JSON.stringify(wrong).padEnd(headerBytes));
    expect(json).toHaveLength(headerBytes);
    other.set(json, 16);
    expect(() => decodeHeader(other, "shard 7")).toThrow("shard 7 has a header that does not describe its records");
  }
  const cut = bytes.subarray(recordOffset(headerBytes, header.recordBytes, 0)).subarray(0, -8);
  expect(() => decodeRecord(header, 0, cut)).toThrow(DataError);
  expect(() =>
    decodeRecord({ ...header, ids: ["a", "b"], placeOf: [0, 0] }, 1, bytes.subarray(-header.recordBytes)),
  ).toThrow('shard 7 of "set": record 1 ("b") calls itself record 0');
});
