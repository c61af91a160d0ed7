import { describe, expect, it } from "vitest";
import { History } from "../../../src/pages/history";
import { curvesOf } from "../../../src/pages/runs/curves";
import { LAST_POINTS, summaryOf, type TableColumn, tableOf } from "../../../src/pages/runs/table";
import { evaluationRecord, stepRecord } from "../../helpers/scripted-rank";

function column(steps: number, name: TableColumn["name"], loss = (step: number): number => step): TableColumn {
  const history = new History();
  for (let step = 1; step <= steps; step++) {
    const record = stepRecord(step);
    history.steps.push({ ...record, losses: { ...record.losses, total_loss: loss(step) } });
    if (step % 10 === 0) history.evaluations.push(evaluationRecord(step));
  }
  const track = name === "mpjpe" ? "evaluations" : "steps";
  return { key: name, label: name, curves: curvesOf(history, 5), track, name };
}

describe("the table of a chart", () => {
  it("has the last points, the newest first, and the extremes of all", () => {
    const { rows, extremes, points } = tableOf(
      [column(100, "total_loss", (step) => (step - 30) ** 2)],
      "step",
      [0, 100],
    );
    expect(points).toBe(100);
    expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: LAST_POINTS }, (_, i) => 100 - i));
    expect(rows[0]).toEqual({ step: 100, x: 100, values: [4900] });
    expect(extremes).toEqual([{ least: { step: 30, value: 0 }, greatest: { step: 100, value: 4900 } }]);
  });

  it("keeps to the range of the chart, on its axis", () => {
    const { rows, extremes, points } = tableOf([column(100, "total_loss")], "epoch", [2, 3]);
    expect([points, rows[0].step, rows.at(-1)!.step, rows[0].x]).toEqual([6, 15, 10, 3]);
    expect(extremes[0]?.least.value).toBe(10);
  });

  it("puts runs of different lengths beside each other by step", () => {
    const { rows } = tableOf([column(30, "total_loss"), column(12, "total_loss")], "step", [0, 30]);
    expect(rows).toHaveLength(LAST_POINTS);
    expect(rows[0].values).toEqual([30, undefined]);
    expect(rows.at(-1)).toEqual({ step: 11, x: 11, values: [11, 11] });
  });

  it("says nothing of what has no number", () => {
    const { rows, extremes } = tableOf([column(3, "total_loss", () => Number.NaN)], "step", [0, 3]);
    expect(rows.map(({ values }) => values)).toEqual([[undefined], [undefined], [undefined]]);
    expect(extremes).toEqual([undefined]);
    expect(tableOf([column(0, "mpjpe")], "step", [0, 1])).toEqual({ rows: [], extremes: [undefined], points: 0 });
  });
});

describe("the sentence of a chart", () => {
  it("says how many points there are, where they end and between what they lie", () => {
    const columns = [column(3, "total_loss", (step) => 4 / step)];
    expect(summaryOf("Loss", columns, "step", [0, 3])).toBe(
      "Loss by step, 3 points up to step 3. total_loss: last 1.333, least 1.333, greatest 4.000.",
    );
    expect(summaryOf("Joint error", [column(0, "mpjpe")], "time", [0, 1])).toBe("Joint error by time: no point yet");
  });
});
