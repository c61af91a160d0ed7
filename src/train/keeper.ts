/** Snapshots of a rank, and checkpoints of them. */
import type { Hear } from "./events";
import { requireSameWeights } from "./same-weights";
import type { Session } from "./session";
import { commitSnapshot, openSlot, resumedStepOf, writeResumedStep } from "./snapshot";
import { captureSnapshot, type Network, type Reading, restoreSnapshot } from "./snapshot-io";

/** Where a rank stands. */
export interface Position {
  /** Steps that are done. */
  step: number;
  /** Best validation PA-MPJPE in mm so far, and its step; null before the first evaluation. */
  best: number | null;
  bestStep: number | null;
  /** Step of the checkpoint that the run went on from. */
  resumedStep: number;
}

export class Keeper {
  #savedStep = -1;
  /** Of snapshots that somebody still writes as a checkpoint: when they are read. */
  readonly #taking = new WeakMap<ArrayBufferLike, Promise<void>>();

  constructor(
    private readonly network: Network,
    /** Changed by `restore`. */
    private readonly position: Position,
    private readonly emit: Hear,
  ) {}

  /** The position's step has a checkpoint, or was gone on from. */
  get isSaved(): boolean {
    return this.#savedStep === this.position.step;
  }

  /** Copies weights, moments and position to memory of `snapshotBytes(layout)` bytes. */
  async capture(snapshot: ArrayBufferLike, reading?: Reading): Promise<void> {
    const { step, best, bestStep, resumedStep } = this.position;
    writeResumedStep(snapshot, resumedStep);
    await captureSnapshot(this.network, { step, best, bestStep }, snapshot, reading);
  }

  /** Goes to where `capture` was called. Throws when the snapshot is of another network. */
  restore(snapshot: ArrayBufferLike): void {
    const { step, best, bestStep } = restoreSnapshot(this.network, snapshot);
    Object.assign(this.position, { step, best, bestStep, resumedStep: resumedStepOf(snapshot) });
    this.#savedStep = -1;
  }

  /** `restore` from a checkpoint that need not be written again. */
  resumeFrom(snapshot: ArrayBufferLike): void {
    this.restore(snapshot);
    this.#savedStep = this.position.step;
  }

  /**
   * Makes a snapshot and asks for a checkpoint of it. In a group all ranks must call it; throws on all of them, naming the
   * rank, when weights are not the same everywhere.
   */
  async save(session: Session): Promise<void> {
    const { shadow, shared } = session;
    const { step } = this.position;
    if (shared) await requireSameWeights(this.network.store, shared, step);
    const slot = await this.#commit(session, true);
    this.#savedStep = step;
    if (!shadow || slot === undefined) return;
    const snapshot = shadow.snapshots[slot];
    const read = Promise.resolve(this.emit({ type: "snapshot", step, slot })).then(
      () => undefined,
      () => undefined, // whoever writes has said so
    );
    this.#taking.set(snapshot, read);
    void read.then(() => this.#taking.get(snapshot) === read && this.#taking.delete(snapshot));
  }

  /**
   * Rank 0 copies everything to the shadow. Left out while its place there is still being written as a checkpoint: training
   * does not wait for files.
   */
  async keep(session: Session): Promise<void> {
    await this.#commit(session, false);
  }

  async #commit(session: Session, isAsked: boolean): Promise<0 | 1 | undefined> {
    const { shadow, isFirst, reading } = session;
    if (!shadow || !isFirst) return undefined;
    const slot = openSlot(shadow);
    const snapshot = shadow.snapshots[slot];
    const taking = this.#taking.get(snapshot);
    if (taking && !isAsked) return undefined;
    if (taking) await session.resting(() => taking);
    await this.capture(snapshot, reading);
    commitSnapshot(shadow);
    return slot;
  }
}
