"""The configurations that a comparison trains: one change away from the base each, or every combination of values."""

from collections.abc import Iterator
from typing import Any

from phoneprice.components.base import Component, Settings
from phoneprice.config.fields import as_typed
from phoneprice.config.schema import Config
from phoneprice.search.candidates import Candidate
from phoneprice.search.space import Space, Values, applies, setting_of
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
        Candidate(number, config, {axis.key: value for axis, value in values if applies(axis, config)})
        for number, (config, values) in enumerate(found)
    )


def variant_name(space: Space, variant: Candidate) -> str:
    """What tables call a variant: its value where one setting varies, else the settings that differ."""
    if len(space.axes) == 1:
        (axis,) = space.axes
        own = (variant.values or base_values(space))[axis.key]
        text = _short(own) if variant.values else f"{_short(own)} (base)"
    else:
        text = ", ".join(f"{_last(key)}={_short(value)}" for key, value in variant.values.items()) or "base"
    return cut(text, _LONGEST_NAME)


def _short(value: Any) -> str:
    """``adam``, ``0.1``, ``normal std=0.01``."""
    if not isinstance(value, dict):
        return as_typed(value)
    own = [str(value["name"])] if "name" in value else []
    return " ".join([*own, *(f"{key}={_short(part)}" for key, part in value.items() if key != "name")])


def _one_by_one(space: Space) -> Iterator[Values]:
    for axis in space.axes:
        for value in axis.alternatives:
            yield [(axis, value)]


def base_values(space: Space) -> dict[str, Any]:
    """What the base has of each axis, by its key; of a component its name."""
    return {axis.key: _plain(setting_of(space.base, axis.path)) for axis in space.axes}


def _plain(found: tuple[object, Any] | None) -> Any:
    value = found and found[1]
    if isinstance(value, Component):
        return value.name
    return value.model_dump(mode="json") if isinstance(value, Settings) else value


def _last(key: str) -> str:
    return key.rpartition(".")[2]
