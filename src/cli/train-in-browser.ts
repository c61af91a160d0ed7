import { basename } from "node:path";
import { type Config, writeConfig } from "../config";
import { type FileSource, memorySource } from "../data/source";
import type { TerminalRequest } from "../ranks/api";
import type { TrainEvent } from "../train/events";
import type { BrowserKind, DrivenBrowser } from "./browser";
import { openPlace } from "./data-place";
import { FolderStorage } from "./folder-storage";
import { say } from "./host";
import type { Mounts } from "./mounts";
import { buildWebApp, runInBrowser } from "./run-in-browser";
import { type DataOption, findStored, readHandFile } from "./run-setup";
import type { TrainReporter } from "./train-reporter";

/** What a run in a page is made of; the same choices as for a run in Node. */
export interface BrowserTraining {
  readonly kind: BrowserKind;
  readonly name: string;
  readonly folder: string;
  readonly config: Config;
  readonly data: DataOption;
  /** `openhand`, or the path of MANO_RIGHT.pkl. */
  readonly hand: string;
  readonly resume: boolean;
  readonly ranks: number;
  readonly debug: readonly ("batch" | "loss")[];
  readonly ignore: readonly string[];
  readonly keepWorst: number;
  readonly reporter: TrainReporter;
}

/**
 * Trains in the app's own page in a browser without a window. The page reads the data through this process and writes the
 * run's files through it, so the folder holds what a run in Node leaves, and at every moment. Throws what the page says.
 */
export async function trainInBrowser(run: BrowserTraining): Promise<void> {
  const { kind, name, folder, reporter } = run;
  const { mounts, data, hand } = await choices(run);
  say("building the app");
  await buildWebApp();
  const request: TerminalRequest = {
    name,
    configYaml: writeConfig(run.config),
    data,
    hand,
    ...(run.resume && { resume: name }),
    storage: { kind: "http", url: "/run/", place: folder },
    debug: run.debug,
    ignore: run.ignore,
    keepWorst: run.keepWorst,
    ranks: run.ranks,
  };
  let browser: DrivenBrowser | undefined;
  let isStopping = false;
  const interrupt = (): void => {
    // Before the page is open there is nothing to save.
    if (isStopping || browser === undefined) process.exit(130);
    isStopping = true;
    reporter.show({ type: "log", line: "stopping after this step; Ctrl-C again to end at once" });
    browser.page.evaluate("globalThis.handloomStop()").catch((error: Error) => say(error.message));
  };
  process.on("SIGINT", interrupt);
  try {
    const ended = await runInBrowser({
      kind,
      route: "#/train",
      mounts: { ...mounts, run: new FolderStorage(folder) },
      request,
      onOpen(_url, opened) {
        browser = opened;
        say(`${opened.kind} ${opened.version}, adapter: ${opened.adapter}`);
      },
      onMessage(message) {
        // An error is the last word and comes back with the end of the run.
        if (message.type === "event" && message.event.type !== "error") reporter.show(withNaN(message.event));
      },
    });
    if (!ended.ok) throw new Error(ended.message);
  } finally {
    process.off("SIGINT", interrupt);
    reporter.finish();
  }
}

/** What the page is told to read, and the folders that it reads it from. */
async function choices(run: BrowserTraining): Promise<{ mounts: Mounts } & Pick<TerminalRequest, "data" | "hand">> {
  const read: Record<string, FileSource> = {};
  let data: TerminalRequest["data"] = { kind: "synthetic", frames: 0, seed: run.config.run.seed };
  if (run.data.kind === "synthetic") data = { ...data, frames: run.data.frames };
  else {
    if (findStored(run.data.path) !== undefined) {
      throw new Error(
        `train: --data is ${run.data.path}, a store of imported frames, which --runtime ${run.kind} cannot read; give the data set's folder or zip, or use --runtime node`,
      );
    }
    read.data = await openPlace(run.data.path);
    data = { kind: "http", url: "/data/", name: read.data.name };
  }
  if (run.hand === "openhand") return { mounts: { read }, data, hand: { kind: "openhand" } };
  const file = basename(run.hand);
  read.hand = memorySource(file, new Map([[file, await readHandFile(run.hand)]]));
  return { mounts: { read }, data, hand: { kind: "http", url: "/hand/", name: file } };
}

/** Firefox's way to the terminal writes NaN as null. */
function withNaN(event: TrainEvent): TrainEvent {
  if (event.type !== "step") return event;
  const losses = Object.fromEntries(
    Object.entries(event.record.losses).map(([name, value]) => [name, (value as number | null) ?? Number.NaN]),
  ) as typeof event.record.losses;
  return { ...event, record: { ...event.record, losses } };
}
