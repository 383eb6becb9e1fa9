"""Whether two sets of predictions of the same rows differ by more than chance."""

from __future__ import annotations

import math
from typing import Any, Literal

from numpy.typing import NDArray

from phoneprice.metrics.intervals import mean
from phoneprice.metrics.row_losses import row_losses
from phoneprice.records import Doubles, Interval, Predictions

PairedMetric = Literal["accuracy", "log_loss", "rmse", "mae"]
PAIRED: dict[bool, tuple[PairedMetric, ...]] = {True: ("accuracy", "log_loss"), False: ("rmse", "mae")}
"""What is compared row by row: for classes, for numbers."""


def row_errors(metric: PairedMetric, y: NDArray[Any], predictions: Predictions) -> Doubles:
    """What each row adds to the metric's badness, ``(n,)``: 1 for a wrong class, its log loss, its (squared) error."""
    return row_losses(metric, y, predictions)


def lead(metric: PairedMetric, ours: Doubles, theirs: Doubles) -> Interval:
    """How much better ours is, in the metric's own unit (positive: better), from row errors ``(n,)`` of the same rows.

    Student's t interval of the mean difference; for the RMSE, whose square is a mean, that interval divided by the sum
    of both RMSEs, as ``a - b = (a^2 - b^2) / (a + b)`` (delta method).
    """
    gain = mean(theirs - ours)
    if metric != "rmse":
        return gain
    scale = math.sqrt(float(ours.mean())) + math.sqrt(float(theirs.mean())) or 1.0
    return Interval(gain.value / scale, gain.low / scale, gain.high / scale)


def mcnemar(ours: Doubles, theirs: Doubles) -> float:
    """Two-sided p value of the exact McNemar test on row errors 0/1: rows that one alone got right are a fair coin.

    McNemar 1947; Dietterich 1998, section 3.1, compares it with others. Above 1,000 such rows the normal approximation
    with continuity correction.
    """
    only_ours, only_theirs = int(((ours == 0) & (theirs == 1)).sum()), int(((ours == 1) & (theirs == 0)).sum())
    total, fewer = only_ours + only_theirs, min(only_ours, only_theirs)
    if total == 0:
        return 1.0
    if total > 1000:
        z = max(abs(only_ours - only_theirs) - 1, 0) / math.sqrt(total)
        return math.erfc(z / math.sqrt(2))
    tail = sum(math.comb(total, i) for i in range(fewer + 1))
    return float(min(1.0, 2 * tail / 2**total))
