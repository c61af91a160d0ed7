/** The plan of a training step, one row per dispatch, with what each costs. */
import type { ProfileReport } from "../../train/events";
import { useStore } from "../context";
import { count, fixed, milliseconds, plural } from "../format";
import { download } from "../train/exports";
import { NumberField, Segmented } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { kernelMs, passMs, type SortKey, sortRows, type TableRow, tableRows, toCsv } from "./rows";
import type { ProfileState } from "./state";

const COLUMNS: readonly {
  readonly key: SortKey;
  readonly label: string;
  readonly unit?: string;
  readonly isNumber: boolean;
  readonly title: string;
}[] = [
  { key: "index", label: "#", isNumber: true, title: "Place in the plan" },
  { key: "kernel", label: "Kernel", isNumber: false, title: "Name of the WGSL file and entry" },
  { key: "module", label: "Module", isNumber: false, title: "Module of the network that recorded the dispatch" },
  { key: "pass", label: "Pass", isNumber: false, title: "Forward, backward or update" },
  { key: "workgroups", label: "Workgroups", isNumber: true, title: "Size of the dispatch" },
  { key: "count", label: "Calls", isNumber: true, title: "Dispatches in one step" },
  {
    key: "ms",
    label: "Time",
    unit: "ms",
    isNumber: true,
    title: "Median over the repeats; the bar is the part of all kernels' time",
  },
  { key: "gflops", label: "GFLOP/s", isNumber: true, title: "Floating-point operations by formula, over the time" },
  { key: "gbps", label: "GB/s", isNumber: true, title: "Bytes of all bindings, over the time" },
];

export function ProfilePage({ state }: { readonly state: ProfileState }) {
  const report = state.report.value;
  return (
    <div class="profile">
      <h1 class="sr-only">Profile</h1>
      <Toolbar state={state} />
      {state.problem.value !== undefined && (
        <div class="banner" role="alert">
          <Icon name="warn" />
          <p>{state.problem.value}</p>
        </div>
      )}
      {report === undefined ? (
        <Empty state={state} />
      ) : (
        <>
          <Totals report={report} />
          <Strip report={report} />
          <Table report={report} state={state} />
        </>
      )}
    </div>
  );
}

function Toolbar({ state }: { readonly state: ProfileState }) {
  const report = state.report.value;
  const isBusy = state.busy.value !== undefined;
  return (
    <section class="toolbar" aria-label="Measuring">
      <button type="button" class="primary" onClick={() => state.measure()} disabled={isBusy} aria-busy={isBusy}>
        <Icon name="play" />
        {report === undefined ? "Measure" : "Measure again"}
      </button>
      <NumberField
        label="Repeats"
        min={1}
        value={state.repeats.value}
        onValue={(value) => (state.repeats.value = value)}
      />
      <span class="toolbar-says" aria-live="polite">
        {state.busy.value ?? ""}
      </span>
      <Segmented
        label="Group by"
        isLabelShown
        options={[
          { value: "none", label: "Dispatch" },
          { value: "kernel", label: "Kernel" },
          { value: "module", label: "Module" },
        ]}
        value={state.grouping.value}
        onValue={(value) => (state.grouping.value = value)}
      />
      <button
        type="button"
        disabled={report === undefined}
        onClick={() =>
          report !== undefined && download("handloom-profile.csv", new Blob([toCsv(report)], { type: "text/csv" }))
        }
      >
        <Icon name="download" />
        CSV
      </button>
      {/* A document of its own: its references compile code at run time, which this page's policy forbids. */}
      <a class="button" href="./verify.html" target="_blank" rel="noreferrer">
        <Icon name="check" />
        Verify on this device
      </a>
    </section>
  );
}

function Empty({ state }: { readonly state: ProfileState }) {
  const run = useStore().run.value;
  return (
    <div class="empty-page">
      <div class="empty-bars" aria-hidden="true">
        {[92, 70, 61, 44, 33, 25, 18, 12].map((width) => (
          <span key={width} style={{ width: `${width}%` }} />
        ))}
      </div>
      <h2>Where does a training step spend its time?</h2>
      <p>
        {run === undefined
          ? "Measure starts a small run on synthetic hands, pauses it after its first step, and times every kernel of the recorded plan. Start a run of your own first to measure that one."
          : `Measure times every kernel of ${run.name}: the recorded plan of a training step, forward, backward and update.`}
      </p>
      <button
        type="button"
        class="primary large"
        onClick={() => state.measure()}
        disabled={state.busy.value !== undefined}
      >
        {state.busy.value ?? "Measure"}
      </button>
    </div>
  );
}

function Totals({ report }: { readonly report: ProfileReport }) {
  const sum = kernelMs(report.rows);
  const passes = passMs(report.rows);
  const flops = report.rows.reduce((total, row) => total + row.flops, 0);
  const percent = (ms: number) => `${fixed(sum > 0 ? (100 * ms) / sum : 0, 0)} % of the kernels`;
  return (
    <dl class="readouts">
      <Total
        label="Step"
        value={milliseconds(report.stepMs)}
        unit="ms"
        note={`${plural(report.microBatches, "micro-batch", "micro-batches")}, sums and update`}
      />
      <Total
        label="Kernels, one micro-batch"
        value={milliseconds(sum)}
        unit="ms"
        note={`${plural(report.rows.length, "dispatch", "dispatches")}, with sums and update`}
      />
      <Total label="Forward" value={milliseconds(passes.forward)} unit="ms" note={percent(passes.forward)} />
      <Total label="Backward" value={milliseconds(passes.backward)} unit="ms" note={percent(passes.backward)} />
      <Total label="Update" value={milliseconds(passes.update)} unit="ms" note={percent(passes.update)} />
      <Total
        label="Rate"
        value={sum > 0 ? fixed(flops / sum / 1e6, 1) : "–"}
        unit="GFLOP/s"
        note={`clock: ${report.clock}`}
      />
    </dl>
  );
}

function Total({
  label,
  value,
  unit,
  note,
}: {
  readonly label: string;
  readonly value: string;
  readonly unit: string;
  readonly note: string;
}) {
  return (
    <div class="readout">
      <dt>{label}</dt>
      <dd>
        <span class="value">{value}</span>
        <span class="unit">{unit}</span>
        <span class="note">{note}</span>
      </dd>
    </div>
  );
}

/** The step at a glance: its dispatches in order, each as wide as it is long. */
function Strip({ report }: { readonly report: ProfileReport }) {
  return (
    <div
      class="strip"
      role="img"
      aria-label={`The ${report.rows.length} dispatches of the step in order, each as wide as its time`}
    >
      {report.rows.map((row) => (
        <span
          key={`${row.plan}:${row.index}`}
          data-pass={row.pass}
          style={{ flexGrow: Number.isFinite(row.ms) ? row.ms : 0 }}
          title={`${row.kernel}, ${row.scope}, ${milliseconds(row.ms)} ms`}
        />
      ))}
    </div>
  );
}

function Table({ report, state }: { readonly report: ProfileReport; readonly state: ProfileState }) {
  const { key, isDescending } = state.sort.value;
  const rows = sortRows(tableRows(report, state.grouping.value), key, isDescending);
  const longest = rows.reduce((most, row) => Math.max(most, row.share), 0);
  const isGrouped = state.grouping.value !== "none";
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="table-scroll" tabIndex={0} aria-label="Kernels">
      <table>
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th
                key={column.key}
                scope="col"
                class={column.isNumber ? "number" : ""}
                aria-sort={column.key === key ? (isDescending ? "descending" : "ascending") : undefined}
              >
                <button type="button" title={column.title} onClick={() => state.sortBy(column.key)}>
                  {column.label}
                  {column.unit !== undefined && <span class="unit">{column.unit}</span>}
                </button>
              </th>
            ))}
            <th scope="col" class="bar-head">
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.key} row={row} longest={longest} isGrouped={isGrouped} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={5}>
              {plural(rows.length, "row")}
            </th>
            <td class="number">{report.rows.length}</td>
            <td class="number">{milliseconds(kernelMs(report.rows))}</td>
            <td colSpan={3} />
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

function Row({
  row,
  longest,
  isGrouped,
}: {
  readonly row: TableRow;
  readonly longest: number;
  readonly isGrouped: boolean;
}) {
  return (
    <tr title={row.constants || undefined}>
      <td class="number dim">{isGrouped ? "" : row.index}</td>
      <th scope="row" class="mono">
        {row.kernel}
      </th>
      <td class="mono dim">{row.module}</td>
      <td>
        <span class="pass" data-pass={row.pass}>
          {row.pass}
        </span>
      </td>
      <td class="number">{row.grid || count(row.workgroups)}</td>
      <td class="number">{row.count}</td>
      <td class="number strong">{milliseconds(row.ms)}</td>
      <td class="number">{fixed(row.gflops, 1)}</td>
      <td class="number">{fixed(row.gbps, 1)}</td>
      <td class="bar">
        <span
          class="bar-fill"
          data-pass={row.pass}
          style={{ transform: `scaleX(${longest > 0 ? row.share / longest : 0})` }}
        />
        <span class="bar-text num">{fixed(100 * row.share, 1)} %</span>
      </td>
    </tr>
  );
}
