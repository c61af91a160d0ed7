/** Evidence about the data, before the first step: samples, split, order and counts, through the loaders that train. No GPU. */
import { isMano } from "../../data/adapter";
import { jointsOnly } from "../../data/labels";
import type { Loader } from "../../data/loader";
import { recordingOf, sequenceOf } from "../../data/split";
import { quantile } from "../../data/summary/histogram";
import type { HandModel, ImportReport } from "../../data/types";
import type { CountEvidence, DataEvidence, DataSampleEvidence, EpochEvidence, SplitEvidence } from "../evidence";
import { augmentationEvidence, frameEvidence, testFrameEvidence } from "./frame-evidence";
import { type SampleShape, sampleEvidence } from "./sample-evidence";

/** A run's loaders, as `prepareData` makes them, and its hand. */
export interface DataParts {
  readonly train: Loader;
  readonly trainPlain: Loader;
  readonly val: Loader;
  readonly hand: HandModel;
}

/**
 * Samples that are looked at: a fault of a quarter of them is missed once in 10,000 times (0.75^32). More cost time before the
 * first step; two batches of 16 are these.
 */
const PROBE_SAMPLES = 32;
/** Ids that are named as examples. */
const EXAMPLES = 8;

/**
 * Looks at the first samples of training, plain and augmented, and at all names. `depthCube`: side of the depth cube, metres.
 * Throws DataError as the loaders do.
 */
export async function dataEvidence(
  parts: DataParts,
  { depthCube, samples = PROBE_SAMPLES }: { readonly depthCube: number; readonly samples?: number },
): Promise<DataEvidence> {
  const { train, trainPlain, val, hand } = parts;
  const { report, name } = train.set;
  const shape = { ...train.shape, depthCube };
  const joints = jointsOnly(hand);
  const places = firstSamples(train, samples);
  return {
    set: name,
    hand: hand.name,
    handIsMano: isMano(hand),
    ...shape,
    samples: await Promise.all(places.map(({ id, epoch }) => lookAt(parts, id, epoch, shape, joints))),
    testFrame: await testFrameEvidence(trainPlain, shape),
    split: splitEvidence(train.ids, val.ids),
    epoch: epochEvidence(train),
    kept: report.kept,
    dropped: counts(report.dropped),
    notes: counts(report.notes),
  };
}

/** The first `count` samples in training's order, over several epochs where one has fewer: each is augmented anew in each. */
function firstSamples(train: Loader, count: number): { readonly id: string; readonly epoch: number }[] {
  const out: { id: string; epoch: number }[] = [];
  for (let epoch = 0; out.length < count; epoch++) {
    for (let index = 0; index < train.batchesPerEpoch && out.length < count; index++) {
      for (const id of train.idsOf(epoch, index)) if (out.length < count) out.push({ id, epoch });
    }
  }
  return out;
}

async function lookAt(
  { train, trainPlain }: DataParts,
  id: string,
  epoch: number,
  shape: SampleShape,
  hand: HandModel,
): Promise<DataSampleEvidence> {
  const record = await train.set.read(id);
  const [plain, augmented] = await Promise.all([trainPlain.sampleOf(record, epoch), train.sampleOf(record, epoch)]);
  const [of, ofAugmented] = [plain, augmented].map((sample) => sampleEvidence(record, sample, shape, hand));
  return {
    id,
    frame: frameEvidence(record),
    plain: of,
    augmented: ofAugmented,
    augmentation: augmentationEvidence(
      record,
      { sample: plain, evidence: of },
      { sample: augmented, evidence: ofAugmented },
    ),
  };
}

/** Number at the end of an id, "SYA0/0003" is frame 3. */
const numberOf = (id: string): number => Number(/(\d+)$/.exec(id)?.[1] ?? Number.NaN);

/** What training and validation share. Names decide, as they do for `splitIds`. */
export function splitEvidence(train: readonly string[], validation: readonly string[]): SplitEvidence {
  const trained = new Set(train);
  const numbers = new Map<string, number[]>();
  for (const id of train) {
    const sequence = sequenceOf(id);
    const known = numbers.get(sequence);
    if (known) known.push(numberOf(id));
    else numbers.set(sequence, [numberOf(id)]);
  }
  const recordings = new Set([...numbers.keys()].map(recordingOf));
  const sequencesOf = new Set(validation.map(sequenceOf));
  const recordingsOf = new Set([...sequencesOf].map(recordingOf));
  const sharing = validation.filter((id) => recordings.has(recordingOf(sequenceOf(id))));
  return {
    train: train.length,
    validation: validation.length,
    sharedFrames: validation.filter((id) => trained.has(id)).length,
    sharedSequences: [...sequencesOf].filter((each) => numbers.has(each)).length,
    validationSequences: sequencesOf.size,
    sharedRecordings: [...recordingsOf].filter((each) => recordings.has(each)).length,
    validationRecordings: recordingsOf.size,
    examples: sharing.slice(0, EXAMPLES),
    nearestFrames: nearestFrames(validation, numbers),
    repeatedValidation: validation.length - new Set(validation).size,
  };
}

function nearestFrames(validation: readonly string[], numbers: ReadonlyMap<string, number[]>): number | undefined {
  const sorted = new Map([...numbers].map(([key, all]) => [key, Float64Array.from(all).sort()]));
  const distances: number[] = [];
  for (const id of validation) {
    const all = sorted.get(sequenceOf(id));
    const at = numberOf(id);
    if (all === undefined || Number.isNaN(at)) continue;
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle] < at) low = middle + 1;
      else high = middle;
    }
    const beside = [all[low - 1], all[low]].filter((value) => value !== undefined);
    distances.push(Math.min(...beside.map((value) => Math.abs(value - at))));
  }
  if (distances.length === 0) return undefined;
  return quantile(
    distances.sort((a, b) => a - b),
    0.5,
  );
}

function epochEvidence(train: Loader): EpochEvidence {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  let samples = 0;
  for (let index = 0; index < train.batchesPerEpoch; index++) {
    for (const id of train.idsOf(0, index)) {
      samples++;
      if (seen.has(id)) repeated.add(id);
      seen.add(id);
    }
  }
  return {
    samples,
    unique: seen.size,
    left: train.ids.length - samples,
    repeated: [...repeated].slice(0, EXAMPLES),
  };
}

function counts(report: ImportReport["dropped"]): CountEvidence[] {
  return [...report].map(([reason, { count, example }]) => ({ reason, count, example }));
}
