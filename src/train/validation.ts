import type { EvaluationReport } from "../metrics/evaluation";
import { evaluate } from "./evaluate";
import type { EvaluationRecord } from "./events";
import { SAMPLE_SCORE_COLUMNS, sampleScores } from "./inspect/scores";
import type { Position } from "./keeper";
import type { EvaluationEvidence } from "./run-evidence";
import { evaluationLines } from "./run-lines";
import type { Session } from "./session";
import type { Trainer } from "./trainer";

/** What is scored: a trainer, with its place in the run. */
type Scored = Pick<Trainer, "parts" | "evaluation" | "stepsPerEpoch" | "totalSteps">;

/** Scores the validation set with the weights as they are, notes in `position` whether they are the best, and tells it. */
export async function validate(
  { parts, evaluation, stepsPerEpoch, totalSteps }: Scored,
  position: Position,
  session: Session,
): Promise<EvaluationRecord> {
  const { emit, val, meanPose, clock, config } = parts;
  const { step } = position;
  const started = clock.now();
  const progress = (done: number, total: number): void => {
    if (session.isFirst) emit({ type: "status", text: "evaluating", done, total });
  };
  let values: Float32Array = new Float32Array();
  const { scores, report } = await evaluate(evaluation, val, meanPose, progress, {
    group: session.shared,
    quirks: new Set<string>(config.quirks),
    // At the end RGB-D and RGB are scored apart; before it a second prediction of every sample would cost too much.
    alsoWithoutDepth: step === totalSteps,
    onRows: (rows) => {
      if (session.tellsEvaluation(step)) values = sampleScores(rows, val.ids, evaluation.totalOf);
    },
  });
  const epoch = Math.max(0, Math.ceil(step / stepsPerEpoch) - 1);
  const record: EvaluationRecord = { step, epoch, split: "val", ...scores, ms: clock.now() - started };
  if (record.pa_mpjpe_mm !== null && (position.best === null || record.pa_mpjpe_mm < position.best)) {
    position.best = record.pa_mpjpe_mm;
    position.bestStep = step;
  }
  if (!session.tellsEvaluation(step)) return record;
  for (const line of evaluationLines(record, session.group?.worldSize ?? 1)) emit({ type: "log", line });
  emit({ type: "report", step, epoch, split: "val", report });
  emit({ type: "scores", ids: val.ids, table: { step, epoch, columns: SAMPLE_SCORE_COLUMNS, values } });
  if (parts.preflight) emit({ type: "evidence", evidence: evaluationEvidence(step, report, val.ids.length, session) });
  emit({ type: "evaluation", record });
  return record;
}

/** `expected`: samples of the validation list. */
const evaluationEvidence = (
  step: number,
  { samples, duplicates, non_finite, metrics, collapsed, non_finite_ids }: EvaluationReport,
  expected: number,
  { group }: Session,
): EvaluationEvidence => ({
  kind: "evaluation",
  ...{ step, expected, samples, duplicates, nonFinite: non_finite, scored: metrics.mpjpe_mm.n, collapsed },
  nonFiniteIds: non_finite_ids,
  ranks: group?.worldSize ?? 1,
});
