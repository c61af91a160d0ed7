/** What a chart says, as a table of bounded length and as a sentence. Pure functions. */
import { significant } from "../format";
import type { Axis, CurveName, Curves, TrackName } from "./curves";
import type { Range } from "./plot";

/** Points that are listed. */
export const LAST_POINTS = 20;

/** One curve of one run. */
export interface TableColumn {
  readonly key: string;
  readonly label: string;
  readonly title?: string | undefined;
  readonly curves: Curves;
  readonly track: TrackName;
  readonly name: CurveName;
}

interface Point {
  readonly step: number;
  readonly value: number;
}

interface Extremes {
  readonly least: Point;
  readonly greatest: Point;
}

export interface CurveTableRows {
  /** By step, the newest first; undefined where a column has no point. */
  readonly rows: readonly {
    readonly step: number;
    readonly x: number;
    readonly values: readonly (number | undefined)[];
  }[];
  /** Of each column over the whole range; undefined where it has no number there. */
  readonly extremes: readonly (Extremes | undefined)[];
  /** Points of the longest column in range. */
  readonly points: number;
}

/** Indices [from, to) of the points of a column whose x is in range. */
function within({ curves, track }: TableColumn, axis: Axis, [min, max]: Range): readonly [number, number] {
  const { x, scale } = curves.along(track, axis);
  let to = x.lowerBound(max / scale);
  while (to < x.length && x.at(to) * scale <= max) to++;
  return [x.lowerBound(min / scale), to];
}

function extremesOf(column: TableColumn, from: number, to: number): Extremes | undefined {
  const track = column.curves[column.track];
  const series = track.series.get(column.name);
  const found = series?.extremes(from, to);
  if (series === undefined || found === undefined) return undefined;
  const [least, greatest] = found.map((index) => ({ step: track.step.at(index), value: series.at(index) }));
  return { least, greatest };
}

/** The last points in range and the extremes of all in range. */
export function tableOf(columns: readonly TableColumn[], axis: Axis, range: Range): CurveTableRows {
  const ranges = columns.map((column) => within(column, axis, range));
  const rows = new Map<number, { x: number; values: (number | undefined)[] }>();
  for (const [i, column] of columns.entries()) {
    const [from, to] = ranges[i];
    const track = column.curves[column.track];
    const { x, scale } = column.curves.along(column.track, axis);
    const series = track.series.get(column.name);
    for (let index = Math.max(from, to - LAST_POINTS); index < to; index++) {
      const step = track.step.at(index);
      let row = rows.get(step);
      if (row === undefined) {
        row = { x: x.at(index) * scale, values: columns.map(() => undefined) };
        rows.set(step, row);
      }
      const value = series?.at(index);
      if (value !== undefined && !Number.isNaN(value)) row.values[i] = value;
    }
  }
  return {
    rows: [...rows]
      .sort(([a], [b]) => b - a)
      .slice(0, LAST_POINTS)
      .map(([step, row]) => ({ step, ...row })),
    extremes: columns.map((column, i) => extremesOf(column, ...ranges[i])),
    points: Math.max(0, ...ranges.map(([from, to]) => to - from)),
  };
}

/** The chart for those who do not see it: "Loss by step, 60 points up to step 60. Total last 1.2, 1.1 to 2.6. ..." */
export function summaryOf(title: string, columns: readonly TableColumn[], axis: Axis, range: Range): string {
  const { rows, extremes, points } = tableOf(columns, axis, range);
  if (points === 0) return `${title} by ${axis}: no point yet`;
  const each = columns.flatMap(({ label }, i) => {
    const last = rows.find(({ values }) => values[i] !== undefined)?.values[i];
    const extreme = extremes[i];
    if (last === undefined || extreme === undefined) return [];
    return [
      `${label}: last ${significant(last)}, least ${significant(extreme.least.value)}, greatest ${significant(extreme.greatest.value)}`,
    ];
  });
  return `${title} by ${axis}, ${points} point${points === 1 ? "" : "s"} up to step ${rows[0].step}. ${each.join("; ")}.`;
}
