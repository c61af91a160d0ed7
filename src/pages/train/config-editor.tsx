import { type Signal, useSignal } from "@preact/signals";
import { useStore } from "../context";
import { plural } from "../format";
import { Toggle } from "../widgets/field";
import { useFileInput } from "../widgets/file-input";
import { Icon } from "../widgets/icons";
import type { Setup } from "./setup";

/** Remarks that are shown without being asked for. */
const MOST_IN_SIGHT = 2;

/** The configuration as text, or what of it differs from its preset. Can be looked at, and not changed, while a run lasts. */
export function ConfigEditor({ setup, isWide }: { readonly setup: Setup; readonly isWide: Signal<boolean> }) {
  const store = useStore();
  const input = useFileInput("File of a configuration", ([file]) => void setup.takeConfig(file), {
    accept: ".yaml,.yml",
  });
  const isShort = useSignal(false);
  const isLocked = store.isActive.value;
  const { problems, notes, config } = setup.reading.value;
  const adopted = setup.adopted.value;
  const refused = setup.refused.config.value;
  const changed = config === undefined ? undefined : setup.differences.value;
  const isListed = isShort.value && changed !== undefined;
  return (
    <div class="config">
      <div class="config-head">
        {isListed ? <span>Config</span> : <label for="config-text">Config</label>}
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
          disabled={isLocked}
          aria-label="Open a config.yaml"
          title="Open a config.yaml, also one of the original; or drop it anywhere on this page"
          onClick={() => input.open()}
        >
          <Icon name="folder" />
        </button>
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
      {input.element}
      {isListed ? (
        <Differences setup={setup} isLocked={isLocked} />
      ) : (
        <textarea
          id="config-text"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          wrap="off"
          readOnly={isLocked}
          aria-invalid={problems.length > 0}
          aria-describedby="config-says"
          value={setup.text.value}
          onInput={(event) => (setup.text.value = event.currentTarget.value)}
        />
      )}
      <ul id="config-says" class="sentences" aria-live="polite">
        {refused !== "" && <li class="bad">{refused}</li>}
        {problems.map((sentence) => (
          <li key={sentence} class="bad">
            {sentence}
          </li>
        ))}
        {adopted !== undefined && <li>Taken over from {adopted.name}.</li>}
      </ul>
      <Remarks sentences={[...(adopted?.notes ?? []), ...notes]} />
    </div>
  );
}

/** What of a configuration was converted or has no effect: a few in sight, many behind their number. */
function Remarks({ sentences }: { readonly sentences: readonly string[] }) {
  const list = (
    <ul class="sentences">
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
  if (sentences.length <= MOST_IN_SIGHT) return list;
  return (
    <details class="remarks">
      <summary>{plural(sentences.length, "entry", "entries")} converted or without effect</summary>
      {list}
    </details>
  );
}

function Differences({ setup, isLocked }: { readonly setup: Setup; readonly isLocked: boolean }) {
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
                  disabled={isLocked}
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
