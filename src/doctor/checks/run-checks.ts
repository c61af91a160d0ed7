/** Checks of a run while it goes, one line each. */
import type { RunCheck } from "../run/run-check";
import { runClipping } from "./run-clipping";
import { runConstantMetric } from "./run-constant-metric";
import { runEvaluatedSamples } from "./run-evaluated-samples";
import { runImpossibleMetric } from "./run-impossible-metric";
import { runLearningRate } from "./run-learning-rate";
import { runLosses } from "./run-losses";
import { runModules } from "./run-modules";
import { runNanScored } from "./run-nan-scored";
import { runNonFinite } from "./run-non-finite";
import { runValidationGap } from "./run-validation-gap";

export const RUN_CHECKS: readonly RunCheck[] = [
  runClipping,
  runConstantMetric,
  runEvaluatedSamples,
  runImpossibleMetric,
  runLearningRate,
  runLosses,
  runModules,
  runNanScored,
  runNonFinite,
  runValidationGap,
];
