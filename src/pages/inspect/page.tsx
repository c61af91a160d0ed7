/** The inspector: the table of samples, or one of them, as the address says. Both are loaded when they are first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../context";
import { Icon } from "../widgets/icons";
import { useFileDrop } from "../widgets/use-drop";
import { OpenFile } from "./open-file";
import type { InspectState } from "./state";

interface ViewProps {
  readonly state: InspectState;
}

const loaded: Partial<Record<"sample" | "grid", ComponentType<ViewProps>>> = {};

const LOADERS: Readonly<Record<"sample" | "grid", () => Promise<ComponentType<ViewProps>>>> = {
  sample: async () => (await import("./sample-page")).SamplePage,
  grid: async () => (await import("./grid")).SampleGrid,
};

/** What `#/inspect` shows. */
export function InspectPage({ state }: ViewProps) {
  const store = useStore();
  const hasPlan = store.hasPlan.value;
  // The table of a stored run needs no network, one sample does.
  const isSaved = state.isSaved.value;
  const hasTable = isSaved || hasPlan || store.storedRuns.value.length > 0 || store.route.value.grid.run !== undefined;
  const name = isSaved || (hasPlan && state.isSample.value) ? "sample" : "grid";
  const { isOver, handlers } = useFileDrop(([file]) => {
    if (file !== undefined) void state.openFile(file);
  });
  return (
    <div class="inspect" data-over={isOver} {...handlers}>
      <h1 class="sr-only">Inspect</h1>
      {hasTable ? <Lazy key={name} name={name} state={state} /> : <Empty state={state} />}
    </div>
  );
}

function Lazy({ name, state }: ViewProps & { readonly name: "sample" | "grid" }) {
  const [View, setView] = useState(() => loaded[name]);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (loaded[name] !== undefined) return;
    LOADERS[name]().then(
      (component) => {
        loaded[name] = component;
        setView(() => component);
      },
      () => setProblem("The inspector could not be loaded: reload the page to try again."),
    );
  }, [name]);
  if (View !== undefined) return <View state={state} />;
  return (
    <p class="empty" role="status">
      {problem ?? "Loading the inspector …"}
    </p>
  );
}

function Empty({ state }: ViewProps) {
  return (
    <div class="empty-page">
      <div class="empty-hand" aria-hidden="true">
        <Icon name="hand" />
      </div>
      <h2>Look at single samples</h2>
      <p>
        Start a run on the Train page; then every training and validation sample can be followed here from the frame to
        the gradient of its loss.
      </p>
      <a class="button primary large" href="#/train">
        Go to Train
      </a>
      <p class="hint">A sample that was exported as JSON needs neither a run nor a GPU:</p>
      <OpenFile state={state} />
    </div>
  );
}
