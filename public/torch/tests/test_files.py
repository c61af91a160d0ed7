"""Hand files and .safetensors."""

import pickle
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from utnet import load_hand
from utnet.safetensors_io import load_state, read_safetensors, save_state, write_safetensors

from .common import OPENHAND, REPOSITORY, model

FIXTURES = REPOSITORY / "tests" / "data" / "fixtures"


class Files(unittest.TestCase):
    def setUp(self) -> None:
        torch.set_default_dtype(torch.float32)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_state_dict_round_trip(self) -> None:
        net = model()
        save_state(self.folder / "model.safetensors", net.state_dict())
        other = model(seed=9)
        other.load_state_dict(load_state(self.folder / "model.safetensors"), strict=True)
        for name, value in net.state_dict().items():
            self.assertTrue(torch.equal(value, other.state_dict()[name]), name)
            self.assertEqual(value.dtype, other.state_dict()[name].dtype, name)

    def test_arrays_round_trip_and_bytes_are_the_same(self) -> None:
        arrays = {"a": np.arange(6, dtype=np.float64).reshape(2, 3), "b": np.array(7, np.int64), "c": np.zeros((0, 3), np.uint32)}
        first, second = self.folder / "1.safetensors", self.folder / "2.safetensors"
        write_safetensors(first, arrays, {"units": "metres"})
        write_safetensors(second, arrays, {"units": "metres"})
        self.assertEqual(first.read_bytes(), second.read_bytes())
        self.assertEqual((first.stat().st_size - 56) % 8, 0)
        for name, array in read_safetensors(first).items():
            np.testing.assert_array_equal(array, arrays[name])
            self.assertEqual(array.dtype, arrays[name].dtype)

    def test_not_a_safetensors_file(self) -> None:
        (self.folder / "page.safetensors").write_bytes(b"<!doctype html><html></html>")
        with self.assertRaisesRegex(ValueError, "page.safetensors"):
            read_safetensors(self.folder / "page.safetensors")

    def test_openhand(self) -> None:
        hand = load_hand(OPENHAND)
        self.assertEqual(hand["v_template"].shape[1], 3)
        self.assertEqual(hand["parents"].tolist(), [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14])
        np.testing.assert_allclose(hand["weights"].sum(1), 1, atol=1e-5)

    def test_pickled_hand_with_chumpy_and_scipy_by_name(self) -> None:
        hand = load_hand(FIXTURES / "hand-right.pkl", tips=(1, 2, 3, 4, 5))
        self.assertEqual(hand["shapedirs"].shape, (20, 3, 10))
        self.assertEqual(hand["parents"][0], -1)
        np.testing.assert_allclose(hand["J_regressor"].sum(1), 1, atol=1e-6)

    def test_a_pickle_runs_nothing(self) -> None:
        with self.assertRaisesRegex(pickle.UnpicklingError, "system"):
            load_hand(FIXTURES / "names-os-system.pkl")

    def test_another_pickle(self) -> None:
        (self.folder / "other.pkl").write_bytes(pickle.dumps({"v_template": [1, 2, 3]}))
        with self.assertRaisesRegex(ValueError, "kintree_table"):
            load_hand(self.folder / "other.pkl")


if __name__ == "__main__":
    unittest.main()
