/** Ranks that make the same steps have the same weights, bit by bit; on different adapters they take rank 0's. */
import type { ParameterStore } from "../nn/parameter-store";
import type { TrainGroup } from "./ranks";

/** 32 bits of all values, in the store's order (FNV-1a over words). */
export async function weightsDigest(store: ParameterStore, group: TrainGroup): Promise<number> {
  const values = await group.reading(store.read());
  let hash = 0x811c9dc5;
  for (const array of values.values())
    hash = mixWords(hash, new Uint32Array(array.buffer, array.byteOffset, array.length));
  return hash | 0;
}

/** A loop of its own, so that engines compile it once. */
function mixWords(start: number, words: Uint32Array): number {
  let hash = start;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 0x01000193);
  return hash;
}

/** Throws on every rank, naming the ranks whose weights differ from rank 0's after `step`. Blocks. */
export async function requireSameWeights(store: ParameterStore, group: TrainGroup, step: number): Promise<void> {
  const digests = group.gatherWord(await weightsDigest(store, group));
  const others = [...digests.keys()].filter((rank) => digests[rank] !== digests[0]);
  if (others.length === 0) return;
  const who = others.length === 1 ? `rank ${others[0]} has` : `ranks ${others.join(", ")} have`;
  throw new Error(
    `step ${step}: ${who} other weights than rank 0, expected the same bits on every rank; the step is not saved, a device or its driver computes wrong or differently`,
  );
}

/** Gives every rank the weights of rank 0. Blocks. */
export async function takeFirstWeights(store: ParameterStore, group: TrainGroup): Promise<void> {
  const { gpu, buckets } = store;
  for (const { trainable, values, floats } of buckets) {
    if (!trainable) continue;
    const range = { buffer: values, offset: 0, sizeBytes: 4 * floats };
    const numbers =
      group.rank === 0 ? new Float32Array((await group.reading(gpu.read([range])))[0]) : new Float32Array(floats);
    group.broadcast(numbers, 0);
    if (group.rank !== 0) gpu.write(values, 0, numbers);
  }
}
