import { describe, expect, it } from "vitest";
import { handModelProblems, meshEdges, readHandAsset } from "../../../src/data/hand/asset";
import { openHand, openHandBytes } from "../../helpers/open-hand";

describe("reading the hand asset", () => {
  it("reads MANO's layout", () => {
    const model = openHand();
    expect(model.vertexCount).toBe(778);
    expect(model.shapeCount).toBe(10);
    expect(model.vTemplate).toHaveLength(778 * 3);
    expect(model.shapedirs).toHaveLength(778 * 3 * 10);
    expect(model.posedirs).toHaveLength(778 * 3 * 135);
    expect(model.jRegressor).toHaveLength(16 * 778);
    expect(model.weights).toHaveLength(778 * 16);
    expect(Array.from(model.parents)).toEqual([-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14]);
    expect(model.handsMean).toHaveLength(45);
    expect(handModelProblems(model)).toEqual([]);
  });

  it("says what is wrong with the bytes", () => {
    expect(() => readHandAsset(new ArrayBuffer(4))).toThrow("4 bytes do not begin with a safetensors header");
    const page = new TextEncoder().encode("<!doctype html><title>not found</title>");
    expect(() => readHandAsset(page.buffer as ArrayBuffer, "hand")).toThrow("hand: 39 bytes do not begin");
    expect(() => readHandAsset(openHandBytes().slice(0, 500000))).toThrow(
      /tensor "\w+" lies at bytes \d+ to \d+, expected \d+ bytes inside the file/,
    );
  });

  it("says which tensor has the wrong shape or is missing", () => {
    const renamed = (from: string, to: string): ArrayBuffer => {
      const bytes = new Uint8Array(openHandBytes());
      const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
      const text = new TextDecoder().decode(bytes.subarray(8, 8 + length)).replace(from, to);
      bytes.set(new TextEncoder().encode(text), 8);
      return bytes.buffer;
    };
    expect(() => readHandAsset(renamed('"weights"', '"weighty"'))).toThrow('tensor "weights" is missing');
    expect(() => readHandAsset(renamed("[2,16]", "[4,8] "))).toThrow(
      '"kintree_table" is U32 [4, 8], expected U32 [2, 16]',
    );
  });

  it.each([
    ["null", "the safetensors header is no JSON object"],
    ["[1, 2]", "the safetensors header is no JSON object"],
    ['{"weights": 3}', 'tensor "weights" is described as 3, expected dtype, shape and data_offsets'],
    ['{"weights": null}', 'tensor "weights" is described as null'],
    ['{"weights": {"dtype": "F32", "shape": "x", "data_offsets": [0, 4]}}', 'tensor "weights" is described as'],
    ['{"weights": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}', 'tensor "weights" is described as'],
    ['{"__proto__": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', 'tensor "v_template" is missing'],
  ])("refuses the header %s", (header, expected) => {
    const text = new TextEncoder().encode(header);
    const bytes = new Uint8Array(8 + text.length + 64);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    expect(() => readHandAsset(bytes.buffer, "hand")).toThrow(`hand: ${expected}`);
  });

  it("finds values that shapes cannot show", () => {
    const model = openHand();
    const weights = model.weights.slice();
    weights[16 * 5] += 0.5;
    const posedirs = model.posedirs.slice();
    posedirs[9] = Number.NaN;
    const problems = handModelProblems({ ...model, weights, posedirs, tips: [0, 1, 2, 3, 778] });
    expect(problems.join("\n")).toContain("posedirs holds NaN at place 9");
    expect(problems.join("\n")).toContain("skinning weights of vertex 5 sum to 1.5");
    expect(problems.join("\n")).toContain("tip vertices are [0, 1, 2, 3, 778]");
    expect(problems).toHaveLength(3);
  });

  it("lists each edge once", () => {
    expect(Array.from(meshEdges([0, 1, 2, 2, 1, 3]))).toEqual([0, 1, 0, 2, 1, 2, 1, 3, 2, 3]);
  });
});
