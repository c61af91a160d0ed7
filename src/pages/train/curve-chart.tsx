/** One chart of the training page: some curves of every run that is shown. */
import { useSignal } from "@preact/signals";
import { useStore } from "../context";
import { significant } from "../format";
import type { Axis, CurveName, TrackName } from "../runs/curves";
import { columnOf, edgesOf, gridOf, type PlotData, type Range, valueAt } from "../runs/plot";
import type { ShownRun } from "../runs/state";
import { summaryOf, type TableColumn } from "../runs/table";
import { Chart } from "../widgets/chart";
import type { ChartLine } from "../widgets/line-chart";
import { CurveTable } from "./curve-table";

const X_KINDS = { step: "count", epoch: "number", time: "seconds" } as const;

/** A curve as it is drawn where there is only one run; with several, runs have the colours. */
export interface CurveStyle {
  readonly name: CurveName;
  readonly track: TrackName;
  readonly label: string;
  /** Custom property. */
  readonly colour: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  readonly isRight?: boolean;
  readonly isSmooth?: boolean;
  readonly isHidden?: boolean;
  readonly showPoints?: boolean;
  /** In a table, where the label alone would not tell it from another. */
  readonly column?: string;
  /** A line to compare with, drawn for one run only. */
  readonly isBaseline?: boolean;
}

interface Drawn {
  readonly run: ShownRun;
  readonly style: CurveStyle;
  readonly weight: number;
  readonly line: ChartLine;
}

/** Which lines there are: for each run the raw values faintly behind their average. */
function drawnOf(runs: readonly ShownRun[], curves: readonly CurveStyle[], smoothing: number): Drawn[] {
  const isCompared = runs.length > 1;
  const drawn: Drawn[] = [];
  const add = (run: ShownRun, style: CurveStyle, weight: number, isGhost: boolean): void => {
    const { label, width, dash, isRight, showPoints, isHidden } = style;
    const colour = !isCompared ? style.colour : style.isBaseline ? "--muted" : run.colour;
    drawn.push({ run, style, weight, line: { label, colour, width, dash, isRight, showPoints, isHidden, isGhost } });
  };
  const ghosts = smoothing > 0 ? curves.filter(({ isSmooth }) => isSmooth) : [];
  for (const run of runs) for (const style of ghosts) add(run, style, 0, true);
  for (const run of runs) {
    for (const style of curves) {
      if (style.isBaseline && run !== runs[0]) continue;
      add(run, style, style.isSmooth ? smoothing : 0, false);
    }
  }
  return drawn;
}

/** Columns of all lines; the edges of columns are found once for each track of a run. */
function plotOf(drawn: readonly Drawn[], axis: Axis, range: Range, columns: number): PlotData {
  const edges = new Map<string, Int32Array>();
  const grid = gridOf(range, columns);
  return [
    grid,
    ...drawn.map(({ run: { name, curves }, style, weight }) => {
      const along = curves.along(style.track, axis);
      const key = `${style.track} ${name}`;
      let found = edges.get(key);
      if (found === undefined) {
        found = edgesOf(along, range, columns);
        edges.set(key, found);
      }
      const series = style.isHidden ? undefined : curves[style.track].smoothed(style.name, weight);
      if (series === undefined) return new Array<undefined>(grid.length).fill(undefined);
      const column = columnOf(series, along, range, found);
      // A baseline goes to the end of the chart, also while there is only one evaluation.
      return style.isBaseline && series.length > 0 ? column.map(() => series.at(series.length - 1)) : column;
    }),
  ];
}

/** The chart alone, or its table; what is beside it is its figure's. `label` is its title, with the unit. */
export function CurveChart({
  label,
  curves,
  runs,
  isLog = false,
}: {
  readonly label: string;
  readonly curves: readonly CurveStyle[];
  readonly runs: readonly ShownRun[];
  readonly isLog?: boolean;
}) {
  const { view, runs: state } = useStore();
  const read = useSignal("");
  const axis = view.axis.value;
  const range = view.zoom.value ?? state.extent(runs);
  const columns = columnsOf(runs, curves);
  if (view.isTable.value) return <CurveTable label={`${label} by ${axis}`} columns={columns} range={range} />;
  const drawn = drawnOf(runs, curves, view.smoothing.value);
  const readAloud = () => {
    const { value: x } = view.cursor;
    if (x === undefined) return;
    const values = columns.map(({ label: name, ...of }) => `${name} ${significant(readingAt(of, axis, x))}`);
    read.value = `${axis} ${significant(x)}: ${values.join(", ")}`;
  };
  return (
    <>
      <Chart
        label={summaryOf(label, columns, axis, range)}
        lines={drawn.map(({ line }) => line)}
        draw={(of, count) => plotOf(drawn, axis, of, count)}
        range={range}
        isLog={isLog}
        xKind={X_KINDS[axis]}
        cursor={view.cursor}
        onZoom={(zoom) => (view.zoom.value = zoom)}
        onKeyMove={readAloud}
      />
      <p class="sr-only" aria-live="polite">
        {read.value}
      </p>
    </>
  );
}

/** The curves in numbers: of one run those that are drawn, of several the first of each. */
function columnsOf(runs: readonly ShownRun[], curves: readonly CurveStyle[]): TableColumn[] {
  if (runs.length > 1) {
    const main = curves.find(({ isHidden, isBaseline }) => !isHidden && !isBaseline);
    if (main === undefined) return [];
    return runs.map(({ name, curves: its }) => ({
      ...{ key: name, label: name, title: `${name}, ${main.label}`, curves: its, track: main.track, name: main.name },
    }));
  }
  return runs.flatMap(({ curves: its }) =>
    curves
      .filter(({ isHidden }) => !isHidden)
      .map(({ name, track, label, column }) => ({ key: name, label: column ?? label, curves: its, track, name })),
  );
}

/** What a curve of a run is at the cursor, else at its end. */
export function readingOf(
  { curves }: ShownRun,
  { name, track }: Pick<CurveStyle, "name" | "track">,
  axis: Axis,
  cursor: number | undefined,
): number | undefined {
  const series = curves[track].series.get(name);
  if (series === undefined) return undefined;
  if (cursor === undefined) return Number.isNaN(series.last) ? undefined : series.last;
  return readingAt({ curves, track, name }, axis, cursor);
}

function readingAt({ curves, track, name }: Pick<TableColumn, "curves" | "track" | "name">, axis: Axis, x: number) {
  const series = curves[track].series.get(name);
  return series && valueAt(series, curves.along(track, axis), x);
}

/** The curves' names with their values at the cursor, or with several runs the runs' values of the first curve. */
export function Legend({
  curves,
  runs,
  format,
}: {
  readonly curves: readonly CurveStyle[];
  readonly runs: readonly ShownRun[];
  readonly format: (value: number | undefined, style: CurveStyle) => string;
}) {
  const { view } = useStore();
  const [axis, cursor] = [view.axis.value, view.cursor.value];
  const main = curves.filter(({ isBaseline }) => !isBaseline);
  if (runs.length > 1) return <RunReadings curve={main[0]} runs={runs} format={format} />;
  const readout = (style: CurveStyle): string =>
    runs.length === 0 ? "" : format(readingOf(runs[0], style, axis, cursor), style);
  // A baseline of several curves is one kind of line with a value for each.
  const baselines = Map.groupBy(
    curves.filter(({ isBaseline }) => isBaseline),
    ({ label }) => label,
  );
  return (
    <div class="legend">
      {main.map((style) => (
        <Swatch key={style.name} colour={style.colour} label={style.label} value={readout(style)} />
      ))}
      {[...baselines].map(([label, styles]) => (
        <Swatch
          key={label}
          colour="--muted"
          label={label}
          style={styles[0].dash !== undefined && styles[0].dash[0] > 4 ? "dashed" : "dotted"}
          value={styles.map(readout).join(" / ")}
        />
      ))}
    </div>
  );
}

/** One value for each run. */
export function RunReadings({
  curve,
  runs,
  format,
}: {
  readonly curve: CurveStyle;
  readonly runs: readonly ShownRun[];
  readonly format: (value: number | undefined, style: CurveStyle) => string;
}) {
  const { view } = useStore();
  const [axis, cursor] = [view.axis.value, view.cursor.value];
  return (
    <div class="legend">
      {runs.map((run) => (
        <Swatch
          key={run.name}
          colour={run.colour}
          label=""
          title={`${run.name}, ${curve.label}`}
          value={format(readingOf(run, curve, axis, cursor), curve)}
        />
      ))}
    </div>
  );
}

function Swatch({
  colour,
  label,
  value,
  style,
  title,
}: {
  readonly colour: string;
  readonly label: string;
  readonly value?: string;
  readonly style?: string | undefined;
  readonly title?: string;
}) {
  return (
    <span class="legend-item" style={{ "--swatch": `var(${colour})` }} title={title}>
      <span class="swatch" data-style={style} />
      {title === undefined ? label : <span class="sr-only">{title}</span>}
      {value !== undefined && value !== "" && <span class="num">{value}</span>}
    </span>
  );
}
