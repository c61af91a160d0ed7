import { type Config, writeConfig } from "../config";
import type { Batch } from "../data/batch";
import type { Loader } from "../data/loader";
import { hash32, random } from "../data/random";
import type { SamplePool } from "../data/sample-pool";
import type { HandModel } from "../data/types";
import { TfEvents } from "../export/tfevents";
import { type Gpu, mebibytes } from "../gpu/gpu";
import { UTNet } from "../model/utnet";
import { ParameterStore } from "../nn/parameter-store";
import { AdamW, stepReport } from "../optim/adamw";
import { applyScheduleQuirks, clipping, frozenBy, learningRates, type Schedule } from "../optim/schedule";
import { type CheckpointState, checkpointFolder, type Resumed, readCheckpoint, writeCheckpoint } from "./checkpoint";
import { type DebugBatch, debugBatch, debugLoss } from "./debug";
import { evaluate } from "./evaluate";
import type { EvaluationRecord, LossName, ProfileReport, RunInfo, SampleView, StepRecord, TrainEvent } from "./events";
import { fixedFocal, meanParameters, networkShape } from "./network";
import { profilePlan } from "./profile";
import { type Recording, record } from "./record";
import { LOSS_NAMES, writeBatch } from "./recording-io";
import { sampleView } from "./sample-view";
import { LineFile, type RunStorage, utf8 } from "./storage";

const DEBUG_BATCHES = 3;
const KEPT_CHECKPOINTS = 2;

/** Everything that a run is made of; nothing here opens a file, asks a clock or draws a random number by itself. */
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
  /** Where the loaders make samples; its threads end with the run. */
  readonly pool: SamplePool;
  /** Mean wrist-relative joints of the training set, [63] metres: the baseline that looks at no image. */
  readonly meanPose: Float64Array;
  /** What the data is, for people: "synthetic, 64 frames, seed 0". */
  readonly dataName: string;
  readonly storage: RunStorage;
  readonly emit: (event: TrainEvent) => void;
  /** Milliseconds that only grow, and seconds since 1970 for tfevents. */
  readonly clock: { now(): number; wallSeconds(): number };
  readonly debug?: ReadonlySet<"batch" | "loss">;
}

/** Trains one network on one device: the loop, its records, evaluation and checkpoints. */
export class Trainer {
  readonly #epochSteps: number;
  readonly #metrics: LineFile;
  readonly #log: LineFile;
  readonly #tfevents: TfEvents;
  #step = 0;
  #best: number | null;
  #bestStep: number | null;
  #saved: number[] = [];
  #stopping = false;
  #isPaused = false;
  #wake: () => void = () => {};

  private constructor(
    readonly parts: TrainerParts,
    readonly model: UTNet,
    readonly store: ParameterStore,
    readonly optimizer: AdamW,
    readonly training: Recording,
    readonly evaluation: Recording,
    resumed: Resumed | undefined,
  ) {
    this.#epochSteps = parts.train.batchesPerEpoch;
    this.#metrics = new LineFile(parts.storage, "metrics.jsonl", resumed?.metrics);
    this.#log = new LineFile(parts.storage, "log.txt", resumed?.log);
    this.#step = resumed?.state.step ?? 0;
    this.#best = resumed?.state.best ?? null;
    this.#bestStep = resumed?.state.bestStep ?? null;
    this.#saved = resumed ? [...resumed.state.saved] : [];
    // A resumed run writes a file of its own; TensorBoard joins them.
    const name = `events.out.tfevents.${String(this.#step).padStart(6, "0")}.handloom`;
    this.#tfevents = new TfEvents(name, parts.clock.wallSeconds());
  }

  /**
   * Builds the network, records and compiles training and evaluation, and loads the storage's last checkpoint when
   * `resume` is set. Throws a sentence when the checkpoint does not fit.
   */
  static async create(parts: TrainerParts, options: { resume?: boolean } = {}): Promise<Trainer> {
    const { gpu, config, hand, emit } = parts;
    const { batch } = config.optim;
    emit({ type: "status", text: "building the network" });
    const quirks = new Set<string>(config.quirks);
    const model = new UTNet(networkShape(config), hand, meanParameters(hand), quirks);
    const store = await ParameterStore.create(gpu, model);
    store.initialize(config.run.seed);
    const { clip, alwaysClip } = clipping(config.optim.clip, quirks);
    const optimizer = await AdamW.create(store, { ...config.optim, clip, alwaysClip, frozen: frozenBy(quirks) });
    emit({ type: "status", text: "compiling kernels" });
    const focal = fixedFocal(config);
    const training = await record(gpu, store, model.train(), batch, config.loss, { focal });
    const evaluation = await record(gpu, store, model.eval(), batch, config.loss, { focal });
    model.train();
    const expected = { hand: hand.name, samples: sampleDigest(parts) };
    const resumed = options.resume ? await readCheckpoint(parts.storage, store, optimizer, expected) : undefined;
    const trainer = new Trainer(parts, model, store, optimizer, training, evaluation, resumed);
    await trainer.#announce(resumed?.state);
    return trainer;
  }

  get step(): number {
    return this.#step;
  }

  get totalSteps(): number {
    const { steps, epochs } = this.parts.config.run;
    return steps ?? epochs * this.#epochSteps;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  /** Ends the run after the step at hand, with a checkpoint. */
  stop(): void {
    this.#stopping = true;
    this.resume();
  }

  /** Runs to the last step or to `stop`; evaluates and saves as configured, and at the end. */
  async run(): Promise<void> {
    this.#running = true;
    try {
      await this.#loop();
    } finally {
      this.#running = false;
      await this.#runJobs();
      this.#endThreads();
    }
  }

  async #loop(): Promise<void> {
    const { emit, config } = this.parts;
    const due = (every: number | undefined): boolean => this.#step % (every ?? this.#epochSteps) === 0;
    while (this.#step < this.totalSteps && !this.#stopping) {
      await this.#runJobs();
      if (this.#isPaused) await this.#pause();
      if (this.#stopping) break;
      const index = this.#step;
      const batch = await this.#batch(index);
      this.#submit(batch, index);
      await this.#finish(batch, index); // the loader makes the next batch meanwhile
      this.#step = index + 1;
      const last = this.#step === this.totalSteps;
      if (last || due(config.run.evaluateEvery)) await this.evaluate();
      if (last || due(config.run.checkpointEvery)) await this.save();
    }
    if (this.#stopping && this.#step > 0 && !this.#saved.includes(this.#step)) await this.save();
    await this.#flush();
    emit({ type: "finished", step: this.#step, reason: this.#stopping ? "stopped" : "done" });
  }

  /** Returns when resumed or stopped; jobs are done meanwhile. */
  async #pause(): Promise<void> {
    await this.#flush();
    this.parts.emit({ type: "paused", step: this.#step });
    while (this.#isPaused && !this.#stopping) {
      // Jobs first: one that came with the "paused" event has no wake-up call to give any more.
      if (this.#jobs.length > 0 || this.#working) await this.#runJobs();
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #batch(step: number): Promise<Batch> {
    return this.parts.train.batch(Math.floor(step / this.#epochSteps), step % this.#epochSteps);
  }

  #rates(step: number): { backbone: number; head: number } {
    const { optim } = this.parts.config;
    const schedule: Schedule = {
      lrBackbone: optim.lrBackbone,
      lrHead: optim.lr,
      minLr: optim.minLr,
      warmupSteps: optim.warmupSteps,
      totalSteps: this.totalSteps,
    };
    return learningRates(applyScheduleQuirks(schedule, new Set(this.parts.config.quirks)), step);
  }

  readonly #jobs: (() => Promise<void>)[] = [];
  #running = false;

  /** Runs `job` between two steps, or at once when no run is going: profiling and inspecting use the same buffers. */
  whilePaused<T>(job: (trainer: Trainer) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push(() => job(this).then(resolve, reject));
      this.#wake();
      if (!this.#running) void this.#runJobs();
    });
  }

  #working: Promise<void> | undefined;

  #runJobs(): Promise<void> {
    // Without a job #work would end before its promise is stored, and no later job would ever start.
    if (this.#jobs.length > 0) this.#working ??= this.#work();
    return this.#working ?? Promise.resolve();
  }

  async #work(): Promise<void> {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) await job();
    this.#working = undefined;
    if (!this.#running) this.#endThreads();
  }

  /** Loaders first: a batch that is prepared for a later step must not be found rejected by it. */
  #endThreads(): void {
    const { train, val, trainPlain, pool } = this.parts;
    for (const loader of [train, val, trainPlain]) loader.close();
    pool.end();
  }

  #started = 0;
  #hostMs = 0;

  /** Issues one step: inputs, forward, backward, update. */
  #submit(batch: Batch, step: number): void {
    const { clock } = this.parts;
    this.#started = clock.now();
    writeBatch(this.training, batch);
    this.#writeDropPath(batch, step);
    this.training.plan.run();
    this.optimizer.step(this.#rates(step));
    this.#hostMs = this.training.plan.hostMs + this.optimizer.plan.hostMs;
  }

  /** A branch is kept with probability 1 - p and then scaled by 1/(1 - p); a function of (seed, epoch, sample) alone. */
  #writeDropPath(batch: Batch, step: number): void {
    const { dropPath, depth } = this.model.shape;
    const masks = this.training.inputs.dropPath ?? [];
    if (masks.length === 0) return;
    const epoch = Math.floor(step / this.#epochSteps);
    const values = masks.map(() => new Float32Array(batch.ids.length));
    for (const [b, id] of batch.ids.entries()) {
      const generator = random(this.parts.config.run.seed, "drop-path", epoch, id);
      for (const [i, mask] of values.entries()) {
        const p = depth > 1 ? (dropPath * Math.floor(i / 2)) / (depth - 1) : dropPath;
        mask[b] = generator.uniform() < p ? 0 : 1 / (1 - p);
      }
    }
    for (const [i, mask] of masks.entries()) this.training.plan.write(mask, values[i]);
  }

  /** Waits for the step's numbers and records them. */
  async #finish(batch: Batch, step: number): Promise<void> {
    const { parts, training } = this;
    const { losses, outputs, plan } = training;
    const epoch = Math.floor(step / this.#epochSteps);
    const debugged = epoch === 0 && step < DEBUG_BATCHES;
    const viewed = step % parts.config.run.sampleEvery === 0;
    const tensors = [...LOSS_NAMES.map((name) => losses[name]), outputs.inMapShare];
    if (debugged || viewed || parts.debug?.has("loss"))
      tensors.push(outputs.keypoints3d, outputs.keypoints2d, outputs.vertices, outputs.camera);
    const ranges = tensors.map((t) => ({ ...plan.range(t), sizeBytes: 4 * t.size }));
    const bytes = await parts.gpu.read([...ranges, { ...this.optimizer.report, sizeBytes: 16 }]);
    const values = bytes.map((b) => new Float32Array(b));
    const report = stepReport(values[values.length - 1]);
    const rates = this.#rates(step);
    const entry: StepRecord = {
      step: step + 1,
      epoch,
      split: "train",
      losses: Object.fromEntries(LOSS_NAMES.map((name, i) => [name, values[i][0]])) as Record<LossName, number>,
      lr: rates.head,
      lr_backbone: rates.backbone,
      grad_norm: report.norm,
      clipped: report.clipped,
      non_finite: report.nonFinite,
      samples: batch.ids.length,
      in_map_share: values[LOSS_NAMES.length][0],
      ms: parts.clock.now() - this.#started,
      host_ms: this.#hostMs,
      ranks: 1,
    };
    this.#record(entry);
    if (report.nonFinite > 0) {
      this.optimizer.stepCount--; // the GPU refused the step: Adam's t did not move
      this.#say(`step ${step + 1}: ${report.nonFinite} gradients are not finite; the step was not applied`);
    }
    const broken = LOSS_NAMES.filter((name) => !Number.isFinite(entry.losses[name]));
    if (broken.length > 0) this.#say(`step ${step + 1}: not finite: ${broken.join(", ")}`);
    const predicted = values[LOSS_NAMES.length + 1];
    const debug: DebugBatch = { image: batch.image, depth: batch.depth, joints3d: batch.joints3d, predicted };
    if (debugged) for (const line of debugBatch(step, debug)) this.#say(line);
    if (parts.debug?.has("loss")) for (const line of debugLoss(debug, entry.losses.loss_3d_joint)) this.#say(line);
    if (viewed) {
      const [, keypoints2d, vertices, camera] = values.slice(LOSS_NAMES.length + 1);
      const prediction = { keypoints3d: predicted, keypoints2d, vertices, camera };
      parts.emit({ type: "sample", view: sampleView(this.model, batch, 0, prediction, "train", step + 1) });
    }
    if ((step + 1) % 20 === 0) await this.#flush();
  }

  /** Scores the validation set with the weights as they are. */
  async evaluate(): Promise<EvaluationRecord> {
    const { parts } = this;
    const started = parts.clock.now();
    const { scores, report } = await evaluate(this.evaluation, parts.val, parts.meanPose, (done, total) =>
      parts.emit({ type: "status", text: "evaluating", done, total }),
    );
    const epoch = Math.max(0, Math.ceil(this.#step / this.#epochSteps) - 1);
    const entry: EvaluationRecord = {
      step: this.#step,
      epoch,
      split: "val",
      ...scores,
      ms: parts.clock.now() - started,
    };
    this.#metrics.add(JSON.stringify(entry));
    const { step, split } = entry;
    await parts.storage.write("evaluation.json", utf8(`${JSON.stringify({ step, epoch, split, ...report })}\n`));
    this.#scalars("Val", entry.step, {
      ...entry.losses,
      mpjpe: entry.mpjpe_mm,
      pa_mpjpe: entry.pa_mpjpe_mm,
      mpvpe: entry.mpvpe_mm,
    });
    this.#say(`Evaluated on ${entry.samples} samples from all 1 ranks`);
    for (const line of evaluationLines(entry)) this.#say(line);
    if (entry.non_finite > 0) this.#say(`  ${entry.non_finite} predictions are not finite`);
    if (entry.pa_mpjpe_mm !== null && (this.#best === null || entry.pa_mpjpe_mm < this.#best)) {
      this.#best = entry.pa_mpjpe_mm;
      this.#bestStep = this.#step;
    }
    parts.emit({ type: "evaluation", record: entry });
    await this.#flush();
    return entry;
  }

  /** Writes checkpoints/step-NNNNNN; keeps the last two and the best. */
  async save(): Promise<void> {
    const { parts } = this;
    this.#saved = [...this.#saved.filter((step) => step !== this.#step), this.#step];
    const keep = new Set([...this.#saved.slice(-KEPT_CHECKPOINTS), this.#bestStep]);
    const dropped = this.#saved.filter((step) => !keep.has(step));
    this.#saved = this.#saved.filter((step) => keep.has(step));
    const state = {
      step: this.#step,
      best: this.#best,
      bestStep: this.#bestStep,
      saved: this.#saved,
      optimizerStep: this.optimizer.stepCount,
      hand: parts.hand.name,
      samples: sampleDigest(parts),
    };
    const { name, sizeBytes } = await writeCheckpoint(parts.storage, this.store, this.optimizer, state, parts.config);
    for (const step of dropped) await parts.storage.remove(checkpointFolder(step));
    parts.emit({ type: "checkpoint", step: this.#step, name, sizeBytes });
    await this.#flush();
  }

  /**
   * Times every kernel of the training step and of the update. Replays the last batch, before the first step its batch;
   * weights are put back as they were.
   */
  async profile(repeats: number): Promise<ProfileReport> {
    const { gpu } = this.parts;
    if (this.#started === 0) {
      const batch = await this.#batch(this.#step);
      writeBatch(this.training, batch);
      this.#writeDropPath(batch, this.#step);
    }
    const training = await profilePlan(gpu, this.training.plan, repeats);
    const values = await this.store.read();
    const moments = await this.optimizer.readMoments();
    const count = this.optimizer.stepCount;
    const update = await profilePlan(gpu, this.optimizer.plan, repeats);
    for (const [name, array] of values) this.store.write(name, array);
    this.optimizer.writeMoments(moments, count);
    const rows = [...training.rows, ...update.rows].map((row, index) => ({ ...row, index }));
    const stepMs = rows.reduce((sum, row) => sum + row.ms, 0);
    return { adapter: gpu.label, clock: training.clock, stepMs, rows };
  }

  /** One sample of a split with the prediction of the weights as they are. */
  async inspect(split: "train" | "val", index: number): Promise<SampleView> {
    const loader = split === "train" ? this.parts.trainPlain : this.parts.val;
    if (!Number.isInteger(index) || index < 0 || index >= loader.ids.length) {
      throw new Error(`inspect: sample ${index} of ${split}, expected 0 to ${loader.ids.length - 1}`);
    }
    const { plan, outputs, batch: size } = this.evaluation;
    const batch = await loader.batch(0, Math.floor(index / size));
    writeBatch(this.evaluation, batch);
    plan.run();
    const [keypoints3d, keypoints2d, vertices, camera] = await plan.read(
      outputs.keypoints3d,
      outputs.keypoints2d,
      outputs.vertices,
      outputs.camera,
    );
    const prediction = { keypoints3d, keypoints2d, vertices, camera };
    return sampleView(this.model, batch, index % size, prediction, split, this.#step);
  }

  destroy(): void {
    this.#endThreads();
    this.training.plan.destroy();
    this.evaluation.plan.destroy();
    this.optimizer.destroy();
    this.store.destroy();
  }

  #record(entry: StepRecord): void {
    this.#metrics.add(JSON.stringify(entry));
    this.#scalars("Train", entry.step, { ...entry.losses, lr: entry.lr, grad_norm: entry.grad_norm });
    this.parts.emit({ type: "step", record: entry });
  }

  #scalars(split: "Train" | "Val", step: number, values: Readonly<Record<string, number | null>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (value !== null) this.#tfevents.scalar(`${split}/${name}`, value, step, this.parts.clock.wallSeconds());
    }
  }

  #say(line: string): void {
    this.#log.add(line);
    this.parts.emit({ type: "log", line });
  }

  async #flush(): Promise<void> {
    await this.#metrics.flush();
    await this.#log.flush();
    await this.parts.storage.write(this.#tfevents.name, this.#tfevents.bytes());
  }

  async #announce(resumed: CheckpointState | undefined): Promise<void> {
    const { parts, store, training } = this;
    const { gpu, config, hand, train, val } = parts;
    const configYaml = writeConfig(config);
    await parts.storage.write("config.yaml", utf8(configYaml));
    // One id a line, as HO-3D's own lists.
    await parts.storage.write("splits/train.txt", utf8(`${train.ids.join("\n")}\n`));
    await parts.storage.write("splits/val.txt", utf8(`${val.ids.join("\n")}\n`));
    const info: RunInfo = {
      name: parts.name,
      preset: config.preset,
      adapter: gpu.label,
      softwareAdapter: gpu.adapter.software,
      hand: hand.name,
      data: parts.dataName,
      parameters: store.trainableCount,
      trainSamples: train.ids.length,
      valSamples: val.ids.length,
      batch: config.optim.batch,
      microBatches: 1,
      ranks: 1,
      stepsPerEpoch: this.#epochSteps,
      totalSteps: this.totalSteps,
      plan: training.plan.summary,
      memoryBytes: gpu.memory.allocatedBytes,
      configYaml,
      quirks: config.quirks,
    };
    parts.emit({ type: "started", run: info });
    this.#say(
      `${info.name}: UTNet ${info.preset}, ${info.parameters} parameters, hand ${info.hand}, on ${info.adapter}`,
    );
    this.#say(
      `data: ${info.data}; ${info.trainSamples} samples to train on, ${info.valSamples} to validate on, batch ${info.batch}`,
    );
    const left = info.trainSamples - info.stepsPerEpoch * info.batch;
    if (left > 0)
      this.#say(
        `  ${left} of ${info.trainSamples} samples sit out each epoch, others each time, because batches are full`,
      );
    this.#say(
      `training step: ${training.plan.summary}; ${(training.plan.stats.flops / 1e9).toFixed(2)} GFLOP in matrix products`,
    );
    this.#say(`GPU memory: ${mebibytes(gpu.memory.allocatedBytes)}`);
    for (const { name } of training.plan.untouched) this.#say(`  no gradient reaches ${name}`);
    if (config.quirks.length > 0) this.#say(`quirks: ${config.quirks.join(", ")}`);
    if (resumed) this.#say(`resumed at step ${resumed.step}`);
  }
}

/** An evaluation's lines for the log: the original's, baselines beside it, and the other figures that are published. */
function evaluationLines(entry: EvaluationRecord): string[] {
  const { epoch, meshes, refused, baselines } = entry;
  if (entry.mpjpe_mm === null) return [`Epoch ${epoch}: no metric. ${refused[0]}`];
  const fixed = (value: number | null): string => value?.toFixed(3) ?? "-";
  const { zero_pose, mean_pose } = baselines;
  return [
    `Epoch ${epoch}: MPJPE: ${fixed(entry.mpjpe_mm)} mm, PA-MPJPE: ${fixed(entry.pa_mpjpe_mm)} mm`,
    `  baselines: zero pose ${fixed(zero_pose.mpjpe_mm)} / ${fixed(zero_pose.pa_mpjpe_mm)} mm, mean pose ${fixed(mean_pose.mpjpe_mm)} / ${fixed(mean_pose.pa_mpjpe_mm)} mm (MPJPE / PA-MPJPE)`,
    `  PA-MPVPE ${fixed(entry.pa_mpvpe_mm)} mm, PA-F@5 ${fixed(entry.pa_f_5mm)}, PA-F@15 ${fixed(entry.pa_f_15mm)} of ${meshes} meshes; PA-AUC ${fixed(entry.pa_auc_joints)}`,
  ];
}

/** A short fingerprint of which samples a run trains and validates on, in order. */
function sampleDigest({ train, val }: Pick<TrainerParts, "train" | "val">): string {
  const digest = hash32([...train.ids, "|", ...val.ids].join());
  return `${train.ids.length}+${val.ids.length}:${digest.toString(16).padStart(8, "0")}`;
}
