import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useStore } from "../context";
import { bytes, count } from "../format";
import { messageOf } from "../store";
import { SETUP_FILES, type Setup } from "../train/setup";
import { Icon } from "../widgets/icons";
import { RunExports } from "./exports";
import { type RunRow, tagsOf } from "./rows";
import { UndoButton } from "./undo";

/** One run of the table: facts, tags, and going on from it. */
export function RunDetail({ row, setup }: { readonly row: RunRow | undefined; readonly setup: Setup }) {
  const store = useStore();
  const removed = store.leaving.value;
  const deletedHere = useRef("");
  const remove = (name: string) => {
    deletedHere.current = name;
    if (setup.resumed.value === name) setup.forgetStored();
    store.deleteRun(name);
  };
  return (
    <section class="run-detail" aria-label="The chosen run">
      {removed.map((name) => (
        <p key={name} class="note-row">
          <span>Deleted {name}</span>
          <UndoButton name={name} takesFocus={deletedHere.current === name} />
        </p>
      ))}
      {row === undefined ? (
        <p class="hint">Choose a run by its name to tag it, go on with it, fork it or download it.</p>
      ) : (
        <Detail key={row.run.name} row={row} setup={setup} onDelete={() => remove(row.run.name)} />
      )}
    </section>
  );
}

function Detail({
  row: { run, summary },
  setup,
  onDelete,
}: {
  readonly row: RunRow;
  readonly setup: Setup;
  readonly onDelete: () => void;
}) {
  const store = useStore();
  const { name, lost } = run;
  const isElsewhere = store.runsElsewhere.value.includes(name);
  const isOwn = store.isActive.value && store.run.value?.name === name;
  return (
    <>
      <header>
        <h3 title={name}>{name}</h3>
        <button
          type="button"
          class="quiet"
          disabled={isOwn || isElsewhere}
          aria-label={`Delete the run ${name}`}
          title="Delete"
          onClick={onDelete}
        >
          <Icon name="trash" />
        </button>
      </header>
      {lost !== undefined ? (
        <p class="problem">{lost}</p>
      ) : (
        <>
          <p class="hint">
            {[
              summary?.notes.forkedFrom &&
                `from step ${summary.notes.forkedFrom.step} of ${summary.notes.forkedFrom.run}`,
              summary?.data,
              summary?.hand,
              summary?.adapter,
              bytes(run.sizeBytes),
            ]
              .filter(Boolean)
              .join(" · ")}
          </p>
          {summary !== undefined && summary.unread.length > 0 && (
            <ul class="run-unread" aria-label="What could not be read">
              {summary.unread.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          )}
          {isElsewhere && <p class="hint">Another tab trains it: it is read here, and written there.</p>}
          {summary !== undefined && <Tags name={name} tags={summary.notes.tags} />}
          <GoOn row={{ run, summary }} setup={setup} isLocked={isElsewhere} />
          <RunExports run={name} />
        </>
      )}
    </>
  );
}

function Tags({ name, tags }: { readonly name: string; readonly tags: readonly string[] }) {
  const { runs } = useStore();
  const keep = (text: string) => {
    const next = tagsOf(text);
    const notes = runs.summaries.value.get(name)?.notes;
    if (notes !== undefined && next.join() !== tags.join()) void runs.annotate(name, { ...notes, tags: next });
  };
  return (
    <label class="tags-field">
      Tags
      <input
        autocomplete="off"
        spellcheck={false}
        placeholder="baseline, no-depth"
        defaultValue={tags.join(", ")}
        onBlur={(event) => keep(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") keep(event.currentTarget.value);
        }}
      />
    </label>
  );
}

/** Continue the run, or begin a new one with the weights and the optimiser of one of its checkpoints. */
function GoOn({ row, setup, isLocked }: { readonly row: RunRow; readonly setup: Setup; readonly isLocked: boolean }) {
  const store = useStore();
  const { name } = row.run;
  const checkpoints = row.summary?.checkpoints ?? [];
  const step = useSignal<number | undefined>(undefined);
  const from = step.value ?? checkpoints[checkpoints.length - 1];
  const isActive = store.isActive.value;
  const open = async (use: "useStored" | "useFork", at: number) => {
    try {
      await setup[use](name, at, await store.rank.readFiles(name, SETUP_FILES));
    } catch (error) {
      store.addProblem(messageOf(error));
    }
  };
  if (checkpoints.length === 0) return <p class="hint">It has no checkpoint, so nothing can go on from it.</p>;
  return (
    <div class="go-on">
      <button
        type="button"
        class="small"
        disabled={isActive || isLocked}
        title="Go on with this run from its last checkpoint"
        onClick={() => open("useStored", checkpoints[checkpoints.length - 1])}
        aria-label={`Continue the run ${name}`}
      >
        <Icon name="play" />
        Continue
      </button>
      <button
        type="button"
        class="small"
        disabled={isActive || isLocked || store.adapter.value.kind === "missing"}
        title="Load its last checkpoint without training, to inspect and profile it"
        onClick={async () => {
          const { openRun } = await import("../inspect/open-run");
          await openRun(store, setup, name);
        }}
        aria-label={`Open the run ${name}`}
      >
        <Icon name="hand" />
        Open
      </button>
      <button
        type="button"
        class="small"
        disabled={isActive}
        title="A new run with the weights and the optimiser of this checkpoint; its configuration may be changed"
        onClick={() => open("useFork", from)}
      >
        <Icon name="fork" />
        Fork from
      </button>
      <select
        aria-label="Checkpoint to fork from"
        value={from}
        onChange={(event) => (step.value = Number(event.currentTarget.value))}
      >
        {checkpoints.map((each) => (
          <option key={each} value={each}>
            step {count(each)}
          </option>
        ))}
      </select>
    </div>
  );
}
