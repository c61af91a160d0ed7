/** What the timeline shows of its spans, and what lies under the pointer. Knows no DOM. */
import type { KernelRow } from "../../train/events";
import { endOf, type Span, type Timeline } from "../../train/timeline";
import type { TimeRange } from "./state";

/** Least stretch that can be looked at, ms: a microsecond. */
const LEAST_MS = 0.001;

/** The stretch, moved and cut so that it lies in 0 to `endMs`. */
export function clampRange({ fromMs, toMs }: TimeRange, endMs: number): TimeRange {
  const length = Math.min(endMs, Math.max(LEAST_MS, toMs - fromMs));
  const from = Math.min(Math.max(0, fromMs), endMs - length);
  return { fromMs: from, toMs: from + length };
}

/** `factor` below 1 shows less, with `atMs` where it was. */
export function zoomRange({ fromMs, toMs }: TimeRange, atMs: number, factor: number, endMs: number): TimeRange {
  const length = Math.min(endMs, Math.max(LEAST_MS, factor * (toMs - fromMs)));
  const part = (atMs - fromMs) / (toMs - fromMs);
  const from = atMs - part * length;
  return clampRange({ fromMs: from, toMs: from + length }, endMs);
}

/** Moved by a part of what is seen: 0.1 is a tenth to later. */
export function panRange({ fromMs, toMs }: TimeRange, part: number, endMs: number): TimeRange {
  const by = part * (toMs - fromMs);
  return clampRange({ fromMs: fromMs + by, toMs: toMs + by }, endMs);
}

/** Index of the first of `spans` (of one depth, in the order of time) that ends after `ms`. */
export function firstAfter(spans: readonly Span[], ms: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(spans[middle]) > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Spans of one depth that touch the stretch: found by halving, so that 2,000 blocks cost as much as what is seen of them. */
export function visibleSpans(spans: readonly Span[], { fromMs, toMs }: TimeRange): readonly Span[] {
  const first = firstAfter(spans, fromMs);
  let end = first;
  while (end < spans.length && spans[end].startMs < toMs) end++;
  return spans.slice(first, end);
}

/** The span of one depth at `ms`; undefined in a gap. */
export function spanAt(spans: readonly Span[], ms: number): Span | undefined {
  const span = spans[firstAfter(spans, ms)];
  return span !== undefined && span.startMs <= ms ? span : undefined;
}

/** A lane of the drawing: the spans of one depth of a track. */
export interface Lane {
  readonly track: string;
  readonly spans: readonly Span[];
  /** The outermost of its track, beside which the name stands. */
  readonly isFirst: boolean;
}

/** Lanes from top to bottom. */
export function lanesOf({ tracks }: Timeline): Lane[] {
  return tracks.flatMap(({ name, spans }) => {
    const depths = [...new Set(spans.map(({ depth }) => depth))].sort();
    return depths.map((depth, i) => ({
      track: name,
      spans: spans.filter((span) => span.depth === depth),
      isFirst: i === 0,
    }));
  });
}

/** Distance of the ruler's lines, ms: 1, 2 or 5 times a power of ten, at least `leastPx` apart. */
export function rulerStep(lengthMs: number, widthPx: number, leastPx = 80): number {
  const least = (lengthMs * leastPx) / Math.max(1, widthPx);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * (1 - 1e-9))!;
}

/** What was measured and modelled inside a stretch. */
export interface RangeSums {
  /** Kernels that it touches. */
  readonly calls: number;
  /** Their time inside of it, and operations and bytes in proportion to it. */
  readonly ms: number;
  readonly flops: number;
  readonly bytes: number;
}

/** Sums over the kernels of the timeline inside a stretch. */
export function sumsIn(timeline: Timeline, rows: readonly KernelRow[], range: TimeRange): RangeSums {
  let [calls, ms, flops, bytes] = [0, 0, 0, 0];
  for (const span of timeline.tracks[0].spans) {
    if (span.row === undefined || span.durationMs <= 0) continue;
    const inside = Math.min(endOf(span), range.toMs) - Math.max(span.startMs, range.fromMs);
    if (inside <= 0) continue;
    const part = inside / span.durationMs;
    calls++;
    ms += inside;
    flops += part * rows[span.row].flops;
    bytes += part * rows[span.row].bytes;
  }
  return { calls, ms, flops, bytes };
}
