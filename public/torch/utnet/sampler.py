"""In which order an epoch goes through the samples: the twin of Handloom's sampler, plain Python.

The order is a pure function of (number of samples, seed, epoch), the same whatever the number of ranks and workers, and it
equals what Handloom draws: a run that moves from one side to the other sees the same samples in the same steps.

    hash32(text) = fmix32(FNV-1a over the UTF-8 bytes)                          fmix32: MurmurHash3's finaliser
    key     = [seed, hash32(purpose)],  counter = [block, epoch, hash32(id), hash32(id, 0x01000193)]
    words   = Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), four per block
    int(n)  = the next word below floor(2^32 / n) * n, modulo n
    order   = Fisher-Yates from the last place down, partner int(i + 1), purpose "permutation", id ""
"""

from __future__ import annotations

from typing import Iterator, List, Sequence, Tuple

_MASK = 0xFFFFFFFF
_FNV_BASIS = 0x811C9DC5
_SECOND_BASIS = 0x01000193


def hash32(text: str, basis: int = _FNV_BASIS) -> int:
    """32-bit hash of a text."""
    h = basis
    for byte in text.encode("utf-8"):
        h = ((h ^ byte) * 16777619) & _MASK
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & _MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & _MASK
    return h ^ (h >> 16)


def philox(counter: Sequence[int], key: Sequence[int]) -> Tuple[int, int, int, int]:
    """Philox4x32-10: counter [4] and key [2] of unsigned 32-bit words to four words."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        a = 0xD2511F53 * c0
        b = 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & _MASK, (a >> 32) ^ c3 ^ k1, a & _MASK
        k0 = (k0 + 0x9E3779B9) & _MASK
        k1 = (k1 + 0xBB67AE85) & _MASK
    return c0, c1, c2, c3


class Random:
    """The random stream of one choice."""

    def __init__(self, seed: int, purpose: str, epoch: int, id: str) -> None:
        self._key = (seed & _MASK, hash32(purpose))
        self._rest = (epoch & _MASK, hash32(id), hash32(id, _SECOND_BASIS))
        self._block = 0
        self._words: List[int] = []

    def word(self) -> int:
        """The next 32 bits."""
        if not self._words:
            self._words = list(philox((self._block & _MASK, *self._rest), self._key))[::-1]
            self._block += 1
        return self._words.pop()

    def int(self, n: int) -> int:
        """Uniform, 0 <= value < n."""
        if not 1 <= n <= 1 << 32:
            raise ValueError(f"int({n}) asked, expected an integer of 1 to 2^32")
        limit = (1 << 32) // n * n
        value = self.word()
        while value >= limit:
            value = self.word()
        return value % n


def permutation(n: int, seed: int, epoch: int) -> List[int]:
    """A random order of 0 .. n-1, fixed by seed and epoch."""
    order = list(range(n))
    stream = Random(seed, "permutation", epoch, "")
    for i in range(n - 1, 0, -1):
        j = stream.int(i + 1)
        order[i], order[j] = order[j], order[i]
    return order


class EpochBatchSampler:
    """Batches of one rank, for `DataLoader(dataset, batch_sampler=...)`; whole batches only.

    Batch b of an epoch is places b * batch_size to (b + 1) * batch_size of the epoch's order. Rank r of `ranks` takes the batches
    r, r + ranks, ...; every rank takes the same number of them. `start` is the first batch of the next epoch
    that is iterated, counted over all ranks: where a run goes on.
    """

    def __init__(self, n: int, batch_size: int, seed: int, rank: int = 0, ranks: int = 1) -> None:
        if not (batch_size >= 1 and 0 <= rank < ranks):
            raise ValueError(f"batch size {batch_size}, rank {rank} of {ranks}: expected at least 1, and 0 <= rank < ranks")
        if n < batch_size * ranks:
            raise ValueError(f"{n} samples do not fill one batch of {batch_size} for each of {ranks} ranks")
        self.n, self.batch_size, self.seed, self.rank, self.ranks = n, batch_size, seed, rank, ranks
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """Which epoch the next iteration goes through, from batch `start` on."""
        if start % self.ranks:
            raise ValueError(f"start is batch {start}, expected a multiple of the {self.ranks} ranks")
        self.epoch, self.start = epoch, start

    def __len__(self) -> int:
        return self.n // self.batch_size // self.ranks - self.start // self.ranks

    def __iter__(self) -> Iterator[List[int]]:
        order = permutation(self.n, self.seed, self.epoch)
        for step in range(len(self)):
            at = (self.start + step * self.ranks + self.rank) * self.batch_size
            yield order[at : at + self.batch_size]
