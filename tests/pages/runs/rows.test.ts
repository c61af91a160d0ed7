import { describe, expect, it } from "vitest";
import { metricsCsv } from "../../../src/pages/runs/csv";
import { differences, shownRows, tagsOf } from "../../../src/pages/runs/rows";
import type { RunSummary } from "../../../src/ranks/run-summary";
import { evaluationRecord, runSummary, stepRecord } from "../../helpers/scripted-rank";

const runs = ["b", "a", "c"].map((name, i) => ({ name, step: 1, sizeBytes: 1, savedAt: i }));
const summaries = new Map<string, RunSummary>([
  ["a", { ...runSummary("a"), bestPa: { mm: 9, step: 2, n: 8 }, notes: { tags: ["night"] } }],
  ["b", { ...runSummary("b"), bestPa: { mm: 30, step: 2, n: 8 }, data: "HO-3D" }],
]);
const names = (filter: string, key: "name" | "bestPa" | "savedAt", isDown = false): string =>
  shownRows(runs, summaries, filter, { key, isDown })
    .map(({ run }) => run.name)
    .join("");

describe("rows", () => {
  it("are sorted by text, number and date; what has no value comes last either way", () => {
    expect([names("", "name"), names("", "name", true), names("", "savedAt", true)]).toEqual(["abc", "cba", "cab"]);
    expect([names("", "bestPa"), names("", "bestPa", true)]).toEqual(["abc", "bac"]);
  });

  it("hold every word of the filter, in name, data or tags", () => {
    expect([names("ho-3d", "name"), names("#night", "name"), names("tiny #night", "name")]).toEqual(["b", "a", "a"]);
    expect(names("ho-3d #night", "name")).toBe("");
  });
});

describe("tagsOf", () => {
  it("takes commas and spaces, leaves out # and what stands twice", () => {
    expect(tagsOf(" #night, no-depth night ,")).toEqual(["night", "no-depth"]);
  });
});

describe("differences", () => {
  it("are the entries that are not the same everywhere", () => {
    const flat = [
      new Map([
        ["a", "1"],
        ["b", "2"],
      ]),
      new Map([
        ["a", "1"],
        ["b", "3"],
        ["c", "4"],
      ]),
    ];
    expect(differences(flat)).toEqual([
      { path: "b", values: ["2", "3"] },
      { path: "c", values: [undefined, "4"] },
    ]);
    expect(differences([flat[0], flat[0]])).toEqual([]);
  });
});

describe("metricsCsv", () => {
  it("has one column for each number of any record, and nothing where a record has none", () => {
    const records = [stepRecord(1), { ...evaluationRecord(1), mpjpe_mm: null, refused: ['no "mesh", none'] }];
    const [header, step, evaluation, end] = metricsCsv(
      `${records.map((each) => JSON.stringify(each)).join("\n")}\n`,
    ).split("\r\n");
    const columns = header.split(",");
    const at = (line: string, name: string): string => line.split(",")[columns.indexOf(name)];
    expect(at(step, "losses.total_loss")).toBe(String(stepRecord(1).losses.total_loss));
    expect(at(step, "mpjpe_mm")).toBe("");
    expect(at(evaluation, "mpjpe_mm")).toBe("");
    expect(evaluation).toContain('"no ""mesh"", none"');
    expect(columns).toContain("baselines.mean_pose.pa_mpjpe_mm");
    expect(end).toBe("");
    expect(() => metricsCsv('{"a":1}\n{')).toThrow("line 2");
  });
});
