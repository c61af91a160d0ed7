/** Everything that can be known of a run before its first step. */
import type { PreparedData } from "../../train/data";
import { networkEvidence } from "../../train/preflight";
import { dataEvidence } from "../../train/probes/data";
import { scoringEvidence } from "../../train/probes/scoring";
import { ratesAt } from "../../train/rates";
import { runInfo } from "../../train/run-lines";
import { Trainer, type TrainerParts } from "../../train/trainer";
import { MODEL_CHECKS } from "../checks/model-checks";
import { RUN_CHECKS } from "../checks/run-checks";
import type { Finding } from "../finding";
import { dataFindings } from "../preflight-data";
import { RunHistory } from "../run/history";

/** Steps whose learning rates are looked at: those that tell a warm-up from none. */
const RATES = 64;

export interface PreflightOptions {
  readonly ranks?: number;
  /** Also gradient shares and finite differences. */
  readonly expensive?: boolean;
}

/** What the prepared data show, unranked. Throws DataError as the loaders do. */
export async function preflightData(
  prepared: PreparedData,
  { hand, config }: Pick<TrainerParts, "hand" | "config">,
): Promise<Finding[]> {
  return dataFindings(await dataEvidence({ ...prepared, hand }, { depthCube: config.data.depthCube }));
}

/**
 * Builds the network that a run would train, with its first weights, probes it on the run's first batches, and looks at its
 * learning rates and at how it would score; unranked findings. The network is gone afterwards, the loaders stay open.
 */
export async function preflightNetwork(
  parts: TrainerParts,
  { ranks = 1, expensive = false }: PreflightOptions = {},
): Promise<Finding[]> {
  const { config, emit } = parts;
  const trainer = await Trainer.create(parts);
  try {
    const { totalSteps } = trainer;
    emit({ type: "status", text: "probing the network" });
    const evidence = await networkEvidence(trainer, { expensive });
    const quirks = new Set<string>(config.quirks);
    const history = new RunHistory();
    history.take({ type: "started", run: runInfo(trainer, ranks) });
    history.take({ type: "evidence", evidence });
    history.take({ type: "evidence", evidence: await scoringEvidence(quirks, { step: 0, ranks }) });
    for (let step = 1; step <= Math.min(RATES, totalSteps); step++) {
      history.rates.push({ step, ...ratesAt(config, totalSteps, step - 1, 0) });
    }
    return [
      ...MODEL_CHECKS.flatMap((check) => check(evidence) ?? []),
      ...RUN_CHECKS.flatMap((check) => check(history)),
    ];
  } finally {
    trainer.destroy();
  }
}
