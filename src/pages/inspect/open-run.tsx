/** Loads a stored run to be looked at, without training it. */
import { messageOf, type Store } from "../store";
import type { Setup } from "../train/setup";
import { Icon } from "../widgets/icons";
import type { InspectState } from "./state";

/** Files that a set-up is taken from. */
const SETUP_FILES = ["config.yaml", "metrics.jsonl", "times.jsonl", "faults.jsonl", "findings.json", "log.txt"];

/**
 * Starts the run's network with its last checkpoint, held before the next step. Where its data have to be chosen once more, the
 * training page is set up for it and shown instead. What goes wrong is told above the page.
 */
export async function openRun(store: Store, setup: Setup, run: string): Promise<void> {
  try {
    const step = (await store.rank.checkpoints(run)).at(-1);
    if (step === undefined) throw new Error(`The run "${run}" has no checkpoint, so there is no network to look with.`);
    const files = await store.rank.readFiles(run, SETUP_FILES);
    await setup.useStored(run, step, files);
    setup.isHeld.value = true;
    const log = new TextDecoder().decode(files.find(({ path }) => path === "log.txt")?.bytes);
    const data = [...log.matchAll(/^data: (.+); \d+ samples to train on/gm)].at(-1)?.[1];
    const isKnown = data !== undefined && data.startsWith("synthetic") === (setup.dataKind.value === "synthetic");
    if (isKnown && setup.canStart.value && (await setup.openFolder())) {
      const { earlier } = setup;
      const options = setup.options(new Date());
      setup.forgetStored();
      await store.start(options, earlier);
      return;
    }
    store.go("train");
    store.addProblem(
      `The run "${run}" needs its data again${data === undefined ? "" : ` (${data})`}: choose them here, then Open loads the run without training it.`,
    );
  } catch (error) {
    store.addProblem(messageOf(error));
  }
}

/** The button that opens a stored run; says why where it cannot. */
export function OpenRun({
  state,
  run,
  isSmall = true,
  onOpen,
}: {
  readonly state: InspectState;
  readonly run: string;
  readonly isSmall?: boolean;
  /** Called before the run is opened. */
  readonly onOpen?: () => void;
}) {
  const { store, setup } = state;
  const { adapter, isActive, runsElsewhere } = store;
  const why =
    setup === undefined || adapter.value.kind === "missing"
      ? "This browser has no WebGPU: open the run in one that has"
      : isActive.value
        ? "A run is loaded: stop it first (Train page, S)"
        : runsElsewhere.value.includes(run)
          ? "Another tab trains it"
          : undefined;
  return (
    <button
      type="button"
      class={isSmall ? "small" : undefined}
      disabled={why !== undefined}
      title={why ?? "Loads the network of its last checkpoint, without training"}
      aria-label={`Open this run, ${run}${why === undefined ? "" : `. ${why}`}`}
      onClick={() => {
        onOpen?.();
        void openRun(store, setup!, run);
      }}
    >
      <Icon name="play" />
      Open this run
    </button>
  );
}
