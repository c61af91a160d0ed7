"""MANO (Romero, Tzionas, Black 2017): rotations and shape to vertices and 21 joints. Metres, right hand."""

from __future__ import annotations

from typing import FrozenSet, Mapping, Tuple

import numpy as np
import torch
from torch import Tensor, nn

# For each of the 21 joints (wrist, thumb, index, middle, ring, pinky, each from base to tip) MANO's joint, or -1 for a tip.
RIGHT_ORDER = (0, 13, 14, 15, -1, 1, 2, 3, -1, 4, 5, 6, -1, 10, 11, 12, -1, 7, 8, 9, -1)
THUMB_FIRST = (0, 1, 2, 3, -1, 4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1)


class Mano(nn.Module):
    """The hand's arrays are buffers that follow `.to()` and never enter a checkpoint."""

    def __init__(self, hand: Mapping[str, np.ndarray], quirks: FrozenSet[str] = frozenset()) -> None:
        super().__init__()
        for name in ("v_template", "shapedirs", "posedirs", "J_regressor", "weights"):
            array = torch.as_tensor(np.asarray(hand[name]), dtype=torch.get_default_dtype())
            self.register_buffer(name, array, persistent=False)
        self.parents = [int(p) for p in hand["parents"]]
        self.missing = "mano-missing" in quirks
        tips = smplx_tips(hand) if "tips-smplx" in quirks else [int(tip) for tip in hand["tips"]]
        order = THUMB_FIRST if "mano-thumb-first" in quirks else RIGHT_ORDER
        remaining = iter(tips)
        index = torch.tensor([16 + next(remaining) if joint < 0 else joint for joint in order])
        self.register_buffer("joint_index", index, persistent=False)

    def forward(self, rotations: Tensor, betas: Tensor) -> Tuple[Tensor, Tensor]:
        """rotations [B, 16, 3, 3], betas [B, 10] -> vertices [B, V, 3], joints [B, 21, 3]; no global translation."""
        batch, vertex_count = len(betas), len(self.v_template)
        if self.missing:
            return betas.new_zeros(batch, vertex_count, 3), betas.new_zeros(batch, 21, 3)
        # blend shapes
        shaped = self.v_template + torch.einsum("vcs,bs->bvc", self.shapedirs, betas)  # [B, V, 3]
        rest = torch.einsum("kv,bvc->bkc", self.J_regressor, shaped)  # [B, 16, 3]
        feature = (rotations[:, 1:] - torch.eye(3, dtype=betas.dtype, device=betas.device)).reshape(batch, 135)
        posed = shaped + torch.einsum("vcp,bp->bvc", self.posedirs, feature)
        # rigid transforms along the kinematic chain
        turns, joints = [rotations[:, 0]], [rest[:, 0]]
        for k in range(1, 16):
            parent = self.parents[k]
            bone = (rest[:, k] - rest[:, parent])[..., None]
            joints.append(joints[parent] + (turns[parent] @ bone)[..., 0])
            turns.append(turns[parent] @ rotations[:, k])
        turn, joint = torch.stack(turns, 1), torch.stack(joints, 1)  # [B, 16, 3, 3], [B, 16, 3]
        shift = joint - (turn @ rest[..., None])[..., 0]
        # skinning
        turn_v = torch.einsum("vk,bkij->bvij", self.weights, turn)
        shift_v = torch.einsum("vk,bkc->bvc", self.weights, shift)
        vertices = (turn_v @ posed[..., None])[..., 0] + shift_v
        return vertices, torch.cat((joint, vertices), dim=1)[:, self.joint_index]


def smplx_tips(hand: Mapping[str, np.ndarray]) -> list:
    """Quirk `tips-smplx`: the hand's own list if it brings one (MANO does), else each tip's first neighbour."""
    if "smplx_tips" in hand:
        return [int(tip) for tip in hand["smplx_tips"]]
    faces = np.asarray(hand["f"]).astype(np.int64)
    return [int(min(v for face in faces if tip in face for v in face if v != tip)) for tip in hand["tips"]]
