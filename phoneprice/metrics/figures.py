"""All that predictions are worth, for any task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.metrics.classification import classification_metrics, matrix_figures
from phoneprice.metrics.confusion import Cells, confusion, per_class
from phoneprice.metrics.intervals import Weights, average
from phoneprice.metrics.ranking import ranking_metrics
from phoneprice.metrics.regression import regression_metrics
from phoneprice.metrics.reliability import reliability
from phoneprice.metrics.row_losses import MEANS, figure_of, row_losses
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


def value_of(metric: str, truth: NDArray[Any], predictions: Predictions, task: Task, weights: Weights = None) -> float:
    """One of the metrics that ``measured`` finds, without its interval; NaN where the rows leave it undefined."""
    for name in MEANS:
        if metric == name:
            return float(figure_of(name, np.asarray(average(row_losses(name, truth, predictions), weights))))
    if isinstance(predictions, Valued):
        found = regression_metrics(truth, predictions.values, weights)
    elif metric == "ece":
        return reliability(truth, predictions.probabilities, weights=weights).ece
    elif metric in {"roc_auc", "average_precision"}:
        found = ranking_metrics(truth, predictions.probabilities[:, 1], weights)
    else:
        cells = Cells(confusion(truth, predictions.classes, task.classes, weights))
        return matrix_figures(cells, task.kind).get(metric, np.nan)
    return found[metric].value if metric in found else np.nan
