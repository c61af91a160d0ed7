import { useStore } from "../context";
import { duration } from "../format";
import { Icon } from "../widgets/icons";
import type { Setup } from "./setup";

/** Start, pause, stop, and how far the run is. */
export function RunBar({ setup, onAct }: { readonly setup: Setup; readonly onAct: () => void }) {
  const store = useStore();
  const state = store.state.value;
  const isActive = store.isActive.value;
  // Who does not answer is asked for nothing more.
  const isDeaf = isActive && store.isSilent.value;
  const acts = state === "running" ? "Pause" : state === "paused" ? "Resume" : "Start";
  const canStart = setup.canStart.value && store.adapter.value.kind !== "missing";
  const canAct = !isDeaf && (state === "running" || state === "paused" || (!isActive && canStart));
  return (
    <section class="run-bar" aria-label="Run">
      <button
        type="button"
        class="primary"
        onClick={onAct}
        disabled={!canAct}
        title={`${acts} (Space)`}
        aria-keyshortcuts="Space"
      >
        <Icon name={acts === "Pause" ? "pause" : "play"} />
        {setup.resumed.value !== undefined && acts === "Start" ? (setup.isHeld.value ? "Open" : "Continue") : acts}
      </button>
      <button
        type="button"
        onClick={() => store.step()}
        disabled={state !== "paused" || isDeaf}
        title="One step, then paused again (.)"
        aria-keyshortcuts="."
      >
        <Icon name="step" />
        Step
      </button>
      <button
        type="button"
        onClick={() => store.stop()}
        disabled={!isActive || state === "stopping" || isDeaf}
        title="Stop after this step, with a checkpoint (S)"
        aria-keyshortcuts="S"
      >
        <Icon name="stop" />
        Stop
      </button>
      <Progress />
    </section>
  );
}

function Progress() {
  const store = useStore();
  store.tick.value;
  const status = store.status.value;
  const run = store.run.value;
  const state = store.state.value;
  const isDeaf = store.isActive.value && store.isSilent.value;
  const cause = store.stoppedBy.value;
  const step = store.history.lastStep?.step ?? 0;
  const total = run?.totalSteps ?? 0;
  const said =
    state === "finished" && (cause !== undefined || step === 0 || step < total)
      ? stopped(run?.name, step, cause !== undefined)
      : sentence(state, run?.name);
  const isCounted = status?.total !== undefined && status.done !== undefined;
  const [done, all] = isCounted ? [status.done!, status.total!] : status === undefined ? [step, total] : [0, 0];
  const isOpenEnded = status !== undefined && !isCounted;
  const ms = store.history.throughput()?.ms;
  const left = state === "running" && !isDeaf && ms !== undefined ? ((total - step) * ms) / 1000 : undefined;
  return (
    <div class="progress">
      <div class="progress-text">
        <span class="progress-what" aria-live="polite">
          {isDeaf ? "No answer from the run's worker" : (status?.text ?? said)}
        </span>
        {all > 0 && (
          <span class="num">
            {done} / {all}
          </span>
        )}
        <span class="progress-left num">{left === undefined ? "" : `${duration(left)} left`}</span>
      </div>
      <div
        class="progress-track"
        role="progressbar"
        aria-label={status?.text ?? "Training steps"}
        aria-valuemin={0}
        aria-valuemax={all || undefined}
        aria-valuenow={isOpenEnded || all === 0 ? undefined : done}
        data-open={isOpenEnded && !isDeaf}
        data-state={isDeaf ? "failed" : state}
      >
        <div
          class="progress-fill"
          style={isOpenEnded ? {} : { transform: `scaleX(${all > 0 ? Math.min(1, done / all) : 0})` }}
        />
      </div>
    </div>
  );
}

/** A run that is stopped before its first step has nothing to store. */
function stopped(name = "The run", step: number, isByDoctor: boolean): string {
  const by = isByDoctor ? " by the doctor" : "";
  return `${name} was stopped${by} ${step === 0 ? "before its first step" : `after step ${step} and is stored`}`;
}

function sentence(state: string, name: string | undefined): string {
  switch (state) {
    case "idle":
      return "Ready";
    case "finished":
      return `${name ?? "The run"} is finished and stored`;
    case "failed":
      return `${name ?? "The run"} failed`;
    case "paused":
      return `${name} is paused`;
    case "pausing":
      return "Pausing after this step";
    case "stopping":
      return "Stopping after this step";
    default:
      return name ?? "";
  }
}
