/** How the timeline looks: ruler, lanes and the map below them. */
import { endOf, type Span } from "../../train/timeline";
import { milliseconds } from "../format";
import { cssColour } from "../theme";
import type { TimeRange } from "./state";
import type { Lane } from "./timeline-camera";

/** Width of the names, heights of ruler, lanes and map, px. */
export const GUTTER = 64;
export const RULER = 20;
export const LANE = 22;
export const MAP = 18;
/** Between two tracks. */
const GAP = 8;
/** Blocks narrower than this have no text. */
const TEXT_PX = 42;

const COLOURS: Readonly<Record<string, string>> = {
  forward: "--series-1",
  backward: "--series-2",
  update: "--series-3",
  record: "--series-4",
  submit: "--series-5",
  data: "--series-4",
  compute: "--series-1",
  reduce: "--series-3",
  "read-back": "--series-2",
};

const colourOf = (kind: string): string => cssColour(COLOURS[kind] ?? "--line-strong");

export interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly view: TimeRange;
  readonly endMs: number;
}

/** Upper edge of lane `index`, px. */
export function laneTop(lanes: readonly Lane[], index: number): number {
  let top = RULER;
  for (let i = 0; i <= index; i++) top += (i > 0 ? LANE : 0) + (lanes[i].isFirst && i > 0 ? GAP : 0);
  return top;
}

/** Height that lanes, ruler and map need, px. */
export function neededHeight(lanes: readonly Lane[]): number {
  return laneTop(lanes, lanes.length - 1) + LANE + MAP + 12;
}

const xOf = ({ width, view }: Frame, ms: number): number =>
  GUTTER + ((ms - view.fromMs) / (view.toMs - view.fromMs)) * (width - GUTTER);

export function paintRuler(frame: Frame, stepMs: number): void {
  const { context, height, view } = frame;
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (let i = Math.ceil(view.fromMs / stepMs); i * stepMs <= view.toMs; i++) {
    const x = Math.round(xOf(frame, i * stepMs)) + 0.5;
    context.fillStyle = cssColour("--grid");
    context.fillRect(x - 0.5, RULER - 6, 1, height - RULER - MAP);
    context.fillStyle = cssColour("--muted");
    const decimals = Math.max(0, -Math.floor(Math.log10(stepMs)));
    context.fillText(`${(i * stepMs).toFixed(decimals)} ms`, x + 3, RULER / 2 - 1);
  }
}

/** Draws what `visible` leaves of each lane; blocks of less than half a pixel are joined with their neighbours. */
export function paintLanes(
  frame: Frame,
  lanes: readonly Lane[],
  visible: (spans: readonly Span[], view: TimeRange) => readonly Span[],
  chosen: number | undefined,
  hovered: Span | undefined,
): void {
  const { context, width, view } = frame;
  for (const [i, { track, spans, isFirst }] of lanes.entries()) {
    const top = laneTop(lanes, i);
    context.save();
    context.beginPath();
    context.rect(GUTTER, top, width - GUTTER, LANE);
    context.clip();
    let paintedTo = Number.NEGATIVE_INFINITY;
    let paintedKind = "";
    for (const span of visible(spans, view)) {
      const isMarked = span === hovered || (span.row !== undefined && span.row === chosen);
      const end = xOf(frame, endOf(span));
      if (end - paintedTo < 0.5 && span.kind === paintedKind && !isMarked) continue;
      paintedTo = end;
      paintedKind = span.kind;
      paintBlock(frame, span, top, isMarked);
    }
    context.restore();
    if (!isFirst) continue;
    context.fillStyle = cssColour("--muted");
    context.textAlign = "right";
    context.fillText(track, GUTTER - 8, top + LANE / 2);
  }
}

function paintBlock(frame: Frame, span: Span, top: number, isMarked: boolean): void {
  const { context, width } = frame;
  const x = xOf(frame, span.startMs);
  const w = Math.max(0.75, xOf(frame, endOf(span)) - x);
  context.fillStyle = colourOf(span.kind);
  context.fillRect(x, top + 1, Math.max(0.75, w > 3 ? w - 1 : w), LANE - 3);
  if (isMarked) {
    context.strokeStyle = cssColour("--ink");
    context.lineWidth = 2;
    context.strokeRect(x + 1, top + 2, Math.max(1, w - 3), LANE - 5);
  }
  if (w < TEXT_PX) return;
  // The part that is seen carries the text.
  const [from, to] = [Math.max(GUTTER, x), Math.min(width, x + w)];
  if (to - from < TEXT_PX) return;
  const isGrey = COLOURS[span.kind] === undefined;
  context.save();
  context.beginPath();
  context.rect(from, top, to - from - 4, LANE);
  context.clip();
  context.fillStyle = cssColour(isGrey ? "--ink" : "--on-accent");
  context.textAlign = "left";
  const text = to - from > 150 ? `${span.name}  ${milliseconds(span.durationMs)} ms` : span.name;
  context.fillText(text, from + 5, top + LANE / 2);
  context.restore();
}

/** The whole step, with a window over what is seen of it. */
export function paintMap({ context, width, height, view, endMs }: Frame, spans: readonly Span[]): void {
  const top = height - MAP;
  const scale = (width - GUTTER) / Math.max(endMs, 1e-9);
  context.fillStyle = cssColour("--sunken");
  context.fillRect(GUTTER, top, width - GUTTER, MAP);
  let paintedTo = 0;
  for (const { startMs, durationMs, kind } of spans) {
    const end = GUTTER + (startMs + durationMs) * scale;
    if (end - paintedTo < 0.5) continue;
    const start = Math.max(GUTTER + startMs * scale, paintedTo);
    paintedTo = end;
    context.fillStyle = colourOf(kind);
    context.fillRect(start, top + 3, Math.max(0.5, end - start), MAP - 6);
  }
  const [from, to] = [view.fromMs, view.toMs].map((ms) => GUTTER + ms * scale);
  context.fillStyle = cssColour("--panel");
  context.globalAlpha = 0.65;
  context.fillRect(GUTTER, top, from - GUTTER, MAP);
  context.fillRect(to, top, width - to, MAP);
  context.globalAlpha = 1;
  context.strokeStyle = cssColour("--accent");
  context.lineWidth = 1;
  context.strokeRect(from + 0.5, top + 0.5, Math.max(2, to - from - 1), MAP - 1);
}
