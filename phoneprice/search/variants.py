"""The configurations that a comparison trains: one change away from the base each, or every combination of values."""

from collections.abc import Iterator

from phoneprice.components.base import Component, Settings
from phoneprice.config.fields import as_typed
from phoneprice.config.schema import Config
from phoneprice.search.candidates import Candidate
from phoneprice.search.space import Axis, Space, Values, setting_of
from phoneprice.wording import cut

_LONGEST_NAME = 40


def variants(space: Space, *, grid: bool = False) -> tuple[Candidate, ...]:
    """The base and its variants, no configuration twice; with ``grid`` what doesn't go together is passed over.

    Where the base is itself among the values of a single axis, it has that place; else it is the first. Its ``values``
    are empty.
    """
    texts = {space.base.model_dump_json()}
    found, place = list[tuple[Config, Values]](), 0
    for values in space.arms if grid else _one_by_one(space):
        config = space.find(values)
        if config is None:
            continue
        if config == space.base and len(space.axes) == 1:
            place = len(found)
        if (text := config.model_dump_json()) not in texts:
            texts.add(text)
            found.append((config, values))
    found.insert(place, (space.base, ()))
    return tuple(
        Candidate(number, config, {axis.key: value for axis, value in values})
        for number, (config, values) in enumerate(found)
    )


def variant_name(space: Space, variant: Candidate) -> str:
    """What tables call a variant: its value where one setting varies, else the settings that differ."""
    if len(space.axes) == 1:
        (axis,) = space.axes
        text = as_typed(variant.values[axis.key]) if variant.values else f"{_of(space.base, axis)} (base)"
    else:
        text = ", ".join(f"{_last(key)}={as_typed(value)}" for key, value in variant.values.items()) or "base"
    return cut(text, _LONGEST_NAME)


def _one_by_one(space: Space) -> Iterator[Values]:
    for axis in space.axes:
        for value in axis.alternatives:
            yield [(axis, value)]


def _of(base: Config, axis: Axis) -> str:
    """The value that the base has of an axis; of a component its name."""
    _, value = setting_of(base, axis.path) or (None, "none")
    if isinstance(value, Component):
        value = value.name
    return as_typed(value.model_dump() if isinstance(value, Settings) else value)


def _last(key: str) -> str:
    return key.rpartition(".")[2]
