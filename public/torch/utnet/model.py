"""UTNet as a paper would draw it. Metres and radians; OpenCV camera frame; right hand.

Letters: B batch, S crop side (rows), W columns, N image patches, T = 18 + N tokens, D width, V vertices.
Parameter names are the original's, so that `load_state_dict` works strictly in both directions.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import UTNetConfig
from .mano import Mano
from .quirks import PRETEND_FOCAL, lossy_axis_angle, quirk_set
from .rotations import axis_angle_to_matrix, matrix_to_rot6d, rot6d_to_matrix

LN_EPS = 1e-6


# --- tokens -----------------------------------------------------------------------------------------------------------


class PatchEmbed(nn.Module):
    """Patches of an image, normalised: [B, C, S, W] -> [B, N, D], rows first."""

    def __init__(self, channels: int, dim: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, kernel_size=patch, stride=patch)
        self.norm = nn.LayerNorm(dim, eps=LN_EPS)

    def forward(self, image: Tensor) -> Tensor:
        return self.norm(self.proj(image).flatten(2).transpose(1, 2))


class PositionEmbedding(nn.Module):
    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, tokens, dim))


class Placeholder(nn.Module):
    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.placeholder = nn.Parameter(0.02 * torch.randn(1, tokens, dim))


class RgbEmbed(nn.Module):
    def __init__(self, config: UTNetConfig) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(3, config.dim, config.patch)
        self.pos_embed = PositionEmbedding(config.rows * config.columns, config.dim)

    def forward(self, image: Tensor) -> Tensor:
        return self.patch_embed(image) + self.pos_embed.pos_embed


class DepthEmbed(nn.Module):
    """Depth tokens, or the learned placeholder where a sample has no depth."""

    def __init__(self, config: UTNetConfig) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(1, config.dim, config.patch)
        self.placeholder = Placeholder(config.rows * config.columns, config.dim)

    def forward(self, depth: Tensor, has_depth: Tensor) -> Tensor:
        has = has_depth.reshape(-1, 1, 1) > 0
        # Masked before the convolution as well: 0 * NaN would reach its weight's gradient.
        depth = torch.where(has[..., None], depth, torch.zeros_like(depth))
        return torch.where(has, self.patch_embed(depth), self.placeholder.placeholder)


class InitialParameters(nn.Module):
    """Mean pose, shape and raw camera as state, not trained: `init_hand_pose`, `init_betas`, `init_cam`."""

    def __init__(self, config: UTNetConfig, mean: Mapping[str, Tensor]) -> None:
        super().__init__()
        pose = mean["pose"].reshape(16, 3)  # axis-angle
        if config.joint_rep == "6d":
            pose = matrix_to_rot6d(axis_angle_to_matrix(pose))
        self.register_buffer("init_hand_pose", pose.reshape(1, -1).clone())
        self.register_buffer("init_betas", mean["shape"].reshape(1, 10).clone())
        self.register_buffer("init_cam", mean["camera"].reshape(1, 3).clone())


class ModalityFusion(InitialParameters):
    """Image, depth and mean parameters to tokens [B, 18 + N, D]: 16 pose, shape, camera, then the patches."""

    def __init__(self, config: UTNetConfig, mean: Mapping[str, Tensor]) -> None:
        super().__init__(config, mean)
        self.rgb_embed = RgbEmbed(config)
        self.depth_embed = DepthEmbed(config)
        self.pose_emb = nn.Linear(config.pose_dim, config.dim)
        self.shape_emb = nn.Linear(10, config.dim)
        self.cam_emb = nn.Linear(3, config.dim)

    def forward(self, image: Tensor, depth: Tensor, has_depth: Tensor) -> Tensor:
        patches = self.rgb_embed(image) + self.depth_embed(depth, has_depth)  # [B, N, D]
        front = torch.cat(
            (
                self.pose_emb(self.init_hand_pose.reshape(16, -1)),
                self.shape_emb(self.init_betas),
                self.cam_emb(self.init_cam),
            )
        )  # [18, D]
        return torch.cat((front.expand(len(image), -1, -1), patches), dim=1)


# --- transformer ------------------------------------------------------------------------------------------------------


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # [B, H, T, D / H] each
        attention = (q @ k.transpose(-2, -1) * self.scale).softmax(dim=-1)
        return self.proj((attention @ v).transpose(1, 2).reshape(batch, tokens, dim))


class Mlp(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """Pre-norm block. `masks` [2, B]: drop-path factors of the attention and the MLP branch, 0 or 1 / (1 - p)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=LN_EPS)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=LN_EPS)
        self.mlp = Mlp(dim)

    def forward(self, x: Tensor, masks: Tensor) -> Tensor:
        x = x + masks[0][:, None, None] * self.attn(self.norm1(x))
        return x + masks[1][:, None, None] * self.mlp(self.norm2(x))


class ViTBackbone(InitialParameters):
    """Transformer; decodes raw pose [B, 16, 6 or 3], shape [B, 10] and raw camera [B, 3] from the front tokens."""

    def __init__(self, config: UTNetConfig, mean: Mapping[str, Tensor]) -> None:
        super().__init__(config, mean)
        self.blocks = nn.ModuleList(Block(config.dim, config.heads) for _ in range(config.depth))
        self.last_norm = nn.LayerNorm(config.dim, eps=LN_EPS)
        self.dec_pose = nn.Linear(config.dim, config.pose_dim)
        self.dec_shape = nn.Linear(config.dim, 10)
        self.dec_cam = nn.Linear(config.dim, 3)

    def forward(self, tokens: Tensor, drop_path: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        x = tokens
        for i, block in enumerate(self.blocks):
            x = block(x, drop_path[2 * i : 2 * i + 2])
        x = self.last_norm(x)
        pose = self.dec_pose(x[:, :16]) + self.init_hand_pose.reshape(16, -1)
        shape = self.dec_shape(x[:, 16]) + self.init_betas
        camera = self.dec_cam(x[:, 17]) + self.init_cam
        return pose, shape, camera, x[:, 18:]


# --- refinement -------------------------------------------------------------------------------------------------------


class DeconvUpsampler(nn.Module):
    """Feature maps of rising resolution: [B, D, h, w] -> [B, D/2, h, w], [B, D/2, 2h, 2w], [B, D/2, 4h, 4w]."""

    def __init__(self, dim: int, scales: int) -> None:
        super().__init__()
        half = dim // 2
        self.first_conv = nn.Sequential(nn.Conv2d(dim, half, kernel_size=1))
        self.deconv_layers = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(half, half, kernel_size=4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(half),
                nn.ReLU(),
            )
            for _ in range(scales - 1)
        )

    def forward(self, x: Tensor) -> List[Tensor]:
        maps = [self.first_conv(x)]
        for layer in self.deconv_layers:
            maps.append(layer(maps[-1]))
        return maps


class GraphLayer(nn.Module):
    """Linear(A_hat x), Kipf and Welling 2017."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out_features)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        return self.linear(adjacency @ x)


class GraphNet(nn.Module):
    def __init__(self, in_features: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(GraphLayer(i, o) for i, o in zip((in_features, *widths), widths))

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = layer(x, adjacency).relu()
        return self.layers[-1](x, adjacency)


class GraphRefinement(nn.Module):
    """Vertex features [B, V, C] to residuals of pose [B, 48] (axis-angle) and shape [B, 10]."""

    def __init__(self, in_features: int, widths: Sequence[int], adjacency: Tensor, unzeroed: bool) -> None:
        super().__init__()
        width = widths[-1]
        self.gcn = GraphNet(in_features, widths)
        self.pose_head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 48))
        self.shape_head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))
        self.register_buffer("adjacency", adjacency, persistent=False)
        if not unzeroed:  # quirk refine-unzeroed: the first prediction is disturbed instead of left as it is
            for head in (self.pose_head, self.shape_head):
                nn.init.zeros_(head[-1].weight)
                nn.init.zeros_(head[-1].bias)

    def forward(self, features: Tensor) -> Tuple[Tensor, Tensor]:
        pooled = self.gcn(features, self.adjacency).mean(dim=1)  # [B, C]
        return self.pose_head(pooled), self.shape_head(pooled)


def mesh_adjacency(faces: np.ndarray, vertex_count: int) -> Tensor:
    """D^-1/2 (A + I) D^-1/2 of the mesh's edges, [V, V]."""
    a = torch.eye(vertex_count, dtype=torch.float64)
    f = torch.as_tensor(np.asarray(faces).astype(np.int64))
    for i, j in ((0, 1), (1, 2), (2, 0)):
        a[f[:, i], f[:, j]] = 1
        a[f[:, j], f[:, i]] = 1
    return _normalised(a)


def ring_adjacency(vertex_count: int) -> Tensor:
    """Quirk `ring-adjacency`: vertex i joined to i +- 1 and i +- 2, no self loop, D^-1/2 A D^-1/2, [V, V]."""
    a = torch.zeros(vertex_count, vertex_count, dtype=torch.float64)
    i = torch.arange(vertex_count)
    for step in (-2, -1, 1, 2):
        a[i, (i + step) % vertex_count] = 1
    return _normalised(a)


def _normalised(a: Tensor) -> Tensor:
    d = a.sum(dim=1).rsqrt()
    return (d[:, None] * a * d).to(torch.get_default_dtype())


# --- camera -----------------------------------------------------------------------------------------------------------


def project(points: Tensor, camera: Tensor, focal: Tensor) -> Tensor:
    """Points [B, P, 3] in metres to the square crop, [B, P, 2] in [-0.5, 0.5]; camera [B, 3] = (s, tx, ty), tz = 2 f / s."""
    f = focal[:, None]
    s, tx, ty = camera[:, :, None].unbind(1)
    x, y, z = points.unbind(-1)
    z = z + 2 * f / s
    return torch.stack((f * (x + tx) / z, f * (y + ty) / z), dim=-1)


# --- the model --------------------------------------------------------------------------------------------------------


class UTNet(nn.Module):
    """Image and depth to hand mesh: ViT, coarse MANO, graph refinement, final MANO.

    `hand` is what `load_hand` returns; `mean` (pose [48] axis-angle, shape [10], raw camera [3]) is where the first
    prediction starts, by default the hand's mean pose. `quirks` names defects of the original to reproduce.
    """

    def __init__(
        self,
        config: UTNetConfig,
        hand: Mapping[str, np.ndarray],
        mean: Optional[Mapping[str, Tensor]] = None,
        quirks: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.config = config
        self.quirks = quirk_set(quirks)
        mean = default_mean(hand) if mean is None else mean
        vertex_count = len(hand["v_template"])
        ring = "ring-adjacency" in self.quirks
        adjacency = ring_adjacency(vertex_count) if ring else mesh_adjacency(hand["f"], vertex_count)
        self.modality_fusion = ModalityFusion(config, mean)
        self.vit_backbone = ViTBackbone(config, mean)
        self.deconv_upsampler = DeconvUpsampler(config.dim, config.scales)
        features = config.scales * config.dim // 2 + 3
        self.gcn_refinement = GraphRefinement(features, config.gcn, adjacency, "refine-unzeroed" in self.quirks)
        self.mano = Mano(hand, self.quirks)
        self._initialise()

    def forward(
        self,
        image: Tensor,  # [B, 3, S, W]
        depth: Tensor,  # [B, 1, S, W], may hold NaN where has_depth is 0
        has_depth: Tensor,  # [B]
        focal: Tensor,  # [B], in crop sides
        drop_path: Optional[Tensor] = None,  # [2 * depth, B], none: all 1
    ) -> Dict[str, Tensor]:
        if drop_path is None:
            drop_path = image.new_ones(2 * self.config.depth, len(image))
        tokens = self.modality_fusion(image, depth, has_depth)  # [B, 18 + N, D]
        pose, shape, camera, patches = self.vit_backbone(tokens, drop_path)
        camera = torch.cat((F.softplus(camera[:, :1]), camera[:, 1:]), dim=1)  # s > 0
        coarse_rotations = self._rotations(pose)  # [B, 16, 3, 3]
        coarse_vertices, coarse_joints = self.mano(self._seen_by_mano(coarse_rotations), shape)

        maps = self.deconv_upsampler(self._to_map(patches))
        sampled, in_map_share = self._sample(maps, coarse_vertices, camera, focal)
        features = torch.cat((*sampled, coarse_vertices - coarse_joints[:, :1]), dim=-1)  # [B, V, 3 D/2 + 3]
        delta_pose, delta_shape = self.gcn_refinement(features)

        rotations = self._refine(pose, coarse_rotations, delta_pose)
        betas = shape + delta_shape
        vertices, joints = self.mano(self._seen_by_mano(rotations), betas)
        return {
            "keypoints_2d": self._project_keypoints(joints, camera, focal),
            "keypoints_3d": joints,
            "vertices": vertices,
            "rotations": rotations,
            "betas": betas,
            "coarse_rotations": coarse_rotations,
            "coarse_betas": shape,
            "coarse_pose": pose.flatten(1),
            "coarse_vertices": coarse_vertices,
            "coarse_keypoints_3d": coarse_joints,
            "cam": camera,
            "delta_pose": delta_pose,
            "delta_shape": delta_shape,
            "in_map_share": in_map_share,
        }

    def _rotations(self, pose: Tensor) -> Tensor:
        """Raw pose [B, 16, 6 or 3] to matrices, once and never back."""
        return rot6d_to_matrix(pose) if self.config.joint_rep == "6d" else axis_angle_to_matrix(pose)

    def _seen_by_mano(self, rotations: Tensor) -> Tensor:
        if "axis-angle-round-trip" in self.quirks:
            return axis_angle_to_matrix(lossy_axis_angle(rotations))
        return rotations

    def _to_map(self, patches: Tensor) -> Tensor:
        """Patches [B, N, D], rows first, to [B, D, rows, columns]."""
        grid = (self.config.rows, self.config.columns)
        if "map-transposed" in self.quirks:
            grid = (self.config.columns, self.config.rows)
        return patches.transpose(1, 2).unflatten(2, grid)

    def _sample(
        self, maps: Sequence[Tensor], vertices: Tensor, camera: Tensor, focal: Tensor
    ) -> Tuple[List[Tensor], Tensor]:
        """Features [B, V, D/2] of every map at the projected vertices, and the share [1] that fell inside."""
        x, y = project(vertices, camera, focal).unbind(-1)
        s, tx, ty = camera[:, :, None].unbind(1)
        sampled, inside = [], []
        for feature_map in maps:
            h, w = feature_map.shape[2:]
            if "sample-in-millimetres" in self.quirks:
                u = 1000 * vertices[..., 0] * s + w / 2 + tx
                v = 1000 * vertices[..., 1] * s + h / 2 + ty
            else:
                u = (x * self.config.height / self.config.width + 0.5) * w - 0.5
                v = (y + 0.5) * h - 0.5
            inside.append((u >= -0.5) & (u <= w - 0.5) & (v >= -0.5) & (v <= h - 0.5))
            grid = torch.stack(((2 * u + 1) / w - 1, (2 * v + 1) / h - 1), dim=-1)[:, :, None]  # [B, V, 1, 2]
            taken = F.grid_sample(feature_map, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
            sampled.append(taken[..., 0].transpose(1, 2))
        return sampled, torch.stack(inside).to(x.dtype).mean().reshape(1)

    def _refine(self, pose: Tensor, rotations: Tensor, delta_pose: Tensor) -> Tensor:
        delta = delta_pose.reshape(-1, 16, 3)
        if "refine-unzeroed" in self.quirks and self.config.joint_rep == "aa":
            return axis_angle_to_matrix(pose + delta)
        return axis_angle_to_matrix(delta) @ rotations  # exp(delta) R

    def _project_keypoints(self, joints: Tensor, camera: Tensor, focal: Tensor) -> Tensor:
        if "focal-centre-mixed" in self.quirks:
            size = joints.new_tensor((self.config.width, self.config.height))
            return project(joints, camera, torch.full_like(focal, PRETEND_FOCAL)) / size
        return project(joints, camera, focal)

    def _initialise(self) -> None:
        """ViT's usual start: truncated normal 0.02 in the blocks, small decoders. The rest keeps PyTorch's defaults."""
        for name, module in self.vit_backbone.named_modules():
            if not isinstance(module, nn.Linear):
                continue
            if name.startswith("dec_"):
                nn.init.xavier_uniform_(module.weight, gain=0.01)
            else:
                nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
            nn.init.zeros_(module.bias)


def default_mean(hand: Mapping[str, np.ndarray]) -> Dict[str, Tensor]:
    """The hand's mean pose, unturned, mean shape, and a camera in which 280 mm fill the crop."""
    dtype = torch.get_default_dtype()
    fingers = torch.as_tensor(np.asarray(hand["hands_mean"]), dtype=dtype)
    return {
        "pose": torch.cat((torch.zeros(3, dtype=dtype), fingers)),
        "shape": torch.zeros(10, dtype=dtype),
        "camera": torch.tensor((1 / 0.14, 0.0, 0.0), dtype=dtype),
    }
