import { describe, expect, it } from "vitest";
import { meanTimes, PARTS, timesOfWorkers, totalMs } from "../../src/pages/train/rank-times";
import { stepTimes } from "../helpers/scripted-rank";

const [of0, of1, of2] = stepTimes(3, 1);
const workers = (...states: ("training" | "lost" | "ended" | "building")[]) => states.map((state) => ({ state }));

describe("timesOfWorkers", () => {
  it("gives the ranks of a group to the workers that train, in their order", () => {
    expect(timesOfWorkers(workers("training", "training", "training"), [[of0, of1, of2]])).toEqual([
      [of0],
      [of1],
      [of2],
    ]);
    expect(timesOfWorkers(workers("training", "lost", "training"), [[of0, of2]])).toEqual([[of0], [], [of2]]);
    expect(timesOfWorkers(workers("building", "training"), [[of1]])).toEqual([[], [of1]]);
  });

  it("gives nobody the times of a group of another size", () => {
    expect(timesOfWorkers(workers("training", "lost", "training"), [[of0, of1, of2]])).toEqual([[], [], []]);
  });

  it("keeps the last times when the run is over", () => {
    expect(timesOfWorkers(workers("ended", "ended"), [[of0, of1]])).toEqual([[of0], [of1]]);
  });
});

describe("meanTimes", () => {
  it("is the mean of each part, undefined of none", () => {
    expect(meanTimes([])).toBeUndefined();
    expect(meanTimes([of0, of1])?.computeMs).toBe((of0.computeMs + of1.computeMs) / 2);
    expect(totalMs(meanTimes([of0, of1])!)).toBeCloseTo((totalMs(of0) + totalMs(of1)) / 2, 12);
    expect([...PARTS.map(({ key }) => key), "overlap"].sort()).toEqual(Object.keys(of0).sort());
    expect(meanTimes([of0, { ...of1, overlap: 0.25 }])?.overlap).toBe((of0.overlap + 0.25) / 2);
  });
});
