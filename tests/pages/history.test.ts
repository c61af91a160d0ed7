import { describe, expect, it } from "vitest";
import { History, readHistory } from "../../src/pages/history";
import { diagnoses, evaluationRecord, faultRecord, stepRecord } from "../helpers/scripted-rank";

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
    expect(() => readHistory(`${lines[0]}\n{"step":\n`, 9)).toThrow(/metrics.jsonl: line 2/);
    expect(() => readHistory(`${lines[0]}\n{"step":\n${lines[1]}`, 9)).toThrow(/metrics.jsonl: line 2/);
    expect(() => readHistory(lines[0], 9, "[")).toThrow(/faults.jsonl: line 1/);
  });

  it("leaves out the line that a killed run had begun", () => {
    expect(readHistory(`${lines[0]}\n${lines[1]}\n{"step":`, 9).steps.map(({ step }) => step)).toEqual([1, 2]);
  });

  it("leaves a broken line out where that can be said", () => {
    const notes: string[] = [];
    const { steps } = readHistory(`${lines[0]}\n{\n${lines[1]}\n`, 9, "", "", "", notes);
    expect(steps.map(({ step }) => step)).toEqual([1, 2]);
    expect(notes).toEqual(["metrics.jsonl: line 2 is no JSON and is left out."]);
  });

  it("keeps the faults up to the checkpoint", () => {
    const faults = [faultRecord(1), faultRecord(3)].map((fault) => `${JSON.stringify(fault)}\n`).join("");
    expect(readHistory(lines[0], 2, faults).faults).toEqual([faultRecord(1)]);
  });
});

describe("times of a stored run", () => {
  it("are kept up to the checkpoint", () => {
    const of = (ms: number) => ({
      data_ms: 1,
      compute_ms: ms,
      read_ms: 2,
      reduce_ms: 3,
      wait_ms: 4,
      update_ms: 5,
      overlap: 0.5,
    });
    const text = [2, 5].map((step) => `${JSON.stringify({ step, ranks: [of(step), of(9)] })}\n`).join("");
    const { times } = readHistory("", 4, "", "", text);
    expect(times).toHaveLength(1);
    expect(times[0].ranks.map(({ computeMs }) => computeMs)).toEqual([2, 9]);
    expect(times[0].ranks[0]).toMatchObject({ dataMs: 1, waitMs: 4, updateMs: 5, overlap: 0.5 });
    expect(() => readHistory("", 4, "", "", "{")).toThrow(/times.jsonl: line 1/);
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
