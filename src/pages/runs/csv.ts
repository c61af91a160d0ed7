/** The metrics of a run as a table that spreadsheets and R read. Pure functions. */
import type { EvaluationRecord, StepRecord } from "../../train/events";

/**
 * metrics.jsonl as CSV (RFC 4180): one row per record, one column for each number in any of them; what a record holds in a
 * nested object is named with dots. A value that a record has not is empty. Throws with the number of a line that is no record.
 */
export function metricsCsv(metrics: string): string {
  const rows = metrics.split("\n").flatMap((line, i) => {
    if (line === "") return [];
    try {
      return [flatten(JSON.parse(line) as StepRecord | EvaluationRecord)];
    } catch {
      throw new Error(`metrics.jsonl: line ${i + 1} is no JSON, expected one record per line`);
    }
  });
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const lines = rows.map((row) => columns.map((name) => quoted(row.get(name) ?? "")).join(","));
  return [columns.map(quoted).join(","), ...lines, ""].join("\r\n");
}

function flatten(value: object, prefix = ""): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [name, each] of Object.entries(value)) {
    if (Array.isArray(each)) flat.set(`${prefix}${name}`, each.join("; "));
    else if (typeof each === "object" && each !== null) {
      for (const [path, text] of flatten(each, `${prefix}${name}.`)) flat.set(path, text);
    } else flat.set(`${prefix}${name}`, each === null ? "" : String(each));
  }
  return flat;
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
