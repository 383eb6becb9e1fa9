"""The space of each kind of task."""

from __future__ import annotations

from typing import get_args

import pytest

from phoneprice.components.base import TaskKind
from phoneprice.config.load import override_config
from phoneprice.config.recipes import recipe
from phoneprice.search.defaults import USUAL, usual_space
from phoneprice.search.notation import read_space
from phoneprice.search.space import setting_of

KINDS: tuple[TaskKind, ...] = get_args(TaskKind)


def test_every_kind_has_one() -> None:
    assert set(USUAL) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_it_goes_with_the_recipe_and_few_arms_are_in_it(kind: TaskKind) -> None:
    base = recipe(kind)
    space = usual_space(base)
    assert [str(axis) for axis in space.axes] == [str(axis) for axis in read_space(base, USUAL[kind]).axes]
    assert sum(space.find(arm) is not None for arm in space.arms) <= 10


@pytest.mark.parametrize("kind", KINDS)
def test_its_ranges_hold_the_recipe(kind: TaskKind) -> None:
    for axis in usual_space(recipe(kind)).axes:
        if axis.ranges and (found := setting_of(recipe(kind), axis.path)):
            assert found[1] in axis.alternatives or any(found[1] in own for own in axis.ranges), axis.key


def test_what_somebody_chose_is_left_alone() -> None:
    base = override_config(recipe("ordinal"), ["model.hidden=[]", "optimizer.lr=0.1", "penalty.name=none"])
    space = usual_space(base, ["model.hidden", "optimizer.lr", "penalty.name"])
    assert [axis.key for axis in space.axes] == ["model.dropout", "optimizer.skip_lr"]
