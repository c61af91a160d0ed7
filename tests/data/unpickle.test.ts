import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError } from "../../src/data/data-error";
import { NdArray, PickledObject, toNumbers } from "../../src/data/numpy";
import { unpickle, unpickleDictionary } from "../../src/data/unpickle";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(`tests/data/fixtures/${name}`));
const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part)));

function refusal(pickle: Uint8Array): string {
  try {
    unpickle(pickle, "x.pkl");
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(/^x\.pkl: /);
    return (error as Error).message;
  }
  throw new Error("accepted");
}

const files = ["values-python2.pkl", ...[0, 1, 2, 3, 4, 5].map((protocol) => `values-protocol${protocol}.pkl`)];

describe.each(files)("%s", (file) => {
  const values = unpickleDictionary(fixture(file), file);
  const numbers = (key: string): number[] => [...toNumbers(values.get(key)).data];

  test("arrays of every byte order, order in memory and dtype", () => {
    const eighths = [0, 0.125, 0.25, 0.375, 0.5, 0.625];
    expect(numbers("f8")).toEqual(eighths);
    expect(numbers("f8_big")).toEqual(eighths);
    expect(numbers("f4_fortran")).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect((values.get("f4_fortran") as NdArray).shape).toEqual([2, 3, 4]);
    expect(numbers("i8")).toEqual([-1, 2, -(2 ** 40)]);
    expect(numbers("u4")).toEqual([4294967295, 0]);
    expect(numbers("bool")).toEqual([1, 0]);
    expect(numbers("empty")).toEqual([]);
    expect(numbers("large")).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(values.get("scalar")).toBe(0.5);
  });

  test("plain values, signed integers beyond 32 bits, no polluted prototype", () => {
    expect(values.get("text")).toBe("SM1");
    expect(values.get("none")).toBeNull();
    expect(values.get("negative")).toBe(-5);
    expect(values.get("long")).toBe(2 ** 40);
    expect(values.get("long_negative")).toBe(-(2 ** 40));
    expect(values.get("list")).toEqual(["a", "b"]);
    expect(values.get("__proto__")).toBeInstanceOf(Map);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("refused with one sentence", () => {
  test("a name outside the list", () => {
    expect(refusal(fixture("names-os-system.pkl"))).toContain('names "os.system"');
    expect(refusal(bytes([0x80, 4, 0x8c, 2], "os", [0x8c, 6], "system", [0x93], "."))).toContain("os.system");
  });

  test.each([
    ["an extension code", bytes([0x80, 2, 0x82, 1], "."), "opcode 0x82"],
    ["a persistent id", bytes([0x80, 2], "X", [1, 0, 0, 0], "eQ."), 'opcode "Q"'],
    ["an old-style instance", bytes("(S'true'\nios\nsystem\n."), 'opcode "i"'],
    ["an out-of-band buffer", bytes([0x80, 5, 0x97], "."), "opcode 0x97"],
    ["a length beyond the end", bytes([0x80, 2], "X", [255, 255, 255, 255], "A."), "ends at byte 9"],
    ["no end", bytes([0x80, 2], "NN"), "ends at byte"],
    ["bytes after the end", bytes([0x80, 2], "N.N"), "follow the end"],
    ["an empty stack", bytes([0x80, 2], "a."), "not a readable pickle"],
    ["an unset memo", bytes([0x80, 2], "h", [7], "."), "memo 7"],
    ["a large integer", bytes([0x80, 2, 0x8a, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9], "."), "beyond 2^53"],
    ["a dictionary with items in one opcode", bytes("(NNd."), "DICT"],
    ["protocol 6", bytes([0x80, 6], "N."), "protocol 6"],
    [
      "an attribute set on an allowed name",
      bytes([0x80, 2], "cnumpy\nndarray\n}U", [1], "xK", [1], "sb."),
      "not a readable",
    ],
    ["an empty file", bytes(), "ends at byte 0"],
  ])("%s", (_, pickle, part) => {
    expect(refusal(pickle)).toContain(part);
  });

  test("a file beyond the size limit", () => {
    expect(() => unpickle(new Uint8Array(11), "x.pkl", 10)).toThrow(
      "x.pkl: the pickle has 11 bytes, expected at most 10",
    );
  });

  test("an array whose data do not fill its shape, before anything is made of it", () => {
    const dtype = unpickle(bytes([0x80, 2], "cnumpy\ndtype\nU", [2], "f8", [0x85], "R."), "d");
    const state = (shape: number[], data: Uint8Array) => () =>
      new NdArray().__setstate__([1, shape, dtype, false, data]);
    expect(state([5], new Uint8Array(40))).not.toThrow();
    expect(state([3, 2], new Uint8Array(40))).toThrow('shape [3,2] and dtype "f8" has 40 bytes, expected 48');
    expect(state([2 ** 40, 2 ** 20], new Uint8Array(40))).toThrow("has 40 bytes");
    expect(state([0, 2 ** 52], new Uint8Array(0))).toThrow("has 0 bytes");
    expect(state(new Array(33).fill(1), new Uint8Array(8))).toThrow("33 dimensions");
  });

  test("values that grow beyond their file, hold themselves, or nest without end", () => {
    const level = (i: number): number[] => [...bytes("](h", [i], "h", [i], "h", [i], "h", [i], "eq", [i + 1])];
    const shared = bytes([0x80, 2], "]q", [0], ...Array.from({ length: 30 }, (_, i) => level(i)), ".");
    expect(refusal(shared)).toContain("shared values grow to more than");
    expect(refusal(bytes([0x80, 2], "]q", [0], "h", [0], "a."))).toContain("holds itself");
    expect(refusal(bytes([0x80, 2], "]".repeat(101), "a".repeat(100), "."))).toContain("deeper than 100");
    expect(unpickle(bytes([0x80, 2], "]".repeat(100), "a".repeat(99), "."), "x.pkl")).toHaveLength(1);
    const twice = unpickle(bytes([0x80, 2], "](K", [7], "]q", [0], "h", [0], "e."), "x.pkl");
    expect(twice).toEqual([7, [], []]);
  });

  test("attributes set on a list, whose length they could change", () => {
    const state = bytes([0x80, 2], "]}X", [9, 0, 0, 0], "__proto__}sb.");
    expect(refusal(state)).toContain("of a kind that no data file needs");
    expect(refusal(bytes([0x80, 2], "]}X", [6, 0, 0, 0], "lengthJ", [255, 255, 255, 127], "sb."))).toContain("grow");
  });
});

test("a sparse matrix that would repeat its numbers or fill the memory is refused", () => {
  const array = (...values: number[]): unknown => values;
  const matrix = (entries: Record<string, unknown>): unknown => {
    const object = new PickledObject("scipy.sparse.csc_matrix");
    object.__setstate__(new Map(Object.entries(entries)));
    return object;
  };
  const good = { data: array(5, 6), indices: array(0, 1), indptr: array(0, 1, 2), _shape: array(2, 2) };
  expect([...toNumbers(matrix(good)).data]).toEqual([5, 0, 0, 6]);
  expect(() => toNumbers(matrix({ ...good, _shape: array(2 ** 20, 2 ** 20) }))).toThrow("broken shape");
  expect(() => toNumbers(matrix({ ...good, _shape: array(-2, 2) }))).toThrow("broken shape");
  expect(() => toNumbers(matrix({ ...good, indptr: array(0, 2, 1) }))).toThrow("out of order");
  expect(() => toNumbers(matrix({ ...good, indices: array(0, 0.5) }))).toThrow("outside its shape");
  expect(() => toNumbers(matrix({ ...good, indices: array(0) }))).toThrow("do not fit");
});

test("damaged files end in a DataError, never in another error or a changed prototype", () => {
  const seeds = [fixture("values-python2.pkl"), fixture("values-protocol4.pkl")];
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (seed, edits, cut) => {
        const mutant = seed.slice(0, cut % 3 === 0 ? cut % seed.length : seed.length);
        for (const [at, value] of edits) if (mutant.length > 0) mutant[at % mutant.length] = value;
        try {
          unpickle(mutant, "x.pkl");
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      },
    ),
    { numRuns: 2000 },
  );
});
