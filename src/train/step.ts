/** One optimiser step: micro-batches, their mean, the update, and what is told of it. */
import type { Plan } from "../autograd/plan";
import type { Config } from "../config";
import type { Batch } from "../data/batch";
import type { Loader } from "../data/loader";
import type { Gpu } from "../gpu/gpu";
import type { UTNet } from "../model/utnet";
import type { Accumulation } from "../optim/accumulation";
import { type AdamW, type Rates, type StepReport, stepReport } from "../optim/adamw";
import type { ModuleStats, ParameterNorms } from "../optim/module-stats";
import { meanOfSum, sumLeaves } from "../ranks/mean-reduction";
import { AllReduce } from "./all-reduce";
import { type DebugBatch, debugBatch, debugLoss } from "./debug";
import type { LossName, SampleView, StepRecord } from "./events";
import { type MicroBatchRunner, scalarLeaves } from "./micro-batches";
import type { StepTimes, TrainGroup } from "./ranks";
import type { Recording } from "./record";
import { LOSS_NAMES } from "./recording-io";
import type { StepEvidence } from "./run-evidence";
import { type Prediction, sampleView } from "./sample-view";
import { isMeasured, stepEvidence } from "./step-evidence";

const DEBUG_BATCHES = 3;

export interface StepParts {
  readonly config: Config;
  readonly gpu: Gpu;
  readonly train: Loader;
  readonly clock: { now(): number };
  readonly debug?: ReadonlySet<"batch" | "loss">;
  readonly model: UTNet;
  readonly optimizer: AdamW;
  readonly training: Recording;
  readonly accumulation: Accumulation;
  readonly runner: MicroBatchRunner;
  readonly microBatches: number;
  readonly stepsPerEpoch: number;
  /** Measures some of the steps of rank 0. */
  readonly stats?: ModuleStats;
}

/** What one step said. */
export interface StepOutcome {
  readonly record: StepRecord;
  readonly lines: readonly string[];
  /** The first sample of micro-batch 0, in the steps that show one. */
  readonly view: SampleView | undefined;
  /** In the steps that were measured. */
  readonly evidence: StepEvidence | undefined;
  readonly times: StepTimes;
}

/** Predictions and losses of micro-batch 0, read for people. */
interface Shown extends Prediction {
  readonly batch: Batch;
  readonly loss3dJoint: number;
}

/** Makes steps of one network on one device, alone or in a group. */
export class Stepper {
  #reduce: AllReduce | undefined;
  #group: TrainGroup | undefined;

  constructor(private readonly parts: StepParts) {}

  /** Prepares for the ranks that share the next steps. */
  async join(group: TrainGroup | undefined): Promise<void> {
    const { gpu, train, clock, accumulation, runner, microBatches } = this.parts;
    this.#reduce?.destroy();
    this.#reduce = undefined;
    this.#group = group;
    const all = { first: 0, end: microBatches };
    await accumulation.rebuild(this.#isShared ? group!.subtrees : [all]);
    train.share = { ...(group?.microBatches ?? all), of: microBatches };
    if (this.#isShared) this.#reduce = await AllReduce.create(gpu, group!, accumulation, runner, clock);
  }

  get #isShared(): boolean {
    return this.#group !== undefined && this.#group.worldSize > 1;
  }

  get #isFirst(): boolean {
    return (this.#group?.rank ?? 0) === 0;
  }

  /** What this rank runs of each step. */
  get ownMicroBatches(): { readonly first: number; readonly end: number } {
    return this.#group?.microBatches ?? { first: 0, end: this.parts.microBatches };
  }

  /** What adds its micro-batches up. */
  get accumulationPlans(): readonly Plan[] {
    return this.parts.accumulation.plans;
  }

  readonly #reading = <T>(answer: Promise<T>): Promise<T> => this.#group?.reading(answer) ?? answer;

  /** Step `step`, counted from 0, with the weights as they are. Where ranks share it, `waitedMs` is what they waited to begin. */
  async run(step: number, rates: Rates, waitedMs = 0): Promise<StepOutcome> {
    const { clock, runner, accumulation, optimizer } = this.parts;
    let shown: Shown | undefined;
    const look = async (batch: Batch): Promise<void> => {
      if (this.#isFirst && this.#isShown(step)) shown = await this.#reading(this.#look(batch));
    };
    const ran = await runner.run(
      step,
      this.ownMicroBatches,
      look,
      (m) => this.#reduce?.submitted(m),
      this.#isShared ? this.#group : undefined,
    );
    const reduced = await this.#reduce?.run();
    if (!reduced) accumulation.finish();
    const averaged = clock.now();
    const stats = this.#isFirst && isMeasured(step) ? this.parts.stats : undefined;
    stats?.keep();
    optimizer.step(rates);
    stats?.measure();
    const { scalars, report, norms } = await this.#read(reduced?.scalars, stats);
    const ended = clock.now();
    const record: StepRecord = {
      ...this.#facts(step, rates, report),
      losses: Object.fromEntries(LOSS_NAMES.map((name, i) => [name, scalars[i]])) as Record<LossName, number>,
      samples: this.parts.config.optim.batch,
      in_map_share: scalars[LOSS_NAMES.length],
      ms: ended - ran.started,
      host_ms: ran.hostMs + optimizer.plan.hostMs,
      ranks: this.#group?.worldSize ?? 1,
    };
    const times: StepTimes = {
      dataMs: ran.dataMs,
      // Alone nothing is read between the last micro-batch and the update: the GPU's time for both is in here.
      computeMs: (reduced?.arrived ?? ended) - ran.started - (ran.dataMs - ran.firstDataMs),
      readMs: reduced?.readMs ?? 0,
      reduceMs: reduced?.reduceMs ?? 0,
      waitMs: waitedMs + (reduced?.waitMs ?? 0),
      updateMs: reduced ? ended - averaged : 0,
      overlap: reduced?.overlap ?? 0,
    };
    const evidence = norms && stepEvidence(record, report.scale, norms);
    return { record, lines: this.#lines(step, record, shown), view: shown && this.#view(step, shown), evidence, times };
  }

  /** The step's numbers; alone the means of the scalars are taken here, by the rule of the all-reduce. */
  async #read(
    reduced: Float32Array | undefined,
    stats: ModuleStats | undefined,
  ): Promise<{ scalars: Float32Array; report: StepReport; norms: ParameterNorms[] | undefined }> {
    const { gpu, runner, microBatches, optimizer } = this.parts;
    const ranges = [{ ...optimizer.report, sizeBytes: 16 }];
    if (!reduced) ranges.push(runner.scalarRange(0, microBatches));
    if (stats) ranges.push(stats.range);
    const [report, ...rest] = (await this.#reading(gpu.read(ranges))).map((b) => new Float32Array(b));
    const scalars = reduced ?? meanOfSum(sumLeaves(scalarLeaves(rest[0])), microBatches);
    return { scalars, report: stepReport(report), norms: stats?.read(rest[rest.length - 1]) };
  }

  #facts(step: number, rates: Rates, report: StepReport) {
    return {
      step: step + 1,
      epoch: Math.floor(step / this.parts.stepsPerEpoch),
      split: "train",
      lr: rates.head,
      lr_backbone: rates.backbone,
      grad_norm: report.norm,
      clipped: report.clipped,
      non_finite: report.nonFinite,
    } as const;
  }

  /** The runner's inputs of a batch of step `step`, where none was written yet. */
  async writeFirst(step: number): Promise<void> {
    const { runner } = this.parts;
    if (runner.isFresh) await runner.write(step, this.#group?.microBatches.first ?? 0);
  }

  /** Running statistics go back to the beginning of the step, which was refused. */
  undoState(): void {
    this.parts.accumulation.beforeMicroBatch();
  }

  destroy(): void {
    this.#reduce?.destroy();
    this.parts.runner.destroy();
    this.parts.stats?.destroy();
    this.parts.accumulation.destroy();
  }

  #isDebugged(step: number): boolean {
    return step < Math.min(DEBUG_BATCHES, this.parts.stepsPerEpoch);
  }

  #isViewed(step: number): boolean {
    return step % this.parts.config.run.sampleEvery === 0;
  }

  #isShown(step: number): boolean {
    return this.#isDebugged(step) || this.#isViewed(step) || this.parts.debug?.has("loss") === true;
  }

  /** What the network says of the batch that was run last. */
  async #look(batch: Batch): Promise<Shown> {
    const { plan, outputs, losses, focal } = this.parts.training;
    const [keypoints3d, keypoints2d, vertices, camera, loss] = await plan.read(
      outputs.keypoints3d,
      outputs.keypoints2d,
      outputs.vertices,
      outputs.camera,
      losses.loss_3d_joint,
    );
    return { keypoints3d, keypoints2d, vertices, camera, focal, batch, loss3dJoint: loss[0] };
  }

  #view(step: number, { batch, ...prediction }: Shown): SampleView | undefined {
    return this.#isViewed(step) ? sampleView(this.parts.model, batch, 0, prediction, "train", step + 1) : undefined;
  }

  #lines(step: number, { losses }: StepRecord, shown: Shown | undefined): string[] {
    const lines: string[] = [];
    const broken = LOSS_NAMES.filter((name) => !Number.isFinite(losses[name]));
    if (broken.length > 0) lines.push(`step ${step + 1}: not finite: ${broken.join(", ")}`);
    if (!shown) return lines;
    const { image, depth, joints3d } = shown.batch;
    const debug: DebugBatch = { image, depth, joints3d, predicted: shown.keypoints3d };
    if (this.#isDebugged(step)) lines.push(...debugBatch(step, debug));
    if (this.parts.debug?.has("loss")) lines.push(...debugLoss(debug, shown.loss3dJoint));
    return lines;
  }
}
