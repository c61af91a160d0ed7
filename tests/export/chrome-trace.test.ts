import { describe, expect, it } from "vitest";
import { type TraceEvent, traceEvents, writeChromeTrace } from "../../src/export/chrome-trace";
import { endOf, timelineOf, traceTracks } from "../../src/train/timeline";
import { profileReport, stepTimes } from "../helpers/scripted-rank";

const report = profileReport();
const timeline = timelineOf(report, stepTimes(2, 5));

describe("timeline", () => {
  it("lays the kernels end to end in their order, inside their passes, after the host handed them over", () => {
    const [gpu, host] = timeline.tracks;
    const kernels = gpu.spans.filter(({ depth }) => depth === 1);
    expect(kernels.map(({ row }) => row)).toEqual(report.rows.map((_, row) => row));
    expect(kernels[0].startMs).toBeCloseTo(report.host.recordMs + report.host.submitMs, 9);
    for (const [i, span] of kernels.entries()) if (i > 0) expect(span.startMs).toBeCloseTo(endOf(kernels[i - 1]), 9);
    expect(gpu.spans.filter(({ depth }) => depth === 0).map(({ name }) => name)).toEqual([
      "forward",
      "backward",
      "update",
    ]);
    expect(host.spans.map(({ name }) => name)).toEqual(["record", "submit", "wait and read back"]);
    expect(timeline.tracks.map(({ name }) => name)).toEqual(["GPU", "host", "rank 0", "rank 1"]);
    expect(timeline.endMs).toBeGreaterThanOrEqual(endOf(kernels[kernels.length - 1]));
  });

  it("gives a kernel without a timing no length", () => {
    const rows = report.rows.map((row, i) => (i === 2 ? { ...row, ms: Number.NaN } : row));
    const spans = timelineOf({ ...report, rows }).tracks[0].spans.filter(({ row }) => row === 2);
    expect(spans.map(({ durationMs }) => durationMs)).toEqual([0]);
  });
});

describe("Chrome trace", () => {
  const events = traceEvents(traceTracks(timeline, report));
  const complete = (tid: number): TraceEvent[] => events.filter((event) => event.ph === "X" && event.tid === tid);

  it("has every span once, in the order of time, nested or apart, in microseconds", () => {
    const spans = timeline.tracks.reduce((sum, track) => sum + track.spans.length, 0);
    expect(events.filter(({ ph }) => ph === "X")).toHaveLength(spans);
    for (const [i] of timeline.tracks.entries()) {
      const open: number[] = [];
      let before = 0;
      for (const { ts, dur } of complete(i + 1)) {
        expect(ts!).toBeGreaterThanOrEqual(before);
        before = ts!;
        while (open.length > 0 && open[open.length - 1] <= ts! + 1e-6) open.pop();
        if (open.length > 0) expect(ts! + dur!).toBeLessThanOrEqual(open[open.length - 1] + 1e-6);
        open.push(ts! + dur!);
      }
    }
    const first = complete(1).find(({ name }) => name === report.rows[0].kernel)!;
    expect(first.ts).toBeCloseTo(1000 * (report.host.recordMs + report.host.submitMs), 3);
    expect(first.dur).toBeCloseTo(1000 * report.rows[0].ms, 2);
    expect(first.args).toMatchObject({ module: report.rows[0].scope, bytes: report.rows[0].bytes });
  });

  it("names processes and threads", () => {
    const names = events.filter(({ name }) => name === "process_name").map(({ args }) => args!.name);
    expect(names).toEqual(["step", "ranks"]);
    expect(events.filter(({ name }) => name === "thread_name")).toHaveLength(4);
    const file = JSON.parse(writeChromeTrace(traceTracks(timeline, report), { adapter: report.adapter }));
    expect(file.otherData).toEqual({ adapter: "SwiftShader" });
    expect(file.traceEvents).toEqual(JSON.parse(JSON.stringify(events)));
  });

  it("refuses spans that overlap, and times that are none", () => {
    const track = (...spans: [number, number][]) => [
      { process: "p", name: "t", spans: spans.map(([startMs, durationMs]) => ({ name: "s", startMs, durationMs })) },
    ];
    expect(() => traceEvents(track([0, 2], [1, 3]))).toThrow(/begins within "s"/);
    expect(() => traceEvents(track([0, Number.NaN]))).toThrow(/finite times/);
    const outerFirst = traceEvents(track([0, 1], [0, 2])).filter(({ ph }) => ph === "X");
    expect(outerFirst.map(({ dur }) => dur)).toEqual([2000, 1000]);
    expect(traceEvents(track([0, 2], [2, 1], [0, 1])).filter(({ ph }) => ph === "X")).toHaveLength(3);
  });
});
