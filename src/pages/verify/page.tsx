/** Every kernel against its reference, on the device of the person who looks. */
import { useSignal } from "@preact/signals";
import { type KernelRow, markdownReport, scientific, strain, summarySentence, timesNote } from "../../verify/report";
import { plural } from "../format";
import { theme, toggleTheme } from "../theme";
import { download } from "../train/exports";
import { Toggle } from "../widgets/field";
import { Icon, Mark } from "../widgets/icons";
import { Detail } from "./detail";
import type { VerifyState } from "./state";
import { BARS, Time } from "./times";

export function VerifyPage({ state }: { readonly state: VerifyState }) {
  return (
    <>
      <Header state={state} />
      <main id="main" class="verify">
        <h1 class="sr-only">Verify on this device</h1>
        <Toolbar state={state} />
        {state.problem.value !== undefined && (
          <div class="banner" role="alert">
            <Icon name="warn" />
            <p>{state.problem.value}</p>
          </div>
        )}
        <Summary state={state} />
        {state.checks.value.length > 0 ? (
          <div class="verify-body" data-split={state.chosen.value !== undefined}>
            <Table state={state} />
            {state.chosen.value !== undefined && <Detail state={state} kernel={state.chosen.value} />}
          </div>
        ) : (
          !state.isRunning.value && <Empty state={state} />
        )}
      </main>
    </>
  );
}

function Header({ state }: { readonly state: VerifyState }) {
  return (
    <header class="header">
      <a class="brand" href="./index.html#/profile" aria-label="Handloom, to the profile page">
        <Mark />
        <span>Handloom</span>
      </a>
      <span class="verify-title">Verify on this device</span>
      <div class="header-end">
        <span class="adapter" title={state.adapter.value}>
          {state.adapter.value ?? ""}
        </span>
        <button
          type="button"
          class="quiet"
          onClick={toggleTheme}
          aria-label={theme.value === "dark" ? "Use the light theme" : "Use the dark theme"}
        >
          <Icon name={theme.value === "dark" ? "sun" : "moon"} />
        </button>
      </div>
    </header>
  );
}

function Toolbar({ state }: { readonly state: VerifyState }) {
  const copied = useSignal("");
  const report = state.report.value;
  const isRunning = state.isRunning.value;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(markdownReport(report!));
      copied.value = "Copied.";
    } catch {
      copied.value = "The browser does not allow copying here; download the report instead.";
    }
  };
  return (
    <section class="toolbar" aria-label="Verification">
      {isRunning ? (
        <button type="button" onClick={() => state.cancel()}>
          <Icon name="stop" />
          Cancel
        </button>
      ) : (
        <button type="button" class="primary" onClick={() => state.start()}>
          <Icon name="play" />
          {report === undefined ? "Verify" : "Verify again"}
        </button>
      )}
      <Toggle
        label="Compare with gpu.js on WebGPU"
        isOn={state.hasBaseline.value}
        isDisabled={isRunning}
        onToggle={() => (state.hasBaseline.value = !state.hasBaseline.value)}
      />
      <Toggle
        label="Failed only"
        isOn={state.isFailedOnly.value}
        onToggle={() => (state.isFailedOnly.value = !state.isFailedOnly.value)}
      />
      <span class="toolbar-says" role="status">
        {copied.value}
      </span>
      <button type="button" disabled={report === undefined} onClick={copy}>
        Copy report
      </button>
      <button
        type="button"
        disabled={report === undefined}
        onClick={() => download("handloom-verify.md", new Blob([markdownReport(report!)], { type: "text/markdown" }))}
      >
        <Icon name="download" />
        Markdown
      </button>
      <button
        type="button"
        disabled={report === undefined}
        onClick={() =>
          download("handloom-verify.json", new Blob([JSON.stringify(report)], { type: "application/json" }))
        }
      >
        <Icon name="download" />
        JSON
      </button>
    </section>
  );
}

function Summary({ state }: { readonly state: VerifyState }) {
  const { done, total, what } = state.progress.value;
  const report = state.report.value;
  const failed = state.checks.value.filter(({ passed }) => !passed).length;
  if (state.isRunning.value) {
    return (
      <div class="verify-summary">
        <progress aria-label="Cases done" value={done} max={Math.max(1, total)} />
        <span class="num">
          {total === 0 ? "Loading the references" : `${done} of ${plural(total, "case")}`}
          {failed > 0 && <strong class="bad"> {plural(failed, "check")} failed</strong>}
        </span>
        <span class="dim verify-what">{what}</span>
      </div>
    );
  }
  if (report === undefined) return null;
  const cannot = report.checks.filter(({ baseline }) => baseline.failure !== undefined).length;
  return (
    <div class="verify-summary" data-passed={failed === 0} role="status">
      <Icon name={failed === 0 ? "check" : "warn"} />
      <strong>{summarySentence(report)}</strong>
      <span class="dim">
        Checks are of a tensor against plain JavaScript; {report.seconds.toFixed(0)} s.
        {cannot > 0 && ` gpu.js cannot run ${cannot} of them on WebGPU.`}
        {report.checks.some(({ times }) => times.gpuJsWebGpu !== undefined) && ` ${timesNote(report) ?? ""}`}
      </span>
    </div>
  );
}

function Empty({ state }: { readonly state: VerifyState }) {
  return (
    <div class="empty-page">
      <h2>Does this device compute what the formulas say?</h2>
      <p>
        Every kernel, forward and backward, runs on your GPU with small seeded inputs and is compared with an
        independent reference: the formula in plain JavaScript, run by gpu.js. As a baseline, gpu.js also compiles each
        formula to WebGPU by itself. Nothing leaves this machine.
      </p>
      <button type="button" class="primary large" onClick={() => state.start()}>
        Verify
      </button>
    </div>
  );
}

function Table({ state }: { readonly state: VerifyState }) {
  const all = state.rows.value;
  const rows = state.isFailedOnly.value ? all.filter(({ failed }) => failed > 0) : all;
  const move = (from: KernelRow, by: number) => {
    const to = rows[rows.indexOf(from) + by];
    if (to !== undefined) document.getElementById(`kernel-${to.kernel}`)?.focus();
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="table-scroll" tabIndex={0} aria-label="Kernels">
      <table>
        <thead>
          <tr>
            <th scope="col">Kernel</th>
            <th scope="col">Result</th>
            <th scope="col" class="number">
              Checks
            </th>
            <th scope="col" class="number" title="Largest norm of the difference over the norm of the reference">
              Relative error
            </th>
            <th scope="col" class="number">
              Tolerance
            </th>
            {BARS.map(({ key, label, title }) => (
              <th key={key} scope="col" class="time" title={title}>
                {label} <span class="unit">ms</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.kernel} row={row} state={state} onMove={(by) => move(row, by)} />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="empty">No kernel failed.</p>}
    </section>
  );
}

function Row({
  row,
  state,
  onMove,
}: {
  readonly row: KernelRow;
  readonly state: VerifyState;
  readonly onMove: (by: number) => void;
}) {
  const { kernel, checks, failed, worst, timed } = row;
  const isChosen = state.chosen.value === kernel;
  return (
    <tr data-chosen={isChosen}>
      <th scope="row" class="mono">
        <button
          type="button"
          id={`kernel-${kernel}`}
          class="row-button"
          aria-expanded={isChosen}
          onClick={() => (state.chosen.value = isChosen ? undefined : kernel)}
          onKeyDown={(event) => {
            const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (by === undefined) return;
            event.preventDefault();
            onMove(by);
          }}
        >
          {kernel}
        </button>
      </th>
      <td>
        <span class="verdict" data-passed={failed === 0}>
          <Icon name={failed === 0 ? "check" : "warn"} />
          {failed === 0 ? "passed" : `${failed} failed`}
        </span>
      </td>
      <td class="number">{checks.length}</td>
      <td class={`number ${strain(worst) > 1 ? "bad" : ""}`}>{scientific(worst.difference?.relative)}</td>
      <td class="number dim">{scientific(worst.tolerance)}</td>
      {BARS.map(({ key }) => (
        <Time key={key} times={timed?.times} which={key} failure={timed?.baseline.failure} />
      ))}
    </tr>
  );
}
