import type { Config } from "../config";
import type { Rates } from "../optim/adamw";
import { applyScheduleQuirks, learningRates, type Schedule } from "../optim/schedule";

/** What the learning rate of a run follows, before quirks. */
export const scheduleOf = ({ optim }: Config, totalSteps: number): Schedule => ({
  lrBackbone: optim.lrBackbone,
  lrHead: optim.lr,
  minLr: optim.minLr,
  warmupSteps: optim.warmupSteps,
  totalSteps,
});

/** The rates of the step that comes after `step` steps; `resumedStep` is the step of the checkpoint that the run went on from. */
export function ratesAt(config: Config, totalSteps: number, step: number, resumedStep: number): Rates {
  const quirks = new Set<string>(config.quirks);
  // quirk scheduler-not-restored: the schedule begins again where the run was resumed
  const scheduled = quirks.has("scheduler-not-restored") ? step - resumedStep : step;
  return learningRates(applyScheduleQuirks(scheduleOf(config, totalSteps), quirks), scheduled);
}
