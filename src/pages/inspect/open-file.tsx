/** Opens a sample that was exported, which needs neither a run nor a GPU. */
import { useRef } from "preact/hooks";
import { Icon } from "../widgets/icons";
import type { InspectState } from "./state";

/** A button that asks for a file. */
export function OpenFile({ state, isSmall = false }: { readonly state: InspectState; readonly isSmall?: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class={isSmall ? "small" : undefined}
        onClick={() => input.current?.click()}
        title="A JSON of everything, also by dropping it here"
      >
        <Icon name="folder" />
        Open a saved sample
      </button>
      <input
        ref={input}
        type="file"
        class="sr-only"
        tabIndex={-1}
        aria-label="File of a saved sample"
        accept=".json,.gz,application/json,application/gzip"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          // The same file may be chosen again.
          currentTarget.value = "";
          if (file !== undefined) void state.openFile(file);
        }}
      />
    </>
  );
}
