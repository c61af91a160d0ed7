/** The words of the original trainer, in both its languages, lower case. Searched for, never matched from a line's start: a progress bar may stand before them. */

/** Loss terms as they are printed, to their series. */
export const TERMS: readonly (readonly [string, readonly string[]])[] = [
  ["loss_2d", ["2d keypoint loss", "2d 关键点损失", "2d关键点损失"]],
  ["loss_3d_joint", ["3d joint loss", "3d 关节损失", "3d关节损失", "3d关节点损失"]],
  ["loss_3d_vert", ["3d vertex loss", "3d 顶点损失", "3d顶点损失"]],
  ["pose_prior", ["prior loss (pose)", "先验损失 (姿态)", "先验损失（姿态）"]],
  ["shape_prior", ["prior loss (shape)", "prior loss", "先验损失"]],
  ["loss_aux", ["aux loss", "辅助损失"]],
  ["total_loss", ["total loss", "总损失"]],
];

export const TRAIN_LOSS = ["train loss", "训练损失"] as const;
export const VAL_LOSS = ["val loss", "验证损失"] as const;
export const RATE = ["lr =", "lr:", "learning rate", "学习率"] as const;

/** A new run begins here when something was read before. */
export const BEGINNINGS = [
  "starting training",
  "creating data loaders",
  "distributed training on",
  "single gpu training",
  "开始训练",
  "创建数据加载器",
  "gpu available:",
] as const;

export const RESUMED = ["resuming from", "resumed at step", "restoring states from", "恢复训练", "继续训练"] as const;

/** Absence, in words. */
export const ABSENT = [
  "not available",
  "not installed",
  "no module named",
  "cannot import",
  "not found",
  "no such file",
  "failed to load",
  "does not exist",
  "不可用",
  "未安装",
  "未找到",
  "找不到",
  "不存在",
  "加载失败",
] as const;
