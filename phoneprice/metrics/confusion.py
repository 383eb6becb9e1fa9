"""The confusion matrix and what follows from it alone.

Every function of the matrix is a function of a few sums over its cells, so it is written once, for a stack of
matrices given by those sums: for the value itself a stack of one, for its bootstrap interval a stack of resamples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from phoneprice.metrics.intervals import Weights
from phoneprice.records import Doubles
from phoneprice.records.documents import ClassMetrics

Counts = NDArray[np.int64]


def confusion(y: Counts, predicted: Counts, classes: int, weights: Weights = None) -> Counts | Doubles:
    """Rows by true class (first axis) and predicted class: int64 ``(C, C)`` from class indices ``(n,)`` each.

    With ``weights`` that are not all whole numbers it is float64.
    """
    cells = np.bincount(y * classes + predicted, weights=weights, minlength=classes**2).reshape(classes, classes)
    whole = weights is not None and bool((weights == np.rint(weights)).all())
    return cells.astype(np.int64) if whole else cells


def per_class(matrix: Counts | Doubles, labels: Sequence[str]) -> tuple[ClassMetrics, ...]:
    """Figures of each class of a confusion matrix ``(C, C)``.

    0 where nothing is there to divide by, as scikit-learn has it.
    """
    hits, true, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    figures = _ratio(hits, predicted), _ratio(hits, true), _ratio(2 * hits, true + predicted), true
    return tuple(
        ClassMetrics(label=label, precision=precision, recall=recall, f1=f1, support=support)
        for label, precision, recall, f1, support in zip(labels, *(line.tolist() for line in figures), strict=True)
    )


def most_frequent_errors(counts: Sequence[Sequence[float]], most: int) -> list[tuple[int, int, float]]:
    """True class, predicted class and rows of the cells beside the diagonal that have any, the fullest first."""
    cells = ((true, predicted, rows) for true, line in enumerate(counts) for predicted, rows in enumerate(line))
    wrong = [(true, predicted, rows) for true, predicted, rows in cells if rows and true != predicted]
    return sorted(wrong, key=lambda cell: -cell[2])[:most]


class Cells:
    """The cells of a confusion matrix that hold rows, and the sums over them that the metrics need.

    ``counts`` ``(m,)`` are the rows in each cell. The metrics take counts ``(B, m)``, here or resampled, and return
    ``(B,)``, NaN where they are undefined.
    """

    def __init__(self, matrix: Counts | Doubles) -> None:
        self.true, self.predicted = np.nonzero(matrix)
        self.counts: Counts | Doubles = matrix[self.true, self.predicted]
        self._classes = len(matrix)

    @property
    def as_counted(self) -> Doubles:
        """``counts`` as the metrics take them, ``(1, m)``."""
        return self.counts[np.newaxis].astype(np.float64)

    def _sums_by_class(self, classes: NDArray[np.intp], counts: Doubles) -> Doubles:
        """Sums ``(B, C)`` of the counts by the class of each cell."""
        order = np.argsort(classes, kind="stable")
        present, starts = np.unique(classes[order], return_index=True)
        sums = np.zeros((len(counts), self._classes))
        if len(present):
            sums[:, present] = np.add.reduceat(counts[:, order], starts, axis=1)
        return sums

    def _margins(self, counts: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        """Rows a class, ``(B, C)`` each: predicted right, true, predicted."""
        right = self.true == self.predicted
        return (
            self._sums_by_class(self.true[right], counts[:, right]),
            self._sums_by_class(self.true, counts),
            self._sums_by_class(self.predicted, counts),
        )

    def balanced_accuracy(self, counts: Doubles) -> Doubles:
        """Mean recall of the classes that have rows."""
        hits, true, _ = self._margins(counts)
        return np.asarray(_ratio(hits, true).sum(axis=1) / (true > 0).sum(axis=1))

    def macro_f1(self, counts: Doubles) -> Doubles:
        """Mean F1 of the classes that are true or predicted anywhere."""
        hits, true, predicted = self._margins(counts)
        return np.asarray(_ratio(2 * hits, true + predicted).sum(axis=1) / (true + predicted > 0).sum(axis=1))

    def f1(self, counts: Doubles) -> Doubles:
        """F1 of the second class; 0 where it is neither true nor predicted."""
        hits, true, predicted = self._margins(counts)
        return _ratio(2 * hits, true + predicted)[:, 1]

    def mcc(self, counts: Doubles) -> Doubles:
        """Matthews correlation (Gorodkin 2004, for any number of classes); 0 where either side is constant."""
        hits, true, predicted = self._margins(counts)
        rows = counts.sum(axis=1)
        covariance = hits.sum(axis=1) * rows - (true * predicted).sum(axis=1)
        spread = (rows**2 - (true**2).sum(axis=1)) * (rows**2 - (predicted**2).sum(axis=1))
        return _ratio(covariance, np.sqrt(spread))

    def quadratic_kappa(self, counts: Doubles) -> Doubles:
        """Cohen's kappa with weights ``(i - j)**2`` (Cohen 1968); NaN where all rows are of one and the same class."""
        rows, i, j = counts.sum(axis=1), self.true.astype(np.float64), self.predicted.astype(np.float64)
        observed = counts @ (i - j) ** 2
        # The mean of (i - j)**2 with independent i and j, from their moments.
        expected = counts @ (i**2 + j**2) - 2 * (counts @ i) * (counts @ j) / rows
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(expected > 1e-9 * rows, 1 - observed / expected, np.nan))


def _ratio(part: NDArray[np.generic], whole: NDArray[np.generic]) -> Doubles:
    """``part / whole``, 0 where ``whole`` is 0."""
    ratio: Doubles = np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0)
    return ratio
