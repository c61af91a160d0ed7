/** What the checks of the data share: their type, and numbers as text. */
import { quantile } from "../../data/summary/histogram";
import type { DataEvidence, DataSampleEvidence } from "../../train/evidence";
import type { Finding } from "../finding";

/** One check of the data, before the first step. Pure; undefined where there is nothing to say. */
export type DataCheck = (evidence: DataEvidence) => Finding | undefined;

/** Samples that a finding names at most. */
const NAMED = 8;
/** Degrees from which a crop counts as turned: any fault of a turn is then far above rounding. */
const TURNED_DEGREES = 1;
/** Distance between MANO and joints that nothing explains but a fault, mm: readers leave 0.1 mm, float32 0.001 mm. */
export const MANO_GAP_MM = 1;
/** Another reading of the parameters explains such a gap when it leaves less than this, mm. */
export const MANO_EXPLAINED_MM = 1;

export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
export const of = (part: number, all: number): string => `${part} of ${all}`;
/** Three digits; what is below a thousandth is "0.000": no unit here has a use for it. */
export const round = (value: number, digits = 3): string =>
  value !== 0 && Math.abs(value) < 0.0005 ? "0.000" : String(Number(value.toPrecision(digits)));

/** Middle of the values, NaN of none. */
export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

/** Ids without repetition, as a finding names them, and the link that opens the first in the inspector. */
export function shownBy(samples: readonly { readonly id: string }[]): Pick<Finding, "samples" | "link"> {
  const ids = [...new Set(samples.map(({ id }) => id))].slice(0, NAMED);
  return { samples: ids, ...(ids.length > 0 && { link: `#/inspect?sample=${encodeURI(ids[0])}` }) };
}

/** Angle in (-180, 180]. */
export const wrapped = (degrees: number): number => degrees - 360 * Math.ceil((degrees - 180) / 360);

/** Samples whose crop is turned and whose labels have a turn of their own. */
function turnedSamples(
  samples: readonly DataSampleEvidence[],
  turn: "jointsDegrees" | "poseDegrees",
): { readonly sample: DataSampleEvidence; readonly crop: number; readonly label: number }[] {
  return samples.flatMap((sample) => {
    const crop = wrapped(sample.augmentation.cropDegrees);
    const label = sample.augmentation[turn];
    return label === undefined || Math.abs(crop) < TURNED_DEGREES ? [] : [{ sample, crop, label: wrapped(label) }];
  });
}

/** Degrees by which a label's turn may miss the crop's: float32 leaves 1e-4. */
const SAME_TURN = 0.1;

interface WrongTurns {
  /** Turned samples, and those whose labels turned otherwise. */
  readonly turned: number;
  readonly wrong: readonly { readonly sample: DataSampleEvidence; readonly crop: number; readonly label: number }[];
  /** How most of the wrong ones behave. */
  readonly kind: "stays" | "opposite" | "other";
}

/** Whether labels turn with their crop; undefined where they all do, or none is turned. */
export function wrongTurns(
  samples: readonly DataSampleEvidence[],
  turn: "jointsDegrees" | "poseDegrees",
): WrongTurns | undefined {
  const turned = turnedSamples(samples, turn);
  const wrong = turned.filter(({ crop, label }) => Math.abs(wrapped(label - crop)) > SAME_TURN);
  if (wrong.length === 0) return undefined;
  const stays = wrong.filter(({ label }) => Math.abs(label) <= SAME_TURN).length;
  const opposite = wrong.filter(({ crop, label }) => Math.abs(wrapped(label + crop)) <= SAME_TURN).length;
  const kind = 2 * stays > wrong.length ? "stays" : 2 * opposite > wrong.length ? "opposite" : "other";
  const order = [...wrong].sort((a, b) => Math.abs(b.crop) - Math.abs(a.crop));
  return { turned: turned.length, wrong: order, kind };
}

/** Samples whose MANO joints miss the labelled ones where the crop is as it was imported, the worst first. */
export function manoMisses(
  samples: readonly DataSampleEvidence[],
): { readonly id: string; readonly mano: NonNullable<DataSampleEvidence["plain"]["mano"]> }[] {
  return samples
    .flatMap(({ id, plain: { mano } }) => (mano !== undefined && mano.gapMm > MANO_GAP_MM ? [{ id, mano }] : []))
    .sort((a, b) => b.mano.gapMm - a.mano.gapMm);
}
