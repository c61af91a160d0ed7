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

/** An event as the format has it: complete ("X") or metadata ("M"); microseconds. */
export interface TraceEvent {
  readonly ph: "X" | "M";
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

/**
 * The events of `tracks`: names of processes and threads, then every span, of each track in the order of time with the outer
 * span first. Times are rounded to nanoseconds at both ends, so that what nests still nests. Throws a DataError that names the
 * track when a span has no finite time or two overlap without nesting.
 */
export function traceEvents(tracks: readonly TraceTrack[]): TraceEvent[] {
  const processes = [...new Set(tracks.map(({ process }) => process))];
  const names = processes.map((name, i): TraceEvent => {
    return { ph: "M", name: "process_name", pid: i + 1, tid: 0, args: { name } };
  });
  const spans: TraceEvent[] = [];
  for (const [i, track] of tracks.entries()) {
    const place = { pid: processes.indexOf(track.process) + 1, tid: i + 1 };
    names.push({ ph: "M", name: "thread_name", ...place, args: { name: track.name } });
    names.push({ ph: "M", name: "thread_sort_index", ...place, args: { sort_index: i } });
    spans.push(...ordered(track).map((event) => ({ ...event, ...place })));
  }
  return [...names, ...spans];
}

function ordered({ process, name: track, spans }: TraceTrack): Omit<TraceEvent, "pid" | "tid">[] {
  const timed = spans.map((span, place) => {
    const [start, end] = [span.startMs, span.startMs + span.durationMs].map((ms) => Math.round(1e6 * ms));
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
    const [ts, dur] = [each.start / 1e3, (each.end - each.start) / 1e3];
    return { ph: "X" as const, name, ts, dur, ...(category !== undefined && { cat: category }), ...(args && { args }) };
  });
}

/** The whole file. `about` says what it is of: it becomes the trace's metadata. */
export function writeChromeTrace(
  tracks: readonly TraceTrack[],
  about: Readonly<Record<string, string | number>>,
): string {
  return JSON.stringify({ displayTimeUnit: "ms", otherData: about, traceEvents: traceEvents(tracks) });
}
