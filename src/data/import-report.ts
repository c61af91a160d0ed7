import type { ImportReport } from "./types";

/** A report that counts nothing yet. */
export function newReport(): ImportReport {
  return { kept: 0, dropped: new Map(), notes: new Map() };
}

/** Counts one frame under a reason and remembers the first example. */
export function count(counts: ImportReport["dropped"], reason: string, example: string): void {
  const known = counts.get(reason);
  if (known === undefined) counts.set(reason, { count: 1, example });
  else known.count++;
}

/** The report as sentences: kept, then each reason with its count and first example. */
export function reportLines(name: string, report: ImportReport): string[] {
  const dropped = [...report.dropped.values()].reduce((sum, each) => sum + each.count, 0);
  const line = (what: string) => (entry: [string, { count: number; example: string }]) =>
    `${what}: ${entry[1].count} x ${entry[0]}, first ${entry[1].example}`;
  return [
    `${name}: ${report.kept} frames kept, ${dropped} dropped`,
    ...[...report.dropped].map(line("dropped")),
    ...[...report.notes].map(line("note")),
  ];
}
