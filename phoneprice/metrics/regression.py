"""Metrics of predicted numbers, in the target's own units."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from phoneprice.metrics.intervals import Z95, Weights, average, deviation, mean, size_of, t95
from phoneprice.records import Doubles, Interval


def regression_metrics(y: Doubles, predicted: Doubles, weights: Weights = None) -> dict[str, Interval]:
    """``rmse``, ``mae``, ``r2`` and ``medae`` of values ``(n,)``, with 95% intervals.

    ``weights`` say as how many rows each counts.

    ``r2`` is left out where all of ``y`` is one value. Raises ``ValueError`` for no rows.
    """
    if not len(y):
        raise ValueError("metrics need at least one row")
    error = predicted.astype(np.float64) - y
    squared = mean(error**2, lowest=0, weights=weights)
    distance = np.abs(error)
    found = {
        "rmse": Interval(math.sqrt(squared.value), math.sqrt(squared.low), math.sqrt(squared.high)),
        "mae": mean(distance, lowest=0, weights=weights),
    }
    off = (y - average(y, weights)) ** 2
    if off.mean() > 0:
        found["r2"] = _r2(error**2, off, weights)
    return found | {"medae": _median(distance) if weights is None else _weighted_median(distance, weights)}


def _r2(squared_error: Doubles, squared_deviation: Doubles, weights: Weights) -> Interval:
    """``1 - a / b`` with ``a`` and ``b`` the two means.

    The interval is that of ``log(a / b)`` by the delta method (Casella and Berger 2002, section 5.5.4), carried over,
    so that it never passes 1.
    """
    a, b = average(squared_error, weights), average(squared_deviation, weights)
    n = size_of(squared_error, weights)
    if a == 0:
        return Interval(1.0, 1.0, 1.0)
    if n < 2:
        return Interval(1 - a / b, 1 - a / b, 1 - a / b)
    influence = squared_error / a - squared_deviation / b
    half = t95(round(n) - 1) * deviation(influence, weights) / math.sqrt(n)
    # exp overflows beyond 709; an interval as wide as this says nothing anyway.
    return Interval(1 - a / b, 1 - a / b * math.exp(min(half, 100)), 1 - a / b * math.exp(-half))


def _median(values: Doubles) -> Interval:
    """Median with the interval between two order statistics (Conover 1999, section 3.2)."""
    n = len(values)
    half = Z95 * math.sqrt(n) / 2
    low, high = max(math.floor(n / 2 - half), 0), min(math.ceil(n / 2 + half), n - 1)
    ordered = np.partition(values, sorted({low, (n - 1) // 2, n // 2, high}))
    value = float(ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return Interval(value, float(ordered[low]), float(ordered[high]))


def _weighted_median(values: Doubles, weights: Doubles) -> Interval:
    """The same, for values that each count as a number of rows."""
    order = np.argsort(values, kind="stable")
    ordered, reached = values[order], np.cumsum(weights[order])
    n = float(reached[-1])

    def at(row: float, side: Literal["left", "right"]) -> float:
        return float(ordered[min(int(np.searchsorted(reached, row, side)), len(ordered) - 1)])

    half = Z95 * math.sqrt(n) / 2
    low, high = max(math.floor(n / 2 - half), 0), min(math.ceil(n / 2 + half), n - 1)
    rounding = 1e-12  # sums of weights that meet at half of them may miss it by so much
    value = (at(n / 2 * (1 - rounding), "left") + at(n / 2 * (1 + rounding), "right")) / 2
    return Interval(value, min(at(low, "right"), value), max(at(high, "right"), value))
