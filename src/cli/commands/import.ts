import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { splitNames } from "../../config";
import { DEFAULT_MARGIN, recordSide } from "../../data/crop";
import { decodersHere } from "../../data/import-decode";
import type { ImportJob } from "../../data/import-job";
import { gigabytes, whole } from "../../data/import-plan";
import { type ImportResult, resultJson, resultLines, resultText } from "../../data/import-result";
import { type FrameSplit, openFrames } from "../../data/open";
import { DATA_QUIRKS } from "../../data/quirks";
import { summaryLines } from "../../data/summary";
import { defineCommand, readInteger } from "../command";
import { openPlace } from "../data-place";
import { nodeDecoders } from "../decode-threads";
import { folderShardStore } from "../folder-shards";
import { say } from "../host";
import { type PreparedImport, prepareImport, runImport } from "../import-run";
import { Progress } from "../progress";
import { clock, openHand } from "../run-setup";

/** More threads than this wait for the disk. */
const MOST_THREADS = 8;
const SPLITS: readonly FrameSplit[] = ["train", "val", "evaluation"];

const options = {
  data: {
    type: "string",
    value: "DIR|ZIP",
    help: "an HO-3D tree, HandOccNet's JSON beside images, or DexYCB; a folder or a zip of it",
    required: true,
  },
  split: { type: "string", value: "train|val|evaluation", help: "part of the data set", default: "train" },
  sequences: { type: "string", value: "a,b", help: "sequences to take; all when not given" },
  store: { type: "string", value: "DIR", help: "folder of the store; without it the frames are only checked" },
  name: { type: "string", value: "NAME", help: "name of the set in the store; source, split and size when not given" },
  size: {
    type: "string",
    value: "N",
    help: "largest side of the crops that training will make (model.height), pixels",
    default: "256",
  },
  "box-scale": { type: "string", value: "X", help: "side of the crop over that of the hand's box", default: "1.5" },
  quirks: { type: "string", value: "a,b", help: "behaviours of the original to reproduce while reading" },
  hand: {
    type: "string",
    value: "openhand|FILE",
    help: "hand model to check the labels against: openhand, or the path of MANO_RIGHT.pkl or .npz",
  },
  threads: { type: "string", value: "N", help: "threads that decode; by default one for each processor, 0: none" },
  report: { type: "string", value: "FILE", help: "write the report; as JSON where the name ends in .json" },
} as const;

/** `handloom import`. */
export const command = defineCommand({
  summary: "check a data set, or import it into a store to train from",
  options,
  async run(values) {
    const split = SPLITS.find((each) => each === values.split);
    if (split === undefined) throw new Error(`import: --split is "${values.split}", expected ${SPLITS.join(", ")}`);
    const size = readInteger("size", values.size, { min: 16, max: 1024 });
    const boxScale = readScale(values["box-scale"]);
    const threads = readThreads(values.threads);
    const quirks = readQuirks(values.quirks);
    const hand = values.hand === undefined ? undefined : await openHand(values.hand);
    const source = await openPlace(values.data);
    const frames = await openFrames(source, { split, hand, quirks: new Set(quirks) });
    // Made now, so that the disk can be asked for its room.
    if (values.store !== undefined) await mkdir(values.store, { recursive: true });
    const store = values.store === undefined ? undefined : folderShardStore(values.store);
    const sequences = values.sequences === undefined ? undefined : splitNames(values.sequences);
    const plan = await prepareImport({
      ...{ frames, split, sequences, size, boxScale, quirks, hand, store, name: values.name },
    });
    announce(plan);
    const crop = { size, boxScale, side: recordSide(size), margin: DEFAULT_MARGIN };
    const decoders =
      threads === 0
        ? decodersHere(frames, { ...crop, quirks: new Set(quirks) })
        : nodeDecoders({ path: values.data, split, hand, quirks, crop }, threads, frames.recipe);
    let progress: Progress | undefined;
    const interrupt = interruptible();
    try {
      const { result, summary, message } = await runImport(plan, {
        decoders,
        now: clock.now,
        onJob: interrupt.setJob,
        onProgress: ({ done, total, before, bytes }) => {
          progress ??= new Progress({ label: store ? "import" : "check", total, unit: "frames", initial: before });
          progress.update(done, store ? `${gigabytes(bytes)} written` : "");
        },
      });
      progress?.finish();
      if (values.report !== undefined) await writeReport(values.report, result);
      if (values.json) process.stdout.write(`${JSON.stringify({ ...result, preflight: plan.preflight, summary })}\n`);
      else
        process.stdout.write(
          [...resultLines(result), ...(summary ? summaryLines(summary) : [])].join("\n").concat("\n"),
        );
      return end(result, message, values.store);
    } finally {
      interrupt.end();
    }
  },
});

/** What is going to happen, before it takes its time. */
function announce({ frames, choices, preflight, store, name }: PreparedImport): void {
  const list = choices.map(({ sequence, frames: n, bytes }) => `${sequence} (${whole(n)} frames, ${gigabytes(bytes)})`);
  say(
    `${frames.name}: ${whole(choices.length)} sequences: ${list.slice(0, 12).join(", ")}${list.length > 12 ? ", ..." : ""}`,
  );
  say(preflight.sentence);
  if (store !== undefined) say(`into "${name}" in ${store.place}`);
}

/** Ctrl-C once: the import ends with what is committed; twice: at once. */
function interruptible(): { setJob: (job: ImportJob) => void; end: () => void } {
  let job: ImportJob | undefined;
  let isAsked = false;
  const listener = (): void => {
    if (isAsked) process.exit(130);
    isAsked = true;
    job?.cancel();
  };
  process.on("SIGINT", listener);
  const setJob = (started: ImportJob): void => {
    job = started;
    if (isAsked) job.cancel();
  };
  return { setJob, end: () => void process.off("SIGINT", listener) };
}

/** The exit code, and the last sentence. */
function end(
  { state, name, done, chosen }: ImportResult,
  message: string | undefined,
  store: string | undefined,
): number {
  if (state === "complete") {
    say(`train from it with: train --data ${join(store ?? "", name)}`);
    return 0;
  }
  if (state === "checked") return 0;
  const left = `${whole(chosen - done)} of ${whole(chosen)} frames are left`;
  if (store === undefined) say(`stopped, ${left}`);
  else if (state === "full")
    say(`${message}; ${left}: make room and give the same command again, what is stored is not read again`);
  else say(`paused, ${left}: give the same command again to go on, what is stored is not read again`);
  return state === "full" ? 1 : 130;
}

async function writeReport(file: string, result: ImportResult): Promise<void> {
  await writeFile(file, file.endsWith(".json") ? resultJson(result) : resultText(result));
  say(`report saved in ${file}`);
}

function readScale(text: string): number {
  const scale = Number(text);
  if (!(scale >= 1 && scale <= 4)) throw new Error(`--box-scale is "${text}", expected a number from 1 to 4`);
  return scale;
}

function readThreads(text: string | undefined): number {
  if (text === undefined) return Math.min(MOST_THREADS, availableParallelism());
  return readInteger("threads", text, { min: 0, max: 64 });
}

function readQuirks(text: string | undefined): readonly string[] {
  const quirks = text === undefined ? [] : splitNames(text);
  const unknown = quirks.find((name) => !Object.hasOwn(DATA_QUIRKS, name));
  if (unknown !== undefined)
    throw new Error(`import: --quirks has "${unknown}", expected some of ${Object.keys(DATA_QUIRKS).join(", ")}`);
  return quirks;
}
