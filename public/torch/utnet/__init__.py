"""UTNet in plain PyTorch: image and depth of a hand to MANO mesh, joints and camera. Start reading at model.py."""

from .config import PRESETS, UTNetConfig
from .hand import load_hand
from .losses import LossWeights, UTNetLoss
from .model import UTNet
from .optim import drop_path_masks, parameter_groups

__all__ = [
    "PRESETS",
    "LossWeights",
    "UTNet",
    "UTNetConfig",
    "UTNetLoss",
    "drop_path_masks",
    "load_hand",
    "parameter_groups",
]
