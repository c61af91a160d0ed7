import type { MemoryTensor } from "./events";

/** Bytes of the tensors alive at each of `count` dispatches; one that is kept lives through all of them. */
export function liveBytes(
  tensors: readonly Pick<MemoryTensor, "bytes" | "first" | "last" | "isKept">[],
  count: number,
): number[] {
  const changes = new Array<number>(count + 1).fill(0);
  for (const { bytes, first, last, isKept } of tensors) {
    changes[isKept ? 0 : first] += bytes;
    changes[isKept ? count : last + 1] -= bytes;
  }
  let sum = 0;
  return changes.slice(0, count).map((change) => (sum += change));
}
