/** Horizontal bars on a canvas, and the arithmetic of their scale. */
import { cssColour } from "../theme";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The value as it is to be read. */
  readonly text: string;
  /** Custom property. */
  readonly colour?: string;
}

/** Length of a bar of `value` as a share: linear from 0, or logarithmic from a decade below the least to the largest. */
export function barShare(value: number, values: readonly number[], isLog: boolean): number {
  const positive = values.filter((each) => each > 0 && Number.isFinite(each));
  if (!(value > 0) || positive.length === 0) return 0;
  const most = Math.max(...positive);
  if (!isLog) return Math.min(1, value / most);
  const { low, high } = decades(positive);
  return Math.max(0, Math.min(1, (Math.log10(value) - low) / (high - low)));
}

/** The whole decades that hold positive values, with an empty one at most below the least. */
export function decades(positive: readonly number[]): { readonly low: number; readonly high: number } {
  const logs = positive.map(Math.log10);
  const high = Math.ceil(Math.max(...logs) + 1e-9);
  return { low: Math.min(high - 1, Math.floor(Math.min(...logs) - 1e-9)), high };
}

/** Rows as high as there is room, at most 30 CSS pixels; with a logarithmic scale its decades above. */
export function drawBars(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  bars: readonly Bar[],
  isLog: boolean,
): void {
  const top = isLog ? 22 : 4;
  const row = Math.min(30, (height - top - 4) / Math.max(1, bars.length));
  const font = `${Math.max(8, Math.min(12, row - 3))}px system-ui, sans-serif`;
  context.font = font;
  const widest = (of: (bar: Bar) => string) => Math.max(0, ...bars.map((bar) => context.measureText(of(bar)).width));
  const most = Math.min(0.4 * width, widest((bar) => bar.label) + 18);
  const labels = bars.map(({ label }) => fitted(label, (text) => context.measureText(text).width <= most - 18));
  const left = Math.max(0, ...labels.map((label) => context.measureText(label).width)) + 18;
  const room = Math.max(20, width - left - widest((bar) => bar.text) - 22);
  const values = bars.map(({ value }) => value);
  context.textBaseline = "middle";
  if (isLog) drawDecades(context, left, room, height, values);
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

/** A dotted name, without its first parts when it does not fit. */
export function fitted(name: string, fits: (text: string) => boolean): string {
  let rest = name;
  while (!fits(rest === name ? name : `…${rest}`)) {
    const dot = rest.indexOf(".");
    if (dot < 0) break;
    rest = rest.slice(dot + 1);
  }
  return rest === name ? name : `…${rest}`;
}

function drawDecades(
  context: CanvasRenderingContext2D,
  left: number,
  room: number,
  height: number,
  values: readonly number[],
): void {
  const positive = values.filter((each) => each > 0 && Number.isFinite(each));
  if (positive.length === 0) return;
  const { low, high } = decades(positive);
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  const every = Math.ceil((high - low) / 8);
  for (let decade = low; decade <= high; decade += every) {
    const x = left + (room * (decade - low)) / (high - low);
    context.fillStyle = cssColour("--grid");
    context.fillRect(x, 20, 1, height - 24);
    context.fillStyle = cssColour("--muted");
    context.fillText(`1e${decade}`, x, 10);
  }
}
