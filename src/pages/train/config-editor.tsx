import { type Signal, useSignal } from "@preact/signals";
import { useStore } from "../context";
import { plural } from "../format";
import { messageOf } from "../store";
import { Toggle } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { useDrop } from "../widgets/use-drop";
import type { Setup } from "./setup";

/** The configuration as text, or what of it differs from its preset. A dropped config.yaml, also one of the original, is taken over. */
export function ConfigEditor({ setup, isWide }: { readonly setup: Setup; readonly isWide: Signal<boolean> }) {
  const store = useStore();
  const isShort = useSignal(false);
  const problem = useSignal("");
  const { problems, notes, config } = setup.reading.value;
  const adopted = setup.adopted.value;
  const take = async (file: File | undefined) => {
    if (file === undefined || store.isActive.value) return;
    problem.value = "";
    try {
      await setup.adopt(file.name, await file.text());
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  const { isOver, handlers } = useDrop((transfer) => take(transfer.files[0]));
  const changed = config === undefined ? undefined : setup.differences.value;
  const isListed = isShort.value && changed !== undefined;
  return (
    <div class="config chooser" data-over={isOver} {...handlers}>
      <div class="config-head">
        {isListed ? <span>Configuration</span> : <label for="config-text">Configuration</label>}
        <span class={problems.length > 0 ? "bad" : "hint"}>
          {config === undefined && problems.length === 0
            ? "loading"
            : problems.length > 0
              ? `${problems.length} to fix`
              : changed !== undefined && plural(changed.length, "change")}
        </span>
        <Toggle
          label="Differences"
          isOn={isListed}
          isDisabled={changed === undefined}
          onToggle={() => (isShort.value = !isShort.value)}
        />
        <button
          type="button"
          class="quiet"
          aria-pressed={isWide.value}
          aria-label="Wide editor"
          title="Wide editor"
          onClick={() => (isWide.value = !isWide.value)}
        >
          <Icon name="widen" />
        </button>
      </div>
      {isListed ? (
        <Differences setup={setup} />
      ) : (
        <textarea
          id="config-text"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          wrap="off"
          aria-invalid={problems.length > 0}
          aria-describedby="config-says"
          title="A config.yaml can be dropped here, also one of the original"
          value={setup.text.value}
          onInput={(event) => (setup.text.value = event.currentTarget.value)}
        />
      )}
      <ul id="config-says" class="sentences" aria-live="polite">
        {problem.value !== "" && <li class="bad">{problem.value}</li>}
        {problems.map((sentence) => (
          <li key={sentence} class="bad">
            {sentence}
          </li>
        ))}
        {adopted !== undefined && <li>Taken over from {adopted.name}.</li>}
        {(adopted?.notes ?? []).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
        {notes.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </div>
  );
}

function Differences({ setup }: { readonly setup: Setup }) {
  const changed = setup.differences.value ?? [];
  const preset = setup.reading.value.config?.preset;
  if (changed.length === 0) return <p class="config-same hint">Everything is as the preset {preset} has it.</p>;
  return (
    <div class="config-changes">
      <table>
        <thead>
          <tr>
            <th scope="col">Entry</th>
            <th scope="col">Here</th>
            <th scope="col">{preset}</th>
            <th scope="col">
              <span class="sr-only">Take back</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {changed.map(({ path, values: [here, there] }) => (
            <tr key={path}>
              <th scope="row" title={path}>
                {path}
              </th>
              <td title={here}>{here ?? "–"}</td>
              <td title={there}>{there ?? "–"}</td>
              <td>
                <button
                  type="button"
                  class="quiet"
                  aria-label={`${path} as in the preset`}
                  title="As in the preset"
                  onClick={() => setup.revert(path)}
                >
                  <Icon name="undo" />
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
