"""Rotations as matrices, axis-angle vectors and 6D."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_product_matrix(v: Tensor) -> Tensor:
    """[..., 3] -> [..., 3, 3], K with K x = v x x."""
    x, y, z = v.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), dim=-1).unflatten(-1, (3, 3))


def axis_angle_to_matrix(v: Tensor) -> Tensor:
    """Rodrigues: [..., 3] -> [..., 3, 3], R = I + A K + B K^2, A = sin t / t, B = (1 - cos t) / t^2, series for small t."""
    t2 = v.square().sum(-1)
    small = t2 < 1e-4
    safe = torch.where(small, torch.ones_like(t2), t2)  # keeps the branch that is not taken free of 0 / 0
    t = safe.sqrt()
    a = torch.where(small, 1 - t2 / 6 * (1 - t2 / 20 * (1 - t2 / 42)), torch.sin(t) / t)
    b = torch.where(small, (1 - t2 / 12 * (1 - t2 / 30 * (1 - t2 / 56))) / 2, (1 - torch.cos(t)) / safe)
    k = cross_product_matrix(v)
    return torch.eye(3, dtype=v.dtype, device=v.device) + a[..., None, None] * k + b[..., None, None] * (k @ k)


def rot6d_to_matrix(p: Tensor) -> Tensor:
    """Gram-Schmidt (Zhou et al. 2019): two 3-vectors one after the other, [..., 6] -> [..., 3, 3] with columns b1 b2 b3."""
    a1, a2 = p[..., 0:3], p[..., 3:6]
    b1 = F.normalize(a1, dim=-1)
    b2 = F.normalize(a2 - (b1 * a2).sum(-1, keepdim=True) * b1, dim=-1)
    b3 = torch.cross(b1, b2, dim=-1)  # dim named: without it a batch of 3 takes the wrong axis
    return torch.stack((b1, b2, b3), dim=-1)


def matrix_to_rot6d(rotations: Tensor) -> Tensor:
    """The first two columns one after the other, [..., 3, 3] -> [..., 6]; inverse of `rot6d_to_matrix`."""
    return torch.cat((rotations[..., :, 0], rotations[..., :, 1]), dim=-1)
