import reduce from "../../shaders/lib/reduce.wgsl?raw";
import moduleStatsWgsl from "../../shaders/module-stats.wgsl?raw";
import { Plan } from "../autograd/plan";
import { Tape } from "../autograd/tape";
import { readKernels } from "../gpu/kernel";
import type { ReadRange } from "../gpu/staging";
import { BLOCK, type Entry } from "../nn/parameter-store";
import type { ParameterBuckets } from "./adamw";

const kernels = readKernels("module-stats", moduleStatsWgsl, reduce);

/**
 * Blocks of 64 floats that are looked at of one parameter: all of up to 8192 floats. Norms of larger ones are estimates, good
 * to some percent where rows are alike; what is to be told apart are powers of ten, and zero. The work does not grow with the network.
 */
const MOST_BLOCKS = 128;
/** As in the WGSL. */
const FIGURES = 5;

/** One parameter in one step. */
export interface ParameterNorms {
  /** Key in the checkpoint. */
  readonly name: string;
  readonly size: number;
  readonly group: Entry["group"];
  /** Squared norms: of the finite gradients before clipping, of the values before the update, of values after minus before. */
  readonly gradient2: number;
  readonly weight2: number;
  readonly update2: number;
  /** Of the floats looked at: gradients and values that are NaN or infinite, and values that changed by a bit at least. */
  readonly nonFinite: number;
  readonly changed: number;
}

/**
 * Measures what an optimiser step does to every parameter: `keep` before it, `measure` after it, both submitted at once; then
 * `range` holds the figures until the next `measure`. Knows nothing of the optimiser: the update is the change of the weights.
 */
export class ModuleStats {
  private constructor(
    private readonly parameters: ParameterBuckets,
    private readonly entries: readonly Entry[],
    /** Before and after the update. */
    private readonly plans: readonly [Plan, Plan],
    /** [parameters, FIGURES], to be read with the step's report. */
    readonly range: ReadRange,
    private readonly owned: readonly GPUBuffer[],
  ) {}

  /** Throws GpuOutOfMemoryError when the copies, of at most 32 KiB a parameter, do not fit. */
  static async create(store: ParameterBuckets): Promise<ModuleStats> {
    const { gpu } = store;
    const buckets = store.buckets.filter(({ trainable }) => trainable);
    const entries = buckets.flatMap((bucket) => bucket.entries);
    const { table, kept } = rowsOf(entries);
    const sizeBytes = 4 * FIGURES * entries.length;
    const owned = await gpu.allocate("module statistics", [
      { label: "module-stats.before", sizeBytes: 4 * BLOCK * kept },
      { label: "module-stats.sums", sizeBytes },
    ]);
    const [before, sums] = owned;
    const plans: Plan[] = [];
    try {
      for (const what of ["keep", "measure"] as const) {
        const tape = new Tape(`module-stats.${what}`, { pass: "update" });
        const shared = {
          rows: tape.constant("module-stats.rows", [table.length], table),
          before: tape.external("before", [BLOCK * kept], before),
        };
        const figures = tape.external("sums", [FIGURES * entries.length], sums);
        let first_row = 0;
        for (const [i, bucket] of buckets.entries()) {
          const bound = {
            ...{ ...shared, values: tape.external(`values.${i}`, [bucket.floats], bucket.values) },
            ...(what === "measure" && {
              gradients: tape.external(`gradients.${i}`, [bucket.floats], bucket.gradients!),
              sums: figures,
            }),
          };
          tape.dispatch(kernels[what], bound, { first_row }, [bucket.entries.length]);
          first_row += bucket.entries.length;
        }
        plans.push(await Plan.compile(gpu, tape));
      }
    } catch (error) {
      for (const plan of plans) plan.destroy();
      gpu.release(owned);
      throw error;
    }
    return new ModuleStats(store, entries, [plans[0], plans[1]], { buffer: sums, offset: 0, sizeBytes }, owned);
  }

  keep(): void {
    this.plans[0].run();
  }

  measure(): void {
    this.plans[1].run();
  }

  /** What `range` holds, by parameter, in the order of the store. */
  read(figures: Float32Array): ParameterNorms[] {
    return this.entries.map(({ parameter: { name, size }, group }, row) => {
      const [gradient2, weight2, update2, nonFinite, changed] = figures.subarray(FIGURES * row);
      const scale = size / floatsTaken(size);
      const squares = { gradient2: scale * gradient2, weight2: scale * weight2, update2: scale * update2 };
      return { name, size, group, ...squares, nonFinite, changed };
    });
  }

  destroy(): void {
    for (const plan of this.plans) plan.destroy();
    this.parameters.gpu.release(this.owned);
  }
}

const blocksOf = (size: number): number => Math.ceil(size / BLOCK);

/** Floats in the blocks that are looked at; the last block of a parameter, where it is not full, may be among them. */
function floatsTaken(size: number): number {
  const blocks = blocksOf(size);
  const taken = Math.min(blocks, MOST_BLOCKS);
  const last = Math.floor(((taken - 1) * blocks) / taken);
  return taken * BLOCK - Math.max(0, BLOCK * (last + 1) - size);
}

/** The struct Row of each parameter, and the blocks that all of them keep. */
function rowsOf(entries: readonly Entry[]): { readonly table: Uint32Array<ArrayBuffer>; readonly kept: number } {
  let kept = 0;
  const rows = entries.flatMap(({ offset, parameter: { size } }) => {
    const blocks = blocksOf(size);
    const taken = Math.min(blocks, MOST_BLOCKS);
    kept += taken;
    return [offset / BLOCK, blocks, taken, size, kept - taken];
  });
  return { table: Uint32Array.from(rows), kept };
}
