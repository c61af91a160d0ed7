/** The sentences of a run's log, from its records. */
import { writeConfig } from "../config";
import { hash32 } from "../data/random";
import { mebibytes } from "../gpu/gpu";
import type { EvaluationRecord, RunInfo } from "./events";
import type { Trainer } from "./trainer";

/** Facts of a run, for its page and files. */
export function runInfo(trainer: Trainer, ranks: number): RunInfo {
  const { parts, store, training } = trainer;
  const { gpu, config, hand, train, val } = parts;
  return {
    name: parts.name,
    preset: config.preset,
    adapter: gpu.label,
    softwareAdapter: gpu.adapter.software,
    hand: hand.name,
    data: parts.dataName,
    parameters: store.trainableCount,
    trainSamples: train.ids.length,
    valSamples: val.ids.length,
    batch: config.optim.batch,
    microBatches: trainer.microBatches,
    ranks,
    stepsPerEpoch: trainer.stepsPerEpoch,
    totalSteps: trainer.totalSteps,
    plan: training.plan.summary,
    memoryBytes: gpu.memory.allocatedBytes,
    configYaml: writeConfig(config),
    quirks: config.quirks,
  };
}

/** What the log begins with. */
export function runLines(trainer: Trainer, info: RunInfo): string[] {
  const { plan } = trainer.training;
  const left = info.trainSamples - info.stepsPerEpoch * info.batch;
  const parts = info.microBatches > 1 ? ` in ${info.microBatches} micro-batches` : "";
  const ranks = info.ranks > 1 ? `, ${info.ranks} ranks` : "";
  return [
    `${info.name}: UTNet ${info.preset}, ${info.parameters} parameters, hand ${info.hand}, on ${info.adapter}${ranks}`,
    `data: ${info.data}; ${info.trainSamples} samples to train on, ${info.valSamples} to validate on, batch ${info.batch}${parts}`,
    ...(left > 0
      ? [`  ${left} of ${info.trainSamples} samples sit out each epoch, others each time, because batches are full`]
      : []),
    `training step: ${info.plan}; ${(plan.stats.flops / 1e9).toFixed(2)} GFLOP in matrix products`,
    `GPU memory: ${mebibytes(info.memoryBytes)}`,
    ...plan.untouched.map(({ name }) => `  no gradient reaches ${name}`),
    ...(info.quirks.length > 0 ? [`quirks: ${info.quirks.join(", ")}`] : []),
  ];
}

/** An evaluation's lines: the original's, baselines beside it, and the other figures that are published. */
export function evaluationLines(entry: EvaluationRecord, ranks: number): string[] {
  const { epoch, samples, meshes, refused, baselines, non_finite } = entry;
  const from = `Evaluated on ${samples} samples from all ${ranks} ranks`;
  const broken = non_finite > 0 ? [`  ${non_finite} predictions are not finite`] : [];
  if (entry.mpjpe_mm === null) return [from, `Epoch ${epoch}: no metric. ${refused[0]}`, ...broken];
  const fixed = (value: number | null): string => value?.toFixed(3) ?? "-";
  const { zero_pose, mean_pose } = baselines;
  return [
    from,
    `Epoch ${epoch}: MPJPE: ${fixed(entry.mpjpe_mm)} mm, PA-MPJPE: ${fixed(entry.pa_mpjpe_mm)} mm`,
    `  baselines: zero pose ${fixed(zero_pose.mpjpe_mm)} / ${fixed(zero_pose.pa_mpjpe_mm)} mm, mean pose ${fixed(mean_pose.mpjpe_mm)} / ${fixed(mean_pose.pa_mpjpe_mm)} mm (MPJPE / PA-MPJPE)`,
    `  PA-MPVPE ${fixed(entry.pa_mpvpe_mm)} mm, PA-F@5 ${fixed(entry.pa_f_5mm)}, PA-F@15 ${fixed(entry.pa_f_15mm)} of ${meshes} meshes; PA-AUC ${fixed(entry.pa_auc_joints)}`,
    ...broken,
  ];
}

/** A short fingerprint of which samples a run trains and validates on, in order. */
export function sampleDigest(train: readonly string[], val: readonly string[]): string {
  const digest = hash32([...train, "|", ...val].join());
  return `${train.length}+${val.length}:${digest.toString(16).padStart(8, "0")}`;
}
