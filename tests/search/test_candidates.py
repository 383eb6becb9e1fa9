"""The same candidates on any machine, in any number of pieces; few arms with many points in each."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import get_args

import pytest

from phoneprice.components.base import TaskKind
from phoneprice.config.load import load_config
from phoneprice.config.recipes import recipe
from phoneprice.config.schema import Config
from phoneprice.search.candidates import Candidate, candidates
from phoneprice.search.defaults import usual_space
from phoneprice.search.notation import read_space
from phoneprice.search.space import Space


def space_of(*texts: str) -> Space:
    return read_space(Config(), texts)


def first(space: Space, count: int, seed: int = 0) -> list[Candidate]:
    return list(islice(candidates(space, seed), count))


def test_the_first_ones_of_a_known_space() -> None:
    """What other machines and releases of SciPy must give as well."""
    space = space_of(
        "optimizer.lr=1e-3..0.1:log", "model.hidden=[32]|[8]", "model.dropout=0|0.1..0.5", "training.epochs=100..200"
    )
    keys = ("model.hidden", "optimizer.lr", "model.dropout", "training.epochs")
    assert [tuple(own.values.get(key) for key in keys) for own in first(space, 5)[1:]] == [
        ([32], 0.004309, 0.1751, 166),
        ([8], 0.03705, 0, 190),
        ([32], 0.01546, 0, 142),
        ([8], 0.001629, 0.467, 125),
    ]


def test_candidate_0_is_the_configuration_as_given() -> None:
    own = first(space_of("optimizer.lr=1e-3..0.1"), 1)
    assert own == [Candidate(0, Config(), {})]


def test_a_candidate_is_complete_and_says_what_it_changes() -> None:
    for own in first(space_of("optimizer.lr=1e-3..0.1", "model.hidden=[8]|[4,4]"), 20)[1:]:
        changed = [f"{key}={value}" for key, value in own.values.items()]
        assert own.config == load_config(None, changed)


@pytest.mark.parametrize("kind", get_args(TaskKind))
def test_they_are_the_same_however_many_are_asked_for_and_never_twice(kind: TaskKind) -> None:
    space = usual_space(recipe(kind))
    found = first(space, 150)
    assert found[:70] == first(space, 70)
    assert [own.number for own in found] == list(range(150))
    assert len({own.config.model_dump_json() for own in found}) == 150
    assert first(space, 20, seed=1) != found[:20]


def test_a_grid_comes_to_an_end() -> None:
    found = list(candidates(space_of("model.activation=relu|silu|tanh", "model.hidden=[32]|[8]"), 0))
    assert len(found) == 6  # the base is one of them
    assert list(candidates(Space(Config(), ()), 0)) == [Candidate(0, Config(), {})]


def test_few_numbers_are_not_drawn_twice() -> None:
    space = space_of("training.epochs=1..3", "model.hidden=[4]|[8]")
    assert Counter((own.config.training.epochs, own.config.model.hidden) for own in candidates(space, 0)) == {
        (200, (32,)): 1,
        **{(epochs, (width,)): 1 for epochs in (1, 2, 3) for width in (4, 8)},
    }


def test_of_every_64_eight_arms_have_their_turn() -> None:
    widths = "|".join(f"[{width}]" for width in range(1, 13))
    found = first(space_of(f"model.hidden={widths}", "optimizer.lr=0.001..0.1"), 1 + 64 + 32)[1:]
    shapes = [own.config.model.hidden for own in found]
    assert sorted(Counter(shapes[:64]).values()) == [8] * 8
    assert sorted(Counter(shapes[64:]).values()) == [8] * 4
    assert set(shapes[:64]) | set(shapes[64:]) == {(width,) for width in range(1, 13)}


def test_the_points_of_an_arm_fill_its_ranges() -> None:
    """16 points of a Sobol sequence have one in each sixteenth of every axis."""
    found = first(space_of("optimizer.lr=0.001..0.1:log", "penalty.eps=0.1..0.9"), 17)[1:]
    for key in ("optimizer.lr", "penalty.eps"):
        space = space_of("optimizer.lr=0.001..0.1:log", "penalty.eps=0.1..0.9")
        (own,) = next(axis for axis in space.axes if axis.key == key).ranges
        assert sorted(int(own.share(one.values[key]) * 16 + 1e-3) for one in found) == list(range(16))


def test_values_that_do_not_go_together_are_passed_over() -> None:
    found = list(candidates(space_of("model.hidden=[]|[8]", "model.encoding=none|periodic"), 0))
    shapes = {(own.config.model.hidden, own.config.model.encoding.name) for own in found[1:]}
    assert shapes == {((), "none"), ((8,), "none"), ((8,), "periodic")}


def test_a_setting_that_the_other_component_lacks() -> None:
    space = space_of("optimizer=adam|nesterov", "optimizer.momentum=0.5..0.99", "optimizer.lr=0.01..0.1")
    for own in first(space, 17)[1:]:
        assert ("optimizer.momentum" in own.values) == (own.config.optimizer.name == "nesterov")
        assert "optimizer.lr" in own.values


def test_settings_that_one_arm_lacks_make_no_further_arm_of_it() -> None:
    space = space_of("model.normalization=none|batch_norm", "model.normalization.position=before|after")
    found = list(candidates(space, 0))
    assert len(found) == 3
