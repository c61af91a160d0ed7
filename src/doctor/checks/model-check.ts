import type { JointComparison, LossTerm, ModelEvidence, TermEvidence } from "../../train/model-evidence";
import type { Finding } from "../finding";

/** A check of what the probes of a network measured: one cause or nothing. */
export type ModelCheck = (evidence: ModelEvidence) => Finding | undefined;

/** Three digits that count: "0.0521", "17.3", "75200"; below 0.0005 "below 0.001", which is what such numbers are here. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && Math.abs(value) < 5e-4) return "below 0.001";
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

export const percent = (share: number): string => `${show(100 * share)} %`;

/** Where a sample is shown. */
export const inspectLink = (sample: string | undefined): string | undefined =>
  sample === undefined ? undefined : `#/inspect?sample=${sample}`;

/** Samples, and the page that shows the first of them. */
export const shownBy = ({ samples }: ModelEvidence): Pick<Finding, "samples" | "link"> => ({
  samples: samples.slice(0, 3),
  link: inspectLink(samples.at(0)),
});

/** Predictions are those of a hand and finite: else every comparison fails for that one reason, which has its own finding. */
export const isComparable = ({ prediction: { isZero, isDifferentiable, nonFinite } }: ModelEvidence): boolean =>
  !isZero && isDifferentiable && nonFinite === 0;

/** Mean distance of joints of one name. */
export const identityMm = ({ perJointMm }: JointComparison): number =>
  perJointMm.reduce((sum, x) => sum + x, 0) / perJointMm.length;

export const isIdentity = ({ assignment }: JointComparison): boolean => assignment.every((to, j) => to === j);

const FINGERS = ["thumb", "index", "middle", "ring", "pinky"];

/** "wrist", "middle 2", "pinky tip": joints 0 to 20 in the order of docs/model.md, counted from base to tip. */
export function jointName(joint: number): string {
  if (joint === 0) return "wrist";
  const place = (joint - 1) % 4;
  return `${FINGERS[Math.floor((joint - 1) / 4)]} ${place === 3 ? "tip" : place + 1}`;
}

/** Joints 4, 8, 12, 16, 20. */
export const isTip = (joint: number): boolean => joint > 0 && joint % 4 === 0;

export const termOf = ({ losses }: ModelEvidence, name: LossTerm): TermEvidence | undefined =>
  losses.terms.find(({ term }) => term === name);

/** "loss_2d 84 times, loss_3d_joint 126000 times" of what the formula gives. */
export const ratios = (terms: readonly TermEvidence[]): string =>
  terms.map(({ term, found, expected }) => `${term} ${show(found / expected)} times`).join(", ");

export const termEvidence = (terms: readonly TermEvidence[], n: number): Finding["evidence"] =>
  terms.map(({ term, found, expected }) => ({
    what: `${term} of the training step, against its formula on the same predictions`,
    found,
    expected: show(expected),
    n,
  }));
