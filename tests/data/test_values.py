from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.data.values import (
    MISSING,
    UNKNOWN,
    Spelling,
    canonical_number,
    matcher,
    names_of,
    near_equal,
    number_text,
    one_spelling,
    recode,
    spelled_so,
    truth,
    value_counts,
    whole_number,
)
from tests.small_tables import table


@pytest.mark.parametrize("word", ["yes", "YES", "y", "True", " true ", "1", "1.0", "+1"])
def test_words_for_yes(word: str) -> None:
    assert truth(word) is True


@pytest.mark.parametrize("word", ["no", "No", "N", "FALSE", "0", "0.0", "-0"])
def test_words_for_no(word: str) -> None:
    assert truth(word) is False


@pytest.mark.parametrize("word", ["", "t", "2", "yes no", "on", "nan"])
def test_other_words(word: str) -> None:
    assert truth(word) is None


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("1", "1"), ("1.0", "1"), (" +1 ", "1"), ("1e2", "100"), ("0.50", "0.5"), ("-0", "0"), ("1e300", "1e+300")],
)
def test_one_spelling_of_a_number(text: str, canonical: str) -> None:
    assert canonical_number(text) == canonical


@pytest.mark.parametrize("text", ["0x10", "1_000", "1,5", "inf", "nan", "", "one"])
def test_no_numbers(text: str) -> None:
    assert canonical_number(text) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1", "1"), ("1.0", "1"), (" 1.0\t", "1"), ("-7.0", "-7"), ("0", "0"), ("-0.0", "0"), ("10", "10"),
        ("9007199254740993.0", "9007199254740993"), ("9" * 400, "9" * 400),
    ],
)  # fmt: skip
def test_whole_numbers(text: str, plain: str) -> None:
    assert whole_number(text) == plain


@pytest.mark.parametrize(
    "text",
    ["01", "007", "+1", "1.", "1.00", "1.5", "4.10", "1e3", "1e400", "--1", "", "A1", "1_0", "\u0661", "1\n", "inf"],
)
def test_text_that_is_no_plain_whole_number(text: str) -> None:
    assert whole_number(text) is None


@pytest.mark.parametrize(
    ("spelling", "names"),
    [
        ("text", ["007", "7", " 1.0", "x", "1.50"]),
        ("whole", ["007", "7", "1", "x", "1.50"]),
        ("number", ["7", "7", "1", "x", "1.5"]),
    ],
)
def test_the_one_spelling(spelling: Spelling, names: list[str]) -> None:
    assert [one_spelling(text, spelling) for text in ["007", "7", " 1.0", "x", "1.50"]] == names


@pytest.mark.parametrize(
    ("names", "fits"),
    [
        (["1", "2"], "text whole clean number"),
        (["1", "2.5"], "text clean number"),
        (["1", "2.0"], "text clean"),
        (["x"], "text clean"),
        (["x", "X "], "text"),
    ],
)
def test_names_that_a_matcher_finds(names: list[str], fits: str) -> None:
    assert [spelling for spelling in get_args(Spelling) if spelled_so(names, spelling)] == fits.split()


@pytest.mark.parametrize(
    ("cells", "spelling", "counts"),
    [
        (["1", "1.0", "2", None, "1"], "whole", {"1": 3, "2": 1}),
        ([1.0, 2.0, -0.0, 0.0], "whole", {"1": 1, "2": 1, "0": 2}),
        (["1", "1.0", "2", "2.5"], "text", {"1": 1, "1.0": 1, "2": 1, "2.5": 1}),
        ([1.0, 2.5], "text", {"1.0": 1, "2.5": 1}),
        (["1", "1.0", "A1"], "text", {"1": 1, "1.0": 1, "A1": 1}),
        ([None], "text", {}),
    ],
)
def test_names_of_a_column(cells: list[Any], spelling: Spelling, counts: dict[str, int]) -> None:
    names = names_of(table(a=cells).columns["a"])
    assert (names.spelling, names.counts) == (spelling, counts)


@pytest.mark.parametrize(
    ("cells", "message", "rows"),
    [
        (["1", "2", "2"], None, 0),
        ([1.0, 2.0, 0.0, -0.0], None, 0),
        (["1", "1.0", "A1"], None, 0),
        (["1", "1.0", "2", "1"], "'1' (2 rows) and '1.0' (1 row) count as one value", 3),
        (
            ["1", "1.0", "2", "2.0", "3", "3.0"],
            "'1' (1 row) and '1.0' (1 row) count as one value, as do the spellings of 2 more whole numbers",
            6,
        ),
    ],
)
def test_what_is_said_of_merged_spellings(cells: list[Any], message: str | None, rows: int) -> None:
    merged = names_of(table(a=cells).columns["a"]).merged
    assert (merged and merged.message, merged.rows if merged else 0) == (message, rows)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_reads_back(value: float) -> None:
    assert float(number_text(value)) == value
    assert canonical_number(number_text(value)) == number_text(value)


def test_recode_asks_once_a_value() -> None:
    asked = []

    def meaning(text: str) -> int:
        asked.append(text)
        return {"a": 0, "b": 1}.get(text, UNKNOWN)

    codes = recode(pa.array(["b", "a", None, "c", "b"]), meaning)
    assert codes.tolist() == [1, 0, MISSING, UNKNOWN, 1]
    assert asked == ["b", "a", "c"]
    assert recode(pa.array([], pa.string()), meaning).tolist() == []


def test_a_float_has_the_text_of_a_file_or_the_plain_one() -> None:
    def meaning(text: str) -> int:
        return {"1.0": 6, "1": 7, "2": 8, "2.5": 9}.get(text, UNKNOWN)

    assert recode(pa.array([1.0, None, 2.5, 2.0, 3.0]), meaning).tolist() == [6, MISSING, 9, 8, UNKNOWN]


def test_counts() -> None:
    assert value_counts(pa.array(["b", "a", None, "b"])) == {"b": 2, "a": 1}
    assert value_counts(pa.array([1.0, 0.5, 1.0])) == {"1": 2, "0.5": 1}


SHOUTED = ["low", "low ", "LOW", "low", "high", "High", "High", "mid", None]


def test_clean_texts_are_one_under_their_most_frequent_spelling() -> None:
    names = names_of(table(a=SHOUTED).columns["a"], clean=True)
    assert (names.spelling, names.counts) == ("clean", {"low": 4, "High": 3, "mid": 1})
    assert names.merged is not None
    assert names.merged.message == (
        "'low' (2 rows) and 'low ' (1 row) and 'LOW' (1 row) count as one value, as do the spellings of 1 more value"
    )
    find = matcher(tuple(names.counts), "clean")
    assert [find(text) for text in ("\tLow", "HIGH", "high\u00a0", "lowly")] == [0, 1, 1, UNKNOWN]


def test_whole_numbers_stay_whole_numbers_where_texts_are_clean() -> None:
    assert names_of(table(a=["1", "1.0", "2"]).columns["a"], clean=True).spelling == "whole"


def test_near_equal_texts_are_named_and_counted() -> None:
    assert near_equal(table(a=SHOUTED).columns["a"]) == (
        "'low' (2 rows) and 'low ' (1 row) and 'LOW' (1 row) differ in outer spaces or case only, as do the spellings "
        "of 1 more value: they count as different; data.clean_text = true makes them one"
    )
    for cells in (["a", "b", "ab"], ["1", "1.0", " 1"], [1.0, 2.0], [None, None]):
        assert near_equal(table(a=cells).columns["a"]) == ""
