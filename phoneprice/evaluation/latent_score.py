"""The score behind ordered classes, found again from their probabilities (McCullagh 1980, models for ordinal data).

An ordered network has one score ``s`` a row and increasing cut points ``c``: ``P(class > j) = F(s - c_j)``, where ``F``
is the logistic or, for the probit link, the normal distribution function. All here is in units of that noise.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from phoneprice.model.cuts import cut_points, sharpness
from phoneprice.records import Doubles

_LEAST = 1e-300
"""A probability that float64 and both inverse link functions can still tell from 0."""


def mean_cut_points(parameters: Mapping[str, NDArray[np.float32]]) -> Doubles:
    """The members' mean cut points, centred, float64 ``(C - 1,)``."""
    cuts = cut_points(parameters) * sharpness(parameters)
    return np.asarray((cuts - cuts.mean(axis=-1, keepdims=True)).mean(axis=0)[0])


def score_behind(p: Doubles, cuts: Doubles, *, probit: bool) -> Doubles:
    """The score ``(n,)`` of rows with class probabilities ``p`` ``(n, C)``, for cut points ``(C - 1,)``.

    One cut decides, that at which the row is least certain: ``s = c_j + F^-1(P(class > j))``, the inverse taken of the
    smaller tail, where no digits are lost.
    """
    above = np.flip(np.flip(p, 1).cumsum(axis=1), 1)[:, 1:]
    below = p.cumsum(axis=1)[:, :-1]
    smaller = np.clip(np.minimum(above, below), _LEAST, 0.5)
    if probit:
        from scipy.special import ndtri

        distance = -ndtri(smaller)
    else:
        distance = np.log1p(-smaller) - np.log(smaller)
    # Far beyond all cuts every probability is 0 or 1: then the cut next to the class counts.
    rows, places = np.arange(len(p)), np.arange(len(cuts)) + 0.5
    nearest = (distance + 1e-6 * np.abs(places - p.argmax(axis=1)[:, None])).argmin(axis=1)
    side = np.where(above[rows, nearest] > below[rows, nearest], 1.0, -1.0)
    return np.asarray(cuts[nearest] + side * distance[rows, nearest])
