"""Makes the golden files: what the PyTorch twin (public/torch) computes for small configurations.

Run: python3 tests/golden/make_golden.py [NAME ...]   (torch >= 1.13, numpy; about a minute; the same bytes on every run)

Computed in float64 and stored as float32, so that the twin's own rounding does not matter. Weights, images and depth are
not stored: `pseudo_random.py` makes them, from the seeds in manifest.json. Every number that goes in is rounded to float32
first, so that both sides start from the same numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "public" / "torch")]

from mini_hand import mini_hand  # noqa: E402
from pseudo_random import pseudo_random  # noqa: E402
from utnet import LossWeights, UTNet, UTNetConfig, UTNetLoss, load_hand, parameter_groups  # noqa: E402
from utnet.model import project  # noqa: E402
from utnet.optim import has_weight_decay  # noqa: E402
from utnet.quirks import PRETEND_FOCAL  # noqa: E402
from utnet.rotations import axis_angle_to_matrix  # noqa: E402
from utnet.safetensors_io import write_safetensors  # noqa: E402

HANDS = {"mini": "mini-hand.safetensors", "openhand": "../../public/openhand/openhand.safetensors"}
LEARNING_RATE, WEIGHT_DECAY, STEPS = 1e-3, 0.05, 5
# Far below every gradient norm, so that it bites. It also brings what is zero but for rounding (the gradient of the keys'
# bias, which softmax does not feel) below AdamW's eps; otherwise 5 steps would compare noise of size lr.
CLIP = 1e-4
WEIGHTS = LossWeights(loss_2d=1.0, loss_3d_joint=10.0, loss_3d_vert=8.0, shape_prior=0.05, loss_aux=0.3)
GRADIENT_SAMPLES, WEIGHT_SAMPLES = 64, 16


@dataclass(frozen=True)
class Model:
    config: UTNetConfig
    hand: str = "mini"
    camera: float = 7.0
    """Middle of init_cam[0]. Small where vertices in millimetres have to fall on a map of a few pixels."""
    still: bool = False
    """Every other coarse rotation is smaller than 1e-3 rad: where a round trip through axis-angle loses it."""


SIX_D = UTNetConfig(height=48, width=32, dim=16, depth=2, heads=2, gcn=(8, 8, 8), joint_rep="6d")
AXIS_ANGLE = replace(SIX_D, joint_rep="aa")
MODELS = {
    "6d": Model(SIX_D),
    "aa": Model(AXIS_ANGLE),
    "6d-far": Model(SIX_D, camera=-4.0),
    "aa-far": Model(AXIS_ANGLE, camera=-4.0),
    "6d-still": Model(SIX_D, still=True),
    "wide": Model(UTNetConfig(height=64, width=48, dim=32, depth=3, heads=4, gcn=(12, 8, 10), joint_rep="6d")),
    "openhand": Model(SIX_D, hand="openhand"),
}


@dataclass(frozen=True)
class Case:
    name: str
    model: str
    quirks: Tuple[str, ...] = ()
    batch: int = 3
    depth: str = "mixed"
    """`all`, `mixed` (NaN where there is none) or `none`."""
    focal: str = "metric"
    drop_path: bool = True
    mode: str = "train"
    stored: str = "samples"
    """`full`, or `samples` of gradients and weights with their norms."""
    seed: int = 1


ALL_6D = ("mano-thumb-first", "tips-smplx", "ring-adjacency", "map-transposed", "sample-in-millimetres", "focal-centre-mixed",
          "axis-angle-round-trip", "loss-sum-mm", "double-millimetres", "double-centring")  # fmt: skip
ALL_AA = ALL_6D + ("refine-unzeroed", "aux-axis-angle")
CASES = [
    Case("rgbd-6d", "6d", depth="all", drop_path=False, stored="full"),
    Case("mixed-6d", "6d", stored="full", seed=2),
    Case("mixed-aa", "aa", focal="pretend", stored="full", seed=23),
    Case("rgb-only", "6d", depth="none", seed=4),
    Case("one-sample", "aa", batch=1, depth="all", drop_path=False, seed=25),
    Case("wide", "wide", batch=2, seed=6),
    Case("openhand", "openhand", batch=2, seed=47),
    Case("eval-6d", "6d", drop_path=False, mode="eval", seed=2),
    Case("eval-aa", "aa", drop_path=False, mode="eval", focal="pretend", seed=23),
    Case("mano-thumb-first", "6d", ("mano-thumb-first",), batch=2, seed=68),
    Case("tips-smplx", "6d", ("tips-smplx",), batch=2, seed=68),
    Case("mano-missing", "6d", ("mano-missing",), batch=2, seed=68),
    Case("ring-adjacency", "6d", ("ring-adjacency",), batch=2, seed=68),
    Case("map-transposed", "6d", ("map-transposed",), batch=2, seed=68),
    Case("sample-in-millimetres", "6d-far", ("sample-in-millimetres",), batch=2, seed=68),
    Case("focal-centre-mixed", "6d", ("focal-centre-mixed",), batch=2, seed=68),
    Case("axis-angle-round-trip", "6d-still", ("axis-angle-round-trip",), batch=2, seed=68),
    Case("loss-sum-mm", "6d", ("loss-sum-mm",), batch=2, seed=68),
    Case("double-millimetres", "6d", ("double-millimetres",), batch=2, seed=68),
    Case("double-millimetres-sum", "6d", ("loss-sum-mm", "double-millimetres"), batch=2, seed=68),
    Case("double-centring", "6d", ("double-centring",), batch=2, seed=68),
    Case("refine-unzeroed", "aa", ("refine-unzeroed",), batch=2, seed=9),
    Case("aux-axis-angle", "aa", ("aux-axis-angle",), batch=2, seed=9),
    Case("all-6d", "6d-far", ALL_6D, batch=2, seed=10),
    Case("all-aa", "aa-far", ALL_AA, stored="full", seed=11),
    Case("all-missing", "6d-far", ALL_6D + ("mano-missing",), batch=2, seed=10),
]  # fmt: skip


# --- what goes in -----------------------------------------------------------------------------------------------------


def parameter_rule(name: str, shape: Sequence[int], model: Model) -> Tuple[float, object]:
    """scale and offset of offset + scale * pseudo_random; an array of offsets is repeated along the tensor."""
    if model.still and name.endswith("init_hand_pose"):
        return 0.0, [1.0, 0.25, -0.25, -0.125, 0.875, 0.5, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    if model.still and "dec_pose" in name:
        return 1e-5, 0.0
    if name.endswith("init_hand_pose"):
        return (0.3, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]) if shape[1] == 96 else (0.6, 0.0)
    if name.endswith("init_betas"):
        return 0.5, 0.0
    if name.endswith("init_cam"):
        return 0.02, [model.camera, 0.0, 0.0]
    if name.endswith("num_batches_tracked"):
        return 0.0, 0.0
    if name.endswith("running_mean"):
        return 0.2, 0.0
    if name.endswith("running_var"):
        return 0.5, 1.0
    if name.endswith("pos_embed") or name.endswith("placeholder"):
        return 0.5, 0.0
    if name.endswith("bias"):
        return 0.02 if "dec_cam" in name else 0.1, 0.0
    if len(shape) == 1:
        return 0.2, 1.0  # norms
    fan_in = 4 * shape[0] if "deconv_layers" in name else math.prod(shape[1:])
    # The decoders and the heads' last layers are kept small, so that poses stay far from rotations by pi.
    gain = 0.05 if "dec_cam" in name else 0.3 if "dec_" in name or "_head.2" in name else 1.0
    return round(gain * math.sqrt(3 / fan_in), 4), 0.0


def parameter_table(name: str) -> List[Dict[str, object]]:
    """One row per entry of the state dict, sorted by name; its seed is 1000 + its place."""
    model = build(name, (), torch.float64)
    trainable = dict(model.named_parameters())
    names = sorted(model.state_dict())
    rows = []
    for key in names:
        shape = list(model.state_dict()[key].shape)
        scale, offset = parameter_rule(key, shape, MODELS[name])
        # The state that the original keeps twice starts equal.
        seed = 1000 + names.index(key.replace("modality_fusion.init_", "vit_backbone.init_"))
        decay = key in trainable and has_weight_decay(key, trainable[key])
        rows.append({"name": key, "shape": shape, "seed": seed, "scale": scale, "offset": offset, "trainable": key in trainable, "decay": decay})  # fmt: skip
    return rows


def made(shape: Sequence[int], seed: int, scale: float, offset: object = 0.0) -> np.ndarray:
    size = math.prod(shape)
    offsets = np.resize(np.atleast_1d(np.asarray(offset, np.float64)), size)
    return (offsets + scale * pseudo_random(size, seed)).astype(np.float32).reshape(shape)


def build(name: str, quirks: Sequence[str], dtype: torch.dtype) -> UTNet:
    torch.set_default_dtype(dtype)
    return UTNet(MODELS[name].config, load_hand(HERE / HANDS[MODELS[name].hand]), quirks=quirks)


def initial_state(table: Sequence[Mapping[str, object]], dtype: torch.dtype) -> Dict[str, Tensor]:
    state = {}
    for row in table:
        values = torch.from_numpy(made(row["shape"], row["seed"], row["scale"], row["offset"]))
        state[row["name"]] = values.long() if row["name"].endswith("num_batches_tracked") else values.to(dtype)
    return state


def small_inputs(case: Case) -> Dict[str, np.ndarray]:
    """Everything but image and depth, float32."""
    batch, seed = case.batch, 100 * case.seed
    config = MODELS[case.model].config

    def random(count: int, k: int) -> np.ndarray:
        return pseudo_random(count, seed + k)

    has_depth = {"all": [1] * batch, "mixed": [1, 0, 1][:batch], "none": [0] * batch}[case.depth]
    confidence = np.array([1.0, 0.5, 0.0, 0.8])
    pose = 0.5 * random(48 * batch, 1).reshape(batch, 16, 3)
    pose[:, 0] *= 3
    rotations = axis_angle_to_matrix(torch.from_numpy(pose)).numpy()
    focal = np.full(batch, PRETEND_FOCAL) if case.focal == "pretend" else 2 + 0.8 * random(batch, 2)
    keep = np.where(random(2 * config.depth * batch, 3) < -0.5, 0.0, 1 / 0.75).reshape(2 * config.depth, batch)
    inputs = {
        "hasDepth": np.array(has_depth),
        "focal": focal,
        "joints2d": np.concatenate(
            (0.4 * random(42 * batch, 4).reshape(batch, 21, 2), np.resize(confidence, (batch, 21, 1))), axis=2
        ),
        "joints3d": np.concatenate(
            (0.1 * random(63 * batch, 5).reshape(batch, 21, 3), np.resize(confidence[::-1], (batch, 21, 1))), axis=2
        ),
        "hasMano": np.array([1, 0, 1][:batch]),
        "pose": rotations,
        "poseAxisAngle": pose.reshape(batch, 48),
        "shape": 0.8 * random(10 * batch, 6).reshape(batch, 10),
        "dropPath": keep if case.drop_path else np.ones_like(keep),
    }
    return {name: array.astype(np.float32) for name, array in inputs.items()}


def all_inputs(case: Case) -> Dict[str, np.ndarray]:
    config = MODELS[case.model].config
    inputs = small_inputs(case)
    inputs["image"] = made((case.batch, 3, config.height, config.width), case.seed * 100 + 11, 1.5)
    depth = made((case.batch, 1, config.height, config.width), case.seed * 100 + 12, 1.0)
    depth[inputs["hasDepth"] == 0] = np.nan
    return {**inputs, "depth": depth}


# --- what comes out ---------------------------------------------------------------------------------------------------


@dataclass
class Result:
    outputs: Dict[str, Tensor]
    losses: Dict[str, Tensor]
    gradients: Dict[str, Tensor]
    state: Dict[str, Tensor]
    """Running statistics after the first forward."""
    after: Dict[str, Tensor]
    grad_norms: List[float]
    totals: List[float]
    margins: List[float]
    """Of each step: the smallest distance of a number from a kink (`kink_margin`)."""


def run(case: Case, table: Sequence[Mapping[str, object]], dtype: torch.dtype) -> Result:
    model = build(case.model, case.quirks, dtype)
    initial = initial_state(table, dtype)
    model.load_state_dict(initial)
    model.train(case.mode == "train")
    batch = {name: torch.from_numpy(array).to(dtype) for name, array in all_inputs(case).items()}
    criterion = UTNetLoss(model.mano, WEIGHTS, case.quirks)

    rectified: List[Tensor] = []
    margins: List[float] = []
    watch_rectified(model, rectified)

    def forward() -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        rectified.clear()
        outputs = model(batch["image"], batch["depth"], batch["hasDepth"], batch["focal"], batch["dropPath"])
        margins.append(kink_margin(case, outputs, batch, rectified))
        return outputs, criterion(outputs, batch)

    outputs, losses = forward()
    outputs, losses = detached(outputs), detached(losses)
    statistics = {name: value for name, value in model.state_dict().items() if "running_" in name}
    result = Result(outputs, losses, {}, {name: v.clone() for name, v in statistics.items()}, {}, [], [], margins)
    if case.mode == "eval":
        return result
    model.load_state_dict(initial)
    optimiser = torch.optim.AdamW(parameter_groups(model, WEIGHT_DECAY), lr=LEARNING_RATE)
    for step in range(STEPS):
        optimiser.zero_grad(set_to_none=False)
        total = forward()[1]["total_loss"]
        total.backward()
        for parameter in model.parameters():
            if parameter.grad is None:  # nothing depends on it, e.g. with mano-missing
                parameter.grad = torch.zeros_like(parameter)
        if step == 0:
            result.gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
        result.grad_norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP).item())
        result.totals.append(total.item())
        optimiser.step()
    after = {**dict(model.named_parameters()), **{n: v for n, v in model.state_dict().items() if "running_" in n}}
    result.after = {name: value.detach().clone() for name, value in sorted(after.items())}
    return result


def watch_rectified(model: UTNet, found: List[Tensor]) -> None:
    """Collects what goes into every ReLU."""
    refiner = model.gcn_refinement
    norms = [layer[1] for layer in model.deconv_upsampler.deconv_layers]
    for module in (*norms, *refiner.gcn.layers[:-1], refiner.pose_head[0], refiner.shape_head[0]):
        module.register_forward_hook(lambda _module, _inputs, output: found.append(output.detach()))


def kink_margin(case: Case, outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor], rectified: Sequence[Tensor]) -> float:
    """Smallest distance of a ReLU's input from 0, or of a sampled place from a pixel's centre: where gradients jump."""
    config = MODELS[case.model].config
    distances = [values.abs().min() for values in rectified]
    if "sample-in-millimetres" not in case.quirks and "mano-missing" not in case.quirks:
        x, y = project(outputs["coarse_vertices"], outputs["cam"], batch["focal"]).unbind(-1)
        for scale in range(config.scales):
            u = (x * config.height / config.width + 0.5) * config.columns * 2**scale - 0.5
            v = (y + 0.5) * config.rows * 2**scale - 0.5
            distances += [(place - place.round()).abs().min() for place in (u, v)]
    return min(distance.item() for distance in distances)


def detached(tensors: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def spread(tensor: Tensor, count: int) -> Tensor:
    """At most `count` entries, spread evenly: entry floor(i * size / count)."""
    flat = tensor.flatten()
    if flat.numel() <= count:
        return flat
    return flat[torch.tensor([i * flat.numel() // count for i in range(count)])]


def relative(got: Mapping[str, Tensor], want: Mapping[str, Tensor], least: float = 0.0) -> Tuple[float, str]:
    """Largest norm(got - want) / norm(want) over tensors whose norm is above `least`."""
    errors = [(((got[n].double() - want[n]).norm() / want[n].norm()).item(), n) for n in want if want[n].norm() > least]
    return max(errors, default=(0.0, ""))


def arrays_of(case: Case, result: Result) -> Dict[str, np.ndarray]:
    tensors: Dict[str, Tensor] = {}
    for name, array in sorted(small_inputs(case).items()):
        tensors[f"input.{name}"] = torch.from_numpy(array)
    groups = (("output", result.outputs), ("loss", result.losses), ("state", result.state))
    for prefix, group in groups:
        tensors.update({f"{prefix}.{name}": group[name] for name in sorted(group)})
    if case.mode == "train":
        tensors["grad_norms"] = torch.tensor(result.grad_norms)
        tensors["totals"] = torch.tensor(result.totals)
        for prefix, group, samples in (("gradient", result.gradients, GRADIENT_SAMPLES), ("after", result.after, WEIGHT_SAMPLES)):  # fmt: skip
            full = case.stored == "full"
            tensors.update({f"{prefix}.{n}": group[n] if full else spread(group[n], samples) for n in sorted(group)})
            tensors[f"{prefix}_norms"] = torch.stack([group[n].norm() for n in sorted(group)])
    return {name: tensor.numpy().astype(np.float32) for name, tensor in tensors.items()}


def make(case: Case, table: Sequence[Mapping[str, object]]) -> Dict[str, object]:
    """Writes the case's file and returns its entry in the manifest."""
    exact = run(case, table, torch.float64)
    single = run(case, table, torch.float32)
    arrays = arrays_of(case, exact)
    for name, array in arrays.items():
        assert np.isfinite(array).all(), f"{case.name}: {name} is not finite"
    write_safetensors(HERE / f"{case.name}.safetensors", arrays)
    initial = initial_state(table, torch.float64)
    moved = {n: v - initial[n] for n, v in exact.after.items()}
    moved_single = {n: v.double() - initial[n] for n, v in single.after.items()}
    share = max(exact.grad_norms, default=0.0)
    rounding = {
        "outputs": relative(single.outputs, exact.outputs, 1e-12),
        "losses": relative(single.losses, exact.losses, 1e-12),
        "gradients": relative(single.gradients, exact.gradients, 1e-9 * share),
        "after": relative(single.after, exact.after),
        "update": relative(moved_single, moved),
    }
    zero = [n for n, g in exact.gradients.items() if g.norm() < 1e-9 * share]
    line = "  ".join(f"{what} {error:.0e}" for what, (error, _) in rounding.items())
    total, share_inside = exact.losses["total_loss"].item(), exact.outputs["in_map_share"].item()
    print(f"{case.name}: total {total:.4g}  in_map_share {share_inside:.2f}  gradient {share:.3g}\n    float32: {line}")
    if zero:
        print(f"    zero gradient: {', '.join(zero)}")
    check(case, table, exact, rounding, zero)
    return {
        "name": case.name,
        "file": f"{case.name}.safetensors",
        "model": case.model,
        "quirks": list(case.quirks),
        "batch": case.batch,
        "mode": case.mode,
        "stored": case.stored,
        "image": {"seed": case.seed * 100 + 11, "scale": 1.5},
        "depth": {"seed": case.seed * 100 + 12, "scale": 1.0},
        "zeroGradient": zero,
    }


def check(case: Case, table: Sequence[Mapping[str, object]], exact: Result, rounding: Mapping[str, Tuple[float, str]], zero: Sequence[str]) -> None:  # fmt: skip
    """Stops when a file would not be worth comparing with: rounding decides a number, or a quirk changes nothing."""
    for what, limit in (("outputs", 3e-6), ("losses", 3e-6), ("gradients", 3e-5), ("after", 3e-5), ("update", 3e-3)):
        error, name = rounding[what]
        assert error < limit, f"{case.name}: {what} differ by {error:.1e} in float32 ({name}); take another seed"
    limits = [1e-5] + [3e-6] * STEPS
    near = [found for found, least in zip(exact.margins, limits) if found < least]
    assert not near, f"{case.name}: a gradient jumps within {near}, another device may be beyond; take another seed"
    assert all(exact.gradients[name].abs().max() == 0 for name in zero), f"{case.name}: a gradient is almost zero"
    assert all(norm > CLIP for norm in exact.grad_norms), f"{case.name}: clipping does not bite"
    if len(case.quirks) != 1:
        return
    right = run(replace(case, quirks=()), table, torch.float64)
    changes = [relative(getattr(right, part), getattr(exact, part), 1e-9)[0] for part in ("outputs", "losses", "gradients")]
    assert max(changes) > 1e-2, f"{case.name}: the quirk changes nothing: {changes}"
    print(f"    changed by the quirk: outputs {changes[0]:.0e} losses {changes[1]:.0e} gradients {changes[2]:.0e}")


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    write_safetensors(HERE / HANDS["mini"], mini_hand(), {"name": "mini hand", "units": "metres, made up"})
    chosen = [case for case in CASES if not sys.argv[1:] or case.name in sys.argv[1:]]
    tables = {name: parameter_table(name) for name in MODELS}
    entries = [make(case, tables[case.model]) for case in chosen]
    if len(chosen) < len(CASES):
        return
    models = {}
    for name, model in MODELS.items():
        models[name] = {**asdict(model.config), "hand": model.hand, "parameters": tables[name]}
    manifest = {
        "hands": {n: {"file": f, "sha256": hashlib.sha256((HERE / f).read_bytes()).hexdigest()} for n, f in HANDS.items()},
        "lossWeights": asdict(WEIGHTS),
        "optimiser": {"learningRate": LEARNING_RATE, "weightDecay": WEIGHT_DECAY, "betas": [0.9, 0.999], "eps": 1e-8, "clip": CLIP, "steps": STEPS},
        "samples": {"gradient": GRADIENT_SAMPLES, "after": WEIGHT_SAMPLES},
        "models": models,
        "cases": entries,
    }  # fmt: skip
    with open(HERE / "manifest.json", "w", encoding="utf-8") as file:
        file.write(render(manifest))


def render(value: object, depth: int = 0) -> str:
    """JSON, indented for two levels, one line below: readable diffs without a line per number."""
    if depth < 3 and isinstance(value, dict):
        inner = ",\n".join(f"{'  ' * (depth + 1)}{json.dumps(k)}: {render(v, depth + 1)}" for k, v in value.items())
        return "{\n" + inner + "\n" + "  " * depth + "}" + ("\n" if depth == 0 else "")
    if isinstance(value, list) and value and isinstance(value[0], dict):
        inner = ",\n".join("  " * (depth + 1) + json.dumps(v) for v in value)
        return "[\n" + inner + "\n" + "  " * depth + "]"
    return json.dumps(value)


if __name__ == "__main__":
    main()
