"""Scores against values computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from tables.results import Facts, Result
from tables.scoring import by_fold, calibration, log_losses, trivial

FACTS = Facts("table", "model")
FOLDS = np.repeat(np.arange(5), 2)


def test_rmse_is_of_each_fold() -> None:
    result = Result(FACTS, FOLDS, np.zeros(10), np.array([3, 4, 0, 0, 1, 1, 2, 0, 0, 1.0]), None)
    assert by_fold(result)["RMSE"].tolist() == np.sqrt([12.5, 0, 1, 2, 0.5]).tolist()
    assert calibration(result) is None


def test_scores_of_classes_are_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    truth, folds = np.tile([0, 1], 50), np.repeat(np.arange(5), 20)
    p = generator.random(100)
    result = Result(FACTS, folds, truth, (p > 0.5).astype(int), np.column_stack([1 - p, p]))
    scores = by_fold(result)
    for fold in range(5):
        own = folds == fold
        assert scores["log loss"][fold] == pytest.approx(log_loss(truth[own], p[own]))
        assert scores["AUC"][fold] == pytest.approx(roc_auc_score(truth[own], p[own]))
        assert scores["accuracy"][fold] == ((p[own] > 0.5) == truth[own]).mean()


def test_probabilities_are_scaled_to_one_and_kept_from_zero() -> None:
    found = log_losses(np.array([0, 0]), np.array([[1.0, 3.0], [0.0, 1.0]]))
    assert found.tolist() == [math.log(4), -math.log(1e-15)]


def test_there_is_no_auc_of_three_classes() -> None:
    thirds = np.full((10, 3), 1 / 3)
    result = Result(FACTS, FOLDS, np.arange(10) % 3, np.zeros(10, np.int64), thirds)
    assert set(by_fold(result)) == {"accuracy", "log loss"}


def test_labels_from_the_probabilities_themselves_pass_and_others_do_not() -> None:
    generator = np.random.default_rng(1)
    p = generator.random(4000)
    truth = (generator.random(4000) < p).astype(int)
    both = np.column_stack([1 - p, p])
    folds = np.tile(np.arange(5), 800)
    honest = calibration(Result(FACTS, folds, truth, both.argmax(axis=1), both))
    bold = calibration(Result(FACTS, folds, truth, both.argmax(axis=1), both**3))
    assert honest is not None
    assert bold is not None
    assert honest.passes
    assert not bold.passes
    assert 0.01 < honest.by_chance < 0.04
    assert bold.error > 3 * bold.by_chance


def test_the_trivial_predictor_knows_the_other_folds_only() -> None:
    numbers = Result(FACTS, FOLDS, np.arange(10.0), np.zeros(10), None)
    assert trivial(numbers).predicted[:2].tolist() == [5.5, 5.5]
    truth = np.array([0, 0, 1, 1, 1, 1, 0, 1, 0, 0])
    classes = Result(FACTS, FOLDS, truth, truth, np.ones((10, 2)))
    found = trivial(classes)
    assert found.probabilities is not None
    assert found.probabilities[0].tolist() == [3 / 8, 5 / 8]
    assert found.predicted.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]
