/** Between the GPU and a snapshot: the only place that copies weights and moments of a run that trains. */
import type { ParameterStore } from "../nn/parameter-store";
import type { AdamW } from "../optim/adamw";
import {
  readSnapshotState,
  type SnapshotLayout,
  type SnapshotState,
  snapshotBytes,
  snapshotFloats,
  writeSnapshotState,
} from "./snapshot";

/** What a snapshot is taken of. */
export interface Network {
  readonly layout: SnapshotLayout;
  readonly store: ParameterStore;
  readonly optimizer: AdamW;
}

/** Passes on a read-back of the GPU: a group notes that one is pending. */
export type Reading = <T>(answer: Promise<T>) => Promise<T>;

/** Copies values, moments and `state` to `snapshot`, which is whole when the promise has settled. */
export async function captureSnapshot(
  { layout, store, optimizer }: Network,
  state: Omit<SnapshotState, "optimizerStep">,
  snapshot: ArrayBufferLike,
  reading: Reading = (answer) => answer,
): Promise<void> {
  requireSize(layout, snapshot);
  const values = await reading(store.read());
  const moments = await reading(optimizer.readMoments());
  const floats = snapshotFloats(snapshot);
  for (const entry of layout.entries) {
    floats.set(values.get(entry.name)!, entry.value);
    if (!entry.moments) continue;
    floats.set(moments.m.get(entry.name)!, entry.moments.m);
    floats.set(moments.v.get(entry.name)!, entry.moments.v);
  }
  writeSnapshotState(snapshot, { ...state, optimizerStep: optimizer.stepCount });
}

/** Puts a snapshot's values and moments on the GPU; returns where the run stands. Throws when it is of another network. */
export function restoreSnapshot({ layout, store, optimizer }: Network, snapshot: ArrayBufferLike): SnapshotState {
  requireSize(layout, snapshot);
  const state = readSnapshotState(snapshot);
  const floats = snapshotFloats(snapshot);
  // Copies: Dawn in Node crashes on views of shared memory.
  const piece = (from: number, size: number): Float32Array<ArrayBuffer> => floats.slice(from, from + size);
  const m = new Map<string, Float32Array<ArrayBuffer>>();
  const v = new Map<string, Float32Array<ArrayBuffer>>();
  for (const { name, size, value, moments } of layout.entries) {
    store.write(name, piece(value, size));
    if (!moments) continue;
    m.set(name, piece(moments.m, size));
    v.set(name, piece(moments.v, size));
  }
  optimizer.writeMoments({ m, v }, state.optimizerStep);
  return state;
}

function requireSize(layout: SnapshotLayout, { byteLength }: ArrayBufferLike): void {
  const expected = snapshotBytes(layout);
  if (byteLength !== expected) {
    throw new Error(
      `a snapshot of ${byteLength} bytes, expected ${expected} for this network; is it of another preset?`,
    );
  }
}
