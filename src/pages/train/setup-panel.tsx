import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useStore } from "../context";
import type { DataState } from "../data/state";
import { NumberField, Segmented } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { DataButton, DataChooser, HandChooser } from "./choosers";
import { ConfigEditor } from "./config-editor";
import { RunList } from "./run-list";
import type { ConfigField, Setup } from "./setup";

/** Everything that is decided before a run. */
export function SetupPanel({
  setup,
  data,
  isWide,
}: {
  readonly setup: Setup;
  readonly data: DataState;
  readonly isWide: Signal<boolean>;
}) {
  const store = useStore();
  const isActive = store.isActive.value;
  const presets = setup.configText.value?.presets ?? [];
  return (
    <section class="setup" aria-labelledby="setup-title">
      <div class="panel-head">
        <h2 id="setup-title">Set-up</h2>
        {isActive && <span>locked while the run lasts</span>}
      </div>
      <div class="setup-scroll">
        <GoingOn setup={setup} />
        <Step number={1} title="Data">
          <fieldset class="setup-form" disabled={isActive}>
            <legend class="sr-only">Data of the next run</legend>
            <DataChooser setup={setup} data={data} />
          </fieldset>
          <DataButton data={data} />
        </Step>
        <Step number={2} title="Model" isGrowing>
          <fieldset class="setup-form" disabled={isActive}>
            <legend class="sr-only">Model of the next run</legend>
            <Segmented
              label="Preset"
              isLabelShown
              options={presets.map(({ name, summary }) => ({ value: name, label: name, title: summary }))}
              value={setup.preset.value}
              onValue={(name) => setup.choosePreset(name)}
            />
            <p class="hint preset-hint">
              {presets.find(({ name }) => name === setup.preset.value)?.summary ?? "\u00a0"}
            </p>
            <HandChooser setup={setup} />
          </fieldset>
          <ConfigEditor setup={setup} isWide={isWide} />
        </Step>
        <Step number={3} title="Run">
          <fieldset class="setup-form" disabled={isActive}>
            <legend class="sr-only">Length, batch and ranks of the next run</legend>
            <div class="field-grid">
              <ConfigNumber setup={setup} field="steps" label="Steps" min={1} placeholder="by epochs" />
              <ConfigNumber setup={setup} field="batch" label="Batch" min={1} />
              <ConfigNumber setup={setup} field="learningRate" label="Learning rate" min={0} isWhole={false} />
              <ConfigNumber setup={setup} field="seed" label="Seed" min={0} />
            </div>
            <RankFields setup={setup} />
          </fieldset>
        </Step>
        <RunList setup={setup} />
      </div>
    </section>
  );
}

/** One of the three things that make a run. */
function Step({
  number,
  title,
  isGrowing = false,
  children,
}: {
  readonly number: number;
  readonly title: string;
  readonly isGrowing?: boolean;
  readonly children: ComponentChildren;
}) {
  const id = `setup-${number}`;
  return (
    <section class="setup-step" data-growing={isGrowing} aria-labelledby={id}>
      <h3 id={id}>
        <span class="setup-number">{number}</span> {title}
      </h3>
      {children}
    </section>
  );
}

/** That the next run continues a stored one or begins with its weights, with a way back. */
function GoingOn({ setup }: { readonly setup: Setup }) {
  const [forked, resumed] = [setup.forked.value, setup.resumed.value];
  const isLocked = useStore().isActive.value;
  if (forked === undefined && resumed === undefined) return null;
  return (
    <div class="note-row">
      {forked !== undefined ? (
        <p>
          A new run with the weights and the optimiser of step {forked.step} of <strong>{forked.run}</strong>; its
          configuration may be changed, its samples may not.
        </p>
      ) : (
        <p>
          Continues <strong>{resumed}</strong> from its last checkpoint, with its configuration.
        </p>
      )}
      <button
        type="button"
        class="quiet"
        disabled={isLocked}
        onClick={() => setup.forgetStored()}
        aria-label={forked !== undefined ? "Start afresh, without its weights" : "Start afresh instead"}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** How many workers share a step, and on which adapters where the machine has two. */
function RankFields({ setup }: { readonly setup: Setup }) {
  const adapter = useStore().adapter.value;
  const max = setup.maxRanks.value;
  const isIsolated = setup.isIsolated.value;
  const second = adapter.kind === "found" ? adapter.second : undefined;
  return (
    <>
      <div class="rank-fields">
        <NumberField
          label="Ranks"
          min={1}
          max={max}
          value={setup.ranks.value}
          onValue={(ranks) => (setup.wantedRanks.value = ranks)}
          isDisabled={!isIsolated}
          describedBy="ranks-hint"
        />
        <p
          id="ranks-hint"
          class="hint"
          title={
            isIsolated ? "Measured on a CPU adapter: 13.8, 12.6 and 12.1 samples/s on 1, 2 and 4 ranks" : undefined
          }
        >
          {isIsolated
            ? `Workers that share each step${Number.isFinite(max) ? `, 1 to ${max}` : ""}, with the same bits. On one GPU several are rarely faster and need more memory.`
            : "One only: ranks share memory, and this page is not cross-origin isolated. Its server must send COOP same-origin and COEP require-corp."}
        </p>
      </div>
      {second !== undefined && setup.ranks.value > 1 && (
        <Segmented
          label="Adapters"
          isLabelShown
          options={[
            { value: "same", label: "One for all", title: "All ranks on the faster adapter" },
            { value: "both", label: "Both", title: `Every second rank on ${second}` },
          ]}
          value={setup.usesBothAdapters.value ? "both" : "same"}
          onValue={(value) => (setup.usesBothAdapters.value = value === "both")}
        />
      )}
    </>
  );
}

function ConfigNumber({
  setup,
  field,
  ...rest
}: {
  readonly setup: Setup;
  readonly field: ConfigField;
  readonly label: string;
  readonly min: number;
  readonly isWhole?: boolean;
  readonly placeholder?: string;
}) {
  return <NumberField {...rest} value={setup.field(field)} onValue={(value) => setup.setField(field, value)} />;
}
