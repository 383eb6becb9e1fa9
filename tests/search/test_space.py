"""Ranges, axes and what a space makes of values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError
from phoneprice.search.space import Axis, Range, Space, applies, setting_of

SHARES = st.floats(0, 1, exclude_max=True)
RATE = Axis(("optimizer", "lr"), (Range(1e-3, 0.1, log=True),))
CHOICE = Axis(("optimizer",), ("adam", "nesterov"))
MOMENTUM = Axis(("optimizer", "momentum"), (Range(0.5, 0.99),))


@pytest.mark.parametrize(
    ("own", "middle"),
    [
        (Range(0, 0.5), 0.25),
        (Range(1e-3, 0.1, log=True), 0.01),
        (Range(1, 100, log=True, whole=True), 10),
        (Range(1, 2, whole=True), 2),
    ],
)
def test_a_range_from_end_to_end(own: Range, middle: float) -> None:
    assert (own.at(0), own.at(0.5), own.at(math.nextafter(1, 0))) == (own.low, middle, own.high)


@given(SHARES, st.floats(1e-6, 1e6), st.floats(1.001, 1e6), st.booleans())
def test_what_is_drawn_lies_within_and_knows_its_place(share: float, low: float, factor: float, log: bool) -> None:
    own = Range(low, low * factor, log=log)
    drawn = own.at(share)
    assert drawn in own
    assert drawn == pytest.approx(own.along(share), rel=1e-3)
    if factor > 2:
        assert own.share(drawn) == pytest.approx(share, abs=0.002)


@given(SHARES)
def test_every_whole_number_is_as_likely(share: float) -> None:
    assert Range(3, 6, whole=True).at(share) == 3 + math.floor(4 * share)


def test_no_truth_value_is_in_a_range() -> None:
    assert True not in Range(0, 2)
    assert "1" not in Range(0, 2)


def test_alternatives_share_an_axis_evenly() -> None:
    axis = Axis(("optimizer", "weight_decay"), (0, Range(1e-4, 1e-2, log=True), 1.0))
    assert [axis.at(share) for share in (0, 0.33, 1 / 3, 0.5, 2 / 3, 0.99)] == [0, 0, 1e-4, 1e-3, 1.0, 1.0]


def test_whatever_is_no_range_makes_arms() -> None:
    depth = Axis(("model", "hidden"), ([32], [8, 8]))
    space = Space(Config(), (CHOICE, RATE, depth))
    assert space.choices == (CHOICE, depth)
    assert [[value for _, value in arm] for arm in space.arms] == [
        ["adam", [32]],
        ["adam", [8, 8]],
        ["nesterov", [32]],
        ["nesterov", [8, 8]],
    ]


def test_a_component_is_named_before_its_settings() -> None:
    space = Space(Config(), (MOMENTUM, CHOICE))
    expected = load_config(None, ["optimizer.name=nesterov", "optimizer.momentum=0.7"])
    assert space.configured([(MOMENTUM, 0.7), (CHOICE, "nesterov")]) == expected
    assert space.configured([(MOMENTUM, 0.7), (CHOICE, "adam")]) == Config()
    assert applies(MOMENTUM, expected)
    assert not applies(MOMENTUM, Config())


def test_values_that_do_not_go_together() -> None:
    hidden, encoding = Axis(("model", "hidden"), ([], [4])), Axis(("model", "encoding"), ("none", "periodic"))
    space = Space(Config(), (hidden, encoding))
    assert space.find([(hidden, []), (encoding, "periodic")]) is None
    with pytest.raises(ConfigError) as raised:
        space.configured([(hidden, []), (encoding, "periodic")])
    assert str(raised.value) == (
        'model: encoding "periodic" is for hidden layers, and hidden is empty; set encoding.name = "none"'
    )


def test_the_setting_at_a_path() -> None:
    found = setting_of(Config(), ("training", "epochs"))
    assert found
    assert (found[0].annotation, found[1]) == (int, 200)
    assert setting_of(Config(), ("training", "epochs", "deeper")) is None
    assert setting_of(Config(), ("nothing",)) is None
