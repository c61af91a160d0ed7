import { describe, expect, it } from "vitest";
import { toNumbers } from "../../src/data/numpy";
import { type PickleValue, writePickle } from "../../src/data/pickle-write";
import { unpickleDictionary } from "../../src/data/unpickle";

const read = (bytes: Uint8Array) => unpickleDictionary(bytes, "test.pkl");

describe("pickle writer", () => {
  it("writes what the reader reads: arrays, texts, numbers, lists, None", () => {
    const long = "x".repeat(300);
    const values = read(
      writePickle(
        new Map<string, PickleValue>([
          ["floats", { dtype: "f8", shape: [2, 2], data: [1 / 3, -2, 1e-9, 4] }],
          ["single", { dtype: "f4", shape: [2], data: [0.5, -3] }],
          ["whole", { dtype: "i4", shape: [1, 2], data: [-7, 70000] }],
          ["flags", { dtype: "b1", shape: [3], data: [1, 0, 1] }],
          ["name", "004_sugar_box"],
          ["label", 3],
          ["negative", -12],
          ["part", 0.25],
          ["nothing", null],
          ["yes", true],
          ["list", ["0", "12"]],
          ["box", [1, 300, 70000]],
        ]),
      ),
    );
    expect(toNumbers(values.get("floats"))).toEqual({ shape: [2, 2], data: Float64Array.of(1 / 3, -2, 1e-9, 4) });
    expect(toNumbers(values.get("single")).data).toEqual(Float64Array.of(0.5, -3));
    expect(toNumbers(values.get("whole"))).toEqual({ shape: [1, 2], data: Float64Array.of(-7, 70000) });
    expect(toNumbers(values.get("flags")).data).toEqual(Float64Array.of(1, 0, 1));
    expect(values.get("name")).toBe("004_sugar_box");
    expect(["label", "negative", "part", "nothing", "yes"].map((key) => values.get(key))).toEqual([
      3,
      -12,
      0.25,
      null,
      true,
    ]);
    expect(values.get("list")).toEqual(["0", "12"]);
    expect(values.get("box")).toEqual([1, 300, 70000]);
    expect(read(writePickle(new Map([["long", long]]))).get("long")).toEqual(new Uint8Array(300).fill(120));
  });

  it("refuses an array whose shape does not fit", () => {
    expect(() => writePickle({ dtype: "f8", shape: [3, 3], data: [1, 2] })).toThrow(
      "shape [3,3] has 2 numbers, expected 9",
    );
    expect(() => writePickle("λ")).toThrow("beyond 255");
  });
});
