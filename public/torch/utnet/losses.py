"""The loss terms: per sample, then mean over the batch, so that no value depends on the batch size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, Mapping

import torch
from torch import Tensor, nn

from .mano import Mano
from .quirks import quirk_set


@dataclass(frozen=True)
class LossWeights:
    loss_2d: float = 1.0
    loss_3d_joint: float = 1.0
    loss_3d_vert: float = 1.0
    shape_prior: float = 1e-3
    loss_aux: float = 1.0


class UTNetLoss(nn.Module):
    """Called with the outputs of `UTNet` and a batch of `joints2d` [B, 21, 3], `joints3d` [B, 21, 4] (the last number is
    the confidence), `hasMano` [B], `pose` [B, 16, 3, 3], `shape` [B, 10]; returns every term and `total_loss`.
    """

    def __init__(self, mano: Mano, weights: LossWeights = LossWeights(), quirks: Iterable[str] = ()) -> None:
        super().__init__()
        self.mano = mano
        self.weights = weights
        self.quirks = quirk_set(quirks)

    def forward(self, outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Dict[str, Tensor]:
        terms = {
            "loss_2d": self._loss_2d(outputs, batch),
            "loss_3d_joint": self._loss_3d_joint(outputs, batch),
            "loss_3d_vert": self._loss_3d_vert(outputs, batch),
            "shape_prior": outputs["betas"].square().mean(),
            "loss_aux": self._loss_aux(outputs, batch),
        }
        total = sum(getattr(self.weights, name) * value for name, value in terms.items())
        return {**terms, "total_loss": total}

    def _loss_2d(self, outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        target, confidence = batch["joints2d"][..., :2], batch["joints2d"][..., 2:]
        error = confidence * (outputs["keypoints_2d"] - target).abs()
        return error.sum() if "loss-sum-mm" in self.quirks else error.sum((1, 2)).mean() / 42

    def _loss_3d_joint(self, outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        joints = outputs["keypoints_3d"]
        target, confidence = batch["joints3d"][..., :3], batch["joints3d"][..., 3:]
        times = 2 if "double-centring" in self.quirks else 1
        error = confidence * ((joints - joints[:, :1]) - (target - times * target[:, :1])).abs()
        loss = 1000 * error.sum() if "loss-sum-mm" in self.quirks else error.sum((1, 2)).mean() / 63
        return 1000 * loss if "double-millimetres" in self.quirks else loss

    def _loss_3d_vert(self, outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """Ground-truth vertices come from MANO at the annotated parameters."""
        with torch.no_grad():
            target, target_joints = self.mano(batch["pose"], batch["shape"])
            target = target - target_joints[:, :1]
        error = (outputs["vertices"] - outputs["keypoints_3d"][:, :1] - target).abs().mean((1, 2))
        return (batch["hasMano"] * error).mean()

    def _loss_aux(self, outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """On the coarse prediction. Rotation matrices: equal rotations have no error, whatever vector wrote them."""
        if "aux-axis-angle" in self.quirks:
            pose = (outputs["coarse_pose"] - batch["poseAxisAngle"]).square().mean(1)
        else:
            pose = (outputs["coarse_rotations"] - batch["pose"]).square().mean((1, 2, 3))
        shape = (outputs["coarse_betas"] - batch["shape"]).square().mean(1)
        return (batch["hasMano"] * (pose + shape)).mean()
