/** The timeline, drawn by hand: lanes of blocks under a ruler, over a map of the whole. */
import { effect } from "@preact/signals";
import { endOf, type Span, type Timeline } from "../../train/timeline";
import { cssColour, theme } from "../theme";
import { FitCanvas } from "../widgets/fit-canvas";
import type { Island } from "../widgets/use-island";
import type { TimeRange } from "./state";
import {
  clampRange,
  firstAfter,
  type Lane,
  lanesOf,
  panRange,
  rulerStep,
  spanAt,
  visibleSpans,
  zoomRange,
} from "./timeline-camera";
import { GUTTER, LANE, laneTop, MAP, paintLanes, paintMap, paintRuler, RULER } from "./timeline-paint";

export interface TimelineProps {
  readonly timeline: Timeline;
  readonly chosen: number | undefined;
  readonly range: TimeRange | undefined;
  onChoose(row: number | undefined): void;
  onRange(range: TimeRange | undefined): void;
  /** The span under the pointer. */
  onHover(span: Span | undefined): void;
}

/** A press that moves less than this is a click, px. */
const CLICK_PX = 4;
/** Part of what is seen that a key moves by, and factor that it zooms by. */
const [KEY_PAN, KEY_ZOOM] = [0.15, 0.8];

/** Where the kernels end: ranks tell of a whole step, and a host that waits beside other work of many times one micro-batch. */
function kernelsEnd({ tracks: [gpu] }: Timeline): number {
  return 1.02 * Math.max(...gpu.spans.map(endOf), 0.001);
}

/** A person types there, or chooses in a dialog. */
const TYPED = "dialog, textarea, select, input:not([type=radio]):not([type=checkbox]), [contenteditable]";

type Drag = { readonly kind: "pan" | "range" | "map"; readonly x: number; readonly from: TimeRange; moved: boolean };

export class TimelineIsland implements Island<TimelineProps> {
  private element: HTMLElement | undefined;
  private fitted: FitCanvas | undefined;
  private props: TimelineProps | undefined;
  private lanes: readonly Lane[] = [];
  private view: TimeRange = { fromMs: 0, toMs: 1 };
  private pointer: { readonly x: number; readonly y: number } | undefined;
  private drag: Drag | undefined;
  private frame = 0;
  private stopTheme: () => void = () => undefined;

  mount(element: HTMLElement): void {
    this.element = element;
    this.fitted = new FitCanvas(element, () => this.draw());
    element.addEventListener("pointerdown", this.onDown);
    element.addEventListener("pointermove", this.onMove);
    element.addEventListener("pointerup", this.onUp);
    element.addEventListener("pointercancel", this.onUp);
    element.addEventListener("pointerleave", this.onLeave);
    element.addEventListener("wheel", this.onWheel, { passive: false });
    element.addEventListener("dblclick", this.showAll);
    element.addEventListener("keydown", this.onKey);
    addEventListener("keydown", this.onPageKey);
    this.stopTheme = effect(() => {
      theme.value;
      this.redraw();
    });
  }

  update(props: TimelineProps): void {
    const isNew = props.timeline !== this.props?.timeline;
    const isChosenElsewhere = props.chosen !== this.props?.chosen && props.chosen !== undefined;
    this.props = props;
    if (isNew) {
      this.lanes = lanesOf(props.timeline);
      this.view = clampRange({ fromMs: 0, toMs: kernelsEnd(props.timeline) }, props.timeline.endMs);
    }
    if (isChosenElsewhere) this.reveal(props.chosen!);
    this.redraw();
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.stopTheme();
    removeEventListener("keydown", this.onPageKey);
    this.fitted?.dispose();
  }

  /** For tests and measurements: draws once, now. */
  draw(): void {
    const { fitted, props } = this;
    if (fitted === undefined || props === undefined) return;
    const { context, width, height } = fitted;
    context.clearRect(0, 0, width, height);
    context.font = `11px ${getComputedStyle(this.element!).fontFamily}`;
    const frame = { context, width, height, view: this.view, endMs: props.timeline.endMs };
    paintRuler(frame, rulerStep(this.view.toMs - this.view.fromMs, width - GUTTER));
    paintLanes(frame, this.lanes, visibleSpans, props.chosen, this.hovered());
    paintMap(frame, this.lanes[1]?.spans ?? []);
    if (props.range !== undefined) this.paintRange(props.range);
  }

  private paintRange({ fromMs, toMs }: TimeRange): void {
    const { context, height } = this.fitted!;
    const [from, to] = [this.xOf(fromMs), this.xOf(toMs)].map((x) => Math.max(GUTTER, x));
    context.fillStyle = cssColour("--accent");
    context.globalAlpha = 0.16;
    context.fillRect(from, RULER, to - from, height - RULER - MAP - 6);
    context.globalAlpha = 1;
    for (const x of [from, to]) context.fillRect(x - 0.5, 0, 1, height - MAP - 6);
  }

  private redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private look(view: TimeRange): void {
    this.view = view;
    this.redraw();
  }

  private xOf(ms: number): number {
    const { fromMs, toMs } = this.view;
    return GUTTER + ((ms - fromMs) / (toMs - fromMs)) * (this.fitted!.width - GUTTER);
  }

  private msAt(x: number): number {
    const { fromMs, toMs } = this.view;
    return fromMs + ((x - GUTTER) / Math.max(1, this.fitted!.width - GUTTER)) * (toMs - fromMs);
  }

  private hovered(): Span | undefined {
    const { pointer, lanes } = this;
    if (pointer === undefined || pointer.x < GUTTER) return undefined;
    const lane = lanes.findIndex((_, i) => pointer.y >= laneTop(lanes, i) && pointer.y < laneTop(lanes, i) + LANE);
    return lane < 0 ? undefined : spanAt(lanes[lane].spans, this.msAt(pointer.x));
  }

  /** Moves the view to a kernel that was chosen elsewhere and is not seen. */
  private reveal(row: number): void {
    const span = this.kernels()?.find((each) => each.row === row);
    if (span === undefined || (endOf(span) > this.view.fromMs && span.startMs < this.view.toMs)) return;
    const length = this.view.toMs - this.view.fromMs;
    const fromMs = span.startMs + span.durationMs / 2 - length / 2;
    this.view = clampRange({ fromMs, toMs: fromMs + length }, this.props!.timeline.endMs);
  }

  private kernels(): readonly Span[] | undefined {
    return this.lanes.find(({ spans }) => spans[0]?.row !== undefined)?.spans;
  }

  private readonly showAll = (): void => this.look({ fromMs: 0, toMs: this.props!.timeline.endMs });

  private at(event: PointerEvent | WheelEvent): { x: number; y: number } {
    const box = this.element!.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button !== 0 || this.props === undefined) return;
    this.element!.setPointerCapture(event.pointerId);
    const { x, y } = this.at(event);
    const isMap = y > this.fitted!.height - MAP;
    const kind = isMap ? "map" : event.shiftKey ? "range" : "pan";
    this.drag = { kind, x, from: this.view, moved: false };
    if (isMap) this.moveMap(x);
  };

  private readonly onMove = (event: PointerEvent): void => {
    this.pointer = this.at(event);
    const { drag, props } = this;
    if (drag !== undefined && props !== undefined) {
      const { x } = this.pointer;
      drag.moved ||= Math.abs(x - drag.x) > CLICK_PX;
      const part = (drag.x - x) / Math.max(1, this.fitted!.width - GUTTER);
      if (drag.kind === "map") this.moveMap(x);
      else if (drag.moved && drag.kind === "pan") this.look(panRange(drag.from, part, props.timeline.endMs));
      else if (drag.moved) {
        const ends = [this.msAt(Math.max(GUTTER, drag.x)), this.msAt(Math.max(GUTTER, x))].sort((a, b) => a - b);
        props.onRange({ fromMs: ends[0], toMs: Math.min(props.timeline.endMs, ends[1]) });
      }
    }
    props?.onHover(this.hovered());
    this.redraw();
  };

  private readonly onUp = (): void => {
    const { drag } = this;
    this.drag = undefined;
    if (drag === undefined || drag.moved || drag.kind === "map") return;
    const span = this.hovered();
    if (drag.kind === "range" || span === undefined) this.props?.onRange(undefined);
    else if (span.row !== undefined) this.props?.onChoose(span.row);
    else this.props?.onRange({ fromMs: span.startMs, toMs: endOf(span) });
  };

  private moveMap(x: number): void {
    const { endMs } = this.props!.timeline;
    const length = this.view.toMs - this.view.fromMs;
    const middle = ((x - GUTTER) / Math.max(1, this.fitted!.width - GUTTER)) * endMs;
    this.look(clampRange({ fromMs: middle - length / 2, toMs: middle + length / 2 }, endMs));
  }

  private readonly onLeave = (): void => {
    this.pointer = undefined;
    this.props?.onHover(undefined);
    this.redraw();
  };

  private readonly onWheel = (event: WheelEvent): void => {
    if (this.props === undefined) return;
    event.preventDefault();
    const { endMs } = this.props.timeline;
    const isPan = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const delta = isPan ? event.deltaX || event.deltaY : event.deltaY;
    if (isPan) this.look(panRange(this.view, delta / Math.max(1, this.fitted!.width), endMs));
    else this.look(zoomRange(this.view, this.msAt(this.at(event).x), 1.0015 ** delta, endMs));
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (this.props === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { endMs } = this.props.timeline;
    const aboutMs = this.pointer === undefined ? this.middleMs() : this.msAt(this.pointer.x);
    const actions: Readonly<Record<string, () => void>> = {
      a: () => this.look(panRange(this.view, -KEY_PAN, endMs)),
      d: () => this.look(panRange(this.view, KEY_PAN, endMs)),
      w: () => this.look(zoomRange(this.view, aboutMs, KEY_ZOOM, endMs)),
      s: () => this.look(zoomRange(this.view, aboutMs, 1 / KEY_ZOOM, endMs)),
      arrowleft: () => this.chooseNext(-1),
      arrowright: () => this.chooseNext(1),
      home: this.showAll,
      r: () => this.props?.onRange(this.view),
      escape: () => {
        this.props?.onRange(undefined);
        this.props?.onChoose(undefined);
      },
    };
    const action = actions[event.key.toLowerCase()];
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };

  /** Keys that move and zoom work from everywhere on the page: nothing else there has a use for them. */
  private readonly onPageKey = (event: KeyboardEvent): void => {
    const { target } = event;
    if (event.defaultPrevented || event.shiftKey || !["w", "a", "s", "d"].includes(event.key)) return;
    if (target instanceof Element && target.closest(TYPED) !== null) return;
    if (document.querySelector("dialog[open]") === null) this.onKey(event);
  };

  /** Where the chosen kernel is, or the middle of what is seen. */
  private middleMs(): number {
    const { fromMs, toMs } = this.view;
    const { chosen } = this.props!;
    const span = chosen === undefined ? undefined : this.kernels()?.find(({ row }) => row === chosen);
    const ms = span && span.startMs + span.durationMs / 2;
    return ms !== undefined && ms >= fromMs && ms <= toMs ? ms : (fromMs + toMs) / 2;
  }

  /** The next or previous kernel; the first that is seen where none is chosen. */
  private chooseNext(by: 1 | -1): void {
    const kernels = this.kernels();
    if (kernels === undefined) return;
    const at = kernels.findIndex(({ row }) => row === this.props?.chosen);
    const next = at < 0 ? firstAfter(kernels, this.view.fromMs) : at + by;
    const span = kernels[next];
    if (span !== undefined) this.props?.onChoose(span.row);
  }
}
