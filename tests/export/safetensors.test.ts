import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/data/data-error";
import { readSafetensors, type SafeTensor, writeSafetensors } from "../../src/export/safetensors";

/** A file from a header's text and data bytes, as a hostile or careless writer would make it. */
function file(header: string, dataBytes: number, claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (begin: number | string, end: number | string, shape = "[2]", dtype = "F32"): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

describe("safetensors", () => {
  const tensors = new Map<string, SafeTensor>([
    ["weight", { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, -2, Number.NaN, 4, 5, 1e-40) }],
    ["steps", { dtype: "I64", shape: [], data: BigInt64Array.of(-(2n ** 62n)) }],
    ["faces", { dtype: "U32", shape: [3], data: Uint32Array.of(0, 1, 0xffffffff) }],
    ["empty", { dtype: "F32", shape: [0, 7], data: new Float32Array(0) }],
    ['naïve "手"', { dtype: "F32", shape: [1], data: Float32Array.of(7) }],
  ]);

  it("writes what it reads, aligned to the element, at any offset of the host array", () => {
    const bytes = writeSafetensors(tensors, { step: "12" });
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(headerBytes % 8).toBe(0);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const read = readSafetensors(shifted.subarray(3), "a.safetensors");
    expect([...read.metadata]).toEqual([
      ["format", "pt"],
      ["step", "12"],
    ]);
    expect(read.tensors.size).toBe(5);
    for (const [name, tensor] of tensors) expect(read.tensors.get(name)).toEqual(tensor);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
    expect(header.steps).toEqual({ dtype: "I64", shape: [], data_offsets: [0, 8] });
  });

  it("accepts what the format allows: spaces, any key order, tensors in any order, no tensor", () => {
    const header = `{ "b" : { "data_offsets" : [8, 16], "shape":[2],"dtype":"F32"}, "a":${entry(0, 8)} }   `;
    expect([...readSafetensors(file(header, 16), "x").tensors.keys()]).toEqual(["b", "a"]);
    expect(readSafetensors(file("{}", 0), "x").tensors.size).toBe(0);
  });

  it.each([
    ["no header", new Uint8Array(5), "has 5 bytes"],
    ["a header over 100 MB", file("{}", 0, 100_000_001n), "claims 100000001 bytes, at most"],
    ["a header length of 2^64 - 1", file("{}", 0, 2n ** 64n - 1n), "at most 100000000"],
    ["a cut header", file("{}", 0, 3n), "the file ends after 2"],
    [
      "overlap",
      file(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12),
      '"b" begins at byte 4, expected 8: tensors overlap',
    ],
    [
      "a hole",
      file(`{"a":${entry(0, 8)},"b":${entry(12, 20)}}`, 20),
      '"b" begins at byte 12, expected 8: there is a hole',
    ],
    ["the past end", file(`{"a":${entry(0, 8)}}`, 4), '"a" ends at byte 8, but the file holds 4'],
    ["reversed offsets", file(`{"a":${entry(8, 0)}}`, 8), "begins at byte 8 and ends at 0"],
    [
      "negative offsets",
      file(`{"a":${entry(-8, 0)}}`, 8),
      'data_offsets of "a" holds something other than whole numbers',
    ],
    ["fractional shape", file(`{"a":${entry(0, 8, "[2.0]")}}`, 8), 'shape of "a" holds something other'],
    ["exponent shape", file(`{"a":${entry(0, 8, "[2e0]")}}`, 8), 'shape of "a" holds something other'],
    ["overflowing shape", file(`{"a":${entry(0, 8, "[4294967296,4294967296]")}}`, 8), "has 8 bytes, expected"],
    ["a size beyond 2^53", file(`{"a":${entry(0, "99999999999999999999")}}`, 8), "whole numbers from 0 to 2^53 - 1"],
    ["another size than the shape's", file(`{"a":${entry(0, 8, "[3]")}}`, 8), "of shape [3] has 8 bytes, expected 12"],
    ["a key twice", file(`{"a":${entry(0, 8)},"\\u0061":${entry(0, 8)}}`, 8), 'the header has the key "a" twice'],
    ["a field twice", file('{"a":{"dtype":"F32","dtype":"F32"}}', 0), 'tensor "a" has the key "dtype" twice'],
    ["trailing bytes", file(`{"a":${entry(0, 8)}}`, 9), "1 bytes follow the last tensor"],
    ["something after the header", file(`{"a":${entry(0, 8)}}\n`, 8), "something other than spaces"],
    ["a leading space", file(` {"a":${entry(0, 8)}}`, 8), "does not begin with {"],
    [
      "another dtype",
      file(`{"a":${entry(0, 4, "[2]", "BF16")}}`, 4),
      'tensor "a" has dtype BF16; F32, I64 and U32 are read',
    ],
    ["a missing field", file('{"a":{"dtype":"F32","shape":[0]}}', 0), '"a" needs dtype, shape and two data_offsets'],
    ["an unknown field", file('{"a":{"kind":"F32"}}', 0), 'unknown field "kind"'],
    ["metadata that is no string", file('{"__metadata__":{"a":1}}', 0), 'has no """ at character 21'],
    ["an array", file("[]", 0), "does not begin with {"],
    ["an unclosed string", file('{"a', 0), "no valid string"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes, "evil.safetensors")).toThrow(DataError);
    expect(() => readSafetensors(bytes, "evil.safetensors")).toThrow(`evil.safetensors: `);
    expect(() => readSafetensors(bytes, "evil.safetensors")).toThrow(message);
  });

  it("refuses 10,001 tensors and bytes that are not UTF-8", () => {
    const many = Array.from({ length: 10_001 }, (_, i) => `"t${i}":${entry(0, 0, "[0]")}`).join();
    expect(() => readSafetensors(file(`{${many}}`, 0), "x")).toThrow("more than 10000 tensors");
    const bad = file('{"a"}', 0);
    bad[10] = 0xff;
    expect(() => readSafetensors(bad, "x")).toThrow("the header is not UTF-8");
  });

  it("keeps __proto__ as a plain name", () => {
    const { tensors: found } = readSafetensors(file(`{"__proto__":${entry(0, 8)}}`, 8), "x");
    expect([...found.keys()]).toEqual(["__proto__"]);
    expect(({} as { dtype?: string }).dtype).toBeUndefined();
  });

  it("any damage gives a typed refusal or a valid file", () => {
    const good = writeSafetensors(tensors);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (edits) => {
        const bytes = good.slice();
        for (const [at, value] of edits) bytes[at] = value;
        try {
          readSafetensors(bytes, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it("refuses to write data that do not fit their shape", () => {
    expect(() => writeSafetensors(new Map([["w", { dtype: "F32", shape: [3], data: new Float32Array(2) }]]))).toThrow(
      'safetensors: "w" of shape [3] has 2 numbers, expected 3',
    );
  });
});
