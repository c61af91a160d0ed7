import { useComputed } from "@preact/signals";
import type { LossName } from "../../train/events";
import { useStore } from "../context";
import { fixed, milliseconds, significant } from "../format";
import { LOSS_NAMES } from "../history";
import { CLIP_WINDOW, TIME_PARTS } from "../runs/curves";
import type { ShownRun } from "../runs/state";
import { useKeys } from "../widgets/use-keys";
import { ChartTools } from "./chart-tools";
import { CurveChart, type CurveStyle, Legend, RunReadings, readingOf } from "./curve-chart";
import { PARTS } from "./rank-times";
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

/** Losses, metrics with their baselines, optimiser, speed and where the time goes; of one run or several. */
export function Charts({ onStart, setup }: { readonly onStart: () => void; readonly setup: Setup }) {
  const store = useStore();
  const isEmpty = useComputed(() => {
    store.tick.value;
    return store.history.steps.length === 0 && store.view.overlays.value.length === 0;
  });
  const isFresh = isEmpty.value && !store.isActive.value;
  if (!isFresh) {
    return (
      <div class="charts">
        <ChartTools />
        <Figures />
      </div>
    );
  }
  const isMissing = store.adapter.value.kind === "missing";
  return (
    <div class="charts">
      <div class="welcome">
        <h2>Train a hand-mesh transformer, here in the browser</h2>
        <p>
          The preset and the rendered hands at the left are a complete first run;{" "}
          {isMissing
            ? "it starts once this browser offers WebGPU, which a processor alone can compute too."
            : "it takes a few minutes even without a GPU."}{" "}
          Nothing leaves this machine.
        </p>
        <button type="button" class="primary large" onClick={onStart} disabled={!setup.canStart.value || isMissing}>
          {store.storedRuns.value.length === 0 ? "Start the first run" : "Start a run"}
        </button>
        <p class="hint">
          <kbd>Space</kbd> starts and pauses, <kbd>?</kbd> shows all shortcuts
        </p>
      </div>
    </div>
  );
}

function Figures() {
  const store = useStore();
  store.tick.value;
  const runs = store.runs.shown();
  return (
    <div class="figures-scroll">
      <LossChart runs={runs} />
      <div class="charts-low">
        <MetricChart runs={runs} />
        <GradientChart runs={runs} />
        <RateChart runs={runs} />
        <SpeedChart runs={runs} />
        <TimesChart runs={runs} />
      </div>
    </div>
  );
}

/** With several runs one term is drawn, the first that is not hidden. */
function LossChart({ runs }: { readonly runs: readonly ShownRun[] }) {
  const { view } = useStore();
  const isCompared = runs.length > 1;
  const hidden = view.hidden.value;
  const first = LOSS_NAMES.find((name) => !hidden.includes(name)) ?? "total_loss";
  const isShown = (name: LossName): boolean => (isCompared ? name === first : !hidden.includes(name));
  const curves = LOSS_NAMES.filter((name) => !isCompared || isShown(name)).map(
    (name): CurveStyle => ({
      name,
      track: "steps",
      label: LABELS[name],
      colour: COLOURS[name],
      width: name === "total_loss" || isCompared ? 2 : 1.5,
      isSmooth: true,
      isHidden: !isShown(name),
    }),
  );
  useKeys({
    l: () => {
      view.isLog.value = !view.isLog.value;
    },
    t: () => {
      view.isTable.value = !view.isTable.value;
    },
  });
  const choose = (name: LossName): void => {
    if (isCompared) view.hidden.value = LOSS_NAMES.filter((each) => each !== name);
    else view.toggleTerm(name);
  };
  return (
    <figure class="figure figure-loss">
      <figcaption>
        <h2>Loss</h2>
        <span class="figure-at">{isCompared ? LABELS[first] : "unweighted terms"}</span>
      </figcaption>
      <CurveChart label="Loss, unweighted terms" curves={curves} runs={runs} isLog={view.isLog.value} />
      <div class="legend">
        {LOSS_NAMES.map((name) => (
          <button
            key={name}
            type="button"
            class="legend-item"
            aria-pressed={isShown(name)}
            onClick={() => choose(name)}
            style={{ "--swatch": `var(${isCompared ? "--muted" : COLOURS[name]})` }}
            title={`${name}, unweighted${name === "total_loss" ? " terms summed with their weights" : ""}`}
          >
            <span class="swatch" />
            {LABELS[name]}
            {!isCompared && <LossReading name={name} run={runs[0]} />}
          </button>
        ))}
      </div>
      {isCompared && <RunReadings curve={curves[0]} runs={runs} format={(value) => significant(value, 4)} />}
    </figure>
  );
}

function LossReading({ name, run }: { readonly name: LossName; readonly run: ShownRun | undefined }) {
  const { view } = useStore();
  const value = run && readingOf(run, { name, track: "steps" }, view.axis.value, view.cursor.value);
  return <span class="num">{significant(value, 3)}</span>;
}

const METRICS: readonly CurveStyle[] = [
  { name: "pa_mpjpe", track: "evaluations", label: "PA", colour: "--series-1", width: 2, showPoints: true },
  { name: "mpjpe", track: "evaluations", label: "MPJPE", colour: "--series-2", width: 2, showPoints: true },
  ...(
    [
      ["zero_pa", "zero pose", "--series-1", [2, 4], "PA of zero pose"],
      ["mean_pa", "mean pose", "--series-1", [7, 4], "PA of mean pose"],
      ["zero", "zero pose", "--series-2", [2, 4], "MPJPE of zero pose"],
      ["mean", "mean pose", "--series-2", [7, 4], "MPJPE of mean pose"],
    ] as const
  ).map(
    ([name, label, colour, dash, column]): CurveStyle => ({
      ...{ column, name, track: "evaluations", label, colour, dash, width: 1, isBaseline: true, showPoints: false },
    }),
  ),
];

/** With several runs PA-MPJPE alone, and the first run's baselines for it. */
function MetricChart({ runs }: { readonly runs: readonly ShownRun[] }) {
  const history = useStore().runs.leading();
  const last = history.lastEvaluation;
  const isCompared = runs.length > 1;
  const curves = isCompared ? METRICS.filter(({ name }) => /pa/.test(name)) : METRICS;
  return (
    <figure class="figure">
      <figcaption>
        <h2>{isCompared ? "Joint error, PA" : "Joint error"}</h2>
        <span class="figure-at">{last === undefined ? "mm" : `mm, ${last.split}, n = ${last.samples}`}</span>
      </figcaption>
      <CurveChart label="Joint error in millimetres" curves={curves} runs={runs} />
      {runs.every(({ curves: { evaluations } }) => evaluations.step.length === 0) && (
        <p class="figure-empty">First point at the first evaluation</p>
      )}
      <Legend
        curves={curves}
        runs={runs}
        format={(value, { isBaseline }) => (isBaseline ? fixed(value, 0) : fixed(value, 1))}
      />
    </figure>
  );
}

const GRADIENT: readonly CurveStyle[] = [
  { name: "grad_norm", track: "steps", label: "norm", colour: "--series-3", isSmooth: true },
  { name: "clipped", track: "steps", label: "clipped, %", colour: "--series-5", isRight: true, width: 1.25 },
];

function GradientChart({ runs }: { readonly runs: readonly ShownRun[] }) {
  const { view, runs: state } = useStore();
  const history = state.leading();
  const skipped = history.steps.reduce((sum, record) => sum + (record.non_finite > 0 ? 1 : 0), 0);
  return (
    <figure class="figure">
      <figcaption>
        <h2>Gradient</h2>
        <span class="figure-at">
          clipped of {CLIP_WINDOW} steps
          {skipped > 0 && <strong class="bad"> {skipped} skipped</strong>}
        </span>
      </figcaption>
      <CurveChart
        label="Gradient norm and share of clipped steps"
        curves={runs.length > 1 ? GRADIENT.slice(0, 1) : GRADIENT}
        runs={runs}
        isLog={view.isLog.value}
      />
      <Legend
        curves={GRADIENT}
        runs={runs}
        format={(value, { name }) => (name === "clipped" ? fixed(value, 0) : significant(value, 3))}
      />
    </figure>
  );
}

const RATES: readonly CurveStyle[] = [
  { name: "lr", track: "steps", label: "heads", colour: "--series-4", width: 2 },
  { name: "lr_backbone", track: "steps", label: "backbone", colour: "--series-1" },
];

function RateChart({ runs }: { readonly runs: readonly ShownRun[] }) {
  return (
    <figure class="figure">
      <figcaption>
        <h2>Learning rate</h2>
      </figcaption>
      <CurveChart
        label="Learning rate of heads and backbone"
        curves={runs.length > 1 ? RATES.slice(0, 1) : RATES}
        runs={runs}
      />
      <Legend curves={RATES} runs={runs} format={(value) => significant(value, 3)} />
    </figure>
  );
}

const SPEED: readonly CurveStyle[] = [
  { name: "samples_per_second", track: "steps", label: "samples/s", colour: "--series-2", isSmooth: true },
];

function SpeedChart({ runs }: { readonly runs: readonly ShownRun[] }) {
  return (
    <figure class="figure">
      <figcaption>
        <h2>Throughput</h2>
        <span class="figure-at">samples/s, evaluations left out</span>
      </figcaption>
      <CurveChart label="Samples per second" curves={SPEED} runs={runs} />
      <Legend curves={SPEED} runs={runs} format={(value) => significant(value, 3)} />
    </figure>
  );
}

const PART_COLOURS: Record<(typeof PARTS)[number]["key"], string> = {
  dataMs: "--part-data",
  computeMs: "--part-compute",
  readMs: "--part-read",
  reduceMs: "--part-reduce",
  waitMs: "--part-idle",
  updateMs: "--part-update",
};

/** Where a rank's step goes; with several runs their compute alone. */
function TimesChart({ runs }: { readonly runs: readonly ShownRun[] }) {
  const { view } = useStore();
  const ranks = Math.max(0, ...runs.map(({ curves }) => curves.ranks));
  const chosen = view.rank.value;
  const rank = chosen === "mean" || chosen >= ranks ? "mean" : chosen;
  const curves = TIME_PARTS.map((part): CurveStyle => {
    const { label } = PARTS.find(({ key }) => key === part)!;
    return { name: `${rank}.${part}`, track: "times", label, colour: PART_COLOURS[part], showPoints: false };
  });
  return (
    <figure class="figure">
      <figcaption>
        <h2>Time of a step</h2>
        <span class="figure-at">{runs.length > 1 ? "ms, compute" : "ms"}</span>
        {ranks > 1 && (
          <select
            class="rank-choice"
            aria-label="Rank whose times are drawn"
            value={rank}
            onChange={({ currentTarget: { value } }) => (view.rank.value = value === "mean" ? value : Number(value))}
          >
            <option value="mean">mean of {ranks} ranks</option>
            {Array.from({ length: ranks }, (_, i) => (
              <option key={i} value={i}>
                rank {i}
              </option>
            ))}
          </select>
        )}
      </figcaption>
      <CurveChart
        label={`Milliseconds of the parts of a step, ${rank === "mean" ? "mean of ranks" : `rank ${rank}`}`}
        curves={runs.length > 1 ? curves.slice(0, 1) : curves}
        runs={runs}
      />
      {ranks === 0 && <p class="figure-empty">Measured every few steps</p>}
      <Legend curves={curves} runs={runs} format={(value) => milliseconds(value)} />
    </figure>
  );
}
