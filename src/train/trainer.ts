import { type Config, microBatchesOf } from "../config";
import type { Loader } from "../data/loader";
import type { SamplePool } from "../data/sample-pool";
import type { HandModel } from "../data/types";
import type { Gpu } from "../gpu/gpu";
import { UTNet } from "../model/utnet";
import { ParameterStore } from "../nn/parameter-store";
import { Accumulation } from "../optim/accumulation";
import { AdamW, type Rates } from "../optim/adamw";
import { applyScheduleQuirks, clipping, frozenBy, learningRates, type Schedule } from "../optim/schedule";
import { bucketsOf } from "./all-reduce";
import type { CheckpointFacts } from "./checkpoint";
import { evaluate } from "./evaluate";
import type { EvaluationRecord, Hear, ProfileReport, SampleView, StepRecord } from "./events";
import { inspectSample, profileStep } from "./inspect";
import { JobQueue } from "./jobs";
import { MicroBatchRunner } from "./micro-batches";
import { fixedFocal, meanParameters, networkShape } from "./network";
import type { TrainGroup } from "./ranks";
import { type Recording, record } from "./record";
import { DivergedError, MOST_REFUSED, refusedSentence } from "./refused";
import { evaluationLines, runInfo, runLines, sampleDigest } from "./run-lines";
import { requireSameWeights, takeFirstWeights } from "./same-weights";
import {
  commitSnapshot,
  committedSnapshot,
  openSlot,
  resumedStepOf,
  type ShadowMemory,
  type SnapshotLayout,
  snapshotLayout,
  writeResumedStep,
} from "./snapshot";
import { captureSnapshot, restoreSnapshot } from "./snapshot-io";
import { Stepper } from "./step";

/** Everything that a rank is made of; nothing here opens a file, asks a clock or draws a random number by itself. */
export interface TrainerParts {
  readonly name: string;
  readonly config: Config;
  readonly gpu: Gpu;
  readonly hand: HandModel;
  /** Shuffled and augmented. */
  readonly train: Loader;
  /** In order and unchanged, in batches of the evaluation's size. */
  readonly val: Loader;
  /** The training samples in order and unchanged, for the inspector. */
  readonly trainPlain: Loader;
  /** Where the loaders make samples. */
  readonly pool: SamplePool;
  /** Mean wrist-relative joints of the training set, [63] metres: the baseline that looks at no image. */
  readonly meanPose: Float64Array;
  /** What the data is, for people: "synthetic, 64 frames, seed 0". */
  readonly dataName: string;
  readonly emit: Hear;
  /** Milliseconds that only grow. */
  readonly clock: { now(): number };
  readonly debug?: ReadonlySet<"batch" | "loss">;
}

/** How a rank's part in a run ended; "reform": its group is to be formed anew. */
export interface TrainEnd {
  readonly kind: "done" | "stopped" | "reform";
  readonly step: number;
}

export interface RunOptions {
  /** Ranks that share each step; undefined, or of one rank, works alone and calls nothing of it. */
  readonly group?: TrainGroup;
  /** Where rank 0 puts snapshots; without it nothing can be saved. */
  readonly shadow?: ShadowMemory;
  /** The last step whose record was kept: earlier ones are done again without being told again. Default 0. */
  readonly recordedStep?: number;
  /** The same for evaluations. Default `recordedStep`. */
  readonly recordedEvaluation?: number;
}

/** Requests that all ranks follow in the same step, for `agree`. */
const STOP = 1;
const SAVE = 2;
const REFORM = 4;

/** Steps between two events of where the time went. */
const TIMES_STEPS = 20;

/**
 * One rank: trains one network on one device, alone or in a group. Tells what happens by `emit` and puts snapshots into
 * shared memory; writes no file.
 */
export class Trainer {
  readonly microBatches: number;
  readonly stepsPerEpoch: number;
  readonly layout: SnapshotLayout;
  readonly #jobs = new JobQueue(() => this.#isOver && this.endThreads());
  #step = 0;
  #best: number | null = null;
  #bestStep: number | null = null;
  /** Step of the checkpoint that the run went on from. */
  #resumedStep = 0;
  #savedStep = -1;
  /** Steps in a row that the GPU refused. */
  #refused = 0;
  #requests = 0;
  #isPaused = false;
  #isOver = false;
  #run: RunOptions = {};
  /** Of snapshots that somebody still writes as a checkpoint: when they are read. */
  readonly #taking = new WeakMap<ArrayBufferLike, Promise<void>>();

  private constructor(
    readonly parts: TrainerParts,
    readonly model: UTNet,
    readonly store: ParameterStore,
    readonly optimizer: AdamW,
    readonly training: Recording,
    readonly evaluation: Recording,
    /** Floats of each bucket of the all-reduce. */
    readonly buckets: readonly number[],
    private readonly stepper: Stepper,
  ) {
    this.microBatches = microBatchesOf(parts.config);
    this.stepsPerEpoch = parts.train.batchesPerEpoch / this.microBatches;
    this.layout = snapshotLayout(store.parameters);
  }

  /** Builds the network with its initial weights, records and compiles training and evaluation. */
  static async create(parts: TrainerParts): Promise<Trainer> {
    const { gpu, config, hand, emit, train, clock } = parts;
    const { batch } = config.optim;
    const microBatches = microBatchesOf(config);
    const stepsPerEpoch = train.batchesPerEpoch / microBatches;
    emit({ type: "status", text: "building the network" });
    const quirks = new Set<string>(config.quirks);
    const model = new UTNet(networkShape(config), hand, meanParameters(hand), quirks);
    const store = await ParameterStore.create(gpu, model);
    store.initialize(config.run.seed);
    const { clip, alwaysClip } = clipping(config.optim.clip, quirks);
    const optimizer = await AdamW.create(store, { ...config.optim, clip, alwaysClip, frozen: frozenBy(quirks) });
    emit({ type: "status", text: "compiling kernels" });
    const focal = fixedFocal(config);
    const training = await record(gpu, store, model.train(), batch / microBatches, config.loss, {
      focal,
      microBatches,
    });
    const evaluation = await record(gpu, store, model.eval(), batch, config.loss, { focal });
    model.train();
    const accumulation = await Accumulation.create(gpu, store, microBatches, [{ first: 0, end: microBatches }]);
    const { seed } = config.run;
    const shared = { gpu, model, train, training, accumulation, seed, microBatches, stepsPerEpoch, clock };
    const runner = await MicroBatchRunner.create(shared);
    const stepper = new Stepper({
      ...parts,
      model,
      optimizer,
      training,
      accumulation,
      runner,
      microBatches,
      stepsPerEpoch,
    });
    return new Trainer(parts, model, store, optimizer, training, evaluation, bucketsOf(accumulation), stepper);
  }

  get step(): number {
    return this.#step;
  }

  get totalSteps(): number {
    const { steps, epochs } = this.parts.config.run;
    return steps ?? epochs * this.stepsPerEpoch;
  }

  get isStopping(): boolean {
    return (this.#requests & STOP) !== 0;
  }

  /** What a checkpoint holds beside a snapshot, and must have been made with to be gone on with. */
  get facts(): Omit<CheckpointFacts, "saved"> {
    const { hand, train, val, gpu } = this.parts;
    return {
      hand: hand.name,
      samples: sampleDigest(train.ids, val.ids),
      microBatches: this.microBatches,
      schedule: this.#schedule,
      stepsPerEpoch: this.stepsPerEpoch,
      adapter: gpu.label,
    };
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#jobs.wake();
  }

  /** Ends the run after the step at hand, with a checkpoint. Any rank may be asked. */
  stop(): void {
    this.#requests |= STOP;
    this.resume();
  }

  /** A checkpoint after the step at hand. Any rank may be asked. */
  requestSave(): void {
    this.#requests |= SAVE;
    this.#jobs.wake();
  }

  /** All ranks come out of `run` after the step at hand, to form another group. Any rank may be asked. */
  requestReform(): void {
    this.#requests |= REFORM;
    this.#jobs.wake();
  }

  /** Copies weights, moments and position to memory of `snapshotBytes(layout)` bytes. */
  async capture(snapshot: ArrayBufferLike): Promise<void> {
    writeResumedStep(snapshot, this.#resumedStep);
    await captureSnapshot(
      this,
      { step: this.#step, best: this.#best, bestStep: this.#bestStep },
      snapshot,
      this.#reading,
    );
  }

  /** Goes to where `capture` was called. Throws when the snapshot is of another network. */
  restore(snapshot: ArrayBufferLike): void {
    const { step, best, bestStep } = restoreSnapshot(this, snapshot);
    this.#step = step;
    this.#best = best;
    this.#bestStep = bestStep;
    this.#resumedStep = resumedStepOf(snapshot);
    this.#savedStep = -1;
    this.#refused = 0;
  }

  /** `restore` from a checkpoint that need not be written again. */
  resumeFrom(snapshot: ArrayBufferLike): void {
    this.restore(snapshot);
    this.#savedStep = this.#step;
  }

  /** Says what is trained on what; `resumedStep` is the step of the checkpoint that the run goes on from. For rank 0, once a run. */
  announce({ ranks = 1, resumedStep }: { readonly ranks?: number; readonly resumedStep?: number } = {}): void {
    const { emit, train, val } = this.parts;
    const run = runInfo(this, ranks);
    emit({ type: "splits", train: train.ids, val: val.ids });
    emit({ type: "started", run });
    for (const line of runLines(this, run)) emit({ type: "log", line });
    if (resumedStep !== undefined) emit({ type: "log", line: `resumed at step ${resumedStep}` });
  }

  /**
   * Trains to the last step, or until the ranks agree to stop or to form another group; evaluates and saves as configured.
   * Throws what a rank or the group threw; the run can then go on from the last snapshot.
   */
  async run(options: RunOptions = {}): Promise<TrainEnd> {
    const { group } = options;
    this.#run = options;
    this.#jobs.isRunning = true;
    try {
      await this.stepper.join(group);
      const end = await this.#loop();
      this.#isOver = end.kind !== "reform";
      return end;
    } finally {
      this.#run = {};
      this.#jobs.isRunning = false;
      await this.#jobs.work();
    }
  }

  async #loop(): Promise<TrainEnd> {
    const { config } = this.parts;
    const due = (every: number | undefined): boolean => this.#step % (every ?? this.stepsPerEpoch) === 0;
    await this.#snapshot();
    while (this.#step < this.totalSteps) {
      await this.#rest();
      const asked = this.#clock(() => this.#agree());
      if (asked.result & REFORM) return this.#leave("reform");
      if (asked.result & STOP) return this.#leave("stopped");
      if (asked.result & SAVE) {
        await this.save();
        continue; // a pause may go on
      }
      await this.#makeStep(asked.ms);
      const last = this.#step === this.totalSteps;
      const evaluates = last || due(config.run.evaluateEvery);
      if (evaluates) await this.evaluate();
      if (last || due(config.run.checkpointEvery)) await this.save();
      else if (evaluates || due(config.run.snapshotEvery)) await this.#snapshot();
    }
    return { kind: "done", step: this.#step };
  }

  async #leave(kind: "stopped" | "reform"): Promise<TrainEnd> {
    if (kind === "reform") await this.#snapshot();
    else if (this.#step > 0 && this.#savedStep !== this.#step) await this.save();
    return { kind, step: this.#step };
  }

  /** What any rank was asked; a request counts once. */
  #agree(): number {
    const mine = this.#requests;
    this.#requests &= STOP;
    return this.#run.group?.agree(mine) ?? mine;
  }

  /** Jobs, and a pause until resumed or asked for something; other ranks wait at the next step's beginning meanwhile. */
  async #rest(): Promise<void> {
    if (this.#isPaused || this.#jobs.isWaiting) await this.#resting(() => this.#pause());
  }

  async #pause(): Promise<void> {
    await this.#jobs.work();
    if (!this.#isPaused) return;
    this.parts.emit({ type: "paused", step: this.#step });
    while (this.#isPaused && this.#requests === 0) {
      // Jobs first: one that came with the "paused" event has no wake-up call to give any more.
      if (this.#jobs.isWaiting) await this.#jobs.work();
      else await this.#jobs.next();
    }
  }

  #clock<T>(action: () => T): { readonly result: T; readonly ms: number } {
    const { clock } = this.parts;
    const started = clock.now();
    const result = action();
    return { result, ms: clock.now() - started };
  }

  async #makeStep(waitedMs: number): Promise<void> {
    const { emit } = this.parts;
    const { group, recordedStep } = this.#run;
    const { record, lines, view, times } = await this.stepper.run(this.#step, this.#rates(this.#step), waitedMs);
    this.#step++;
    group?.reportTimes(times);
    if (group?.mixedAdapters && group.worldSize > 1) await takeFirstWeights(this.store, group);
    const isTold = this.#isTold(recordedStep);
    if (isTold) emit({ type: "step", record });
    if (record.non_finite > 0) await this.#refuse(record, isTold);
    else this.#refused = 0;
    if (!isTold) return;
    for (const line of lines) emit({ type: "log", line });
    if (view) emit({ type: "sample", view });
    if (this.#step % TIMES_STEPS === 0) {
      const all = group ? Array.from({ length: group.worldSize }, (_, rank) => group.timesOf(rank)) : [times];
      emit({ type: "times", step: this.#step, times: all });
    }
  }

  /**
   * The GPU has refused the step on every rank alike: Adam's t did not move and statistics go back. Says why; after too many
   * in a row takes the last snapshot back, saves it and throws a DivergedError.
   */
  async #refuse({ step, non_finite }: StepRecord, isTold: boolean): Promise<void> {
    const { group, shadow } = this.#run;
    this.optimizer.stepCount--;
    this.stepper.undoState();
    const isLast = ++this.#refused === MOST_REFUSED;
    if (!isTold && !isLast) return;
    const found = await this.#reading(this.optimizer.findNonFinite());
    const line = refusedSentence(step, non_finite, found, group);
    if (isTold) this.parts.emit({ type: "log", line });
    if (!isLast) return;
    const snapshot = shadow && committedSnapshot(shadow);
    if (snapshot) {
      this.restore(snapshot);
      await this.save();
    }
    const where = snapshot ? `; the weights are those of step ${this.#step} again` : "";
    throw new DivergedError(`${MOST_REFUSED} steps in a row were refused${where}; ${line}`);
  }

  /** Rank 0 tells, and nothing twice. */
  #isTold(recorded = 0): boolean {
    return this.#isFirst && this.#step > recorded;
  }

  get #isFirst(): boolean {
    return (this.#run.group?.rank ?? 0) === 0;
  }

  readonly #reading = <T>(answer: Promise<T>): Promise<T> => this.#run.group?.reading(answer) ?? answer;

  get #schedule(): Schedule {
    const { optim } = this.parts.config;
    return {
      lrBackbone: optim.lrBackbone,
      lrHead: optim.lr,
      minLr: optim.minLr,
      warmupSteps: optim.warmupSteps,
      totalSteps: this.totalSteps,
    };
  }

  #rates(step: number): Rates {
    const quirks = new Set<string>(this.parts.config.quirks);
    // quirk scheduler-not-restored: the schedule begins again where the run was resumed
    const scheduled = quirks.has("scheduler-not-restored") ? step - this.#resumedStep : step;
    return learningRates(applyScheduleQuirks(this.#schedule, quirks), scheduled);
  }

  /** Scores the validation set with the weights as they are. */
  async evaluate(): Promise<EvaluationRecord> {
    const { emit, val, meanPose, clock, config } = this.parts;
    const started = clock.now();
    const { group } = this.#run;
    const progress = (done: number, total: number): void => {
      if (this.#isFirst) emit({ type: "status", text: "evaluating", done, total });
    };
    const shared = group && group.worldSize > 1 ? group : undefined;
    const quirks = new Set<string>(config.quirks);
    // At the end RGB-D and RGB are scored apart; before it a second prediction of every sample would cost too much.
    const alsoWithoutDepth = this.#step === this.totalSteps;
    const options = { group: shared, quirks, alsoWithoutDepth };
    const { scores, report } = await evaluate(this.evaluation, val, meanPose, progress, options);
    const step = this.#step;
    const epoch = Math.max(0, Math.ceil(step / this.stepsPerEpoch) - 1);
    const entry: EvaluationRecord = { step, epoch, split: "val", ...scores, ms: clock.now() - started };
    if (entry.pa_mpjpe_mm !== null && (this.#best === null || entry.pa_mpjpe_mm < this.#best)) {
      this.#best = entry.pa_mpjpe_mm;
      this.#bestStep = step;
    }
    const { recordedStep, recordedEvaluation = recordedStep } = this.#run;
    if (!this.#isFirst || (recordedEvaluation !== undefined && step <= recordedEvaluation)) return entry;
    for (const line of evaluationLines(entry, group?.worldSize ?? 1)) emit({ type: "log", line });
    emit({ type: "report", step, epoch, split: "val", report });
    emit({ type: "evaluation", record: entry });
    return entry;
  }

  /**
   * Makes a snapshot and asks for a checkpoint of it. In a group all ranks must call it; throws on all of them, naming the
   * rank, when weights are not the same everywhere.
   */
  async save(shadow = this.#run.shadow): Promise<void> {
    const { group } = this.#run;
    const step = this.#step;
    if (group && group.worldSize > 1) await requireSameWeights(this.store, group, step);
    const slot = await this.#snapshot(shadow, true);
    this.#savedStep = step;
    if (!shadow || slot === undefined) return;
    const snapshot = shadow.snapshots[slot];
    const read = Promise.resolve(this.parts.emit({ type: "snapshot", step, slot })).then(
      () => undefined,
      () => undefined, // whoever writes has said so
    );
    this.#taking.set(snapshot, read);
    void read.then(() => this.#taking.get(snapshot) === read && this.#taking.delete(snapshot));
  }

  /**
   * Rank 0 copies everything to the shadow; returns where. One that nobody asked for is left out while its place is
   * still being written as a checkpoint: training does not wait for files.
   */
  async #snapshot(shadow = this.#run.shadow, isAsked = false): Promise<0 | 1 | undefined> {
    if (!shadow || !this.#isFirst) return undefined;
    const slot = openSlot(shadow);
    const snapshot = shadow.snapshots[slot];
    const taking = this.#taking.get(snapshot);
    if (taking && !isAsked) return undefined;
    if (taking) await this.#resting(() => taking);
    await this.capture(snapshot);
    commitSnapshot(shadow);
    return slot;
  }

  /** Other ranks have patience meanwhile. */
  async #resting<T>(work: () => Promise<T>): Promise<T> {
    const goOn = this.#run.group?.rest();
    try {
      return await work();
    } finally {
      goOn?.();
    }
  }

  /** Runs `job` between two steps, or at once when no run is going: profiling and inspecting use the same buffers. */
  whilePaused<T>(job: (trainer: Trainer) => Promise<T>): Promise<T> {
    return this.#jobs.add(() => job(this));
  }

  /** Times every kernel of one micro-batch and of the update; weights, moments and statistics are put back as they were. */
  async profile(repeats: number): Promise<ProfileReport> {
    // Replays what was written last; before the first step its batch.
    await this.stepper.writeFirst(this.#step);
    return profileStep(this, repeats);
  }

  /** One sample of a split with the prediction of the weights as they are. */
  inspect(split: "train" | "val", index: number): Promise<SampleView> {
    return inspectSample(this, split, index);
  }

  /** Loaders first: a batch that is prepared for a later step must not be found rejected by it. */
  endThreads(): void {
    const { train, val, trainPlain, pool } = this.parts;
    for (const loader of [train, val, trainPlain]) loader.close();
    pool.end();
  }

  /** Frees the device's memory; the data stay open. */
  destroy(): void {
    this.stepper.destroy();
    this.training.plan.destroy();
    this.evaluation.plan.destroy();
    this.optimizer.destroy();
    this.store.destroy();
  }
}
