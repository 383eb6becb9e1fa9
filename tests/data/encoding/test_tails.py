"""Values far out: where they begin, what they become, and which stand alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.data.encoding.tails import REACH, soft_clip, standing_alone, usual_range

ANY = st.floats(-1.7e308, 1.7e308)
NORMAL = np.random.default_rng(0).normal(100, 1, 200)


@given(st.lists(ANY, min_size=1, max_size=20), ANY, ANY)
def test_what_is_inside_stays_and_what_is_beyond_stays_near(cells: list[float], one: float, other: float) -> None:
    low, high, x = min(one, other), max(one, other), np.array(cells)
    drawn_in = soft_clip(x, low, high)
    inside = (low <= x) & (x <= high)
    np.testing.assert_array_equal(drawn_in[inside], x[inside])
    assert np.isfinite(drawn_in).all()
    with np.errstate(over="ignore"):
        reach = REACH * (high - low)
    assert (drawn_in >= low - reach).all()
    assert (drawn_in <= high + reach).all()
    assert (np.diff(drawn_in[np.argsort(x, kind="stable")]) >= 0).all()


def test_it_begins_without_a_corner() -> None:
    step = 1e-6
    np.testing.assert_allclose(soft_clip(np.array([10 + step, -step]), 0, 10), [10 + step, -step], rtol=0, atol=1e-12)


def test_ends_of_their_own_for_each_member() -> None:
    low, high = np.array([[0.0], [10.0]]), np.array([[1.0], [11.0]])
    assert soft_clip(np.array([[0.5, 9e9], [9e9, 10.5]]), low, high).tolist() == [[0.5, 1.2], [11.2, 10.5]]


@pytest.mark.parametrize("absurd", [1e12, -1e12, 1e300, 5000.0])
@pytest.mark.parametrize("cells", [1, 3])
def test_a_few_absurd_cells_are_found_among_many(absurd: float, cells: int) -> None:
    values = np.concatenate([NORMAL[:100], np.full(cells, absurd), NORMAL[100:]])
    assert usual_range(values) == (NORMAL.min(), NORMAL.max())
    rows, times = standing_alone(values)
    assert rows.tolist() == list(range(100, 100 + cells))
    assert times > 1000


@pytest.mark.parametrize(
    "usual",
    [
        NORMAL,
        np.arange(100.0),
        np.array([0.0, 5.0] * 20),
        np.array([0.0] * 199 + [5.0]),
        np.array([0.0] * 150 + [1.0, 2.0, 3.0, 4.0, 5.0] * 10),
        np.array([1.0, 100.0]),
        np.array([7.0]),
        np.array([7.0] * 50),
    ],
    ids=["normal", "even", "two values", "one that differs", "mostly zeros", "two rows", "one row", "constant"],
)
def test_an_ordinary_column_has_nothing_far_out(usual: np.ndarray) -> None:
    assert usual_range(usual) == (usual.min(), usual.max())
    assert standing_alone(usual)[0].tolist() == []


def test_a_column_that_is_mostly_one_value_has_its_absurd_cell() -> None:
    values = np.array([0.0] * 90 + [1.0, 2.0, 3.0] * 3 + [1e12])
    assert usual_range(values) == (0, 3)
    assert standing_alone(values)[0].tolist() == [99]


def test_a_large_part_of_a_column_is_not_far_out() -> None:
    salaries = np.concatenate([np.linspace(1, 2, 80), np.linspace(1000, 2000, 20)])
    assert usual_range(salaries) == (1, np.sort(salaries)[-4])
    assert standing_alone(salaries)[0].tolist() == []
