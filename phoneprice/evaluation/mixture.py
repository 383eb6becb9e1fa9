"""How much each of several models counts in their mixture: what fits held-out rows best.

The weights are not negative and add up to 1. Those below ``LEAST`` are dropped, so that what is hardly used costs
nothing. Like a temperature they are judged cross-fitted: the rows of a fold are mixed by weights of the other folds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.evaluation.calibration_fit import rows_apart
from phoneprice.guest import unnoticed
from phoneprice.metrics.classification import log_losses
from phoneprice.metrics.intervals import Weights, average
from phoneprice.records import Classified, Doubles, Predictions, Valued, joined

LEAST = 0.05
"""The smallest weight that is kept."""
_GAP = 1e-6
"""Nats by which a log loss may lie above the least there is."""
_MOST_STEPS = 2000
_ENOUGH_ROWS = 100_000
"""Of more rows, evenly spaced ones are used."""


def fit_weights(models: Sequence[Predictions], truth: NDArray[Any], weights: Weights = None) -> Doubles:
    """``(M,)``: the mixture of the models' predictions of rows of known ``truth`` ``(n,)`` with the least loss.

    Of classes that is the log loss of the mixed probabilities, of a regression the squared error of the mixed values.
    ``weights`` ``(n,)`` say as how many rows each counts. Equal ones for no rows.
    """
    every = slice(None, None, -(-len(truth) // _ENOUGH_ROWS) or 1)
    counts = np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64)
    if len(models) == 1 or not counts.sum():
        return np.full(len(models), 1 / len(models))
    losses = np.stack([_losses(model, truth)[every] for model in models])
    shares = counts[every] / counts[every].sum()
    found = _least_squares(losses, shares) if isinstance(models[0], Valued) else _likeliest(np.exp(-losses), shares)
    kept = np.where(found < LEAST, 0, found)
    return np.asarray(kept / kept.sum())


def mixed(models: Sequence[Predictions], weights: Doubles) -> Predictions:
    """The models' probabilities or values, averaged by their ``weights`` ``(M,)``; classes are the most probable."""
    total = np.asarray(sum(weight * _numbers(model) for model, weight in zip(models, weights, strict=True)))
    return Valued(total) if isinstance(models[0], Valued) else Classified(total.argmax(axis=1), total)


def cross_mixed(
    models: Sequence[Predictions],
    truth: NDArray[Any],
    fold: NDArray[np.int64],
    weights: Weights = None,
    *,
    in_time: bool = False,
) -> Predictions:
    """The same, each fold's rows by weights fitted on the other folds; ``in_time`` on the earlier ones."""
    parts, places = list[Predictions](), list[NDArray[np.intp]]()
    for _, rows, rest in rows_apart(fold, in_time=in_time):
        own = None if weights is None else weights[rest]
        fitted = fit_weights([model.take(rest) for model in models], truth[rest], own)
        parts.append(mixed([model.take(rows) for model in models], fitted))
        places.append(np.flatnonzero(rows))
    return joined(parts).take(np.argsort(np.concatenate(places)))


def loss_of(predictions: Predictions, truth: NDArray[Any], weights: Weights = None) -> dict[str, float]:
    """What the weights make small, as a metric by its name: the log loss, or of values the RMSE."""
    losses = _losses(predictions, truth)
    if isinstance(predictions, Classified):
        return {"log_loss": average(losses, weights)}
    return {"rmse": math.sqrt(average(losses**2, weights))}


def _numbers(predictions: Predictions) -> Doubles:
    return predictions.probabilities if isinstance(predictions, Classified) else predictions.values


def _losses(predictions: Predictions, truth: NDArray[Any]) -> Doubles:
    """Log losses ``(n,)`` of classes, or errors of values."""
    if isinstance(predictions, Classified):
        return log_losses(truth, predictions.probabilities)
    return np.asarray(predictions.values - truth)


def _likeliest(p: Doubles, shares: Doubles) -> Doubles:
    """The mixture of ``p`` ``(M, n)``, each model's probability of what is true, with the largest mean logarithm.

    Expectation and maximisation (Dempster, Laird and Rubin 1977, section 4.3), from equal weights. The largest gradient
    less 1 bounds what there is still to gain (Lindsay 1983): below ``_GAP`` it stops.
    """
    weights = np.full(len(p), 1 / len(p))
    for _ in range(_MOST_STEPS):
        gradient = p @ (shares / (weights @ p))
        if gradient.max() < 1 + _GAP:
            break
        weights = weights * gradient
    return np.asarray(weights / weights.sum())


def _least_squares(errors: Doubles, shares: Doubles) -> Doubles:
    """The mixture of ``errors`` ``(M, n)`` with the least mean square.

    As least squares without negative numbers, with the sum of the weights, to be 1, as one more row (Lawson and Hanson
    1974, chapter 23): what comes out is the answer but for a factor.
    """
    with unnoticed("scipy.optimize"):
        from scipy.optimize import nnls
    products = (errors * shares) @ errors.T
    scale = np.trace(products) / len(products)
    if not 0 < scale < np.inf:
        return np.full(len(errors), 1 / len(errors))
    values, vectors = np.linalg.eigh(products / scale)
    root = np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T
    found, _ = nnls(np.vstack([root, np.ones(len(errors))]), np.append(np.zeros(len(errors)), 1.0))
    return np.asarray(found / found.sum())
