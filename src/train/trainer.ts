import { type Config, microBatchesOf } from "../config";
import type { Loader } from "../data/loader";
import type { SamplePool } from "../data/sample-pool";
import type { FrameSet, HandModel } from "../data/types";
import type { Gpu } from "../gpu/gpu";
import { UTNet } from "../model/utnet";
import { ParameterStore } from "../nn/parameter-store";
import { Accumulation } from "../optim/accumulation";
import { AdamW } from "../optim/adamw";
import { ModuleStats } from "../optim/module-stats";
import { clipping, frozenBy } from "../optim/schedule";
import { bucketsOf } from "./all-reduce";
import type { CheckpointFacts } from "./checkpoint";
import type { EvaluationRecord, Hear, ProfileReport, StepRecord } from "./events";
import { Inspector } from "./inspect/inspector";
import { Keeper, type Position } from "./keeper";
import { MicroBatchRunner } from "./micro-batches";
import { fixedFocal, meanParameters, networkShape } from "./network";
import { tellEvidence } from "./preflight";
import { type ProfileOptions, profileStep } from "./profile-step";
import { ratesAt, scheduleOf } from "./rates";
import { type Recording, record } from "./record";
import { DivergedError, MOST_REFUSED, refusedSentence } from "./refused";
import { REFORM, Requests, SAVE, STOP } from "./requests";
import { runInfo, runLines, sampleDigest } from "./run-lines";
import { takeFirstWeights } from "./same-weights";
import { type RunOptions, Session } from "./session";
import { committedSnapshot, type SnapshotLayout, snapshotLayout } from "./snapshot";
import { Stepper } from "./step";
import { validate } from "./validation";

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
  /** Where the inspector reads whole frames, where there are such. */
  readonly frames?: FrameSet;
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
  /** Tells evidence for a doctor: of data and network before the first step, of some steps, and of evaluations. */
  readonly preflight?: boolean;
}

/** How a rank's part in a run ended; "reform": its group is to be formed anew. */
export interface TrainEnd {
  readonly kind: "done" | "stopped" | "reform";
  readonly step: number;
}

/** Steps between two events of where the time went, and the step of a group that the first one tells of: in the one before everything is new. */
const TIMES_STEPS = 5;
const FIRST_TIMES = 2;

/**
 * One rank: trains one network on one device, alone or in a group. Tells what happens by `emit` and puts snapshots into
 * shared memory; writes no file.
 */
export class Trainer {
  readonly microBatches: number;
  readonly stepsPerEpoch: number;
  readonly layout: SnapshotLayout;
  readonly #position: Position = { step: 0, best: null, bestStep: null, resumedStep: 0 };
  readonly #requests = new Requests(() => this.#isOver && this.endThreads());
  readonly #keeper: Keeper;
  /** Steps in a row that the GPU refused. */
  #refused = 0;
  /** Steps until times are told. */
  #untilTimes = FIRST_TIMES;
  #isOver = false;
  /** Of the run that is going. */
  #session = new Session();
  /** Answers questions about samples. */
  readonly inspector = new Inspector(this);

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
    this.#keeper = new Keeper(this, this.#position, parts.emit);
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
    const stats = parts.preflight ? await ModuleStats.create(store) : undefined;
    const stepper = new Stepper({
      ...parts,
      stats,
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
    return this.#position.step;
  }

  get totalSteps(): number {
    const { steps, epochs } = this.parts.config.run;
    return steps ?? epochs * this.stepsPerEpoch;
  }

  get isStopping(): boolean {
    return this.#requests.isStopping;
  }

  /** What a checkpoint holds beside a snapshot, and must have been made with to be gone on with. */
  get facts(): Omit<CheckpointFacts, "saved"> {
    const { config, hand, train, val, gpu } = this.parts;
    return {
      hand: hand.name,
      samples: sampleDigest(train.ids, val.ids),
      microBatches: this.microBatches,
      schedule: scheduleOf(config, this.totalSteps),
      stepsPerEpoch: this.stepsPerEpoch,
      adapter: gpu.label,
    };
  }

  pause(): void {
    this.#requests.pause();
  }

  resume(): void {
    this.#requests.resume();
  }

  /** Leaves a pause for one step. */
  stepOnce(): void {
    this.#requests.stepOnce();
  }

  /** Ends the run after the step at hand, with a checkpoint. Any rank may be asked. */
  stop(): void {
    this.#requests.ask(STOP);
    this.resume();
  }

  /** A checkpoint after the step at hand. Any rank may be asked. */
  requestSave(): void {
    this.#requests.ask(SAVE);
  }

  /** All ranks come out of `run` after the step at hand, to form another group. Any rank may be asked. */
  requestReform(): void {
    this.#requests.ask(REFORM);
  }

  /** Copies weights, moments and position to memory of `snapshotBytes(layout)` bytes. */
  capture(snapshot: ArrayBufferLike): Promise<void> {
    return this.#keeper.capture(snapshot, this.#session.reading);
  }

  /** Goes to where `capture` was called. Throws when the snapshot is of another network. */
  restore(snapshot: ArrayBufferLike): void {
    this.#keeper.restore(snapshot);
    this.#refused = 0;
  }

  /** `restore` from a checkpoint that need not be written again. */
  resumeFrom(snapshot: ArrayBufferLike): void {
    this.#keeper.resumeFrom(snapshot);
    this.#refused = 0;
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
    this.#session = new Session(options);
    this.#untilTimes = FIRST_TIMES;
    this.#requests.isRunning = true;
    try {
      await this.stepper.join(options.group);
      const end = await this.#loop();
      this.#isOver = end.kind !== "reform";
      return end;
    } finally {
      this.#session = new Session();
      this.#requests.isRunning = false;
      await this.#requests.work();
    }
  }

  async #loop(): Promise<TrainEnd> {
    const { config } = this.parts;
    const due = (every: number | undefined): boolean => this.step % (every ?? this.stepsPerEpoch) === 0;
    const session = this.#session;
    await this.#keeper.keep(session);
    const { step, resumedStep } = this.#position;
    let { isHeld = false } = session.options;
    if (isHeld) await this.#rest();
    if (this.parts.preflight && session.tellsStep(step + 1) && step < this.totalSteps && !this.isStopping)
      await session.resting(() => tellEvidence(this, session, step === resumedStep));
    while (isHeld || this.step < this.totalSteps) {
      await this.#rest();
      const asked = this.#clock(() => this.#agree());
      if (asked.result & REFORM) return this.#leave("reform");
      if (asked.result & STOP) return this.#leave("stopped");
      if (asked.result & SAVE) {
        await this.save();
        continue; // a pause may go on
      }
      isHeld = false;
      if (this.step >= this.totalSteps) break;
      await this.#makeStep(asked.ms);
      const last = this.step === this.totalSteps;
      const evaluates = last || due(config.run.evaluateEvery);
      if (evaluates) await this.evaluate();
      // Weights that score best and were never written could not be found again.
      const isBest = evaluates && this.#position.bestStep === this.step;
      if (last || isBest || due(config.run.checkpointEvery)) await this.save();
      else if (evaluates || due(config.run.snapshotEvery)) await this.#keeper.keep(session);
    }
    return { kind: "done", step: this.step };
  }

  async #leave(kind: "stopped" | "reform"): Promise<TrainEnd> {
    if (kind === "reform") await this.#keeper.keep(this.#session);
    else if (this.step > 0 && !this.#keeper.isSaved) await this.save();
    return { kind, step: this.step };
  }

  /** What any rank was asked; a request counts once. */
  #agree(): number {
    const mine = this.#requests.take();
    return this.#session.group?.agree(mine) ?? mine;
  }

  /** Jobs, and a pause until resumed or asked for something; other ranks wait at the next step's beginning meanwhile. */
  async #rest(): Promise<void> {
    if (!this.#requests.isResting) return;
    const onPaused = (): void => void this.parts.emit({ type: "paused", step: this.step });
    await this.#session.resting(() => this.#requests.rest(onPaused));
  }

  #clock<T>(action: () => T): { readonly result: T; readonly ms: number } {
    const { clock } = this.parts;
    const started = clock.now();
    const result = action();
    return { result, ms: clock.now() - started };
  }

  async #makeStep(waitedMs: number): Promise<void> {
    const { emit, config } = this.parts;
    const { group, shared } = this.#session;
    const { step, resumedStep } = this.#position;
    const rates = ratesAt(config, this.totalSteps, step, resumedStep);
    const { record, lines, view, evidence, times } = await this.stepper.run(step, rates, waitedMs);
    this.#position.step++;
    this.#untilTimes--;
    group?.reportTimes(times);
    if (shared?.mixedAdapters) await takeFirstWeights(this.store, shared);
    const isTold = this.#session.tellsStep(this.step);
    if (isTold) emit({ type: "step", record });
    if (isTold && evidence) emit({ type: "evidence", evidence });
    if (record.non_finite > 0) await this.#refuse(record, isTold);
    else this.#refused = 0;
    if (!isTold) return;
    for (const line of lines) emit({ type: "log", line });
    if (view) emit({ type: "sample", view });
    if (this.#untilTimes > 0) return;
    this.#untilTimes = TIMES_STEPS - (this.step % TIMES_STEPS);
    const all = group ? Array.from({ length: group.worldSize }, (_, rank) => group.timesOf(rank)) : [times];
    emit({ type: "times", step: this.step, times: all });
  }

  /**
   * The GPU has refused the step on every rank alike: Adam's t did not move and statistics go back. Says why; after too many
   * in a row takes the last snapshot back, saves it and throws a DivergedError.
   */
  async #refuse({ step, non_finite }: StepRecord, isTold: boolean): Promise<void> {
    const { group, shadow, reading } = this.#session;
    this.optimizer.stepCount--;
    this.stepper.undoState();
    const isLast = ++this.#refused === MOST_REFUSED;
    if (!isTold && !isLast) return;
    const found = await reading(this.optimizer.findNonFinite());
    const line = refusedSentence(step, non_finite, found, group);
    if (isTold) this.parts.emit({ type: "log", line });
    if (!isLast) return;
    const snapshot = shadow && committedSnapshot(shadow);
    if (snapshot) {
      this.restore(snapshot);
      await this.save();
    }
    const where = snapshot ? `; the weights are those of step ${this.step} again` : "";
    throw new DivergedError(`${MOST_REFUSED} steps in a row were refused${where}; ${line}`);
  }

  /** Scores the validation set with the weights as they are. */
  evaluate(): Promise<EvaluationRecord> {
    return validate(this, this.#position, this.#session);
  }

  /**
   * Makes a snapshot and asks for a checkpoint of it; `shadow` is where, when no run is going. In a group all ranks must call
   * it; throws on all of them, naming the rank, when weights are not the same everywhere.
   */
  save(shadow = this.#session.shadow): Promise<void> {
    return this.#keeper.save(new Session({ ...this.#session.options, shadow }));
  }

  /** Runs `job` between two steps, or at once when no run is going: profiling and inspecting use the same buffers. */
  whilePaused<T>(job: (trainer: Trainer) => Promise<T>): Promise<T> {
    return this.#requests.job(() => job(this));
  }

  /** Times every kernel of a step; weights, moments and statistics are put back as they were. */
  async profile(repeats: number, options: ProfileOptions = {}): Promise<ProfileReport> {
    // Replays what was written last; before the first step its batch.
    await this.stepper.writeFirst(this.step);
    return profileStep(this, this.stepper, repeats, options);
  }

  /** Loaders first: a batch that is prepared for a later step must not be found rejected by it. */
  endThreads(): void {
    const { train, val, trainPlain, pool } = this.parts;
    for (const loader of [train, val, trainPlain]) loader.close();
    pool.end();
  }

  /** Frees the device's memory; the data stay open. */
  destroy(): void {
    this.inspector.destroy();
    this.stepper.destroy();
    this.training.plan.destroy();
    this.evaluation.plan.destroy();
    this.optimizer.destroy();
    this.store.destroy();
  }
}
