"""Every loss term against loops written from its definition, the quirks included; and the refinement's composition."""

import unittest
from typing import Dict

import torch
from torch import Tensor

from utnet import LossWeights, UTNetLoss
from utnet.rotations import axis_angle_to_matrix

from .common import batch, forward, model

SIZE = 3


class Losses(unittest.TestCase):
    def setUp(self) -> None:
        torch.set_default_dtype(torch.float64)
        self.net = model("aa").eval()
        self.batch = {**batch(SIZE), "poseAxisAngle": torch.randn(SIZE, 48, generator=torch.Generator().manual_seed(4))}
        with torch.no_grad():
            self.outputs = forward(self.net, self.batch)

    def terms(self, *quirks: str) -> Dict[str, Tensor]:
        return UTNetLoss(self.net.mano, LossWeights(2, 3, 5, 7, 11), quirks)(self.outputs, self.batch)

    def sums(self, dims: int, shift: float = 1.0) -> list:
        """Per sample, sum of confidence times absolute error; 3D relative to the wrists, the truth's `shift` times."""
        found, truth = (self.outputs["keypoints_2d"], self.batch["joints2d"]) if dims == 2 else (self.outputs["keypoints_3d"], self.batch["joints3d"])  # fmt: skip
        totals = []
        for b in range(SIZE):
            total = 0.0
            for j in range(21):
                for c in range(dims):
                    p, t = found[b, j, c].item(), truth[b, j, c].item()
                    if dims == 3:
                        p, t = p - found[b, 0, c].item(), t - shift * truth[b, 0, c].item()
                    total += truth[b, j, dims].item() * abs(p - t)
            totals.append(total)
        return totals

    def expect(self, value: Tensor, expected: float) -> None:
        self.assertAlmostEqual(value.item() / expected, 1, places=10)

    def test_joints(self) -> None:
        terms = self.terms()
        self.expect(terms["loss_2d"], sum(self.sums(2)) / 42 / SIZE)
        self.expect(terms["loss_3d_joint"], sum(self.sums(3)) / 63 / SIZE)

    def test_vertices_of_annotated_samples(self) -> None:
        truth, joints = self.net.mano(self.batch["pose"], self.batch["shape"])
        vertices, wrist, count = self.outputs["vertices"], self.outputs["keypoints_3d"][:, 0], self.outputs["vertices"].shape[1]
        total = 0.0
        for b in range(SIZE):
            error = (vertices[b] - wrist[b]) - (truth[b] - joints[b, 0])
            total += self.batch["hasMano"][b].item() * error.abs().sum().item() / (3 * count)
        self.assertEqual(self.batch["hasMano"].tolist(), [1, 0, 1])
        self.expect(self.terms()["loss_3d_vert"], total / SIZE)

    def test_prior_and_auxiliary(self) -> None:
        terms, total = self.terms(), 0.0
        for b in (0, 2):
            total += ((self.outputs["coarse_rotations"][b] - self.batch["pose"][b]) ** 2).sum().item() / 144
            total += ((self.outputs["coarse_betas"][b] - self.batch["shape"][b]) ** 2).sum().item() / 10
        self.expect(terms["loss_aux"], total / SIZE)
        self.expect(terms["shape_prior"], (self.outputs["betas"] ** 2).sum().item() / 10 / SIZE)

    def test_total(self) -> None:
        terms = self.terms()
        names = ("loss_2d", "loss_3d_joint", "loss_3d_vert", "shape_prior", "loss_aux")
        self.expect(terms["total_loss"], sum(w * terms[name].item() for w, name in zip((2, 3, 5, 7, 11), names)))

    def test_quirks(self) -> None:
        right, summed = self.terms(), self.terms("loss-sum-mm")
        self.expect(summed["loss_2d"], sum(self.sums(2)))
        self.expect(summed["loss_3d_joint"], 1000 * sum(self.sums(3)))
        for name in ("loss_3d_vert", "shape_prior", "loss_aux"):
            self.expect(summed[name], right[name].item())
        self.expect(self.terms("double-millimetres")["loss_3d_joint"], 1000 * right["loss_3d_joint"].item())
        self.expect(self.terms("double-millimetres", "loss-sum-mm")["loss_3d_joint"], 1e6 * sum(self.sums(3)))
        self.expect(self.terms("double-centring")["loss_3d_joint"], sum(self.sums(3, shift=2)) / 63 / SIZE)
        total = 0.0
        for b in (0, 2):
            total += ((self.outputs["coarse_pose"][b] - self.batch["poseAxisAngle"][b]) ** 2).sum().item() / 48
            total += ((self.outputs["coarse_betas"][b] - self.batch["shape"][b]) ** 2).sum().item() / 10
        self.expect(self.terms("aux-axis-angle")["loss_aux"], total / SIZE)

    def test_the_residual_turns_from_the_left(self) -> None:
        delta = axis_angle_to_matrix(self.outputs["delta_pose"].reshape(SIZE, 16, 3))
        torch.testing.assert_close(self.outputs["rotations"], delta @ self.outputs["coarse_rotations"])
        torch.testing.assert_close(self.outputs["betas"], self.outputs["coarse_betas"] + self.outputs["delta_shape"])
        self.assertGreater(delta.sub(torch.eye(3)).abs().max().item(), 1e-2)


if __name__ == "__main__":
    unittest.main()
