import { readFileSync } from "node:fs";
import fc from "fast-check";
import { dump } from "npyjs";
import { describe, expect, test } from "vitest";
import { DataError } from "../../src/data/data-error";
import { openNpz, readNpy } from "../../src/data/npz";
import { npz } from "../helpers/npz";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(`tests/data/fixtures/${name}`));
const arrays = openNpz(fixture("arrays.npz"), "arrays.npz");

/** An .npy file with this header and these bytes behind it. */
function npy(header: string, data: ArrayLike<number>): Uint8Array {
  const text = `${header}\n`;
  return Uint8Array.from([
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8],
    ...[...text].map((c) => c.charCodeAt(0)),
    ...Array.from(data),
  ]);
}

describe("arrays that numpy wrote", () => {
  test.each([
    ["f4_fortran", [2, 3, 4], Array.from({ length: 24 }, (_, i) => i)],
    ["i8", [3], [-1, 2, -(2 ** 40)]],
    ["u1", [2, 3], [0, 1, 2, 3, 4, 5]],
    ["flags", [2], [1, 0]],
    ["f2", [3], [0.5, -2, 2 ** -24]],
    ["scalar", [], [0.25]],
    ["empty", [0, 3], []],
  ])("%s", (name, shape, values) => {
    const found = arrays.read(name);
    expect([...found.shape]).toEqual(shape);
    expect([...found.data]).toEqual(values);
  });

  test("names", () => {
    expect(arrays.names).toContain("f4_fortran");
    expect(arrays.has("pose_m")).toBe(false);
  });
});

describe("refused with one sentence that names the file and the array", () => {
  test.each([
    ["objects", "Python objects"],
    ["text", 'dtype "<U2"'],
    ["big", 'dtype ">f8"'],
    ["huge", "beyond 2^53"],
    ["absent", "is missing"],
  ])("%s", (name, part) => {
    expect(() => arrays.read(name)).toThrow(DataError);
    expect(() => arrays.read(name)).toThrow(new RegExp(`^arrays.npz.*"${name}"`));
    expect(() => arrays.read(name)).toThrow(part);
  });

  test.each([
    ["a shape far beyond the bytes", "{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 9999999999)}"],
    ["a shape short of the bytes", "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}"],
    ["a negative side", "{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}"],
    ["a record of fields", "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}"],
    ["no order", "{'descr': '<f8', 'shape': (2,)}"],
    ["too many dimensions", "{'descr': '<f8', 'fortran_order': False, 'shape': (2,1,1,1,1,1,1,1,1)}"],
  ])("%s", (_, header) => {
    expect(() => readNpy(npy(header, new Uint8Array(16)), "a.npy")).toThrow(DataError);
  });

  test("the same header with the right shape is read", () => {
    const one = new Uint8Array(new Float64Array([1, -2]).buffer);
    const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
    expect([...readNpy(npy(header, one), "a.npy").data]).toEqual([1, -2]);
  });

  test("an entry that claims more than deflate can hold, or than memory should", () => {
    const zip = npz({ zeros: { dtype: "u1", shape: [100_000], data: new Uint8Array(100_000) } });
    const view = new DataView(zip.buffer, zip.byteOffset);
    const central = zip.length - 22 - (46 + "zeros.npy".length);
    expect(view.getUint32(central, true)).toBe(0x02014b50);
    view.setUint32(central + 24, 0xfffffff0, true);
    expect(() => openNpz(zip, "a.npz").read("zeros")).toThrow("claim to hold 4294967280");
    view.setUint32(central + 24, 100_129, true);
    expect(() => openNpz(zip, "a.npz").read("zeros")).toThrow(DataError);
  });

  test("one flipped bit of the data", () => {
    const data = new Float32Array(64).map((_, i) => i / 3);
    const zip = npz({ joints: { dtype: "f4", shape: [64], data } }, { level: 0 });
    const at = zip.length - 200;
    zip[at] ^= 1;
    expect(() => openNpz(zip, "a.npz").read("joints")).toThrow("checksum");
    zip[at] ^= 1;
    expect(openNpz(zip, "a.npz").read("joints").data[63]).toBe(21);
  });

  test.each([[0], [4], [21], [100], [2000]])("a file of %d bytes", (length) => {
    expect(() => openNpz(fixture("arrays.npz").slice(0, length), "a.npz")).toThrow(DataError);
  });
});

test("npyjs's own files are read", () => {
  const bytes = new Uint8Array(dump(Float64Array.of(0.1, 2, -3, 4), [2, 2]));
  expect(readNpy(bytes, "a.npy")).toEqual({ shape: [2, 2], data: Float64Array.of(0.1, 2, -3, 4) });
});

test("damaged archives end in a DataError or in the right numbers", () => {
  const good = fixture("mano-right.npz");
  const right = openNpz(good, "a").read("hands_mean").data;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(good.length),
      fc.boolean(),
      (edits, cut, isCut) => {
        const mutant = good.slice(0, isCut ? cut : good.length);
        for (const [at, value] of edits) if (at < mutant.length) mutant[at] = value;
        try {
          expect(openNpz(mutant, "a").read("hands_mean").data).toEqual(right);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
        }
      },
    ),
    { numRuns: 500 },
  );
});
