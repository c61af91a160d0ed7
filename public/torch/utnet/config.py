"""Shape of the network and the four presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple


@dataclass(frozen=True)
class UTNetConfig:
    height: int = 256
    """Side S of the square crop in pixels; rows of the image."""
    width: int = 192
    """Columns W of the crop that the model sees (the centre ones)."""
    dim: int = 1280
    """Width D of the tokens."""
    depth: int = 32
    """Number of transformer blocks."""
    heads: int = 16
    gcn: Tuple[int, ...] = (512, 256, 256)
    """Widths of the graph layers."""
    joint_rep: str = "6d"
    """`6d` (Zhou et al. 2019) or `aa` (axis-angle)."""
    patch: int = 16
    scales: int = 3
    """Feature maps, each twice as fine as the one before."""
    drop_path: float = 0.0
    """Drop-path probability of the last block; rises linearly from 0."""

    def __post_init__(self) -> None:
        if self.height % self.patch or self.width % self.patch:
            raise ValueError(f"image {self.height} x {self.width} is not divisible by the patch side {self.patch}")
        if self.dim % self.heads or self.dim % 2:
            raise ValueError(f"dim {self.dim} must be even and divisible by {self.heads} heads")
        if self.joint_rep not in ("6d", "aa"):
            raise ValueError(f"joint_rep is {self.joint_rep!r}, expected '6d' or 'aa'")

    @property
    def rows(self) -> int:
        return self.height // self.patch

    @property
    def columns(self) -> int:
        return self.width // self.patch

    @property
    def pose_dim(self) -> int:
        """Numbers per joint rotation."""
        return 6 if self.joint_rep == "6d" else 3


PRESETS: Dict[str, UTNetConfig] = {
    "tiny": UTNetConfig(height=128, width=96, dim=96, depth=4, heads=3, gcn=(64, 64, 64)),
    "small": UTNetConfig(dim=384, depth=12, heads=6, drop_path=0.1),
    "base": UTNetConfig(dim=768, depth=12, heads=12, drop_path=0.3),
    "huge": UTNetConfig(dim=1280, depth=32, heads=16, drop_path=0.55),
}
