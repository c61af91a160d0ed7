/** Which findings are told, and in which order. */
import type { Diagnosis, Finding } from "../train/findings";

export type { ConfigChange, Diagnosis, Evidence, Finding } from "../train/findings";

/** The gravest first. */
export const SEVERITIES = ["fatal", "serious", "warning", "note"] as const;

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
  const silenced = silencedBy([...byId.values()], ignored);
  const kept = [...byId.values()].filter(({ id }) => !silenced.has(id)).sort((a, b) => rankOf(a) - rankOf(b));
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

/** Ids that are ignored, and those that nothing else explains than these. */
function silencedBy(findings: readonly Finding[], ignored: ReadonlySet<string>): ReadonlySet<string> {
  const silenced = new Set([...ignored]);
  const isExplained = (id: string): boolean =>
    findings.some((other) => !silenced.has(other.id) && other.id !== id && other.explains?.includes(id));
  const explainsOf = (id: string): readonly string[] => findings.find((each) => each.id === id)?.explains ?? [];
  // A set that grows while it is walked through: consequences of consequences.
  for (const id of silenced) for (const each of explainsOf(id)) if (!isExplained(each)) silenced.add(each);
  return silenced;
}
