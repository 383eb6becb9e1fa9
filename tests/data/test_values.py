import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.data.values import (
    MISSING,
    UNKNOWN,
    canonical_number,
    number_text,
    recode,
    truth,
    value_counts,
)


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
    assert recode(pa.array([1.0, None, 2.5]), {"1": 7, "2.5": 8}.__getitem__).tolist() == [7, MISSING, 8]
    assert recode(pa.array([], pa.string()), meaning).tolist() == []


def test_counts() -> None:
    assert value_counts(pa.array(["b", "a", None, "b"])) == {"b": 2, "a": 1}
    assert value_counts(pa.array([1.0, 0.5, 1.0])) == {"1": 2, "0.5": 1}
