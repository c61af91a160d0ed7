import { effect, type Signal } from "@preact/signals";
import uPlot from "uplot";
import { significant } from "../format";
import type { PlotData, Range } from "../runs/plot";
import { cssColour, theme } from "../theme";
import { logTicks } from "./log-ticks";
import type { Island } from "./use-island";

export interface ChartLine {
  readonly label: string;
  /** Custom property with the colour. */
  readonly colour: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  /** Drawn faintly: raw values behind their average. */
  readonly isGhost?: boolean;
  readonly showPoints?: boolean;
  readonly isHidden?: boolean;
  /** Uses the scale at the right edge, which is linear. */
  readonly isRight?: boolean;
}

export interface LineChartProps {
  readonly lines: readonly ChartLine[];
  /** Lines over a range of x, at most two points for each column of pixels. */
  readonly draw: (range: Range, columns: number) => PlotData;
  readonly range: Range;
  readonly isLog: boolean;
  /** What x is: a count has no ticks between whole numbers, seconds have units. */
  readonly xKind: XKind;
  /** The x that is pointed at, on whichever chart; undefined: none. */
  readonly cursor: Signal<number | undefined>;
  /** A range was chosen by dragging; undefined: all again. */
  readonly onZoom: (range: Range | undefined) => void;
}

const FONT = '11px ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';

const LIMITS: uPlot.Range.Config = { min: { pad: 0.08, soft: 0, mode: 2 }, max: { pad: 0.08 } };
/** A drag of fewer pixels is a click. */
const LEAST_DRAG = 4;
/** Parts of the visible range that a step of the keyboard moves the cursor or the view by. */
const KEY_PART = 0.01;

/** From zero where that is near, with a little room; an empty chart keeps its axis, so that nothing jumps later. */
function linearRange(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  return low === null || high === null ? [0, 1] : uPlot.rangeNum(low, high, LIMITS);
}

function label(tick: number | null): string {
  if (tick === null) return "";
  const text = significant(tick, 3);
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

/** Whole decades; also their 2 and 5 where the axis spans less than two. */
function logLabel(tick: number | null, ticks: readonly (number | null)[]): string {
  if (tick === null) return "";
  const [low, high] = [ticks[0] ?? tick, ticks[ticks.length - 1] ?? tick];
  const digit = tick / 10 ** Math.floor(Math.log10(tick) + 1e-9);
  const wanted = high / low < 100 ? [1, 2, 5] : [1];
  return wanted.some((each) => Math.abs(digit - each) < 1e-6) ? label(tick) : "";
}

/** A little more than the data, as whole decades would leave most of the chart empty. */
function logRange(_: uPlot, low: number | null, high: number | null): [number, number] {
  return low === null || high === null ? [0.1, 1] : [low / 1.3, high * 1.3];
}

/** A log axis has no place for zero and below. */
const positive = (value: number | null | undefined): number | null | undefined =>
  value === undefined || (value !== null && value > 0) ? value : null;

/** Distances of ticks on the x axis: 1, 2 and 5 of each decade. */
const X_STEPS = Array.from({ length: 14 }, (_, i) => [1, 2, 5].map((digit) => Number(`${digit}e${i - 3}`))).flat();

/** Those of time, also in minutes and hours. */
const SECOND_STEPS = [
  ...X_STEPS.filter((step) => step <= 20),
  ...[1 / 2, 1, 2, 5, 10, 20, 30].map((minutes) => 60 * minutes),
  ...X_STEPS.filter((hours) => hours >= 1).map((hours) => 3600 * hours),
];

type XKind = "count" | "number" | "seconds";

const X_INCREMENTS: Record<XKind, number[]> = {
  count: X_STEPS.filter((step) => step >= 1),
  number: X_STEPS,
  seconds: SECOND_STEPS,
};

/** In the unit of the distance of ticks: "40 s", "5 min", "2 h"; one of 30 s or 30 min belongs to the next unit. */
function secondsLabel(tick: number, step: number): string {
  const [divisor, unit] = step >= 1800 ? [3600, "h"] : step >= 30 ? [60, "min"] : [1, "s"];
  return `${Number((tick / divisor).toFixed(3))} ${unit}`;
}

/** Decimals as the distance of ticks needs them; large ones with "k" and "M". */
function xLabel(tick: number, step: number): string {
  const [divisor, unit] = step >= 1e6 ? [1e6, "M"] : step >= 1e3 && tick !== 0 ? [1e3, "k"] : [1, ""];
  const decimals = Math.max(0, -Math.floor(Math.log10(step / divisor) + 1e-9));
  return `${(tick / divisor).toFixed(Math.min(6, decimals))}${unit}`;
}

/** uPlot, themed and fitted to its element; its cursor and its range of x are shared with other charts. */
export class LineChart implements Island<LineChartProps> {
  private element: HTMLElement | undefined;
  private chart: uPlot | undefined;
  private props: LineChartProps | undefined;
  private shape = "";
  private observer: ResizeObserver | undefined;
  private stopTheme: () => void = () => undefined;
  private stopCursor: () => void = () => undefined;
  private cursor: Signal<number | undefined> | undefined;
  /** The pointer is over this chart, so that the cursor is where uPlot has it. */
  private isOver = false;

  mount(element: HTMLElement): void {
    this.element = element;
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(element);
    element.addEventListener("keydown", this.onKey);
    this.stopTheme = effect(() => {
      theme.value;
      this.chart?.redraw(false);
    });
  }

  update(props: LineChartProps): void {
    this.props = props;
    if (props.cursor !== this.cursor) this.follow(props.cursor);
    const shape = JSON.stringify([props.lines, props.isLog, props.xKind]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.rebuild();
    }
    this.setData();
  }

  dispose(): void {
    this.stopTheme();
    this.stopCursor();
    this.observer?.disconnect();
    this.element?.removeEventListener("keydown", this.onKey);
    this.chart?.destroy();
  }

  private follow(cursor: Signal<number | undefined>): void {
    this.stopCursor();
    this.cursor = cursor;
    this.stopCursor = effect(() => {
      cursor.value;
      this.placeCursor();
    });
  }

  /** Shows what another chart or the keyboard points at. */
  private placeCursor(): void {
    const { chart, cursor } = this;
    if (chart === undefined || cursor === undefined || this.isOver) return;
    const x = cursor.peek();
    const left = x === undefined ? -10 : chart.valToPos(x, "x");
    chart.setCursor({ left, top: x === undefined ? -10 : chart.over.clientHeight / 2 }, false);
  }

  private fit(): void {
    if (this.element === undefined || this.chart === undefined) return;
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0 || (width === this.chart.width && height === this.chart.height)) return;
    this.chart.setSize({ width, height });
    this.setData();
  }

  private setData(): void {
    if (this.chart === undefined || this.props === undefined) return;
    const { draw, range, isLog, lines } = this.props;
    const columns = Math.max(1, Math.round(this.chart.bbox.width || this.chart.width));
    const [x, ...drawn] = draw(range, columns);
    const onScale = drawn.map((column, i) => (isLog && !lines[i].isRight ? column.map(positive) : column));
    this.chart.setData([x, ...onScale] as uPlot.AlignedData);
    this.placeCursor();
  }

  private rebuild(): void {
    if (this.element === undefined || this.props === undefined) return;
    this.chart?.destroy();
    const { lines, isLog, xKind } = this.props;
    const hasRight = lines.some((line) => line.isRight);
    const axis = { font: FONT, stroke: () => cssColour("--muted"), ticks: { show: false } };
    const grid = { stroke: () => cssColour("--grid"), width: 1 };
    const onLog = {
      values: (_: uPlot, ticks: (number | null)[]) => ticks.map((tick) => logLabel(tick, ticks)),
      splits: (_: uPlot, __: number, low: number, high: number) => logTicks(low, high),
    };
    // With two scales, each axis has the colour of its line.
    const axisColour = (isRight: boolean) => () =>
      cssColour(hasRight ? (lines.find((line) => Boolean(line.isRight) === isRight)?.colour ?? "--muted") : "--muted");
    const side = { ...axis, size: 54, gap: 6, values: (_: uPlot, ticks: (number | null)[]) => ticks.map(label) };
    this.chart = new uPlot(
      {
        width: Math.max(10, this.element.clientWidth),
        height: Math.max(10, this.element.clientHeight),
        legend: { show: false },
        padding: [8, hasRight ? 0 : 20, 0, 0],
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG },
          points: { size: 5 },
          bind: {
            dblclick: () => () => {
              this.props?.onZoom(undefined);
              return null;
            },
          },
        },
        scales: {
          x: { time: false, range: () => this.xRange() },
          y: isLog ? { distr: 3 as const, range: logRange } : { distr: 1 as const, range: linearRange },
          right: { distr: 1, range: linearRange },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 24,
            gap: 4,
            incrs: X_INCREMENTS[xKind],
            values: (_, ticks, __, ___, step) =>
              ticks.map((tick) => (xKind === "seconds" ? secondsLabel : xLabel)(tick, step)),
          },
          { ...side, ...(isLog ? onLog : {}), stroke: axisColour(false), grid },
          ...(hasRight
            ? [{ ...side, stroke: axisColour(true), scale: "right", side: 1 as const, grid: { show: false } }]
            : []),
        ],
        series: [{}, ...lines.map((line) => seriesOf(line))],
        hooks: {
          setCursor: [(chart) => this.point(chart)],
          setSelect: [(chart) => this.select(chart)],
        },
      },
      [[], ...lines.map(() => [])],
      this.element,
    );
    this.isOver = false;
    this.chart.over.addEventListener("mouseenter", () => {
      this.isOver = true;
    });
    this.chart.over.addEventListener("mouseleave", () => {
      this.isOver = false;
      if (this.cursor !== undefined) this.cursor.value = undefined;
    });
  }

  /** The person's own pointer, not what `placeCursor` does. */
  private point(chart: uPlot): void {
    const { left } = chart.cursor;
    if (!this.isOver || left === undefined || left < 0 || this.cursor === undefined) return;
    this.cursor.value = chart.posToVal(left, "x");
  }

  private select(chart: uPlot): void {
    const { left, width } = chart.select;
    if (width < LEAST_DRAG) return;
    const range: Range = [chart.posToVal(left, "x"), chart.posToVal(left + width, "x")];
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.props?.onZoom(range);
  }

  /** The arrow keys move the cursor, with Shift the view; + and - zoom around it, 0 shows all. */
  private readonly onKey = (event: KeyboardEvent): void => {
    const { props, cursor } = this;
    if (props === undefined || cursor === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const [min, max] = this.xRange();
    const [span, at] = [max - min, cursor.value ?? (min + max) / 2];
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const factor = { "+": 0.5, "=": 0.5, "-": 2, _: 2 }[event.key];
    if (direction !== undefined && event.shiftKey) {
      const by = direction * 10 * KEY_PART * span;
      props.onZoom([min + by, max + by]);
    } else if (direction !== undefined) {
      cursor.value = Math.min(max, Math.max(min, at + direction * KEY_PART * span));
    } else if (factor !== undefined) props.onZoom([at - factor * (at - min), at + factor * (max - at)]);
    else if (event.key === "0" || event.key === "Escape") props.onZoom(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  private xRange(): [number, number] {
    const [from, to] = this.props?.range ?? [0, 1];
    return from < to ? [from, to] : [from - 1, to + 1];
  }
}

function seriesOf({
  label,
  colour,
  width = 1.5,
  dash,
  isGhost,
  showPoints,
  isHidden,
  isRight,
}: ChartLine): uPlot.Series {
  const stroke = () => cssColour(colour);
  return {
    label,
    stroke,
    width,
    dash: dash === undefined ? undefined : [...dash],
    alpha: isGhost ? 0.22 : 1,
    show: !isHidden,
    scale: isRight ? "right" : "y",
    spanGaps: false,
    points: {
      show: (chart, index) => {
        const column = chart.data[index];
        let count = 0;
        for (let i = 0; i < column.length && count < 40; i++) if (column[i] != null) count++;
        return (showPoints ?? true) && count < (showPoints ? 40 : 2);
      },
      size: 5,
      fill: stroke,
      stroke,
    },
  };
}
