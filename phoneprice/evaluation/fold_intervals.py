"""95% intervals of cross-validated figures, whose folds share training rows and so are not independent."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from phoneprice.metrics.intervals import t95
from phoneprice.records import Interval


def corrected_resampled_t(values: Sequence[float], test_rows: float, train_rows: float) -> Interval:
    """Mean of a figure over ``J`` folds (of all repeats), with the corrected resampled t interval.

    ``test_rows`` and ``train_rows`` are the (mean) sizes of a fold's two parts. The variance of the mean is
    ``(1/J + test_rows/train_rows)`` times the sample variance, with ``J - 1`` degrees of freedom (Nadeau and Bengio
    2003, section 3; Bouckaert and Frank 2004, equation 3). One fold: no interval.
    """
    folds, value = len(values), float(np.mean(values))
    if folds < 2:
        return Interval(value, value, value)
    variance = (1 / folds + test_rows / train_rows) * float(np.var(values, ddof=1))
    half = t95(folds - 1) * math.sqrt(variance)
    return Interval(value, value - half, value + half)


def paired_difference(ours: Sequence[float], theirs: Sequence[float], test_rows: float, train_rows: float) -> Interval:
    """Mean of ``ours - theirs`` over the same folds, with the corrected resampled t interval."""
    differences = np.subtract(ours, theirs, dtype=np.float64)
    return corrected_resampled_t(differences.tolist(), test_rows, train_rows)
