/** Opens a sample that was exported, which needs neither a run nor a GPU. */

import { useFileInput } from "../widgets/file-input";
import { Icon } from "../widgets/icons";
import type { InspectState } from "./state";

/** A button that asks for a file. */
export function OpenFile({ state, isSmall = false }: { readonly state: InspectState; readonly isSmall?: boolean }) {
  const input = useFileInput("File of a saved sample", ([file]) => void state.openFile(file), {
    accept: ".json,.gz,application/json,application/gzip",
  });
  return (
    <>
      <button
        type="button"
        class={isSmall ? "small" : undefined}
        onClick={() => input.open()}
        title="A JSON of everything, also by dropping it here"
      >
        <Icon name="folder" />
        Open a saved sample
      </button>
      {input.element}
    </>
  );
}
