import { describe, expect, it } from "vitest";
import { differences } from "../../src/pages/profile/compare";
import { entryLines } from "../../src/pages/profile/kernel-text";
import { fileStem, readRecording, writeRecording } from "../../src/pages/profile/recordings";
import { aboveRoof, decades, roofAt, rooflineBounds, rooflineDots } from "../../src/pages/profile/roofline";
import { sameDispatch } from "../../src/pages/profile/rows";
import {
  lanesOf,
  panRange,
  rulerStep,
  spanAt,
  sumsIn,
  visibleSpans,
  zoomRange,
} from "../../src/pages/profile/timeline-camera";
import { amount, three } from "../../src/pages/profile/units";
import type { KernelRow } from "../../src/train/events";
import { liveBytes } from "../../src/train/live-bytes";
import { endOf, timelineOf } from "../../src/train/timeline";
import { profileReport, stepTimes } from "../helpers/scripted-rank";

const report = profileReport();
const timeline = timelineOf(report, stepTimes(2, 5));

describe("timeline", () => {
  it("zooms about a point, and never leaves the step", () => {
    const zoomed = zoomRange({ fromMs: 0, toMs: 100 }, 25, 0.5, 100);
    expect(zoomed).toEqual({ fromMs: 12.5, toMs: 62.5 });
    expect(zoomRange(zoomed, 25, 2, 100)).toEqual({ fromMs: 0, toMs: 100 });
    expect(zoomRange(zoomed, 25, 50, 100)).toEqual({ fromMs: 0, toMs: 100 });
    expect(panRange(zoomed, 2, 100)).toEqual({ fromMs: 50, toMs: 100 });
    expect(panRange(zoomed, -2, 100)).toEqual({ fromMs: 0, toMs: 50 });
  });

  it("finds what is seen, and what lies at a time, without looking at all", () => {
    const spans = Array.from({ length: 2000 }, (_, i) => {
      return { name: `k${i}`, startMs: 2 * i, durationMs: 1, depth: 0, kind: "forward", row: i };
    });
    expect(visibleSpans(spans, { fromMs: 100.5, toMs: 106 }).map(({ row }) => row)).toEqual([50, 51, 52]);
    expect(spanAt(spans, 100.5)?.row).toBe(50);
    expect([spanAt(spans, 101.5), spanAt(spans, 9000)]).toEqual([undefined, undefined]);
    let reads = 0;
    const counted = new Proxy(spans, {
      get: (target, key, receiver) => {
        if (typeof key === "string" && /^\d+$/.test(key)) reads++;
        return Reflect.get(target, key, receiver);
      },
    });
    visibleSpans(counted, { fromMs: 100.5, toMs: 106 });
    expect(reads).toBeLessThan(40);
  });

  it("has a lane for each depth of each track, and a ruler of round steps", () => {
    expect(lanesOf(timeline).map(({ track, isFirst }) => `${track} ${isFirst}`)).toEqual([
      "GPU true",
      "GPU false",
      "host true",
      "rank 0 true",
      "rank 1 true",
    ]);
    expect([rulerStep(100, 800), rulerStep(73, 1000), rulerStep(0.02, 1000)]).toEqual([10, 10, 0.002]);
  });

  it("sums what lies in a range, cut kernels in part", () => {
    const kernels = timeline.tracks[0].spans.filter(({ row }) => row !== undefined);
    const all = sumsIn(timeline, report.rows, { fromMs: 0, toMs: timeline.endMs });
    expect(all.calls).toBe(report.rows.length);
    expect(all.bytes).toBeCloseTo(
      report.rows.reduce((sum, row) => sum + row.bytes, 0),
      0,
    );
    const [first, second] = kernels;
    const half = sumsIn(timeline, report.rows, { fromMs: first.startMs + first.durationMs / 2, toMs: endOf(second) });
    expect(half.calls).toBe(2);
    expect(half.flops).toBeCloseTo(report.rows[0].flops / 2 + report.rows[1].flops, 0);
  });
});

it("shows each dispatch under the roof that its intensity has", () => {
  const peaks = { adapter: "a", gflops: 200, gbps: 10, bandwidthBytes: 1, n: 3, clock: "" };
  expect([roofAt(peaks, 1), roofAt(peaks, 20), roofAt(peaks, 1000)]).toEqual([10, 200, 200]);
  const dots = rooflineDots(report);
  expect(dots).toHaveLength(report.rows.filter(({ flops }) => flops > 0).length);
  const [{ row, intensity, gflops }] = dots;
  const { flops, bytes, ms } = report.rows[row];
  expect([intensity, gflops]).toEqual([flops / bytes, flops / ms / 1e6]);
  const { x, y } = rooflineBounds(dots, peaks);
  for (const dot of dots) {
    expect(dot.intensity >= x[0] && dot.intensity <= x[1]).toBe(true);
    expect(dot.gflops >= y[0] && dot.gflops <= y[1]).toBe(true);
  }
  expect(y[1]).toBe(1000);
  expect(decades([0.1, 100])).toEqual([0.1, 1, 10, 100]);
  const dot = (at: number, rate: number) => ({ row: 0, intensity: at, gflops: rate, share: 0 });
  // On the slope, above it, above the flat part by a hair, and by half.
  expect(aboveRoof([dot(2, 20), dot(2, 50), dot(40, 205), dot(40, 300)], peaks)).toEqual({
    flat: 1,
    slope: 1,
    times: 1.5,
  });
});

it("compares kernel by kernel, the greatest change first", () => {
  const timesFactor = (row: KernelRow, factor: number): KernelRow => {
    return { ...row, ms: factor * row.ms, minMs: factor * row.minMs, maxMs: factor * row.maxMs };
  };
  const rows = report.rows
    .filter(({ kernel }) => kernel !== "adamw")
    .map((row) => (row.kernel === "linear" ? timesFactor(row, 0.5) : row));
  const [first, second, ...rest] = differences(report, { ...report, rows });
  expect([first.kernel, first.pass, first.ratio]).toEqual(["linear", "forward", 0.5]);
  expect([second.kernel, second.after, second.deltaMs, second.ratio]).toEqual(["adamw", undefined, -1.2, undefined]);
  expect(rest.every(({ deltaMs, isWithinSpread }) => deltaMs === 0 && isWithinSpread)).toBe(true);
  // Timings of half to 1.25 of it do not tell of a change to nine tenths.
  const slightly = report.rows.map((row) => (row.kernel === "linear" ? timesFactor(row, 0.9) : row));
  const [small] = differences(report, { ...report, rows: slightly });
  expect([first.isWithinSpread, second.isWithinSpread, small.isWithinSpread]).toEqual([false, false, true]);
});

it("finds a dispatch in a recording of another plan, as far down among those alike", () => {
  const twice = report.rows.flatMap((row) => [row, { ...row, ms: 2 * row.ms }]);
  const [, again] = twice;
  expect(sameDispatch(twice, again, report.rows)).toBeUndefined();
  expect(sameDispatch(twice, again, [report.rows[5], ...twice])?.ms).toBe(again.ms);
  expect(sameDispatch(report.rows, report.rows[7], twice)?.ms).toBe(report.rows[7].ms);
});

it("counts the bytes that are alive, of what is kept throughout", () => {
  const { tensors, unshared } = report.memory;
  const live = liveBytes(tensors, 41).map((bytes) => bytes / 2 ** 20);
  expect([live[0], live[4], live[9], live[10], live[31], live[40]]).toEqual([6, 11, 11, 10, 7, 2]);
  expect(Math.max(...live) * 2 ** 20).toBeLessThan(unshared);
  expect(liveBytes([{ bytes: 8, first: 1, last: 1, isKept: true }], 3)).toEqual([8, 8, 8]);
  expect(liveBytes([{ bytes: 8, first: 1, last: 1, isKept: false }], 3)).toEqual([0, 8, 0]);
});

it("finds an entry point with its attributes", () => {
  const lines = ["fn help() {", "}", "@compute", "@workgroup_size(64)", "fn forward(", "  x: u32) {", "}", "fn y() {}"];
  expect(entryLines(lines, "forward")).toEqual({ first: 2, last: 6 });
  expect(entryLines(lines, "absent")).toEqual({ first: 0, last: 7 });
});

describe("recordings as files", () => {
  const peaks = { adapter: "SwiftShader", gflops: 190, gbps: 11, bandwidthBytes: 1, n: 3, clock: "wall" };
  const recording = { id: 3, name: "Run 2, step 4", report, ranks: stepTimes(1, 2), peaks };

  it("come back as they were, refused times too", () => {
    const rows = report.rows.map((row, i) => {
      return i === 2 ? { ...row, ms: Number.NaN } : { ...row, span: { startMs: i, endMs: i + 1 } };
    });
    const { id: _, ...rest } = { ...recording, report: { ...report, rows } };
    expect(readRecording("p.json", writeRecording({ ...rest, id: 3 }))).toEqual({ ...rest, isOpened: true });
    const { peaks: __, ...bare } = rest;
    expect(readRecording("p.json", writeRecording({ ...bare, id: 3 }))).toEqual({ ...bare, isOpened: true });
    expect(fileStem(recording)).toBe("handloom-profile-run-2-step-4-3");
  });

  it("are refused with a sentence that names the file", () => {
    const broken = JSON.parse(writeRecording(recording));
    broken.report.rows[0].shader = 7;
    expect(() => readRecording("p.json", "{")).toThrow("p.json: it is no JSON, expected a profile");
    expect(() => readRecording("p.json", "[]")).toThrow("it has no format");
    expect(() => readRecording("p.json", JSON.stringify({ ...broken, version: 2 }))).toThrow("is of version 2");
    expect(() => readRecording("p.json", JSON.stringify(broken))).toThrow("it lacks parts of a profile");
    const flat = JSON.stringify({ ...JSON.parse(writeRecording(recording)), peaks: { ...peaks, gbps: 0 } });
    expect(() => readRecording("p.json", flat)).toThrow("its peaks lack a rate or where they were measured");
  });
});

it("writes amounts with three digits", () => {
  expect([amount(1.4521e9, "FLOP"), amount(999.9), amount(12, "B"), amount(undefined)]).toEqual([
    "1.45 GFLOP",
    "1.00 k",
    "12 B",
    "–",
  ]);
  expect([three(0.01234), three(12.34), three(1234.5), three(0)]).toEqual(["0.0123", "12.3", "1235", "0"]);
});
