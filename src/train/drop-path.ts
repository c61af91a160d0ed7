import type { Batch } from "../data/batch";
import { random } from "../data/random";
import type { UTNetShape } from "../model/types";

/**
 * Drop-path factors [mask][B] of a batch: two masks for each block, kept with probability 1 - p and then scaled by
 * 1 / (1 - p), p rising linearly over the blocks. A function of (seed, epoch, sample) alone.
 */
export function dropPathMasks(
  { dropPath, depth }: Pick<UTNetShape, "dropPath" | "depth">,
  masks: number,
  { ids }: Pick<Batch, "ids">,
  seed: number,
  epoch: number,
): Float32Array[] {
  const values = Array.from({ length: masks }, () => new Float32Array(ids.length));
  if (masks === 0) return values;
  for (const [b, id] of ids.entries()) {
    const generator = random(seed, "drop-path", epoch, id);
    for (const [i, mask] of values.entries()) {
      const p = depth > 1 ? (dropPath * Math.floor(i / 2)) / (depth - 1) : dropPath;
      mask[b] = generator.uniform() < p ? 0 : 1 / (1 - p);
    }
  }
  return values;
}
