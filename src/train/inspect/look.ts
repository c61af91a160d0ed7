/** One sample with all that the network makes of it. */
import { type Batch, makeBatch } from "../../data/batch";
import type { CropRecord, Sample } from "../../data/types";
import { debugBatch, debugLoss } from "../debug";
import { greyOf } from "../sample-view";
import type { Trainer } from "../trainer";
import { filmedFrame } from "./frame";
import { readGradients } from "./gradients";
import { predictedHand, trueHand } from "./hands";
import { type Numbered, numbersOf } from "./numbers";
import { pictureOf } from "./pictures";
import type { GradientRecording, LookRecording } from "./recording";
import { readStages, type StagesView } from "./stages";
import { augmentSteps } from "./steps";
import type { AugmentStep, FilmedFrame, Gradients, LookRequest, LookView } from "./types";
import { changeTruth, moveBox, shownOf } from "./what-if";

/** A sample as it will be shown; needs no GPU. */
export interface Prepared {
  readonly request: LookRequest;
  readonly record: CropRecord;
  readonly sample: Sample;
  readonly batch: Batch;
  readonly shown: Batch;
  /** The same without the what-if, where there is one. */
  readonly plain: Batch | undefined;
  readonly steps: readonly AugmentStep[];
  readonly frame: FilmedFrame | string | undefined;
}

/** What the GPU says of a prepared sample. */
export interface Looked {
  readonly step: number;
  readonly numbered: Numbered;
  readonly plain: Numbered | undefined;
  readonly camera: Float32Array; // [1, 3]
  readonly keypoints2d: Float32Array; // [1, 21, 2]
  readonly stages: StagesView;
  readonly gradients: Gradients | undefined;
}

/**
 * Throws a sentence when there is no such sample, or it is asked for what it cannot be shown as; what `signal` was aborted with
 * between two parts.
 */
export async function prepareLook(trainer: Trainer, request: LookRequest, signal: AbortSignal): Promise<Prepared> {
  const { split, index, epoch, whatIf = {} } = request;
  const { height, width } = trainer.model.shape;
  const { parts } = trainer;
  if (epoch !== undefined && (split === "val" || !(Number.isInteger(epoch) && epoch >= 0)))
    throw new Error(`look: epoch ${epoch} of ${split}, expected a whole number from 0 on, of training samples only`);
  if (request.steps && epoch === undefined) throw new Error("look: augmentation steps need an epoch, found none");
  const loader = split === "val" ? parts.val : epoch === undefined ? parts.trainPlain : parts.train;
  requirePlace(split, index, parts[split].ids.length);
  const found = await loader.set.read(parts[split].ids[index]);
  const record = moveBox(found, whatIf, height);
  const of = (each: CropRecord): Promise<Sample> => {
    signal.throwIfAborted();
    return loader.sampleOf(each, epoch ?? 0);
  };
  const sample = changeTruth(await of(record), whatIf);
  const batch = makeBatch([sample], 1);
  const { augment } = parts.train;
  return {
    ...{ request, record, sample, batch },
    shown: shownOf(batch, whatIf),
    plain: request.whatIf && makeBatch([await of(found)], 1),
    steps:
      request.steps && augment
        ? await augmentSteps(record, {
            ...{ height, width, augment },
            make: (each) => {
              signal.throwIfAborted();
              return loader.sampleOf(record, epoch!, each);
            },
          })
        : [],
    frame: request.frame ? await filmedFrame({ frames: parts.frames, record, sample, height, width }) : undefined,
  };
}

/** Throws a sentence when a split has no place `index`. */
export function requirePlace(split: string, index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new Error(`inspect: sample ${index} of ${split}, expected 0 to ${count - 1}`);
}

/** Runs the network with the weights as they are; nobody else may use its buffers meanwhile. Ends between two parts as `signal` says. */
export async function runLook(
  trainer: Trainer,
  recording: LookRecording,
  gradients: GradientRecording | undefined,
  { request, batch, shown, plain }: Prepared,
  signal: AbortSignal,
): Promise<Omit<Looked, "step">> {
  const { loss } = trainer.parts.config;
  // First, for what the recording keeps is read afterwards.
  const without = plain && (await numbersOf(recording, plain, plain, loss));
  signal.throwIfAborted();
  const numbered = await numbersOf(recording, batch, shown, loss);
  signal.throwIfAborted();
  const stages = await readStages(recording, trainer.model.shape, request);
  const { outputs, plan } = recording;
  const [camera, keypoints2d] = await plan.read(outputs.camera, outputs.keypoints2d);
  // From here on it ends by itself: a backward pass that is left half-way would leave gradients behind.
  signal.throwIfAborted();
  const made = gradients && (await readGradients(gradients, trainer, shown));
  return { numbered, plain: without, camera, keypoints2d, stages, gradients: made };
}

/** What a page is shown. */
export function lookView(trainer: Trainer, prepared: Prepared, looked: Looked): LookView {
  const { request, record, sample, batch, shown, steps, frame } = prepared;
  const { numbered, plain, camera, keypoints2d, stages, gradients, step } = looked;
  const { refined, coarse, numbers } = numbered;
  const { height, width } = trainer.model.shape;
  const shape = { height, width };
  const focal = trainer.evaluation.focal ?? batch.focal[0];
  const debug = { image: shown.image, depth: shown.depth, joints3d: batch.joints3d, predicted: refined.joints };
  const loss = numbers.losses.find(({ name }) => name === "loss_3d_joint")!;
  return {
    ...{ split: request.split, index: request.index, id: record.id, sequence: record.sequence },
    ...{ step, epoch: request.epoch, width, height, ...numbers },
    crop: pictureOf(shown.image, width, height),
    depth: shown.hasDepth[0] === 1 ? greyOf(shown.depth) : undefined,
    ...{ focal, trueFocal: batch.focal[0], principal: [sample.principal[0], sample.principal[1]] },
    truth: trueHand(sample, refined, shape),
    coarse: predictedHand(coarse, camera, focal, shape),
    refined: predictedHand(refined, camera, focal, shape, keypoints2d),
    faces: trainer.model.hand.faces,
    ...stages,
    ...{ gradients, steps, frame, plain: plain?.numbers },
    debugLines: [...debugBatch(request.index, debug), ...debugLoss(debug, loss.value)],
  };
}
