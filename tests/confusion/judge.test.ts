import { describe, expect, it } from "vitest";
import { QUIRK_NAMES } from "../../src/config";
import { type Case, healthy, pairs, singles } from "./cases";
import { hiddenPair } from "./expected";
import { judge, tables } from "./judge";
import type { Observation, Told } from "./observe";

const told = (id: string, change: Partial<Told> = {}): Told => ({
  ...{ id, severity: "serious", certainty: "certain", sentence: `${id} it is`, symptoms: [] },
  ...change,
});

const observation = (...found: readonly Told[]): Observation => ({
  ...{ told: found, firstAt: { [found[0]?.id]: "batch 1" }, stoppedBy: undefined, adapter: "none", steps: 3 },
  complaints: [],
});

const [single] = singles([1], ["synthetic"], ["bgr"]);
const pair = pairs(2000, 1).find(({ config }) => config.quirks.join() === "bgr,clip-hard")!;
const [well] = healthy(1);

const isRight = (each: Case, ...runs: readonly Observation[]): boolean => judge(each, runs, 1).isRight;

describe("the confusion table", () => {
  it("wants the fault's own finding first, not among the others", () => {
    const [right, other] = [told("channel-order"), told("split-leak")];
    expect(judge(single, [observation(right, other)], 1)).toMatchObject({ isRight: true, at: "batch 1" });
    expect(isRight(single, observation(other, right))).toBe(false);
    expect(isRight(single, observation(told("split-leak", { symptoms: ["channel-order"] })))).toBe(false);
    expect(isRight(single, observation())).toBe(false);
    expect(judge(single, [observation(right)], 1, "no device").isRight).toBe(false);
  });

  it("wants both faults of a pair named, in the run or in those that went on", () => {
    const [a, b] = [told("channel-order"), told("gradients-rescaled")];
    expect(isRight(pair, observation(told("split-leak"), b, a))).toBe(true);
    expect(isRight(pair, observation(told("split-leak", { symptoms: ["channel-order"] }), b))).toBe(true);
    expect(isRight(pair, observation(a), observation(b))).toBe(true);
    expect(isRight(pair, observation(a))).toBe(false);
  });

  it("lets healthy runs have notes and nothing else", () => {
    expect(isRight(well, observation(told("boxes-from-truth", { severity: "note" })))).toBe(true);
    expect(isRight(well, observation(told("split-leak", { severity: "warning" })))).toBe(false);
    expect(judge(well, [], 1, "no device").isRight).toBe(false);
  });

  it("has every fault on both kinds of data, and pairs that are two faults", () => {
    expect(new Set(singles([1], ["synthetic", "ho3d"]).flatMap(({ config }) => config.quirks))).toEqual(
      new Set(QUIRK_NAMES),
    );
    const drawn = pairs(50, 1);
    expect(new Set(drawn.map(({ title }) => title)).size).toBe(50);
    for (const { config, data } of drawn) {
      const [a, b] = config.quirks;
      expect(hiddenPair(a, b, data), `${a} and ${b}`).toBeUndefined();
    }
    expect(pairs(50, 1)).toEqual(drawn);
    expect(pairs(50, 2)).not.toEqual(drawn);
    expect(healthy(20).filter(({ config }) => config.quirks.length > 0)).toEqual([]);
  });

  it("shows what is not right", () => {
    const text = tables([
      judge(single, [observation(told("channel-order"))], 1),
      judge(pair, [observation(told("split-leak"))], 1),
    ]);
    expect(text).toContain("| bgr | channel-order | 1 of 1 | batch 1 |");
    expect(text).toContain("| pairs | both named | 0 of 1 | |");
    expect(text).toContain("(bgr and clip-hard): split-leak");
  });
});
