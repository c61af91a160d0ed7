import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { handForward } from "../../src/data/hand/forward";
import { MANO_TIPS, manoTips, mirrorHand, readLeftManoFile, readManoFile } from "../../src/data/mano-file";
import { openHand } from "../helpers/open-hand";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(`tests/data/fixtures/${name}`));
const tips = [1, 2, 3, 4, 5] as const;

test("a MANO-shaped file, with its sparse and chumpy entries, becomes a hand model", () => {
  const hand = readManoFile(fixture("hand-right.pkl"), "hand-right.pkl", tips);
  expect(hand.vertexCount).toBe(20);
  expect(hand.shapedirs).toHaveLength(20 * 3 * 10);
  expect(hand.posedirs).toHaveLength(20 * 3 * 135);
  expect([...hand.parents]).toEqual([-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14]);
  expect([...hand.faces]).toEqual([0, 1, 2, 2, 1, 3]);
  for (let k = 0; k < 16; k++) expect(hand.jRegressor[k * 20 + k]).toBe(1);
  expect(hand.jRegressor.reduce((a, b) => a + b)).toBe(16);
  const sums = Array.from({ length: 20 }, (_, v) => hand.weights.slice(16 * v, 16 * v + 16).reduce((a, b) => a + b));
  for (const sum of sums) expect(sum).toBeCloseTo(1, 12);
  expect(hand.handsComponents).toBeUndefined();
});

/** The formula of make-mano-fixtures.py. */
function numbers(seed: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (((i * (2 * seed + 37) + seed) % 1009) - 504) / 4096);
}

/** -0 as 0. */
const plain = (values: ArrayLike<number>): number[] => Array.from(values, (value) => value + 0);

describe.each(["mano-right.pkl", "mano-right.npz"])("%s, written by CPython", (file) => {
  const hand = readManoFile(fixture(file), file, tips);

  test("every number is exactly the one that was written", () => {
    expect(hand.vertexCount).toBe(8);
    expect(hand.vTemplate).toEqual(numbers(1, 24));
    expect(hand.shapedirs).toEqual(numbers(7, 240));
    expect(hand.posedirs).toEqual(numbers(2, 8 * 3 * 135));
    const regressor = numbers(3, 128).map((value, i) => (i % 3 === 0 ? value : 0));
    expect(plain(hand.jRegressor)).toEqual(plain(regressor));
    expect(hand.weights).toEqual(numbers(4, 128));
    expect(hand.handsMean).toEqual(numbers(5, 45));
    expect(hand.handsComponents).toEqual(numbers(6, 2025));
    expect([...hand.faces]).toEqual([0, 1, 2, 2, 1, 3, 4, 5, 7]);
    expect([...hand.parents]).toEqual([-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14]);
  });
});

describe("mano-left.pkl, the mirror image of mano-right.pkl but for its shapedirs", () => {
  const right = readManoFile(fixture("mano-right.pkl"), "mano-right.pkl", tips);
  const left = fixture("mano-left.pkl");

  test("becomes the right hand, number by number", () => {
    const hand = readManoFile(left, "mano-left.pkl", tips);
    expect(hand.name).toBe("mano-left.pkl, mirrored");
    for (const key of ["vTemplate", "shapedirs", "posedirs", "jRegressor", "weights", "handsMean"] as const) {
      expect(plain(hand[key]), key).toEqual(plain(right[key]));
    }
    expect(plain(hand.handsComponents ?? [])).toEqual(plain(right.handsComponents ?? []));
    expect([...hand.faces]).toEqual([...right.faces]);
  });

  test("as filed, x of its shape directions has the other sign", () => {
    const hand = readLeftManoFile(left, "mano-left.pkl", tips, "as-filed");
    const negated = right.shapedirs.map((value, i) => (Math.floor(i / 10) % 3 === 0 ? -value : value));
    expect(plain(hand.shapedirs)).toEqual(plain(negated));
    expect(plain(hand.vTemplate)).toEqual(plain(right.vTemplate));
  });
});

test("a mirrored hand in the mirrored pose is the mirror image, and twice mirrored the hand itself", () => {
  const hand = openHand();
  const other = mirrorHand(hand);
  const pose = Float64Array.from({ length: 48 }, (_, i) => 0.5 * Math.sin(3 * i + 1));
  const shape = Float64Array.from({ length: 10 }, (_, i) => Math.cos(2 * i));
  const seen = handForward(hand, { pose, shape, trans: [0.1, 0.2, 0.7] });
  const mirrored = handForward(other, {
    pose: pose.map((value, i) => (i % 3 === 0 ? value : -value)),
    shape,
    trans: [-0.1, 0.2, 0.7],
  });
  for (let i = 0; i < seen.vertices.length; i++) {
    expect(mirrored.vertices[i]).toBeCloseTo(i % 3 === 0 ? -seen.vertices[i] : seen.vertices[i], 12);
  }
  const back = mirrorHand(other);
  expect(plain(back.posedirs)).toEqual(plain(hand.posedirs));
  expect([...back.faces]).toEqual([...hand.faces]);
});

test("every refusal names the file and the entry", () => {
  expect(() => readManoFile(fixture("hand-bad-weights.pkl"), "a.pkl", tips)).toThrow(
    'a.pkl: the entry "weights" has shape [20, 15], expected [20, 16]',
  );
  expect(() => readManoFile(fixture("values-python2.pkl"), "a.pkl", tips)).toThrow('"v_template" is missing');
  expect(() => readManoFile(fixture("arrays.npz"), "a.npz", tips)).toThrow('a.npz: the entry "v_template" is missing');
  expect(() => readManoFile(fixture("hand-right.pkl"), "a.pkl")).toThrow("finger tip vertex 744 is not among 20");
});

test("tips belong to the data set, and to smplx with the quirk", () => {
  expect(manoTips("ho3d")).toEqual([744, 333, 444, 555, 672]);
  expect(manoTips("ho3d", new Set(["tips-smplx"]))).toBe(MANO_TIPS.smplx);
});
