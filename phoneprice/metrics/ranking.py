"""How well the probability of the second class ranks the rows of a binary task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.metrics.intervals import Z95, Weights, proportion
from phoneprice.records import Doubles, Interval


def ranking_metrics(
    y: NDArray[np.int64], scores: NDArray[np.floating[Any]], weights: Weights = None
) -> dict[str, Interval]:
    """``roc_auc`` and ``average_precision`` of scores ``(n,)``; empty where ``y`` holds one class only."""
    positives, negatives = cumulative(y, scores, weights)
    total, others = float(positives[-1]), float(negatives[-1])
    if not total or not others:
        return {}
    # Steps of the curve, one a distinct score: rows that tie count half.
    gained = np.diff(positives, prepend=0.0)
    ranked_above = others - negatives + np.diff(negatives, prepend=0.0) / 2
    auc = float(gained @ ranked_above / (total * others))
    precision = float(gained @ (positives / (positives + negatives)) / total)
    # The score interval for a proportion of the positives, as Boyd, Eng and Page 2013 (section 4) treat it.
    return {"roc_auc": auc_interval(auc, total, others), "average_precision": proportion(precision * total, total)}


def cumulative(
    y: NDArray[np.int64], scores: NDArray[np.floating[Any]], weights: Weights = None
) -> tuple[Doubles, Doubles]:
    """Positives and negatives among the rows that score at least each distinct score, from the highest score down."""
    order = np.argsort(-scores)
    ordered = scores[order]
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    if weights is not None:
        of_class = (np.cumsum(np.where(y[order] == label, weights[order], 0.0))[last] for label in (1, 0))
        return next(of_class), next(of_class)
    positives = np.cumsum(y[order])[last].astype(np.float64)
    return positives, last + 1 - positives


def auc_interval(auc: float, positives: float, negatives: float) -> Interval:
    """Interval of an area under the ROC curve, wide enough even where the ranking is perfect.

    Both ends solve ``(auc - a)**2 = z**2 * V(a)`` with Hanley and McNeil's variance ``V`` at equal sample sizes
    (Newcombe 2006, method 5).
    """
    pairs, half = positives * negatives, (positives + negatives) / 2 - 1

    def beyond(a: float) -> bool:
        variance = a * (1 - a) * (1 + half * (1 - a) / (2 - a) + half * a / (1 + a)) / pairs
        return (auc - a) ** 2 > Z95**2 * variance

    return Interval(auc, _boundary(auc, 0.0, beyond), _boundary(auc, 1.0, beyond))


def _boundary(inside: float, outside: float, beyond: Callable[[float], bool]) -> float:
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if beyond(middle) else (middle, outside)
    return (inside + outside) / 2
