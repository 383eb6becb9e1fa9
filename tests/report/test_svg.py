"""Axes and lines."""

from __future__ import annotations

import math
from xml.dom import minidom

from hypothesis import given
from hypothesis import strategies as st

from phoneprice.report.svg import MOST_POINTS, Axis, Chart, margin_for, thinned, tick_text

NUMBERS = st.floats(-1e9, 1e9)


@given(st.lists(NUMBERS, min_size=1, max_size=50))
def test_ticks_are_round_and_on_the_axis(values: list[float]) -> None:
    axis = Axis.over(values, "x")
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 7
    assert all(axis.low - 1e-6 * abs(axis.low) <= tick <= axis.high + 1e-6 * abs(axis.high) for tick in ticks)
    assert all(0 <= axis.share(value) <= 1 for value in values)


def test_ticks() -> None:
    assert Axis(0, 1, "").ticks() == [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
    assert [tick_text(t) for t in Axis(0, 1, "").ticks()] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [tick_text(t) for t in Axis(0.003, 900, "", log=True).ticks()] == ["0.01", "0.1", "1", "10", "100"]
    assert [tick_text(t) for t in Axis(1.5, 6, "", log=True).ticks()] == ["2", "5"]
    assert [tick_text(v) for v in (0, 1500, 1e-7, 2e6, -0.25)] == ["0", "1,500", "1e-7", "2e6", "-0.25"]


def test_an_axis_of_nothing() -> None:
    assert Axis.over([math.nan, math.inf], "x") == Axis(0.0, 1.0, "x")
    assert Axis.over([-1.0], "x", log=True) == Axis(1.0, 10.0, "x", log=True)
    axis = Axis.over([3.0, 3.0], "x")
    assert axis.low < 3 < axis.high


@given(st.integers(1, 5000), st.integers(0, 4999))
def test_thinning_keeps_ends_and_extremes(length: int, spike: int) -> None:
    points = [(float(i), 1.0 if i == spike else 0.0) for i in range(length)]
    kept = thinned(points)
    assert len(kept) <= MOST_POINTS + 4
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert list(kept) == sorted(kept)
    assert (spike, 1.0) in kept or spike >= length


def test_a_gap_breaks_the_line() -> None:
    chart = Chart("c", "t", "d", Axis(0, 3, "x"), Axis(0, 1, "y"))
    chart.line([(0, 0.0), (1, math.nan), (2, 1.0), (3, 1.0)], "c1")
    path = chart.render().split('class="line c1" d="')[1].split('"')[0]
    assert path.count("M") == 2
    assert path.count("L") == 1


def test_steps_keep_their_corners() -> None:
    chart = Chart("c", "t", "d", Axis(0, 4, "x"), Axis(0, 1, "y"))
    chart.steps([(0, 1.0), (1, 1.0), (2, 0.0), (3, 0.0)], "c1", until=4)
    path = chart.render().split('class="line c1" d="')[1].split('"')[0]
    (left, top), (right, bottom), (middle, _) = chart.at(0, 1), chart.at(4, 0), chart.at(2, 0)
    corners = ((left, top), (middle, top), (middle, bottom), (right, bottom))
    assert path == "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)


def test_labels_have_room() -> None:
    assert [margin_for(labels) for labels in ((), ("ram",), ("normalized_new_price",), ("x" * 90,))] == [
        48,
        48,
        150,
        180,
    ]
    chart = Chart("c", "t", "d", Axis(0, 3, "x"), Axis(0, 1, "y"), left=180)
    for label, lines in (
        ("normalized_new_price", ["normalized_new_price"]),
        ("average_price_per_square_metre", ["average_price_per_", "square_metre"]),
        ("w" * 30, ["w" * 24, "w" * 6]),
    ):
        chart.row_label(0.5, label)
        texts = [node.firstChild.data for node in minidom.parseString(chart.render()).getElementsByTagName("text")]
        assert texts[-len(lines) :] == lines


def test_a_narrow_range_has_short_ticks() -> None:
    axis = Axis.over([2.9957320, 2.9957325], "loss")
    assert all(len(tick_text(tick)) <= 5 for tick in axis.ticks())


def test_a_label_is_cut_where_it_is_shown_too_long() -> None:
    chart = Chart("c", "t", "d", Axis(0, 3, "x"), Axis(0, 1, "y"))
    chart.row_label(0.5, "\x1b[2J\u202e")
    label = minidom.parseString(chart.render()).getElementsByTagName("text")[-1]
    short, whole = label.childNodes
    assert (short.data, whole.firstChild.data) == ("2J\\u…", "\\x1b[2J\\u202e")
