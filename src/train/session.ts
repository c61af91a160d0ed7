/** One call of `run`: the ranks that share it, where snapshots go, and what was told before. */
import type { TrainGroup } from "./ranks";
import type { ShadowMemory } from "./snapshot";

export interface RunOptions {
  /** Ranks that share each step; undefined, or of one rank, works alone and calls nothing of it. */
  readonly group?: TrainGroup;
  /** Where rank 0 puts snapshots; without it nothing can be saved. */
  readonly shadow?: ShadowMemory;
  /** The last step whose record was kept: earlier ones are done again without being told again. Default 0. */
  readonly recordedStep?: number;
  /** The same for evaluations. Default `recordedStep`. */
  readonly recordedEvaluation?: number;
  /** Rank 0 is paused: nothing is computed before it is resumed, and the run does not end before either. */
  readonly isHeld?: boolean;
}

export class Session {
  constructor(readonly options: RunOptions = {}) {}

  get group(): TrainGroup | undefined {
    return this.options.group;
  }

  get shadow(): ShadowMemory | undefined {
    return this.options.shadow;
  }

  /** The group where there are other ranks. */
  get shared(): TrainGroup | undefined {
    const { group } = this.options;
    return group && group.worldSize > 1 ? group : undefined;
  }

  /** Rank 0 tells and takes snapshots. */
  get isFirst(): boolean {
    return (this.group?.rank ?? 0) === 0;
  }

  /** Whether this rank tells of a step: rank 0, and nothing twice. */
  tellsStep(step: number): boolean {
    return this.isFirst && step > (this.options.recordedStep ?? 0);
  }

  tellsEvaluation(step: number): boolean {
    const { recordedStep, recordedEvaluation = recordedStep } = this.options;
    return this.isFirst && (recordedEvaluation === undefined || step > recordedEvaluation);
  }

  /** Passes on a read-back of the GPU: the group notes that one is pending. */
  readonly reading = <T>(answer: Promise<T>): Promise<T> => this.group?.reading(answer) ?? answer;

  /** Other ranks have patience meanwhile. */
  async resting<T>(work: () => Promise<T>): Promise<T> {
    const goOn = this.group?.rest();
    try {
      return await work();
    } finally {
      goOn?.();
    }
  }
}
