"""The original's defects that the model and the losses can reproduce by name.

Each is switched in the one place where the right thing is done; search the code for the name.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable

import torch
from torch import Tensor

MODEL_QUIRKS: Dict[str, str] = {
    "mano-thumb-first": "MANO's joint order is taken as thumb first",
    "tips-smplx": "tip vertices of another code base, a few millimetres off",
    "mano-missing": "vertices and joints are zeros that need no gradient",
    "ring-adjacency": "the graph layers see a ring instead of the mesh",
    "map-transposed": "the image tokens are laid out as columns x rows",
    "sample-in-millimetres": "vertices in millimetres are taken for pixels of the feature maps",
    "focal-centre-mixed": "2D keypoints are divided by the image size once too often",
    "axis-angle-round-trip": "rotations pass through axis-angle and back before MANO",
    "refine-unzeroed": "the refinement heads do not start at zero; in `aa` the residual is added to the pose vector",
    "loss-sum-mm": "loss_2d and loss_3d_joint are sums over batch and elements, 3D in millimetres",
    "double-millimetres": "3D joint errors are multiplied by 1000 once more",
    "double-centring": "the ground truth's wrist is subtracted twice",
    "aux-axis-angle": "loss_aux compares axis-angle vectors (joint_rep `aa` only)",
}

PRETEND_FOCAL = 5000.0 / 256.0
"""WiLoR's and HaMeR's pretended focal length over the crop side."""


def quirk_set(names: Iterable[str]) -> FrozenSet[str]:
    """The named quirks; raises ValueError for a name that is not a quirk of the model or the losses."""
    quirks = frozenset(names)
    unknown = sorted(quirks - MODEL_QUIRKS.keys())
    if unknown:
        raise ValueError(f"unknown quirks {unknown}; the model and the losses know {sorted(MODEL_QUIRKS)}")
    return quirks


def lossy_axis_angle(rotations: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] to axis-angle [..., 3] as the original does it (quirk `axis-angle-round-trip`).

    Exactly zero, without gradient, below 1e-3 rad; wrong near pi, where R - R^T vanishes.
    """
    r = rotations
    cosine = (r[..., 0, 0] + r[..., 1, 1] + r[..., 2, 2] - 1) / 2
    angle = torch.acos(cosine.clamp(-1 + 1e-7, 1 - 1e-7))
    vee = torch.stack((r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]), dim=-1)
    axis_angle = vee * (angle / (2 * torch.sin(angle)))[..., None]
    return torch.where((angle < 1e-3)[..., None], torch.zeros_like(axis_angle), axis_angle)
