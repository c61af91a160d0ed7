import { gigabytes } from "../../data/import-plan";
import type { SetState, StoredSet } from "../../data/shards/types";
import { count, duration, plural } from "../format";
import { Icon } from "../widgets/icons";
import type { DataState } from "./state";

/** A state in one word. */
export const STATE_WORDS: Readonly<Record<SetState, string>> = {
  complete: "complete",
  importing: "unfinished",
  damaged: "damaged",
  evicted: "evicted",
};

/** The import, and every stored set: what it is at a glance. */
export function SetList({ state }: { readonly state: DataState }) {
  const view = state.view.value;
  const sets = state.sets.value;
  return (
    <nav class="set-list" aria-label="Stored data sets">
      <button
        type="button"
        class="set-row set-new"
        aria-current={view.kind === "import" ? "page" : undefined}
        onClick={() => {
          state.view.value = { kind: "import" };
          if (state.stage.value.kind === "ended") state.startAgain();
        }}
      >
        <Icon name="plus" />
        <span>
          <strong>Import</strong>
          <ImportLine state={state} />
        </span>
      </button>
      <h3>Rendered</h3>
      <button
        type="button"
        class="set-row"
        aria-current={view.kind === "synthetic" ? "page" : undefined}
        onClick={() => void state.examineRendered()}
      >
        <Icon name="hand" />
        <span>
          <strong>Synthetic</strong>
          <span class="hint num">{renderedLine(state)}</span>
        </span>
      </button>
      <h3>Stored</h3>
      {sets.length === 0 && (
        <p class="hint set-none">{state.isListed.value ? "Nothing yet. What you import appears here." : "Looking …"}</p>
      )}
      <ul>
        {sets.map((set) => (
          <li key={set.name}>
            <button
              type="button"
              class="set-row"
              data-state={set.state}
              aria-current={view.kind === "set" && view.name === set.name ? "page" : undefined}
              onClick={() => void state.examine(set.name)}
            >
              <span class="lamp" />
              <span>
                <strong title={set.name}>{set.name}</strong>
                <span class="hint num">{detail(set)}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function renderedLine(state: DataState): string {
  const { frames, seed } = state.rendered;
  return `${plural(frames, "frame")}, seed ${seed}`;
}

function detail({ state, kept, dropped, bytes: size, description }: StoredSet): string {
  if (state === "importing") return `unfinished, ${count(kept + dropped)} of ${count(description?.expected)}`;
  const holds = `${plural(kept, "frame")}, ${gigabytes(size)}`;
  return state === "complete" ? holds : `${STATE_WORDS[state]}, ${holds}`;
}

function ImportLine({ state }: { readonly state: DataState }) {
  const stage = state.stage.value;
  if (stage.kind !== "running") return <span class="hint">folder or zip</span>;
  const { progress } = stage;
  if (progress === undefined) return <span class="hint">starting</span>;
  const left =
    progress.state === "paused"
      ? "paused"
      : progress.state === "full"
        ? "storage full"
        : progress.secondsLeft === undefined
          ? ""
          : `${duration(progress.secondsLeft)} left`;
  return (
    <span class="hint num">
      {Math.floor((100 * progress.done) / Math.max(1, progress.total))} %{left === "" ? "" : `, ${left}`}
    </span>
  );
}
