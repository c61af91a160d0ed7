import { useId, useState } from "preact/hooks";

/** A labelled number. Commits on every valid keystroke and says what is wrong with the others. */
export function NumberField({
  label,
  value,
  onValue,
  min,
  max = Number.POSITIVE_INFINITY,
  isWhole = true,
  isDisabled = false,
  describedBy,
  unit,
  title,
  placeholder = "not set",
}: {
  readonly label: string;
  readonly value: number | undefined;
  readonly onValue: (value: number) => void;
  readonly min: number;
  readonly max?: number;
  readonly isWhole?: boolean;
  readonly isDisabled?: boolean;
  /** The id of a text that explains the field. */
  readonly describedBy?: string;
  readonly unit?: string;
  readonly title?: string;
  /** Shown for undefined. */
  readonly placeholder?: string;
}) {
  const id = useId();
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const problem = draft === undefined ? undefined : problemOf(draft, min, max, isWhole);
  return (
    <div class="field" title={title}>
      <label for={id}>
        {label}
        {unit !== undefined && <span class="unit"> {unit}</span>}
      </label>
      <input
        id={id}
        inputMode={isWhole ? "numeric" : "decimal"}
        autocomplete="off"
        spellcheck={false}
        value={draft ?? (value === undefined ? "" : String(value))}
        placeholder={value === undefined ? placeholder : undefined}
        aria-invalid={problem !== undefined}
        disabled={isDisabled}
        aria-describedby={problem === undefined ? describedBy : `${id}-problem`}
        onInput={(event) => {
          const text = event.currentTarget.value;
          setDraft(text);
          if (problemOf(text, min, max, isWhole) === undefined) onValue(Number(text));
        }}
        onBlur={() => setDraft(undefined)}
      />
      {problem !== undefined && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

function problemOf(text: string, min: number, max: number, isWhole: boolean): string | undefined {
  const value = Number(text);
  const kind = isWhole ? "a whole number" : "a number";
  if (text.trim() === "" || !Number.isFinite(value) || (isWhole && !Number.isSafeInteger(value))) {
    return `Expected ${kind}, found "${text}".`;
  }
  if (value > max) return `Expected at most ${max}.`;
  return value < min ? `Expected at least ${min}.` : undefined;
}

/** A few exclusive choices in a row. */
export function Segmented<Value extends string>({
  label,
  options,
  value,
  onValue,
  isLabelShown = false,
}: {
  readonly label: string;
  readonly options: readonly { readonly value: Value; readonly label: string; readonly title?: string }[];
  readonly value: Value;
  readonly onValue: (value: Value) => void;
  readonly isLabelShown?: boolean;
}) {
  const name = useId();
  return (
    <fieldset class="segmented">
      <legend class={isLabelShown ? "" : "sr-only"}>{label}</legend>
      <div class="segments">
        {options.map((option) => (
          <label key={option.value} title={option.title}>
            <input type="radio" name={name} checked={option.value === value} onChange={() => onValue(option.value)} />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** A button that stays pressed. */
export function Toggle({
  label,
  isOn,
  onToggle,
  shortcut,
  isDisabled = false,
}: {
  readonly label: string;
  readonly isOn: boolean;
  readonly onToggle: () => void;
  readonly shortcut?: string;
  readonly isDisabled?: boolean;
}) {
  return (
    <button
      type="button"
      class="toggle"
      aria-pressed={isOn}
      disabled={isDisabled}
      onClick={onToggle}
      title={shortcut === undefined ? undefined : `${label} (${shortcut})`}
      aria-keyshortcuts={shortcut}
    >
      {label}
    </button>
  );
}
