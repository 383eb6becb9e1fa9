"""The ensemble's say: members' raw outputs averaged as probabilities or values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.components.losses import Loss
from phoneprice.data.encoding.tails import soft_clip
from phoneprice.records import Doubles, TargetStatistics


def probabilities(outputs: NDArray[np.floating[Any]], loss: Loss) -> Doubles:
    """Members' probabilities averaged: ``(K, n, W)`` outputs to ``(n, C)``."""
    members, rows, width = outputs.shape
    # A column a class, each contiguous: the link works along classes, and is twice as fast that way.
    by_output = np.ascontiguousarray(outputs.transpose(2, 0, 1), np.float64).reshape(width, members * rows)
    by_class = np.ascontiguousarray(loss.link(by_output.T).T, np.float64).reshape(-1, members, rows)
    p: Doubles = (by_class.sum(axis=1) / members).T
    # A probability that is a difference may come out as -6e-17, of which no power exists.
    np.clip(p, 0, np.inf, out=p)
    return p


def values(outputs: NDArray[np.floating[Any]], target: TargetStatistics) -> Doubles:
    """Regression: members' values in the target's units, averaged: ``(K, n, 1)`` outputs to ``(n,)``.

    Each member stays near the targets that it has learned from, where the statistics say which.
    """
    y: Doubles = outputs[:, :, 0] * target.scale[:, None] + target.shift[:, None]
    if target.ends is not None:
        y = soft_clip(y, *(end[:, None] for end in target.ends))
    return np.asarray(y.mean(axis=0))
