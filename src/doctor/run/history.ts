/** What the doctor remembers of a run: little, however long it is. */
import { type Config, parseConfig } from "../../config";
import type { EvaluationRecord, LossName, RunInfo, StepRecord, TrainEvent } from "../../train/events";
import type { DataEvidence } from "../../train/evidence";
import type { ModelEvidence } from "../../train/model-evidence";
import type { EvaluationEvidence, RunEvidence, ScoringEvidence, StepEvidence } from "../../train/run-evidence";

/** Rates of the first steps are kept one by one, later ones every so often. */
const FIRST_STEPS = 64;
const EVERY = 50;
/** Steps whose losses are compared with each other, and the latest totals. */
const SIGNATURES = 1000;
const TOTALS = 100;
const MEASURED = 200;

export interface StepRates {
  readonly step: number;
  readonly head: number;
  readonly backbone: number;
}

/** Two records of different steps whose losses have the same bits. */
export interface Repeat {
  readonly first: number;
  readonly second: number;
}

/** A run as the doctor sees it. */
export class RunHistory {
  info: RunInfo | undefined;
  /** As the run was started; the doctor looks at its numbers, not at its quirks. */
  config: Omit<Config, "quirks"> | undefined;
  data: DataEvidence | undefined;
  model: ModelEvidence | undefined;
  scoring: ScoringEvidence | undefined;
  readonly measured: StepEvidence[] = [];
  readonly evaluations: EvaluationRecord[] = [];
  readonly counted = new Map<number, EvaluationEvidence>();
  readonly rates: StepRates[] = [];
  readonly totals: number[] = [];
  steps = 0;
  clipped = 0;
  /** Steps that were refused for numbers that are not finite. */
  refused = 0;
  last: StepRecord | undefined;
  /** A step whose total is not the weighted sum of its terms, and how many there are. */
  unsummed: { readonly record: StepRecord; readonly sum: number } | undefined;
  unsummedCount = 0;
  repeated: Repeat | undefined;
  readonly #signatures = new Map<string, number>();

  /** Takes an event in; whether it may change what is found. */
  take(event: TrainEvent): boolean {
    switch (event.type) {
      case "started":
        this.info = event.run;
        this.config = parseConfig(event.run.configYaml).config;
        return false;
      case "step":
        this.#step(event.record);
        return this.steps <= 3 || event.record.step % 10 === 0 || event.record.non_finite > 0;
      case "evaluation":
        this.evaluations.push(event.record);
        return true;
      case "evidence":
        this.#evidence(event.evidence);
        return true;
      default:
        return false;
    }
  }

  #evidence(evidence: RunEvidence): void {
    switch (evidence.kind) {
      case "data":
        this.data = evidence.data;
        break;
      case "model":
        this.model = evidence;
        break;
      case "scoring":
        this.scoring = evidence;
        break;
      case "evaluation":
        this.counted.set(evidence.step, evidence);
        break;
      case "step":
        this.measured.push(evidence);
        // The first ones show how it began.
        if (this.measured.length > MEASURED) this.measured.splice(MEASURED / 2, 1);
        break;
    }
  }

  #step(record: StepRecord): void {
    this.last = record;
    this.steps++;
    if (record.clipped) this.clipped++;
    if (record.non_finite > 0) this.refused++;
    const { step, lr, lr_backbone } = record;
    if (this.steps <= FIRST_STEPS || step % EVERY === 0) this.rates.push({ step, head: lr, backbone: lr_backbone });
    this.totals.push(record.losses.total_loss);
    if (this.totals.length > TOTALS) this.totals.shift();
    this.#addUp(record);
    this.#compare(record);
  }

  #addUp(record: StepRecord): void {
    const { losses } = record;
    if (!this.config) return;
    const sum = weightedSum(losses, this.config);
    if (!Number.isFinite(sum) || !Number.isFinite(losses.total_loss) || isSameSum(sum, losses.total_loss)) return;
    this.unsummed ??= { record, sum };
    this.unsummedCount++;
  }

  #compare({ losses, step }: StepRecord): void {
    if (this.repeated || this.#signatures.size >= SIGNATURES || !Number.isFinite(losses.total_loss)) return;
    const signature = JSON.stringify(losses);
    const known = this.#signatures.get(signature);
    if (known === undefined) this.#signatures.set(signature, step);
    else if (known !== step) this.repeated = { first: known, second: step };
  }
}

/** The total that unweighted terms make with the config's weights. */
export function weightedSum(losses: Readonly<Record<LossName, number>>, { loss }: Pick<Config, "loss">): number {
  return (
    loss.w2d * losses.loss_2d +
    loss.w3dJoint * losses.loss_3d_joint +
    loss.w3dVert * losses.loss_3d_vert +
    loss.wPrior * losses.shape_prior +
    loss.wAux * losses.loss_aux
  );
}

/** Sums of float32 over a batch and its parts: 1e-6 of the total, and room for terms that are nearly 0. */
const isSameSum = (sum: number, total: number): boolean => Math.abs(sum - total) <= 1e-6 + 1e-4 * Math.abs(total);
