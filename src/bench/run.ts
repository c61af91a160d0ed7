import type { HandModel } from "../data/types";
import type { Gpu } from "../gpu/gpu";
import { benchKernels } from "./kernels";
import type { BenchHost } from "./measure";
import { EXPECTED_LOSSES, LOSS_TOLERANCE, prepareReferenceStep } from "./reference-step";
import { benchStep } from "./timed-step";
import { prepareTinyStep } from "./tiny-step";

export interface BenchOptions {
  /** Steps of the reference ViT and of `tiny`, the first three untimed; 0 leaves them out. */
  readonly steps: number;
  readonly kernels: boolean;
  /** Only rows whose label contains this. */
  readonly only?: string;
}

/** What `runBench` needs besides an adapter. */
export interface BenchRunHost extends BenchHost {
  /** The hand of the network's step. */
  readHand(): Promise<HandModel>;
}

const REFERENCE = "reference ViT, training step at batch 8";
const TINY = "tiny, training step at batch 8";

/**
 * The benchmark, in Node or in a page's worker: the reference ViT's training step, that of the preset `tiny`, then every
 * class of kernels. False when a loss of the reference is further than 3e-6 from PyTorch's or one of `tiny` is not finite.
 */
export async function runBench(gpu: Gpu, host: BenchRunHost, options: BenchOptions): Promise<boolean> {
  const { steps, kernels, only = "" } = options;
  const wanted = (label: string): boolean => steps > 0 && label.includes(only);
  host.print(`adapter: ${gpu.label}`);
  let right = true;
  if (wanted(REFERENCE)) {
    const losses = await benchStep(gpu, host, REFERENCE, () => prepareReferenceStep(gpu), steps);
    right = checkReferenceLosses(losses, host);
  }
  if (wanted(TINY)) {
    const hand = await host.readHand();
    const losses = await benchStep(gpu, host, TINY, () => prepareTinyStep(gpu, hand), steps);
    const areFinite = losses.every(Number.isFinite);
    host.print(
      `  loss: ${losses[0].toFixed(4)} at step 1, ${losses[losses.length - 1].toFixed(4)} at step ${losses.length}${areFinite ? "" : ", not finite"}`,
    );
    right &&= areFinite;
  }
  if (kernels) await benchKernels(gpu, host, only);
  return right;
}

/** Prints the reference's losses (of step 1, 2, ...) beside PyTorch's; false when one is further than 3e-6 away, or NaN. */
export function checkReferenceLosses(losses: readonly number[], host: Pick<BenchHost, "print">): boolean {
  let right = true;
  for (const [step, expected] of EXPECTED_LOSSES) {
    if (step > losses.length) continue;
    const isRight = Math.abs(losses[step - 1] - expected) <= LOSS_TOLERANCE;
    right &&= isRight;
    host.print(
      `  loss at step ${step}: ${losses[step - 1].toFixed(6)}, PyTorch ${expected.toFixed(6)}${isRight ? "" : `, further apart than ${LOSS_TOLERANCE}`}`,
    );
  }
  return right;
}
