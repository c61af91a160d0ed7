"""Rotations over the whole sphere, 0 and pi included."""

import math
import unittest

import torch
from torch.autograd import gradcheck

from utnet.quirks import lossy_axis_angle
from utnet.rotations import axis_angle_to_matrix, matrix_to_rot6d, rot6d_to_matrix

ANGLES = (0.0, 1e-9, 1e-4, 9.9e-3, 1.01e-2, 0.5, 2.0, math.pi - 1e-6, math.pi, 2 * math.pi - 1e-3)


class Rotations(unittest.TestCase):
    def setUp(self) -> None:
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(0)
        self.axes = torch.nn.functional.normalize(torch.randn(8, 3), dim=1)

    def test_axis_angle_equals_the_matrix_exponential(self) -> None:
        for angle in ANGLES:
            v = angle * self.axes
            x, y, z = v.unbind(-1)
            o = torch.zeros_like(x)
            k = torch.stack((o, -z, y, z, o, -x, -y, x, o), dim=-1).reshape(-1, 3, 3)
            torch.testing.assert_close(axis_angle_to_matrix(v), torch.matrix_exp(k), rtol=0, atol=1e-13)

    def test_series_and_closed_form_meet(self) -> None:
        below, above = (axis_angle_to_matrix(t * self.axes) for t in (1e-2 * (1 - 1e-15), 1e-2 * (1 + 1e-15)))
        torch.testing.assert_close(below, above, rtol=0, atol=1e-15)

    def test_gradient_at_every_angle(self) -> None:
        for angle in ANGLES:
            v = (angle * self.axes).requires_grad_()
            self.assertTrue(gradcheck(axis_angle_to_matrix, (v,), eps=1e-6, atol=1e-7), angle)

    def test_gradient_of_6d(self) -> None:
        self.assertTrue(gradcheck(rot6d_to_matrix, (torch.randn(4, 6, requires_grad=True),)))

    def test_6d_round_trip_and_batch_of_three(self) -> None:
        for angle in ANGLES:
            r = axis_angle_to_matrix(angle * self.axes[:3])
            torch.testing.assert_close(rot6d_to_matrix(matrix_to_rot6d(r)), r, rtol=0, atol=1e-13)

    def test_half_turn(self) -> None:
        r = axis_angle_to_matrix(torch.tensor([[math.pi, 0.0, 0.0]]))
        torch.testing.assert_close(r[0], torch.diag(torch.tensor([1.0, -1.0, -1.0])), rtol=0, atol=1e-15)

    def test_the_lossy_way_back(self) -> None:
        """Right in the middle, exactly zero without gradient below 1e-3 rad, wrong at pi."""
        v = 1.3 * self.axes
        torch.testing.assert_close(lossy_axis_angle(axis_angle_to_matrix(v)), v)
        small = (9e-4 * self.axes).requires_grad_()
        back = lossy_axis_angle(axis_angle_to_matrix(small))
        self.assertEqual(back.abs().max().item(), 0)
        back.sum().backward()
        self.assertEqual(small.grad.abs().max().item(), 0)
        turned = lossy_axis_angle(axis_angle_to_matrix((math.pi - 1e-5) * self.axes))
        self.assertGreater((turned.norm(dim=1) - math.pi).abs().min().item(), 1)


if __name__ == "__main__":
    unittest.main()
