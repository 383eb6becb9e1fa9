"""Scores of answers, for each fold and over all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from phoneprice.metrics.reliability import BINS, reliability
from tables.protocol import FOLDS, Doubles
from tables.results import Facts, Result

Metric = Literal["accuracy", "log loss", "RMSE", "AUC"]
RANKED: tuple[Metric, ...] = ("accuracy", "log loss", "RMSE")
BETTER: dict[Metric, int] = {"accuracy": 1, "log loss": -1, "RMSE": -1, "AUC": 1}
"""1 where more is better, -1 where less is."""
SMALLEST = 1e-15
"""Probabilities are divided by their sum, and are no smaller than this, before the logarithm."""
DRAWS = 400
"""Sets of labels drawn from a model's own probabilities."""


@dataclass(frozen=True)
class Calibration:
    """How far confidence and accuracy are apart over all rows, and how far they would be by chance alone."""

    error: float
    """Expected calibration error of the most probable class, 15 bins."""
    by_chance: float
    """The 95th percentile of what labels drawn from the model's own probabilities give."""

    @property
    def passes(self) -> bool:
        """Whether chance is enough to explain the error."""
        return self.error <= self.by_chance


def by_fold(result: Result) -> dict[Metric, Doubles]:
    """The scores of each fold, ``(5,)``: RMSE of numbers; accuracy and log loss of classes, AUC of two."""
    truth, predicted, probabilities = result.truth, result.predicted, result.probabilities
    if probabilities is None:
        return {"RMSE": np.sqrt(_means(result.folds, (predicted - truth) ** 2))}
    scores: dict[Metric, Doubles] = {
        "accuracy": _means(result.folds, predicted == truth),
        "log loss": _means(result.folds, log_losses(truth, probabilities)),
    }
    return scores | ({"AUC": _auc(result.folds, truth, probabilities[:, 1])} if probabilities.shape[1] == 2 else {})


def _means(folds: NDArray[np.int64], values: NDArray[Any]) -> Doubles:
    return np.bincount(folds, values, FOLDS) / np.bincount(folds, minlength=FOLDS)


def _auc(folds: NDArray[np.int64], truth: NDArray[Any], scores: Doubles) -> Doubles:
    from sklearn.metrics import roc_auc_score

    return np.array([roc_auc_score(truth[folds == fold], scores[folds == fold]) for fold in range(FOLDS)])


def log_losses(truth: NDArray[np.int64], probabilities: Doubles) -> Doubles:
    """``-log p`` of the true class of each row, ``(n,)``."""
    true = probabilities[np.arange(len(truth)), truth] / probabilities.sum(axis=1)
    return np.asarray(-np.log(np.maximum(true, SMALLEST)))


def calibration(result: Result) -> Calibration | None:
    """Over all rows of a result; None of numbers."""
    if result.probabilities is None:
        return None
    probabilities = result.probabilities / result.probabilities.sum(axis=1, keepdims=True)
    return Calibration(reliability(result.truth, probabilities).ece, _by_chance(probabilities.max(axis=1)))


def _by_chance(confidence: Doubles) -> float:
    """Only whether the most probable class is the true one is drawn: the other classes don't matter."""
    place = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)  # as in the reliability diagram
    generator = np.random.default_rng(0)
    sums = np.bincount(place, confidence, BINS)
    errors = []
    for _ in range(DRAWS):
        right = np.bincount(place, generator.random(len(confidence)) < confidence, BINS)
        errors.append(np.abs(right - sums).sum() / len(confidence))
    return float(np.percentile(errors, 95))


def trivial(result: Result) -> Result:
    """What knows no column answers: the other folds' mean, or their class frequencies and most frequent class."""
    truth, classes = result.truth, None if result.probabilities is None else result.probabilities.shape[1]
    predicted = np.zeros_like(truth)
    probabilities = None if classes is None else np.zeros((len(truth), classes))
    for fold in range(FOLDS):
        held, learned = result.folds == fold, truth[result.folds != fold]
        if probabilities is None or classes is None:
            predicted[held] = learned.mean()
        else:
            shares = np.bincount(learned, minlength=classes) / len(learned)
            predicted[held], probabilities[held] = shares.argmax(), shares
    return Result(Facts(result.facts.table, "trivial"), result.folds, truth, predicted, probabilities)
