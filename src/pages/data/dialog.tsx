/** Data sets of this browser: bring one in, look at it, keep it. */
import { useEffect, useRef } from "preact/hooks";
import { sentence } from "../format";
import { Icon } from "../widgets/icons";
import { ImportView } from "./import-view";
import { SetList } from "./set-list";
import { RenderedView, SetView } from "./set-view";
import type { DataState } from "./state";
import { StorageMeter } from "./storage-meter";

/** The dialog; mounted only while it is open. `onUse` chooses a stored set for the next run, `onUseRendered` synthetic frames. */
export function DataDialog({
  state,
  onUse,
  onUseRendered,
  isLocked,
}: {
  readonly state: DataState;
  readonly onUse: (name: string) => void;
  readonly onUseRendered: () => void;
  /** A run holds the set-up: nothing can be chosen for it. */
  readonly isLocked: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    // The dialog itself takes the focus: a ring round its first button would say that this is the thing to press.
    element.tabIndex = -1;
    element.focus();
  }, []);
  const view = state.view.value;
  const use = (name: string) => {
    onUse(name);
    dialog.current?.close();
  };
  const useRendered = () => {
    onUseRendered();
    dialog.current?.close();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a modal dialog by itself.
    <dialog
      ref={dialog}
      class="dialog data-dialog"
      aria-labelledby="data-title"
      onClose={() => (state.isOpen.value = false)}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="data-frame">
        <header class="data-head">
          <h2 id="data-title">Data sets</h2>
          <p class="hint">Read, cropped and kept in this browser. Nothing is sent anywhere.</p>
          <button type="button" class="quiet" aria-label="Close" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        <aside class="data-side" aria-label="Stored data sets">
          <SetList state={state} />
          <StorageMeter usage={state.usage.value} />
        </aside>
        <section class="data-main" aria-live="off">
          {state.problem.value !== "" && (
            <div class="banner" role="alert">
              <Icon name="warn" />
              <p>{sentence(state.problem.value)}</p>
              <button type="button" class="quiet" aria-label="Dismiss" onClick={() => (state.problem.value = "")}>
                <Icon name="close" />
              </button>
            </div>
          )}
          {view.kind === "import" ? (
            <ImportView state={state} onUse={use} isLocked={isLocked} />
          ) : view.kind === "synthetic" ? (
            <RenderedView state={state} onUse={useRendered} isLocked={isLocked} />
          ) : (
            <SetView key={view.name} state={state} name={view.name} onUse={use} isLocked={isLocked} />
          )}
        </section>
      </div>
    </dialog>
  );
}
