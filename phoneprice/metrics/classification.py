"""Metrics of predicted classes and their probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.components.base import TaskKind
from phoneprice.metrics.catalogue import METRICS
from phoneprice.metrics.confusion import Cells, confusion
from phoneprice.metrics.intervals import Weights, bootstrap, mean, proportion, resampled, seeded, size_of
from phoneprice.metrics.ranking import ranking_metrics
from phoneprice.metrics.reliability import ece
from phoneprice.records import Doubles, Interval, Task

Classes = NDArray[np.int64]
Probabilities = NDArray[np.floating[Any]]
Statistic = Callable[[Doubles], Doubles]

SMALLEST = float(np.finfo(np.float32).eps)
"""The least probability that a logarithm is taken of: networks compute in float32, below this is rounding error."""


def classification_metrics(
    y: Classes, probabilities: Probabilities, predicted: Classes, task: Task, weights: Weights = None
) -> dict[str, Interval]:
    """Every metric of the task's kind, in the order of ``catalogue.METRICS``, with 95% intervals.

    ``y`` and ``predicted`` ``(n,)`` are class indices, ``probabilities`` ``(n, C)`` sum to 1 in each row; ``weights``
    say as how many rows each counts. A metric that
    the rows leave undefined (ROC AUC of one class) is left out. Raises ``ValueError`` for no rows.
    """
    if not len(y):
        raise ValueError("metrics need at least one row")
    rows = size_of(y, weights)
    found = {
        "accuracy": proportion(_number(y == predicted, weights), rows),
        "log_loss": mean(log_losses(y, probabilities), lowest=0, weights=weights),
        "brier": mean(brier_losses(y, probabilities), lowest=0, weights=weights),
        "ece": ece(y, probabilities, weights=weights),
    }
    if task.kind == "ordinal":
        distance = np.abs(y - predicted)
        found["mean_absolute_class_error"] = mean(distance, lowest=0, weights=weights)
        found["off_by_more_than_one"] = proportion(_number(distance > 1, weights), rows)
    if task.kind == "binary":
        found |= ranking_metrics(y, probabilities[:, 1], weights)
    found |= _matrix_metrics(Cells(confusion(y, predicted, task.classes, weights)), task.kind)
    return {name: found[name] for name in METRICS if name in found}


def _number(where: NDArray[np.bool_], weights: Weights) -> float:
    """How many rows are so."""
    return int(np.count_nonzero(where)) if weights is None else float(weights[where].sum())


def log_losses(y: Classes, probabilities: Probabilities) -> Doubles:
    """``-log p`` of the true class, ``(n,)``, with ``p`` no smaller than ``SMALLEST``."""
    true = probabilities[np.arange(len(y)), y].astype(np.float64)
    return np.asarray(-np.log(np.maximum(true, SMALLEST)))


def brier_losses(y: Classes, probabilities: Probabilities) -> Doubles:
    """Squared distance of the probabilities from the true class (Brier 1950), ``(n,)``.

    Summed over the classes; of two classes only one counts, as scikit-learn has it.
    """
    p = probabilities.astype(np.float64)
    distance = np.einsum("ij,ij->i", p, p) - 2 * p[np.arange(len(y)), y] + 1
    return np.asarray(np.maximum(distance, 0) / (2 if p.shape[1] == 2 else 1))


def matrix_figures(cells: Cells, kind: TaskKind) -> dict[str, float]:
    """The metrics that are functions of the confusion matrix; those undefined on it are left out."""
    values = {name: float(statistic(cells.as_counted)[0]) for name, statistic in _statistics(cells, kind).items()}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _matrix_metrics(cells: Cells, kind: TaskKind) -> dict[str, Interval]:
    """The same with their intervals, all from the same resamples."""
    drawn, statistics = resampled(cells.counts, seeded()), _statistics(cells, kind)
    return {
        name: bootstrap(statistics[name](drawn), value, METRICS[name].limits)
        for name, value in matrix_figures(cells, kind).items()
    }


def _statistics(cells: Cells, kind: TaskKind) -> dict[str, Statistic]:
    both: dict[str, Statistic] = {"balanced_accuracy": cells.balanced_accuracy, "macro_f1": cells.macro_f1}
    if kind == "ordinal":
        return both | {"quadratic_kappa": cells.quadratic_kappa}
    return both | {"f1": cells.f1, "mcc": cells.mcc} if kind == "binary" else both
