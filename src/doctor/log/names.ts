import type { Split } from "./types";

/** How trainers call the same number; keys without their split, lower case. */
const CANONICAL: Readonly<Record<string, string>> = {
  loss: "total_loss",
  loss_keypoints_2d: "loss_2d",
  loss_keypoints_3d: "loss_3d_joint",
  loss_mano_pose: "loss_aux",
  "pa-mpjpe": "pa_mpjpe",
  mpjpe_mm: "mpjpe",
  pa_mpjpe_mm: "pa_mpjpe",
  test_loss: "epoch_loss",
  learning_rate: "lr",
};

/** "Val/total_loss" to ["total_loss", "val"], "train/loss_step" to ["total_loss", "train"]. */
export function seriesName(tag: string, otherwise: Split = "train"): readonly [string, Split] {
  const lower = tag.trim().toLowerCase();
  const slash = lower.indexOf("/");
  const prefix = slash < 0 ? "" : lower.slice(0, slash);
  const isVal = prefix === "val" || prefix === "test" || prefix === "validation" || lower.startsWith("val_");
  const split: Split = isVal ? "val" : prefix === "train" || lower.startsWith("train_") ? "train" : otherwise;
  let name = isVal || split !== otherwise || prefix === "train" || lower.startsWith("train_") ? strip(lower) : lower;
  for (const end of ["_step", "_epoch"]) if (name.endsWith(end)) name = name.slice(0, -end.length);
  if (name.startsWith("lr-")) name = "lr"; // LearningRateMonitor: lr-AdamW
  return [Object.hasOwn(CANONICAL, name) ? CANONICAL[name] : name.slice(0, 64), split];
}

const strip = (name: string): string => {
  for (const prefix of ["validation/", "train/", "test/", "val/", "train_", "val_"])
    if (name.startsWith(prefix)) return name.slice(prefix.length);
  return name;
};

/** Numbers of a configuration under one name, whatever the file calls them; case matters for HaMeR's upper case keys. */
export const FACTS: Readonly<Record<string, string>> = {
  w_2d: "w_2d",
  w2d: "w_2d",
  w_3d_joint: "w_3d_joint",
  w3dJoint: "w_3d_joint",
  w_3d_vert: "w_3d_vert",
  w3dVert: "w_3d_vert",
  w_prior: "w_prior",
  wPrior: "w_prior",
  w_aux: "w_aux",
  wAux: "w_aux",
  KEYPOINTS_2D: "w_2d",
  KEYPOINTS_3D: "w_3d_joint",
  GLOBAL_ORIENT: "w_global_orient",
  HAND_POSE: "w_hand_pose",
  BETAS: "w_betas",
  batch_size: "batch",
  BATCH_SIZE: "batch",
  batch: "batch",
  learning_rate: "lr",
  LR: "lr",
  lr: "lr",
  lrBackbone: "lr_backbone",
  lr_backbone: "lr_backbone",
  minLr: "min_lr",
  eta_min: "min_lr",
  T_max: "t_max",
  warmup_epochs: "warmup_epochs",
  warmupSteps: "warmup_steps",
  warmup_steps: "warmup_steps",
  num_epochs: "epochs",
  world_size: "ranks",
  nproc_per_node: "ranks",
  clip: "clip",
  max_norm: "clip",
  GRAD_CLIP_VAL: "clip",
  val_split_ratio: "val_share",
};
