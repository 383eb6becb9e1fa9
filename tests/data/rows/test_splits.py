from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from phoneprice.config.schema import Config
from phoneprice.data.rows.row_roles import RowRoles
from phoneprice.data.rows.splits import folds_in_time, plan_members, repeated_folds
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
        ("ordinal", [0] * 3 + [1] * 3, 3, "the most frequent class has 3 rows: 3 folds instead of 5"),
        (
            "ordinal",
            [0, 1, 2],
            1,
            "the most frequent class has 1 row: no rows are held out, so the run has no held-out metrics",
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
        repeated_folds(np.array([0, 0, 0, 1, 1]), 4, 1, 0, stratified=True, labels=("low", "high"))
    assert str(fault.value) == (
        "found too few rows of every class (rows a class: low: 3, high: 2), 4 folds need 4 of one; "
        "lower the number of folds (--folds 3) or add rows"
    )
    with pytest.raises(DataError) as fault:
        repeated_folds(np.array([0, 1, 2]), 3, 1, 0, stratified=True, labels=("low", "middle", "high"))
    assert str(fault.value) == (
        "found too few rows of every class (rows a class: low: 1, middle: 1, high: 1), 3 folds need 3 of one; add rows"
    )
    with pytest.raises(DataError) as fault:
        repeated_folds(np.arange(9.0), 4, 1, 0, stratified=False, groups=np.repeat([0, 1, 2], 3))
    assert str(fault.value) == (
        "found 3 groups, 4 folds need one each; lower the number of folds (--folds 3) or add groups"
    )
    with pytest.raises(DataError) as fault:
        folds_in_time(np.repeat([0, 1, 2], 3), 3)
    assert str(fault.value) == (
        "found 3 different times, 3 folds need 4; lower the number of folds (--folds 2) or add rows"
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


# --- rare classes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "validation", "warning"),
    [
        ((40, 40, 1), {}, "class 'c2' (1 row): held out in 1 of 5 folds, learned from in 4"),
        (
            (40, 2, 3),
            {},
            "class 'c1' (2 rows): held out in 2 of 5 folds; class 'c2' (3 rows): held out in 3 of 5 folds",
        ),
        ((40, 40, 1), {"scheme": "holdout"}, "class 'c2' (1 row): not held out"),
    ],
)
def test_a_rare_class_costs_the_others_nothing(
    counts: tuple[int, ...], validation: dict[str, Any], warning: str
) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    plans, warnings = plan_members(y, config(**validation), len(y), labels=("c0", "c1", "c2"))
    assert warnings == (warning,)
    assert len(plans) == (1 if validation else 5)
    for plan in plans:
        frequent = np.flatnonzero(np.array(counts) >= 5)
        assert set(frequent) <= set(y[plan.held_out_rows])
        assert set(frequent) <= set(y[plan.train_rows])


@pytest.mark.parametrize("rare", [1, 2, 3, 4])
def test_rare_rows_are_in_as_many_test_sets_as_they_can(rare: int) -> None:
    y = np.array([0] * 30 + [1] * rare)
    with pytest.warns(UserWarning, match="least populated class"):
        expected = list(RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=3).split(y, y))
    found = repeated_folds(y, 5, 2, 3, stratified=True)
    assert_same(found, expected)
    assert [sum(1 in y[test] for _, test in found[i : i + 5]) for i in (0, 5)] == [rare, rare]


# --- groups and times -------------------------------------------------------------------------------------------------


@st.composite
def grouped(draw: st.DrawFn) -> tuple[Any, Any]:
    """Classes or values, and groups of rows that need not stand together."""
    rows = draw(st.integers(2, 60))
    groups = draw(st.lists(st.integers(0, draw(st.integers(0, 20))), min_size=rows, max_size=rows))
    y = draw(st.lists(st.integers(0, draw(st.integers(1, 4))), min_size=rows, max_size=rows))
    return np.array(y), np.unique(groups, return_inverse=True)[1].astype(np.int64)


KINDS = st.sampled_from(["ordinal", "regression"])
SCHEMES = st.fixed_dictionaries(
    {
        "scheme": st.sampled_from(["kfold", "holdout", "none"]),
        "folds": st.integers(2, 6),
        "fraction": st.floats(0.01, 0.99),
        "members": st.integers(1, 2),
    }
)


@settings(deadline=None)
@given(grouped(), KINDS, SCHEMES, st.booleans(), st.integers(0, 9))
def test_no_group_is_on_both_sides(
    rows: tuple[Any, Any], kind: str, validation: dict[str, Any], stopping: bool, seed: int
) -> None:
    y, groups = rows
    asked = config(kind, 5 * stopping, seed, **validation)
    plans, _ = plan_members(y if kind != "regression" else y * 0.5, asked, len(y), RowRoles(groups=groups))
    for plan in plans:
        parts = [set(groups[part]) for part in (plan.train_rows, plan.held_out_rows, plan.stopping_rows)]
        assert parts[0]
        assert sum(map(len, parts)) == len(set.union(*parts))
        assert sorted([*plan.train_rows, *plan.held_out_rows, *plan.stopping_rows]) == list(range(len(y)))
    if validation["scheme"] != "none" and len(plans) > validation["members"]:
        assert sorted(np.concatenate([plan.held_out_rows for plan in plans])) == sorted(
            list(range(len(y))) * validation["members"]
        )


def test_no_fold_of_groups_is_without_rows() -> None:
    """Five groups and five folds: scikit-learn's StratifiedGroupKFold leaves one of them empty."""
    y = np.array([0, 3, 3, 2, 0, 4, 4, 0, 0, 2, 2, 1, 4, 1, 2, 0, 0, 2, 2, 1, 4, 0, 0, 0, 0, 4, 1, 1, 1, 1, 4, 1, 0])
    groups = np.array(
        [0, 3, 3, 2, 3, 2, 2, 0, 0, 2, 2, 1, 0, 1, 2, 0, 0, 1, 0, 2, 4, 0, 0, 0, 1, 4, 1, 1, 2, 2, 4, 1, 0]
    )
    splits = repeated_folds(y, 5, 1, 0, stratified=True, groups=groups)
    assert sorted(len(set(groups[test])) for _, test in splits) == [1, 1, 1, 1, 1]


@settings(deadline=None)
@given(grouped(), st.integers(2, 5), st.integers(1, 3), st.booleans())
def test_no_group_is_in_two_folds(rows: tuple[Any, Any], folds: int, repeats: int, stratified: bool) -> None:
    y, groups = rows
    try:
        splits = repeated_folds(y, folds, repeats, 0, stratified=stratified, groups=groups)
    except DataError:
        assert len(set(groups)) < folds or (stratified and np.bincount(y).max() < folds)
        return
    assert len(splits) == folds * repeats
    for train, test in splits:
        assert len(train)
        assert len(test)
        assert not set(groups[train]) & set(groups[test])


@pytest.mark.parametrize("seed", [0, 5])
def test_folds_of_groups_are_those_of_scikit_learn(seed: int) -> None:
    y, groups = classes(90, 3, seed), np.random.default_rng(seed).integers(0, 20, 117)
    found = repeated_folds(y, 4, 1, seed, stratified=True, groups=groups)
    assert_same(found, StratifiedGroupKFold(4, shuffle=True, random_state=seed).split(y, y, groups))
    found = repeated_folds(y * 0.5, 4, 1, seed, stratified=False, groups=groups)
    assert_same(found, GroupKFold(4, shuffle=True, random_state=seed).split(y, y, groups))


TIMES = st.lists(st.integers(0, 12), min_size=2, max_size=60).map(
    lambda values: np.unique(values, return_inverse=True)[1].astype(np.int64)
)


@settings(deadline=None)
@given(TIMES, KINDS, st.floats(0.01, 0.99), st.booleans())
def test_what_is_learned_from_comes_before_what_is_held_out(
    times: Any, kind: str, fraction: float, stopping: bool
) -> None:
    asked = config(kind, 5 * stopping, scheme="holdout", fraction=fraction, order_column="day")
    y = np.arange(len(times)) % 2 * (1 if kind != "regression" else 0.5)
    (plan,), warnings = plan_members(y, asked, len(y), RowRoles(times=times))
    assert len(plan.held_out_rows) or times.max() == 0
    assert any("the table has 1 different time: no rows are held out" in text for text in warnings) == (
        times.max() == 0
    )
    parts = [times[part] for part in (plan.train_rows, plan.stopping_rows, plan.held_out_rows) if len(part)]
    assert all(earlier.max() < later.min() for earlier, later in pairwise(parts))
    assert sorted([*plan.train_rows, *plan.held_out_rows, *plan.stopping_rows]) == list(range(len(y)))


def test_the_last_fifth_is_held_out() -> None:
    times = np.random.default_rng(0).permutation(100)
    (plan,), _ = plan_members(
        times * 0.5, config("regression", scheme="holdout", order_column="t"), 100, RowRoles(times=times)
    )
    assert sorted(times[plan.held_out_rows]) == list(range(80, 100))


@settings(deadline=None)
@given(TIMES, st.integers(2, 5))
def test_folds_follow_each_other_in_time(times: Any, folds: int) -> None:
    try:
        splits = folds_in_time(times, folds)
    except DataError:
        assert times.max() < folds
        return
    for (train, test), (later, _) in zip(splits, [*splits[1:], (np.arange(len(times)), None)], strict=True):
        assert times[train].max() < times[test].min()
        assert set(train) | set(test) <= set(later)


def test_folds_in_time_are_those_of_scikit_learn() -> None:
    times = np.random.default_rng(0).permutation(47)
    order = np.argsort(times)
    expected = [(np.sort(order[train]), np.sort(order[test])) for train, test in TimeSeriesSplit(4).split(times)]
    assert_same(folds_in_time(times, 4), expected)


def test_early_stopping_without_rows_for_it_is_said() -> None:
    groups = np.repeat([0, 1], 10)
    asked = config("regression", 3, scheme="kfold", folds=2)
    plans, warnings = plan_members(np.arange(20.0), asked, 20, RowRoles(groups=groups))
    assert [len(plan.stopping_rows) for plan in plans] == [0, 0]
    assert warnings == (
        "training.early_stopping: 2 of 2 members have no rows that could be set aside; the training loss decides there",
    )
