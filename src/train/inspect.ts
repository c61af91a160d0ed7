/** What people ask of a network that trains: the time of its kernels, one sample. Leaves weights and moments as they were. */
import type { KernelRow, ProfileReport, SampleView } from "./events";
import { profilePlan } from "./profile";
import { writeBatch } from "./recording-io";
import { sampleView } from "./sample-view";
import { snapshotBytes } from "./snapshot";
import { captureSnapshot, restoreSnapshot } from "./snapshot-io";
import type { Stepper } from "./step";
import type { Trainer } from "./trainer";

/** Times every kernel of a micro-batch, on the inputs that were written last, of adding micro-batches up, and of the update. */
export async function profileStep(
  trainer: Trainer,
  { accumulationPlans, ownMicroBatches: { first, end } }: Pick<Stepper, "accumulationPlans" | "ownMicroBatches">,
  repeats: number,
): Promise<ProfileReport> {
  const { parts, training, optimizer, layout } = trainer;
  const before = new ArrayBuffer(snapshotBytes(layout));
  await captureSnapshot(trainer, { step: trainer.step, best: null, bestStep: null }, before);
  const forwardBackward = await profilePlan(parts.gpu, training.plan, repeats);
  const once: KernelRow[] = [];
  for (const plan of [...accumulationPlans, optimizer.plan])
    once.push(...(await profilePlan(parts.gpu, plan, repeats)).rows);
  restoreSnapshot(trainer, before);
  const microBatches = end - first;
  return {
    adapter: parts.gpu.label,
    clock: forwardBackward.clock,
    microBatches,
    stepMs: microBatches * milliseconds(forwardBackward.rows) + milliseconds(once),
    rows: [...forwardBackward.rows, ...once].map((row, index) => ({ ...row, index })),
  };
}

/** A kernel whose every timing was refused has none. */
const milliseconds = (rows: readonly KernelRow[]): number =>
  rows.reduce((sum, { ms }) => sum + (Number.isFinite(ms) ? ms : 0), 0);

/** Sample `index` of a split with its prediction. Throws a sentence when there is no such sample. */
export async function inspectSample(trainer: Trainer, split: "train" | "val", index: number): Promise<SampleView> {
  const { parts, evaluation, model, step } = trainer;
  const loader = split === "train" ? parts.trainPlain : parts.val;
  if (!Number.isInteger(index) || index < 0 || index >= loader.ids.length) {
    throw new Error(`inspect: sample ${index} of ${split}, expected 0 to ${loader.ids.length - 1}`);
  }
  const { plan, outputs, batch: size } = evaluation;
  const batch = await loader.batch(0, Math.floor(index / size));
  writeBatch(evaluation, batch);
  plan.run();
  const [keypoints3d, keypoints2d, vertices, camera] = await plan.read(
    outputs.keypoints3d,
    outputs.keypoints2d,
    outputs.vertices,
    outputs.camera,
  );
  const prediction = { keypoints3d, keypoints2d, vertices, camera, focal: evaluation.focal };
  return sampleView(model, batch, index % size, prediction, split, step);
}
