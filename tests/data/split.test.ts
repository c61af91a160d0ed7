import fc from "fast-check";
import { expect, test } from "vitest";
import { recordingOf, sequenceOf, splitIds } from "../../src/data/split";

const ids = ["SYA0", "SYA1", "SYB0", "SYB1", "SYC0", "MC1"].flatMap((sequence) =>
  Array.from({ length: 20 }, (_, i) => `${sequence}/${String(i).padStart(4, "0")}`),
);

test("names", () => {
  expect(sequenceOf("SYA0/0003")).toBe("SYA0");
  expect(["SYA0", "SYA1", "ABF14", "MC1", "hand"].map(recordingOf)).toEqual(["SYA", "SYA", "ABF1", "MC", "hand"]);
});

test("by recording no recording is on both sides, for every seed and fraction", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (seed, fraction) => {
      const split = splitIds(ids, { seed, fraction });
      expect(split.shared).toEqual([]);
      expect(split.warning).toBeUndefined();
      expect(split.train.length).toBeGreaterThan(0);
      expect(split.validation.length).toBeGreaterThan(0);
      expect(new Set([...split.train, ...split.validation]).size).toBe(ids.length);
      expect(split.train.length + split.validation.length).toBe(ids.length);
    }),
    { numRuns: 200 },
  );
});

test("the split depends on names and seed, not on the order of the list", () => {
  const reversed = splitIds([...ids].reverse(), { seed: 5 });
  expect([...reversed.validation].sort()).toEqual([...splitIds(ids, { seed: 5 }).validation].sort());
});

test("splits that leak say so", () => {
  const frame = splitIds(ids, { by: "frame", fraction: 0.2, seed: 1 });
  expect(frame.validation).toHaveLength(24);
  expect(frame.shared).toEqual(["MC", "SYA", "SYB", "SYC"]);
  expect(frame.warning).toBe(
    '4 recordings have frames in training and in validation (first "MC"): validation will look better than it is; split by recording',
  );
  const warnings = Array.from(
    { length: 20 },
    (_, seed) => splitIds(ids, { by: "sequence", fraction: 0.2, seed }).warning,
  );
  expect(warnings.some((warning) => warning !== undefined)).toBe(true);
});

test("quirk random-frame-split takes the original's frames, whatever is asked, and names the leak", () => {
  const quirks = new Set(["random-frame-split"]);
  const split = splitIds(ids, { by: "recording", seed: 9, quirks });
  expect(split.by).toBe("frame");
  // NumPy 1.24: places = list(range(120)); np.random.seed(42); np.random.shuffle(places); sorted(places[int(120 * (1 - 0.1)):])
  const places = [14, 20, 51, 60, 71, 74, 82, 86, 92, 102, 106, 119];
  expect(split.validation).toEqual(places.map((place) => ids[place]));
  expect(split.train).toEqual(ids.filter((id) => !split.validation.includes(id)));
  expect(split.warning).toContain("4 recordings have frames in training and in validation");
  expect(splitIds(ids, { seed: 1, quirks })).toEqual(split);
});

test("refusals", () => {
  expect(() => splitIds(ids.slice(0, 40))).toThrow("40 frames come from 1 recording, expected at least 2");
  expect(() => splitIds(ids, { fraction: 0 })).toThrow("the validation fraction is 0");
});
