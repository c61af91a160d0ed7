import { createReadStream } from "node:fs";
import { readdir, stat, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { splitNames } from "../../config";
import { diagnoseLog, isAlarming, whyNothing } from "../../doctor/log/diagnose-log";
import { type LogFile, mayBeLog, readLogs } from "../../doctor/log/read-log";
import { reportJson, reportText } from "../../doctor/log/report";
import { defineCommand } from "../command";
import { say } from "../host";

/** Files of a folder that are read at most: a folder of logs, not a disk. */
const MOST_FILES = 200;
const CHUNK_BYTES = 1 << 18;

const options = {
  log: {
    type: "string",
    value: "FILE|DIR",
    help: "a training log: the original's output, Lightning's, TensorBoard's event files, or a folder of them",
  },
  run: { type: "string", value: "DIR", help: "folder of a run of ours" },
  ignore: { type: "string", value: "id,...", help: "findings to leave out" },
  out: { type: "string", value: "FILE", help: "write findings.json" },
} as const;

/** `handloom doctor`: 0 when nothing above a note was found, 1 when something was, 2 when there is nothing to read. */
export const command = defineCommand({
  summary: "name what ruins a training run, from its log",
  options,
  async run(values) {
    if ((values.log === undefined) === (values.run === undefined))
      throw new Error("doctor: give either --log FILE|DIR or --run DIR");
    const place = values.log ?? values.run!;
    const files = await filesOf(place, values.run !== undefined);
    const book = await readLogs(files);
    const nothing = whyNothing(book);
    if (nothing !== undefined) {
      say(`doctor: ${nothing}`);
      return 2;
    }
    const diagnoses = diagnoseLog(book, new Set(values.ignore === undefined ? [] : splitNames(values.ignore)));
    const json = `${JSON.stringify(reportJson(book, diagnoses), undefined, 1)}\n`;
    if (values.out !== undefined) {
      await writeFile(values.out, json);
      say(`findings saved in ${values.out}`);
    }
    process.stdout.write(values.json ? json : reportText(book, diagnoses));
    return isAlarming(diagnoses) ? 1 : 0;
  },
});

/** A file, or what may be a log in a folder and its folders. Throws a sentence when it is not there, or no run. */
async function filesOf(place: string, isRun: boolean): Promise<LogFile[]> {
  const found = await stat(place).catch(() => undefined);
  if (!found) throw new Error(`doctor: ${place} is not there`);
  if (!found.isDirectory()) {
    if (isRun) throw new Error(`doctor: --run is ${place}, a file; expected the folder of a run, or --log for a file`);
    return [asLog(place, basename(place))];
  }
  const entries = await readdir(place, { recursive: !isRun, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(place, join(entry.parentPath ?? entry.path, entry.name)).replaceAll("\\", "/"))
    .filter(mayBeLog)
    .sort();
  if (isRun && !names.includes("metrics.jsonl"))
    throw new Error(`doctor: --run ${place} holds no metrics.jsonl, expected a folder that train --out wrote`);
  if (names.length > MOST_FILES) say(`doctor: ${names.length} files, the first ${MOST_FILES} are read`);
  return names.slice(0, MOST_FILES).map((name) => asLog(join(place, name), name));
}

const asLog = (path: string, name: string): LogFile => ({
  name,
  chunks: () => createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>,
});
