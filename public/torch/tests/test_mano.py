"""Identities that MANO must fulfil, whatever the hand."""

import unittest

import numpy as np
import torch
from torch.autograd import gradcheck

from utnet.mano import Mano
from utnet.model import mesh_adjacency, ring_adjacency
from utnet.rotations import axis_angle_to_matrix

from .common import hand


class ManoIdentities(unittest.TestCase):
    def setUp(self) -> None:
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(0)
        self.hand = hand()
        self.mano = Mano(self.hand)
        self.identity = torch.eye(3).expand(2, 16, 3, 3)
        self.betas = torch.randn(2, 10)
        self.pose = axis_angle_to_matrix(0.7 * torch.randn(2, 16, 3))

    def test_identity_pose_returns_the_template(self) -> None:
        vertices, _ = self.mano(self.identity, torch.zeros(2, 10))
        torch.testing.assert_close(vertices[1], self.mano.v_template, rtol=0, atol=1e-7)

    def test_identity_pose_returns_the_shaped_template(self) -> None:
        vertices, _ = self.mano(self.identity, self.betas)
        shaped = self.mano.v_template + (self.mano.shapedirs * self.betas[0]).sum(-1)
        torch.testing.assert_close(vertices[0], shaped, rtol=0, atol=1e-7)

    def test_the_wrist_stays_at_its_rest_joint_in_every_pose(self) -> None:
        _, joints = self.mano(self.pose, self.betas)
        shaped = self.mano.v_template + torch.einsum("vcs,bs->bvc", self.mano.shapedirs, self.betas)
        torch.testing.assert_close(joints[:, 0], torch.einsum("v,bvc->bc", self.mano.J_regressor[0], shaped))

    def test_turning_the_root_turns_everything_about_the_wrist(self) -> None:
        turn = axis_angle_to_matrix(torch.tensor([3.0, -0.4, 0.8]))
        turned = torch.cat((turn @ self.pose[:, :1], self.pose[:, 1:]), dim=1)
        for before, after in zip(self.mano(self.pose, self.betas), self.mano(turned, self.betas)):
            wrist = self.mano(self.pose, self.betas)[1][:, :1]
            torch.testing.assert_close(after, (before - wrist) @ turn.T + wrist)

    def test_a_joint_moves_what_hangs_on_it_and_nothing_else(self) -> None:
        order = [0, 13, 14, 15, 1, 2, 3, 4, 5, 6, 10, 11, 12, 7, 8, 9]  # MANO's joints in the order of the 21
        places = [i for i in range(21) if i % 4 or i == 0]  # without the tips
        _, before = self.mano(self.pose, self.betas)
        for k in range(1, 16):
            turned = self.pose.clone()
            turned[:, k] = axis_angle_to_matrix(torch.tensor([0.3, 0.4, -0.5])) @ turned[:, k]
            _, after = self.mano(turned, self.betas)
            moved = (after - before)[0].norm(dim=1) > 1e-6
            below = [j for j in range(k + 1, 16) if (j - 1) // 3 == (k - 1) // 3]
            self.assertEqual({order[i] for i, place in enumerate(places) if moved[place]}, set(below), k)

    def test_bones_keep_their_length(self) -> None:
        def lengths(joints: torch.Tensor) -> torch.Tensor:
            return (joints[:, [2, 3, 6, 7, 10, 11, 14, 15, 18, 19]] - joints[:, [1, 2, 5, 6, 9, 10, 13, 14, 17, 18]]).norm(dim=-1)  # fmt: skip

        _, rest = self.mano(self.identity, self.betas)
        _, posed = self.mano(self.pose, self.betas)
        torch.testing.assert_close(lengths(posed), lengths(rest))

    def test_joint_order(self) -> None:
        vertices, joints = self.mano(self.pose, self.betas)
        _, wrong = Mano(self.hand, frozenset({"mano-thumb-first"}))(self.pose, self.betas)
        torch.testing.assert_close(joints[:, 4::4], vertices[:, self.hand["tips"]])
        torch.testing.assert_close(wrong[:, 1:4], joints[:, 5:8])  # the index finger in the thumb's place
        torch.testing.assert_close(wrong[:, 13:16], joints[:, 13:16])  # the ring finger is right by chance

    def test_tips_of_another_code_base(self) -> None:
        moved = Mano(self.hand, frozenset({"tips-smplx"})).joint_index[4::4] - 16
        for tip, other in zip(self.hand["tips"], moved.tolist()):
            neighbours = {v for face in self.hand["f"] if tip in face for v in face} - {tip}
            self.assertEqual(other, min(neighbours))
        named = {**self.hand, "smplx_tips": np.array([1, 2, 3, 4, 5])}
        self.assertEqual((Mano(named, frozenset({"tips-smplx"})).joint_index[4::4] - 16).tolist(), [1, 2, 3, 4, 5])

    def test_missing(self) -> None:
        betas = self.betas.clone().requires_grad_()
        vertices, joints = Mano(self.hand, frozenset({"mano-missing"}))(self.pose, betas)
        self.assertEqual((vertices.abs().max().item(), joints.abs().max().item()), (0, 0))
        self.assertFalse(vertices.requires_grad or joints.requires_grad)

    def test_gradient(self) -> None:
        few = {**self.hand, "f": np.array([[0, 1, 2]]), "tips": np.arange(5)}
        for name in ("v_template", "shapedirs", "posedirs", "weights"):
            few[name] = self.hand[name][::100]
        few["J_regressor"] = torch.softmax(torch.randn(16, len(few["v_template"])), dim=1).numpy()
        mano = Mano(few)
        inputs = (self.pose[:1].clone().requires_grad_(), self.betas[:1].clone().requires_grad_())
        self.assertTrue(gradcheck(mano, inputs))

    def test_adjacency(self) -> None:
        faces, count = self.hand["f"], len(self.hand["v_template"])
        edges = {tuple(sorted(pair)) for a, b, c in faces for pair in ((a, b), (b, c), (c, a))}
        mesh = mesh_adjacency(faces, count)
        self.assertEqual(int((mesh > 0).sum()), 2 * len(edges) + count)
        torch.testing.assert_close(mesh, mesh.T)
        degree = (mesh > 0).sum(1).sqrt()
        torch.testing.assert_close(mesh @ degree, degree)  # sqrt(degree) is the eigenvector of eigenvalue 1
        ring = ring_adjacency(count)
        self.assertEqual(sorted(ring[0].nonzero().flatten().tolist()), [1, 2, count - 2, count - 1])
        torch.testing.assert_close(ring.sum(1), torch.ones(count))


if __name__ == "__main__":
    unittest.main()
