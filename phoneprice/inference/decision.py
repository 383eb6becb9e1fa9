"""From raw outputs to probabilities, and from those to a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.components.losses import Loss
from phoneprice.records import Calibration, TargetStatistics

Double = NDArray[np.float64]
_SMALLEST = np.finfo(np.float64).tiny


def probabilities(outputs: NDArray[np.floating[Any]], loss: Loss) -> Double:
    """Members' probabilities averaged: ``(K, n, W)`` outputs to ``(n, C)``."""
    members, rows, width = outputs.shape
    # A column a class, each contiguous: the link works along classes, and is twice as fast that way.
    by_output = np.ascontiguousarray(outputs.transpose(2, 0, 1), np.float64).reshape(width, members * rows)
    by_class = np.ascontiguousarray(loss.link(by_output.T).T, np.float64).reshape(-1, members, rows)
    p: Double = by_class.mean(axis=1).T
    return p


def values(outputs: NDArray[np.floating[Any]], target: TargetStatistics) -> Double:
    """Regression: members' values in the target's units, averaged: ``(K, n, 1)`` outputs to ``(n,)``."""
    y: Double = (outputs[:, :, 0] * target.scale[:, None] + target.shift[:, None]).mean(axis=0)
    return y


def calibrated(p: Double, calibration: Calibration) -> Double:
    """Probabilities ``(n, C)`` with the temperature applied: ``p ** (1 / T)``, scaled to sum 1 (Guo et al. 2017)."""
    if calibration.temperature == 1:
        return p
    log_p = np.log(np.maximum(p, _SMALLEST))
    log_p -= log_p.max(axis=1, keepdims=True)
    q = np.exp(log_p / calibration.temperature)
    q /= q.sum(axis=1, keepdims=True)
    return q


def decide(p: Double, calibration: Calibration) -> NDArray[np.int64]:
    """Class indices ``(n,)`` from calibrated probabilities ``(n, C)``, by the run's decision rule."""
    classes: NDArray[Any] = p.argmax(axis=1)
    if calibration.threshold is not None:
        classes = p[:, 1] >= calibration.threshold
    elif calibration.decision == "median":
        # The first class at which the cumulative probability reaches one half.
        classes = np.minimum((np.cumsum(p, axis=1) < 0.5).sum(axis=1), p.shape[1] - 1)
    elif calibration.decision == "expected_cost":
        classes = expected_costs(p, calibration.costs).argmin(axis=1)
    return classes.astype(np.int64, copy=False)


def expected_costs(p: Double, costs: tuple[tuple[float, ...], ...] = ()) -> Double:
    """What predicting each class is expected to cost, ``(n, C)``; ``costs[i][j]`` for j where i is true, or |i - j|."""
    classes = np.arange(p.shape[1])
    table = np.array(costs) if costs else np.abs(classes[:, None] - classes).astype(np.float64)
    # A sum in a fixed order: the last bits of a matrix product depend on its number of rows.
    total = np.zeros_like(p)
    for true, row in enumerate(table):
        total += p[:, true, None] * row
    return total
