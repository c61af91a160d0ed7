import { signal, useSignal } from "@preact/signals";
import type { ComponentProps, ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { gigabytes } from "../../data/import-plan";
import type { StoredSet } from "../../data/shards/types";
import type { DataSummary, HealthCheck, Verdict } from "../../data/summary";
import { count, plural, sentence } from "../format";
import { Segmented } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { Distributions } from "./distributions";
import { Overview } from "./overview";
import { Scroll } from "./scroll";
import { STATE_WORDS } from "./set-list";
import { type DataState, type Examined, stateSentence } from "./state";

type SheetProps = ComponentProps<typeof import("./sheet").Sheet>;
type Tab = "health" | "pictures" | "distributions" | "overview";

/** Loaded when the first set is looked at. */
const sheet = signal<ComponentType<SheetProps> | undefined>(undefined);
const sheetProblem = signal("");

/** One stored set: what it holds, whether it is well, and what can be done with it. */
export function SetView({
  state,
  name,
  onUse,
  isLocked,
}: {
  readonly state: DataState;
  readonly name: string;
  readonly onUse: (name: string) => void;
  readonly isLocked: boolean;
}) {
  const set = state.sets.value.find((each) => each.name === name);
  const shown = state.examined.value;
  const examined = shown?.set.kind === "stored" && shown.set.name === name ? shown : undefined;
  if (set === undefined) return <p class="empty">This set is not stored any more.</p>;
  return (
    <>
      <header class="view-head set-head">
        <div>
          <h3>{name}</h3>
          <p class="hint num">
            {plural(set.kept, "frame")}
            {set.dropped > 0 && `, ${count(set.dropped)} dropped`}, {gigabytes(set.bytes)} in{" "}
            {plural(set.shards, "shard")}
            {set.description !== undefined && `, crops of up to ${set.description.side} px`}
          </p>
        </div>
        <SetActions key={name} state={state} set={set} onUse={onUse} isLocked={isLocked} />
      </header>
      <StateNote state={state} set={set} />
      <Contents key={name} state={state} examined={examined} said={set.damage.map(({ message }) => message)} />
    </>
  );
}

/** The frames that a run on synthetic data renders, as the set-up stands. */
export function RenderedView({
  state,
  onUse,
  isLocked,
}: {
  readonly state: DataState;
  readonly onUse: () => void;
  readonly isLocked: boolean;
}) {
  const shown = state.examined.value;
  const examined = shown?.set.kind === "synthetic" ? shown : undefined;
  const set = examined?.set.kind === "synthetic" ? examined.set : undefined;
  return (
    <>
      <header class="view-head set-head">
        <div>
          <h3>Synthetic</h3>
          <p class="hint num">
            {set === undefined
              ? "Rendered when they are looked at"
              : `${plural(set.frames, "frame")} of seed ${set.seed}, rendered from ${set.options.hand.kind === "openhand" ? "OpenHand" : set.options.hand.name}, crops for ${set.options.size} px`}
          </p>
        </div>
        <div class="drop-buttons">
          <button type="button" class="primary" disabled={isLocked} onClick={onUse}>
            Train on it
          </button>
        </div>
      </header>
      <Contents state={state} examined={examined} />
    </>
  );
}

/** Pictures at once, the rest when enough samples are measured. `said`: what is wrong and stands above already. */
function Contents({
  state,
  examined,
  said = [],
}: {
  readonly state: DataState;
  readonly examined: Examined | undefined;
  readonly said?: readonly string[];
}) {
  const tab = useSignal<Tab>("pictures");
  const only = useSignal<HealthCheck | undefined>(undefined);
  const { summary, ids, problem } = examined ?? {};
  const worst = summary?.checks.filter(({ verdict }) => verdict === "bad" || verdict === "look").length ?? 0;
  if (ids === undefined || examined === undefined) {
    return problem === undefined ? <Opening /> : <Trouble problem={problem} />;
  }
  return (
    <>
      {problem !== undefined && !said.includes(problem) && <Trouble problem={problem} />}
      <div class="tabs-row">
        <Segmented
          label="View of the data set"
          options={[
            { value: "pictures", label: "Pictures" },
            { value: "health", label: worst > 0 ? `Health (${worst})` : "Health" },
            { value: "distributions", label: "Distributions" },
            { value: "overview", label: "Cameras and split" },
          ]}
          value={tab.value}
          onValue={(value) => (tab.value = value)}
        />
        {summary === undefined && problem === undefined && <Measuring state={state} examined={examined} />}
      </div>
      {tab.value === "pictures" && (
        <LazySheet
          state={state}
          examined={examined}
          ids={ids}
          only={only.value}
          onAll={() => (only.value = undefined)}
        />
      )}
      {tab.value !== "pictures" && summary === undefined && (
        <p class="empty">
          {examined.isStopped
            ? "The measuring was stopped; go on with it to see this."
            : problem === undefined
              ? "This comes when enough frames are measured."
              : "This needs frames that can be measured."}
        </p>
      )}
      {tab.value === "health" && summary !== undefined && (
        <Health
          summary={summary}
          onShow={(check) => {
            only.value = check;
            tab.value = "pictures";
          }}
        />
      )}
      {tab.value === "distributions" && summary !== undefined && <Distributions summary={summary} />}
      {tab.value === "overview" && summary !== undefined && <Overview summary={summary} />}
    </>
  );
}

function Trouble({ problem }: { readonly problem: string }) {
  return (
    <p class="state-note">
      <Icon name="warn" />
      {sentence(problem)}
    </p>
  );
}

function LazySheet(props: SheetProps) {
  useEffect(() => {
    if (sheet.value !== undefined) return;
    import("./sheet").then(
      (loaded) => (sheet.value = loaded.Sheet),
      () => (sheetProblem.value = "The pictures' part of the page could not be loaded: reload the page to try again."),
    );
  }, []);
  const Loaded = sheet.value;
  if (Loaded === undefined) return <p class="empty">{sheetProblem.value || "Loading the pictures …"}</p>;
  return <Loaded {...props} />;
}

function Opening() {
  return (
    <div class="set-reading">
      <p class="hint num" aria-live="polite">
        Opening the set
      </p>
      <div class="progress-track" data-open="true">
        <div class="progress-fill" />
      </div>
    </div>
  );
}

/** How far the measuring is; frames spread over the set are read for everything but the pictures. */
function Measuring({ state, examined }: { readonly state: DataState; readonly examined: Examined }) {
  const [done, total] = examined.progress ?? [0, 0];
  return (
    <div class="set-measuring" role="status">
      {examined.isStopped ? (
        <span class="hint">Measuring stopped</span>
      ) : (
        <>
          <progress aria-label="Frames measured" max={Math.max(1, total)} value={done} />
          <span class="hint num">{total === 0 ? "Measuring" : `Measured ${count(done)} of ${count(total)}`}</span>
        </>
      )}
      <button
        type="button"
        class="small"
        onClick={() => (examined.isStopped ? void state.measureAgain() : state.stopMeasuring())}
      >
        {examined.isStopped ? "Measure again" : "Stop"}
      </button>
    </div>
  );
}

function SetActions({
  state,
  set,
  onUse,
  isLocked,
}: {
  readonly state: DataState;
  readonly set: StoredSet;
  readonly onUse: (name: string) => void;
  readonly isLocked: boolean;
}) {
  const isSure = useSignal(false);
  const checked = state.checked.value?.name === set.name ? state.checked.value : undefined;
  if (isSure.value) {
    return (
      <div class="drop-buttons">
        <span class="hint">Delete {gigabytes(set.bytes)} for good? The original files stay as they are.</span>
        <button type="button" class="danger" onClick={() => void state.remove(set.name)}>
          Delete
        </button>
        <button type="button" ref={(element) => element?.focus()} onClick={() => (isSure.value = false)}>
          Keep
        </button>
      </div>
    );
  }
  const isCurrent = state.stage.value.kind === "running" && state.stage.value.name === set.name;
  return (
    <div class="drop-buttons">
      {set.state === "complete" ? (
        <button type="button" class="primary" disabled={isLocked} onClick={() => onUse(set.name)}>
          Train on it
        </button>
      ) : (
        <button type="button" class="primary" disabled={state.isImporting.value} onClick={() => void state.goOn(set)}>
          {set.state === "importing" ? "Continue" : "Repair"}
        </button>
      )}
      <button
        type="button"
        disabled={isCurrent || set.shards === 0}
        onClick={() => (checked?.progress === undefined ? void state.check(set.name) : state.stopCheck())}
        title={checked?.progress === undefined ? "Compare every byte with its checksum" : "Stop the check"}
      >
        <Icon name={checked?.progress === undefined ? "shield" : "stop"} />
        {checked?.progress === undefined ? "Check" : `Checking ${checked.progress[0]} of ${checked.progress[1]}, stop`}
      </button>
      <button
        type="button"
        class="quiet"
        aria-label={`Delete ${set.name}`}
        title="Delete"
        disabled={isCurrent}
        onClick={() => (isSure.value = true)}
      >
        <Icon name="trash" />
      </button>
    </div>
  );
}

function StateNote({ state, set }: { readonly state: DataState; readonly set: StoredSet }) {
  const trouble = stateSentence(set);
  const checked = state.checked.value?.name === set.name ? state.checked.value : undefined;
  return (
    <>
      {trouble !== undefined && (
        <div class="state-note" data-state={set.state}>
          <Icon name="warn" />
          <div>
            <p>
              <strong>{sentence(STATE_WORDS[set.state])}.</strong> {trouble}
            </p>
            {set.damage.length > 0 && (
              <ul>
                {set.damage.slice(0, 6).map(({ shard, message }) => (
                  <li key={shard}>{sentence(message)}</li>
                ))}
                {set.damage.length > 6 && <li>and {count(set.damage.length - 6)} more</li>}
              </ul>
            )}
          </div>
        </div>
      )}
      {checked?.damage !== undefined && checked.damage.length === 0 && (
        <p class="state-note" data-state="complete" role="status">
          <Icon name="check" />
          All {plural(set.shards, "shard")} equal their checksums.
        </p>
      )}
    </>
  );
}

const VERDICT_WORDS: Record<Verdict, string> = {
  good: "good",
  look: "have a look",
  bad: "wrong",
  unknown: "cannot tell",
};

/** A small mark for a verdict. */
function VerdictMark({ verdict }: { readonly verdict: Verdict }) {
  const icon = verdict === "good" ? "check" : verdict === "unknown" ? "minus" : "warn";
  return (
    <span class="verdict" data-verdict={verdict}>
      <Icon name={icon} />
      <span class="sr-only">{VERDICT_WORDS[verdict]}: </span>
    </span>
  );
}

function Health({ summary, onShow }: { readonly summary: DataSummary; readonly onShow: (check: HealthCheck) => void }) {
  const { checks, split, looked } = summary;
  const shown = new Set(looked.map(({ id }) => id));
  return (
    <Scroll label="Health">
      <ul class="checks">
        {checks.map((check) => {
          const examples = check.examples.filter((id) => shown.has(id)).length;
          return (
            <li key={check.name}>
              <VerdictMark verdict={check.verdict} />
              <div>
                <h4>{check.title}</h4>
                <p>{check.sentence}</p>
              </div>
              {examples > 0 && check.verdict !== "good" && (
                <button type="button" class="small" onClick={() => onShow(check)}>
                  Show {examples}
                </button>
              )}
            </li>
          );
        })}
        <li>
          <VerdictMark verdict={split.warning === undefined ? "good" : "look"} />
          <div>
            <h4>Training and validation share nothing</h4>
            <p>
              {split.warning ??
                `No recording has frames on both sides: ${plural(split.train.recordings, "recording")} to train on, ${count(split.validation.recordings)} to validate with.`}
            </p>
          </div>
        </li>
      </ul>
      <p class="hint checks-foot">
        From {plural(looked.length, "frame")} spread over all sequences; counts and split from all of them.
      </p>
    </Scroll>
  );
}
