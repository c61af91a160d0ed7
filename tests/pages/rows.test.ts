import { describe, expect, it } from "vitest";
import { kernelMs, moduleOf, passMs, sortRows, tableRows, toCsv } from "../../src/pages/profile/rows";
import { profileReport } from "../helpers/scripted-rank";

const report = profileReport();

describe("profile rows", () => {
  it("groups without losing time, operations or calls", () => {
    const total = kernelMs(report.rows);
    for (const grouping of ["none", "kernel", "module"] as const) {
      const rows = tableRows(report, grouping);
      expect(rows.reduce((sum, row) => sum + (row.ms ?? 0), 0)).toBeCloseTo(total, 9);
      expect(rows.reduce((sum, row) => sum + row.share, 0)).toBeCloseTo(1, 9);
      expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(report.rows.length);
    }
    const { forward, backward, update } = passMs(report.rows);
    expect(forward + backward + update).toBeCloseTo(total, 9);
    expect(moduleOf("vit_backbone.blocks.12.attn")).toBe("vit_backbone.blocks.*.attn");
    expect(tableRows(report, "module").map((row) => row.key)).toContain("vit_backbone.blocks.*.mlp");
  });

  it("gives rates in 1e9 per second", () => {
    const [row] = tableRows({ ...report, rows: [{ ...report.rows[0], ms: 2, flops: 4e6, bytes: 6e6 }] }, "none");
    expect([row.gflops, row.gbps]).toEqual([2, 3]);
  });

  it("sorts, with what was not measured last in both directions", () => {
    const rows = tableRows(
      { ...report, rows: report.rows.map((row, i) => (i === 3 ? { ...row, ms: Number.NaN } : row)) },
      "none",
    );
    for (const isDescending of [true, false]) {
      const sorted = sortRows(rows, "ms", isDescending);
      expect(sorted[sorted.length - 1].index).toBe(3);
      const first = [...rows]
        .map((row) => row.ms ?? (isDescending ? 0 : 1e9))
        .sort((a, b) => (isDescending ? b - a : a - b));
      expect(sorted[0].ms).toBe(first[0]);
    }
    expect(sortRows(rows, "kernel", false)[0].kernel).toBe("adamw");
  });

  it("writes CSV that quotes what has commas", () => {
    const lines = toCsv(report).trimEnd().split("\r\n");
    expect(lines).toHaveLength(report.rows.length + 1);
    expect(lines[1]).toContain('"ROWS 1680, COLUMNS 96"');
  });
});
