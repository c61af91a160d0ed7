import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MANO_TIPS, manoTips, readManoFile } from "../../src/data/mano-file";

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
});

test("every refusal names the file and the entry", () => {
  const right = fixture("hand-right.pkl");
  expect(() => readManoFile(fixture("hand-bad-weights.pkl"), "a.pkl", tips)).toThrow(
    'a.pkl: the entry "weights" has shape [20, 15], expected [20, 16]',
  );
  expect(() => readManoFile(fixture("values-python2.pkl"), "a.pkl", tips)).toThrow('"v_template" is missing');
  expect(() => readManoFile(right, "MANO_LEFT.pkl", tips)).toThrow("left hand");
  expect(() => readManoFile(right, "a.pkl")).toThrow("finger tip vertex 744 is not among 20 vertices");
});

test("tips belong to the data set, and to smplx with the quirk", () => {
  expect(manoTips("ho3d")).toEqual([744, 333, 444, 555, 672]);
  expect(manoTips("ho3d", new Set(["tips-smplx"]))).toBe(MANO_TIPS.smplx);
});
