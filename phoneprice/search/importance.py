"""What each setting of a search mattered, and whether its ranges were wide enough.

Functional analysis of variance (Hutter, Hoos and Leyton-Brown 2014): a random forest learns the order of the candidates
from their settings; a setting's importance is the share of the forest's variance that is due to that setting alone, all
others averaged out. What is missing to 1 is due to settings together. The forest learns ranks, since a few candidates
that failed would outweigh all others; averages are over the candidates that were tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any

import numpy as np

from phoneprice.components.base import Component
from phoneprice.config.fields import NOTHING, toml_value
from phoneprice.guest import unnoticed
from phoneprice.records import Doubles
from phoneprice.search.candidates import Candidate
from phoneprice.search.space import Axis, Range, Space, setting_of
from phoneprice.wording import number

FEWEST = 8
"""Candidates from which a forest can learn anything."""
_TREES = 100
_VALUES = 16
"""Of a setting that are tried for its importance: evenly spaced ones of more."""
_EDGE = 0.05
"""The share of a range, at either end of it, where a best value says that better ones may lie outside."""


@dataclass(frozen=True)
class Importance:
    """What a setting mattered."""

    axis: Axis
    share: float
    """Of the forest's variance, from 0 to 1."""


def importances(space: Space, tried: Sequence[Candidate], losses: Sequence[float]) -> tuple[Importance, ...]:
    """What each axis of a space mattered, the most important one first; none of fewer than ``FEWEST`` candidates.

    ``losses`` are those of the candidates, on the same rows: the less the better.
    """
    if len(tried) < FEWEST or not space.axes:
        return ()
    with unnoticed("sklearn.ensemble"):
        from sklearn.ensemble import RandomForestRegressor
    settings = np.column_stack([_column(axis, tried) for axis in space.axes])
    ranks = np.unique(losses, return_inverse=True)[1].astype(np.float64)
    forest = RandomForestRegressor(_TREES, min_samples_leaf=3, random_state=0).fit(settings, ranks)
    whole = float(np.var(forest.predict(settings))) or 1.0
    found = [Importance(axis, min(_alone(forest, settings, i) / whole, 1)) for i, axis in enumerate(space.axes)]
    return tuple(sorted(found, key=lambda own: -own.share))


def _column(axis: Axis, tried: Sequence[Candidate]) -> Doubles:
    """The settings of an axis as numbers ``(N,)``, others as codes below all numbers.

    Who has no such setting gets the middle one, which says nothing of which component that is: the component's own axis
    does.
    """
    values = [value_of(axis, own) for own in tried]
    codes = dict.fromkeys(toml_value(own) for own in values if own is not None and not _is_number(own))
    places = {text: place * 1e6 - 1e9 for place, text in enumerate(codes)}
    known = {i: own if _is_number(own) else places[toml_value(own)] for i, own in enumerate(values) if own is not None}
    middle = sorted(known.values())[len(known) // 2] if known else 0.0
    return np.array([known.get(i, middle) for i in range(len(values))], dtype=np.float64)


def value_of(axis: Axis, candidate: Candidate) -> Any:
    """What a candidate has of an axis, as TOML has it; None where its components have no such setting."""
    if axis.key in candidate.values:
        return candidate.values[axis.key]
    found = setting_of(candidate.config, axis.path)
    if found is None:
        return None
    _, value = found
    return value.name if isinstance(value, Component) else NOTHING if value is None else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _alone(forest: Any, settings: Doubles, place: int) -> float:
    """The variance of the forest's mean over all candidates, as the setting at a place takes its values."""
    values = np.sort(settings[:, place])[:: -(-len(settings) // _VALUES)]
    every = np.tile(settings, (len(values), 1))
    every[:, place] = np.repeat(values, len(settings))
    return float(np.var(forest.predict(every).reshape(len(values), -1).mean(axis=1)))


def edge_warnings(space: Space, picked: Candidate) -> tuple[str, ...]:
    """Which of the settings that were picked lie at an end of their range, where better ones may lie beyond it."""
    return tuple(_edges(space, picked))


def _edges(space: Space, picked: Candidate) -> Iterator[str]:
    for axis in space.axes:
        value = picked.values.get(axis.key)
        for own in axis.ranges:
            wider = _beyond(own, value) if value is not None and value in own else None
            if wider and _allowed(space, picked, axis, wider):
                others = tuple(wider if other == own else other for other in axis.alternatives)
                advice = quote(str(replace(axis, alternatives=others)))
                yield f"{axis.key}: the best value, {number(value)}, is at the end of {own}; try -x {advice}"


def _beyond(own: Range, value: float) -> Range | None:
    """The range with the nearer end in its middle, where a value is that near; None for all others."""
    share = own.share(value)
    if _EDGE < share < 1 - _EDGE:
        return None
    end = round(share)
    return replace(own, low=own.along(end - 0.5), high=own.along(end + 0.5))


def _allowed(space: Space, picked: Candidate, axis: Axis, wider: Range) -> bool:
    """Whether the schema takes both ends."""
    values = [(own, picked.values[own.key]) for own in space.axes if own.key in picked.values]
    return all(space.find([*values, (axis, end)]) is not None for end in (wider.low, wider.high))
