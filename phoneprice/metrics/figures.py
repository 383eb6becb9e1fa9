"""All that predictions are worth, for any task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from phoneprice.metrics.classification import classification_metrics
from phoneprice.metrics.confusion import confusion, per_class
from phoneprice.metrics.intervals import Weights
from phoneprice.metrics.regression import regression_metrics
from phoneprice.records import Interval, Predictions, Task, Valued
from phoneprice.records.documents import ClassMetrics, Confusion


@dataclass(frozen=True)
class Figures:
    """What predictions are worth: ``metrics`` and, for classes, where these are confused and how good each one is."""

    metrics: Mapping[str, Interval]
    confusion: Confusion | None = None
    per_class: tuple[ClassMetrics, ...] | None = None


def measured(truth: NDArray[Any], predictions: Predictions, task: Task, weights: Weights = None) -> Figures:
    """What predictions of rows are worth, whose true classes (int64) or values ``(n,)`` are known.

    ``weights`` ``(n,)`` say as how many rows each of them counts; None: as one.
    """
    if isinstance(predictions, Valued):
        return Figures(regression_metrics(truth, predictions.values, weights))
    matrix = confusion(truth, predictions.classes, task.classes, weights)
    counts = tuple(map(tuple, matrix.tolist()))
    return Figures(
        classification_metrics(truth, predictions.probabilities, predictions.classes, task, weights),
        Confusion(labels=task.labels, counts=counts),
        per_class(matrix, task.labels),
    )
