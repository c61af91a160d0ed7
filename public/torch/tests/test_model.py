"""The whole network: gradients, missing depth, the layout of maps, names, invariance to the batch."""

import unittest
from typing import Dict

import torch
from torch import Tensor
from torch.autograd import gradcheck

from utnet import PRESETS, UTNet, UTNetConfig, UTNetLoss, drop_path_masks, parameter_groups
from utnet.model import Attention, project
from utnet.quirks import MODEL_QUIRKS

from .common import TINY, batch, forward, hand, model


def part(b: Dict[str, Tensor], rows: slice) -> Dict[str, Tensor]:
    return {name: values[rows] for name, values in b.items()}


class Network(unittest.TestCase):
    def setUp(self) -> None:
        torch.set_default_dtype(torch.float64)

    def test_every_parameter_has_a_gradient(self) -> None:
        for joint_rep in ("6d", "aa"):
            net, b = model(joint_rep), batch()
            UTNetLoss(net.mano)(forward(net, b), b)["total_loss"].backward()
            for name, parameter in net.named_parameters():
                self.assertGreater(parameter.grad.abs().max().item(), 0, name)

    def test_gradient_equals_finite_differences(self) -> None:
        """Along random directions, for every parameter at once."""
        for joint_rep, quirks in (("6d", ()), ("aa", ("loss-sum-mm", "double-centring"))):
            net, b = model(joint_rep, quirks), batch()
            criterion = UTNetLoss(net.mano, quirks=quirks)

            def loss() -> Tensor:
                return criterion(forward(net, b), b)["total_loss"]

            loss().backward()
            for seed in range(3):
                torch.manual_seed(seed)
                direction = [torch.randn_like(p) for p in net.parameters()]
                length = sum(d.square().sum() for d in direction).sqrt()
                direction = [d / length for d in direction]
                slope = sum((d * p.grad).sum() for d, p in zip(direction, net.parameters())).item()
                values, h = [], 1e-6
                for sign in (1, -1):
                    with torch.no_grad():
                        for d, p in zip(direction, net.parameters()):
                            p.add_(sign * h * d)
                        values.append(loss().item())
                        for d, p in zip(direction, net.parameters()):
                            p.sub_(sign * h * d)
                self.assertAlmostEqual((values[0] - values[1]) / (2 * h) / slope, 1, places=3)

    def test_gradients_of_the_pieces(self) -> None:
        torch.manual_seed(0)
        x = torch.randn(2, 5, 8, requires_grad=True)
        self.assertTrue(gradcheck(Attention(8, 2), (x,)))
        points, camera = torch.randn(2, 4, 3, requires_grad=True), torch.tensor([[4.0, 0.1, -0.2], [0.9, 0.0, 0.3]])
        focal = torch.tensor([2.0, 19.5])
        self.assertTrue(gradcheck(project, (points, camera.requires_grad_(), focal.requires_grad_())))

    def test_missing_depth_may_hold_nan(self) -> None:
        net, b = model(), batch()
        b["hasDepth"] = torch.zeros(2)
        b["depth"] = torch.full_like(b["depth"], float("nan"))
        outputs = forward(net, b)
        for name, value in outputs.items():
            self.assertTrue(torch.isfinite(value).all(), name)
        UTNetLoss(net.mano)(outputs, b)["total_loss"].backward()
        for name, parameter in net.named_parameters():
            self.assertTrue(torch.isfinite(parameter.grad).all(), name)
            if "depth_embed.patch_embed" in name:
                self.assertEqual(parameter.grad.abs().max().item(), 0, name)

    def test_placeholder_has_no_gradient_when_all_have_depth(self) -> None:
        net, b = model(), batch()
        b["hasDepth"] = torch.ones(2)
        UTNetLoss(net.mano)(forward(net, b), b)["total_loss"].backward()
        self.assertEqual(net.modality_fusion.depth_embed.placeholder.placeholder.grad.abs().max().item(), 0)

    def test_one_patch_lands_at_its_row_and_column(self) -> None:
        net = model()
        tokens = torch.zeros(1, 6, 16)
        tokens[0, 3] = 1  # row 1, column 1 of 3 x 2
        self.assertEqual(net._to_map(tokens)[0, 0].nonzero().tolist(), [[1, 1]])
        self.assertEqual(list(net._to_map(tokens).shape), [1, 16, 3, 2])
        transposed = model(quirks=("map-transposed",))._to_map(tokens)
        self.assertEqual(transposed[0, 0].nonzero().tolist(), [[1, 0]])

    def test_sampling_reads_the_pixel_under_the_vertex(self) -> None:
        """A map that holds its own pixel coordinates returns them."""
        net = model()
        h, w = 6, 4
        rows, columns = torch.meshgrid(torch.arange(h, dtype=torch.float64), torch.arange(w, dtype=torch.float64), indexing="ij")  # fmt: skip
        camera, focal = torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([3.0])
        # at Z = 0: x = f X / (2 f / s) = X; within half a pixel of the border zeros are mixed in
        vertices = torch.tensor([[[0.1, -0.2, 0.0], [-0.15, 0.25, 0.0], [0.49, 0.0, 0.0]]])
        (sampled,), share = net._sample([torch.stack((columns, rows))[None]], vertices, camera, focal)
        expected = torch.tensor([[(0.1 * 1.5 + 0.5) * w - 0.5, 0.3 * h - 0.5], [(-0.15 * 1.5 + 0.5) * w - 0.5, 0.75 * h - 0.5]])  # fmt: skip
        torch.testing.assert_close(sampled[0, :2], expected)
        self.assertEqual(sampled[0, 2].abs().max().item(), 0)  # outside of W, inside of S
        self.assertAlmostEqual(share.item(), 2 / 3)

    def test_a_sample_does_not_feel_the_others(self) -> None:
        net, b = model().eval(), batch(5)
        together = forward(net, b)
        for size in (1, 2, 3):
            alone = forward(net, part(b, slice(0, size)))
            for name in together:
                if name != "in_map_share":
                    torch.testing.assert_close(alone[name], together[name][:size])

    def test_loss_does_not_depend_on_the_batch_size(self) -> None:
        net, b = model().eval(), batch(4)
        criterion = UTNetLoss(net.mano)
        whole = criterion(forward(net, b), b)
        doubled = {name: torch.cat((values, values)) for name, values in b.items()}
        twice = criterion(forward(net, doubled), doubled)
        halves = [criterion(forward(net, part(b, rows)), part(b, rows)) for rows in (slice(0, 2), slice(2, 4))]
        for name, value in whole.items():
            torch.testing.assert_close(twice[name], value)
            torch.testing.assert_close((halves[0][name] + halves[1][name]) / 2, value)

    def test_refinement_starts_as_the_identity(self) -> None:
        outputs = forward(model(disturbed=False), batch())
        torch.testing.assert_close(outputs["vertices"], outputs["coarse_vertices"])
        disturbed = forward(model(disturbed=False, quirks=("refine-unzeroed",)), batch())
        self.assertGreater((disturbed["vertices"] - disturbed["coarse_vertices"]).abs().max().item(), 1e-5)

    def test_dropped_branches_change_nothing(self) -> None:
        net, b = model().eval(), batch()
        masks = torch.zeros(4, 2)
        tokens = net.modality_fusion(b["image"], b["depth"], b["hasDepth"])
        *_, patches = net.vit_backbone(tokens, masks)
        torch.testing.assert_close(patches, net.vit_backbone.last_norm(tokens)[:, 18:])

    def test_drop_path_masks(self) -> None:
        config = UTNetConfig(**{**TINY, "depth": 5}, drop_path=0.5)
        masks = drop_path_masks(config, 4000, torch.Generator().manual_seed(0))
        self.assertEqual(list(masks.shape), [10, 4000])
        torch.testing.assert_close(masks.mean(1), torch.ones(10), rtol=0, atol=0.06)
        self.assertTrue((masks[:2] == 1).all())
        self.assertEqual(sorted(masks[9].unique().tolist()), [0, 2])

    def test_quirks_are_known_by_name(self) -> None:
        for quirk in MODEL_QUIRKS:
            net = model("aa", (quirk,))
            b = {**batch(), "poseAxisAngle": torch.randn(2, 48)}
            loss = UTNetLoss(net.mano, quirks=(quirk,))(forward(net, b), b)["total_loss"]
            self.assertTrue(torch.isfinite(loss), quirk)
        with self.assertRaisesRegex(ValueError, "mano-thumb-last"):
            model(quirks=("mano-thumb-last",))


class StateDict(unittest.TestCase):
    def setUp(self) -> None:
        torch.set_default_dtype(torch.float32)

    def test_loads_strictly_and_holds_no_hand(self) -> None:
        net = model()
        other = model(seed=3)
        other.load_state_dict(net.state_dict(), strict=True)
        vertex_count = len(hand()["v_template"])
        for name, value in net.state_dict().items():
            self.assertNotIn("mano", name)
            self.assertNotIn("adjacency", name)
            self.assertNotIn(vertex_count, value.shape, name)
        incomplete = dict(net.state_dict())
        del incomplete["vit_backbone.dec_cam.bias"]
        with self.assertRaisesRegex(RuntimeError, "dec_cam.bias"):
            other.load_state_dict(incomplete)

    def test_names_and_shapes_of_the_original(self) -> None:
        shapes = {name: list(value.shape) for name, value in model().state_dict().items()}
        expected = {
            "modality_fusion.rgb_embed.patch_embed.proj.weight": [16, 3, 16, 16],
            "modality_fusion.rgb_embed.pos_embed.pos_embed": [1, 6, 16],
            "modality_fusion.depth_embed.patch_embed.norm.bias": [16],
            "modality_fusion.depth_embed.placeholder.placeholder": [1, 6, 16],
            "modality_fusion.init_hand_pose": [1, 96],
            "vit_backbone.init_cam": [1, 3],
            "vit_backbone.blocks.1.attn.qkv.weight": [48, 16],
            "vit_backbone.blocks.0.mlp.fc1.bias": [64],
            "vit_backbone.dec_pose.weight": [6, 16],
            "deconv_upsampler.first_conv.0.weight": [8, 16, 1, 1],
            "deconv_upsampler.deconv_layers.1.0.weight": [8, 8, 4, 4],
            "deconv_upsampler.deconv_layers.1.1.num_batches_tracked": [],
            "gcn_refinement.gcn.layers.0.linear.weight": [8, 27],
            "gcn_refinement.pose_head.2.weight": [48, 8],
            "gcn_refinement.shape_head.0.bias": [8],
        }
        self.assertEqual({name: shapes.get(name) for name in expected}, expected)

    def test_no_decay_on_biases_norms_and_embeddings(self) -> None:
        net = model()
        decay, rest = parameter_groups(net, 0.05)
        names = {id(p): name for name, p in net.named_parameters()}
        self.assertEqual(len(decay["params"]) + len(rest["params"]), len(names))
        matrices = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.ConvTranspose2d)
        expected = {f"{name}.weight" for name, m in net.named_modules() if isinstance(m, matrices) and not name.endswith("_emb")}
        self.assertEqual({names[id(p)] for p in decay["params"]}, expected)
        self.assertEqual((decay["weight_decay"], rest["weight_decay"]), (0.05, 0))

    def test_presets(self) -> None:
        self.assertEqual(sorted(PRESETS), ["base", "huge", "small", "tiny"])
        net = UTNet(PRESETS["tiny"], hand())
        self.assertLess(sum(p.numel() for p in net.parameters()), 1.5e6)
        with self.assertRaisesRegex(ValueError, "divisible"):
            UTNetConfig(width=100)


if __name__ == "__main__":
    unittest.main()
