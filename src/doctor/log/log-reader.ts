import { ABSENT, BEGINNINGS, RATE, RESUMED, TERMS, TRAIN_LOSS, VAL_LOSS } from "./grammar";
import { LineSplitter } from "./lines";
import { FACTS, seriesName } from "./names";
import { recordOf } from "./records";
import { RunBuilder } from "./run-builder";
import { Scanner } from "./scanner";
import type { FileReport, LogKind, RemarkKind } from "./types";

/** A log with more runs than this is one that was cut and mixed: the rest goes into the last. */
const MOST_RUNS = 100;
const HEAD_LINES = 5;
/** Iterations are given within an epoch; without the progress bar's total this stands for it. */
const STEPS_PER_EPOCH = 10_000;

/** Reads one text file: the original's output in either language, Lightning's, our log.txt or metrics.jsonl, or a mixture. */
export class TextLogReader {
  readonly runs: RunBuilder[] = [];
  readonly #lines = new LineSplitter((text, line) => this.#line(text, line));
  readonly #scan = new Scanner();
  readonly #head: string[] = [];
  #bytes = 0;
  #terms: Record<string, number> = {};
  #iteration: number | undefined;
  #damagedRecords = 0;

  constructor(readonly name: string) {}

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#lines.push(chunk);
  }

  end(): FileReport {
    this.#lines.end();
    const { damaged, cut, partial, utf16 } = this.#lines.notes;
    const notes = [
      ...(utf16 ? ["the file is UTF-16"] : []),
      ...(damaged > 0 ? [`${damaged} lines are no UTF-8 and were read as GB18030`] : []),
      ...(cut > 0 ? [`${cut} lines were longer than 8192 bytes and cut`] : []),
      ...(this.#damagedRecords > 0 ? [`${this.#damagedRecords} lines begin like a record and are no JSON`] : []),
      ...(partial ? ["the last line has no end"] : []),
    ];
    const { name } = this;
    return { name, bytes: this.#bytes, lines: this.#lines.lines, scanned: this.#scan.scanned, notes, head: this.#head };
  }

  get #run(): RunBuilder {
    return this.runs.at(-1) ?? this.#begin(1);
  }

  #begin(line: number): RunBuilder {
    if (this.runs.length >= MOST_RUNS) return this.runs[this.runs.length - 1];
    const run = new RunBuilder(this.name, line);
    this.runs.push(run);
    this.#terms = {};
    this.#iteration = undefined;
    return run;
  }

  #line(text: string, line: number): void {
    if (this.#head.length < HEAD_LINES && text.trim() !== "") this.#head.push(text.slice(0, 160));
    const scan = this.#scan;
    scan.take(text);
    if (scan.text[0] === "{" && this.#record(line)) return;
    if (scan.has("%|") || scan.has("it/s") || scan.has("s/it")) {
      // What a print added behind a progress bar is a line of its own.
      const rest = this.#progress(line);
      if (rest.length < 4) return;
      scan.take(rest);
    }
    if (this.runs.length === 0) this.#begin(line);
    this.#run.lastLine = line;
    if (scan.has("[debug")) {
      this.#debugHeader(line);
      return;
    }
    // A line of numbers that is known needs no further search: most of a log is such lines.
    const isNamed = scan.has(":") || scan.has("=") || scan.has("：");
    if (isNamed && (this.#debugField() || this.#losses(line))) return;
    if (BEGINNINGS.some((word) => scan.has(word))) this.#beginning(line);
    this.#metrics(line);
    this.#facts();
    this.#remarks(line);
  }

  #beginning(line: number): void {
    if (this.#run.hasContent) this.#begin(line);
  }

  /** Notes the epoch that a printed line names; one that goes back begins a new run. */
  #epoch(epoch: number, line: number): void {
    if (!Number.isInteger(epoch) || epoch < 0 || epoch > 1e6) return;
    const { epoch: known } = this.#run;
    if (known !== undefined && epoch < known) this.#begin(line).isResumed = epoch > 0;
    this.#run.epoch = epoch;
  }

  #record(line: number): boolean {
    const record = recordOf(this.#scan.text);
    this.#scan.scanned += this.#scan.text.length;
    if (!record) {
      this.#damagedRecords++;
      return false;
    }
    if (record.step < this.#run.lastStep && this.#run.hasContent) this.#begin(line);
    const run = this.#run;
    run.lastStep = Math.max(run.lastStep, record.step);
    run.lastLine = line;
    record.addTo(run, line);
    return true;
  }

  /** "Epoch 3:  22%|██▏       | 4/18 [00:17<01:02,  4.47s/it, loss=10.072, v_num=3]"; returns what follows it. */
  #progress(line: number): string {
    const scan = this.#scan;
    const rate = Math.max(scan.at("it/s"), scan.at("s/it"));
    const open = scan.lower.lastIndexOf("[", rate < 0 ? scan.lower.length : rate);
    const end = scan.at("]", Math.max(rate, 0));
    const rest = end < 0 ? "" : scan.text.slice(end + 1);
    if (open < 0 || rate < 0) return rest;
    const epoch = scan.after("epoch ") ?? (scan.has("training") ? 0 : undefined);
    if (epoch === undefined || !Number.isInteger(epoch)) return rest; // validation's bar
    const slash = scan.lower.lastIndexOf("/", open);
    const total = slash < 0 ? undefined : scan.numberAt(slash + 1);
    const done = slash < 0 ? undefined : numberBefore(scan.lower, slash);
    scan.scanned += 2 * scan.lower.length;
    const run = this.#run;
    if (total && Number.isInteger(total) && total > 0) run.stepsPerEpoch = total;
    const step = epoch * (total ?? STEPS_PER_EPOCH) + (done ?? 0);
    if (scan.has("v_num=")) run.marks.lightning++;
    let from = open + 1;
    for (const part of scan.text.slice(open + 1, end < 0 ? undefined : end).split(", ")) {
      const at = from;
      from += part.length + 2;
      const equals = part.indexOf("=");
      if (equals < 1 || part.startsWith("v_num")) continue;
      const value = scan.numberAt(at + equals + 1);
      if (value === undefined) continue;
      const key = part.slice(0, equals);
      // tqdm rounds to three digits and Lightning's "loss" is a running mean: not the step's own number.
      const [name, split] = key === "loss" ? (["progress_loss", "train"] as const) : seriesName(key);
      run.point(name, split, { step, epoch, value, line });
    }
    return rest;
  }

  #debugHeader(line: number): void {
    const scan = this.#scan;
    const index = scan.after("[debug batch");
    if (index !== undefined && Number.isInteger(index)) {
      if (index === 0 && (this.#run.epoch ?? 0) > 0) this.#begin(line);
      this.#run.debugBatch(index, line);
    } else if (scan.has("[debug 3d loss")) this.#run.debugLoss(line);
    this.#run.marks.original++;
  }

  /** A field of the first block that lacks it: blocks of several ranks may be interleaved. */
  #debugField(): boolean {
    const scan = this.#scan;
    const { debugBatches, debugLosses } = this.#run;
    if (debugBatches.length === 0 && debugLosses.length === 0) return false;
    if (!DEBUG_WORDS.some((word) => scan.has(word))) return false;
    for (const [label, keys] of BATCH_FIELDS) {
      const at = scan.at(label);
      if (at < 0) continue;
      const values = scan.numbers(at + label.length, 3);
      const block = debugBatches.find((each) => !Object.hasOwn(each, keys[0]));
      if (!block || values.length === 0) return true;
      Object.assign(block, keys.length === 1 ? { [keys[0]]: values } : named(keys, values));
      return true;
    }
    for (const [label, keys] of LOSS_FIELDS) {
      const at = scan.at(label);
      if (at < 0) continue;
      const values = scan.numbers(at + label.length, keys.length);
      const block = debugLosses.find((each) => !Object.hasOwn(each, keys[0]));
      if (block) Object.assign(block, named(keys, values));
      return true;
    }
    return false;
  }

  /** Whether the line holds losses and nothing else that is looked for. */
  #losses(line: number): boolean {
    const scan = this.#scan;
    const named = scan.after("epoch ") ?? (scan.has("轮") ? (scan.after("第") ?? scan.after("轮次")) : undefined);
    const isSummary = scan.has("loss") || scan.has("损失") || scan.has("mpjpe");
    if (named !== undefined && (isSummary || scan.has("iter"))) {
      if (!scan.has("best")) this.#epoch(named, line);
      const iteration = scan.after("iter ") ?? scan.after("迭代");
      if (iteration !== undefined) {
        this.#iteration = iteration;
        this.#terms = {};
      }
    }
    if (!isSummary) return false;
    const run = this.#run;
    let isTerm = false;
    const { epoch } = run;
    const step = (epoch ?? 0) * (run.stepsPerEpoch ?? STEPS_PER_EPOCH) + (this.#iteration ?? 0);
    for (const [name, labels] of TERMS) {
      const value = firstAfter(scan, labels);
      if (value === undefined || (name === "shape_prior" && scan.has("(pose"))) continue;
      run.point(name, "train", { step, epoch, value, line });
      run.marks.original++;
      isTerm = true;
      if (name !== "total_loss") this.#terms[name] = value;
      else {
        run.breakdown({ line, epoch, step, terms: this.#terms, total: value });
        this.#terms = {};
      }
    }
    const at = { step: epoch ?? 0, epoch, line };
    const train = firstAfter(scan, TRAIN_LOSS);
    const val = firstAfter(scan, VAL_LOSS);
    const rate = firstAfter(scan, RATE);
    if (train !== undefined) run.point("epoch_loss", "train", { ...at, value: train });
    if (val !== undefined) run.point("epoch_loss", "val", { ...at, value: val });
    if (rate !== undefined && (train !== undefined || val !== undefined))
      run.point("lr", "train", { ...at, value: rate });
    if (train !== undefined) run.marks.original++;
    return (isTerm || train !== undefined || val !== undefined) && !scan.has("mpjpe");
  }

  #metrics(line: number): void {
    const scan = this.#scan;
    const run = this.#run;
    if (scan.has("mpjpe")) {
      const { epoch } = run;
      const zero = scan.at("zero pose ");
      if (zero >= 0) {
        const values = scan.numbers(zero, 4);
        if (values.length === 4) {
          run.baselines.zero = { mpjpe: values[0], pa: values[1] };
          run.baselines.mean = { mpjpe: values[2], pa: values[3] };
        }
        run.marks.handloom++;
        return;
      }
      const pa = scan.after("pa-mpjpe:") ?? scan.after("pa_mpjpe:") ?? scan.after("pa_mpjpe=");
      const mpjpe = plainMpjpe(scan);
      const at = { step: epoch ?? run.lastStep + 1, epoch, line };
      if (mpjpe !== undefined) run.point("mpjpe", "val", { ...at, value: mpjpe });
      if (pa !== undefined) run.point("pa_mpjpe", "val", { ...at, value: pa });
      if (mpjpe !== undefined) run.marks.original++;
      return;
    }
    const on = scan.at("evaluated on ");
    const chinese = scan.has("评估") && scan.has("样本");
    if (on < 0 && !chinese) return;
    const [samples, ranks] = scan.numbers(Math.max(on, 0), 2);
    if (samples === undefined || !Number.isInteger(samples)) return;
    run.evaluation({ line, samples, ranks: ranks !== undefined && Number.isInteger(ranks) ? ranks : undefined });
    run.marks.original++;
  }

  /** Every `name: number`, `name=number` and `'name': number` whose name is that of a setting. */
  #facts(): void {
    const scan = this.#scan;
    const { text } = scan;
    let from = -1;
    for (let i = 0; i <= text.length; i++) {
      const isWord = i < text.length && isWordCode(text.charCodeAt(i));
      if (isWord && from < 0) from = i;
      if (isWord || from < 0) continue;
      const word = text.slice(from, i);
      from = -1;
      if (!Object.hasOwn(FACTS, word)) continue;
      const isSetting = i < text.length && ":='\"".includes(text[i]);
      const value = isSetting || word === "batch" ? scan.numberAt(i) : undefined;
      if (value !== undefined) this.#run.fact(FACTS[word], value);
    }
    scan.scanned += text.length;
  }

  #remarks(line: number): void {
    const scan = this.#scan;
    const run = this.#run;
    const note = (kind: RemarkKind): void => run.remark(kind, scan.text, line);
    const mark = (kind: Exclude<LogKind, "unknown">): void => void run.marks[kind]++;
    if (ABSENT.some((word) => scan.has(word))) {
      if (scan.has("smplx") || scan.has("chumpy")) note("smplx-missing");
      else if (scan.has("mano")) note("mano-missing");
      else note("not-found");
    }
    if (scan.has("random initialization") || scan.has("随机初始化")) note("not-pretrained");
    if (scan.has("successfully loaded") || scan.has("成功加载")) note("loaded");
    if (scan.has("backbone weights")) {
      const count = scan.after("loaded");
      if (count !== undefined) {
        note("tensors-loaded");
        run.fact("loaded_tensors", count);
      }
    }
    if (scan.has("out of memory")) note("out-of-memory");
    if (scan.has("traceback (most recent")) note("traceback");
    if (scan.has("was not applied")) note("skipped-step");
    if (scan.has("saved best model") || scan.has("保存最佳模型")) {
      note("best-saved");
      const metric = scan.after("avg_metric=");
      if (metric !== undefined)
        run.point("best_saved", "val", { step: run.epoch ?? 0, epoch: run.epoch, value: metric, line });
    }
    if (RESUMED.some((word) => scan.has(word))) {
      note("resumed");
      run.isResumed = true;
    }
    const split = scan.at(" split: ");
    if (split >= 0 && scan.has("samples")) {
      const samples = scan.numberAt(split + 8);
      if (samples !== undefined) run.fact(scan.has(" val split") ? "val_samples" : "train_samples", samples);
      if (scan.has("% of train split")) note("random-split");
    }
    const ranks = scan.after("distributed training on") ?? (scan.has("分布式训练") ? scan.numbers(0, 1)[0] : undefined);
    if (ranks !== undefined) {
      run.fact("ranks", ranks);
      note("distributed");
    }
    const trained = scan.at("samples to train on,");
    if (trained >= 0) {
      mark("handloom");
      const [samples] = scan.numbers(trained, 1);
      if (samples !== undefined) run.fact("val_samples", samples);
    }
    if (scan.has(": utnet ") && scan.has("parameters")) mark("handloom");
    if (scan.has("gpu available:") || scan.has("global step") || scan.has("local_rank:")) mark("lightning");
    this.#lightningBest(line);
  }

  /** "Epoch 2, global step 300: 'val/loss' reached 12.3 (best 12.3), saving model to". */
  #lightningBest(line: number): void {
    const scan = this.#scan;
    const reached = scan.at("' reached ");
    const open = scan.at("'");
    if (reached < 0 || open >= reached) return;
    const value = scan.numberAt(reached + 10);
    const step = scan.after("global step");
    if (value === undefined || step === undefined) return;
    const [name, split] = seriesName(scan.text.slice(open + 1, reached), "val");
    this.#run.point(name, split, { step, epoch: scan.after("epoch "), value, line });
  }
}

/** One of these is in every field of a debug block. */
const DEBUG_WORDS = ["mean:", "range:", "root joint", "loss value:"] as const;

const BATCH_FIELDS: readonly (readonly [string, readonly string[]])[] = [
  ["rgb range:", ["rgb"]],
  ["depth range:", ["depth"]],
  ["gt 3d joints (no conf) mean:", ["gtMean", "gtStd"]],
  ["gt 3d joints mean:", ["gtMean", "gtStd"]],
  ["pred 3d joints mean:", ["predMean", "predStd"]],
  ["gt root joint (batch 0):", ["gtRoot"]],
  ["gt root joint:", ["gtRoot"]],
  ["pred root joint (batch 0):", ["predRoot"]],
  ["pred root joint:", ["predRoot"]],
  ["gt centered by root mean:", ["centredMean", "centredStd"]],
];

const LOSS_FIELDS: readonly (readonly [string, readonly string[]])[] = [
  ["before centering - pred mean:", ["predMean", "predStd"]],
  ["before centering - gt mean:", ["gtMean", "gtStd"]],
  ["after centering - pred mean:", ["predMeanAfter", "predStdAfter"]],
  ["after centering - gt mean:", ["gtMeanAfter", "gtStdAfter"]],
  ["per-element loss mean:", ["elementMean", "elementMax"]],
  ["loss value:", ["value"]],
];

const named = (keys: readonly string[], values: readonly number[]): Record<string, number> =>
  Object.fromEntries(keys.flatMap((key, i) => (values[i] === undefined ? [] : [[key, values[i]]])));

const isWordCode = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;

function firstAfter(scan: Scanner, labels: readonly string[]): number | undefined {
  for (const label of labels) {
    const value = scan.after(label);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The number after an "mpjpe" that is not "pa-mpjpe". */
function plainMpjpe(scan: Scanner): number | undefined {
  for (let at = scan.at("mpjpe"), tries = 0; at >= 0 && tries < 4; at = scan.at("mpjpe", at + 5), tries++) {
    const before = scan.lower[at - 1];
    const after = scan.lower[at + 5];
    if (before === "-" || before === "_" || !(after === ":" || after === "=" || after === "：" || after === " "))
      continue;
    const value = scan.numberAt(at + 5);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The whole number that ends at `end`. */
function numberBefore(text: string, end: number): number | undefined {
  let from = end;
  while (from > 0 && end - from < 12 && text.charCodeAt(from - 1) >= 48 && text.charCodeAt(from - 1) <= 57) from--;
  return from === end ? undefined : Number(text.slice(from, end));
}
