import { describe, expect, it } from "vitest";
import { type Column, History, readHistory, smooth, thin } from "../../src/pages/history";
import { diagnoses, evaluationRecord, faultRecord, stepRecord } from "../helpers/scripted-rank";

describe("thin", () => {
  it("leaves short lines alone", () => {
    expect(
      thin(
        [
          [1, 2, 3],
          [4, null, 6],
        ],
        2,
      ),
    ).toEqual([
      [1, 2, 3],
      [4, null, 6],
    ]);
  });

  it("keeps both extremes of every bucket, in their order, and at most two points per column", () => {
    const x = Array.from({ length: 10_000 }, (_, i) => i);
    const y: Column = x.map((i) => Math.sin(i));
    y[5_003] = 100;
    y[5_004] = -100;
    const [thinX, thinY] = thin([x, y], 50);
    expect(thinX).toHaveLength(100);
    expect(thinY).toHaveLength(100);
    expect([...thinX].sort((a, b) => a - b)).toEqual(thinX);
    expect(thinY.indexOf(100)).toBe(thinY.indexOf(-100) - 1);
    const empty = thin([x, x.map(() => null)], 50);
    expect(empty[1]).toEqual(new Array(100).fill(null));
  });
});

describe("smooth", () => {
  it("starts at the first value, keeps gaps, and changes nothing with weight 0", () => {
    expect(smooth([3, null, 3, 3], 0.9)).toEqual([expect.closeTo(3), null, expect.closeTo(3), expect.closeTo(3)]);
    expect(smooth([1, 5, 2], 0)).toEqual([1, 5, 2]);
    // (0.5 * 0.5 * 1 + 0.5 * 4) / (1 - 0.25)
    expect(smooth([1, 4], 0.5)[1]).toBeCloseTo(3, 12);
  });
});

describe("readHistory", () => {
  const lines = [stepRecord(1), stepRecord(2), evaluationRecord(2), stepRecord(3)].map((record) =>
    JSON.stringify(record),
  );

  it("takes the records up to the checkpoint", () => {
    const history = readHistory(`${lines.join("\n")}\n`, 2);
    expect(history.steps.map(({ step }) => step)).toEqual([1, 2]);
    expect(history.evaluations).toHaveLength(1);
    expect(history.throughput()?.samplesPerSecond).toBeCloseTo(16_000 / (stepRecord(1).ms + stepRecord(2).ms), 9);
  });

  it("names the broken line", () => {
    expect(() => readHistory(`${lines[0]}\n{"step":`, 9)).toThrow(/metrics.jsonl: line 2/);
    expect(() => readHistory(lines[0], 9, "[")).toThrow(/faults.jsonl: line 1/);
  });

  it("keeps the faults up to the checkpoint", () => {
    const faults = [faultRecord(1), faultRecord(3)].map((fault) => `${JSON.stringify(fault)}\n`).join("");
    expect(readHistory(lines[0], 2, faults).faults).toEqual([faultRecord(1)]);
  });
});

describe("findings of a stored run", () => {
  it("are kept, and refused where the file is none", () => {
    const file = JSON.stringify({ findings: diagnoses() });
    expect(readHistory("", 9, "", file).diagnoses?.map(({ id }) => id)).toEqual([
      "joint-order",
      "split-leak",
      "boxes-from-truth",
    ]);
    expect(readHistory("", 9).diagnoses).toBeUndefined();
    for (const broken of ["[", "{}", "null"]) expect(() => readHistory("", 9, "", broken)).toThrow(/findings.json/);
  });
});

describe("best", () => {
  it("is the least error and the greatest share, of one split, the first of equals, never of none", () => {
    const history = new History();
    expect(history.best("mpjpe_mm")).toBeUndefined();
    const of = (step: number, mpjpe_mm: number | null, f_5mm: number) => ({
      ...evaluationRecord(step),
      mpjpe_mm,
      f_5mm,
    });
    history.evaluations.push(of(1, 30, 0.2), of(2, null, 0.7), of(3, 20, 0.7), of(4, 20, 0.1));
    history.evaluations.splice(0, 0, { ...of(0, 1, 1), split: "evaluation" });
    expect(history.best("mpjpe_mm")?.step).toBe(3);
    expect(history.best("f_5mm")?.step).toBe(2);
  });
});
