from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import KFold, RepeatedKFold, RepeatedStratifiedKFold, StratifiedKFold

from phoneprice.config.schema import Config
from phoneprice.data.splits import plan_members, repeated_folds
from phoneprice.errors import DataError


def config(kind: str = "ordinal", patience: int = 0, seed: int = 0, **validation: Any) -> Config:
    return Config.model_validate(
        {
            "task": {"kind": kind},
            "loss": {"name": "mse" if kind == "regression" else "ordinal"},
            "validation": validation,
            "training": {"seed": seed, "early_stopping": {"patience_epochs": patience}},
        }
    )


def classes(n_rows: int, n_classes: int, seed: int) -> np.ndarray[Any, Any]:
    """Unbalanced classes, each at least 9 times, in random order."""
    generator = np.random.default_rng(seed)
    y = np.concatenate([np.repeat(np.arange(n_classes), 9), generator.binomial(n_classes - 1, 0.4, n_rows)])
    return generator.permutation(y)


def assert_same(found: list[Any], expected: Any) -> None:
    for (train, test), (sklearn_train, sklearn_test) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(train, sklearn_train)
        np.testing.assert_array_equal(test, sklearn_test)
        assert train.dtype == test.dtype == np.int64


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 12345, 2**32 - 1])
@pytest.mark.parametrize(
    ("n_rows", "n_classes", "folds"), [(0, 2, 2), (7, 3, 5), (100, 4, 9), (501, 2, 5), (2000, 4, 3)]
)
def test_folds_are_those_of_scikit_learn(seed: int, n_rows: int, n_classes: int, folds: int) -> None:
    y = classes(n_rows, n_classes, seed)
    stratified = repeated_folds(y, folds, 3, seed, stratified=True)
    assert_same(stratified, RepeatedStratifiedKFold(n_splits=folds, n_repeats=3, random_state=seed).split(y, y))
    plain = repeated_folds(y, folds, 3, seed, stratified=False)
    assert_same(plain, RepeatedKFold(n_splits=folds, n_repeats=3, random_state=seed).split(y))


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_one_repeat_is_the_plain_split(seed: int) -> None:
    y = classes(60, 3, seed)
    plans, warnings = plan_members(y, config(seed=seed), len(y))
    found = [(plan.train_rows, plan.held_out_rows) for plan in plans]
    assert_same(found, StratifiedKFold(5, shuffle=True, random_state=seed).split(y, y))
    assert warnings == ()
    plans, _ = plan_members(y * 0.5, config("regression", seed=seed), len(y))
    found = [(plan.train_rows, plan.held_out_rows) for plan in plans]
    assert_same(found, KFold(5, shuffle=True, random_state=seed).split(y))


def test_every_row_is_held_out_once() -> None:
    y = classes(100, 4, 0)
    plans, _ = plan_members(y, config(folds=7), len(y))
    assert sorted(np.concatenate([plan.held_out_rows for plan in plans])) == list(range(len(y)))
    for plan in plans:
        assert not set(plan.train_rows) & set(plan.held_out_rows)
        assert len(plan.train_rows) + len(plan.held_out_rows) == len(y)


def test_further_members_repeat_the_splits() -> None:
    y = classes(30, 2, 0)
    plans, _ = plan_members(y, config(folds=3, members=2), len(y))
    assert [plan.index for plan in plans] == [0, 1, 2, 3, 4, 5]
    for first, second in zip(plans[:3], plans[3:], strict=True):
        np.testing.assert_array_equal(first.train_rows, second.train_rows)


def test_hold_out_is_stratified() -> None:
    y = np.repeat([0, 1, 2], [500, 300, 7])
    (plan,), _ = plan_members(y, config(scheme="holdout", fraction=0.2), len(y))
    assert np.bincount(y[plan.held_out_rows]).tolist() == [100, 60, 1]
    assert sorted([*plan.train_rows, *plan.held_out_rows]) == list(range(len(y)))
    (other,), _ = plan_members(y, config(scheme="holdout", fraction=0.2, seed=1), len(y))
    assert set(other.held_out_rows) != set(plan.held_out_rows)


@pytest.mark.parametrize(("fraction", "held_out"), [(0.001, [1, 0]), (0.5, [10, 1]), (0.999, [19, 1])])
def test_hold_out_leaves_rows_of_each_class(fraction: float, held_out: list[int]) -> None:
    y = np.repeat([0, 1], [20, 2])
    (plan,), _ = plan_members(y, config(scheme="holdout", fraction=fraction), len(y))
    assert np.bincount(y[plan.held_out_rows], minlength=2).tolist() == held_out
    assert set(y[plan.train_rows]) == {0, 1}


@pytest.mark.parametrize(
    ("counts", "held_out"),
    [((11, 17), [3, 4]), ((17, 11), [4, 3]), ((10, 10), [3, 2]), ((6, 6, 6, 6), [2, 2, 1, 1]), ((5, 9, 12), [1, 2, 3])],
)
def test_the_largest_remainders_are_rounded_up(counts: tuple[int, ...], held_out: list[int]) -> None:
    """A quarter of each class; of equal remainders, the first classes'."""
    y = np.repeat(np.arange(len(counts)), counts)
    (plan,), _ = plan_members(y, config(scheme="holdout", fraction=0.25), len(y))
    assert np.bincount(y[plan.held_out_rows]).tolist() == held_out


def test_hold_out_of_a_regression() -> None:
    (plan,), _ = plan_members(np.linspace(0, 1, 50), config("regression", scheme="holdout", fraction=0.3), 50)
    assert len(plan.held_out_rows) == 15


def test_no_validation() -> None:
    plans, warnings = plan_members(np.array([0, 1]), config(scheme="none", members=3), 2)
    assert [plan.train_rows.tolist() for plan in plans] == [[0, 1]] * 3
    assert all(not len(plan.held_out_rows) for plan in plans)
    assert warnings == ()


@pytest.mark.parametrize(
    ("kind", "y", "members", "warning"),
    [
        ("ordinal", [0] * 9 + [1] * 3, 3, "the rarest class has 3 rows: 3 folds instead of 5"),
        (
            "ordinal",
            [0] * 9 + [1],
            1,
            "the rarest class has 1 row: no rows are held out, so the run has no held-out metrics",
        ),
        ("regression", [0.0, 1.0, 2.0], 3, "the table has 3 rows: 3 folds instead of 5"),
        ("regression", [0.5], 1, "the table has 1 row: no rows are held out, so the run has no held-out metrics"),
    ],
)
def test_too_few_rows_for_the_folds(kind: str, y: list[float], members: int, warning: str) -> None:
    plans, warnings = plan_members(np.array(y), config(kind), len(y))
    assert len(plans) == members
    assert warnings == (warning,)


def test_cross_validation_refuses_too_few_rows() -> None:
    with pytest.raises(DataError) as fault:
        repeated_folds(np.array([0, 0, 0, 1, 1]), 3, 1, 0, stratified=True, labels=("low", "high"))
    assert str(fault.value) == (
        "found too few rows of a class (rows a class: low: 3, high: 2), 3 folds need 3 of each; "
        "lower the number of folds (--folds 2) or add rows"
    )
    with pytest.raises(DataError) as fault:
        repeated_folds(np.array([0, 0, 0, 1]), 3, 1, 0, stratified=True, labels=("low", "high"))
    assert str(fault.value) == (
        "found too few rows of a class (rows a class: low: 3, high: 1), 3 folds need 3 of each; "
        "add rows to each class of one row, which no number of folds can split"
    )
    with pytest.raises(DataError) as fault:
        repeated_folds(np.array([0.1, 0.2]), 3, 1, 0, stratified=False)
    assert str(fault.value) == (
        "found 2 rows, 3 folds need one each; lower the number of folds (--folds 2) or add rows"
    )
    with pytest.raises(DataError) as fault:
        repeated_folds(np.array([0.1]), 3, 1, 0, stratified=False)
    assert str(fault.value) == "found 1 row, 3 folds need one each; add rows"


def test_stopping_rows_are_set_aside_from_training_rows() -> None:
    y = np.tile([0, 1], 100)
    plans, _ = plan_members(y, config(patience=3), len(y))
    for plan in plans:
        assert len(plan.stopping_rows) == 16
        assert np.bincount(y[plan.stopping_rows]).tolist() == [8, 8]
        assert sorted([*plan.train_rows, *plan.stopping_rows, *plan.held_out_rows]) == list(range(len(y)))
    again, _ = plan_members(y, config(patience=3), len(y))
    assert all((a.stopping_rows == b.stopping_rows).all() for a, b in zip(plans, again, strict=True))
    off, _ = plan_members(y, config(), len(y))
    assert all(not len(plan.stopping_rows) for plan in off)
