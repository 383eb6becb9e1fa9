"""What a comparison trains: one change at a time, or every combination."""

from __future__ import annotations

import pytest

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.search.notation import read_variants
from phoneprice.search.variants import base_values, variant_name, variants

SGD = load_config(None, ["optimizer={name='sgd', lr=0.1}", "model.hidden=[8]"])


def names(*texts: str, base: Config = SGD, grid: bool = False) -> list[str]:
    space = read_variants(base, texts, grid=grid)
    found = variants(space, grid=grid)
    assert [own.number for own in found] == list(range(len(found)))
    assert [own.config for own in found if not own.values] == [base]
    return [variant_name(space, own) for own in found]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["model.activation=relu|tanh|sigmoid"], ["relu (base)", "tanh", "sigmoid"]),
        (["model.activation=tanh|relu|sigmoid"], ["tanh", "relu (base)", "sigmoid"]),
        (["model.activation=tanh"], ["relu (base)", "tanh"]),
        (["model.hidden=[8,8]|[]"], ["[8] (base)", "[8, 8]", "[]"]),
        (["optimizer={name='sgd', lr=0.1}|{name='adam', lr=0.01}"], ["sgd (base)", "adam lr=0.01"]),
        (["optimizer.lr=0.1|1"], ["0.1 (base)", "1"]),
        (["optimizer.lr=1", "model.skip=true|false"], ["base", "lr=1", "skip=false"]),
    ],
)
def test_one_change_at_a_time(texts: list[str], expected: list[str]) -> None:
    assert names(*texts) == expected


def test_every_combination() -> None:
    expected = ["base", "lr=0.1, skip=false", "lr=1, skip=true", "lr=1, skip=false"]
    assert names("optimizer.lr=0.1|1", "model.skip=true|false", grid=True) == expected


def test_what_does_not_go_together_is_passed_over() -> None:
    assert names("model.hidden=[8]|[]", "model.skip=true|false", grid=True) == [
        "base",
        "hidden=[8], skip=false",
        "hidden=[], skip=true",
    ]


def test_a_setting_of_a_component_that_is_chosen_too() -> None:
    found = names("optimizer=adagrad|momentum", "optimizer.momentum=0.5|0.9", grid=True)
    expected = ["optimizer=adagrad", "optimizer=momentum, momentum=0.5", "optimizer=momentum, momentum=0.9"]
    assert found == ["base", *expected]


def test_the_values_of_the_base() -> None:
    space = read_variants(SGD, ["optimizer=adam", "model.hidden=[]", "data.scaling=none", "optimizer.lr=1"])
    assert base_values(space) == {
        "optimizer": "sgd",
        "model.hidden": (8,),
        "data.scaling": "standard",
        "optimizer.lr": 0.1,
    }


def test_a_long_name_is_cut() -> None:
    (_, name) = names("optimizer={name='adam', lr=0.0123456789, beta1=0.123456789}")
    assert name == "adam lr=0.0123456789 beta1=0.123456789"
    (_, name) = names("optimizer={name='adam', lr=0.0123456789, beta1=0.123456789, beta2=0.5}")
    assert len(name) == 40
    assert name.endswith("\N{HORIZONTAL ELLIPSIS}")
