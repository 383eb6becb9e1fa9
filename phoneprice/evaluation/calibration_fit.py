"""What is fitted on out-of-fold predictions after training: a temperature, a decision threshold.

Both are measured cross-fitted: the figure for a fold comes from a fit on the other folds (in time: on the earlier
ones), so that nothing is judged on the rows it was chosen on. The model itself gets the fit on all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import TaskConfig, ThresholdMetric
from phoneprice.metrics.classification import SMALLEST, log_losses
from phoneprice.metrics.decisions import decide, temper
from phoneprice.metrics.intervals import Weights, average
from phoneprice.metrics.ranking import cumulative
from phoneprice.records import Calibration, Doubles
from phoneprice.records.predictions import FLATTEST, SHARPEST

Probabilities = NDArray[np.floating[Any]]
Classes = NDArray[np.int64]

_ENOUGH_ROWS = 100_000
"""Rows that settle a temperature to about half a percent; of more, evenly spaced ones are used."""


@dataclass(frozen=True)
class Calibrated:
    """The calibration of a model, and what it does to rows that it was not fitted on."""

    calibration: Calibration
    probabilities: Doubles
    """Cross-fitted, float64 ``(n, C)``."""
    predicted: Classes
    """Cross-fitted decisions, ``(n,)``."""
    log_loss_before: float
    """Mean log loss of the probabilities as they came."""
    log_loss_after: float
    """Mean log loss with the temperature, cross-fitted, whether it was kept or not."""


def calibrate(
    probabilities: Probabilities,
    y: Classes,
    fold: Classes,
    task: TaskConfig,
    weights: Weights = None,
    *,
    in_time: bool = False,
) -> Calibrated:
    """Fit what the task's configuration asks for on out-of-fold probabilities ``(n, C)`` of true classes ``(n,)``.

    ``fold`` ``(n,)`` numbers the fold of each row, ``weights`` say as how many rows it counts. ``in_time``:
    folds follow each other, and each is judged by what is fitted on the earlier ones. The temperature is kept only if
    it lowers log loss cross-fitted.
    """
    before = after = average(log_losses(y, probabilities), weights)
    temperature, per_fold = 1.0, dict.fromkeys(np.unique(fold).tolist(), 1.0)
    if task.calibration == "temperature":
        fitted = {
            number: fit_temperature(probabilities[rest], y[rest], _part(weights, rest))
            for number, _, rest in rows_apart(fold, in_time=in_time)
        }
        after = average(log_losses(y, _cross_tempered(probabilities, fold, fitted)), weights)
        if after < before:
            temperature, per_fold = fit_temperature(probabilities, y, weights), fitted
    tempered = _cross_tempered(probabilities, fold, per_fold)
    calibration = Calibration(temperature=temperature, decision=task.decision, costs=task.costs)
    predicted = decide(tempered, calibration)
    if task.threshold_metric != "none" and probabilities.shape[1] == 2:
        threshold = fit_threshold(temper(probabilities, temperature)[:, 1], y, task.threshold_metric, weights)
        calibration = replace(calibration, threshold=threshold)
        predicted = _cross_thresholded(
            probabilities, y, fold, per_fold, task.threshold_metric, weights, in_time=in_time
        )
    return Calibrated(calibration, tempered, predicted, before, after)


def _part(weights: Weights, rows: NDArray[np.bool_] | slice) -> Weights:
    return None if weights is None else weights[rows]


def rows_apart(fold: Classes, *, in_time: bool) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Each fold's number, its rows, and those to fit on for them: all others, or the earlier ones."""
    for number in np.unique(fold).tolist():
        yield number, fold == number, fold < number if in_time else fold != number


def _cross_tempered(probabilities: Probabilities, fold: Classes, temperatures: dict[int, float]) -> Doubles:
    """Each row's probabilities at the temperature of its fold."""
    tempered = np.empty(probabilities.shape)
    for number, temperature in temperatures.items():
        rows = fold == number
        tempered[rows] = temper(probabilities[rows], temperature)
    return tempered


def _cross_thresholded(
    probabilities: Probabilities,
    y: Classes,
    fold: Classes,
    temperatures: dict[int, float],
    metric: ThresholdMetric,
    weights: Weights,
    *,
    in_time: bool,
) -> Classes:
    """Each row's class, by the threshold that is best on the other folds, in time on the earlier ones."""
    predicted = np.empty(len(y), dtype=np.int64)
    for number, rows, rest in rows_apart(fold, in_time=in_time):
        p = temper(probabilities[rest], temperatures[number])[:, 1]
        threshold = fit_threshold(p, y[rest], metric, _part(weights, rest))
        tempered = temper(probabilities[rows], temperatures[number])
        predicted[rows] = decide(tempered, Calibration(threshold=threshold))
    return predicted


def fit_temperature(probabilities: Probabilities, y: Classes, weights: Weights = None) -> float:
    """The temperature in [1/20, 20] with the least log loss on probabilities ``(n, C)`` of true classes ``(n,)``.

    Log loss is convex in ``b = 1 / temperature``: with ``l = log p``, its slope is ``mean(E_b[l] - l_y)`` and its
    curvature ``mean(Var_b[l])``. Newton steps, replaced by bisection where they leave the bracket. Probabilities
    below ``SMALLEST`` count as that. 1.0 for no rows.
    """
    if not len(y):
        return 1.0
    stride = -(-len(y) // _ENOUGH_ROWS)
    log_p = np.log(np.maximum(probabilities[::stride].astype(np.float64), SMALLEST))
    true = log_p[np.arange(len(log_p)), y[::stride]]
    sample = _part(weights, slice(None, None, stride))
    low, high, b = 1 / FLATTEST, 1 / SHARPEST, 1.0
    for _ in range(60):
        slope, curvature = _slope(log_p, true, b, sample)
        low, high = (b, high) if slope < 0 else (low, b)
        step = b - slope / curvature if curvature > 0 else low
        previous, b = b, step if low < step < high else (low + high) / 2
        if abs(b - previous) <= 1e-8 * b:
            break
    return 1 / b


def _slope(log_p: Doubles, true: Doubles, b: float, weights: Weights) -> tuple[float, float]:
    """First and second derivative of the mean log loss at ``b``."""
    tempered = np.exp(b * (log_p - log_p.max(axis=1, keepdims=True)))
    tempered /= tempered.sum(axis=1, keepdims=True)
    first = np.einsum("ij,ij->i", tempered, log_p)
    second = np.einsum("ij,ij,ij->i", tempered, log_p, log_p)
    return average(first - true, weights), average(second - first**2, weights)


def fit_threshold(p: NDArray[np.floating[Any]], y: Classes, metric: ThresholdMetric, weights: Weights = None) -> float:
    """The least probability ``(n,)`` of the second class to predict it, for the best value of ``metric``.

    Half way between neighbouring probabilities; of equally good thresholds the one nearest one half. 0.5 for no rows.
    """
    if not len(y):
        return 0.5
    scores = np.unique(p.astype(np.float64))[::-1]
    hits, false_alarms = (np.concatenate([[0.0], counts]) for counts in cumulative(y, p, weights))
    thresholds = (np.concatenate([[1.0], scores]) + np.concatenate([scores, [0.0]])) / 2
    values = _METRICS[metric](hits, false_alarms)
    # Above a probability of 1 there is no threshold that predicts nothing.
    usable = np.r_[scores[0] < 1, np.ones(len(scores), dtype=bool)]
    best = np.flatnonzero(usable & (values >= values[usable].max() - 1e-12))
    return float(thresholds[best[np.abs(thresholds[best] - 0.5).argmin()]])


# Each maps counts above ``m`` thresholds, the last one calling every row positive, to ``(m,)`` values that are greatest
# where the metric is.


def _accuracy(hits: Doubles, false_alarms: Doubles) -> Doubles:
    return hits - false_alarms


def _balanced_accuracy(hits: Doubles, false_alarms: Doubles) -> Doubles:
    recall, other_recall = hits / max(hits[-1], 1), 1 - false_alarms / max(false_alarms[-1], 1)
    return np.asarray(recall + other_recall)


def _f1(hits: Doubles, false_alarms: Doubles) -> Doubles:
    return np.asarray(2 * hits / np.maximum(hits + false_alarms + hits[-1], 1))


def _mcc(hits: Doubles, false_alarms: Doubles) -> Doubles:
    positives, negatives, called = hits[-1], false_alarms[-1], hits + false_alarms
    spread = positives * negatives * called * (positives + negatives - called)
    return np.asarray((hits * negatives - false_alarms * positives) / np.sqrt(np.maximum(spread, 1)))


_METRICS = {"accuracy": _accuracy, "balanced_accuracy": _balanced_accuracy, "f1": _f1, "mcc": _mcc}
