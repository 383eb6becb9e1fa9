from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from phoneprice.data.reading.mappings import FEW_ROWS, cells_at_hand, columns_of, is_row, is_rows
from phoneprice.errors import DataError

NAMES = ("a", "b")


@pytest.mark.parametrize(
    ("data", "row"),
    [
        ({"a": 1, "b": "x"}, True),
        ({"a": None, "b": b"x"}, True),
        ({"a": [1], "b": "x"}, False),
        ({"a": 1, "b": np.zeros(1)}, False),
        ({"a": 1, "b": {}}, False),
        ({}, False),
        ([{"a": 1}], False),
        ("a", False),
    ],
)
def test_what_is_a_row(data: object, row: bool) -> None:
    assert is_row(data) is row


@pytest.mark.parametrize(
    ("data", "rows"), [([{}], True), ([], True), (({"a": 1},), True), ([1], False), ({"a": 1}, False), ("ab", False)]
)
def test_what_is_a_list_of_rows(data: object, rows: bool) -> None:
    assert is_rows(data) is rows


FRAME = pd.DataFrame({"b": ["x", "y"], "c": [0.5, 1.5], "a": [1, 2]}, index=[7, 8])


@pytest.mark.parametrize(
    "data",
    [
        [{"b": "x", "a": 1}, {"a": 2, "b": "y", "c": 3}],
        {"a": [1, 2], "b": ["x", "y"], "c": [None] * 2},
        {"a": np.array([1, 2]), "b": np.array(["x", "y"])},
        FRAME,
        FRAME.astype({"b": "category", "a": object}),
        pa.table(FRAME),
    ],
    ids=["rows", "lists", "arrays", "frame", "types", "arrow"],
)
def test_the_cells_of_a_few_rows(data: object) -> None:
    found = cells_at_hand(data, NAMES)
    assert found is not None
    assert [list(row) for row in found] == [[1, "x"], [2, "y"]]


def test_the_cells_of_a_row() -> None:
    assert cells_at_hand({"b": "x", "a": None, "c": 1}, NAMES) == [[None, "x"]]


@pytest.mark.parametrize(
    "data",
    [
        {"a": 1},
        [{"a": 1, "b": 2}, {"a": 1}],
        [],
        {"a": 1, "b": 2, " ": 3},
        {"a": 1, "b": 2, 3: 3},
        {"a": [1], "b": 2},
        {"a": [1], "b": [2, 3]},
        {"a": [1, 2.5], "b": ["x", "y"]},
        {"a": (1,), "b": (2,)},
        {"a": np.zeros((1, 1)), "b": np.zeros((1, 1))},
        FRAME.iloc[:0],
        FRAME[["a", "b", "c", "c"]],
        FRAME[["a", "b", "b"]],
        pd.concat([FRAME] * FEW_ROWS),
        pa.table({"a": pa.array([1.0], pa.float32()), "b": [1]}),
        pa.table([[1], [2], [3], [4]], names=["a", "b", "c", "c"]),
        pa.table([[1], [2], [3]], names=["a", "b", ""]),
    ],
    ids=str,
)
def test_what_only_a_table_can_say(data: object) -> None:
    assert cells_at_hand(data, NAMES) is None


def test_missing_cells_are_of_any_type() -> None:
    found = cells_at_hand({"a": ["x", None, float("nan")], "b": [1, None, 2]}, NAMES)
    assert found is not None
    assert [type(cell) for cell, _ in found] == [str, type(None), float]


def test_rows_as_columns() -> None:
    rows: list[Any] = [{"a": 1, "b": 2}, {"b": 3, "a": None, 4: "x"}]
    assert columns_of(rows, NAMES) == {"a": [1, None], "b": [2, 3], "4": [None, "x"]}
    assert columns_of([], NAMES) == {"a": [], "b": []}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"a": 1}], "the data: missing column 'b'; add or rename; a missing cell is None"),
        (
            [{"a": 1, "b": 2}, {"a": 1, "B": 2}],
            "the data row 2: missing column 'b' (did you mean 'B'?); add or rename; a missing cell is None",
        ),
    ],
)
def test_a_cell_that_is_not_there(rows: list[dict[str, object]], message: str) -> None:
    with pytest.raises(DataError) as raised:
        columns_of(rows, NAMES)
    assert str(raised.value) == message
