import type { Rates } from "./adamw";

/** Linear warm-up, then a cosine down to `minLr`, per step. */
export interface Schedule {
  /** Peak learning rate of the pretrained backbone and of everything else. */
  readonly lrBackbone: number;
  readonly lrHead: number;
  /** Where the cosine ends; a group whose peak is lower stays at its peak. */
  readonly minLr: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/**
 * Learning rates of step `step`, counted from 0. Step s of the warm-up has (s + 1) / warmupSteps of the peak, the first
 * step after it the peak, the last step (and any later one) the minimum. Cosine: Loshchilov, Hutter 2017, "SGDR", eq. 5.
 */
export function learningRates(schedule: Schedule, step: number): Rates {
  const { lrBackbone, lrHead, minLr, warmupSteps, totalSteps } = schedule;
  if (step < warmupSteps) {
    const share = (step + 1) / warmupSteps;
    return { backbone: lrBackbone * share, head: lrHead * share };
  }
  const length = Math.max(1, totalSteps - 1 - warmupSteps);
  const share = (1 + Math.cos(Math.PI * Math.min(1, (step - warmupSteps) / length))) / 2;
  const anneal = (peak: number): number => {
    const floor = Math.min(minLr, peak);
    return floor + (peak - floor) * share;
  };
  return { backbone: anneal(lrBackbone), head: anneal(lrHead) };
}

/** The quirk no-warmup: the cosine starts at step 0. */
export const withoutWarmup = (schedule: Schedule): Schedule => ({ ...schedule, warmupSteps: 0 });

/** The quirk one-learning-rate: freshly made heads move at the pretrained backbone's rate. */
export const withOneLearningRate = (schedule: Schedule): Schedule => ({ ...schedule, lrHead: schedule.lrBackbone });

/** The quirk frozen-backbone-lr0: the backbone never moves. */
export const withFrozenBackbone = (schedule: Schedule): Schedule => ({ ...schedule, lrBackbone: 0 });

/** The schedule with those of its quirks that are in `quirks`; other names are ignored. */
export function applyScheduleQuirks(schedule: Schedule, quirks: ReadonlySet<string>): Schedule {
  let result = schedule;
  if (quirks.has("no-warmup")) result = withoutWarmup(result);
  if (quirks.has("one-learning-rate")) result = withOneLearningRate(result);
  if (quirks.has("frozen-backbone-lr0")) result = withFrozenBackbone(result);
  return result;
}

/** The quirk clip-hard: every gradient is scaled to norm 1, however small it is. */
export const clipping = (
  clip: number | undefined,
  quirks: ReadonlySet<string>,
): { readonly clip?: number; readonly alwaysClip: boolean } =>
  quirks.has("clip-hard") ? { clip: 1, alwaysClip: true } : { clip, alwaysClip: false };

/** Which parameters the optimiser leaves alone. The quirk refiner-not-optimised: those of the refinement. */
export const frozenBy =
  (quirks: ReadonlySet<string>) =>
  (name: string): boolean =>
    quirks.has("refiner-not-optimised") && name.startsWith("gcn_refinement.");
