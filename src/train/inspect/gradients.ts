/** The gradient of one sample's loss, with respect to what the network is shown and to its parameters. */
import type { Batch } from "../../data/batch";
import { eachGradient } from "../probes/model-gradients";
import { writeBatch } from "../recording-io";
import type { Trainer } from "../trainer";
import { clearUntouched, type GradientRecording } from "./recording";
import type { Gradients } from "./types";

/** Replays `recording` on a batch of one sample. Leaves the gradients that `training` never writes at zero, as it needs them. */
export async function readGradients(
  recording: GradientRecording,
  { store, training }: Pick<Trainer, "store" | "training">,
  shown: Batch,
): Promise<Gradients> {
  const { plan, imageGradient, depthGradient } = recording;
  clearUntouched(plan, store);
  writeBatch(recording, shown);
  plan.run();
  const made = [imageGradient, depthGradient].filter((t) => t !== undefined);
  const read = await plan.read(...made);
  const image = imageGradient ? read[0] : new Float32Array(shown.image.length);
  const depth = depthGradient ? read[read.length - 1] : new Float32Array(shown.depth.length);
  const squares = new Map<string, { parameters: number; sum: number }>();
  await eachGradient(store, (name, values) => {
    const module = moduleOf(name);
    const { parameters, sum } = squares.get(module) ?? { parameters: 0, sum: 0 };
    squares.set(module, { parameters: parameters + values.length, sum: sum + squaresOf(values) });
  });
  clearUntouched(training.plan, store);
  const modules = [...squares].map(([name, { parameters, sum }]) => ({ name, parameters, norm: Math.sqrt(sum) }));
  return { image, depth, modules, norm: Math.sqrt([...squares.values()].reduce((total, { sum }) => total + sum, 0)) };
}

/** "vit_backbone.blocks.3.attn.qkv.weight" -> "vit_backbone.blocks.3": a part that a person knows by its place. */
function moduleOf(name: string): string {
  const parts = name.split(".");
  const isNumbered = /^\d+$/.test(parts[2] ?? "");
  return parts.slice(0, Math.max(1, Math.min(parts.length - 1, isNumbered ? 3 : 2))).join(".");
}

function squaresOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
