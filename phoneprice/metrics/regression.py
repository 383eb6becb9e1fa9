"""Metrics of predicted numbers, in the target's own units."""

from __future__ import annotations

import math

import numpy as np

from phoneprice.metrics.intervals import Z95, mean, t95
from phoneprice.records import Doubles, Interval


def regression_metrics(y: Doubles, predicted: Doubles) -> dict[str, Interval]:
    """``rmse``, ``mae``, ``r2`` and ``medae`` of values ``(n,)``, with 95% intervals.

    ``r2`` is left out where all of ``y`` is one value. Raises ``ValueError`` for no rows.
    """
    if not len(y):
        raise ValueError("metrics need at least one row")
    error = predicted.astype(np.float64) - y
    squared = mean(error**2, lowest=0)
    distance = np.abs(error)
    found = {
        "rmse": Interval(math.sqrt(squared.value), math.sqrt(squared.low), math.sqrt(squared.high)),
        "mae": mean(distance, lowest=0),
    }
    deviation = (y - y.mean()) ** 2
    if deviation.mean() > 0:
        found["r2"] = _r2(error**2, deviation)
    return found | {"medae": _median(distance)}


def _r2(squared_error: Doubles, squared_deviation: Doubles) -> Interval:
    """``1 - a / b`` with ``a`` and ``b`` the two means.

    The interval is that of ``log(a / b)`` by the delta method (Casella and Berger 2002, section 5.5.4), carried over,
    so that it never passes 1.
    """
    a, b, n = float(squared_error.mean()), float(squared_deviation.mean()), len(squared_error)
    if a == 0:
        return Interval(1.0, 1.0, 1.0)
    influence = squared_error / a - squared_deviation / b
    half = t95(n - 1) * float(influence.std(ddof=1)) / math.sqrt(n)
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
