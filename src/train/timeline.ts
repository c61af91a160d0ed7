/** A profile laid out in time, for the page and for traces. */
import type { TraceTrack } from "../export/chrome-trace";
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

/** Parts of a rank's step, in their order. */
const PARTS = [
  ["dataMs", "data"],
  ["computeMs", "compute"],
  ["readMs", "read-back"],
  ["reduceMs", "reduce"],
  ["waitMs", "wait"],
  ["updateMs", "update"],
] as const satisfies readonly (readonly [keyof StepTimes, string])[];

const finite = (ms: number): number => (Number.isFinite(ms) ? ms : 0);

/**
 * Kernels of one micro-batch, of adding up and of the update, end to end in the order of the plans, each as long as its median,
 * from when the host has handed them over; above them their passes. Beside them the host's parts of one micro-batch, of which
 * the read-back waits for the GPU, and the parts of the last timed step of each of `ranks`, which were measured by themselves.
 */
export function timelineOf({ rows, host }: ProfileReport, ranks: readonly StepTimes[] = []): Timeline {
  const hostSpans = chain([
    ["record", finite(host.recordMs)],
    ["submit", finite(host.submitMs)],
    ["wait and read back", finite(host.readMs)],
  ]);
  const start = hostSpans[1].startMs + hostSpans[1].durationMs;
  const tracks: Track[] = [
    { process: "step", name: "GPU", spans: kernelSpans(rows, start) },
    { process: "step", name: "host", spans: hostSpans },
    ...ranks.map((times, rank) => ({
      process: "ranks",
      name: `rank ${rank}`,
      spans: chain(PARTS.map(([key, label]) => [label, finite(times[key])] as const).filter(([, ms]) => ms > 0)),
    })),
  ];
  const endMs = tracks.reduce((end, { spans }) => spans.reduce((most, span) => Math.max(most, endOf(span)), end), 0);
  return { tracks, endMs };
}

/** Milliseconds at which a span ends. */
export const endOf = ({ startMs, durationMs }: Span): number => startMs + durationMs;

function chain(parts: readonly (readonly [name: string, ms: number])[]): Span[] {
  let at = 0;
  return parts.map(([name, durationMs]) => {
    const span = { name, startMs: at, durationMs, depth: 0, kind: name };
    at += durationMs;
    return span;
  });
}

function kernelSpans(rows: readonly KernelRow[], startMs: number): Span[] {
  const [passes, kernels]: [Span[], Span[]] = [[], []];
  let at = startMs;
  for (const [row, { kernel, pass, ms }] of rows.entries()) {
    kernels.push({ name: kernel, startMs: at, durationMs: finite(ms), depth: 1, kind: pass, row });
    at += finite(ms);
    const last = passes[passes.length - 1];
    const begin = last?.kind === pass ? last.startMs : kernels[row].startMs;
    if (last?.kind === pass) passes.pop();
    passes.push({ name: pass, startMs: begin, durationMs: at - begin, depth: 0, kind: pass });
  }
  return [...passes, ...kernels];
}

/** The timeline as tracks of a trace; kernels carry what is known of them. */
export function traceTracks({ tracks }: Timeline, { rows }: ProfileReport): TraceTrack[] {
  return tracks.map(({ process, name, spans }) => ({
    process,
    name,
    spans: spans.map(({ name: span, startMs, durationMs, kind, row }) => {
      const about = row === undefined ? undefined : rows[row];
      const args = about && {
        module: about.scope,
        workgroups: about.workgroups.join(" x "),
        flop: about.flops,
        bytes: about.bytes,
        min_ms: finite(about.minMs),
        max_ms: finite(about.maxMs),
        index: about.index,
      };
      return { name: span, startMs, durationMs, category: kind, ...(args && { args }) };
    }),
  }));
}
