/** What is written while something is killed, and how it is judged afterwards; runs in a page, a worker and Node. */
import { tiny } from "../../../src/config";
import { hash32 } from "../../../src/data/random";
import {
  type CheckpointFacts,
  checkpointFolder,
  keptSteps,
  readCheckpoint,
  storedSteps,
  writeCheckpoint,
} from "../../../src/train/checkpoint";
import { snapshotBytes, snapshotFloats, snapshotLayout, writeSnapshotState } from "../../../src/train/snapshot";
import type { RunStorage } from "../../../src/train/storage";

/** Three times this many floats, for values and both moments: 8.4 MB. */
const PARAMETERS = 700_000;
const PIECES = 10;

const layout = snapshotLayout(
  Array.from({ length: PIECES }, (_, i) => {
    const size = PARAMETERS / PIECES;
    return { name: `blocks.${i}.weight`, shape: [size], size, trainable: true, options: {} };
  }),
);

const facts: Omit<CheckpointFacts, "saved"> = {
  ...{ hand: "OpenHand", samples: "digest", microBatches: 4, adapter: "none", stepsPerEpoch: 10 },
  schedule: { lrBackbone: 1e-5, lrHead: 1e-4, minLr: 1e-6, warmupSteps: 3, totalSteps: 1e6 },
};

/** Noise that nothing can compress, another for every step. */
function snapshotAt(step: number): ArrayBuffer {
  const snapshot = new ArrayBuffer(snapshotBytes(layout));
  writeSnapshotState(snapshot, { step, optimizerStep: step, best: null, bestStep: null });
  const floats = snapshotFloats(snapshot);
  let state = hash32(`step ${step}`);
  for (let i = 0; i < floats.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    floats[i] = state / 2 ** 32 - 0.5;
  }
  return snapshot;
}

/**
 * Writes checkpoints `from`, `from` + 1, ... until it is killed, and removes what nobody keeps. Tells when the storage is asked for a
 * commit, and when that is acknowledged.
 */
export async function writeForEver(
  storage: RunStorage,
  from: number,
  tell: (what: "begin" | "done", step: number) => unknown,
): Promise<never> {
  let saved = await storedSteps(storage);
  for (let step = from; ; step++) {
    const told: RunStorage = {
      ...forwarding(storage),
      async commit(folder, files, beside) {
        await tell("begin", step);
        await storage.commit(folder, files, beside);
      },
    };
    await writeCheckpoint(told, layout, snapshotAt(step), { ...facts, saved }, tiny());
    await tell("done", step);
    const kept = keptSteps([...saved, step], { bestStep: null });
    for (const old of saved) if (!kept.includes(old)) await storage.remove(checkpointFolder(old));
    saved = kept;
  }
}

/** Writes one checkpoint and keeps all others. */
export async function writeOne(storage: RunStorage, step: number): Promise<void> {
  await writeCheckpoint(storage, layout, snapshotAt(step), { ...facts, saved: await storedSteps(storage) }, tiny());
}

/** The step of the newest whole checkpoint, and what is to be said of it. */
export async function resume(
  storage: RunStorage,
): Promise<{ readonly step: number; readonly notes: readonly string[] }> {
  const { state, notes } = await readCheckpoint(storage, layout, facts);
  return { step: state.step, notes };
}

/** What a kill left behind. */
export interface Verdict {
  /** Step of the newest checkpoint; 0 when there is none. */
  readonly newest: number;
  /** A sentence for every checkpoint that is there and not whole, or holds other numbers than were written. */
  readonly torn: readonly string[];
}

/** Judges every checkpoint that is stored. */
export async function verify(storage: RunStorage): Promise<Verdict> {
  const steps = await storedSteps(storage);
  const torn: string[] = [];
  for (const step of steps) {
    try {
      const { snapshot, state, notes } = await readCheckpoint(only(storage, step), layout, facts);
      // As bits: what of a float can differ. The header's numbers are the state.
      const [found, expected] = [snapshot, snapshotAt(step)].map(
        (of) => new Uint32Array(snapshotFloats(of).slice().buffer),
      );
      if (state.step !== step || notes.length > 0 || found.some((bits, i) => bits !== expected[i]))
        torn.push(`step ${step} holds other numbers`);
    } catch (error) {
      torn.push((error as Error).message);
    }
  }
  return { newest: steps.at(-1) ?? 0, torn };
}

const forwarding = (storage: RunStorage): RunStorage => ({
  place: storage.place,
  write: (path, bytes) => storage.write(path, bytes),
  commit: (folder, files, beside) => storage.commit(folder, files, beside),
  read: (path) => storage.read(path),
  remove: (folder) => storage.remove(folder),
  list: () => storage.list(),
});

/** A run with one of its checkpoints only: an older one would be used for it. */
const only = (storage: RunStorage, step: number): RunStorage => ({
  ...forwarding(storage),
  list: async () => (await storage.list()).filter((path) => path.startsWith(checkpointFolder(step))),
});
