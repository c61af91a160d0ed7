/** What people ask of a network that trains: one sample. */
import type { SampleView } from "./events";
import { writeBatch } from "./recording-io";
import { sampleView } from "./sample-view";
import type { Trainer } from "./trainer";

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
