/** What is known of an evaluated sample, as one row of numbers that ranks can share. */
import { METRIC_NAMES, type SampleMetrics } from "../metrics/judge";
import type { Modality, Scores, Verdict } from "../metrics/sample-scores";
import type { LossName } from "./events";
import { LOSS_NAMES } from "./recording-io";

/** Unweighted terms of the loss. */
export const TERMS: readonly LossName[] = LOSS_NAMES.filter((name) => name !== "total_loss");

/** One sample, judged once for each way in which it was shown. */
export interface ScoreRow {
  readonly given: Verdict;
  /** Undefined where the sample has no depth image or was not shown without it. */
  readonly withoutDepth: Verdict | undefined;
  /** By name of the term. */
  readonly terms: Readonly<Record<string, number>>;
}

const JOINTS = 21;
/** A word that says which metrics have a value, and their values. */
const METRICS_COLUMNS = 1 + METRIC_NAMES.length;
const VERDICT_COLUMNS = 1 + 3 * METRICS_COLUMNS + 2 * JOINTS;

/** Numbers of a row: flags, terms, and the verdict of each way of showing. */
export const SCORE_COLUMNS = 1 + TERMS.length + 2 * VERDICT_COLUMNS;

/** Flags of the sample, and of a verdict. What has no value is flagged; its column holds 0, which is not looked at. */
const HAS_DEPTH = 1;
const HAS_SECOND = 2;
const NON_FINITE = 1;
const IS_SCORED = 2;
const COLLAPSED = 4;
const MIRRORED = 8;
const HAS_MEAN_POSE = 16;

/** A row, [SCORE_COLUMNS], for a table of float64: every number keeps its bits. Throws when joints are not 21. */
export function scoreRow({ given, withoutDepth, terms }: ScoreRow): Float64Array {
  const row = new Float64Array(SCORE_COLUMNS);
  row[0] = (given.place.modality === "RGB-D" ? HAS_DEPTH : 0) | (withoutDepth ? HAS_SECOND : 0);
  row.set(
    TERMS.map((name) => terms[name]),
    1,
  );
  writeVerdict(row, 1 + TERMS.length, given);
  if (withoutDepth) writeVerdict(row, 1 + TERMS.length + VERDICT_COLUMNS, withoutDepth);
  return row;
}

/** What `scoreRow` was given; id and sequence are those of the row's place. */
export function readScoreRow(row: ArrayLike<number>, id: string, sequence: string): ScoreRow {
  const verdict = (second: boolean, modality: Modality): Verdict => {
    const at = 1 + TERMS.length + (second ? VERDICT_COLUMNS : 0);
    return {
      place: { id, modality, sequence },
      nonFinite: (row[at] & NON_FINITE) !== 0,
      scores: (row[at] & IS_SCORED) !== 0 ? readScores(row, at) : undefined,
    };
  };
  return {
    given: verdict(false, (row[0] & HAS_DEPTH) !== 0 ? "RGB-D" : "RGB"),
    withoutDepth: (row[0] & HAS_SECOND) !== 0 ? verdict(true, "RGB") : undefined,
    terms: Object.fromEntries(TERMS.map((name, i) => [name, row[1 + i]])),
  };
}

function writeVerdict(row: Float64Array, at: number, { place, nonFinite, scores }: Verdict): void {
  row[at] = nonFinite ? NON_FINITE : 0;
  if (!scores) return;
  const { metrics, zeroPose, meanPose, jointErrorsMm, alignedJointErrorsMm, collapsed, mirrored } = scores;
  if (jointErrorsMm.length !== JOINTS || alignedJointErrorsMm.length !== JOINTS)
    throw new Error(`sample ${place.id}: errors of ${jointErrorsMm.length} joints, expected ${JOINTS}`);
  row[at] |= IS_SCORED | (collapsed ? COLLAPSED : 0) | (mirrored ? MIRRORED : 0) | (meanPose ? HAS_MEAN_POSE : 0);
  for (const [i, each] of [metrics, zeroPose, meanPose ?? {}].entries())
    writeMetrics(row, at + 1 + i * METRICS_COLUMNS, each);
  row.set(jointErrorsMm, at + 1 + 3 * METRICS_COLUMNS);
  row.set(alignedJointErrorsMm, at + 1 + 3 * METRICS_COLUMNS + JOINTS);
}

function readScores(row: ArrayLike<number>, at: number): Scores {
  const metrics = (i: number): SampleMetrics => readMetrics(row, at + 1 + i * METRICS_COLUMNS);
  const errors = (i: number): number[] =>
    Array.from({ length: JOINTS }, (_, joint) => row[at + 1 + 3 * METRICS_COLUMNS + i * JOINTS + joint]);
  return {
    metrics: metrics(0),
    zeroPose: metrics(1),
    meanPose: (row[at] & HAS_MEAN_POSE) !== 0 ? metrics(2) : undefined,
    jointErrorsMm: errors(0),
    alignedJointErrorsMm: errors(1),
    collapsed: (row[at] & COLLAPSED) !== 0,
    mirrored: (row[at] & MIRRORED) !== 0,
  };
}

function writeMetrics(row: Float64Array, at: number, metrics: SampleMetrics): void {
  for (const [i, name] of METRIC_NAMES.entries()) {
    const value = metrics[name];
    if (value === undefined) continue;
    row[at] |= 1 << i;
    row[at + 1 + i] = value;
  }
}

const readMetrics = (row: ArrayLike<number>, at: number): SampleMetrics =>
  Object.fromEntries(METRIC_NAMES.flatMap((name, i) => ((row[at] & (1 << i)) !== 0 ? [[name, row[at + 1 + i]]] : [])));
