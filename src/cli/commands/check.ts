import { writeFile } from "node:fs/promises";
import { type Config, splitNames, writeConfig } from "../../config";
import { handOf } from "../../data/adapter";
import { DATA_QUIRKS } from "../../data/quirks";
import type { HandModel } from "../../data/types";
import { alarming, climb, type Ladder, type Rung } from "../../doctor/explain/ladder";
import { preflightData, preflightNetwork } from "../../doctor/explain/preflight";
import { type Diagnosis, diagnose, type Finding } from "../../doctor/finding";
import { findingLines } from "../../doctor/log/report";
import type { Gpu } from "../../gpu/gpu";
import { type PreparedData, prepareData } from "../../train/data";
import type { RankEvent } from "../../train/events";
import { defineCommand, readInteger } from "../command";
import { say } from "../host";
import { LadderRuns, type RungFigures } from "../ladder-runs";
import { Progress } from "../progress";
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

const options = {
  config: {
    type: "string",
    value: "FILE|PRESET",
    help: "configuration: a yaml file, the original's included, or a preset's name",
    default: "tiny",
  },
  data: {
    type: "string",
    value: "DIR|ZIP|STORE[/NAME]|synthetic[:N]",
    help: "what train would take: a data set, a store of import, or N rendered OpenHand frames",
    default: "synthetic",
  },
  hand: {
    type: "string",
    value: "openhand|FILE",
    help: "hand model: openhand, or the path of MANO_RIGHT.pkl or .npz",
    default: "openhand",
  },
  batch: { type: "string", value: "N", help: "samples per global batch; the configuration's when it is not given" },
  seed: { type: "string", value: "N", help: "seed of everything random; the configuration's when it is not given" },
  quirks: { type: "string", value: "a,b", help: "behaviours of the original to reproduce" },
  set: { type: "string", value: "KEY=VALUE", help: "changes one key of the configuration", multiple: true },
  ignore: { type: "string", value: "id,...", help: "findings to leave out" },
  expensive: { type: "boolean", help: "also gradient shares of the losses and finite differences" },
  fix: { type: "boolean", help: "what if: take the remedy of the first finding, check again, and so on" },
  steps: {
    type: "string",
    value: "N",
    help: "with --fix and --test, also train N steps before the first remedy and after each, and score the network",
  },
  test: {
    type: "string",
    value: "DIR|ZIP|synthetic[:N]",
    help: "labelled frames to score on that are none of --data, so that no fault of split, labels or scoring flatters",
  },
  runtime: { type: "string", value: "node|chromium|firefox", help: "where these runs train", default: "node" },
  runs: {
    type: "string",
    value: "DIR",
    help: "folder of these runs, to go on with an interrupted ladder",
    default: "runs/ladder",
  },
  "write-config": { type: "string", value: "FILE", help: "with --fix, write the configuration with its changes" },
  out: { type: "string", value: "FILE", help: "write findings.json" },
} as const;

/** `handloom check`: 0 when nothing above a note was found, with --fix when nothing is left, else 1. */
export const command = defineCommand({
  summary: "name what would ruin a training run, before its first step",
  options,
  async run(values) {
    const written = values["write-config"];
    if (written !== undefined && !values.fix) throw new Error("check: --write-config is for --fix");
    if (values.steps !== undefined && !values.fix) throw new Error("check: --steps is for --fix");
    const parsed = await readConfig(values.config);
    const { config, warnings } = override(parsed, values);
    for (const line of warnings) say(line);
    const data = readDataOption(values.data);
    const ignored = new Set(values.ignore === undefined ? [] : splitNames(values.ignore));
    const checker = new Checker(data, await openHand(values.hand), values.expensive);
    const runs = values.steps === undefined ? undefined : ladderRuns(values, values.steps, () => checker.gpu());
    try {
      const check = async (each: Config): Promise<Diagnosis[]> => diagnose(await checker.findings(each), ignored);
      const diagnoses = await check(config);
      const ladder = values.fix ? await climbAloud(config, diagnoses, check, runs) : undefined;
      const report = { config: config.preset, data: values.data, quirks: config.quirks, findings: diagnoses };
      const json = `${JSON.stringify({ ...report, ...(ladder && { ladder: ladderJson(ladder) }) }, undefined, 1)}\n`;
      if (values.out !== undefined) {
        await writeFile(values.out, json);
        say(`findings saved in ${values.out}`);
      }
      if (written !== undefined && ladder) {
        await writeFile(written, writeConfig(ladder.config));
        say(`configuration saved in ${written}`);
      }
      process.stdout.write(values.json ? json : checkText(diagnoses, ladder));
      say("clipping, updates, a resumed schedule and metrics show in a run's own steps; train looks at them");
      return alarming(ladder?.left ?? diagnoses).length > 0 ? 1 : 0;
    } finally {
      checker.close();
    }
  },
});

interface Prepared extends PreparedData {
  readonly key: string;
  readonly name: string;
  readonly hand: HandModel;
}

/** Makes data and network of a configuration as `train` does; data that a change leaves alone are read once. */
class Checker {
  #gpu: Gpu | undefined;
  #data: Prepared | undefined;
  #dataFindings: readonly Finding[] = [];

  constructor(
    private readonly option: DataOption,
    private readonly chosen: HandModel,
    private readonly expensive: boolean,
  ) {}

  async findings(config: Config): Promise<Finding[]> {
    const prepared = await this.#prepare(config);
    const gpu = await this.gpu();
    const { hand, name } = prepared;
    const parts = { ...prepared, name: "check", config, gpu, hand, dataName: name, emit: tell, clock };
    return [...this.#dataFindings, ...(await preflightNetwork(parts, { expensive: this.expensive }))];
  }

  async gpu(): Promise<Gpu> {
    this.#gpu ??= await openGpu();
    return this.#gpu;
  }

  async #prepare(config: Config): Promise<Prepared> {
    const key = dataKey(config);
    if (this.#data?.key === key) return this.#data;
    this.#closeData();
    const frames = await openFrames(this.option, this.chosen, config);
    const hand = handOf(frames, this.chosen);
    let progress: Progress | undefined;
    const onProgress = (done: number, total: number): void => {
      progress ??= new Progress({ label: `reading ${frames.name}`, total, unit: "frames" });
      progress.update(done);
    };
    const prepared = await prepareData(frames, config, nodeThreads(), onProgress);
    progress?.finish();
    this.#data = { ...prepared, key, name: frames.name, hand };
    this.#dataFindings = await preflightData(prepared, { hand, config });
    return this.#data;
  }

  #closeData(): void {
    if (!this.#data) return;
    const { train, trainPlain, val, pool } = this.#data;
    for (const loader of [train, val, trainPlain]) loader.close();
    pool.end();
    this.#data = undefined;
  }

  close(): void {
    this.#closeData();
    this.#gpu?.destroy();
  }
}

/** Equal where the data are: all that they are made from, and the quirks that change them. */
function dataKey({ data, model, optim: { batch, microBatches }, run: { seed }, quirks }: Config): string {
  const { height, width } = model;
  const changing = quirks.filter((quirk) => Object.hasOwn(DATA_QUIRKS, quirk));
  return JSON.stringify({ data, height, width, batch, microBatches, seed, changing });
}

const tell = (event: RankEvent): void => {
  if (event.type === "status") say(event.text);
};

/** A ladder and, where they were asked for, the figures of its start and of each rung. */
interface TriedLadder extends Ladder {
  readonly figures: readonly RungFigures[];
}

/** Throws a sentence when the runs cannot be made. */
function ladderRuns(
  {
    data,
    test,
    hand,
    runtime,
    runs,
  }: Record<"data" | "hand" | "runtime" | "runs", string> & { readonly test?: string },
  steps: string,
  gpu: () => Promise<Gpu>,
): LadderRuns {
  if (test === undefined) throw new Error("check: --steps needs --test, labelled frames that no run trains on");
  if (test === data)
    throw new Error("check: --test and --data are the same frames; a run would be scored on what it trains on");
  const options = { data, hand, runtime, folder: runs, gpu };
  return new LadderRuns({ ...options, test: readDataOption(test), steps: readInteger("steps", steps, { min: 1 }) });
}

async function climbAloud(
  config: Config,
  diagnoses: readonly Diagnosis[],
  check: (config: Config) => Promise<Diagnosis[]>,
  runs: LadderRuns | undefined,
): Promise<TriedLadder> {
  const figures: RungFigures[] = [];
  const tryRung = async (at: Config, left: readonly Diagnosis[]): Promise<void> => {
    if (!runs) return;
    const found = await runs.figures(at, idsOf(left));
    figures.push(found);
    say(figuresText(found));
  };
  /** Once nothing is left before the first step, what shows in the run's own steps. */
  const checkAll = async (at: Config): Promise<readonly Diagnosis[]> => {
    const before = await check(at);
    return runs && alarming(before).length === 0 ? [...before, ...(await runs.findings(at))] : before;
  };
  await tryRung(config, alarming(diagnoses));
  const onRung = async ({ change, left }: Rung, number: number, at: Config): Promise<void> => {
    say(`fix ${number}: ${change}; ${left.length} findings above a note are left`);
    await tryRung(at, left);
  };
  return { ...(await climb(config, diagnoses, checkAll, onRung)), figures };
}

/** Ids of findings and of what they explain. */
const idsOf = (findings: readonly Diagnosis[]): string[] =>
  findings.flatMap(({ id, symptoms }) => [id, ...symptoms.map((symptom) => symptom.id)]);

const figuresText = ({ steps, reported, actual, meanPose }: RungFigures): string =>
  `after ${steps} steps: MPJPE ${millimetres(actual.mpjpe_mm)}, PA ${millimetres(actual.pa_mpjpe_mm)} mm; its own validation says ${millimetres(reported.mpjpe_mm)} and ${millimetres(reported.pa_mpjpe_mm)}; the mean pose scores ${millimetres(meanPose.mpjpe_mm)} and ${millimetres(meanPose.pa_mpjpe_mm)}`;

const millimetres = (value: number | null): string => value?.toFixed(2) ?? "-";

const ladderJson = ({ rungs, left, config, figures }: TriedLadder) => ({
  start: figures[0],
  rungs: rungs.map(({ finding: { id }, change, left: after }, i) => ({
    ...{ id, change, left: after.map((each) => each.id), figures: figures[i + 1] },
  })),
  left: left.map(({ id }) => id),
  config: writeConfig(config),
});

/** Findings as `handloom doctor` prints them, and the ladder below. */
export function checkText(
  diagnoses: readonly Diagnosis[],
  ladder?: Ladder & Partial<Pick<TriedLadder, "figures">>,
): string {
  const above = alarming(diagnoses).length;
  const lines = [
    above === 0 ? "nothing above a note was found" : `${above} finding${above === 1 ? "" : "s"} above a note`,
    ...diagnoses.flatMap((finding) => ["", ...findingLines(finding)]),
    ...(ladder ? ["", ...ladderLines(ladder)] : []),
    ...(ladder?.figures?.length ? ["", ...figureLines(ladder, ladder.figures)] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** Ids of what is left after a rung; findings.json has all. */
const SHOWN = 3;

function ladderLines({ rungs, left }: Ladder): string[] {
  const names = (findings: readonly Diagnosis[], most = Number.POSITIVE_INFINITY): string => {
    const shown = findings.slice(0, most).map(({ id }) => id);
    const more = findings.length - shown.length;
    return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  };
  const width = Math.max(0, ...rungs.map(({ finding: { id } }) => id.length));
  const end =
    left.length === 0
      ? "nothing above a note is left"
      : `left, and no change of the configuration removes it: ${names(left)}`;
  return [
    "what if: finding -> change -> what is left",
    ...rungs.map(
      ({ finding: { id }, change, left: after }, i) =>
        `  ${String(i + 1).padStart(2)}. ${id.padEnd(width)} -> ${change} -> ${after.length === 0 ? "nothing above a note" : names(after, SHOWN)}`,
    ),
    end,
  ];
}

/** Wrist-relative errors on the test frames, and what the runs' own validation says of itself. */
function figureLines({ rungs }: Ladder, figures: readonly RungFigures[]): string[] {
  const { steps, actual, meanPose } = figures[0];
  const row = (label: string, ...values: readonly (number | null)[]): string =>
    `  ${label.padEnd(46)}${values.map((value) => millimetres(value).padStart(10)).join("")}`;
  return [
    `mm after ${steps} steps, on ${actual.samples} frames that no run trained on; "reported": by the run's own validation`,
    `  ${"".padEnd(46)}${["MPJPE", "PA", "reported", "PA"].map((head) => head.padStart(10)).join("")}`,
    ...figures.map(({ actual: is, reported: said }, i) =>
      row(
        i === 0 ? "as it is" : `${String(i).padStart(2)}. ${rungs[i - 1].change}`,
        ...[is.mpjpe_mm, is.pa_mpjpe_mm, said.mpjpe_mm, said.pa_mpjpe_mm],
      ),
    ),
    row("mean pose, which looks at no image", meanPose.mpjpe_mm, meanPose.pa_mpjpe_mm),
  ];
}
