import { useEffect } from "preact/hooks";
import { tinykeys } from "tinykeys";

/**
 * Shortcuts of the page while the component is shown. Keys are left alone while a person types, in a dialog, and where
 * the focused element has its own use for them (space on a button).
 */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    const guarded = Object.entries(keys).map(([key, action]) => [
      key,
      (event: KeyboardEvent) => {
        if (belongsToElement(event)) return;
        event.preventDefault();
        action();
      },
    ]);
    return tinykeys(window, Object.fromEntries(guarded));
  });
}

function belongsToElement(event: KeyboardEvent): boolean {
  if (!(event.target instanceof Element) || event.repeat) return event.repeat;
  if (document.querySelector("dialog[open]") !== null) return true;
  const { target } = event;
  if (target.closest("textarea, select, input:not([type=radio]):not([type=checkbox]), [contenteditable]") !== null)
    return true;
  return event.key === " " && target.closest("button, summary, a, input, [role=button]") !== null;
}
