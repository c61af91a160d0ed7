/** In which order an epoch goes through the samples. */
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import { permutation } from "./random";

/**
 * Positions 0 .. n-1 in the order of one epoch, the same for every number of ranks and workers.
 * Quirk `duplicate-samples`: each second sample is replaced by the one before it.
 */
export function epochOrder(n: number, seed: number, epoch: number, quirks: DataQuirks = NO_QUIRKS): Uint32Array {
  const order = permutation(n, seed, epoch);
  return quirks.has("duplicate-samples") ? order.map((_, i) => order[i - (i % 2)]) : order;
}
