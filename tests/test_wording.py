"""Numbers, counts and text from elsewhere as people read them."""

import ast
import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice import wording


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97654, "0.9765"),
        (0.0, "0.0000"),
        (1.0, "1.0000"),
        (-3.14159, "-3.1416"),
        (0.001, "0.0010"),
        (0.0004, "0.0004000"),
        (-0.0000012345, "-0.000001234"),
        (9.9e-7, "9.900e-07"),
        (-0.00001, "-0.00001000"),
        (12.34567, "12.346"),
        (123.4567, "123.46"),
        (1234.567, "1,234.6"),
        (123456.7, "123,457"),
        (2.5e10, "2.500e+10"),
        (math.nan, "-"),
        (math.inf, "-"),
        (None, "-"),
    ],
)
def test_figure(value: float | None, text: str) -> None:
    assert wording.figure(value) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((0.0121, 0.0002454, 0.0274), ["0.0121", "0.0002", "0.0274"]),
        ((0.0002454, 0.0001), ["0.0002454", "0.0001000"]),
        ((0.0002454, 1.0), ["0.0002", "1.0000"]),
        ((9.9, 10.1, None, math.nan), ["9.900", "10.100", "-", "-"]),
        ((-0.00001, 0.5), ["0.0000", "0.5000"]),
        ((1e-9, 2e-9), ["1.000e-09", "2.000e-09"]),
        ((0.0, 0.0), ["0.0000", "0.0000"]),
    ],
)
def test_the_largest_of_a_row_decides_the_decimals(values: tuple[float | None, ...], texts: list[str]) -> None:
    assert [wording.figure(value, *values) for value in values] == texts


@given(st.lists(st.floats(1e-6, 1e8) | st.floats(-1e8, -1e-6) | st.none(), min_size=1))
def test_figures_below_each_other(values: list[float | None]) -> None:
    texts = [wording.figure(value) for value in values]
    shown = wording.below_each_other(texts)
    assert [text.strip() for text in shown] == texts
    assert len({len(text) for text in shown}) == 1
    assert len({text.index(".") for text in shown if "." in text}) <= 1
    assert all("e" not in text for text in texts)


def test_spans_below_each_other() -> None:
    assert wording.spans_below_each_other([(0.5, 0.75), (99.5, 120.25), (1.0, 1.0), (0.1, 0.2, 1234.0)]) == [
        " 0.5000 to   0.7500",
        "99.50   to 120.25  ",
        "-",
        " 0.1    to   0.2   ",
    ]
    assert wording.spans_below_each_other([]) == []
    assert wording.spans_below_each_other([(None, 1.0)]) == ["-"]


@given(st.floats(-1e300, 1e300))
def test_a_figure_is_near_its_value_and_short(value: float) -> None:
    text = wording.figure(value)
    assert len(text) <= 12
    assert math.isclose(float(text.replace(",", "")), value, rel_tol=6e-2, abs_tol=5e-5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1998.0, "1998"),
        (851.75, "851.75"),
        (1615.25, "1615.2"),
        (185000.5, "185000"),
        (0.00012345678, "0.00012346"),
        (0.5, "0.5"),
        (1e9, "1e+09"),
        (None, "-"),
        (-0.0, "0"),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert wording.number(value) == text


def test_of_many_names_the_first_are_told() -> None:
    assert wording.first_of(["a", "b"]) == "a, b"
    assert wording.first_of([str(i) for i in range(1011)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1,001 more"
    assert wording.first_of({"a": 1, "b": 2, "c": 3}, 2, "; ") == "a; b and 1 more"
    assert wording.first_of([]) == ""


def test_counts() -> None:
    assert wording.counted(1, "row") == "1 row"
    assert wording.counted(2000, "row") == "2,000 rows"
    assert wording.counted(4, "class", "classes") == "4 classes"
    assert wording.noun(2, "column") == "columns"
    assert wording.share(0.125) == wording.share(1, 8) == "12.5%"
    assert wording.share(0, 0) == "-"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (59.7, "1 min 00 s"), (65, "1 min 05 s"), (7800, "2 h 10 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(0, "0 B"), (999, "999 B"), (4200, "4.2 kB"), (66_000_000, "66 MB"), (3e15, "3000 TB")]
)
def test_size(n_bytes: int, text: str) -> None:
    assert wording.size(n_bytes) == text


def test_span() -> None:
    assert wording.span(0.5, 0.75) == "0.5000 to 0.7500"
    assert wording.span(0.5, 0.5) == wording.span(None, 1.0) == wording.span(0.0, math.nan) == "-"


TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""All characters of Unicode that only turn the direction in which text is read."""


@given(st.text(st.characters()) | st.text(st.sampled_from(f"a\n\\\x00\x1b\x7f\x9b\u2028\ud800{TURNS}")))
def test_printable_text_is_shown_and_never_obeyed(text: str) -> None:
    shown = wording.printable(text)
    obeyed = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not [c for c in shown if unicodedata.category(c) in obeyed]
    assert wording.printable(shown) == shown
    assert (shown == text) == text.isprintable()
    assert all(c.isascii() for c in shown if c not in text)
    shown.encode()  # no lone surrogates


@given(st.text(), st.integers(2, 50))
def test_quoted_text_is_printable_and_short(text: str, most: int) -> None:
    shown = wording.quoted(text, most)
    assert wording.printable(shown) == shown
    assert len(shown) <= 2 + 10 * most
    assert text in {wording.cut(text, most), ast.literal_eval(shown)} or "\N{HORIZONTAL ELLIPSIS}" in shown


def test_text_from_elsewhere() -> None:
    assert wording.printable("ü \x1b]0;x\x07\u202e\n") == "ü \\x1b]0;x\\x07\\u202e\\n"
    assert wording.printable("ü\x1b", lambda character: f"<{ord(character)}>") == "ü<27>"
    assert wording.quoted("it's\x1b") == '"it\'s\\x1b"'
    assert wording.quoted("x" * 41) == f"'{'x' * 39}\N{HORIZONTAL ELLIPSIS}'"
    assert wording.cut("abc", 3) == "abc"
    assert wording.cut("abcd", 3) == "ab\N{HORIZONTAL ELLIPSIS}"


def test_utf8_text_in_every_locale():
    assert wording.utf8_text("abc 手") == "abc 手"
    assert wording.utf8_text("手机".encode().decode("ascii", "surrogateescape")) == "手机"
    for odd in ("\udcff", "\ud800"):
        with pytest.raises(UnicodeError):
            wording.utf8_text(odd)


def test_what_is_no_utf8_is_escaped():
    assert wording.utf8_or_escaped("手") == "手"
    assert wording.utf8_or_escaped("t\udcff" + "手".encode().decode("ascii", "surrogateescape")) == "t\\xff手"
    assert wording.utf8_or_escaped("\ud800a") == "\\ud800a"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (2000, "2,000"),
        (2**60 + 1, "1,152,921,504,606,846,977"),
        (2.0, "2"),
        (0.5, "0.5"),
        (12345.678, "12,346"),
    ],
)
def test_counts_and_sums_of_weights(number: float, text: str) -> None:
    assert wording.count(number) == text


@pytest.mark.parametrize(("name", "shown"), [("a b", "a b"), (" b ", "' b '"), ("c\t", r"'c\t'"), ("", "")])
def test_a_name_with_outer_spaces_is_quoted(name: str, shown: str) -> None:
    assert wording.as_name(name) == shown
