import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type Config, parseConfig } from "../../config";
import { handOf } from "../../data/adapter";
import { Watch } from "../../doctor/watch";
import { StuckThreadError } from "../../ranks/slot";
import { plannedRanks, Supervisor } from "../../ranks/supervisor";
import type { TrainEvent } from "../../train/events";
import { launch } from "../../train/launch";
import type { LocalRun } from "../../train/local-run";
import { configToResume } from "../../train/resume-config";
import { defineCommand, readInteger, type Values } from "../command";
import { FolderStorage, lockRunFolder } from "../folder-storage";
import { projectRoot } from "../host";
import { endProcess, rankThreads, THREAD_WATCHDOG } from "../rank-threads";
import {
  clock,
  type DataOption,
  openFrames,
  openGpu,
  openHand,
  override,
  readConfig,
  readDataOption,
} from "../run-setup";
import { nodeThreads } from "../sample-threads";
import { trainInBrowser } from "../train-in-browser";
import { TrainReporter } from "../train-reporter";

const DEBUG_MODES = ["batch", "loss"] as const;
/** Exit code of a run that was stopped for a finding. */
const FATAL_FINDING = 3;
type DebugMode = (typeof DEBUG_MODES)[number];

const options = {
  config: {
    type: "string",
    value: "FILE|PRESET",
    help: "configuration: a yaml file, the original's included, or a preset's name; with --resume the run's own",
  },
  data: {
    type: "string",
    value: "DIR|ZIP|STORE[/NAME]|synthetic[:N]",
    help: "HO-3D, DexYCB or HandOccNet's JSON beside images, as a folder, a zip or a store of import; or N rendered OpenHand frames",
    default: "synthetic",
  },
  hand: {
    type: "string",
    value: "openhand|FILE",
    help: "hand model: openhand, or the path of MANO_RIGHT.pkl or .npz",
    default: "openhand",
  },
  ranks: { type: "string", value: "N", help: "ranks that share the work", default: "1" },
  steps: { type: "string", value: "N", help: "optimiser steps; instead of --epochs" },
  epochs: { type: "string", value: "N", help: "epochs; the configuration's when neither is given" },
  batch: { type: "string", value: "N", help: "samples per global batch; the configuration's when it is not given" },
  seed: { type: "string", value: "N", help: "seed of everything random; the configuration's when it is not given" },
  out: { type: "string", value: "DIR", help: "folder of the run; runs/NAME when it is not given" },
  resume: { type: "string", value: "DIR", help: "run folder to go on with" },
  quirks: { type: "string", value: "a,b", help: "behaviours of the original to reproduce" },
  debug: { type: "string", value: "batch,loss", help: "debug lines of the original to print" },
  ignore: { type: "string", value: "ID,...", help: "findings that are not told and stop nothing" },
  "keep-worst": {
    type: "string",
    value: "N",
    help: "validation samples with the largest errors to keep with all their stages at the end",
    default: "0",
  },
  runtime: { type: "string", value: "node|chromium|firefox", help: "where to train", default: "node" },
  set: { type: "string", value: "KEY=VALUE", help: "changes one key of the configuration", multiple: true },
} as const;

type TrainOptions = Values<typeof options & { readonly json: { readonly type: "boolean"; readonly help: string } }>;

/** `handloom train`. */
export const command = defineCommand({
  summary: "train a model and write a run folder",
  options,
  async run(values) {
    if (values.resume === undefined && values.config === undefined)
      throw new Error("train: --config FILE|PRESET must be given");
    const { runtime } = values;
    if (runtime !== "node" && runtime !== "chromium" && runtime !== "firefox")
      throw new Error(`train: --runtime is "${runtime}", expected node, chromium or firefox`);
    const run = await prepare(values);
    const lock = await lockRunFolder(run.folder);
    try {
      if (runtime === "node") await (run.ranks === 1 ? trainInNode(run) : trainInThreads(run));
      else await trainInBrowser({ ...run, kind: runtime });
    } finally {
      await lock.release();
    }
    // Ctrl-C while the data is read ends a run that has written nothing.
    process.stderr.write(existsSync(run.folder) ? `saved in ${run.folder}\n` : "stopped before the first step\n");
    return run.reporter.fatal ? FATAL_FINDING : 0;
  },
});

/** What both runtimes need, checked; nothing is written yet. */
interface Run {
  readonly name: string;
  readonly folder: string;
  readonly config: Config;
  readonly data: DataOption;
  readonly hand: string;
  readonly resume: boolean;
  readonly ranks: number;
  readonly debug: readonly DebugMode[];
  /** Ids of findings. */
  readonly ignore: readonly string[];
  readonly keepWorst: number;
  readonly reporter: TrainReporter;
}

async function prepare(values: TrainOptions): Promise<Run> {
  const resume = values.resume !== undefined;
  const parsed =
    resume && values.config === undefined ? await storedConfig(values.resume) : await readConfig(values.config!);
  const { config, warnings } = override(parsed, values);
  const { ranks } = plannedRanks({ config, ranks: readInteger("ranks", values.ranks, { min: 1 }) });
  const made = join(projectRoot(), "runs", `${config.preset}-${stamp(new Date())}`);
  const folder = resolve(values.resume ?? values.out ?? made);
  if (!resume && existsSync(join(folder, "metrics.jsonl"))) {
    throw new Error(`train: ${folder} holds a run; choose another --out, or go on with --resume ${folder}`);
  }
  const debug = readDebug(values.debug);
  const reporter = new TrainReporter(values.json);
  for (const line of warnings) reporter.show({ type: "log", line });
  return {
    name: basename(folder),
    folder,
    config,
    data: readDataOption(values.data),
    hand: values.hand,
    resume,
    ranks,
    debug,
    keepWorst: readInteger("keep-worst", values["keep-worst"], { min: 0 }),
    ignore: (values.ignore ?? "").split(",").filter((id) => id !== ""),
    reporter,
  };
}

async function trainInNode({ folder, debug, reporter, ...run }: Run): Promise<void> {
  const chosen = await openHand(run.hand);
  const frames = await openFrames(run.data, chosen, run.config);
  const hand = handOf(frames, chosen);
  const gpu = await openGpu();
  const storage = new FolderStorage(folder);
  let running: LocalRun | undefined;
  const watch = new Watch({
    ignore: run.ignore,
    // Nothing is found before there is a trainer.
    tell: (event) => (running ? running.tell(event) : reporter.show(event)),
    stop: () => running?.stop(),
  });
  const emit = (event: TrainEvent): void => {
    reporter.show(event);
    watch.see(event);
  };
  const shared = { ...{ gpu, hand, frames, storage, emit, clock }, threads: nodeThreads(), preflight: true };
  const trainer = await launch({ ...run, ...shared, debug: new Set(debug) });
  running = trainer;
  // The first Ctrl-C ends after the step at hand with a checkpoint, the second at once.
  const interrupt = (): void => {
    if (trainer.isStopping) process.exit(130);
    reporter.show({ type: "log", line: "stopping after this step; Ctrl-C again to end at once" });
    trainer.stop();
  };
  process.on("SIGINT", interrupt);
  try {
    await trainer.run();
  } finally {
    process.off("SIGINT", interrupt);
    reporter.finish();
  }
  trainer.destroy();
  gpu.destroy();
}

/** Ranks in threads; this one supervises them. */
async function trainInThreads({ folder, data, hand, reporter, ...run }: Run): Promise<void> {
  // Names the Vulkan driver for all threads, and is the place to hear that there is no adapter.
  (await openGpu()).destroy();
  const threads = rankThreads({ data, hand });
  const storage = new FolderStorage(folder);
  const settled = run.resume ? await configToResume(storage, run.config) : undefined;
  const supervisor = new Supervisor({
    ...{ ...run, ...settled, host: threads, storage },
    emit: reporter.show.bind(reporter),
    wallSeconds: clock.wallSeconds,
    watchdog: THREAD_WATCHDOG,
  });
  const interrupt = (): void => {
    if (supervisor.isStopping) endProcess();
    reporter.show({ type: "log", line: "stopping after this step; Ctrl-C again to end at once" });
    void supervisor.stop();
  };
  process.on("SIGINT", interrupt);
  try {
    await supervisor.run();
  } catch (error) {
    if (!(error instanceof StuckThreadError)) throw error;
    reporter.finish();
    process.stderr.write(`handloom: ${error.message}\n`);
    endProcess();
  } finally {
    process.off("SIGINT", interrupt);
    reporter.finish();
  }
  await supervisor.dispose();
  const left = await threads.ended(THREADS_END_MS);
  if (left === 0) return;
  process.stderr.write(`handloom: ${left} ranks did not end; the run is saved in ${folder}\n`);
  endProcess();
}

/** How long threads may take to end once the run is over, ms; one that compiles kernels ends after it. */
const THREADS_END_MS = 60_000;

async function storedConfig(folder: string): Promise<ReturnType<typeof parseConfig>> {
  const path = join(folder, "config.yaml");
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new Error(`train: --resume is "${folder}", which holds no run: ${error.message}`);
  });
  return parseConfig(text);
}

function readDebug(text: string | undefined): readonly DebugMode[] {
  const asked = (text ?? "").split(",").filter((mode) => mode !== "");
  const unknown = asked.find((mode) => !DEBUG_MODES.some((known) => known === mode));
  if (unknown !== undefined) throw new Error(`train: --debug has "${unknown}", expected ${DEBUG_MODES.join(" or ")}`);
  const fromEnvironment = ["HANDLOOM_DEBUG_LOSS", "UTNET_DEBUG_LOSS"].some((name) => process.env[name] === "1");
  return [...(asked as DebugMode[]), ...(fromEnvironment ? (["loss"] as const) : [])];
}

/** 20260131-235959, local time. */
function stamp(date: Date): string {
  const pad = (value: number): string => String(value).padStart(2, "0");
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(pad).join("");
  return `${day}-${[date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join("")}`;
}
