import { describe, expect, it } from "vitest";
import { type TraceEvent, type TraceTrack, traceEvents, writeChromeTrace } from "../../src/export/chrome-trace";
import { profileTrace, traceTracks } from "../../src/train/profile-trace";
import { endOf, layoutNotes, timelineOf } from "../../src/train/timeline";
import { profileReport, stepTimes } from "../helpers/scripted-rank";
import { traceProblems } from "../helpers/trace-format";

const report = profileReport();
const times = stepTimes(2, 5);
const timeline = timelineOf(report, times);
const notes = layoutNotes(report, times);
/** As a repeat was timed: 1 ms apart from the one before, the third beginning within the second, which a GPU may do. */
const spanned = {
  ...report,
  rows: report.rows.map((row, i) => {
    const startMs = 5 * i - (i === 2 ? 3 : 0);
    return { ...row, span: { startMs, endMs: 5 * i + 4 } };
  }),
};

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

  it("draws kernels where the timestamps of a repeat have them, gaps too, and none over another", () => {
    const [gpu, host] = timelineOf(spanned).tracks;
    const kernels = gpu.spans.filter(({ row }) => row !== undefined);
    const from = endOf(host.spans[1]);
    expect(kernels[1].startMs).toBeCloseTo(from + 5, 9);
    expect(kernels[1].durationMs).toBeCloseTo(4, 9);
    // It began at 7 and is drawn from 9, where the second ends.
    expect([kernels[2].startMs - from, endOf(kernels[2]) - from].map((ms) => Math.round(ms))).toEqual([9, 14]);
    expect(layoutNotes(spanned).gpu).toContain("timestamps of the repeat of middle length, of 5 active repeats");
    expect(notes.gpu).toContain("gaps between them are not known");
    expect(notes.host).toContain("not aligned");
    expect([notes.ranks?.includes("before the recording"), layoutNotes(report).ranks]).toEqual([true, undefined]);
  });
});

describe("Chrome trace", () => {
  const tracks = traceTracks(timeline, report, notes);
  const events = traceEvents(tracks);
  const complete = (tid: number): TraceEvent[] => events.filter((event) => event.ph === "X" && event.tid === tid);

  it("is as the format asks, timed by timestamps or by repetition, with refused timings or none", () => {
    const refused = report.rows.map((row) => ({ ...row, ms: Number.NaN, minMs: Number.NaN, maxMs: Number.NaN }));
    for (const each of [report, spanned, { ...report, rows: refused }, { ...report, rows: [] }])
      expect(traceProblems(profileTrace(each, times, "run"))).toEqual([]);
    const phases = (JSON.parse(profileTrace(spanned, times, "run")).traceEvents as TraceEvent[]).map(({ ph }) => ph);
    expect(new Set(phases)).toEqual(new Set(["M", "X", "C", "s", "f"]));
  });

  it("nests for readers that add a beginning and a length, and for those that cut them to nanoseconds", () => {
    // As decimals 1167116.056 + 22.594 is 1167138.6500000001, after the beginning of the next.
    const ends = [0, 1167.116056, 1167.13865, 1193.65814, 1193.658140001];
    const spans = ends.slice(1).map((end, i) => ({ name: `k${i}`, startMs: ends[i], durationMs: end - ends[i] }));
    const outer = { name: "pass", startMs: 0, durationMs: ends[4] };
    expect(traceProblems(writeChromeTrace([{ process: "p", name: "t", spans: [outer, ...spans] }], {}))).toEqual([]);
  });

  it("has every span once, in microseconds, with what is known of a kernel or what its place rests on", () => {
    const spans = timeline.tracks.reduce((sum, track) => sum + track.spans.length, 0);
    expect(events.filter(({ ph }) => ph === "X")).toHaveLength(spans);
    const first = complete(1).find(({ name }) => name === report.rows[0].kernel)!;
    expect(first.ts).toBeCloseTo(1000 * (report.host.recordMs + report.host.submitMs), 0);
    expect(first.dur).toBeCloseTo(1000 * report.rows[0].ms, 0);
    expect(first.args).toMatchObject({ module: report.rows[0].scope, bytes: report.rows[0].bytes, index: 0 });
    expect(complete(2).map(({ args }) => args?.note)).toEqual([notes.host, notes.host, notes.host]);
    expect(complete(3)[0].args).toEqual({ note: notes.ranks });
  });

  it("names processes and threads, and says in its metadata how the clocks lie", () => {
    const names = events.filter(({ name }) => name === "process_name").map(({ args }) => args!.name);
    expect(names).toEqual(["step", "ranks"]);
    expect(events.filter(({ name }) => name === "thread_name")).toHaveLength(4);
    const { otherData } = JSON.parse(profileTrace({ ...spanned, clockNote: "Coarse." }, times, "run, step 3"));
    expect(otherData).toMatchObject({ name: "run, step 3", adapter: "SwiftShader", clock_note: "Coarse.", warm_up: 1 });
    expect(otherData.layout_gpu).toBe(layoutNotes(spanned).gpu);
    expect([otherData.layout_host, otherData.layout_ranks]).toEqual([notes.host, notes.ranks]);
  });

  it("has an arrow from submit to the first kernel, and the bytes alive at each dispatch", () => {
    const all = JSON.parse(profileTrace(spanned, times, "run")).traceEvents as TraceEvent[];
    const [start, end] = all.filter(({ ph }) => ph === "s" || ph === "f");
    const submit = all.find(({ name, ph }) => name === "submit" && ph === "X")!;
    expect([start.tid, start.ts, end.tid, end.bp]).toEqual([submit.tid, submit.ts, 1, "e"]);
    const live = all.filter(({ ph }) => ph === "C").map(({ args }) => Number(args!.value) / 2 ** 20);
    expect([live.length, live[0], live[4], live[40]]).toEqual([41, 6, 11, 0]);
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

  it("refuses arrows that hang in the air, and counters that go back", () => {
    const spans: TraceTrack[] = [{ process: "p", name: "t", spans: [{ name: "s", startMs: 1, durationMs: 2 }] }];
    const at = (atMs: number) => ({ process: "p", track: "t", atMs });
    const flow = (atMs: number) => () => traceEvents(spans, { flows: [{ name: "go", from: at(1), to: at(atMs) }] });
    expect(flow(2.9)()).toHaveLength(4 + 1 + 2);
    expect(flow(3)).toThrow('flow "go" has no span of p, t, at 3 ms');
    const counter = (...times: number[]) =>
      traceEvents(spans, {
        counters: [{ process: "p", name: "c", samples: times.map((atMs) => ({ atMs, value: 1 })) }],
      });
    expect(counter(1, 2)).toHaveLength(4 + 1 + 2);
    expect(() => counter(2, 1)).toThrow('counter "c" has 1 at 1 ms as sample 1');
  });
});

describe("the checker of traces", () => {
  const good = JSON.parse(profileTrace(spanned, times, "run")) as { traceEvents: Record<string, unknown>[] };
  /** Of the trace with one event of a phase changed. */
  const problems = (ph: string, change: Record<string, unknown>): string[] => {
    const at = good.traceEvents.findIndex((event) => event.ph === ph && event.name !== "forward");
    const traceEvents = good.traceEvents.map((event, i) => (i === at ? { ...event, ...change } : event));
    return traceProblems(JSON.stringify({ ...good, traceEvents }));
  };

  it.each([
    ["X", { dur: undefined }, "has no dur"],
    ["X", { ts: null }, "ts is null"],
    ["X", { tid: 99 }, "thread 1/99 has no name"],
    ["X", { pid: 9 }, "process 9 has no name"],
    ["X", { dur: 6000 }, "overlaps"],
    ["X", { ph: "B" }, "does not end"],
    ["X", { ph: "E" }, "ends what did not begin"],
    ["X", { ph: "Z" }, "unknown phase"],
    ["X", { ts: 9e9 }, "begins before the event before it"],
    ["C", { ts: 9e9 }, "goes back in time"],
    ["C", { args: { value: "1" } }, "args.value is no number"],
    ["s", { id: 7 }, "is not one beginning and one end"],
    ["f", { ts: 0 }, "no span encloses it"],
    ["f", { bp: undefined }, "binds to the next span"],
    ["f", { name: "other" }, "ends as another one"],
    ["M", { name: "processName" }, "no metadata of the format"],
    ["M", { args: { name: null } }, "args.name is null"],
  ])("finds a wrong %s: %j", (ph, change, found) => {
    expect(problems(ph, change).join("; ")).toContain(found);
  });

  it("refuses what is no trace", () => {
    expect(traceProblems("{")).toEqual(["the file is no JSON"]);
    expect(traceProblems("{}")).toEqual(["there is no array traceEvents"]);
  });
});
