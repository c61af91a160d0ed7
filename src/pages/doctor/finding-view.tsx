import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Diagnosis, Evidence, Severity } from "../../train/findings";
import { useStore } from "../context";
import { count, significant } from "../format";
import { messageOf } from "../store";
import type { Setup } from "../train/setup";
import { Icon } from "../widgets/icons";
import { Prose } from "../widgets/prose";
import { CERTAINTY, SEVERITY } from "./severity";

/** The word for how grave it is, with its sign. */
export function SeverityMark({ severity }: { readonly severity: Severity }) {
  const { word, icon, title } = SEVERITY[severity];
  return (
    <span class="severity" data-severity={severity} title={title}>
      <Icon name={icon} />
      {word}
    </span>
  );
}

/** One finding with all that was found. `setup` is given for the page's own run: its remedy can be taken there. */
export function FindingView({ finding, setup }: { readonly finding: Diagnosis; readonly setup: Setup | undefined }) {
  const { id, severity, certainty, title, sentence, evidence, causes, remedy, since, symptoms } = finding;
  return (
    <>
      <header class="finding-head">
        <SeverityMark severity={severity} />
        <h3>{title}</h3>
        <span class="hint">
          <span title={CERTAINTY[certainty]}>{certainty}</span>
          {since !== undefined && <>, {since.startsWith("before") ? since : `since ${since}`}</>}, <code>{id}</code>
        </span>
      </header>
      <p class="finding-sentence">
        <Prose text={sentence} />
      </p>
      <div class="finding-body">
        <div>
          <h4>What to do</h4>
          <p>
            <Prose text={remedy} />
          </p>
          {setup !== undefined && <FindingActions finding={finding} setup={setup} />}
          {causes.length > 0 && (
            <>
              <h4>{causes.length > 1 ? "Causes, the likeliest first" : "Cause"}</h4>
              <ol class="finding-causes">
                {causes.map((cause) => (
                  <li key={cause}>
                    <Prose text={cause} />
                  </li>
                ))}
              </ol>
            </>
          )}
        </div>
        <div>
          {evidence.length > 0 && <EvidenceTable evidence={evidence} />}
          {finding.samples.length > 0 && <Samples finding={finding} isOwn={setup !== undefined} />}
          {symptoms.length > 0 && (
            <details class="finding-fold">
              <summary>It explains {symptoms.length} more</summary>
              <ul>
                {symptoms.map((each) => (
                  <li key={each.id}>
                    <SeverityMark severity={each.severity} /> <strong>{each.title}.</strong> {each.sentence}
                  </li>
                ))}
              </ul>
            </details>
          )}
          <Explanation key={id} id={id} />
        </div>
      </div>
    </>
  );
}

/** Takes the remedy over into the set-up, or has the next run not tell it. */
export function FindingActions({ finding, setup }: { readonly finding: Diagnosis; readonly setup: Setup }) {
  const isActive = useStore().isActive.value;
  const { id, change } = finding;
  const remedy = useMemo(() => setup.remedy(change), [change, setup.text.value, setup.configText.value]);
  const isIgnored = setup.ignored.value.includes(id);
  const said = setup.applied.value[id];
  return (
    <div class="finding-actions">
      {remedy !== undefined && (
        <button
          type="button"
          class="small"
          disabled={isActive}
          title={isActive ? "Once the run has ended" : `Changes the configuration: ${remedy.said}`}
          onClick={() => setup.apply(id, remedy)}
        >
          <Icon name="check" />
          Apply to the set-up
        </button>
      )}
      <button type="button" class="small" aria-pressed={isIgnored} onClick={() => setup.ignore(id, !isIgnored)}>
        {isIgnored ? "Ignored in the next run" : "Ignore for the next run"}
      </button>
      <span class="hint" role="status">
        {remedy === undefined && said !== undefined ? `Applied to the set-up: ${said}` : ""}
      </span>
    </div>
  );
}

function EvidenceTable({ evidence }: { readonly evidence: readonly Evidence[] }) {
  return (
    <table class="evidence">
      <thead>
        <tr>
          {["Evidence", "Found", "Expected", "n"].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {evidence.map(({ what, found, expected, unit, n }, i) => (
          <tr key={i}>
            <th scope="row">{what}</th>
            <td class="num">
              {typeof found === "number" ? shown(found) : found}
              {unit !== undefined && ` ${unit}`}
            </td>
            <td>{expected}</td>
            <td class="num">{n === undefined ? "" : count(n)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Counts have no decimals. */
const shown = (found: number): string => (Number.isInteger(found) ? count(found) : significant(found));

/** Samples that are named and, in the page's own run, can be looked at. */
function Samples({ finding, isOwn }: { readonly finding: Diagnosis; readonly isOwn: boolean }) {
  const canInspect = useStore().hasPlan.value && isOwn;
  const shown = finding.samples.slice(0, 6);
  const more = finding.samples.length - shown.length;
  return (
    <p class="finding-samples">
      <span>Samples that show it: </span>
      {shown.map((id, i) => (
        <span key={id}>
          {i > 0 && ", "}
          {canInspect ? <a href={`#/inspect?sample=${encodeURIComponent(id)}`}>{id}</a> : id}
        </span>
      ))}
      {more > 0 && ` and ${more} more`}
    </p>
  );
}

function Explanation({ id }: { readonly id: string }) {
  const entry = useSignal<readonly { readonly head: string; readonly text: string }[] | string>("loading …");
  const load = async () => {
    try {
      const { explain } = await import("./explain");
      entry.value = explain(id) ?? `docs/findings.md has no entry ${id}.`;
    } catch (error) {
      entry.value = `docs/findings.md could not be loaded: ${messageOf(error)}`;
    }
  };
  return (
    <details
      class="finding-fold"
      onToggle={(event) => {
        if (event.currentTarget.open && typeof entry.value === "string") load();
      }}
    >
      <summary>Explain</summary>
      {typeof entry.value === "string" ? (
        <p class="hint">{entry.value}</p>
      ) : (
        entry.value.map(({ head, text }) => (
          <p key={text}>
            {head !== "" && <strong>{head}. </strong>}
            {text}
          </p>
        ))
      )}
    </details>
  );
}
