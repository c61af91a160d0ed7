import { breakdownsOf, found, sinceOf } from "../log/hand";
import { type Breakdown, type Point, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** Digits that a single loss needs: of 24 epochs with four, two are alike by chance. */
const ENOUGH_DIGITS = 7;
const digitsOf = (value: number): number => String(Math.abs(value)).replace(/e.*|\D|^0[.]?0*/g, "").length;

/** Losses of two epochs that are the same to the last digit. */
export const repeatedLosses: LogCheck = (run) => {
  const bySignature = new Map<string, Breakdown>();
  let pair: readonly [Breakdown, Breakdown] | undefined;
  let count = 0;
  for (const each of breakdownsOf(run)) {
    const values = Object.values(each.terms).filter((value) => value !== 0 && Number.isFinite(value));
    if (values.length < 2 || !Number.isFinite(each.total)) continue;
    if ([each.total, ...values].reduce((sum, value) => sum + digitsOf(value), 0) < 2 * ENOUGH_DIGITS) continue;
    const signature = JSON.stringify([each.total, ...values]);
    const known = bySignature.get(signature);
    // The same step twice is one that was done again after a fault.
    if (!known) bySignature.set(signature, each);
    else if (known.step !== each.step && known.epoch !== each.epoch) {
      pair ??= [known, each];
      count++;
    }
  }
  const epochs = sameEpochs(seriesOf(run, "epoch_loss")?.points ?? []);
  if (!pair && !epochs) return [];
  const [a, b] = pair ?? epochs!;
  const what = pair
    ? `All loss terms of lines ${a.line} and ${b.line} are the same to the last digit`
    : `The training losses of lines ${a.line} and ${b.line} are both ${epochs![0].value}`;
  return [
    found({
      id: "losses-repeated",
      severity: "serious",
      certainty: "certain",
      title: "Two epochs have identical losses",
      sentence: `${what}${a.epoch !== undefined ? ` (epochs ${a.epoch} and ${b.epoch})` : ""}: with changing weights and shuffled, augmented batches that does not happen.`,
      evidence: [{ what: "identical losses of different epochs", found: pair ? count : 1, expected: "0" }],
      causes: [
        "the weights do not change, and neither shuffling nor augmentation is on",
        "the prediction does not depend on weights or input: no hand model, zeros",
        "the lines were copied",
      ],
      remedy:
        "Compare the weights before and after a step; check sampler.set_epoch(epoch) and the augmentation's seed (train.py train_epoch). Here the order is a function of seed and epoch, and the update's norm is logged.",
      since: sinceOf(b),
    }),
  ];
};

function sameEpochs(points: readonly Point[]): readonly [Point, Point] | undefined {
  const known = new Map<number, Point>();
  for (const point of points) {
    if (!Number.isFinite(point.value) || digitsOf(point.value) < ENOUGH_DIGITS) continue;
    const other = known.get(point.value);
    if (other && other.epoch !== point.epoch) return [other, point];
    known.set(point.value, point);
  }
  return undefined;
}
