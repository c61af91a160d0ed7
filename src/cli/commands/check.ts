import { writeFile } from "node:fs/promises";
import { type Config, splitNames, writeConfig } from "../../config";
import { handOf } from "../../data/adapter";
import { DATA_QUIRKS } from "../../data/quirks";
import type { HandModel } from "../../data/types";
import { alarming, climb, type Ladder } from "../../doctor/explain/ladder";
import { preflightData, preflightNetwork } from "../../doctor/explain/preflight";
import { type Diagnosis, diagnose, type Finding } from "../../doctor/finding";
import { findingLines } from "../../doctor/log/report";
import type { Gpu } from "../../gpu/gpu";
import { type PreparedData, prepareData } from "../../train/data";
import type { RankEvent } from "../../train/events";
import { defineCommand } from "../command";
import { say } from "../host";
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
    const parsed = await readConfig(values.config);
    const { config, warnings } = override(parsed, values);
    for (const line of warnings) say(line);
    const data = readDataOption(values.data);
    const ignored = new Set(values.ignore === undefined ? [] : splitNames(values.ignore));
    const checker = new Checker(data, await openHand(values.hand), values.expensive);
    try {
      const check = async (each: Config): Promise<Diagnosis[]> => diagnose(await checker.findings(each), ignored);
      const diagnoses = await check(config);
      const ladder = values.fix ? await climbAloud(config, diagnoses, check) : undefined;
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
    this.#gpu ??= await openGpu();
    const { hand, name } = prepared;
    const parts = { ...prepared, name: "check", config, gpu: this.#gpu, hand, dataName: name, emit: tell, clock };
    return [...this.#dataFindings, ...(await preflightNetwork(parts, { expensive: this.expensive }))];
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

async function climbAloud(
  config: Config,
  diagnoses: readonly Diagnosis[],
  check: (config: Config) => Promise<Diagnosis[]>,
): Promise<Ladder> {
  return climb(config, diagnoses, check, ({ change, left }, number) =>
    say(`fix ${number}: ${change}; ${left.length} findings above a note are left`),
  );
}

const ladderJson = ({ rungs, left, config }: Ladder) => ({
  rungs: rungs.map(({ finding: { id }, change, left: after }) => ({ id, change, left: after.map((each) => each.id) })),
  left: left.map(({ id }) => id),
  config: writeConfig(config),
});

/** Findings as `handloom doctor` prints them, and the ladder below. */
export function checkText(diagnoses: readonly Diagnosis[], ladder?: Ladder): string {
  const above = alarming(diagnoses).length;
  const lines = [
    above === 0 ? "nothing above a note was found" : `${above} finding${above === 1 ? "" : "s"} above a note`,
    ...diagnoses.flatMap((finding) => ["", ...findingLines(finding)]),
    ...(ladder ? ["", ...ladderLines(ladder)] : []),
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
