import { type Config, writeConfig } from "../config";
import { TfEvents } from "../export/tfevents";
import { type CheckpointFacts, checkpointFolder, keptSteps, type Resumed, writeCheckpoint } from "./checkpoint";
import type { EvaluationRecord, RankEvent, StepRecord, TimesRecord, TrainEvent } from "./events";
import { SCORES_FILE } from "./inspect/score-keeper";
import { scoresText } from "./inspect/scores";
import type { StepTimes } from "./ranks";
import { readSnapshotState, type SnapshotLayout } from "./snapshot";
import { LineFile, type RunStorage, utf8 } from "./storage";

const FLUSH_STEPS = 20;

export interface RecorderOptions {
  readonly storage: RunStorage;
  readonly config: Config;
  readonly layout: SnapshotLayout;
  /** What checkpoints hold beside a snapshot. */
  readonly facts: Omit<CheckpointFacts, "saved">;
  /** Hears of checkpoints once they are written, and of what could not be. */
  readonly emit: (event: TrainEvent) => void;
  /** Seconds since 1970, for tfevents. */
  readonly wallSeconds: () => number;
  /** The run that is gone on with. */
  readonly resumed?: Resumed;
}

/**
 * A run's files: metrics.jsonl, times.jsonl, log.txt, tfevents, config.yaml, splits, evaluation.json, scores.json, findings.json, faults.jsonl and
 * checkpoints, from the events of its ranks and the bytes of snapshots. Writes behind: nothing here makes a rank wait, and what cannot be
 * written is a sentence, not the end of the run. Knows no GPU and no rank.
 */
export class Recorder {
  readonly #metrics: LineFile;
  readonly #times: LineFile;
  readonly #log: LineFile;
  readonly #faults: LineFile;
  readonly #tfevents: TfEvents;
  #saved: readonly number[];
  #step: number;
  #evaluation: number;
  #queue: Promise<void> = Promise.resolve();
  #isFlushing = false;
  /** What could not be written the last time, and why. */
  readonly #troubles = new Map<string, string>();

  constructor(private readonly options: RecorderOptions) {
    const { storage, resumed, wallSeconds } = options;
    this.#metrics = new LineFile(storage, "metrics.jsonl", resumed?.metrics);
    this.#times = new LineFile(storage, "times.jsonl", resumed?.times);
    this.#log = new LineFile(storage, "log.txt", resumed?.log);
    this.#faults = new LineFile(storage, "faults.jsonl", resumed?.faults);
    this.#saved = resumed?.saved ?? [];
    this.#step = resumed?.state.step ?? 0;
    this.#evaluation = this.#step;
    // A resumed run writes a file of its own; TensorBoard joins them.
    const name = `events.out.tfevents.${String(this.#step).padStart(6, "0")}.handloom`;
    this.#tfevents = new TfEvents(name, wallSeconds());
  }

  /** The last step whose record was kept; ranks that go on from before it need not tell of it again. */
  get recordedStep(): number {
    return this.#step;
  }

  /** The step of the last evaluation that was kept. */
  get recordedEvaluation(): number {
    return this.#evaluation;
  }

  /** Steps of the checkpoints that are kept. */
  get saved(): readonly number[] {
    return this.#saved;
  }

  /** Keeps what an event says. Checkpoints come by `checkpoint`. */
  take(event: RankEvent): void {
    switch (event.type) {
      case "started":
        this.#write("config.yaml", writeConfig(this.options.config));
        break;
      case "splits":
        // One id a line, as HO-3D's own lists.
        this.#write("splits/train.txt", `${event.train.join("\n")}\n`);
        this.#write("splits/val.txt", `${event.val.join("\n")}\n`);
        break;
      case "log":
        this.#log.add(event.line);
        break;
      case "step":
        this.#takeStep(event.record);
        break;
      case "times":
        this.#times.add(JSON.stringify(timesRecord(event.step, event.times)));
        break;
      case "evaluation":
        this.#takeEvaluation(event.record);
        break;
      case "report": {
        const { type: _, report, ...place } = event;
        this.#write("evaluation.json", `${JSON.stringify({ ...place, ...report })}\n`);
        break;
      }
      case "scores":
        this.#write(SCORES_FILE, scoresText(event.table, event.ids));
        break;
      case "fault":
        this.#faults.add(JSON.stringify(event.record));
        this.#flushSoon();
        break;
      case "error":
        this.#log.add(event.message);
        this.#flushSoon();
        break;
      case "findings":
        this.#write("findings.json", `${JSON.stringify({ findings: event.diagnoses }, null, 2)}\n`);
        break;
      case "paused":
        this.#flushSoon();
        break;
      default:
        break;
    }
  }

  #takeStep(record: StepRecord): void {
    this.#metrics.add(JSON.stringify(record));
    this.#scalars("Train", record.step, { ...record.losses, lr: record.lr, grad_norm: record.grad_norm });
    this.#step = record.step;
    if (record.step % FLUSH_STEPS === 0) this.#flushSoon();
  }

  #takeEvaluation(record: EvaluationRecord): void {
    const { mpjpe_mm, pa_mpjpe_mm, mpvpe_mm } = record;
    this.#metrics.add(JSON.stringify(record));
    this.#scalars("Val", record.step, { ...record.losses, mpjpe: mpjpe_mm, pa_mpjpe: pa_mpjpe_mm, mpvpe: mpvpe_mm });
    this.#evaluation = record.step;
    this.#flushSoon();
  }

  #scalars(split: "Train" | "Val", step: number, values: Readonly<Record<string, number | null>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (value !== null) this.#tfevents.scalar(`${split}/${name}`, value, step, this.options.wallSeconds());
    }
  }

  /**
   * Writes a snapshot as checkpoints/step-NNNNNN, then removes those that are not kept: the last two, the best and every
   * `run.keepEvery`-th stay. Resolves, whether it could be written or not, when the snapshot is not read any more.
   */
  checkpoint(snapshot: ArrayBufferLike): Promise<void> {
    const { storage, config, layout, facts, emit } = this.options;
    const { step, bestStep } = readSnapshotState(snapshot);
    return this.#enqueue(`the checkpoint of step ${step}`, async () => {
      const saved = this.#saved.filter((each) => each !== step);
      const { name, sizeBytes } = await writeCheckpoint(storage, layout, snapshot, { ...facts, saved }, config);
      const all = [...saved, step];
      const kept = keptSteps(all, { bestStep, keepEvery: config.run.keepEvery });
      this.#saved = all;
      emit({ type: "checkpoint", step, name, sizeBytes });
      for (const dropped of all.filter((each) => !kept.includes(each))) {
        await storage.remove(checkpointFolder(dropped));
        this.#saved = this.#saved.filter((each) => each !== dropped);
      }
      await this.#flush();
    });
  }

  /** Resolves when everything that was taken in is written, or its trouble told. */
  idle(): Promise<void> {
    this.#flushSoon();
    return this.#queue;
  }

  #write(path: string, text: string): void {
    void this.#enqueue(path, () => this.options.storage.write(path, utf8(text)));
  }

  /** At most one flush waits at a time. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    void this.#enqueue("metrics and log", () => this.#flush());
  }

  async #flush(): Promise<void> {
    this.#isFlushing = false;
    for (const file of [this.#metrics, this.#times, this.#log, this.#faults]) await file.flush();
    await this.options.storage.write(this.#tfevents.name, this.#tfevents.bytes());
  }

  #enqueue(what: string, task: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(task).then(
      () => {
        this.#troubles.delete(what);
      },
      (error: unknown) => this.#complain(what, error),
    );
    return this.#queue;
  }

  /** Once for each file and trouble in a row: a full disk is full at every flush. */
  #complain(what: string, error: unknown): void {
    const { storage, emit } = this.options;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#troubles.get(what) === reason) return;
    this.#troubles.set(what, reason);
    const line = `${storage.place}: could not write ${what}: ${reason}; training goes on, free some space or download the run`;
    this.#log.add(line);
    emit({ type: "log", line });
  }
}

/** To thousandths: a microsecond is finer than clocks of pages are. */
const rounded = (value: number): number => Math.round(1000 * value) / 1000;

const timesRecord = (step: number, times: readonly StepTimes[]): TimesRecord => ({
  step,
  ranks: times.map((each) => ({
    ...{ data_ms: rounded(each.dataMs), compute_ms: rounded(each.computeMs), read_ms: rounded(each.readMs) },
    ...{ reduce_ms: rounded(each.reduceMs), wait_ms: rounded(each.waitMs), update_ms: rounded(each.updateMs) },
    overlap: rounded(each.overlap),
  })),
});
