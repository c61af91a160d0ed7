/** A recording as downloads. */
import { profileTrace } from "../../train/profile-trace";
import { download } from "../train/exports";
import { fileStem, type ProfileRecording, writeRecording } from "./recordings";
import { toCsv } from "./rows";

/** Hands a recording to the browser's downloads. */
export function saveProfile(kind: "csv" | "json" | "trace", recording: ProfileRecording): void {
  const { report } = recording;
  const name = fileStem(recording);
  if (kind === "csv") download(`${name}.csv`, new Blob([toCsv(report)], { type: "text/csv" }));
  else {
    const text = kind === "json" ? writeRecording(recording) : traceOf(recording);
    download(kind === "json" ? `${name}.json` : `${name}.trace.json`, new Blob([text], { type: "application/json" }));
  }
}

/** A recording in Chrome's trace format. */
export const traceOf = ({ name, report, ranks }: ProfileRecording): string => profileTrace(report, ranks, name);
