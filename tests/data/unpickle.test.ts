import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError } from "../../src/data/data-error";
import { NdArray, toNumbers } from "../../src/data/numpy";
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

  test("an array whose data do not fill its shape", () => {
    const array = new NdArray();
    const dtype = unpickle(bytes([0x80, 2], "cnumpy\ndtype\nU", [2], "f8", [0x85], "R."), "d");
    array.__setstate__([1, [3, 2], dtype, false, new Uint8Array(40)]);
    expect(() => array.toFloat64()).toThrow("shape [3,2]");
  });
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
