import type { DataEvidence } from "../train/evidence";
import { DATA_CHECKS } from "./checks";
import type { Finding } from "./finding";

/** What the data's numbers show to be wrong, unranked; `diagnose` puts consequences below their causes. */
export function dataFindings(evidence: DataEvidence): Finding[] {
  return DATA_CHECKS.flatMap((check) => check(evidence) ?? []);
}
