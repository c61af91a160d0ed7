/** Recordings of this session, and as files. Knows no DOM. */
import type { ProfileReport } from "../../train/events";
import type { StepTimes } from "../../train/ranks";

/** A profile that was taken or read from a file. */
export interface ProfileRecording {
  /** Different for every recording of a session. */
  readonly id: number;
  /** "1: run-1, step 12". */
  readonly name: string;
  readonly report: ProfileReport;
  /** The last timed step of each rank. */
  readonly ranks: readonly StepTimes[];
}

const FORMAT = "handloom-profile";
const VERSION = 1;

/** A recording as JSON. A time that was refused (NaN) is null there. */
export function writeRecording({ name, report, ranks }: ProfileRecording): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, name, report, ranks });
}

/** What `writeRecording` wrote, without an id. Throws a sentence that names the file and what is wrong with it. */
export function readRecording(file: string, text: string): Omit<ProfileRecording, "id"> {
  const wrong = (found: string): Error =>
    new Error(`${file}: ${found}, expected a profile that this page saved as JSON.`);
  let value: Partial<ProfileRecording> & { readonly format?: unknown; readonly version?: unknown };
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("it is no JSON");
  }
  if (value?.format !== FORMAT) throw wrong("it has no format “handloom-profile”");
  if (value.version !== VERSION) throw wrong(`it is of version ${String(value.version)}, this page reads ${VERSION}`);
  const { name, report, ranks } = value;
  if (typeof name !== "string" || !isReport(report) || !Array.isArray(ranks))
    throw wrong("it lacks parts of a profile");
  const time = (ms: number | null): number => ms ?? Number.NaN;
  const rows = report.rows.map((row) => ({ ...row, ms: time(row.ms), minMs: time(row.minMs), maxMs: time(row.maxMs) }));
  return { name, report: { ...report, rows }, ranks };
}

function isReport(report: ProfileReport | undefined): report is ProfileReport {
  if (typeof report !== "object" || report === null) return false;
  const { rows, host, memory, shaders, stepMs, adapter, clock } = report;
  const hasParts = typeof host === "object" && typeof memory?.totals === "object" && Array.isArray(memory.tensors);
  const isHeaded = typeof stepMs === "number" && typeof adapter === "string" && typeof clock === "string";
  if (!hasParts || !isHeaded || !Array.isArray(rows) || !Array.isArray(shaders)) return false;
  return rows.every(
    (row) =>
      typeof row?.kernel === "string" &&
      typeof row.scope === "string" &&
      ["forward", "backward", "update"].includes(row.pass) &&
      (row.ms === null || typeof row.ms === "number") &&
      typeof row.flops === "number" &&
      typeof row.bytes === "number" &&
      Array.isArray(row.workgroups) &&
      Array.isArray(row.bindings) &&
      typeof shaders[row.shader] === "string",
  );
}
