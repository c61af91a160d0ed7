import { useLayoutEffect, useRef } from "preact/hooks";
import { useStore } from "../context";
import { Icon } from "../widgets/icons";

/** Takes the deletion of a run back. `takesFocus`: the button that deleted it has gone from under the keyboard. */
export function UndoButton({ name, takesFocus }: { readonly name: string; readonly takesFocus: boolean }) {
  const store = useStore();
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (takesFocus) button.current?.focus();
  }, []);
  return (
    <button
      ref={button}
      type="button"
      class="small"
      onClick={() => store.undoDelete(name)}
      aria-label={`Undo deleting ${name}`}
    >
      <Icon name="undo" />
      Undo
    </button>
  );
}
