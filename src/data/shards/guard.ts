import { messageOf } from "../data-error";
import type { ShardBackend } from "./backend";
import { StoreError } from "./types";

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1)} GB`;

/**
 * Does one piece of work on a store. Whatever a place throws becomes a StoreError: no room with what is needed and used, anything
 * else with `doing`, e.g. `writing shard 3 of "ho3d"`. `kept` says what is safe.
 */
export async function guarded<T>(
  backend: ShardBackend,
  doing: string,
  work: () => Promise<T>,
  details: { readonly neededBytes?: number; readonly kept?: string } = {},
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const { neededBytes, kept } = details;
    const safe = kept === undefined ? "" : `; ${kept}`;
    if (!backend.isFull(error)) {
      throw new StoreError("failed", `${backend.place}: ${doing} failed (${messageOf(error)})${safe}`, {
        cause: error,
      });
    }
    // The figure may be missing: asking for it may fail as well, and there is an error to tell already.
    const used = await backend.usage().then(
      ({ usedBytes }) => usedBytes,
      () => undefined,
    );
    const needs = neededBytes === undefined ? "" : `: it needs ${gigabytes(neededBytes)}`;
    const inUse = used === undefined ? "" : `${neededBytes === undefined ? ":" : ","} ${gigabytes(used)} are in use`;
    throw new StoreError(
      "full",
      `${backend.place} has no room for ${doing}${needs}${inUse}${safe}; free space or remove a data set, then go on`,
      { neededBytes, usedBytes: used, cause: error },
    );
  }
}
