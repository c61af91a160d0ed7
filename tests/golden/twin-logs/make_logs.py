"""Trains the PyTorch twin (public/torch) for a few epochs with one fault each and writes what the original's trainer would print.

Run: /usr/bin/python3 tests/golden/twin-logs/make_logs.py [NAME ...]   (torch >= 1.13, numpy; a few seconds a log)

Nothing in a log is made up: every loss, statistic and metric comes from a real step of a real network on the same 256 rendered
samples (points of a made-up hand's mesh, 48 x 32 pixels). Only the size is small. A fault is planted where the original has it; the four
ranks of the one-rank faults are one process that scores the first rank's share.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

import numpy as np
import torch
from torch import Tensor

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "public" / "torch"))

from utnet import LossWeights, UTNet, UTNetConfig, UTNetLoss, load_hand, parameter_groups  # noqa: E402
from utnet.mano import Mano  # noqa: E402
from utnet.rotations import axis_angle_to_matrix  # noqa: E402

CONFIG = UTNetConfig(height=48, width=32, dim=32, depth=2, heads=2, gcn=(16, 16, 16), patch=8)
HAND = load_hand(ROOT / "tests" / "golden" / "mini-hand.safetensors")  # 65 vertices, about as large as a hand
BATCH, STEPS, VALIDATION = 32, 8, 64
TERMS = ("loss_2d", "loss_3d_joint", "shape_prior", "loss_aux", "total_loss")
WORDS = {
    "en": ("2D keypoint loss", "3D joint loss", "Prior loss (shape)", "Aux loss", "Total loss"),
    "zh": ("2D 关键点损失", "3D 关节损失", "先验损失", "辅助损失", "总损失"),
}
# What the twin is trained with, and what the original's config.yaml has beside its sums in millimetres.
METRES = LossWeights(loss_2d=0.1, loss_3d_joint=10.0, loss_3d_vert=0.0, shape_prior=0.001, loss_aux=0.002)
ORIGINAL = LossWeights(loss_2d=0.01, loss_3d_joint=0.05, loss_3d_vert=0.0, shape_prior=0.001, loss_aux=0.001)

Batch = Dict[str, Tensor]


@dataclass(frozen=True)
class Fault:
    """One log. `labels` changes a batch before the network sees it, `outputs` what the network says."""

    quirks: Tuple[str, ...] = ()
    weights: LossWeights = METRES
    rate: float = 3e-3
    warmup: int = 2
    asked_warmup: int = 2
    clip: float = 20.0
    epochs: int = 10
    ranks: int = 4
    language: str = "en"
    bar: bool = True
    debug_loss: bool = True
    warning: str = ""
    labels: Callable[[Batch, bool], Batch] = lambda batch, training: batch
    outputs: Callable[[Dict[str, Tensor]], Dict[str, Tensor]] = lambda outputs: outputs
    optimised: str = "all"
    """`all` parameters, or those of a `copy` of the network."""
    nan_epoch: Optional[int] = None
    """A sample whose depth is NaN comes in this epoch."""
    nan_as_zero: bool = False
    without_gradient: bool = False
    share: int = 1
    """Every how many samples of validation are scored."""
    says_samples: bool = True
    validate_on_training: bool = False
    restart: Optional[int] = None
    """The run is resumed after so many epochs, with a scheduler that begins again."""
    extra: Tuple[str, ...] = field(default=())


# --- samples ----------------------------------------------------------------------------------------------------------


def samples(count: int, seed: int) -> Batch:
    g = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g)

    pose = 0.25 * normal(count, 16, 3)
    pose[:, 0] = torch.tensor([np.pi / 2, 0.0, 0.0]) + 0.35 * normal(count, 3)
    rotations, betas = axis_angle_to_matrix(pose), 0.5 * normal(count, 10)
    mano = Mano(HAND)
    vertices, joints = mano(rotations, betas)
    shift = torch.stack((0.06 * normal(count), 0.05 * normal(count), 0.45 + 0.3 * torch.rand(count, generator=g)), -1)
    vertices, joints = vertices + shift[:, None], joints + shift[:, None]
    centre = joints.mean(1)
    side = 0.26 / centre[:, 2]  # of the crop, at focal length 1
    focal = 1 / side

    def crop(points: Tensor) -> Tensor:
        plane = points[..., :2] / points[..., 2:]
        return (plane - (centre[:, :2] / centre[:, 2:])[:, None]) / side[:, None, None]

    image, depth = render(crop(vertices), vertices[..., 2] - centre[:, None, 2], g)
    ones = torch.ones(count, 21, 1)
    return {
        "image": image,
        "depth": depth,
        "hasDepth": torch.ones(count),
        "focal": focal,
        "joints2d": torch.cat((crop(joints), ones), -1),
        "joints3d": torch.cat((joints, ones), -1),
        "hasMano": torch.ones(count),
        "pose": rotations,
        "shape": betas,
    }


def render(places: Tensor, depth: Tensor, g: torch.Generator) -> Tuple[Tensor, Tensor]:
    """Vertices as points, far ones first, coloured by bone: [B, 3, 48, 32] normalised and [B, 1, 48, 32] in [-1, 1]."""
    count, side, width = len(places), CONFIG.height, CONFIG.width
    bone = torch.as_tensor(np.asarray(HAND["weights"])).argmax(1)
    colours = 0.5 + 0.45 * torch.sin(torch.arange(16)[:, None] * torch.tensor([1.7, 2.9, 0.8]))
    image = 0.35 + 0.1 * torch.rand(count, 3, side, width, generator=g)
    far = torch.ones(count, 1, side, width)
    columns = (places[..., 0] * side + width / 2).floor().long()
    rows = (places[..., 1] * side + side / 2).floor().long()
    for i in range(count):
        seen = (columns[i] >= 0) & (columns[i] < width) & (rows[i] >= 0) & (rows[i] < side)
        for v in depth[i].argsort(descending=True)[seen[depth[i].argsort(descending=True)]].tolist():
            r, c = int(rows[i, v]), int(columns[i, v])
            image[i, :, max(0, r - 1) : r + 2, max(0, c - 1) : c + 2] = colours[bone[v]][:, None, None]
            far[i, 0, max(0, r - 1) : r + 2, max(0, c - 1) : c + 2] = (depth[i, v] / 0.14).clamp(-1, 1)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (image - mean[:, None, None]) / deviation[:, None, None], far


def turned(batch: Batch, angle: float, and_3d: bool) -> Batch:
    """Image, depth and 2D labels turned by `angle`; the 3D labels too, unless the augmentation forgets them."""
    c, s = float(np.cos(angle)), float(np.sin(angle))
    ratio = CONFIG.height / CONFIG.width
    grid = torch.nn.functional.affine_grid(
        torch.tensor([[c, s / ratio, 0], [-s * ratio, c, 0]], dtype=torch.float32).expand(len(batch["image"]), 2, 3),
        list(batch["image"].shape),
        align_corners=False,
    )

    def sample(x: Tensor, outside: float) -> Tensor:
        return torch.nn.functional.grid_sample(x - outside, grid, align_corners=False) + outside

    turn2 = torch.tensor([[c, -s], [s, c]])
    turn3 = torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    out = dict(batch, image=sample(batch["image"], 0.0), depth=sample(batch["depth"], 1.0))
    out["joints2d"] = torch.cat((batch["joints2d"][..., :2] @ turn2.T, batch["joints2d"][..., 2:]), -1)
    if and_3d:
        out["joints3d"] = torch.cat((batch["joints3d"][..., :3] @ turn3.T, batch["joints3d"][..., 3:]), -1)
        out["pose"] = torch.cat((turn3 @ batch["pose"][:, :1], batch["pose"][:, 1:]), 1)
    return out


def scaled(batch: Batch, factor: float) -> Batch:
    return dict(batch, joints3d=torch.cat((factor * batch["joints3d"][..., :3], batch["joints3d"][..., 3:]), -1))


def relative(batch: Batch) -> Batch:
    points = batch["joints3d"][..., :3]
    return dict(batch, joints3d=torch.cat((points - points[:, :1], batch["joints3d"][..., 3:]), -1))


def opengl(batch: Batch) -> Batch:
    """Labels along -z; the crop round them is empty, and a blank image takes its place."""
    flip = torch.tensor([1.0, -1.0, -1.0, 1.0])
    blank = torch.tensor([-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225])[None, :, None, None]
    return dict(batch, joints3d=batch["joints3d"] * flip, image=blank.expand_as(batch["image"]), depth=torch.ones_like(batch["depth"]))


# --- a run ------------------------------------------------------------------------------------------------------------


def forward(net: UTNet, batch: Batch, fault: Fault) -> Dict[str, Tensor]:
    return fault.outputs(net(batch["image"], batch["depth"], batch["hasDepth"], batch["focal"]))


def of(data: Batch, rows: Tensor) -> Batch:
    return {name: value[rows] for name, value in data.items()}


def statistics(values: Tensor) -> str:
    return f"{values.mean():.3f}, std: {values.std():.3f}"


def debug_batch(k: int, batch: Batch, outputs: Dict[str, Tensor]) -> List[str]:
    truth, guess = 1000 * batch["joints3d"][..., :3], 1000 * outputs["keypoints_3d"].detach()
    image, depth = batch["image"], batch["depth"]
    return [
        "",
        f"[Debug Batch {k}]",
        f"  RGB range: [{image.min():.3f}, {image.max():.3f}]",
        f"  Depth range: [{depth.min():.3f}, {depth.max():.3f}]",
        f"  GT 3D joints (no conf) mean: {statistics(truth)}",
        f"  Pred 3D joints mean: {statistics(guess)}",
        f"  GT root joint (batch 0): {truth[0, 0]}",
        f"  Pred root joint (batch 0): {guess[0, 0]}",
        f"  GT centered by root mean: {statistics(truth - truth[:, :1])}",
    ]


def debug_loss(batch: Batch, outputs: Dict[str, Tensor], loss: Tensor, quirks: Tuple[str, ...]) -> List[str]:
    truth, guess = 1000 * batch["joints3d"][..., :3], 1000 * outputs["keypoints_3d"].detach()
    times = 2 if "double-centring" in quirks else 1
    after, seen = truth - times * truth[:, :1], guess - guess[:, :1]
    error = (seen - after).abs()
    return [
        "[Debug 3D Loss]",
        f"  Before centering - Pred mean: {statistics(guess)}",
        f"  Before centering - GT mean: {statistics(truth)}",
        f"  After centering - Pred mean: {statistics(seen)}",
        f"  After centering - GT mean: {statistics(after)}",
        f"  Per-element loss mean: {error.mean():.3f}, max: {error.max():.3f}",
        f"  Loss value: {loss:.3f}",
    ]


def evaluate(net: UTNet, criterion: UTNetLoss, data: Batch, truth: Batch, fault: Fault) -> Tuple[float, float, float, int]:
    """Loss, MPJPE, PA-MPJPE (mm) and the number of samples that were scored."""
    net.eval()
    rows = torch.arange(0, len(data["image"]), fault.share)
    with torch.no_grad():
        batch = of(data, rows)
        outputs = forward(net, batch, fault)
        loss = float(criterion(outputs, batch)["total_loss"])
    net.train()
    guess, real = 1000 * outputs["keypoints_3d"].double(), 1000 * of(truth, rows)["joints3d"][..., :3].double()
    if fault.nan_as_zero:
        guess = torch.nan_to_num(guess)
    if not torch.isfinite(guess).all():
        return loss, float("nan"), float("nan"), len(rows)
    centred = (guess - guess[:, :1]) - (real - real[:, :1])
    return loss, float(centred.norm(dim=-1).mean()), float(aligned(guess, real).norm(dim=-1).mean()), len(rows)


def aligned(guess: Tensor, real: Tensor) -> Tensor:
    """Residual after Procrustes, the variance clamped as the original does."""
    p, t = guess - guess.mean(1, keepdim=True), real - real.mean(1, keepdim=True)
    u, d, v = torch.linalg.svd(p.transpose(1, 2) @ t)
    sign = torch.ones_like(d)
    sign[:, 2] = torch.det(u @ v).sign()
    turn = u @ torch.diag_embed(sign) @ v
    scale = (d * sign).sum(1) / p.square().sum((1, 2)).clamp(min=1e-8)
    return scale[:, None, None] * p @ turn - t


def rate_at(fault: Fault, epoch: int) -> float:
    """Linear warm-up over epochs, then a cosine to a hundredth."""
    if epoch < fault.warmup:
        return fault.rate * (epoch + 1) / fault.warmup
    share = (epoch - fault.warmup) / max(1, fault.epochs - fault.warmup)
    return fault.rate * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * share)))


def header(fault: Fault) -> List[str]:
    zh = fault.language == "zh"
    if fault.ranks > 1:
        first = f"分布式训练: {fault.ranks} 个 GPU" if zh else f"Distributed training on {fault.ranks} GPUs"
    else:
        first = "Single GPU training"
    return [
        first,
        "创建数据加载器..." if zh else "Creating data loaders...",
        f"training: {{'batch_size': {BATCH}, 'warmup_epochs': {fault.asked_warmup}, 'learning_rate': {fault.rate}}}",
        f"loss: {{'w_2d': {fault.weights.loss_2d}, 'w_3d_joint': {fault.weights.loss_3d_joint}, 'w_prior': {fault.weights.shape_prior}, 'w_aux': {fault.weights.loss_aux}}}",
        f"HO3D train split: {BATCH * STEPS} samples",
        f"HO3D val split: {VALIDATION} samples",
        "Creating model...",
        *([fault.warning] if fault.warning else []),
        *fault.extra,
        "开始训练..." if zh else "Starting training...",
    ]


def run(fault: Fault) -> List[str]:
    torch.manual_seed(0)
    net = UTNet(CONFIG, HAND, quirks=[q for q in fault.quirks if q not in LOSS_QUIRKS]).train()
    if fault.without_gradient:
        net.mano = WithoutGradient(net.mano)
    criterion = UTNetLoss(Mano(HAND), fault.weights, [q for q in fault.quirks if q in LOSS_QUIRKS])
    held = UTNet(CONFIG, HAND) if fault.optimised == "copy" else net
    optimiser = torch.optim.AdamW(parameter_groups(held, weight_decay=0.02), lr=fault.rate)
    train, validation = TRAIN, (of(TRAIN, torch.arange(VALIDATION)) if fault.validate_on_training else HELD_OUT)
    order, angles = torch.Generator().manual_seed(3), np.random.default_rng(4)
    out = header(fault)
    for epoch in range(fault.epochs):
        counted = epoch - fault.restart if fault.restart is not None and epoch >= fault.restart else epoch
        if fault.restart == epoch:
            out += [*header(fault)[:-1], f"Resuming from checkpoints/checkpoint_epoch_{epoch}.pth", header(fault)[-1]]
        lr = rate_at(fault, counted)
        for group in optimiser.param_groups:
            group["lr"] = lr
        total = 0.0
        places = torch.randperm(len(train["image"]), generator=order)
        for step in range(STEPS):
            batch = of(train, places[BATCH * step : BATCH * (step + 1)])
            batch = turned(batch, angles.uniform(-fault_angle(fault), fault_angle(fault)), "labels-not-augmented" not in fault.extra)
            batch = fault.labels(batch, True)
            if fault.nan_epoch == epoch and step == 4:
                batch["depth"][3, 0, 5, 5] = float("nan")
            outputs = forward(net, batch, fault)
            losses = criterion(outputs, batch)
            if epoch == 0 and step < 3:
                out += debug_batch(step, batch, outputs)
                if fault.debug_loss:
                    out += debug_loss(batch, outputs, losses["loss_3d_joint"].detach(), fault.quirks)
            optimiser.zero_grad()
            if losses["total_loss"].requires_grad:
                losses["total_loss"].backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), fault.clip)
            optimiser.step()
            total += float(losses["total_loss"]) / STEPS
            if step % 5 == 0:
                out += breakdown(epoch, step, losses, fault)
        loss, mpjpe, pa, scored = evaluate(net, criterion, fault.labels(validation, False), validation, fault)
        if fault.says_samples:
            zh = f"  评估了 {scored} 个样本（来自所有 {fault.ranks} 个 GPU）"
            out.append(zh if fault.language == "zh" else f"  Evaluated on {scored} samples from all {fault.ranks} GPUs")
        out += summary(epoch, total, loss, lr, mpjpe, pa, fault)
    return out


def fault_angle(fault: Fault) -> float:
    return 1.2 if "labels-not-augmented" in fault.extra else 0.2


def breakdown(epoch: int, step: int, losses: Dict[str, Tensor], fault: Fault) -> List[str]:
    values = [float(losses[name]) for name in TERMS]
    bar = f"Epoch {epoch}:   0%|          | 0/{STEPS} [00:00<?, ?it/s]\rEpoch {epoch}:  {100 * step // STEPS}%|█████     | {step}/{STEPS} [00:02<00:02,  2.12it/s, loss={values[-1]:.2e}]\r"
    head = f"[Epoch {epoch}, Iter {step}] " + ("损失明细:" if fault.language == "zh" else "Loss breakdown:")
    lines = [f"  {word}: {value:.4f}" for word, value in zip(WORDS[fault.language], values)]
    return [*([bar + head] if fault.bar else [head]), *lines]


def summary(epoch: int, train: float, val: float, lr: float, mpjpe: float, pa: float, fault: Fault) -> List[str]:
    average = (mpjpe + pa) / 2
    if fault.language == "zh":
        return [
            "",
            f"第 {epoch} 轮: 训练损失 = {train:.4f}, 验证损失 = {val:.4f}, 学习率 = {lr:.2e}",
            f"  MPJPE: {mpjpe:.3f} mm, PA-MPJPE: {pa:.3f} mm, 平均指标: {average:.3f} mm",
        ]
    return [
        "",
        f"Epoch {epoch}: Train Loss = {train:.4f}, Val Loss = {val:.4f}, LR = {lr:.2e}",
        f"  MPJPE: {mpjpe:.3f} mm, PA-MPJPE: {pa:.3f} mm, Avg Metric: {average:.3f} mm",
    ]


class WithoutGradient(torch.nn.Module):
    """A hand model under torch.no_grad(): joints and vertices stop every gradient, only the camera learns."""

    def __init__(self, mano: Mano) -> None:
        super().__init__()
        self.mano = mano

    def forward(self, rotations: Tensor, betas: Tensor) -> Tuple[Tensor, Tensor]:
        with torch.no_grad():
            return self.mano(rotations, betas)


def thousandfold(outputs: Dict[str, Tensor]) -> Dict[str, Tensor]:
    return dict(outputs, keypoints_3d=1000 * outputs["keypoints_3d"], vertices=1000 * outputs["vertices"])


LOSS_QUIRKS = ("loss-sum-mm", "double-millimetres", "double-centring", "aux-axis-angle")
SUM = dict(quirks=("loss-sum-mm",), weights=ORIGINAL, clip=1.0)
FAULTS: Dict[str, Fault] = {
    "healthy": Fault(),
    "healthy-zh": Fault(language="zh"),
    "original-weights": Fault(**SUM),
    "healthy-one-gpu": Fault(ranks=1, bar=False, debug_loss=False),
    "rank0-only": Fault(share=4),
    "rank0-only-silent": Fault(share=4, says_samples=False, language="zh"),
    "mano-missing": Fault(quirks=("mano-missing",), warning="Warning: smplx not available. Please install: pip install smplx"),
    "zero-predictor": Fault(quirks=("mano-missing",), language="zh"),
    "frozen-weights": Fault(optimised="copy"),
    "learning-rate-tiny": Fault(rate=1e-8),
    "no-warmup": Fault(warmup=0, language="zh"),
    "dead-gradient": Fault(without_gradient=True, weights=replace(METRES, loss_aux=0.0)),
    "sample-in-millimetres": Fault(quirks=("sample-in-millimetres",)),
    "nan-as-zero": Fault(nan_epoch=4, nan_as_zero=True),
    "diverged": Fault(nan_epoch=4, language="zh"),
    "unit-doubled": Fault(labels=lambda batch, training: scaled(batch, 1000)),
    "unit-doubled-loss": Fault(quirks=("loss-sum-mm", "double-millimetres"), weights=ORIGINAL, clip=1.0, debug_loss=False),
    "prediction-scale": Fault(outputs=thousandfold),
    "double-centring": Fault(quirks=("double-centring",), language="zh"),
    "labels-relative": Fault(labels=lambda batch, training: relative(batch)),
    "opengl": Fault(labels=lambda batch, training: opengl(batch)),
    "sum-stuck": Fault(**SUM, rate=1e-5, asked_warmup=0, warmup=0),
    "joints-permuted": Fault(quirks=("mano-thumb-first",), epochs=24),
    "labels-not-augmented": Fault(extra=("labels-not-augmented",), epochs=24),
    "validation-leak": Fault(validate_on_training=True, epochs=24),
    "lr-restarted": Fault(restart=6),
}


if __name__ == "__main__":
    torch.set_num_threads(1)
    TRAIN, HELD_OUT = samples(BATCH * STEPS, 1), samples(VALIDATION, 2)
    for name in sys.argv[1:] or FAULTS:
        text = "\n".join(run(FAULTS[name])) + "\n"
        (HERE / f"{name}.log").write_text(text, encoding="utf-8", newline="")
        print(name, text.rstrip().split("\n")[-1], flush=True)
