import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from phoneprice.data.reading import ReadOptions
from phoneprice.data.reading.frames import category_columns, frame_names, frame_table, is_frame
from phoneprice.errors import DataError

OPTIONS = ReadOptions()
NUMBERS = pa.array([1.0, 0.0, None])
TEXT = pa.array(["a", "1", None])


def cells(values, **keys):
    return frame_table({"a": values}, OPTIONS, **keys).columns["a"]


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, None],
        [True, False, None],
        [Decimal("1.0"), Decimal(0), None],
        np.array([1, 0, np.nan], np.float32),
        np.array([1, 0, np.nan], object),
        pd.Series([1, 0, None], index=[5, 5, 7]),
        pd.array([1, 0, None], dtype="Int64"),
        pd.array([True, False, None], dtype="boolean"),
        pd.Categorical([1, 0, None]),
        pa.chunked_array([[1], [0, None]]),
    ],
)
def test_numbers(values):
    assert cells(values).equals(NUMBERS)


@pytest.mark.parametrize(
    "values",
    [
        ["a", "1", None],
        ["a", 1, float("nan")],
        ["a", 1.0, pd.NA],
        ["a", "1", " NA "],
        np.array(["a", "1", "null"]),
        pd.Series(["a", "1", None], dtype="string"),
        pd.Categorical(["a", "1", None]),
        pa.chunked_array([["a"], ["1", None]]).dictionary_encode(),
    ],
)
def test_text(values):
    assert cells(values).equals(TEXT)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2**53 + 1, 2**53, None], [str(2**53 + 1), str(2**53), None]),
        (pd.array([2**53 + 1, None], dtype="Int64"), [str(2**53 + 1), None]),
        (pd.Categorical([2**53 + 1, 2**53]), [str(2**53 + 1), str(2**53)]),
        (np.array([2**53 + 1, "A1"], object), [str(2**53 + 1), "A1"]),
        ([Decimal("4.10"), Decimal("4.1")], ["4.10", "4.10"]),
        ([True, False], ["1", "0"]),
        ([1.0, 0.5, float("nan")], [1.0, 0.5, None]),
        (np.array([0.1, 1], np.float32), [0.1, 1.0]),
        (["007", "NA"], ["007", None]),
    ],
)
def test_text_columns_keep_their_digits(values, expected):
    assert cells(values, text_columns=["a"]).to_pylist() == expected


def test_columns_without_cells():
    assert cells([]).type == pa.float64()
    assert cells([None, None]).equals(pa.nulls(2, pa.float64()))
    assert frame_table(pd.DataFrame(), OPTIONS).rows == 0


def test_frames_of_every_kind_agree():
    columns = {"ram": [1, 2, 3], "os": ["Android", None, "iOS"]}
    frame = pd.DataFrame(columns, index=[9, 8, 7])
    for data in (columns, frame, pa.table(columns), frame.convert_dtypes(dtype_backend="pyarrow")):
        assert is_frame(data)
        assert frame_names(data) == ("ram", "os")
        table = frame_table(data, OPTIONS, source="phones")
        assert table.columns == {"ram": pa.array([1.0, 2.0, 3.0]), "os": pa.array(["Android", None, "iOS"])}
        assert table.place(1, "os") == "phones row 2, column 'os'"


def test_names_that_are_no_text():
    assert frame_names(pd.DataFrame(np.zeros((2, 2)))) == ("0", "1")


def test_skipped_columns_may_hold_anything():
    table = frame_table({"day": [dt.date(2020, 1, 1)] * 2, "ram": [1, 2]}, OPTIONS, ["day"])
    assert table.columns == {"day": pa.nulls(2, pa.string()), "ram": pa.array([1.0, 2.0])}


def test_category_columns():
    frame = pd.DataFrame({"a": pd.Categorical([1, 2]), "b": [1, 2], "c": pd.Categorical(["x", "y"])})
    assert category_columns(frame) == ("a", "c")
    assert category_columns({"a": [1]}) == ()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            {"a": [1.0, np.inf]},
            "X row 2, column 'a': found 'inf', expected a finite number; correct it or leave it empty",
        ),
        (
            {"a": [b"1"]},
            "X: column 'a' has the type binary, expected numbers or text; convert it or leave it out",
        ),
        (
            {"a": ["x", [1]]},
            "X: column 'a' has the type list, expected numbers or text; convert it or leave it out",
        ),
        ({"a": [1], "b": [1, 2]}, "X: found columns of different lengths (a 1, b 2), expected one"),
        (
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            "X: found the column name 'a', expected distinct names; rename the column",
        ),
        ({"a": [1], "": [1], "b": [1]}, "X: found the column name '', expected distinct names; rename the column"),
    ],
)
def test_faults(frame, message):
    with pytest.raises(DataError) as raised:
        frame_table(frame, OPTIONS, source="X")
    assert str(raised.value) == message


def test_what_is_no_frame():
    assert not is_frame(np.zeros((2, 2)))
    with pytest.raises(TypeError, match=r"^found a ndarray, expected a pandas DataFrame or a mapping of columns$"):
        frame_table(np.zeros((2, 2)), OPTIONS)


@pytest.mark.parametrize("size", [10**20, 10**30, 10**40, 10**400])
def test_text_columns_keep_the_digits_of_numbers_of_any_size(size: int) -> None:
    for values in ([size, size + 1, None], np.array([size, size + 1, None], object), pd.Series([size, size + 1, None])):
        assert cells(values, text_columns=["a"]).to_pylist() == [str(size), str(size + 1), None]


class Unreadable:
    """An array of somebody's that can't be had now, as a tensor that takes part in gradients."""

    dtype = "float32"

    def __array__(self, *_: object, **__: object) -> Any:
        raise RuntimeError("Can't call numpy()")

    def __iter__(self) -> Any:
        return iter(self.__array__())


HOLDS_ITSELF: list[Any] = [1]
HOLDS_ITSELF.append(HOLDS_ITSELF)
HALF = "\ud800"
"""Half a character, which UTF-8 has no bytes for."""


@pytest.mark.parametrize("cells", [[2**63, 1], [2**64, 1], [-(2**70), 1.5], [10**300, True]], ids=str)
def test_whole_numbers_beyond_64_bits_are_numbers(cells: list[Any]) -> None:
    table = frame_table({"a": cells}, ReadOptions())
    assert table.columns["a"].to_pylist() == [float(cell) for cell in cells]


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ([10**400], "column 'a' has a number too large for float64, expected finite numbers"),
        ([Fraction(10**400), "b"], "column 'a' has a number too large for float64, expected finite numbers"),
        ([1j], "column 'a' has the type complex, expected numbers or text"),
        (np.array([1j]), "column 'a' has the type complex, expected numbers or text"),
        (np.zeros(1, [("x", "i4")]), "column 'a' has the type ndarray, expected numbers or text"),
        ([object()], "column 'a' has the type object, expected numbers or text"),
        ([1, HOLDS_ITSELF], "column 'a' has the type list, expected numbers or text"),
        (np.array([1, HOLDS_ITSELF, "b"], object), "column 'a' has the type list, expected numbers or text"),
        (pd.Series([HOLDS_ITSELF]), "column 'a' has the type list, expected numbers or text"),
        (iter([(1,)]), "column 'a' has the type tuple, expected numbers or text"),
        ([np.zeros(2)], "column 'a' has the type ndarray, expected numbers or text"),
        (
            Unreadable(),
            "column 'a' is a Unreadable that can't be read (Can't call numpy())",
        ),
        ([1, {"b": 2}], "column 'a' has the type dict, expected numbers or text"),
        ([HALF], "column 'a' has text that is no Unicode (half a character)"),
        ([1, HALF], "column 'a' has text that is no Unicode (half a character)"),
        (5, "column 'a' is a int, expected a list, an array or a Series of cells"),
        (None, "column 'a' is a NoneType, expected a list, an array or a Series of cells"),
        ("text", "column 'a' is a str, expected a list, an array or a Series of cells"),
        ({1, 2}, "column 'a' is a set, expected a list, an array or a Series of cells"),
        (np.zeros((2, 2)), "column 'a' is a ndarray, expected a list, an array or a Series of cells"),
        (np.array(5.0), "column 'a' is a ndarray, expected a list, an array or a Series of cells"),
    ],
)
def test_cells_that_no_table_has(cells: Any, what: str) -> None:
    with pytest.raises(DataError) as caught:
        frame_table({"a": cells}, ReadOptions())
    assert f"{caught.value}; ".startswith(f"the data: {what}; ")
