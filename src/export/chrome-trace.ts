/** Chrome's trace format, which Perfetto opens: "Trace Event Format", the JSON object form. */
import { DataError } from "../data/data-error";

/** A span of a track, milliseconds from the trace's beginning. */
export interface TraceSpan {
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly category?: string;
  /** Shown beside the span. */
  readonly args?: Readonly<Record<string, string | number>>;
}

/** One row of the viewer; spans may nest, and must not overlap otherwise. */
export interface TraceTrack {
  readonly process: string;
  readonly name: string;
  readonly spans: readonly TraceSpan[];
}

/** A moment of a track, on a span of it, milliseconds. */
export interface TracePlace {
  readonly process: string;
  readonly track: string;
  readonly atMs: number;
}

/** An arrow from one span to another. */
export interface TraceFlow {
  readonly name: string;
  readonly from: TracePlace;
  readonly to: TracePlace;
}

/** A number over time, drawn as steps; milliseconds ascending. */
export interface TraceCounter {
  readonly process: string;
  readonly name: string;
  readonly samples: readonly { readonly atMs: number; readonly value: number }[];
}

/** An event as the format has it: complete ("X"), beginning and end of a flow ("s", "f"), counter ("C") or metadata ("M"); microseconds. */
export interface TraceEvent {
  readonly ph: "X" | "s" | "f" | "C" | "M";
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: number;
  /** Of a flow's end: "e" binds it to the span that encloses it, not to the next one. */
  readonly bp?: "e";
  readonly args?: Readonly<Record<string, string | number>>;
}

/** What a trace has beside its spans. */
export interface TraceExtras {
  readonly flows?: readonly TraceFlow[];
  readonly counters?: readonly TraceCounter[];
}

/**
 * The events of `tracks`: names of processes and threads, then every span, of each track in the order of time with the outer
 * span first, then counters and flows. Times are rounded to 125 ns at both ends, so that what nests still nests. Throws a
 * DataError that names the track when a span has no finite time, two overlap without nesting, a flow begins or ends on no span,
 * or a counter goes back in time.
 */
export function traceEvents(
  tracks: readonly TraceTrack[],
  { flows = [], counters = [] }: TraceExtras = {},
): TraceEvent[] {
  const processes = [...new Set(tracks.map(({ process }) => process))];
  const pidOf = (process: string): number => processes.indexOf(process) + 1;
  const names = processes.flatMap((name, i): TraceEvent[] => {
    const place = { ph: "M", pid: i + 1, tid: 0 } as const;
    return [
      { ...place, name: "process_name", args: { name } },
      { ...place, name: "process_sort_index", args: { sort_index: i } },
    ];
  });
  const spans = tracks.map((track, i) => {
    const place = { pid: pidOf(track.process), tid: i + 1 };
    names.push({ ph: "M", name: "thread_name", ...place, args: { name: track.name } });
    names.push({ ph: "M", name: "thread_sort_index", ...place, args: { sort_index: i } });
    return ordered(track).map((event): TraceEvent => ({ ...event, ...place }));
  });
  return [
    ...names,
    ...spans.flat(),
    ...counters.flatMap((counter) => samplesOf(counter, pidOf(counter.process))),
    ...flows.flatMap((flow, id) => arrowOf(flow, id + 1, tracks, spans)),
  ];
}

/**
 * Microseconds in eighths: a number of 125 ns is whole in nanoseconds and exact in binary, so that the sum of a beginning and a
 * length is what it should be for a reader that adds them as they are, as for one that makes integers of them first.
 */
const microseconds = (ms: number): number => Math.round(8e3 * ms) / 8;

function samplesOf({ name, samples }: TraceCounter, pid: number): TraceEvent[] {
  return samples.map(({ atMs, value }, i) => {
    const isLater = i === 0 || atMs >= samples[i - 1].atMs;
    if (pid < 1 || !isLater || !Number.isFinite(atMs) || !Number.isFinite(value))
      throw new DataError(
        `Chrome trace: counter "${name}" has ${value} at ${atMs} ms as sample ${i}, expected finite numbers, times that do not go back, and a process with tracks`,
      );
    return { ph: "C", name, pid, tid: 0, ts: microseconds(atMs), args: { value } };
  });
}

function arrowOf(
  { name, from, to }: TraceFlow,
  id: number,
  tracks: readonly TraceTrack[],
  spans: readonly (readonly TraceEvent[])[],
): TraceEvent[] {
  const place = ({ process, track, atMs }: TracePlace): Pick<TraceEvent, "pid" | "tid" | "ts"> => {
    const ts = microseconds(atMs);
    const own = spans[tracks.findIndex((each) => each.process === process && each.name === track)] ?? [];
    const span = own.find((each) => ts >= each.ts! && ts < each.ts! + each.dur!);
    if (span === undefined)
      throw new DataError(
        `Chrome trace: flow "${name}" has no span of ${process}, ${track}, at ${atMs} ms to be bound to`,
      );
    return { pid: span.pid, tid: span.tid, ts };
  };
  return [
    { ph: "s", name, cat: "flow", id, ...place(from) },
    { ph: "f", bp: "e", name, cat: "flow", id, ...place(to) },
  ];
}

function ordered({ process, name: track, spans }: TraceTrack): Omit<TraceEvent, "pid" | "tid">[] {
  const timed = spans.map((span, place) => {
    const [start, end] = [span.startMs, span.startMs + span.durationMs].map(microseconds);
    if (!Number.isFinite(start) || !(end >= start)) {
      const found = `${span.startMs} ms for ${span.durationMs} ms`;
      throw new DataError(
        `Chrome trace: span "${span.name}" of ${process}, ${track}, is at ${found}, expected finite times`,
      );
    }
    return { span, start, end, place };
  });
  timed.sort((a, b) => a.start - b.start || b.end - a.end || a.place - b.place);
  const open: typeof timed = [];
  return timed.map((each) => {
    while (open.length > 0 && open[open.length - 1].end <= each.start) open.pop();
    const outer = open[open.length - 1];
    if (outer !== undefined && each.end > outer.end) {
      throw new DataError(
        `Chrome trace: span "${each.span.name}" of ${process}, ${track}, begins within "${outer.span.name}" and ends after it, expected it inside or outside`,
      );
    }
    open.push(each);
    const { name, category, args } = each.span;
    const dur = each.end - each.start;
    return {
      ph: "X" as const,
      name,
      ts: each.start,
      dur,
      ...(category !== undefined && { cat: category }),
      ...(args && { args }),
    };
  });
}

/** The whole file. `about` says what it is of: it becomes the trace's metadata. */
export function writeChromeTrace(
  tracks: readonly TraceTrack[],
  about: Readonly<Record<string, string | number>>,
  extras: TraceExtras = {},
): string {
  return JSON.stringify({ displayTimeUnit: "ms", otherData: about, traceEvents: traceEvents(tracks, extras) });
}
