import { useSignal } from "@preact/signals";
import { messageOf } from "../store";
import { Dialog } from "../widgets/dialog";

/** The original's debug lines of one sample, to read or to copy. */
export function DebugDialog({ lines, onClose }: { readonly lines: readonly string[]; readonly onClose: () => void }) {
  const said = useSignal("");
  const text = lines.join("\n");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      said.value = "Copied.";
    } catch (error) {
      said.value = `The browser did not let the page copy (${messageOf(error)}): select the text instead.`;
    }
  };
  return (
    <Dialog title="Debug lines of this sample" onClose={onClose}>
      <p class="hint">In the words of the original's log, of this sample alone; millimetres.</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <pre class="debug-text" tabIndex={0}>
        {text}
      </pre>
      <div class="debug-foot">
        <button type="button" class="primary" onClick={copy}>
          Copy
        </button>
        <span role="status">{said.value}</span>
      </div>
    </Dialog>
  );
}
