"""A metric of many candidates at once, for many weightings of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.metrics.figures import value_of
from phoneprice.metrics.row_losses import MEANS, MeanMetric, figure_of
from phoneprice.records import Doubles, Predictions, Task
from phoneprice.search.racing import Bools


def race_metric(metric: str, task: Task) -> MeanMetric:
    """By what candidates race that are picked by a metric: by itself if it is a mean over rows, else by a loss."""
    return next((name for name in MEANS if name == metric), "log_loss" if task.classes else "rmse")


@dataclass(frozen=True)
class MeanFigures:
    """A metric that is a mean of row ``losses`` ``(K, n)``: a matrix product for all candidates and weightings."""

    metric: MeanMetric
    losses: Doubles

    def __call__(self, weights: Doubles, _: Bools) -> Doubles:
        """``(B, K)`` from weights ``(B, n)``."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return figure_of(self.metric, weights @ self.losses.T / weights.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class OtherFigures:
    """A metric that has to be measured again for each candidate and each weighting."""

    metric: str
    truth: NDArray[Any]
    predictions: Sequence[Predictions | None]
    task: Task

    def __call__(self, weights: Doubles, asked: Bools) -> Doubles:
        """``(B, K)`` from weights ``(B, n)``."""
        return np.stack([self._of(own, who) for own, who in zip(weights, asked, strict=True)])

    def _of(self, weights: Doubles, asked: Bools) -> Doubles:
        rows, found = np.flatnonzero(weights), np.full(len(asked), np.nan)
        for k in map(int, np.flatnonzero(asked) if len(rows) else ()):
            if (own := self.predictions[k]) is not None:
                found[k] = value_of(self.metric, self.truth[rows], own.take(rows), self.task, weights[rows])
        return found


def figures_of(
    metric: str, losses: Doubles, truth: NDArray[Any], predictions: Sequence[Predictions | None], task: Task
) -> MeanFigures | OtherFigures:
    """How candidates are judged by a metric: by their ``losses`` ``(K, n)``, those of ``race_metric``, if it is a mean.

    Else by their ``predictions`` of the same rows; None: there are none of all rows.
    """
    mean = race_metric(metric, task)
    return MeanFigures(mean, losses) if metric == mean else OtherFigures(metric, truth, predictions, task)
