/** What a chart is handed: columns over one grid of x, at most two points of each curve per column of pixels. Pure functions. */
import type { Numbers, Series } from "./series";

/** y values of one line over the grid: null is a gap, undefined no point, which the line passes over. */
export type PlotColumn = (number | null | undefined)[];

/** x values and one column for each line, all of one length. */
export type PlotData = [number[], ...PlotColumn[]];

export type Range = readonly [number, number];

/** Points of one kind of record: their x, times `scale`, never falls. */
export interface Along {
  readonly x: Numbers;
  readonly scale: number;
}

/** Two places in each column, and the edges: [min, two per column ..., max]. */
export function gridOf([min, max]: Range, columns: number): number[] {
  const width = (max - min) / columns;
  const grid = [min];
  for (let i = 0; i < columns; i++) grid.push(min + (i + 0.25) * width, min + (i + 0.75) * width);
  grid.push(max);
  return grid;
}

/** Indices at which columns begin, [columns + 1]; the last is the end of the last column. */
export function edgesOf({ x, scale }: Along, [min, max]: Range, columns: number): Int32Array {
  const edges = new Int32Array(columns + 1);
  const width = (max - min) / columns;
  for (let i = 0; i < columns; i++) edges[i] = x.lowerBound((min + i * width) / scale);
  // What lies on the right edge is in range.
  let end = x.lowerBound(max / scale);
  while (end < x.length && x.at(end) * scale <= max) end++;
  edges[columns] = end;
  return edges;
}

/**
 * A curve over the grid of `gridOf`: of each column its least and greatest value in the order in which they occur, so that a
 * line looks as it would with all its points, and where the line crosses the edges of the range.
 */
export function columnOf(series: Series, along: Along, range: Range, edges: Int32Array): PlotColumn {
  const columns = edges.length - 1;
  const out: PlotColumn = new Array(2 * columns + 2).fill(undefined);
  for (let i = 0; i < columns; i++) {
    const [from, to] = [edges[i], edges[i + 1]];
    if (from === to) continue;
    const found = series.extremes(from, to);
    const at = 1 + 2 * i;
    if (found === undefined) out[at] = null;
    else {
      const [low, high] = found;
      out[at] = series.at(Math.min(low, high));
      if (low !== high) out[at + 1] = series.at(Math.max(low, high));
    }
  }
  out[0] = crossing(series, along, edges[0], range[0]);
  out[out.length - 1] = crossing(series, along, edges[columns], range[1]);
  return out;
}

/** Where the line from the point before `index` to the one at it passes `x`. */
function crossing(series: Series, { x: xs, scale }: Along, index: number, x: number): number | undefined {
  if (index === 0 || index >= xs.length) return undefined;
  const [from, to] = [xs.at(index - 1) * scale, xs.at(index) * scale];
  const [low, high] = [series.at(index - 1), series.at(index)];
  if (!(to > from) || Number.isNaN(low) || Number.isNaN(high)) return undefined;
  return low + ((x - from) / (to - from)) * (high - low);
}

/** The value at the last point at or before `x`, undefined before the first and of a gap. */
export function valueAt(series: Series, { x: xs, scale }: Along, x: number): number | undefined {
  let index = xs.lowerBound(x / scale);
  // Rounding of x * scale must not lose the point that lies on it.
  if (index >= xs.length || xs.at(index) * scale > x + 1e-9 * Math.abs(x)) index--;
  const value = series.at(index);
  return index < 0 || Number.isNaN(value) ? undefined : value;
}
