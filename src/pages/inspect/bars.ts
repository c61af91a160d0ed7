/** Horizontal bars on a canvas. */
import { cssColour } from "../theme";
import { weightOf } from "../widgets/place";
import { barShare, decades, fitted } from "./scales";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The value as it is to be read. */
  readonly text: string;
  /** Custom property. */
  readonly colour?: string;
}

/** Rows as high as there is room, at most 30 CSS pixels (more on a large screen); with a logarithmic scale its decades above. */
export function drawBars(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  bars: readonly Bar[],
  isLog: boolean,
): void {
  const weight = Math.max(weightOf(width, height), Math.min(1.6, width / 1400));
  const top = isLog ? 22 * weight : 4;
  const row = Math.min(30 * weight, (height - top - 4) / Math.max(1, bars.length));
  const font = `${Math.max(8, Math.min(11.5 * weight, row - 3))}px system-ui, sans-serif`;
  context.font = font;
  const widest = (of: (bar: Bar) => string) => Math.max(0, ...bars.map((bar) => context.measureText(of(bar)).width));
  const most = Math.min(0.48 * width, widest((bar) => bar.label) + 18);
  const labels = bars.map(({ label }) => fitted(label, (text) => context.measureText(text).width <= most - 18));
  const left = Math.max(0, ...labels.map((label) => context.measureText(label).width)) + 18;
  const room = Math.max(20, width - left - widest((bar) => bar.text) - 22);
  const values = bars.map(({ value }) => value);
  context.textBaseline = "middle";
  if (isLog) drawDecades(context, left, room, height, values, weight);
  context.font = font;
  bars.forEach((bar, i) => {
    const y = top + row * (i + 0.5);
    const long = room * barShare(bar.value, values, isLog);
    context.textAlign = "right";
    context.fillStyle = cssColour("--ink");
    context.fillText(labels[i], left - 9, y);
    context.fillStyle = cssColour(bar.colour ?? "--series-1");
    context.fillRect(left, y - Math.max(2, 0.32 * row), long, Math.max(4, 0.64 * row));
    context.textAlign = "left";
    context.fillStyle = cssColour("--muted");
    context.fillText(bar.text, left + long + 8, y);
  });
}

function drawDecades(
  context: CanvasRenderingContext2D,
  left: number,
  room: number,
  height: number,
  values: readonly number[],
  weight: number,
): void {
  const positive = values.filter((each) => each > 0 && Number.isFinite(each));
  if (positive.length === 0) return;
  const { low, high } = decades(positive);
  context.font = `${11 * weight}px system-ui, sans-serif`;
  context.textAlign = "center";
  const every = Math.max(1, Math.ceil((44 * weight * (high - low)) / room));
  for (let decade = low; decade <= high; decade += every) {
    const x = left + (room * (decade - low)) / (high - low);
    context.fillStyle = cssColour("--grid");
    context.fillRect(x, 20 * weight, 1, height - 24 * weight);
    context.fillStyle = cssColour("--muted");
    context.fillText(`1e${decade}`, x, 10 * weight);
  }
}
