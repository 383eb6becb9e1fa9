"""How far confidence and accuracy are apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.metrics.intervals import Weights, bootstrap, resampled, seeded
from phoneprice.records import Doubles, Interval

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Rows by confidence, the probability of the most probable class; ``(bins,)`` each.

    Bin ``b`` holds confidences in ``(b / bins, (b + 1) / bins]``; means are 0 where it is empty.
    """

    rows: NDArray[np.int64] | Doubles
    confidence: Doubles
    """Mean confidence."""
    accuracy: Doubles
    """Share of rows whose most probable class is the true one."""

    @property
    def ece(self) -> float:
        """Expected calibration error: mean |accuracy - confidence| over the rows (Guo et al. 2017, equation 3)."""
        return float(np.abs(self.accuracy - self.confidence) @ self.rows / self.rows.sum())

    @property
    def mean_confidence(self) -> float:
        """Of all rows."""
        return float(self.confidence @ self.rows / self.rows.sum())

    @property
    def mean_accuracy(self) -> float:
        """Of all rows."""
        return float(self.accuracy @ self.rows / self.rows.sum())

    @property
    def chance(self) -> float:
        """How far these two are apart by chance, 95 times in 100, where every prediction is as sure as it is right.

        A row is right or wrong with the variance p (1 - p) of its confidence p, here its bin's (Spiegelhalter 1986);
        a weight counts as so many rows.
        """
        variance = self.confidence * (1 - self.confidence) @ self.rows
        return float(1.96 * np.sqrt(variance) / self.rows.sum())


def reliability(
    y: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], bins: int = BINS, weights: Weights = None
) -> Reliability:
    """The reliability diagram of probabilities ``(n, C)`` for true classes ``(n,)``."""
    confidence, right, place = _binned(y, probabilities, bins)
    rows = np.bincount(place, weights=weights, minlength=bins)
    return Reliability(rows, _means(place, confidence, rows, weights), _means(place, right, rows, weights))


def _means(places: NDArray[np.int64], values: NDArray[Any], rows: NDArray[Any], weights: Weights) -> Doubles:
    """The mean of the values at each place, 0 where it is empty; ``rows`` is how many are there."""
    sums = np.bincount(places, weights=values if weights is None else values * weights, minlength=len(rows))
    return np.asarray(sums / np.where(rows > 0, rows, 1))


def ece(
    y: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], bins: int = BINS, weights: Weights = None
) -> Interval:
    """Expected calibration error, with a bootstrap over (bin, right or wrong) cells.

    Within a cell, the sum of the resampled confidences is drawn from its normal approximation, so that the cost does
    not grow with the number of rows. (Of few rows the figure itself is biased upward, gaps being absolute; the interval
    then covers the true error less often: 9 times in 10 at 300 rows.)
    """
    confidence, right, place = _binned(y, probabilities, bins)
    cell = 2 * place + right
    counts = np.bincount(cell, weights=weights, minlength=2 * bins)
    centre = _means(cell, confidence, counts, weights)
    spread = _means(cell, (confidence - centre[cell]) ** 2, counts, weights)
    outcome = np.tile([0.0, 1.0], bins)
    generator = seeded()
    drawn = resampled(counts, generator)
    confident = drawn * centre + np.sqrt(drawn * spread) * generator.standard_normal(drawn.shape)
    gaps = (drawn * outcome - confident).reshape(len(drawn), bins, 2).sum(axis=2)
    found = reliability(y, probabilities, bins, weights).ece
    return bootstrap(np.abs(gaps).sum(axis=1) / drawn.sum(axis=1), found, (0.0, 1.0))


def _binned(
    y: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], bins: int
) -> tuple[Doubles, NDArray[np.bool_], NDArray[np.int64]]:
    """Confidence, whether the most probable class is right, and bin of each row."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    return confidence, probabilities.argmax(axis=1) == y, place
