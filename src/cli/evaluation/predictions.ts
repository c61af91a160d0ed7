/** HO-3D's submission. */
import { rename, writeFile } from "node:fs/promises";
import type { CropSet } from "../../data/crop-set";
import { type Prediction, placeAtWrist, predJson } from "../../export/pred-json";
import { predZip } from "../../export/pred-zip";
import type { GatheredPrediction } from "../../train/gather";

/** Throws when a line of evaluation.txt would have no prediction: pred.json has no names, only their order. */
export function requireAll(set: CropSet): void {
  const [dropped] = set.report.dropped;
  if (!dropped) return;
  const [reason, { count, example }] = dropped;
  throw new Error(
    `evaluate: pred.json needs every frame of evaluation.txt, but ${count} cannot be used: ${reason} (first: ${example})`,
  );
}

/** Writes pred.json or pred.zip whole or not at all; predictions in the order of evaluation.txt. */
export async function writePredictions(
  file: string,
  set: CropSet,
  predictions: readonly GatheredPrediction[],
): Promise<void> {
  const placed: Prediction[] = [];
  for (const prediction of predictions) {
    const [x, y, z] = (await set.read(prediction.id)).joints3d;
    placed.push(placeAtWrist(prediction, [x, y, z]));
  }
  const partial = `${file}.partial-${process.pid}`;
  await writeFile(partial, file.endsWith(".zip") ? predZip(placed) : predJson(placed));
  await rename(partial, file);
  process.stderr.write(`saved ${placed.length} predictions in ${file}\n`);
}
