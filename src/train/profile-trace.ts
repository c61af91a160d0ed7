/** A profile as a trace: what `timeline.ts` lays out, with what is known of each kernel and of the clocks. */
import { type TraceCounter, type TraceFlow, type TraceTrack, writeChromeTrace } from "../export/chrome-trace";
import type { ProfileReport } from "./events";
import { liveBytes } from "./live-bytes";
import type { StepTimes } from "./ranks";
import { endOf, layoutNotes, type Span, type Timeline, timelineOf } from "./timeline";

/**
 * The trace of a recording in Chrome's format: tracks of GPU, host and `ranks`, an arrow from the host's submit to the first
 * kernel, the bytes alive at each dispatch of a micro-batch. Its `otherData` says what its numbers and places rest on.
 */
export function profileTrace(report: ProfileReport, ranks: readonly StepTimes[], name: string): string {
  const { adapter, clock, clockNote, active, warmUp, microBatches } = report;
  const timeline = timelineOf(report, ranks);
  const notes = layoutNotes(report, ranks);
  const about = {
    ...{ name, adapter, clock, ...(clockNote !== undefined && { clock_note: clockNote }) },
    ...{ active, warm_up: warmUp, micro_batches: microBatches },
    layout_gpu: notes.gpu,
    layout_host: notes.host,
    ...(notes.ranks !== undefined && { layout_ranks: notes.ranks }),
    basis: "times are measured, workgroups and live bytes exact, flop and bytes modelled from the shapes",
  };
  const extras = { flows: flowsOf(timeline), counters: countersOf(timeline, report) };
  return writeChromeTrace(traceTracks(timeline, report, notes), about, extras);
}

/** The timeline as tracks of a trace. Kernels carry what is known of them, other spans what their place rests on. */
export function traceTracks(
  { tracks }: Timeline,
  { rows }: Pick<ProfileReport, "rows">,
  notes: ReturnType<typeof layoutNotes>,
): TraceTrack[] {
  const argsOf = (note: string, row: number | undefined): Record<string, string | number> => {
    if (row === undefined) return { note };
    const { scope, workgroups, flops, bytes, ms, minMs, maxMs, index } = rows[row];
    const measured = { median_ms: ms, min_ms: minMs, max_ms: maxMs };
    const told = Object.entries(measured).filter(([, value]) => Number.isFinite(value));
    return {
      module: scope,
      workgroups: workgroups.join(" x "),
      flop: flops,
      bytes,
      ...Object.fromEntries(told),
      index,
    };
  };
  return tracks.map(({ process, name, spans }) => {
    const note = name === "GPU" ? notes.gpu : name === "host" ? notes.host : (notes.ranks ?? "");
    return {
      process,
      name,
      spans: spans.map(({ name: span, startMs, durationMs, kind, row }) => {
        return { name: span, startMs, durationMs, category: kind, args: argsOf(note, row) };
      }),
    };
  });
}

const firstLong = (spans: readonly Span[], isWanted: (span: Span) => boolean): Span | undefined =>
  spans.find((span) => isWanted(span) && span.durationMs > 0);

/** The host's submit hands over the first kernel. An arrow needs a span of some length at both ends. */
function flowsOf({ tracks }: Timeline): TraceFlow[] {
  const [gpu, host] = tracks;
  const submit = firstLong(host.spans, ({ kind }) => kind === "submit");
  const kernel = firstLong(gpu.spans, ({ row }) => row !== undefined);
  if (submit === undefined || kernel === undefined) return [];
  const [from, to] = [
    { process: host.process, track: host.name, atMs: submit.startMs },
    { process: gpu.process, track: gpu.name, atMs: kernel.startMs },
  ];
  return [{ name: "submit", from, to }];
}

/** Bytes of the micro-batch's activations at the beginning of each of its dispatches, and none after the last. */
function countersOf({ tracks: [gpu] }: Timeline, { rows, memory: { tensors } }: ProfileReport): TraceCounter[] {
  const own = rows.filter(({ plan }) => plan === rows[0]?.plan).length;
  const kernels = gpu.spans.filter(({ row }) => row !== undefined && row < own);
  const last = kernels[kernels.length - 1];
  if (last === undefined) return [];
  const live = liveBytes(tensors, own);
  const samples = kernels.map(({ startMs, row }) => ({ atMs: startMs, value: live[row!] }));
  return [
    { process: gpu.process, name: "live activations, bytes", samples: [...samples, { atMs: endOf(last), value: 0 }] },
  ];
}
