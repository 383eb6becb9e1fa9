"""Randomness that belongs to a member: a function of (seed, member, purpose, epoch), never of what was drawn before.

Philox (Salmon et al. 2011) is counter-based: any position of any stream can be had at once, so there is no generator
state to save, and a member draws the same numbers alone as in a stack.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

_WORDS_A_COUNT = 4  # Philox4x64 gives four 64-bit words for each value of its counter


class Purpose(IntEnum):
    """What a stream is for; part of its key."""

    INIT = 1
    SHUFFLE = 2
    DROPOUT = 3


def stream(seed: int, member: int, purpose: Purpose, epoch: int = 0) -> np.random.Philox:
    """The stream of ``member`` for one purpose and epoch, at its start."""
    return np.random.Philox(key=[seed | (purpose << 32), member], counter=[0, 0, epoch, 0])


def shuffled(rows: NDArray[np.int64], seed: int, member: int, epoch: int) -> NDArray[np.int64]:
    """``rows`` in this epoch's order."""
    return np.random.Generator(stream(seed, member, Purpose.SHUFFLE, epoch)).permutation(rows)


def uniform_int16(seed: int, member: int, epoch: int, step: int, count: int) -> NDArray[np.int16]:
    """``count`` integers uniform on [-32768, 32767] for the dropout of one step; ``(count,)`` int16."""
    counts = -(-count // (4 * _WORDS_A_COUNT))  # four 16-bit numbers a word
    source = stream(seed, member, Purpose.DROPOUT, epoch)
    if step:
        source.advance(step * counts)
    return source.random_raw(counts * _WORDS_A_COUNT).view(np.int16)[:count]
