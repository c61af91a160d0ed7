"""HO-3D's evaluation protocol once more, in plain numpy, to hold the product's figures and its export to.

Run: python3 tests/oracle/ho3d_protocol.py PRED.json FRAMES    prints one JSON object: the figures of scores.txt, unrounded

Written from the description of the protocol (github.com/shreyashampali/ho3d, eval.py, read, not copied) and from nothing of
this repository but `pseudo_random`, which makes the ground truth: joints in HO-3D's order, metres, OpenGL. Where the
scale of a prediction is 0 / 0 the answer is NaN, as on HO-3D's server; the public script leaves such a prediction unscaled.
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "golden"))
from pseudo_random import pseudo_random  # noqa: E402

THRESHOLDS = np.linspace(0.0, 0.05, 100)
PLACE = np.array([0.05, -0.03, -0.6])


def truth_of(frame):
    """Joints [21, 3] and vertices [778, 3] of a frame: a cloud of 18 cm, 60 cm in front of the camera."""
    joints = 0.09 * pseudo_random(63, 100 + frame).reshape(21, 3) + PLACE
    vertices = 0.09 * pseudo_random(778 * 3, 200 + frame).reshape(778, 3) + PLACE
    return joints, vertices


def lengths(difference):
    return np.sqrt((difference**2).sum(axis=-1))


def similarity_aligned(truth, pred):
    """The orthogonal matrix with the largest trace, a reflection included, and the scale that goes with it."""
    true_mean, pred_mean = truth.mean(axis=0), pred.mean(axis=0)
    true_size = np.linalg.norm(truth - true_mean) + 1e-8
    pred_size = np.linalg.norm(pred - pred_mean) + 1e-8
    true_unit, pred_unit = (truth - true_mean) / true_size, (pred - pred_mean) / pred_size
    left, singular, right = np.linalg.svd(pred_unit.T @ true_unit)
    return singular.sum() * true_size * (pred_unit @ (left @ right)) + true_mean


def bone_aligned(truth, pred):
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = lengths(truth[4] - truth[0]) / lengths(pred[4] - pred[0])
        return (pred - pred[0]) * scale + truth[0]


def area_under_curve(errors):
    """errors [frames, points]: a curve for each point, the area under each, their mean."""
    if np.isnan(errors).any():
        return float("nan")
    areas = []
    for column in errors.T:
        curve = np.array([(column <= threshold).mean() for threshold in THRESHOLDS])
        areas.append(((curve[1:] + curve[:-1]) / 2 * np.diff(THRESHOLDS)).sum() / THRESHOLDS[-1])
    return float(np.mean(areas))


def nearest(truth, pred):
    """Distance of every true point to the nearest predicted one, and of every predicted point to the nearest true one."""
    apart = sum((truth[:, None, axis] - pred[None, :, axis]) ** 2 for axis in range(3))
    return np.sqrt(apart.min(axis=1)), np.sqrt(apart.min(axis=0))


def f_score(distances, threshold):
    recall, precision = [(each < threshold).mean() for each in distances]
    return 0.0 if recall + precision == 0 else 2 * recall * precision / (recall + precision)


def scores(pred_joints, pred_vertices):
    errors = {key: [] for key in ("xyz", "xyz_procrustes_al", "xyz_scale_trans_al", "mesh", "mesh_al")}
    f_scores = {key: [] for key in ("f_score_5", "f_al_score_5", "f_score_15", "f_al_score_15")}
    for frame, (joints, vertices) in enumerate(zip(pred_joints, pred_vertices)):
        joints, vertices = np.array(joints), np.array(vertices)
        true_joints, true_vertices = truth_of(frame)
        aligned = similarity_aligned(true_vertices, vertices)
        errors["xyz"].append(lengths(joints - true_joints))
        errors["xyz_procrustes_al"].append(lengths(similarity_aligned(true_joints, joints) - true_joints))
        errors["xyz_scale_trans_al"].append(lengths(bone_aligned(true_joints, joints) - true_joints))
        errors["mesh"].append(lengths(vertices - true_vertices))
        errors["mesh_al"].append(lengths(aligned - true_vertices))
        raw_distances, aligned_distances = nearest(true_vertices, vertices), nearest(true_vertices, aligned)
        for millimetres in (5, 15):
            f_scores["f_score_%d" % millimetres].append(f_score(raw_distances, millimetres / 1000))
            f_scores["f_al_score_%d" % millimetres].append(f_score(aligned_distances, millimetres / 1000))
    result = {}
    for key, values in errors.items():
        result[key + "_mean3d"] = 100 * float(np.array(values).mean(axis=0).mean())
        result[key + "_auc3d"] = area_under_curve(np.array(values))
    result.update({key: float(np.mean(values)) for key, values in f_scores.items()})
    return {key: None if np.isnan(value) else value for key, value in result.items()}


def main(pred_file, frames):
    with open(pred_file) as stream:
        pred = json.load(stream)
    assert len(pred) == 2 and len(pred[0]) == len(pred[1]) == int(frames), "expected two lists of all frames"
    json.dump(scores(*pred), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
