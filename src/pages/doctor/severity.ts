/** How grave a finding is, in a word and a sign, as colour alone tells nothing to many. */
import type { Certainty, Diagnosis, Severity } from "../../train/findings";
import type { IconName } from "../widgets/icons";

export const SEVERITY: Record<Severity, { readonly word: string; readonly icon: IconName; readonly title: string }> = {
  fatal: { word: "Fatal", icon: "fatal", title: "The run is wasted as it is" },
  serious: { word: "Serious", icon: "warn", title: "The result is wrong or far below what it could be" },
  warning: { word: "Warning", icon: "warn", title: "Worth a look" },
  note: { word: "Note", icon: "info", title: "Good to know" },
};

export const CERTAINTY: Record<Certainty, string> = {
  certain: "the numbers admit no other cause",
  likely: "the best of several causes",
  possible: "one of several causes",
};

/** Beside the tab: "3, 1 fatal", "none"; nothing until something was looked at. */
export function findingsNote(diagnoses: readonly Diagnosis[] | undefined): string | undefined {
  if (diagnoses === undefined) return undefined;
  if (diagnoses.length === 0) return "none";
  for (const severity of ["fatal", "serious"] as const) {
    const count = diagnoses.filter((each) => each.severity === severity).length;
    if (count > 0) return `${diagnoses.length}, ${count} ${severity}`;
  }
  return String(diagnoses.length);
}
