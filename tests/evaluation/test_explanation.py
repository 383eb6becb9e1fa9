"""Importance and partial dependence of models whose answers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from phoneprice.data.encoding.schema import Column, TableSchema
from phoneprice.evaluation.explanation import (
    GRID,
    MOST_CATEGORIES,
    REPEATS,
    Part,
    partial_dependence,
    permutation_importance,
    spans,
)
from phoneprice.records import Classified, Inputs, Interval, Predictions, Valued

Values = NDArray[np.float64]
A = Column(name="a", kind="numeric")
B = Column(name="b", kind="numeric")
OS = Column(name="os", kind="categorical", categories=("x", "y", "z"), has_missing=True)
YES = Column(name="yes", kind="boolean")


def schema_of(*columns: Column) -> TableSchema:
    return TableSchema(columns=columns, target="y")


def valued(f: Callable[[Values], Values]) -> Callable[[Inputs], Predictions]:
    """A regression that predicts ``f`` of the inputs' values, ``(n, d)``."""
    return lambda inputs: Valued(f(inputs.values.astype(np.float64)))


def classified(p: Values) -> Classified:
    return Classified(p.argmax(axis=1), p)


def normal(rows: int, width: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)


def test_the_inputs_of_each_column() -> None:
    assert spans(schema_of(A, OS, YES)) == {"a": slice(0, 1), "os": slice(1, 5), "yes": slice(5, 6)}


# --- permutation importance -------------------------------------------------------------------------------------------


def test_importance_is_the_rmse_that_shuffling_brings() -> None:
    """Of y = a + 3 b, known exactly: a shuffled column c x is off by c (x - x'), whose mean square is 2 c^2 var x."""
    values = normal(4000, 3)
    predict = valued(lambda x: x[:, 0] + 3 * x[:, 1])
    unused = Column(name="unused", kind="numeric")
    part = Part(Inputs(values), predict(Inputs(values)).values, predict)
    found = permutation_importance([part], schema_of(A, B, unused), "rmse")
    assert list(found) == ["b", "a", "unused"]
    assert found["a"].value == pytest.approx(np.sqrt(2) * values[:, 0].std(), rel=0.03)
    assert found["b"].value == pytest.approx(3 * np.sqrt(2) * values[:, 1].std(), rel=0.03)
    assert found["a"].low < found["a"].value < found["a"].high
    assert found["unused"] == Interval(0, 0, 0)


def test_a_product_needs_both_its_factors() -> None:
    signs = np.sign(normal(4000, 2))
    predict = valued(lambda x: x[:, 0] * x[:, 1])
    found = permutation_importance([Part(Inputs(signs), signs[:, 0] * signs[:, 1], predict)], schema_of(A, B), "mae")
    assert [found[name].value for name in ("a", "b")] == pytest.approx([1, 1], rel=0.05)


def test_a_column_that_misleads_is_worth_less_than_nothing() -> None:
    values = normal(2000, 1)
    part = Part(Inputs(values), -values[:, 0], valued(lambda x: x[:, 0]))
    assert permutation_importance([part], schema_of(A), "rmse")["a"].high < 0


def test_importance_for_classes_is_the_share_of_rows_that_turn_wrong() -> None:
    """One row in ten is positive: wrong are the rows that a shuffle gives a value of the other class."""
    values = (np.arange(5000) % 10 == 0).astype(np.float32)[:, None]
    part = Part(Inputs(values), values[:, 0].astype(np.int64), _threshold)
    found = permutation_importance([part], schema_of(A), "accuracy")["a"]
    assert found.value == pytest.approx(2 * 0.1 * 0.9, rel=0.05)
    assert found.low < 0.18 < found.high


def _threshold(inputs: Inputs) -> Classified:
    positive = inputs.values[:, :1] > 0.5
    return classified(np.concatenate([~positive, positive], axis=1).astype(np.float64))


def test_a_row_counts_once_however_often_it_is_shuffled() -> None:
    """The interval is over rows: with each row as its mean over the shuffles, not with ``REPEATS`` times as many."""
    values = normal(500, 1)
    part = Part(Inputs(values), values[:, 0], valued(lambda x: x[:, 0]))
    found = permutation_importance([part], schema_of(A), "mae")["a"]
    # Over x', |x - x'| of a row has a mean m and a spread s: its mean over shuffles varies by var m + s^2 / REPEATS.
    gaps = np.abs(values - values.T).astype(np.float64)
    variance = gaps.mean(axis=1).var() + gaps.var(axis=1).mean() / REPEATS
    assert found.high - found.low == pytest.approx(2 * 1.9647 * np.sqrt(variance / 500), rel=0.1)


def test_the_inputs_of_a_column_are_shuffled_together_with_what_is_missing() -> None:
    columns = schema_of(OS, A)
    categories = np.random.default_rng(1).integers(0, 4, 300)
    values = np.concatenate([np.eye(4)[categories], normal(300, 1)], axis=1).astype(np.float32)
    missing = np.zeros(values.shape, dtype=np.bool_)
    missing[:, :3] = categories[:, None] == 3
    seen = list[Inputs]()

    def predict(inputs: Inputs) -> Valued:
        seen.append(inputs)
        return Valued(inputs.values[:, 4].astype(np.float64))

    found = permutation_importance([Part(Inputs(values, missing), values[:, 4], predict)], columns, "mae")
    assert found["os"] == Interval(0, 0, 0)
    assert found["a"].value > 0.5
    usual, both = seen
    of_os, of_a = both.take(slice(0, REPEATS * 300)), both.take(slice(REPEATS * 300, None))
    assert np.array_equal(usual.values, values)
    again = np.tile(values, (REPEATS, 1))
    assert of_os.missing is not None
    assert of_a.missing is not None
    assert np.array_equal(of_os.values[:, 4], again[:, 4])
    assert np.array_equal(of_os.values[:, :4].sum(axis=1), np.ones(REPEATS * 300))
    assert np.array_equal(of_os.missing[:, 0], of_os.values[:, 3] == 1)
    assert not np.array_equal(of_os.values[:, :4], again[:, :4])
    assert np.array_equal(of_a.values[:, :4], again[:, :4])
    assert np.array_equal(of_a.missing, np.tile(missing, (REPEATS, 1)))
    shuffles = of_os.values.reshape(REPEATS, 300, 5)[:, :, :4]
    assert np.array_equal(shuffles.sum(axis=1), np.tile(values[:, :4].sum(axis=0), (REPEATS, 1)))
    assert len({shuffle.tobytes() for shuffle in shuffles}) == REPEATS


def test_columns_are_shuffled_within_a_part() -> None:
    """Each part has one value in the column, and a model of its own: nothing moves."""
    parts = [
        Part(Inputs(np.full((rows, 1), rows, np.float32)), np.full(rows, 2.0 * rows), valued(lambda x: 2 * x[:, 0]))
        for rows in (3, 5)
    ]
    assert permutation_importance(parts, schema_of(A), "mae") == {"a": Interval(0, 0, 0)}


def test_each_part_is_predicted_by_its_own_model() -> None:
    values = normal(100, 1)
    functions: list[Callable[[Values], Values]] = [lambda x: x[:, 0], lambda x: -2 * x[:, 0]]
    parts = [Part(Inputs(values), f(values.astype(np.float64)), valued(f)) for f in functions]
    both = permutation_importance(parts, schema_of(A), "mae")["a"].value
    alone = permutation_importance(parts[:1], schema_of(A), "mae")["a"].value
    assert both == pytest.approx(1.5 * alone, rel=0.1)


@pytest.mark.parametrize("holes", [False, True])
def test_columns_of_few_rows_are_predicted_together(monkeypatch: pytest.MonkeyPatch, holes: bool) -> None:
    """A block of the engine has room for many columns, and takes as long with one."""
    values, columns = normal(30, 50), [Column(name=f"x{i}", kind="numeric") for i in range(50)]
    asked, heard = list[int](), list[int]()

    def predict(inputs: Inputs) -> Predictions:
        asked.append(len(inputs))
        gone = 0 if inputs.missing is None else inputs.missing.sum(axis=1)
        return Valued(inputs.values.astype(np.float64) @ np.arange(50.0) + gone)

    inputs = Inputs(values, values > 1 if holes else None)
    parts = [Part(inputs, predict(inputs).values, predict)] * 2
    together = permutation_importance(parts, schema_of(*columns), "mae", on_columns=heard.append)
    assert (len(asked), max(asked)) == (1 + 2 + 2 * 2, 27 * REPEATS * 30)
    assert heard == [27, 23, 27, 23]
    monkeypatch.setattr("phoneprice.evaluation.explanation.ROWS_TOGETHER", 1)
    assert permutation_importance(parts, schema_of(*columns), "mae") == together
    assert len(asked) == 7 + 2 + 2 * 50


def test_the_seed_decides() -> None:
    values = normal(50, 1)
    part = Part(Inputs(values), values[:, 0], valued(lambda x: x[:, 0]))
    first, again, other = (permutation_importance([part], schema_of(A), "mae", seed) for seed in (3, 3, 4))
    assert first == again != other


# --- partial dependence -----------------------------------------------------------------------------------------------

FAR = Column(name="far", kind="numeric", center=100, spread=10, has_missing=True)


def test_a_sum_is_found_apart_and_the_rest_averaged() -> None:
    """Of (x in the column's own units)^2 + b: the parabola, plus the mean of b."""
    values = np.insert(normal(500, 2), 1, 0, axis=1)  # far, far is missing, b
    predict = valued(lambda x: (10 * x[:, 0] + 100) ** 2 + x[:, 2])
    found = partial_dependence(FAR, schema_of(FAR, B), Inputs(values), predict)
    own = 10 * values[:, 0].astype(np.float64) + 100
    grid = np.array(found.grid, dtype=np.float64)
    assert len(grid) == GRID
    assert (grid[0], grid[-1]) == pytest.approx(tuple(np.quantile(own, [0.01, 0.99])))
    assert np.diff(grid) == pytest.approx(np.diff(grid)[0])
    assert found.means.shape == (GRID, 1)
    assert found.means[:, 0] == pytest.approx(grid**2 + values[:, 2].mean(), rel=1e-5)
    assert found.deciles == pytest.approx(tuple(np.quantile(own, np.arange(1, 10) / 10)))


def test_a_product_is_averaged_over_the_other_factor() -> None:
    values = normal(400, 2) + np.float32(1)
    found = partial_dependence(A, schema_of(B, A), Inputs(values), valued(lambda x: x[:, 0] * x[:, 1]))
    assert found.means[:, 0] == pytest.approx(np.array(found.grid, dtype=np.float64) * values[:, 0].mean(), rel=1e-4)


def test_what_is_missing_has_no_value_and_gets_one() -> None:
    columns = schema_of(FAR, B)
    values = np.insert(normal(200, 2), 1, 0, axis=1)
    missing = np.zeros(values.shape, dtype=np.bool_)
    missing[:120, 0] = missing[150:, 2] = True
    values[:120, 0], values[:120, 1] = 0, 1
    seen = list[Inputs]()

    def predict(inputs: Inputs) -> Valued:
        seen.append(inputs)
        return Valued(inputs.values[:, 1].astype(np.float64))

    found = partial_dependence(FAR, columns, Inputs(values, missing), predict)
    own = 10 * values[120:, 0].astype(np.float64) + 100
    assert found.deciles == pytest.approx(tuple(np.quantile(own, np.arange(1, 10) / 10)))
    assert not found.means.any(), "no row counts as missing"
    (together,) = seen
    assert together.missing is not None
    assert not together.missing[:, :2].any()
    assert np.array_equal(together.missing[:, 2], np.tile(missing[:, 2], GRID))
    assert missing[:120, 0].all(), "the rows given are left as they were"
    assert (values[:120, 1] == 1).all()


def test_a_column_without_any_value_has_one_place() -> None:
    values, missing = np.zeros((5, 2), np.float32), np.array([[True, False]] * 5)
    found = partial_dependence(FAR, schema_of(FAR), Inputs(values, missing), valued(lambda x: x[:, 0]))
    assert found.grid == (100.0,)
    assert found.means.tolist() == [[0.0]]


def test_yes_and_no() -> None:
    def predict(inputs: Inputs) -> Classified:
        p = 0.25 + 0.5 * inputs.values[:, :1].astype(np.float64)
        return classified(np.concatenate([1 - p, p], axis=1))

    found = partial_dependence(YES, schema_of(YES), Inputs(np.ones((7, 1), np.float32)), predict)
    assert found.grid == ("no", "yes")
    assert found.means.tolist() == [[0.75, 0.25], [0.25, 0.75]]
    assert found.deciles == ()


@pytest.mark.parametrize("categories", [2, MOST_CATEGORIES, MOST_CATEGORIES + 3])
def test_each_category_alone(categories: int) -> None:
    names = tuple(f"c{i}" for i in range(categories))
    column = Column(name="os", kind="categorical", categories=names, has_missing=True)
    worth = np.arange(categories + 1.0) ** 2

    def predict(inputs: Inputs) -> Predictions:
        one_hot = inputs.values[:, 1:]
        assert np.array_equal(one_hot.sum(axis=1), np.ones(len(one_hot)))
        return Valued(one_hot @ worth + inputs.values[:, 0])

    values = np.zeros((10, categories + 2), np.float32)
    values[:, 0], values[:, -1] = range(10), 1
    found: Any = partial_dependence(column, schema_of(A, column), Inputs(values), predict)
    shown = min(categories, MOST_CATEGORIES)
    assert found.grid == names[:shown]
    assert found.means[:, 0] == pytest.approx(worth[:shown] + 4.5)
    assert found.deciles == ()
