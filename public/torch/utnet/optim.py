"""What a training loop needs beside the model: weight-decay groups and drop-path masks."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import torch
from torch import Tensor, nn

from .config import UTNetConfig


def has_weight_decay(name: str, parameter: Tensor) -> bool:
    """No decay on biases, norms (BatchNorm's are one-dimensional), position embedding, placeholder, mean tokens."""
    embeddings = ("pos_embed.pos_embed", "placeholder.placeholder", ".pose_emb.", ".shape_emb.", ".cam_emb.")
    return parameter.ndim > 1 and not any(part in name for part in embeddings)


def parameter_groups(model: nn.Module, weight_decay: float) -> List[Dict[str, Any]]:
    """Two groups for torch.optim.AdamW."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    return [
        {"params": [p for name, p in named if has_weight_decay(name, p)], "weight_decay": weight_decay},
        {"params": [p for name, p in named if not has_weight_decay(name, p)], "weight_decay": 0.0},
    ]


def drop_path_masks(config: UTNetConfig, batch: int, generator: Optional[torch.Generator] = None) -> Tensor:
    """Factors [2 * depth, B] for training: 0 with probability p, else 1 / (1 - p); p rises linearly to `config.drop_path`."""
    p = torch.linspace(0, config.drop_path, config.depth).repeat_interleave(2)[:, None]
    kept = torch.rand(2 * config.depth, batch, generator=generator) >= p
    return kept / (1 - p)
