/** Recordings of this session, and as files. Knows no DOM. */
import type { Peaks, ProfileReport } from "../../train/events";
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
  /** What the adapter reached at best; undefined until it was measured in the same session. */
  readonly peaks?: Peaks;
  /** Read from a file: of another session, or of another machine. */
  readonly isOpened?: boolean;
}

const FORMAT = "handloom-profile";
const VERSION = 1;

/** A recording as JSON. A time that was refused (NaN) is null there. */
export function writeRecording({ name, report, ranks, peaks }: ProfileRecording): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, name, report, ranks, peaks });
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
  const { name, report, ranks, peaks } = value;
  if (typeof name !== "string" || !isReport(report) || !Array.isArray(ranks))
    throw wrong("it lacks parts of a profile");
  if (peaks !== undefined && !isPeaks(peaks)) throw wrong("its peaks lack a rate or where they were measured");
  const time = (ms: number | null): number => ms ?? Number.NaN;
  const rows = report.rows.map((row) => ({ ...row, ms: time(row.ms), minMs: time(row.minMs), maxMs: time(row.maxMs) }));
  return { name, report: { ...report, rows }, ranks, ...(peaks && { peaks }), isOpened: true };
}

/** File name of a recording without its ending: of letters, digits and dashes. */
export function fileStem({ id, name }: Pick<ProfileRecording, "id" | "name">): string {
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return ["handloom-profile", ...words, id].join("-");
}

function isPeaks({ adapter, clock, gflops, gbps, bandwidthBytes }: Partial<Peaks>): boolean {
  const isNamed = typeof adapter === "string" && typeof clock === "string" && typeof bandwidthBytes === "number";
  return isNamed && typeof gflops === "number" && gflops > 0 && typeof gbps === "number" && gbps > 0;
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
      (row.span === undefined || (typeof row.span?.startMs === "number" && typeof row.span.endMs === "number")) &&
      typeof row.flops === "number" &&
      typeof row.bytes === "number" &&
      Array.isArray(row.workgroups) &&
      Array.isArray(row.bindings) &&
      typeof shaders[row.shader] === "string",
  );
}
