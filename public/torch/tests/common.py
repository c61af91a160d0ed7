"""A small model, a batch and the shipped hand, in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterable

import numpy as np
import torch
from torch import Tensor

from utnet import UTNet, UTNetConfig, load_hand
from utnet.rotations import axis_angle_to_matrix

REPOSITORY = Path(__file__).resolve().parents[3]
OPENHAND = REPOSITORY / "public" / "openhand" / "openhand.safetensors"
TINY = dict(height=48, width=32, dim=16, depth=2, heads=2, gcn=(8, 8, 8))


def hand() -> Dict[str, np.ndarray]:
    return load_hand(OPENHAND)


def model(joint_rep: str = "6d", quirks: Iterable[str] = (), disturbed: bool = True, seed: int = 0) -> UTNet:
    """`disturbed`: no weight is zero, so that every gradient that can be non-zero is."""
    torch.manual_seed(seed)
    net = UTNet(UTNetConfig(joint_rep=joint_rep, **TINY), hand(), quirks=quirks)
    if disturbed:
        with torch.no_grad():
            state = ((name, value) for name, value in net.named_buffers() if name.endswith("init_betas"))
            for name, values in (*net.named_parameters(), *state):
                # the camera moves little: the hand has to stay on the feature maps
                values.add_((0.005 if "dec_cam" in name else 0.05) * torch.randn_like(values))
    return net


def batch(size: int = 2, seed: int = 1) -> Dict[str, Tensor]:
    g = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g)

    return {
        "image": normal(size, 3, 48, 32),
        "depth": normal(size, 1, 48, 32),
        "hasDepth": torch.tensor([float(i % 2 == 0) for i in range(size)]),
        "focal": 2 + torch.rand(size, generator=g),
        "joints2d": torch.cat((0.2 * normal(size, 21, 2), torch.rand(size, 21, 1, generator=g)), dim=2),
        "joints3d": torch.cat((0.1 * normal(size, 21, 3), torch.rand(size, 21, 1, generator=g)), dim=2),
        "hasMano": torch.tensor([float(i % 3 != 1) for i in range(size)]),
        "pose": axis_angle_to_matrix(0.5 * normal(size, 16, 3)),
        "shape": normal(size, 10),
    }


def forward(net: UTNet, b: Dict[str, Tensor]) -> Dict[str, Tensor]:
    return net(b["image"], b["depth"], b["hasDepth"], b["focal"])
