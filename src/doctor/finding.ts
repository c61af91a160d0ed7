/** What the doctor says: one finding is one cause, with its evidence and what to do. */

/** "fatal": the run is wasted as it is. "serious": the result is wrong or far below what it could be. "warning": worth a look. "note": good to know. */
export type Severity = "fatal" | "serious" | "warning" | "note";
export const SEVERITIES = ["fatal", "serious", "warning", "note"] as const;

/** "certain": the numbers admit no other cause. "likely": the best of several causes. "possible": one of several. */
export type Certainty = "certain" | "likely" | "possible";

/** One number that was found, beside what a healthy run shows. */
export interface Evidence {
  /** What was measured: "share of vertex samples inside the feature map". */
  readonly what: string;
  readonly found: number | string;
  /** "above 0.9", "0 of 8". */
  readonly expected: string;
  readonly unit?: string;
  /** How many samples, steps or elements the number stands for. */
  readonly n?: number;
}

/** A change of the configuration that removes the cause, for "what if". */
export interface ConfigChange {
  /** Keys as in `--set`: "optim.clip" to the text of a value. */
  readonly set?: Readonly<Record<string, string>>;
  /** Quirks to leave out. */
  readonly withoutQuirks?: readonly string[];
}

export interface Finding {
  /** Stable: "joint-order", "evaluated-on-one-rank". Also the anchor in docs/findings.md and what --ignore takes. */
  readonly id: string;
  readonly severity: Severity;
  readonly certainty: Certainty;
  /** "The joints of prediction and ground truth are in different orders". */
  readonly title: string;
  /** One or two sentences with the numbers found and expected. */
  readonly sentence: string;
  readonly evidence: readonly Evidence[];
  /** Most likely first; each names what and where. */
  readonly causes: readonly string[];
  /** What to change and where. */
  readonly remedy: string;
  readonly change?: ConfigChange;
  /** Ids of samples that show it, the clearest first. */
  readonly samples: readonly string[];
  /** A page of the app that shows it: "#/inspect?sample=SYA0/0003". */
  readonly link?: string;
  /** Ids of findings that are only consequences of this one when both are there. */
  readonly explains?: readonly string[];
  /** Step or line where it was first seen. */
  readonly since?: string;
}

/** A finding with the consequences that it explains below it. */
export interface Diagnosis extends Finding {
  readonly symptoms: readonly Finding[];
}

const rankOf = ({ severity, certainty }: Finding): number =>
  10 * SEVERITIES.indexOf(severity) + ["certain", "likely", "possible"].indexOf(certainty);

/**
 * One entry for each cause, the gravest and surest first: a finding with the same id as an earlier one is dropped, one that
 * another explains goes below that one. `ignored` ids are left out, with what they alone explain.
 */
export function diagnose(findings: readonly Finding[], ignored: ReadonlySet<string> = new Set()): Diagnosis[] {
  const byId = new Map<string, Finding>();
  for (const finding of findings) {
    const known = byId.get(finding.id);
    if (!known || rankOf(finding) < rankOf(known)) byId.set(finding.id, finding);
  }
  const kept = [...byId.values()].filter(({ id }) => !ignored.has(id)).sort((a, b) => rankOf(a) - rankOf(b));
  const explainedBy = new Map<string, Finding>();
  for (const cause of kept)
    for (const id of cause.explains ?? []) if (byId.has(id) && !explainedBy.has(id)) explainedBy.set(id, cause);
  /** The cause at the end of the chain; a circle ends at its first member. */
  const rootOf = (finding: Finding): Finding => {
    const seen = new Set([finding.id]);
    let at = finding;
    for (let up = explainedBy.get(at.id); up && !seen.has(up.id); up = explainedBy.get(at.id)) {
      seen.add(up.id);
      at = up;
    }
    return at;
  };
  const roots = kept.filter((finding) => rootOf(finding) === finding);
  return roots.map((root) => ({
    ...root,
    symptoms: kept.filter((finding) => finding !== root && rootOf(finding) === root),
  }));
}
