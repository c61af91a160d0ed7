import { effect } from "@preact/signals";
import uPlot from "uplot";
import { significant } from "../format";
import { type Lines, thin } from "../history";
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
  /** Uses the scale at the right edge. */
  readonly isRight?: boolean;
}

export interface LineChartProps {
  readonly lines: readonly ChartLine[];
  readonly data: Lines;
  readonly isLog: boolean;
  /** The x value under the cursor, or undefined. */
  readonly onCursor?: (index: number | undefined, data: Lines) => void;
  /** x axis from 0 to at least this. */
  readonly xMax?: number;
}

const FONT = '11px ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';

const LIMITS: uPlot.Range.Config = { min: { pad: 0.08, soft: 0, mode: 2 }, max: { pad: 0.08 } };

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

/** uPlot, themed, fitted to its element, and handed at most two points per column of pixels. */
export class LineChart implements Island<LineChartProps> {
  private element: HTMLElement | undefined;
  private chart: uPlot | undefined;
  private props: LineChartProps | undefined;
  private shape = "";
  private observer: ResizeObserver | undefined;
  private stopTheme: () => void = () => undefined;
  private drawn: Lines = [[]];
  private isZoomed = false;

  mount(element: HTMLElement): void {
    this.element = element;
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(element);
    this.stopTheme = effect(() => {
      theme.value;
      this.chart?.redraw(false);
    });
  }

  update(props: LineChartProps): void {
    this.props = props;
    const shape = JSON.stringify([props.lines, props.isLog]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.rebuild();
    } else this.setData();
  }

  dispose(): void {
    this.stopTheme();
    this.observer?.disconnect();
    this.chart?.destroy();
  }

  private fit(): void {
    if (this.element === undefined || this.chart === undefined) return;
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0 || (width === this.chart.width && height === this.chart.height)) return;
    this.chart.setSize({ width, height });
    this.setData();
  }

  private setData(): void {
    if (this.chart === undefined || this.props === undefined || this.element === undefined) return;
    const { data, isLog } = this.props;
    const thinned = thin(data, this.element.clientWidth);
    // A log axis has no place for zero and below.
    const [x, ...columns] = thinned;
    this.drawn = isLog
      ? [x, ...columns.map((column) => column.map((value) => (value !== null && value > 0 ? value : null)))]
      : thinned;
    // A person who has zoomed in stays there while the run goes on.
    this.chart.setData(this.drawn, !this.isZoomed);
    if (this.isZoomed) this.chart.redraw();
  }

  private rebuild(): void {
    if (this.element === undefined || this.props === undefined) return;
    this.chart?.destroy();
    const { lines, isLog } = this.props;
    const hasRight = lines.some((line) => line.isRight);
    const axis = { font: FONT, stroke: () => cssColour("--muted"), ticks: { show: false } };
    const grid = { stroke: () => cssColour("--grid"), width: 1 };
    const values = (_: uPlot, ticks: (number | null)[]) =>
      ticks.map((tick) => (isLog ? logLabel(tick, ticks) : label(tick)));
    const splits = isLog ? (_: uPlot, __: number, low: number, high: number) => logTicks(low, high) : undefined;
    // With two scales, each axis has the colour of its line.
    const axisColour = (isRight: boolean) => () =>
      cssColour(hasRight ? (lines.find((line) => Boolean(line.isRight) === isRight)?.colour ?? "--muted") : "--muted");
    const distr = isLog ? (3 as const) : (1 as const);
    this.chart = new uPlot(
      {
        width: Math.max(10, this.element.clientWidth),
        height: Math.max(10, this.element.clientHeight),
        legend: { show: false },
        padding: [8, hasRight ? 0 : 20, 0, 0],
        cursor: { y: false, drag: { x: true, y: false }, points: { size: 5 } },
        scales: {
          x: { time: false, range: (_, low, high) => this.xRange(low, high) },
          y: { distr, range: isLog ? logRange : linearRange },
          right: { distr: 1, range: linearRange },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 24,
            gap: 4,
            values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : "")),
          },
          { ...axis, stroke: axisColour(false), grid, size: 54, gap: 6, values, ...(splits && { splits }) },
          ...(hasRight
            ? [
                {
                  ...axis,
                  stroke: axisColour(true),
                  scale: "right",
                  side: 1 as const,
                  grid: { show: false },
                  size: 54,
                  gap: 6,
                  values,
                },
              ]
            : []),
        ],
        series: [{}, ...lines.map((line) => seriesOf(line))],
        hooks: {
          setCursor: [(chart) => this.props?.onCursor?.(chart.cursor.idx ?? undefined, this.drawn)],
          setSelect: [
            (chart) => {
              this.isZoomed = chart.select.width > 0;
            },
          ],
        },
      },
      this.drawn.length === lines.length + 1 ? this.drawn : [[], ...lines.map(() => [])],
      this.element,
    );
    this.chart.over.addEventListener("dblclick", () => {
      this.isZoomed = false;
    });
    this.isZoomed = false;
    this.setData();
  }

  private xRange(low: number | null, high: number | null): [number, number] {
    const from = low ?? 0;
    const to = Math.max(high ?? 1, Math.min(this.props?.xMax ?? 0, (high ?? 1) * 1000));
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
      show: (_, __, from, to) => (showPoints ?? true) && to - from < (showPoints ? 40 : 2),
      size: 5,
      fill: stroke,
      stroke,
    },
  };
}
