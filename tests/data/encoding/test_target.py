from typing import Any

import numpy as np
import pytest

from phoneprice.data.encoding.schema import Column, TableSchema
from phoneprice.data.encoding.target import encode_target, target_statistics
from phoneprice.errors import DataError
from phoneprice.records import MemberPlan
from tests.small_tables import table

NOTHING = np.zeros(0, dtype=np.int64)


def schema(*labels: str, kind: str = "number") -> TableSchema:
    columns = (Column(name="ram", kind="numeric"),)
    return TableSchema.model_validate({"columns": columns, "target": "price", "labels": labels, "label_kind": kind})


@pytest.mark.parametrize(
    ("known", "cells", "codes"),
    [
        (schema("0", "1", "2"), ["2", "0.0", " 1"], [2, 0, 1]),
        (schema("0", "1", "2"), [2.0, 0.0, 1.0], [2, 0, 1]),
        (schema("0", "1"), ["yes", "0", "FALSE"], [1, 0, 0]),
        (schema("no", "yes", kind="boolean"), ["Y", "no", "1"], [1, 0, 1]),
        (schema("low", "high", kind="text"), ["high", "low"], [1, 0]),
    ],
)
def test_class_indices(known: TableSchema, cells: list[Any], codes: list[int]) -> None:
    found = encode_target(table(price=cells), known, "multiclass")
    assert found.dtype == np.int64
    assert found.tolist() == codes


def test_regression_in_the_users_units() -> None:
    found = encode_target(table(price=["3.5", "-1"]), schema(), "regression")
    assert found.tolist() == [3.5, -1.0]


@pytest.mark.parametrize(
    ("cells", "kind", "message"),
    [
        (
            ["low", "middling", "none", "middling"],
            "ordinal",
            (
                "phones.csv line 3, column 'price': found labels that training did not have, "
                "'middling', 'none' in 3 rows; the model knows 'low', 'high'; correct or delete these rows"
            ),
        ),
        (
            ["low", "x"],
            "ordinal",
            (
                "phones.csv line 3, column 'price': found labels that training did not have, 'x' in 1 row; "
                "the model knows 'low', 'high'; correct or delete these rows"
            ),
        ),
        (
            ["low", None],
            "ordinal",
            "phones.csv line 3, column 'price': found no value, expected a label; fill it in or delete the row",
        ),
        (
            ["1", "low"],
            "regression",
            (
                "phones.csv line 3, column 'price': found 'low', expected a number; "
                "correct it, or leave such rows out with --on-bad-row skip"
            ),
        ),
        (
            ["1", None],
            "regression",
            "phones.csv line 3, column 'price': found no value, expected a number; fill it in or delete the row",
        ),
    ],
)
def test_faults(cells: list[Any], kind: Any, message: str) -> None:
    with pytest.raises(DataError) as fault:
        encode_target(table(price=cells), schema("low", "high", kind="text"), kind)
    assert str(fault.value) == message


def test_missing_target_column() -> None:
    with pytest.raises(DataError) as fault:
        encode_target(table(prices=["a"]), schema("a", "b", kind="text"), "binary")
    assert str(fault.value) == "phones.csv: missing column 'price' (did you mean 'prices'?); add or rename"


def test_many_unknown_labels_are_cut() -> None:
    with pytest.raises(DataError, match=r"'x9' and 2 more in 12 rows"):
        encode_target(table(price=[f"x{i}" for i in range(12)]), schema("a", "b", kind="text"), "multiclass")


def test_statistics_of_each_members_rows() -> None:
    y = np.array([1.0, 3.0, 0.1, 0.1, 0.1])
    plans = [MemberPlan(0, np.array([0, 1]), NOTHING, NOTHING), MemberPlan(1, np.array([2, 3, 4]), NOTHING, NOTHING)]
    found = target_statistics(y, plans)
    assert found.scale.tolist() == [1, 1]
    np.testing.assert_allclose(found.shift, [2, 0.1])


def test_how_far_each_member_may_predict() -> None:
    plans = [MemberPlan(0, np.array([0, 1]), NOTHING, NOTHING), MemberPlan(1, np.array([1, 2]), NOTHING, NOTHING)]
    found = target_statistics(np.array([0.0, 10.0, 1000.0]), plans, clipped=True)
    assert found.ends is not None
    np.testing.assert_allclose(found.ends, [[-1, -89], [11, 1099]])
    assert target_statistics(np.array([0.0, 10.0, 1000.0]), plans).ends is None
