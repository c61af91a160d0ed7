import { describe, expect, it } from "vitest";
import { History } from "../../../src/pages/history";
import { Curves, curvesOf } from "../../../src/pages/runs/curves";
import { evaluationRecord, stepRecord, stepTimes } from "../../helpers/scripted-rank";

describe("curves", () => {
  it("lie over steps, epochs and the time that steps and evaluations took", () => {
    const history = new History();
    const curves = new Curves(history);
    for (let step = 1; step <= 10; step++) {
      history.steps.push({ ...stepRecord(step), ms: 100, epoch: Math.floor((step - 1) / 5) });
      curves.update();
      if (step !== 5) continue;
      history.evaluations.push({ ...evaluationRecord(5), ms: 2000 });
      history.times.push({ step: 5, ranks: stepTimes(2, 5) });
    }
    curves.update();
    const xs = (axis: "step" | "epoch" | "time", index: number): number => {
      const { x, scale } = curves.along("steps", axis);
      return x.at(index) * scale;
    };
    expect([xs("step", 9), xs("epoch", 9), xs("time", 9)]).toEqual([10, 2, expect.closeTo(3)]);
    expect(xs("time", 4)).toBeCloseTo(0.5);
    expect(xs("time", 5)).toBeCloseTo(2.6);
    expect(curves.along("evaluations", "time").x.at(0)).toBeCloseTo(2.5);
    expect(curves.along("times", "time").x.at(0)).toBeCloseTo(0.5);
    expect(curves.stepsPerEpoch).toBe(5);
    expect(curves.steps.series.get("total_loss")!.at(9)).toBe(history.steps[9].losses.total_loss);
  });

  it("have each rank's parts of a step, their mean, and gaps while there was no such rank", () => {
    const history = new History();
    const [one, two] = [stepTimes(1, 1), stepTimes(2, 2)];
    history.times.push({ step: 1, ranks: one }, { step: 2, ranks: two });
    const { times, ranks } = new Curves(history).update();
    expect(ranks).toBe(2);
    const values = (name: "0.computeMs" | "1.computeMs" | "mean.computeMs"): number[] =>
      [0, 1].map((i) => times.series.get(name)!.at(i));
    expect(values("1.computeMs")).toEqual([Number.NaN, two[1].computeMs]);
    expect(values("mean.computeMs")).toEqual([one[0].computeMs, (two[0].computeMs + two[1].computeMs) / 2]);
  });

  it("tell the share of clipped steps among the last twenty, in percent", () => {
    const history = new History();
    for (let step = 1; step <= 30; step++) history.steps.push({ ...stepRecord(step), clipped: step <= 10 });
    const clipped = new Curves(history).update().steps.series.get("clipped")!;
    expect([clipped.at(9), clipped.at(19), clipped.at(24), clipped.at(29)]).toEqual([100, 50, 25, 0]);
  });

  it("of one history are the same object, up to date", () => {
    const history = new History();
    const curves = curvesOf(history, 4);
    history.steps.push(stepRecord(1));
    expect(curvesOf(history)).toBe(curves);
    expect(curves.steps.step.length).toBe(1);
  });
});
