/**
 * What a data set is, before anything is trained on it: cameras, split, distributions, health. Computed from records that
 * are spread over all sequences, so that a hundred gigabytes need not be read; everything here is plain data that a worker
 * can post and JSON can hold.
 */
import { isMano } from "./adapter";
import type { CropSet } from "./crop-set";
import { recordingOf, sequenceOf } from "./split";
import { type HealthCheck, type HealthContext, healthChecks } from "./summary/health";
import { type Histogram, histogram } from "./summary/histogram";
import { measureRecord, type RecordFacts } from "./summary/measure";
import {
  type CameraSummary,
  cameraSummary,
  type JointVisibility,
  jointVisibility,
  type PoseRange,
  poseRange,
  type SequenceSummary,
  type SplitOptions,
  type SplitSummary,
  splitSummary,
} from "./summary/overview";
import { spreadIds } from "./summary/selection";
import type { HandModel } from "./types";

export type { HealthCheck, Verdict } from "./summary/health";
export type { Histogram } from "./summary/histogram";
export { summaryLines } from "./summary/lines";
export type { JointState } from "./summary/measure";
export type { JointVisibility, PoseRange, SequenceSummary, SplitSummary } from "./summary/overview";
export { spreadIds } from "./summary/selection";

/** The few numbers of a frame that was looked at, for sorting a contact sheet. */
export interface LookedAt {
  readonly id: string;
  readonly wristDepthMm: number;
  readonly handSizePx: number | undefined;
  /** Share of its depth readings that are farther than 60 mm from their joint; undefined without readings. */
  readonly depthOff: number | undefined;
  /** Share of its joints outside of the picture or hidden. */
  readonly unseen: number;
  /** Sum of its finger joints' angles, degrees; undefined without MANO parameters. */
  readonly bent: number | undefined;
}

/** A data set in numbers. Plain data. */
export interface DataSummary {
  readonly name: string;
  readonly frames: number;
  readonly recordings: number;
  readonly sequences: readonly SequenceSummary[];
  /** The frames that distributions, cameras and checks are about. */
  readonly looked: readonly LookedAt[];
  readonly camera: CameraSummary;
  readonly split: SplitSummary;
  readonly histograms: readonly Histogram[];
  readonly visibility: readonly JointVisibility[];
  readonly pose: readonly PoseRange[];
  readonly checks: readonly HealthCheck[];
}

/** What a summary needs besides the records. */
export interface SummaryOptions {
  /** Records to look at, 400 unless given. */
  readonly look?: number;
  /** The hand that the annotated parameters belong to; without it they are not compared with the joints. */
  readonly hand?: HandModel;
  /** Tip vertices of the data set; the hand's own unless given. */
  readonly tips?: readonly number[];
  readonly known?: HealthContext["known"];
  readonly isPart?: boolean;
  /** The split that training will use. */
  readonly split?: SplitOptions;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

const LOOK = 400;

/**
 * Reads records spread over the whole set and computes its summary. Throws what reading a record throws, RangeError for an
 * empty set, and the signal's reason.
 */
export async function summarise(crops: CropSet, options: SummaryOptions = {}): Promise<DataSummary> {
  const { look = LOOK, hand, tips, onProgress, signal } = options;
  const wanted = spreadIds([...new Set(crops.ids)], look);
  const facts: RecordFacts[] = [];
  for (const [done, id] of wanted.entries()) {
    signal?.throwIfAborted();
    facts.push(measureRecord(await crops.read(id), hand, tips));
    onProgress?.(done + 1, wanted.length);
  }
  return summaryOf(crops, facts, options);
}

/** The summary of records that have been measured already. Throws RangeError when there is none. */
export function summaryOf(
  crops: Pick<CropSet, "name" | "ids" | "report">,
  facts: readonly RecordFacts[],
  { hand, known, isPart, split }: SummaryOptions = {},
): DataSummary {
  if (facts.length === 0) throw new RangeError(`${crops.name}: a summary of 0 frames, expected at least 1`);
  const recordings = new Map(facts.map(({ id, recording }) => [sequenceOf(id), recording]));
  const nameOf = (sequence: string): string => recordings.get(sequence) ?? recordingOf(sequence);
  const { split: sides, sequences } = splitSummary(crops.ids, nameOf, split);
  const context: HealthContext = {
    ids: crops.ids,
    report: crops.report,
    known,
    isPart,
    hand: hand && { name: hand.name, isMano: isMano(hand) },
  };
  return {
    name: crops.name,
    frames: crops.ids.length,
    recordings: new Set(sequences.map(({ recording }) => recording)).size,
    sequences,
    looked: facts.map(lookedAt),
    camera: cameraSummary(facts),
    split: sides,
    histograms: histogramsOf(facts),
    visibility: jointVisibility(facts),
    pose: poseRange(facts),
    checks: healthChecks(facts, context),
  };
}

function lookedAt({ id, wristDepthMm, handSizePx, depthOffsetsMm, states, anglesDegrees }: RecordFacts): LookedAt {
  const readings = [...depthOffsetsMm].filter(Number.isFinite);
  return {
    id,
    wristDepthMm,
    handSizePx,
    depthOff: readings.length === 0 ? undefined : readings.filter((mm) => Math.abs(mm) > 60).length / readings.length,
    unseen: states.filter((state) => state === "hidden" || state === "outside").length / states.length,
    bent: anglesDegrees?.reduce((sum, angle) => sum + angle, 0),
  };
}

function histogramsOf(facts: readonly RecordFacts[]): Histogram[] {
  // A misplaced reading is metres off; beyond 150 mm only its number matters, and the checks say it.
  const nearby = facts.flatMap(({ depthOffsetsMm }) => [...depthOffsetsMm].filter((mm) => Math.abs(mm) <= 150));
  return [
    histogram(
      "Distance of the wrist",
      "mm",
      facts.map(({ wristDepthMm }) => wristDepthMm),
    ),
    histogram(
      "Hand length",
      "mm",
      facts.map(({ handSizeMm }) => handSizeMm),
    ),
    histogram(
      "Hand in the image",
      "px",
      facts.map(({ handSizePx }) => handSizePx),
    ),
    histogram("Depth minus joint", "mm", nearby),
  ].filter((each) => each !== undefined);
}
