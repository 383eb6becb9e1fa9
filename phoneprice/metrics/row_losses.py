"""Metrics that are means over rows: what each row adds."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from phoneprice.metrics.classification import brier_losses, log_losses
from phoneprice.records import Doubles, Predictions, Valued

MeanMetric = Literal[
    "accuracy", "log_loss", "brier", "mean_absolute_class_error", "off_by_more_than_one", "rmse", "mae"
]
MEANS: tuple[MeanMetric, ...] = get_args(MeanMetric)


def row_losses(metric: MeanMetric, y: NDArray[Any], predictions: Predictions) -> Doubles:
    """What each row adds to the metric's badness, ``(n,)``; ``figure_of`` turns the mean of it into the metric."""
    if isinstance(predictions, Valued):
        error = predictions.values - y
        return np.asarray(error**2 if metric == "rmse" else np.abs(error))
    match metric:
        case "log_loss":
            return log_losses(y, predictions.probabilities)
        case "brier":
            return brier_losses(y, predictions.probabilities)
        case "mean_absolute_class_error":
            return np.asarray(np.abs(y - predictions.classes), np.float64)
        case "off_by_more_than_one":
            return np.asarray(np.abs(y - predictions.classes) > 1, np.float64)
        case _:
            return np.asarray(y != predictions.classes, np.float64)


def figure_of(metric: MeanMetric, mean: Doubles) -> Doubles:
    """The metric whose row losses have this mean."""
    if metric == "accuracy":
        return np.asarray(1 - mean)
    return np.sqrt(mean) if metric == "rmse" else mean
