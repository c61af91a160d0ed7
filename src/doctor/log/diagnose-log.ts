/** Every check over every run of a book. */

import { absent } from "../checks/log-absent";
import type { LogCheck } from "../checks/log-check";
import { constantMetric } from "../checks/log-constant-metric";
import { doubleCentring } from "../checks/log-double-centring";
import { errorFloor } from "../checks/log-error-floor";
import { gradients } from "../checks/log-gradients";
import { groundTruth } from "../checks/log-ground-truth";
import { handModelMissing } from "../checks/log-hand-model-missing";
import { images } from "../checks/log-images";
import { impossiblePa } from "../checks/log-impossible-pa";
import { leak } from "../checks/log-leak";
import { learningRate } from "../checks/log-learning-rate";
import { loss3d } from "../checks/log-loss-3d";
import { lossSum } from "../checks/log-loss-sum";
import { noSamples } from "../checks/log-no-samples";
import { nonFinite } from "../checks/log-non-finite";
import { oneRank } from "../checks/log-one-rank";
import { predictionScale } from "../checks/log-prediction-scale";
import { remarks } from "../checks/log-remarks";
import { repeatedLosses } from "../checks/log-repeated-losses";
import { stuck } from "../checks/log-stuck";
import { type Diagnosis, diagnose } from "../finding";
import type { LogBook, LogRun } from "./types";

/** Order matters between findings of one rank alone: the earlier is the more telling. */
export const LOG_CHECKS: readonly LogCheck[] = [
  ...[handModelMissing, constantMetric, noSamples, nonFinite, groundTruth, images, predictionScale, doubleCentring],
  ...[impossiblePa, lossSum, repeatedLosses, oneRank, learningRate, errorFloor, stuck, loss3d, gradients, leak],
  ...[remarks, absent],
];

export interface RunDiagnosis {
  readonly run: LogRun;
  readonly findings: readonly Diagnosis[];
}

/** The findings of each run, ranked, consequences below their cause; `ignored` ids are left out. */
export function diagnoseLog(book: LogBook, ignored: ReadonlySet<string> = new Set()): RunDiagnosis[] {
  return book.runs.map((run, i) => {
    const findings = LOG_CHECKS.flatMap((check) => check(run, book.runs.slice(0, i)));
    return { run, findings: diagnose(findings, ignored) };
  });
}

/** Whether anything above a note was found. */
export const isAlarming = (diagnoses: readonly RunDiagnosis[]): boolean =>
  diagnoses.some(({ findings }) => findings.some(({ severity }) => severity !== "note"));

/** Why there is nothing to diagnose, with the first lines; undefined when a run was recognised. */
export function whyNothing({ runs, files }: LogBook): string | undefined {
  const isRecognised = runs.some(
    (run) =>
      run.series.length + run.evaluated.length + run.debugBatches.length + run.debugLosses.length + run.remarks.length >
      0,
  );
  if (isRecognised) return undefined;
  const names = files
    .slice(0, 3)
    .map(({ name }) => name)
    .join(", ");
  const size = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const head = files.flatMap(({ head }) => head).slice(0, 5);
  const quoted = head.length > 0 ? `; it begins:\n${head.map((line) => `  | ${line}`).join("\n")}` : "";
  return `no training log: ${files.length === 0 ? "no file that could be one" : `${names} (${size} bytes)`} holds no loss, metric or debug line of the original trainer, Lightning, TensorBoard or Handloom${quoted}`;
}
