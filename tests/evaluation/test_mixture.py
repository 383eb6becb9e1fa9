"""Weights of models: what is best on the rows that they are fitted on, and judged on others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from phoneprice.evaluation.mixture import LEAST, _likeliest, cross_mixed, fit_weights, loss_of, mixed
from phoneprice.records import Classified, Predictions, Valued


def classified(p: Any) -> Classified:
    p = np.asarray(p, np.float64)
    return Classified(p.argmax(axis=1), p)


def class_models(rows: int, seed: int = 0, noise: Sequence[float] = (0.5, 0.7, 1.0)) -> tuple[list[Predictions], Any]:
    """Models that see the same scores with errors of their own, the first ones less of them."""
    chance = np.random.default_rng(seed)
    scores = 2 * chance.normal(size=(rows, 3))
    truth = (scores + chance.gumbel(size=(rows, 3))).argmax(axis=1)
    seen = [np.exp(scores + error * chance.normal(size=(rows, 3))) for error in noise]
    return [classified(p / p.sum(axis=1, keepdims=True)) for p in seen], truth


def value_models(rows: int, seed: int = 0, noise: Sequence[float] = (0.5, 0.7, 1.0)) -> tuple[list[Predictions], Any]:
    chance = np.random.default_rng(seed)
    truth = 100 + chance.normal(size=rows)
    return [Valued(truth + error * chance.normal(size=rows)) for error in noise], truth


MODELS = pytest.mark.parametrize("models_of", [class_models, value_models])


def least(models: Sequence[Predictions], truth: Any, weights: Any = None) -> Any:
    """The best mixture by a general method: weights are the softmax of what is searched."""

    def loss(z: Any) -> float:
        shares = np.exp(z) / np.exp(z).sum()
        (value,) = loss_of(mixed(models, shares), truth, weights).values()
        return value

    found = optimize.minimize(
        loss, np.zeros(len(models)), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12}
    )
    return np.exp(found.x) / np.exp(found.x).sum()


@MODELS
@pytest.mark.parametrize("weighted", [False, True])
def test_the_mixture_is_the_best_there_is(models_of: Any, weighted: bool) -> None:
    models, truth = models_of(400)
    rows = np.random.default_rng(1).exponential(size=400) if weighted else None
    best = least(models, truth, rows)
    assert best.min() > LEAST
    np.testing.assert_allclose(fit_weights(models, truth, rows), best, atol=5e-3)


@MODELS
def test_a_weight_is_a_number_of_rows(models_of: Any) -> None:
    models, truth = models_of(60)
    counts = np.random.default_rng(1).integers(1, 4, 60)
    repeated = np.repeat(np.arange(60), counts)
    expected = fit_weights([model.take(repeated) for model in models], truth[repeated])
    np.testing.assert_allclose(fit_weights(models, truth, counts.astype(float)), expected, atol=1e-6)


@MODELS
def test_what_is_hardly_of_use_is_dropped(models_of: Any) -> None:
    models, truth = models_of(600, noise=(0.1, 0.15, 3.0))
    weights = fit_weights(models, truth)
    assert weights[2] == 0
    assert (weights[:2] > LEAST).all()
    assert weights.sum() == pytest.approx(1, abs=1e-12)


@MODELS
def test_the_only_good_one_counts_alone(models_of: Any) -> None:
    models, truth = models_of(600, noise=(0.0, 4.0, 4.0))
    assert fit_weights(models, truth).tolist() == [1, 0, 0]


@MODELS
def test_where_nothing_tells_them_apart_all_count_the_same(models_of: Any) -> None:
    models, truth = models_of(50)
    np.testing.assert_allclose(fit_weights(models, truth[:0]), 1 / 3)
    assert fit_weights(models[:1], truth).tolist() == [1]


def test_certain_and_wrong_is_survived() -> None:
    models = [classified([[1, 0], [0, 1]]), classified([[0, 1], [1, 0]])]
    assert fit_weights(models, np.array([0, 1])).tolist() == [1, 0]
    np.testing.assert_allclose(fit_weights(models, np.array([0, 0])), 0.5)


def test_a_constant_that_is_always_right() -> None:
    exact = Valued(np.zeros(3))
    np.testing.assert_allclose(fit_weights([exact, exact], np.zeros(3)), 0.5)
    assert fit_weights([exact, Valued(np.ones(3))], np.zeros(3)).tolist() == [1, 0]


@MODELS
def test_no_fold_knows_its_own_truth(models_of: Any) -> None:
    models, truth = models_of(90)
    fold = np.arange(90) % 3
    before = cross_mixed(models, truth, fold)
    other = np.where(fold == 1, truth[::-1], truth)
    after = cross_mixed(models, other, fold)
    same = np.array([np.array_equal(one, two) for one, two in zip(rows_of(before), rows_of(after), strict=True)])
    assert same[fold == 1].all()
    assert not same[fold != 1].all()
    expected = fit_weights([model.take(fold != 1) for model in models], truth[fold != 1])
    np.testing.assert_array_equal(rows_of(before)[fold == 1], rows_of(mixed(models, expected))[fold == 1])


def test_in_time_the_earlier_rows_decide() -> None:
    models, truth = value_models(90)
    fold = np.arange(90) // 30
    found = rows_of(cross_mixed(models, truth, fold, in_time=True))
    expected = fit_weights([model.take(fold < 2) for model in models], truth[fold < 2])
    np.testing.assert_array_equal(found[fold == 2], rows_of(mixed(models, expected))[fold == 2])
    np.testing.assert_allclose(found[fold == 0], rows_of(mixed(models, np.full(3, 1 / 3)))[fold == 0])


def rows_of(predictions: Predictions) -> Any:
    return predictions.probabilities if isinstance(predictions, Classified) else predictions.values


def test_losses_by_hand() -> None:
    right = classified([[0.5, 0.5], [0.25, 0.75]])
    assert loss_of(right, np.array([0, 1])) == {"log_loss": pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)}
    assert loss_of(Valued(np.array([1.0, 2.0])), np.array([0.0, 4.0])) == {"rmse": pytest.approx(np.sqrt(2.5))}
    assert loss_of(Valued(np.array([1.0, 2.0])), np.array([0.0, 4.0]), np.array([4.0, 0.0])) == {"rmse": 1.0}


def test_mixtures_by_hand() -> None:
    found = mixed([classified([[0.9, 0.1]]), classified([[0.0, 1.0]])], np.array([0.25, 0.75]))
    assert isinstance(found, Classified)
    np.testing.assert_allclose(found.probabilities, [[0.225, 0.775]])
    assert found.classes.tolist() == [1]


@pytest.mark.parametrize("rows", [30, 2000])
@pytest.mark.parametrize("noise", [(0.2, 2.0, 20), (1.0, 1.1, 20), (0.0, 5.0, 3)])
def test_many_models_come_close_to_the_best_there_is(rows: int, noise: tuple[float, float, int]) -> None:
    """The largest gradient less 1 is more than what is still to gain."""
    models, truth = class_models(rows, noise=np.linspace(*noise).tolist())
    p = np.stack([rows_of(model)[np.arange(rows), truth] for model in models])
    gradient = (p / (_likeliest(p, np.full(rows, 1 / rows)) @ p)).mean(axis=1)
    assert gradient.max() < 1 + 1e-3
