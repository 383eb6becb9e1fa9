"""95% intervals, each by the method that fits what is measured.

- proportions: Wilson's score interval, which stays inside [0, 1] and holds up at 0 and 1;
- means of a loss a row: Student's t;
- functions of a confusion matrix: multinomial bootstrap, whose cost does not grow with the number of rows.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.records import Doubles, Interval

Weights = Doubles | None
"""``(n,)``: as how many rows each row counts, the same whether it stands there so many times; None: as one."""

Z95 = 1.959963984540054
"""97.5% quantile of the standard normal distribution."""


def proportion(hits: float, trials: float) -> Interval:
    """Share of hits, Wilson's score interval (Wilson 1927; Brown, Cai and DasGupta 2001, equation 4)."""
    share, spread = hits / trials, Z95**2 / trials
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return Interval(share, max(min(centre - half, share), 0.0), min(max(centre + half, share), 1.0))


def mean(values: NDArray[np.floating[Any]], lowest: float = -math.inf, weights: Weights = None) -> Interval:
    """Mean of ``values`` ``(n,)`` with Student's t interval, cut off at the lowest possible mean."""
    value, rows = average(values, weights), size_of(values, weights)
    if rows < 2:
        return Interval(value, value, value)
    half = t95(round(rows) - 1) * deviation(values, weights) / math.sqrt(rows)
    return Interval(value, max(value - half, float(lowest)), value + half)


def size_of(values: NDArray[Any], weights: Weights = None) -> float:
    """How many rows ``values`` ``(n,)`` are."""
    return len(values) if weights is None else float(weights.sum())


def average(values: NDArray[Any], weights: Weights = None) -> float:
    """Mean of ``values`` ``(n,)``."""
    if weights is None:
        return float(values.mean(dtype=np.float64))
    return float((values * weights).sum(dtype=np.float64) / weights.sum())


def deviation(values: NDArray[Any], weights: Weights = None) -> float:
    """Sample standard deviation of ``values`` ``(n,)``, of two rows or more."""
    if weights is None:
        return float(values.std(ddof=1, dtype=np.float64))
    squares = (values - average(values, weights)) ** 2 * weights
    return math.sqrt(float(squares.sum(dtype=np.float64)) / (float(weights.sum()) - 1))


@cache
def t95(freedom: int) -> float:
    """97.5% quantile of Student's t distribution, to 1e-9."""
    if freedom > 200:
        return _t95_expansion(freedom)
    low, high = Z95, 13.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_within(middle, freedom) < 0.95 else (low, middle)
    return (low + high) / 2


def _t95_expansion(freedom: int) -> float:
    """Cornish-Fisher expansion in 1/freedom (Abramowitz and Stegun 1964, 26.7.5)."""
    z = Z95
    terms: tuple[float, ...] = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / float(freedom) ** power for power, term in enumerate(terms))


def _t_within(t: float, freedom: int) -> float:
    """P(-t < T < t) for whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = total = (cosine if freedom > 1 else 0.0) if odd else 1.0
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine**2 * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def resampled(counts: NDArray[np.integer[Any]] | Doubles, generator: np.random.Generator) -> Doubles:
    """Bootstrap resamples ``(B, m)`` of the number of rows in each of ``m`` cells; ``counts`` ``(m,)``."""
    total = counts.sum()
    rows = max(round(float(total)), 1)
    # Fewer resamples of many cells, so that a thousand classes take about a second.
    resamples = int(np.clip(2_000_000 // len(counts), 100, 2000))
    return generator.multinomial(rows, counts / total, size=resamples).astype(np.float64)


def seeded() -> np.random.Generator:
    """The generator of every bootstrap: the same predictions always give the same interval."""
    return np.random.Generator(np.random.Philox(key=0))


def bootstrap(values: Doubles, value: float, limits: tuple[float, float]) -> Interval:
    """The interval of ``value`` from its bootstrap replicates ``(B,)``; NaN marks resamples that leave it undefined.

    The percentile interval is moved by the bootstrap's estimate of its own bias (Efron and Tibshirani 1993, chapters 10
    and 13), and cut off at ``limits``.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return Interval(value, value, value)
    low, high = np.quantile(values, [0.025, 0.975]) - (values.mean() - value)
    return Interval(value, float(np.clip(low, limits[0], value)), float(np.clip(high, value, limits[1])))
