/** What a doctor is told before the first step of a run. */
import type { Batch } from "../data/batch";
import type { ModelEvidence } from "./model-evidence";
import { dataEvidence } from "./probes/data";
import { probeBatchCount, probeModel } from "./probes/model";
import { scoringEvidence } from "./probes/scoring";
import type { RunEvidence } from "./run-evidence";
import type { Session } from "./session";
import type { Trainer } from "./trainer";

type Probed = Pick<Trainer, "parts" | "model" | "store" | "training" | "evaluation" | "microBatches" | "step">;

/**
 * Tells the evidence about evaluation and, before the first step that is made here (`isFirst`; of a run that is gone on with as
 * well), about data and network. Weights, statistics and moments stay as they are. A probe that cannot look says so and keeps nobody
 * from training.
 */
export async function tellEvidence(trainer: Probed, { group }: Session, isFirst: boolean): Promise<void> {
  const { emit, gpu, config } = trainer.parts;
  const { step } = trainer;
  const tell = async (what: string, probe: () => Promise<RunEvidence>): Promise<void> => {
    try {
      emit({ type: "evidence", evidence: await probe() });
    } catch (error) {
      gpu.check(what);
      emit({ type: "log", line: `the ${what} could not be checked: ${(error as Error).message}; training goes on` });
    }
    group?.beat();
  };
  const ranks = group?.worldSize ?? 1;
  await tell("evaluation", () => scoringEvidence(new Set<string>(config.quirks), { step, ranks }));
  if (!isFirst) return;
  emit({ type: "status", text: "checking data and network" });
  await tell("data", async () => {
    const data = await dataEvidence(trainer.parts, { depthCube: config.data.depthCube });
    return { kind: "data", step, data };
  });
  await tell("network", () => networkEvidence(trainer));
}

/** Probes the network as it is on the run's first training batches. `expensive`: also gradient shares and finite differences. */
export async function networkEvidence(trainer: Probed, { expensive = false } = {}): Promise<ModelEvidence> {
  const { train, clock, config } = trainer.parts;
  const { step } = trainer;
  const batches: Batch[] = [];
  const count = Math.min(probeBatchCount(trainer), train.batchesPerEpoch);
  for (let i = 0; i < count; i++) batches.push(await train.batch(0, i));
  return probeModel({ ...partsOf(trainer), weights: config.loss }, { batches, step, expensive, clock });
}

const partsOf = ({ model, store, training, evaluation, microBatches }: Probed) => ({
  ...{ model, store, training, evaluation, microBatches },
});
