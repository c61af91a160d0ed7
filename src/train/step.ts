/** One optimiser step: micro-batches, their mean, the update, and what is told of it. */
import type { Config } from "../config";
import type { Batch } from "../data/batch";
import type { Loader } from "../data/loader";
import type { Gpu } from "../gpu/gpu";
import type { UTNet } from "../model/utnet";
import { type AdamW, type Rates, type StepReport, stepReport } from "../optim/adamw";
import { type DebugBatch, debugBatch, debugLoss } from "./debug";
import { dropPathMasks } from "./drop-path";
import type { LossName, SampleView, StepRecord } from "./events";
import type { StepTimes } from "./ranks";
import type { Recording } from "./record";
import { LOSS_NAMES, writeBatch } from "./recording-io";
import { type Prediction, sampleView } from "./sample-view";

const DEBUG_BATCHES = 3;

export interface StepParts {
  readonly config: Config;
  readonly gpu: Gpu;
  readonly train: Loader;
  readonly clock: { now(): number };
  readonly debug?: ReadonlySet<"batch" | "loss">;
}

/** What one step said. */
export interface StepOutcome {
  readonly record: StepRecord;
  readonly lines: readonly string[];
  /** The first sample of micro-batch 0, in the steps that show one. */
  readonly view: SampleView | undefined;
  readonly times: StepTimes;
}

/** Predictions and losses of micro-batch 0, read for people. */
interface Shown extends Prediction {
  readonly batch: Batch;
  readonly loss3dJoint: number;
}

/** Makes steps of one network on one device. */
export class Stepper {
  /** No input was written yet. */
  isFresh = true;

  constructor(
    private readonly parts: StepParts,
    private readonly model: UTNet,
    private readonly optimizer: AdamW,
    private readonly training: Recording,
    private readonly stepsPerEpoch: number,
  ) {}

  /** Writes the inputs and drop-path masks of a batch of step `step`. */
  async write(step: number): Promise<Batch> {
    const { train, config } = this.parts;
    const { plan, inputs } = this.training;
    const epoch = Math.floor(step / this.stepsPerEpoch);
    const batch = await train.batch(epoch, step % this.stepsPerEpoch);
    writeBatch(this.training, batch);
    const { dropPath = [] } = inputs;
    const masks = dropPathMasks(this.model.shape, dropPath.length, batch, config.run.seed, epoch);
    for (const [i, mask] of dropPath.entries()) plan.write(mask, masks[i]);
    this.isFresh = false;
    return batch;
  }

  /** Step `step`, counted from 0, with the weights as they are. */
  async run(step: number, rates: Rates): Promise<StepOutcome> {
    const { clock, gpu } = this.parts;
    const { plan } = this.training;
    const asked = clock.now();
    const batch = await this.write(step);
    const started = clock.now();
    plan.run();
    const shown = this.#isShown(step) ? await this.#read(batch) : undefined;
    this.optimizer.step(rates);
    const submitted = clock.now();
    const { losses, outputs } = this.training;
    const scalars = [...LOSS_NAMES.map((name) => losses[name]), outputs.inMapShare];
    const ranges = scalars.map((t) => ({ ...plan.range(t), sizeBytes: 4 }));
    const bytes = await gpu.read([...ranges, { ...this.optimizer.report, sizeBytes: 16 }]);
    const values = bytes.map((b) => new Float32Array(b));
    const ended = clock.now();
    const report = stepReport(values[scalars.length]);
    const record: StepRecord = {
      ...this.#facts(step, rates, report),
      losses: Object.fromEntries(LOSS_NAMES.map((name, i) => [name, values[i][0]])) as Record<LossName, number>,
      samples: batch.ids.length,
      in_map_share: values[LOSS_NAMES.length][0],
      ms: ended - started,
      host_ms: plan.hostMs + this.optimizer.plan.hostMs,
      ranks: 1,
    };
    const times = {
      ...{ dataMs: started - asked, computeMs: submitted - started, readMs: 0, reduceMs: 0, waitMs: 0 },
      updateMs: ended - submitted,
    };
    return { record, lines: this.#lines(step, record, shown), view: shown && this.#view(step, shown), times };
  }

  #facts(step: number, rates: Rates, report: StepReport) {
    return {
      step: step + 1,
      epoch: Math.floor(step / this.stepsPerEpoch),
      split: "train",
      lr: rates.head,
      lr_backbone: rates.backbone,
      grad_norm: report.norm,
      clipped: report.clipped,
      non_finite: report.nonFinite,
    } as const;
  }

  #isDebugged(step: number): boolean {
    return step < Math.min(DEBUG_BATCHES, this.stepsPerEpoch);
  }

  #isViewed(step: number): boolean {
    return step % this.parts.config.run.sampleEvery === 0;
  }

  #isShown(step: number): boolean {
    return this.#isDebugged(step) || this.#isViewed(step) || this.parts.debug?.has("loss") === true;
  }

  /** What the network says of the batch that was run last. */
  async #read(batch: Batch): Promise<Shown> {
    const { plan, outputs, losses } = this.training;
    const [keypoints3d, keypoints2d, vertices, camera, loss] = await plan.read(
      outputs.keypoints3d,
      outputs.keypoints2d,
      outputs.vertices,
      outputs.camera,
      losses.loss_3d_joint,
    );
    return { keypoints3d, keypoints2d, vertices, camera, batch, loss3dJoint: loss[0] };
  }

  #view(step: number, { batch, ...prediction }: Shown): SampleView | undefined {
    return this.#isViewed(step) ? sampleView(this.model, batch, 0, prediction, "train", step + 1) : undefined;
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
