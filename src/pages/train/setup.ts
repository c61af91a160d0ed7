/** What the next run will be: the person's choices, and whether they make a run. */
import { batch, computed, signal } from "@preact/signals";
import type { Config } from "../../config";
import { microBatchesOf } from "../../config/micro-batches";
import { wholeBlob } from "../../data/blob-bytes";
import type { DataChoice, HandChoice, StartOptions } from "../../ranks/api";
import type { ImportOptions, SummaryRequest } from "../../ranks/import-api";
import type { ConfigChange } from "../../train/findings";
import { History, readHistory } from "../history";
import { againSentence, type KeptData, keepData, keptData, openKept } from "../kept-folders";
import type { RunFile } from "../report";
import { DEMO, type DemoRequest } from "../route";
import type { Difference } from "../runs/rows";
import { messageOf } from "../store";
import { canPickDirectory } from "./folder";

/** The entries of the config that have a field of their own. */
export type ConfigField = "steps" | "batch" | "learningRate" | "seed" | DemoField;
type DemoField = "warmupSteps" | "evaluateEvery" | "checkpointEvery" | "sampleEvery";

/** Config as text; the implementation loads a YAML parser and comes with its own chunk. */
export interface ConfigText {
  readonly presets: readonly { readonly name: string; readonly summary: string }[];
  /** Throws when there is no such preset. */
  presetText(name: string): string;
  read(text: string): ConfigReading;
  /** The entry's value, or undefined where the text does not say it or is no YAML. */
  get(text: string, field: ConfigField): number | undefined;
  /** The text with one entry changed, comments kept; as it is where it is no YAML of a configuration. */
  set(text: string, field: ConfigField, value: number): string;
  /** Entries by their path, "optim.lr", as text. Empty for what is no YAML. */
  flat(text: string): ReadonlyMap<string, string>;
  /** Entries in which the text's configuration, first, and its preset, second, differ; undefined where it is none. */
  differences(text: string): readonly Difference[] | undefined;
  /** The configuration with one entry as its preset has it. */
  revert(text: string, path: string): string;
  /** A file's configuration, also one of the original, in Handloom's own words; undefined, with `problems`, where it is none. */
  adopt(text: string): { readonly text: string | undefined } & Pick<ConfigReading, "problems" | "notes">;
  /** The configuration with a finding's remedy, and what differs; undefined where nothing does. */
  change(config: Config, change: ConfigChange): { readonly text: string; readonly said: string } | undefined;
}

export interface ConfigReading {
  readonly config: Config | undefined;
  /** Why this is no config. */
  readonly problems: readonly string[];
  /** What a person should know all the same: unused keys, converted units. */
  readonly notes: readonly string[];
}

/** A chosen data set on this machine. */
export interface Folder {
  readonly name: string;
  readonly detail: string;
  readonly data: DataChoice;
}

/** Validation samples that a run keeps with all their stages when it ends, to be looked at without a GPU. */
const KEPT_SAMPLES = 3;

/** Files of a stored run that a set-up is taken from: no weights among them. */
export const SETUP_FILES = ["config.yaml", "metrics.jsonl", "times.jsonl", "faults.jsonl", "findings.json", "log.txt"];

const EMPTY: ConfigReading = { config: undefined, problems: [], notes: [] };

export class Setup {
  readonly configText = signal<ConfigText | undefined>(undefined);
  readonly preset = signal("tiny");
  readonly text = signal("");
  readonly hand = signal<HandChoice>({ kind: "openhand" });
  readonly dataKind = signal<"synthetic" | "stored" | "folder">("synthetic");
  readonly frames = signal(48);
  readonly dataSeed = signal(1);
  readonly folder = signal<Folder | undefined>(undefined);
  /** Name of an imported data set. */
  readonly storedSet = signal("");
  /** Ranks that are asked for; `ranks` are those that the run will have. */
  readonly wantedRanks = signal(1);
  /** Every second rank on the adapter that takes less power. */
  readonly usesBothAdapters = signal(false);
  /** Ranks share memory, which a page has only when it is cross-origin isolated. */
  readonly isIsolated = signal(globalThis.crossOriginIsolated === true);
  /** Ids of findings that the next run neither tells nor stops for. */
  readonly ignored = signal<readonly string[]>([]);
  /** What the remedies of findings have changed in the configuration, by the finding's id. */
  readonly applied = signal<Readonly<Record<string, string>>>({});
  /** Stored run that is continued. */
  readonly resumed = signal<string | undefined>(undefined);
  /** The run that is continued waits before its first step, to be looked at. */
  readonly isHeld = signal(false);
  /** The checkpoint of a stored run that the next run begins with. */
  readonly forked = signal<{ readonly run: string; readonly step: number } | undefined>(undefined);
  /** Why the last file for the hand, the data or the configuration was not taken; empty where it was. */
  readonly refused = { hand: signal(""), folder: signal(""), config: signal("") };
  /** The folder that was chosen on an earlier visit, to be used again. */
  readonly lastFolder = signal<Folder | undefined>(undefined);
  /** What the continued or forked run was trained on, as its log says: name, format, counts. */
  readonly trainedOn = signal<string | undefined>(undefined);
  /** Files of a folder that were found so far, while its tree is walked. */
  readonly walked = signal<number | undefined>(undefined);
  /** A configuration's file that was taken over, and what was noted in it. */
  readonly adopted = signal<{ readonly name: string; readonly notes: readonly string[] } | undefined>(undefined);
  /** What the continued or forked run has behind it. */
  earlier: History = new History();

  readonly reading = computed<ConfigReading>(() => this.configText.value?.read(this.text.value) ?? EMPTY);

  /** Entries in which the configuration, first, differs from its preset, second; undefined while there is none. */
  readonly differences = computed(() => this.configText.value?.differences(this.text.value));

  /** A rank needs a micro-batch of its own; unlimited while the text is no configuration, with which nothing starts. */
  readonly maxRanks = computed(() => {
    const { config } = this.reading.value;
    if (!this.isIsolated.value) return 1;
    return config === undefined ? Number.POSITIVE_INFINITY : microBatchesOf(config);
  });

  readonly ranks = computed(() => Math.min(this.wantedRanks.value, this.maxRanks.value));

  /** Sentences that keep a run from starting; empty when it can. */
  readonly problems = computed<readonly string[]>(() => {
    const problems = [...this.reading.value.problems];
    if (this.dataKind.value === "folder" && this.folder.value === undefined) {
      problems.push("Choose the folder of a data set, or train on synthetic hands.");
    }
    if (this.dataKind.value === "stored" && this.storedSet.value === "") {
      problems.push("Choose an imported data set, or import one.");
    }
    if (this.dataKind.value === "synthetic" && this.frames.value < 2) {
      problems.push("Frames must be at least 2: one to train on, one to validate with.");
    }
    return problems;
  });

  readonly canStart = computed(() => this.reading.value.config !== undefined && this.problems.value.length === 0);

  /** Loads the config's code and, to begin with, the demo's set-up; harmless when called again. */
  async load(): Promise<ConfigText> {
    if (this.configText.value === undefined) {
      const { configText } = await import("./config-text");
      this.configText.value = configText;
      if (this.text.value === "") await this.useDemo(DEMO);
    }
    return this.configText.value!;
  }

  choosePreset(name: string): void {
    const configText = this.configText.value;
    if (configText === undefined) return;
    batch(() => {
      this.preset.value = name;
      this.text.value = configText.presetText(name);
      this.adopted.value = undefined;
    });
  }

  field(name: ConfigField): number | undefined {
    return this.configText.value?.get(this.text.value, name);
  }

  setField(name: ConfigField, value: number): void {
    const configText = this.configText.value;
    if (configText !== undefined) this.text.value = configText.set(this.text.value, name, value);
  }

  /** Sets everything to what the demo is. Throws when the preset is not known. */
  async useDemo(demo: DemoRequest): Promise<void> {
    const configText = await this.load();
    let text = configText.presetText(demo.preset);
    const fields: Record<Exclude<ConfigField, "learningRate">, number> = {
      steps: demo.steps,
      batch: demo.batch,
      seed: demo.seed,
      warmupSteps: Math.floor(demo.steps / 6),
      evaluateEvery: Math.max(1, Math.floor(demo.steps / 6)),
      checkpointEvery: demo.steps,
      sampleEvery: Math.max(1, Math.floor(demo.steps / 20)),
    };
    for (const [field, value] of Object.entries(fields)) text = configText.set(text, field as ConfigField, value);
    batch(() => {
      this.preset.value = demo.preset;
      this.text.value = text;
      this.hand.value = { kind: "openhand" };
      this.dataKind.value = "synthetic";
      this.frames.value = demo.frames;
      this.dataSeed.value = demo.seed;
    });
    this.forgetStored();
  }

  /** Takes over the config of a stored run, to be continued. Throws when the run has no config.yaml. */
  async useStored(run: string, step: number, files: readonly RunFile[]): Promise<void> {
    await this.takeOver(run, step, files);
    this.resumed.value = run;
  }

  /** The next run is a new one that begins with a stored one's checkpoint of `step`. Throws as `useStored`. */
  async useFork(run: string, step: number, files: readonly RunFile[]): Promise<void> {
    await this.takeOver(run, step, files);
    this.forked.value = { run, step };
  }

  /** Takes over a configuration's file, of Handloom or of the original. Throws the sentences on why it is none. */
  async adopt(name: string, text: string): Promise<void> {
    const configText = await this.load();
    const { text: written, problems, notes } = configText.adopt(text);
    if (written === undefined) throw new Error(`${name}: ${problems.join(" ")}`);
    batch(() => {
      this.text.value = written;
      this.preset.value = configText.flat(written).get("preset") ?? this.preset.value;
      this.adopted.value = { name, notes };
    });
  }

  /** As `adopt`, of a file; what is wrong with it stands in `refused`. */
  takeConfig(file: File): Promise<void> {
    return this.#take("config", async () => this.adopt(file.name, new TextDecoder().decode(await wholeBlob(file))));
  }

  /** Trains with a person's own MANO file. */
  takeHand(file: File): Promise<void> {
    return this.#take("hand", async () => {
      if (!/\.(pkl|pickle|npz)$/i.test(file.name)) {
        throw new Error(
          `"${file.name}" is neither .pkl nor .npz, expected MANO_RIGHT.pkl from the MANO download, or it as .npz.`,
        );
      }
      this.hand.value = { kind: "mano", name: file.name, bytes: (await wholeBlob(file)).buffer };
    });
  }

  /** Trains on a folder of this machine; undefined when none was chosen after all. */
  async takeFolder(get: () => Promise<Folder | undefined> | Folder): Promise<void> {
    await this.#take("folder", async () => {
      const folder = await get();
      if (folder === undefined) return;
      batch(() => {
        this.folder.value = folder;
        this.dataKind.value = "folder";
      });
      // Without it the folder is asked for again on the next visit, which is no harm to this one.
      if (folder.data.kind === "directory") await keepData("setup", "folder", folder.data).catch(() => undefined);
    });
    this.walked.value = undefined;
  }

  /** Looks whether a folder of an earlier visit can be used again. */
  async recallFolder(): Promise<void> {
    const kept = await keptData("setup", "folder").catch(() => undefined);
    if (kept?.kind === "folder") this.lastFolder.value = folderOf(kept);
  }

  /** Trains on the folder of an earlier visit, when the browser allows it. From a click. */
  async useLastFolder(): Promise<void> {
    const folder = this.lastFolder.value;
    if (folder?.data.kind !== "directory") return;
    const { handle } = folder.data;
    await this.takeFolder(async () => {
      await openKept(handle);
      return folder;
    });
  }

  /** A chosen folder that may need the browser's permission, which only a click can ask for. */
  get folderToOpen(): FileSystemDirectoryHandle | undefined {
    const data = this.dataKind.value === "folder" ? this.folder.value?.data : undefined;
    return data?.kind === "directory" ? data.handle : undefined;
  }

  /** Makes sure that the chosen folder can be read; false, with the reason in `refused`, when it cannot. From a click. */
  async openFolder(): Promise<boolean> {
    const handle = this.folderToOpen;
    if (handle !== undefined) await this.#take("folder", () => openKept(handle));
    return this.refused.folder.value === "";
  }

  async #take(what: "hand" | "folder" | "config", take: () => Promise<void>): Promise<void> {
    const refused = this.refused[what];
    refused.value = "";
    try {
      await take();
    } catch (error) {
      refused.value = messageOf(error);
    }
  }

  private async takeOver(run: string, step: number, files: readonly RunFile[]): Promise<void> {
    const file = files.find((each) => each.path === "config.yaml");
    if (file === undefined) throw new Error(`The run "${run}" has no config.yaml, so it cannot be continued.`);
    const metrics = files.find((each) => each.path === "metrics.jsonl");
    const textAt = (path: string): string => {
      const found = files.find((each) => each.path === path);
      return found === undefined ? "" : textOf(found);
    };
    const earlier =
      metrics === undefined
        ? new History()
        : readHistory(textOf(metrics), step, textAt("faults.jsonl"), textAt("findings.json"), textAt("times.jsonl"));
    const configText = await this.load();
    const log = textAt("log.txt");
    // The same samples are asked for where the log says how they were made.
    const made = /^data: synthetic, (\d+) frames, seed (\d+);/m.exec(log);
    const said = [...log.matchAll(/^data: (.+; \d+ samples to train on, \d+ to validate on)/gm)].at(-1)?.[1];
    const kept = await keptData("run", run).catch(() => undefined);
    batch(() => {
      this.forgetStored();
      this.earlier = earlier;
      this.text.value = textOf(file);
      this.preset.value = configText.flat(this.text.value).get("preset") ?? this.preset.value;
      if (made !== null) {
        this.dataKind.value = "synthetic";
        this.frames.value = Number(made[1]);
        this.dataSeed.value = Number(made[2]);
      } else this.#takeKept(kept, said);
    });
  }

  /** The data of a run that is continued; where they have to be chosen again `refused` says which, and why. */
  #takeKept(kept: KeptData | undefined, said: string | undefined): void {
    this.trainedOn.value = said;
    this.refused.folder.value = "";
    if (kept?.kind === "stored") {
      this.useStoredSet(kept.name);
      return;
    }
    if (kept?.kind === "folder") {
      this.dataKind.value = "folder";
      this.folder.value = folderOf(kept);
      return;
    }
    // Neither what was chosen for another run nor synthetic frames may take their place unseen.
    if (kept === undefined && said === undefined) return;
    this.dataKind.value = "folder";
    this.folder.value = undefined;
    this.refused.folder.value =
      kept?.kind === "gone"
        ? againSentence(kept, canPickDirectory())
        : "Where its files are is not kept in this browser: choose their folder, or the set that was imported from them.";
  }

  /** Sets one entry as the preset has it. */
  revert(path: string): void {
    const configText = this.configText.value;
    if (configText !== undefined) this.text.value = configText.revert(this.text.value, path);
  }

  /** Leaves a finding out of the next run, or tells it again. */
  ignore(id: string, isIgnored = true): void {
    const others = this.ignored.value.filter((each) => each !== id);
    this.ignored.value = isIgnored ? [...others, id] : others;
  }

  /** What a finding's remedy would change in the configuration at hand; undefined where it changes nothing or makes none. */
  remedy(change: ConfigChange | undefined): { readonly text: string; readonly said: string } | undefined {
    const { config } = this.reading.value;
    if (change === undefined || config === undefined) return undefined;
    return this.configText.value?.change(config, change);
  }

  /** Takes a finding's remedy over. */
  apply(id: string, { text, said }: { readonly text: string; readonly said: string }): void {
    batch(() => {
      this.text.value = text;
      this.applied.value = { ...this.applied.value, [id]: said };
    });
  }

  forgetStored(): void {
    batch(() => {
      this.earlier = new History();
      this.resumed.value = undefined;
      this.isHeld.value = false;
      this.forked.value = undefined;
      this.adopted.value = undefined;
      this.trainedOn.value = undefined;
    });
  }

  private dataChoice(): DataChoice {
    switch (this.dataKind.value) {
      case "folder":
        return this.folder.value!.data;
      case "stored":
        return { kind: "stored", name: this.storedSet.value };
      case "synthetic":
        return { kind: "synthetic", frames: this.frames.value, seed: this.dataSeed.value };
    }
  }

  /** How an import has to read and cut frames for the configuration at hand. Throws while that is no configuration. */
  importOptions(): ImportOptions {
    const { config, problems } = this.reading.value;
    if (config === undefined) throw new Error(problems[0] ?? "The configuration is still loading.");
    const { model, data, quirks } = config;
    return { size: model.height, boxScale: data.boxScale, quirks, hand: this.hand.value };
  }

  /** What the summary of a data set depends on. Throws as `importOptions`. */
  summaryRequest(): SummaryRequest {
    const { config, problems } = this.reading.value;
    if (config === undefined) throw new Error(problems[0] ?? "The configuration is still loading.");
    const { data, run, quirks } = config;
    return { hand: this.hand.value, by: data.splitBy, fraction: data.valFraction, seed: run.seed, quirks };
  }

  /** Trains the next run on an imported set. */
  useStoredSet(name: string): void {
    batch(() => {
      this.dataKind.value = "stored";
      this.storedSet.value = name;
    });
  }

  /** What the rank is started with. Throws the first problem. */
  options(now: Date): StartOptions {
    const { config } = this.reading.value;
    if (config === undefined || !this.canStart.value) {
      throw new Error(this.problems.value[0] ?? "The configuration is still loading.");
    }
    const [resume, fork] = [this.resumed.value, this.forked.value];
    const data = this.dataChoice();
    return {
      name: resume ?? runName(this.preset.value, now),
      config,
      data,
      hand: this.hand.value,
      ranks: this.ranks.value,
      keepWorst: KEPT_SAMPLES,
      ...(this.usesBothAdapters.value && this.ranks.value > 1 ? { adapters: "both" as const } : {}),
      ...(resume === undefined ? {} : { resume }),
      ...(resume !== undefined && this.isHeld.value ? { hold: true } : {}),
      ...(fork === undefined ? {} : { fork }),
      ...(this.ignored.value.length > 0 ? { ignore: this.ignored.value } : {}),
    };
  }
}

function folderOf({ name, handle }: Extract<KeptData, { kind: "folder" }>): Folder {
  return { name, detail: "folder", data: { kind: "directory", handle } };
}

function textOf(file: RunFile): string {
  return new TextDecoder().decode(file.bytes);
}

/** `tiny-20260131-235959`, local time. */
export function runName(prefix: string, date: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(pad).join("");
  return `${prefix}-${day}-${[date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join("")}`;
}
