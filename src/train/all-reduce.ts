/** The mean of a step over the ranks of a group: sums leave the GPU, means come back. */
import type { Gpu } from "../gpu/gpu";
import { Staging } from "../gpu/staging";
import type { Accumulation } from "../optim/accumulation";
import { sumLeaves } from "../ranks/mean-reduction";
import { type MicroBatchRunner, SCALARS, scalarLeaves } from "./micro-batches";
import type { TrainGroup } from "./ranks";

/** Milliseconds of one all-reduce, and the means of the scalars, [SCALARS]. */
export interface Reduced {
  readonly scalars: Float32Array;
  /** When the first sum was there, as the clock says. */
  readonly arrived: number;
  readonly readMs: number;
  readonly reduceMs: number;
  readonly waitMs: number;
  /** As in `StepTimes`. */
  readonly overlap: number;
}

/** Floats of each bucket of the all-reduce: gradients and running statistics, and last the scalars. */
export const bucketsOf = ({ buckets }: Pick<Accumulation, "buckets">): readonly number[] => [...buckets, SCALARS];

/** Share of the floats of all buckets that lie in the first `early` ones, 0 to 1. */
function overlapOf(means: readonly Float32Array[], early: number): number {
  const floats = (buckets: readonly Float32Array[]): number => buckets.reduce((sum, { length }) => sum + length, 0);
  return floats(means.slice(0, early)) / floats(means);
}

/** One rank's part of the all-reduce in one group. */
export class AllReduce {
  private constructor(
    private readonly group: TrainGroup,
    private readonly accumulation: Pick<Accumulation, "writeMean">,
    private readonly clock: { now(): number },
    /** One for each of this rank's subtrees: its buckets, then the scalars of its micro-batches. */
    private readonly stagings: readonly Staging[],
  ) {}

  /** `accumulation` must be built for the group's subtrees. */
  static async create(
    gpu: Gpu,
    group: TrainGroup,
    accumulation: Pick<Accumulation, "sums" | "writeMean">,
    runner: Pick<MicroBatchRunner, "scalarRange">,
    clock: { now(): number },
  ): Promise<AllReduce> {
    const stagings: Staging[] = [];
    for (const [i, { first, end }] of group.subtrees.entries()) {
      stagings.push(await Staging.create(gpu, [...accumulation.sums(i), runner.scalarRange(first, end)]));
    }
    return new AllReduce(group, accumulation, clock, stagings);
  }

  /** After micro-batch `m` was submitted: submits the read-back of a sum that it was the last one of. */
  submitted(m: number): void {
    const subtree = this.group.subtrees.findIndex(({ end }) => end === m + 1);
    if (subtree >= 0) this.stagings[subtree].copy();
  }

  /** Publishes bucket by bucket while the ready ones are reduced; then the means of all ranks go to the GPU. Blocks. */
  async run(): Promise<Reduced> {
    const { group, clock } = this;
    const started = clock.now();
    let arrived: number | undefined;
    let reduceMs = 0;
    let reduced = 0;
    let early = 0;
    for (const [subtree, staging] of this.stagings.entries()) {
      for (const bucket of staging.ranges.keys()) {
        const values = await group.reading(staging.map(bucket));
        const mapped = clock.now();
        arrived ??= mapped;
        // Of the last bucket this stands: what was reduced before it was there.
        early = reduced;
        const isScalars = bucket === staging.ranges.length - 1;
        group.publish(bucket, subtree, isScalars ? sumLeaves(scalarLeaves(values)) : values);
        staging.unmap(bucket);
        reduced = group.reduceReady();
        reduceMs += clock.now() - mapped;
      }
    }
    const waited = clock.now();
    const means = group.finishMean();
    const finished = clock.now();
    const last = means.length - 1;
    for (let bucket = 0; bucket < last; bucket++) this.accumulation.writeMean(bucket, means[bucket]);
    const readMs = waited - (arrived ?? waited) - reduceMs;
    return {
      ...{ scalars: means[last].slice(), arrived: arrived ?? started },
      ...{ readMs, reduceMs, waitMs: finished - waited, overlap: overlapOf(means, early) },
    };
  }

  destroy(): void {
    for (const staging of this.stagings) staging.destroy();
  }
}
