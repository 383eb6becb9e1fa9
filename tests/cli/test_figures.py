"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.cli.rendering import figures


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97654, "0.9765"),
        (0.0, "0.0000"),
        (1.0, "1.0000"),
        (-3.14159, "-3.1416"),
        (0.0004, "4.000e-04"),
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
    assert figures.figure(value) == text


@given(st.floats(-1e300, 1e300))
def test_a_figure_is_near_its_value_and_short(value: float) -> None:
    text = figures.figure(value)
    assert len(text) <= 12
    assert math.isclose(float(text.replace(",", "")), value, rel_tol=6e-2, abs_tol=5e-5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1998.0, "1998"),
        (851.75, "851.75"),
        (1615.25, "1615.2"),
        (0.5, "0.5"),
        (1e9, "1e+09"),
        (None, "-"),
        (-0.0, "-0"),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert figures.number(value) == text


def test_counts() -> None:
    assert figures.counted(1, "row") == "1 row"
    assert figures.counted(2000, "row") == "2,000 rows"
    assert figures.counted(4, "class", "classes") == "4 classes"
    assert figures.share(1, 8) == "12.5%"
    assert figures.share(0, 0) == "-"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (59.7, "1 min 00 s"), (65, "1 min 05 s"), (7800, "2 h 10 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(0, "0 B"), (999, "999 B"), (4200, "4.2 kB"), (66_000_000, "66 MB"), (3e15, "3000 TB")]
)
def test_size(n_bytes: int, text: str) -> None:
    assert figures.size(n_bytes) == text
