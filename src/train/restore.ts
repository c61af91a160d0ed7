import type { Config } from "../config";
import type { HandModel } from "../data/types";
import type { Gpu } from "../gpu/gpu";
import { UTNet } from "../model/utnet";
import { ParameterStore } from "../nn/parameter-store";
import { loadModel } from "./checkpoint";
import { fixedFocal, meanParameters, networkShape } from "./network";
import { type Recording, record } from "./record";

/** A network that predicts and does not train. */
export interface Restored {
  readonly recording: Recording;
  destroy(): void;
}

/**
 * Builds the configuration's network, loads model.safetensors (`bytes`, from `file`) into it and records its evaluation.
 * Throws a sentence when the file is of another network.
 */
export async function restore(
  gpu: Gpu,
  config: Config,
  hand: HandModel,
  bytes: Uint8Array,
  file: string,
): Promise<Restored> {
  const model = new UTNet(networkShape(config), hand, meanParameters(hand), new Set<string>(config.quirks)).eval();
  const store = await ParameterStore.create(gpu, model);
  loadModel(store, bytes, file);
  const recording = await record(gpu, store, model, config.optim.batch, config.loss, { focal: fixedFocal(config) });
  return {
    recording,
    destroy() {
      recording.plan.destroy();
      store.destroy();
    },
  };
}
