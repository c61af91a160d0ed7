import { describe, expect, it } from "vitest";
import { kernelMs, passMs, sortRows, tableRows, toCsv } from "../../src/pages/profile/rows";
import { allPaths, treeRows } from "../../src/pages/profile/tree";
import { profileReport } from "../helpers/scripted-rank";

const report = profileReport();

describe("profile rows", () => {
  it("groups without losing time, operations or calls", () => {
    const total = kernelMs(report.rows);
    const flops = report.rows.reduce((sum, row) => sum + row.flops, 0);
    for (const grouping of ["none", "kernel"] as const) {
      const rows = tableRows(report, grouping);
      expect(rows.reduce((sum, row) => sum + (row.ms ?? 0), 0)).toBeCloseTo(total, 9);
      expect(rows.reduce((sum, row) => sum + row.share, 0)).toBeCloseTo(1, 9);
      expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(report.rows.length);
      expect(rows.reduce((sum, row) => sum + (row.flops ?? 0), 0)).toBeCloseTo(flops, 0);
    }
    const { forward, backward, update } = passMs(report.rows);
    expect(forward + backward + update).toBeCloseTo(total, 9);
  });

  it("gives rates in 1e9 per second, and operations per byte", () => {
    const [row] = tableRows({ ...report, rows: [{ ...report.rows[0], ms: 2, flops: 4e6, bytes: 8e6 }] }, "none");
    expect([row.gflops, row.gbps, row.intensity]).toEqual([2, 4, 0.5]);
    const [none] = tableRows({ ...report, rows: [{ ...report.rows[0], flops: 0 }] }, "none");
    expect([none.flops, none.gflops, none.intensity]).toEqual([undefined, undefined, undefined]);
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
    expect(lines[0]).toContain("ms_median,ms_min,ms_max,timings,flops,bytes");
  });
});

describe("module tree", () => {
  it("folds, and its subtotals sum to the whole on every level", () => {
    const folded = treeRows(report, new Set(), "ms", true);
    expect(folded.map(({ label, depth }) => [label, depth])).toEqual([
      ["vit_backbone", 0],
      ["(no module)", 0],
    ]);
    const rows = treeRows(report, allPaths(report), "ms", true);
    expect(rows.filter(({ row }) => row !== undefined)).toHaveLength(report.rows.length);
    const sum = (lines: typeof rows) => lines.reduce((total, { ms }) => total + (ms ?? 0), 0);
    for (const depth of [0, 1, 2]) {
      const level = rows.filter((row) => row.depth === depth && row.key.startsWith("vit_backbone"));
      expect(sum(level), `depth ${depth}`).toBeCloseTo(folded[0].ms!, 6);
    }
    const open = treeRows(report, new Set(["vit_backbone"]), "ms", true);
    expect(open.map(({ label }) => label)).toEqual(["vit_backbone", "blocks", "(no module)"]);
  });

  it("sorts siblings, not across modules", () => {
    const rows = treeRows(report, allPaths(report), "ms", true);
    const blocks = rows.filter(({ depth }) => depth === 2).map(({ ms }) => ms!);
    expect(blocks).toHaveLength(4);
    expect(blocks).toEqual([...blocks].sort((a, b) => b - a));
  });
});
