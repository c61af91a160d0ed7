/** Recordings of the network for one sample that keep what the inspector shows. */
import type { Plan } from "../../autograd/plan";
import type { Dispatch, Tape } from "../../autograd/tape";
import type { Tensor } from "../../autograd/tensor";
import type { ParameterStore } from "../../nn/parameter-store";
import { type Recording, record } from "../record";
import type { Trainer } from "../trainer";

/** Tensors of one sample that an evaluation does not keep. */
export interface Stages {
  /** Before the first block, and after the last norm. */
  readonly tokens: Tensor; // [1, T, D]
  readonly normed: Tensor; // [1, T, D]
  /** Queries, keys and values of each block. */
  readonly qkv: readonly Tensor[]; // [1, T, 3 D] each
  /** What grid-sample was given for each scale: the map, and where it is read. */
  readonly maps: readonly Tensor[]; // [1, rows, columns, channels] each
  readonly pixels: readonly Tensor[]; // [1, V, 2] each
  readonly coarseJoints: Tensor; // [1, 21, 3]
}

export interface LookRecording extends Recording {
  readonly stages: Stages;
}

export interface GradientRecording extends Recording {
  /** Undefined where no kernel makes one. */
  readonly imageGradient: Tensor | undefined; // [1, 3, S, W]
  readonly depthGradient: Tensor | undefined; // [1, 1, S, W]
}

/** The forward pass of an evaluation, for one sample. Shares the weights; throws when a stage is not where it is expected. */
export async function recordLook(trainer: Trainer): Promise<LookRecording> {
  let stages: Stages | undefined;
  const recording = await inEvaluation(trainer, (tape, coarseJoints) => {
    stages = stagesOf(tape, coarseJoints);
    return [stages.tokens, stages.normed, ...stages.qkv, ...stages.maps, ...stages.pixels, coarseJoints];
  });
  return { ...recording, stages: stages! };
}

/**
 * The forward pass of an evaluation and its backward, for one sample: BatchNorm uses its running statistics and nothing is dropped, so that
 * the gradient is that of the loss which the inspector shows. Parameter gradients go where training puts its own, which are not
 * needed between two steps.
 */
export async function recordGradients(trainer: Trainer): Promise<GradientRecording> {
  let gradients: Pick<GradientRecording, "imageGradient" | "depthGradient"> | undefined;
  const recording = await inEvaluation(
    trainer,
    (tape, _, { image, depth }) => {
      const [imageGradient, depthGradient] = [image, depth].map((t) => (tape.hasGrad(t) ? tape.grad(t) : undefined));
      gradients = { imageGradient, depthGradient };
      return [imageGradient, depthGradient].filter((t) => t !== undefined);
    },
    true,
  );
  return { ...recording, ...gradients! };
}

/** Makes the gradients zero that `plan` does not write, as they are right after it was compiled. */
export function clearUntouched({ gpu, untouched }: Plan, store: ParameterStore): void {
  const encoder = gpu.device.createCommandEncoder();
  for (const parameter of untouched) {
    const { buffer, offset } = store.gradient(parameter);
    encoder.clearBuffer(buffer, offset, 4 * parameter.size);
  }
  gpu.device.queue.submit([encoder.finish()]);
}

async function inEvaluation(
  { parts: { gpu, config }, model, store, evaluation }: Trainer,
  keep: (tape: Tape, coarseJoints: Tensor, inputs: Recording["inputs"]) => readonly Tensor[],
  inspectsGradients = false,
): Promise<Recording> {
  const wasTraining = model.training;
  model.eval();
  try {
    return await record(gpu, store, model, 1, config.loss, {
      focal: evaluation.focal,
      inspectsGradients,
      keep: (tape, inputs, outputs) => keep(tape, outputs.coarse.joints, inputs),
    });
  } finally {
    if (wasTraining) model.train();
  }
}

/** Found by the kernels that make or read them, so that what is shown is what was computed. */
function stagesOf(tape: Tape, coarseJoints: Tensor): Stages {
  const forward = tape.dispatches.filter(({ pass }) => pass === "forward");
  const all = (op: string, scope: RegExp): readonly Dispatch[] => {
    const found = forward.filter(({ kernel, scope: where }) => kernel.op === op && scope.test(where));
    if (found.length > 0) return found;
    throw new Error(`inspect: the network has no ${op} in ${scope.source}, expected one to look at`);
  };
  const samplings = all("grid-sample", /^sampling/);
  return {
    tokens: all("concat-tokens", /^modality_fusion/)[0].tensors.y,
    normed: all("slice-tokens", /^vit_backbone/)[0].tensors.x,
    qkv: all("attention", /^vit_backbone\.blocks\.\d+\.attn$/).map(({ tensors }) => tensors.qkv),
    maps: samplings.map(({ tensors }) => tensors.map),
    pixels: samplings.map(({ tensors }) => tensors.pixels),
    coarseJoints,
  };
}
