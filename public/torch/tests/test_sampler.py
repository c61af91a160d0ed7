"""The sampler's orders against the golden file that Handloom's tests read too."""

import json
import unittest

import numpy as np

from utnet.sampler import EpochBatchSampler, Random, hash32, permutation, philox

from .common import REPOSITORY

GOLDEN = REPOSITORY / "tests" / "data" / "fixtures" / "sampler.json"
ALL = 0xFFFFFFFF


def digest(order) -> int:
    return sum((place + 1) * int(value) for place, value in enumerate(order)) % (1 << 32)


class Sampler(unittest.TestCase):
    def test_known_answers_of_philox(self) -> None:
        self.assertEqual(philox((0, 0, 0, 0), (0, 0)), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8))
        self.assertEqual(philox((ALL,) * 4, (ALL,) * 2), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD))

    def test_hashes_and_words_that_handloom_draws(self) -> None:
        hashes = [hash32(text) for text in ("", "augment", "SYA0/0003", "é手")]
        self.assertEqual(hashes, [2872998923, 2657568209, 1710692633, 1544720644])
        stream = Random(42, "augment", 3, "SYA0/0003")
        words = [stream.word() for _ in range(6)]
        self.assertEqual(words, [2118880652, 328443684, 743609763, 3902860589, 3078024134, 3304184392])

    @unittest.skipUnless(GOLDEN.exists(), "the golden file lies in Handloom's repository")
    def test_orders_of_the_golden_file(self) -> None:
        golden = json.loads(GOLDEN.read_text())
        self.assertGreaterEqual(len(golden["permutation"]), 8)
        for row in golden["permutation"]:
            order = permutation(row["n"], row["seed"], row["epoch"])
            self.assertEqual(digest(order), row["digest"], row)
            self.assertEqual(order[:12], row.get("order", row.get("first"))[:12])
        for row in golden["numpyShuffle"]:
            indices = list(range(row["n"]))
            np.random.seed(row["seed"])
            np.random.shuffle(indices)
            self.assertEqual(digest(indices), row["digest"], row)

    def test_ranks_share_an_epoch_without_overlap_and_go_on_anywhere(self) -> None:
        n, ranks, batch_size = 103, 3, 4
        samplers = [EpochBatchSampler(n, batch_size, seed=7, rank=rank, ranks=ranks) for rank in range(ranks)]
        alone = EpochBatchSampler(n, batch_size, seed=7)
        for epoch in (0, 5):
            for sampler in (*samplers, alone):
                sampler.set_epoch(epoch)
            parts = [list(sampler) for sampler in samplers]
            self.assertEqual([len(part) for part in parts], [8, 8, 8])
            self.assertEqual([len(sampler) for sampler in samplers], [8, 8, 8])
            dealt = [batch for step in zip(*parts) for batch in step]
            self.assertEqual(dealt, list(alone)[: len(dealt)])
            self.assertEqual(len({i for batch in dealt for i in batch}), len(dealt) * batch_size)
            samplers[1].set_epoch(epoch, start=6)
            self.assertEqual(list(samplers[1]), parts[1][2:])

    def test_refusals(self) -> None:
        with self.assertRaisesRegex(ValueError, "5 samples do not fill"):
            EpochBatchSampler(5, 2, seed=0, ranks=3)
        with self.assertRaisesRegex(ValueError, "rank 3 of 3"):
            EpochBatchSampler(50, 2, seed=0, rank=3, ranks=3)
        with self.assertRaisesRegex(ValueError, "start is batch 4"):
            EpochBatchSampler(50, 2, seed=0, ranks=3).set_epoch(0, start=4)
        with self.assertRaisesRegex(ValueError, "int\\(0\\)"):
            Random(0, "", 0, "").int(0)


if __name__ == "__main__":
    unittest.main()
