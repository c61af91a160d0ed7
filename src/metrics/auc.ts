import { mean } from "./points";

/** HO-3D's curve: 100 thresholds from 0 to 50 mm, both included. */
const AUC_THRESHOLDS = 100;
const AUC_LARGEST_MM = 50;

/**
 * Area under the PCK curve (share of errors <= threshold) over 0 to 50 mm by the trapezoidal rule, divided by 50 mm: 0 to 1.
 * HO-3D's eval.py, EvalUtil.get_measures. The area is a mean over errors, so a set of samples has the mean of their areas.
 */
export function auc(errorsMm: ArrayLike<number>): number {
  return mean("AUC", Float64Array.from(errorsMm, areaOfOne));
}

/** HO-3D's thresholds, mm, [100]. */
export const PCK_THRESHOLDS_MM: readonly number[] = Array.from(
  { length: AUC_THRESHOLDS },
  (_, k) => (k * AUC_LARGEST_MM) / (AUC_THRESHOLDS - 1),
);

/** Share of errors <= each of HO-3D's thresholds, [100]: the curve that `auc` measures. Throws when there is no error. */
export function pckCurve(errorsMm: ArrayLike<number>): number[] {
  const { length } = errorsMm;
  if (length === 0) throw new Error("PCK: no valid sample, so there is nothing to average");
  const sorted = Float64Array.from(errorsMm).sort();
  let count = 0;
  return PCK_THRESHOLDS_MM.map((threshold) => {
    while (count < length && sorted[count] <= threshold) count++;
    return count / length;
  });
}

/** One error e makes a step from 0 to 1 at the first threshold t_k >= e: the trapezoids hold (99 - k) + 1/2 steps of 99. */
function areaOfOne(errorMm: number): number {
  const steps = AUC_THRESHOLDS - 1;
  let k = Math.max(0, Math.ceil((errorMm / AUC_LARGEST_MM) * steps) - 1);
  while (k <= steps && (k * AUC_LARGEST_MM) / steps < errorMm) k++;
  if (k > steps) return 0;
  return k === 0 ? 1 : (steps - k + 0.5) / steps;
}
