import { useComputed, useSignal } from "@preact/signals";
import type { LossName } from "../../train/events";
import { useStore } from "../context";
import { fixed, significant } from "../format";
import { type Lines, LOSS_NAMES, smooth } from "../history";
import { Chart } from "../widgets/chart";
import { Toggle } from "../widgets/field";
import type { ChartLine } from "../widgets/line-chart";
import { useKeys } from "../widgets/use-keys";
import type { Setup } from "./setup";

const LABELS: Record<LossName, string> = {
  total_loss: "total",
  loss_2d: "2D joints",
  loss_3d_joint: "3D joints",
  loss_3d_vert: "3D vertices",
  shape_prior: "shape prior",
  loss_aux: "coarse",
};
const COLOURS: Record<LossName, string> = {
  total_loss: "--ink",
  loss_2d: "--series-1",
  loss_3d_joint: "--series-2",
  loss_3d_vert: "--series-3",
  shape_prior: "--series-4",
  loss_aux: "--series-5",
};

/** Losses, metrics with their baselines, learning rate and gradient norm. */
export function Charts({ onStart, setup }: { readonly onStart: () => void; readonly setup: Setup }) {
  const store = useStore();
  const isEmpty = useComputed(() => {
    store.tick.value;
    return store.history.steps.length === 0;
  });
  const isFresh = isEmpty.value && !store.isActive.value;
  return (
    <div class="charts">
      <LossChart />
      <div class="charts-low">
        <MetricChart />
        <OptimiserChart />
      </div>
      {isFresh && (
        <div class="welcome">
          <h2>Train a hand-mesh transformer, here in the browser</h2>
          <p>
            The preset and the rendered hands at the left are a complete first run; it takes a few minutes even without
            a GPU. Nothing leaves this machine.
          </p>
          <button type="button" class="primary large" onClick={onStart} disabled={!setup.canStart.value}>
            Start the first run
          </button>
          <p class="hint">
            <kbd>Space</kbd> starts and pauses, <kbd>?</kbd> shows all shortcuts
          </p>
        </div>
      )}
    </div>
  );
}

function LossChart() {
  const store = useStore();
  store.tick.value;
  const isLog = useSignal(true);
  const smoothing = useSignal(0.6);
  const hidden = useSignal<ReadonlySet<LossName>>(new Set());
  const cursor = useSignal<number | undefined>(undefined);
  useKeys({ l: () => (isLog.value = !isLog.value) });
  const { history } = store;
  const raw = history.losses(LOSS_NAMES);
  const [x, ...columns] = raw;
  const weight = smoothing.value;
  const isSmooth = weight > 0;
  const data: Lines = isSmooth ? [x, ...columns, ...columns.map((column) => smooth(column, weight))] : raw;
  const line = (name: LossName, isGhost: boolean): ChartLine => ({
    label: LABELS[name],
    colour: COLOURS[name],
    width: name === "total_loss" ? 2 : 1.5,
    isGhost,
    isHidden: hidden.value.has(name),
  });
  const lines = [
    ...LOSS_NAMES.map((name) => line(name, isSmooth)),
    ...(isSmooth ? LOSS_NAMES.map((name) => line(name, false)) : []),
  ];
  const record =
    cursor.value === undefined ? history.lastStep : history.steps.find((each) => each.step === cursor.value);
  const toggle = (name: LossName) => {
    const next = new Set(hidden.value);
    if (!next.delete(name)) next.add(name);
    hidden.value = next;
  };
  return (
    <figure class="figure figure-loss">
      <figcaption>
        <h2>Loss</h2>
        <span class="figure-at num">{cursor.value === undefined ? "" : `step ${cursor.value}`}</span>
        <div class="figure-tools">
          <label class="slider" title="Weight of the past in the moving average">
            Smoothing
            <input
              type="range"
              min="0"
              max="0.98"
              step="0.02"
              value={weight}
              onInput={(event) => (smoothing.value = Number(event.currentTarget.value))}
            />
            <span class="num">{weight.toFixed(2)}</span>
          </label>
          <Toggle label="Log axis" isOn={isLog.value} onToggle={() => (isLog.value = !isLog.value)} shortcut="L" />
        </div>
      </figcaption>
      <Chart
        label={`Loss by step; at the last step the total is ${significant(history.lastStep?.losses.total_loss)}`}
        lines={lines}
        data={data}
        isLog={isLog.value}
        xMax={store.run.value?.totalSteps}
        onCursor={(index, drawn) => (cursor.value = index === undefined ? undefined : drawn[0][index])}
      />
      <div class="legend">
        {LOSS_NAMES.map((name) => (
          <button
            key={name}
            type="button"
            class="legend-item"
            aria-pressed={!hidden.value.has(name)}
            onClick={() => toggle(name)}
            style={{ "--swatch": `var(${COLOURS[name]})` }}
            title={`${name}, unweighted${name === "total_loss" ? " terms summed with their weights" : ""}`}
          >
            <span class="swatch" />
            {LABELS[name]}
            <span class="num">{significant(record?.losses[name], 3)}</span>
          </button>
        ))}
      </div>
    </figure>
  );
}

const METRIC_LINES: readonly ChartLine[] = [
  { label: "MPJPE", colour: "--series-2", width: 2, showPoints: true },
  { label: "PA-MPJPE", colour: "--series-1", width: 2, showPoints: true },
  { label: "zero pose", colour: "--series-2", width: 1, dash: [2, 4], showPoints: false },
  { label: "mean pose", colour: "--series-2", width: 1, dash: [7, 4], showPoints: false },
  { label: "zero pose PA", colour: "--series-1", width: 1, dash: [2, 4], showPoints: false },
  { label: "mean pose PA", colour: "--series-1", width: 1, dash: [7, 4], showPoints: false },
];

function MetricChart() {
  const store = useStore();
  store.tick.value;
  const { history } = store;
  const last = history.lastEvaluation;
  const data = history.evaluationColumns(
    (record) => record.mpjpe_mm,
    (record) => record.pa_mpjpe_mm,
    (record) => record.baselines.zero_pose.mpjpe_mm,
    (record) => record.baselines.mean_pose.mpjpe_mm,
    (record) => record.baselines.zero_pose.pa_mpjpe_mm,
    (record) => record.baselines.mean_pose.pa_mpjpe_mm,
  );
  const total = store.run.value?.totalSteps;
  const extended = extendBaselines(data, total);
  return (
    <figure class="figure">
      <figcaption>
        <h2>Joint error</h2>
        <span class="figure-at">{last === undefined ? "" : `${last.split}, ${last.samples} samples`}</span>
      </figcaption>
      <Chart
        label={`Joint error in millimetres by step; MPJPE is ${fixed(last?.mpjpe_mm, 1)}, PA-MPJPE is ${fixed(last?.pa_mpjpe_mm, 1)}`}
        lines={METRIC_LINES}
        data={extended}
        isLog={false}
        xMax={total}
      />
      {last === undefined && <p class="figure-empty">First point at the first evaluation</p>}
      <div class="legend legend-plain">
        <Swatch colour="--series-2" label="MPJPE, mm" />
        <Swatch colour="--series-1" label="PA, mm" />
        <Swatch colour="--muted" label="zero" style="dotted" />
        <Swatch colour="--muted" label="mean pose" style="dashed" />
      </div>
    </figure>
  );
}

/** A baseline is a line from the start of the run to its end, also while there is only one evaluation. */
function extendBaselines([x, ...columns]: Lines, total: number | undefined): Lines {
  if (x.length === 0 || total === undefined) return [x, ...columns];
  const first = x[0] > 0 ? [0] : [];
  const last = x[x.length - 1] < total ? [total] : [];
  const extended = columns.map((column, index) => {
    const isBaseline = METRIC_LINES[index].dash !== undefined;
    const end = (value: number | null) => (isBaseline ? value : null);
    return [...first.map(() => end(column[0])), ...column, ...last.map(() => end(column[column.length - 1]))];
  });
  return [[...first, ...x, ...last], ...extended];
}

const OPTIMISER_LINES: readonly ChartLine[] = [
  { label: "learning rate", colour: "--series-4", width: 2 },
  { label: "gradient norm", colour: "--series-3", width: 1.5, isRight: true },
];

function OptimiserChart() {
  const store = useStore();
  store.tick.value;
  const { history } = store;
  const last = history.lastStep;
  const clipped = history.steps.reduce((sum, record) => sum + (record.clipped ? 1 : 0), 0);
  const skipped = history.steps.reduce((sum, record) => sum + (record.non_finite > 0 ? 1 : 0), 0);
  return (
    <figure class="figure">
      <figcaption>
        <h2>Optimiser</h2>
        <span class="figure-at">
          {last === undefined ? "" : `clipped ${((100 * clipped) / history.steps.length).toFixed(0)} %`}
          {skipped > 0 && <strong class="bad"> {skipped} skipped</strong>}
        </span>
      </figcaption>
      <Chart
        label={`Learning rate and gradient norm by step; now ${significant(last?.lr)} and ${significant(last?.grad_norm)}`}
        lines={OPTIMISER_LINES}
        data={history.stepColumns(
          (record) => record.lr,
          (record) => record.grad_norm,
        )}
        isLog={false}
        xMax={store.run.value?.totalSteps}
      />
      <div class="legend legend-plain">
        <Swatch colour="--series-4" label="learning rate" value={significant(last?.lr, 3)} />
        <Swatch colour="--series-3" label="gradient norm" value={significant(last?.grad_norm, 3)} />
      </div>
    </figure>
  );
}

function Swatch({
  colour,
  label,
  value,
  style,
}: {
  readonly colour: string;
  readonly label: string;
  readonly value?: string;
  readonly style?: string;
}) {
  return (
    <span class="legend-item" style={{ "--swatch": `var(${colour})` }}>
      <span class="swatch" data-style={style} />
      {label}
      {value !== undefined && <span class="num">{value}</span>}
    </span>
  );
}
