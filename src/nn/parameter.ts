import type { Tape } from "../autograd/tape";
import { type ParameterLike, sizeOf, type Tensor } from "../autograd/tensor";

/** How a parameter starts. Numbers come from the counter-based generator, keyed by (seed, "init", name). */
export type Init =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  /** Truncated normal at two standard deviations, timm's trunc_normal_. */
  | { readonly kind: "truncNormal"; readonly std: number }
  /** `inputs` [in, in], row-major: each row of the weight [out, in] is multiplied with it from the right. */
  | { readonly kind: "normal"; readonly std: number; readonly inputs?: readonly number[] }
  /** Uniform in [-bound, bound]. */
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "values"; readonly values: readonly number[] }
  /** A bias that starts as -W x, so that the layer's output for the input x [in] starts at zero. */
  | { readonly kind: "cancels"; readonly weight: Parameter; readonly input: readonly number[] };

/** Optimiser group: the pretrained backbone or the rest. */
export type Group = "backbone" | "head";

/**
 * A named array that lives across steps, in the parameter store. `trainable` false: state such as BatchNorm's running
 * statistics, saved in checkpoints and never touched by the optimiser.
 */
export class Parameter implements ParameterLike {
  /** Key in the checkpoint, PyTorch's; set when the model is put in a store. */
  name = "";
  readonly size: number;
  readonly #tensors = new WeakMap<Tape, Tensor>();

  constructor(
    readonly shape: readonly number[],
    readonly init: Init,
    readonly options: {
      readonly trainable?: boolean;
      /** Weight decay applies; false for biases, norms, position embedding, placeholder, mean tokens. */
      readonly decay?: boolean;
      /** "i64" parameters hold one whole number on the GPU as f32 and are saved as int64 (num_batches_tracked). */
      readonly storedAs?: "f32" | "i64";
    } = {},
  ) {
    this.size = sizeOf(shape);
  }

  get trainable(): boolean {
    return this.options.trainable ?? true;
  }

  get decay(): boolean {
    return this.options.decay ?? true;
  }

  /** This parameter as a tensor of `tape`. */
  on(tape: Tape): Tensor {
    let tensor = this.#tensors.get(tape);
    if (!tensor) {
      tensor = tape.parameter(this);
      this.#tensors.set(tape, tensor);
    }
    return tensor;
  }
}
