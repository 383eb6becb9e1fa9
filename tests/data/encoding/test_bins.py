"""The bins of numbers, from each member's own rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from phoneprice.components.encodings import Encoding, NoEncoding, Periodic, PiecewiseLinear
from phoneprice.data.encoding.bins import member_edges
from phoneprice.records import Inputs, InputStatistics, MemberPlan

NOTHING = np.empty(0, np.int64)


def plan(*rows: int) -> MemberPlan:
    return MemberPlan(0, np.array(rows), NOTHING, NOTHING)


def statistics(members: int, columns: int, shift: float = 0.0, factor: float = 1.0) -> InputStatistics:
    """All columns are numbers."""
    size = members, columns
    return InputStatistics(np.full(size, shift), np.full(size, factor), np.zeros(size), tuple(range(columns)))


def edges(values: Any, *plans: MemberPlan, targets: Any = None, missing: Any = None, **settings: Any) -> Any:
    """Of one column; without plans, of all its rows."""
    column = np.array(values, np.float32)[:, None]
    inputs = Inputs(column, None if missing is None else np.array(missing)[:, None])
    plans = plans or (plan(*range(len(column))),)
    y = np.zeros(len(column)) if targets is None else np.array(targets)
    encodings = [PiecewiseLinear(**settings)] * len(plans)
    found = np.array(member_edges(encodings, inputs, y, plans, statistics(len(plans), 1)))
    assert found.dtype == np.float32
    return found[:, 0].tolist()


def test_quantiles_by_hand() -> None:
    assert edges([8, 1, 7, 2, 6, 3, 5, 4, 9], bins=4) == [[1, 3, 5, 7, 9]]
    assert edges([8, 1, 7, 2, 6, 3, 5, 4, 9, 10], bins=2) == [[1, 5.5, 10]]


def test_a_members_own_rows_alone() -> None:
    assert edges([1, 2, 3, 4, 5, 1e6], plan(0, 1, 2, 3, 4), plan(1, 3, 5), bins=2) == [[1, 3, 5], [2, 4, 1e6]]


def test_few_different_values_have_a_ramp_between_each_and_the_next() -> None:
    """However many rows have them: quantiles would miss the rare ones."""
    assert edges([0] * 50 + [3, 7], bins=4) == [[0, 3, 7, 7, 7]]
    assert edges([0] * 50 + [1, 2, 3, 4], bins=4) == [[0, 1, 2, 3, 4]]


def test_a_column_with_two_values() -> None:
    assert edges([2, 9, 2, 2], bins=3) == [[2, 9, 9, 9]]


def test_quantiles_that_are_the_same_are_one() -> None:
    assert edges([0] * 60 + list(range(1, 41)), bins=4) == [[0, 15.25, 40, 40, 40]]


@pytest.mark.parametrize("rule", ["quantile", "tree"])
def test_a_constant_column_has_no_bin(rule: str) -> None:
    assert edges([5.0] * 40, bins=2, edges=rule) == [[5, 5, 5]]


@pytest.mark.parametrize("rule", ["quantile", "tree"])
def test_missing_cells_do_not_count(rule: str) -> None:
    values, missing = [1.0, 0.0, 2.0, 0.0, 3.0], [False, True, False, True, False]
    assert edges(values, missing=missing, bins=1, edges=rule) == [[1, 3]]
    assert edges(values, plan(1, 3), missing=missing, bins=1, edges=rule) == [[0, 0]]


def test_values_that_are_one_in_float32_are_one() -> None:
    assert edges([0.0, 1e-45, 1.0], bins=2) == [[0, 1, 1]]


def test_a_tree_splits_where_its_targets_do() -> None:
    x = np.arange(100.0)
    assert edges(x, targets=np.where(x < 70, 1.0, 5.0), bins=2, edges="tree") == [[0, 69.5, 99]]
    classes = np.digitize(x, [20, 60])
    assert edges(x, targets=classes, bins=3, edges="tree") == [[0, 19.5, 59.5, 99]]
    assert edges(x, targets=classes, bins=12, edges="tree")[0] == [0, 19.5, 59.5, *[99] * 10]


def test_a_tree_leaves_every_bin_its_rows() -> None:
    x, y = np.arange(100.0), np.random.default_rng(0).normal(size=100)
    found = np.array(edges(x, targets=y, bins=12, edges="tree", leaf_rows=20)[0])
    counts, _ = np.histogram(x, np.unique(found))
    assert len(counts) > 1
    assert counts.min() >= 20


def test_edges_are_what_the_member_sees() -> None:
    inputs = Inputs(np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]], np.float32))
    own = InputStatistics(np.array([[3.0, 7.0]]), np.array([[0.5, 0.0]]), np.zeros((1, 2)), (0, 1))
    (found,) = member_edges([PiecewiseLinear(bins=2)], inputs, np.zeros(3), [plan(0, 1, 2)], own)
    assert found is not None
    assert found.tolist() == [[-1, 0, 1], [0, 0, 0]]


def test_only_numbers_have_bins() -> None:
    inputs = Inputs(np.array([[1.0, 0.0, 4.0], [3.0, 1.0, 8.0]], np.float32))
    own = InputStatistics(np.zeros((1, 3)), np.ones((1, 3)), np.zeros((1, 3)), (0, 2))
    (found,) = member_edges([PiecewiseLinear(bins=1)], inputs, np.zeros(2), [plan(0, 1)], own)
    assert found is not None
    assert found.tolist() == [[1, 3], [4, 8]]


def test_numbers_beyond_float32_have_finite_bins() -> None:
    inputs = Inputs(np.array([[-1e6], [0.0], [1e6]], np.float32))
    wide = statistics(1, 1, factor=1e200)
    (found,) = member_edges([PiecewiseLinear(bins=2)], inputs, np.zeros(3), [plan(0, 1, 2)], wide)
    assert found is not None
    assert np.isfinite(np.diff(found)).all()
    assert (np.diff(found) > 0).all()


def test_of_many_rows_some_are_enough() -> None:
    x = np.random.default_rng(0).random(200_000)
    np.testing.assert_allclose(edges(x, bins=4), [[0, 0.25, 0.5, 0.75, 1]], atol=0.01)


@pytest.mark.parametrize("encoding", [NoEncoding(), Periodic()], ids=lambda encoding: encoding.name)
def test_other_encodings_have_no_bins(encoding: Any) -> None:
    inputs = Inputs(np.zeros((3, 1), np.float32))
    assert member_edges([encoding], inputs, np.zeros(3), [plan(0)], statistics(1, 1)) == [None]


def test_members_have_their_own_encodings() -> None:
    inputs = Inputs(np.array([[0.0], [1.0], [2.0]], np.float32))
    encodings: list[Encoding] = [PiecewiseLinear(bins=2), NoEncoding(), PiecewiseLinear(bins=1)]
    fine, none, coarse = member_edges(encodings, inputs, np.zeros(3), [plan(0, 1, 2)] * 3, statistics(3, 1))
    assert (fine is None, none, coarse is None) == (False, None, False)
    assert (np.array(fine).tolist(), np.array(coarse).tolist()) == ([[0, 1, 2]], [[0, 2]])
