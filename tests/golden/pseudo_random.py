"""Numbers that TypeScript and Python make alike, so that golden files need not store weights and images."""

import numpy as np

MASK = 0xFFFFFFFF


def pseudo_random(count: int, seed: int) -> np.ndarray:
    """float64 numbers in [-1, 1): mulberry32 started at seed * 0x9e3779b9; equals pseudoRandom in tests/helpers/check-op.ts."""
    steps = np.arange(1, count + 1, dtype=np.uint64)
    state = (np.uint64((seed * 0x9E3779B9) & MASK) + steps * np.uint64(0x6D2B79F5)) & np.uint64(MASK)

    def imul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a * b) & np.uint64(MASK)  # uint64 wraps around, its low half is exact

    t = imul(state ^ (state >> np.uint64(15)), state | np.uint64(1))
    t = t ^ ((t + imul(t ^ (t >> np.uint64(7)), t | np.uint64(61))) & np.uint64(MASK))
    return (t ^ (t >> np.uint64(14))).astype(np.float64) / 2**32 * 2 - 1
