/** A profile laid out in time, for the page and for traces. Knows no file format. */
import type { KernelRow, ProfileReport } from "./events";
import type { StepTimes } from "./ranks";

/** A stretch of a track. */
export interface Span {
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  /** 0 for the outermost; spans of one depth never overlap and stand in the order of time. */
  readonly depth: number;
  /** What its colour means: a pass of the step, a part of the host's work, a part of a rank's step. */
  readonly kind: string;
  /** Index of the report's row, for a kernel. */
  readonly row?: number;
}

export interface Track {
  readonly process: string;
  readonly name: string;
  readonly spans: readonly Span[];
}

export interface Timeline {
  readonly tracks: readonly Track[];
  readonly endMs: number;
}

/** Parts of a rank's step, in their order: what it is called, and what its colour means. */
const PARTS = [
  ["dataMs", "data", "data"],
  ["computeMs", "compute", "compute"],
  ["readMs", "read-back", "read-back"],
  ["reduceMs", "all-reduce", "reduce"],
  ["waitMs", "wait for ranks", "wait"],
  ["updateMs", "update", "update"],
] as const satisfies readonly (readonly [keyof StepTimes, string, string])[];

const finite = (ms: number): number => (Number.isFinite(ms) ? ms : 0);

const hasSpans = (rows: readonly KernelRow[]): boolean => rows.some(({ span }) => span !== undefined);

/**
 * Kernels of one micro-batch, of adding up and of the update, with their passes above them, from when the host has handed them
 * over: as they ran in one repeat of their plans, or end to end, each as long as its median, where no timestamps tell. Beside
 * them the host's parts of one micro-batch, of which the read-back waits for the GPU, and the parts of the last timed step of
 * each of `ranks`. `layoutNotes` says of each what its place rests on.
 */
export function timelineOf({ rows, host }: ProfileReport, ranks: readonly StepTimes[] = []): Timeline {
  const hostSpans = chain([
    ["record", "record", finite(host.recordMs)],
    ["submit", "submit", finite(host.submitMs)],
    ["wait and read back", "wait and read back", finite(host.readMs)],
  ]);
  const start = endOf(hostSpans[1]);
  const tracks: Track[] = [
    { process: "step", name: "GPU", spans: kernelSpans(rows, start) },
    { process: "step", name: "host", spans: hostSpans },
    ...ranks.map((times, rank) => ({
      process: "ranks",
      name: `rank ${rank}`,
      spans: chain(PARTS.map(([key, name, kind]) => [name, kind, finite(times[key])] as const)).filter(
        ({ durationMs }) => durationMs > 0,
      ),
    })),
  ];
  const endMs = tracks.reduce((end, { spans }) => spans.reduce((most, span) => Math.max(most, endOf(span)), end), 0);
  return { tracks, endMs };
}

/** What the place and length of each track's spans rest on, a sentence or two each: tracks share no clock. */
export function layoutNotes(
  { rows, active, clock }: ProfileReport,
  ranks: readonly StepTimes[] = [],
): { readonly gpu: string; readonly host: string; readonly ranks?: string } {
  const n = `${active} active repeat${active === 1 ? "" : "s"}`;
  return {
    gpu: hasSpans(rows)
      ? `GPU: timestamps of the repeat of middle length, of ${n}; each dispatch in a pass of its own, plans one after another.`
      : `GPU: no timestamps (${clock}), so kernels stand end to end in their order, each as long as its median of ${n}; gaps between them are not known.`,
    host: `Host: medians of ${n} of one micro-batch, without timestamps, on its own clock. The two clocks are not aligned: the GPU is drawn from the end of submit, the earliest that it can begin.`,
    ...(ranks.length > 0 && {
      ranks:
        "Ranks: how long the parts of their last step of training took, before the recording, each rank from 0 and in the order of a step.",
    }),
  };
}

/** Milliseconds at which a span ends. */
export const endOf = ({ startMs, durationMs }: Span): number => startMs + durationMs;

function chain(parts: readonly (readonly [name: string, kind: string, ms: number])[]): Span[] {
  let at = 0;
  return parts.map(([name, kind, durationMs]) => {
    const span = { name, startMs: at, durationMs, depth: 0, kind };
    at += durationMs;
    return span;
  });
}

/** Where the end of a dispatch is after the beginning of the next, the next is drawn from that end. */
function kernelSpans(rows: readonly KernelRow[], startMs: number): Span[] {
  const [passes, kernels]: [Span[], Span[]] = [[], []];
  const isTold = hasSpans(rows);
  let at = startMs;
  for (const [row, { kernel, pass, ms, span }] of rows.entries()) {
    const from = span === undefined ? at : Math.max(at, startMs + span.startMs);
    const untold = isTold ? 0 : finite(ms);
    const to = span === undefined ? from + untold : Math.max(from, startMs + span.endMs);
    kernels.push({ name: kernel, startMs: from, durationMs: to - from, depth: 1, kind: pass, row });
    at = to;
    const last = passes[passes.length - 1];
    const begin = last?.kind === pass ? last.startMs : from;
    if (last?.kind === pass) passes.pop();
    passes.push({ name: pass, startMs: begin, durationMs: at - begin, depth: 0, kind: pass });
  }
  return [...passes, ...kernels];
}
