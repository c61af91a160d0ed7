import { useRef } from "preact/hooks";
import { useStore } from "../context";
import { bytes } from "../format";
import { UndoButton } from "../runs/undo";
import { messageOf } from "../store";
import { Icon } from "../widgets/icons";
import { SETUP_FILES, type Setup } from "./setup";

const WHEN = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** Runs in this browser's storage: continue one, delete one, take a deletion back. */
export function RunList({ setup }: { readonly setup: Setup }) {
  const store = useStore();
  const runs = store.storedRuns.value;
  const isActive = store.isActive.value;
  const deletedHere = useRef("");
  const open = async (name: string, step: number) => {
    try {
      await setup.useStored(name, step, await store.rank.readFiles(name, SETUP_FILES));
    } catch (error) {
      store.addProblem(messageOf(error));
    }
  };
  return (
    <section class="runs" aria-labelledby="runs-title">
      <h3 id="runs-title">Stored runs</h3>
      {runs.length === 0 && <p class="hint">A run is stored here when it is stopped, paused or finished.</p>}
      <ul>
        {runs.map(({ name, step, sizeBytes, savedAt, lost }) => {
          if (store.leaving.value.includes(name)) {
            return (
              <li key={name} class="leaving">
                <span>Deleted {name}</span>
                <UndoButton name={name} takesFocus={deletedHere.current === name} />
              </li>
            );
          }
          if (store.runsElsewhere.value.includes(name)) {
            return (
              <li key={name}>
                <div>
                  <span class="run-name" title={name}>
                    {name}
                  </span>
                  <span class="hint">
                    <Icon name="cycle" /> trained in another tab, step {step} stored
                  </span>
                </div>
              </li>
            );
          }
          const isOwn = isActive && store.run.value?.name === name;
          return (
            <li key={name} data-chosen={setup.resumed.value === name}>
              <div>
                <span class="run-name" title={name}>
                  {name}
                </span>
                <span class="hint num">{lost ?? `step ${step}, ${bytes(sizeBytes)}, ${WHEN.format(savedAt)}`}</span>
              </div>
              <button
                type="button"
                class="small"
                disabled={isActive || lost !== undefined}
                onClick={() => open(name, step)}
                aria-label={`Continue ${name}`}
              >
                Continue
              </button>
              <button
                type="button"
                class="quiet"
                disabled={isOwn}
                onClick={() => {
                  deletedHere.current = name;
                  if (setup.resumed.value === name) setup.forgetStored();
                  store.deleteRun(name);
                }}
                aria-label={`Delete ${name}`}
                title="Delete"
              >
                <Icon name="trash" />
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
