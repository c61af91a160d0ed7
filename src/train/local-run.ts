import { readCheckpoint } from "./checkpoint";

import { type EvaluationRecord, isForPeople, type ProfileReport, type RankEvent, type TrainEvent } from "./events";
import { keepWorst } from "./inspect/kept";
import { ScoreKeeper } from "./inspect/score-keeper";
import type {
  InspectApi,
  LookRequest,
  LookView,
  QuickPrediction,
  SampleTable,
  SplitName,
  Thumbnail,
} from "./inspect/types";
import { readWeights } from "./inspect/weights";
import type { ProfileOptions } from "./profile-step";
import { Recorder } from "./recorder";
import { createShadow, type ShadowMemory } from "./snapshot";
import type { RunStorage } from "./storage";
import { Trainer, type TrainerParts } from "./trainer";

export interface LocalRunParts extends Omit<TrainerParts, "emit" | "clock"> {
  readonly storage: RunStorage;
  readonly emit: (event: TrainEvent) => void;
  /** Milliseconds that only grow, and seconds since 1970 for tfevents. */
  readonly clock: { now(): number; wallSeconds(): number };
  /** Validation samples with the largest errors that are kept with all their stages when the run ends. Default 0. */
  readonly keepWorst?: number;
}

/** A run in one thread: a trainer, its files, and the snapshots between them. */
export class LocalRun implements InspectApi {
  private constructor(
    readonly trainer: Trainer,
    private readonly recorder: Recorder,
    private readonly shadow: ShadowMemory,
    private readonly scores: ScoreKeeper,
    private readonly storage: RunStorage,
    private readonly emit: (event: TrainEvent) => void,
    private readonly keepCount: number,
    /** Step of the checkpoint that it goes on from. */
    private readonly resumedStep: number,
  ) {}

  /**
   * Builds the network; loads the storage's last checkpoint when `resume` is set. `notes` are sentences for the log. Throws a
   * sentence when there is no checkpoint or it does not fit.
   */
  static async create(
    parts: LocalRunParts,
    options: { readonly resume?: boolean; readonly notes?: readonly string[] } = {},
  ): Promise<LocalRun> {
    const { storage, config, emit, clock } = parts;
    let run: LocalRun | undefined;
    const scores = new ScoreKeeper(storage);
    const hear = (event: RankEvent): unknown => {
      run?.recorder.take(event);
      scores.take(event);
      if (isForPeople(event)) emit(event);
      return event.type === "snapshot" ? run?.recorder.checkpoint(run.shadow.snapshots[event.slot]) : undefined;
    };
    const trainer = await Trainer.create({ ...parts, emit: hear });
    const { layout, facts } = trainer;
    const resumed = options.resume ? await readCheckpoint(storage, layout, facts) : undefined;
    if (resumed) trainer.resumeFrom(resumed.snapshot);
    const wallSeconds = (): number => clock.wallSeconds();
    const recorder = new Recorder({ storage, config, layout, facts, emit, wallSeconds, resumed });
    const shadow = createShadow(layout, resumed?.snapshot);
    const { keepWorst: count = 0 } = parts;
    run = new LocalRun(trainer, recorder, shadow, scores, storage, emit, count, resumed?.state.step ?? 0);
    trainer.announce({ resumedStep: resumed?.state.step });
    for (const line of [...(options.notes ?? []), ...(resumed?.notes ?? [])]) hear({ type: "log", line });
    await recorder.idle();
    return run;
  }

  get step(): number {
    return this.trainer.step;
  }

  get totalSteps(): number {
    return this.trainer.totalSteps;
  }

  get isStopping(): boolean {
    return this.trainer.isStopping;
  }

  pause(): void {
    this.trainer.pause();
  }

  resume(): void {
    this.trainer.resume();
  }

  /** Puts what somebody else says of the run into its files and among its events. */
  tell(event: TrainEvent): void {
    this.recorder.take(event);
    this.emit(event);
  }

  /** Ends the run after the step at hand, with a checkpoint. */
  stop(): void {
    this.trainer.stop();
  }

  /** Runs to the last step or to `stop`; evaluates and saves as configured, and at the end. */
  async run(): Promise<void> {
    try {
      const { recordedStep, recordedEvaluation } = this.recorder;
      const { kind, step } = await this.trainer.run({ shadow: this.shadow, recordedStep, recordedEvaluation });
      await this.recorder.idle();
      if (step > this.resumedStep) await this.#keepWorst();
      this.emit({ type: "finished", step, reason: kind === "done" ? "done" : "stopped" });
    } finally {
      await this.recorder.idle();
      this.trainer.endThreads();
    }
  }

  async #keepWorst(): Promise<void> {
    const { trainer, storage, scores, keepCount: count } = this;
    const { name: run, config } = trainer.parts;
    const look = (request: LookRequest): Promise<LookView> => this.look(request);
    const tell = (event: TrainEvent): void => this.tell(event);
    await keepWorst({ count, run, config, storage, scores: () => scores.latest(), look, tell });
    await this.recorder.idle();
  }

  /** Scores the validation set with the weights as they are. */
  async evaluate(): Promise<EvaluationRecord> {
    const record = await this.trainer.evaluate();
    await this.recorder.idle();
    return record;
  }

  /** Writes a checkpoint between two steps. */
  async save(): Promise<void> {
    await this.trainer.save(this.shadow);
    await this.recorder.idle();
  }

  whilePaused<T>(job: (trainer: Trainer) => Promise<T>): Promise<T> {
    return this.trainer.whilePaused(job);
  }

  profile(repeats: number, options?: ProfileOptions): Promise<ProfileReport> {
    return this.trainer.profile(repeats, options);
  }

  async samples(split: SplitName, from?: number, to?: number): Promise<SampleTable> {
    return this.scores.attach(await this.trainer.inspector.samples(split, from, to));
  }

  thumbnails(split: SplitName, indices: readonly number[], side: number): Promise<Thumbnail[]> {
    return this.trainer.inspector.thumbnails(split, indices, side);
  }

  predict(split: SplitName, indices: readonly number[]): Promise<QuickPrediction[]> {
    return this.trainer.inspector.predict(split, indices);
  }

  async look(request: LookRequest, checkpoint?: number): Promise<LookView> {
    const weights = checkpoint === undefined ? undefined : await readWeights(this.storage, checkpoint);
    return this.trainer.inspector.look(request, weights);
  }

  async cancelLook(): Promise<void> {
    this.trainer.inspector.cancelLook();
  }

  destroy(): void {
    this.trainer.endThreads();
    this.trainer.destroy();
  }
}
