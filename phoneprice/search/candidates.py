"""The configurations that a search tries, one after the other.

The same space and seed give the same candidates in the same order, however many are asked for. Values that differ
without a range (shapes, activations, encodings, ...) are combined to arms, few of which are tried at a time, each with
many points: networks of one shape train together. The points of an arm are those of a Sobol sequence, which fills its
ranges more evenly than chance would, scrambled by the seed (Owen 1998; Bergstra and Bengio 2012 compare it with grids
and chance).
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice, product
from typing import Any

import numpy as np

from phoneprice.config.schema import Config
from phoneprice.guest import unnoticed
from phoneprice.records import Doubles
from phoneprice.search.space import Space, Values, applies

ARMS, POINTS = 8, 8
"""How many arms are tried at a time, each with how many points, before the next arms have their turn."""
_MOST_POINTS = 2**12
"""Of an arm: more than anybody has the time for."""


@dataclass(frozen=True)
class Candidate:
    """One configuration of a search."""

    number: int
    """0 is the configuration as given."""
    config: Config
    """Complete."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What was drawn, by the keys of the axes, as TOML has it; none for candidate 0."""


def candidates(space: Space, seed: int) -> Iterator[Candidate]:
    """The candidates of a space, no configuration twice; a space without ranges has an end.

    Values that don't go together are passed over.
    """
    yield Candidate(0, space.base)
    seen, number = {space.base.model_dump_json()}, 0
    for config, values in _in_turn(_arms(space, seed), space, seed):
        if (text := config.model_dump_json()) not in seen:
            seen.add(text)
            number += 1
            yield Candidate(number, config, {axis.key: value for axis, value in values if applies(axis, config)})


def _in_turn(arms: Iterator[Values], space: Space, seed: int) -> Iterator[tuple[Config, Values]]:
    """Of ``ARMS`` arms one point after the other, ``POINTS`` times, then of the next ones; until there are no more."""
    fresh = (_points(space, arm, seed, place) for place, arm in enumerate(arms, 1))
    waiting = deque[Iterator[tuple[Config, Values]]]()
    while turn := [*islice(fresh, ARMS)] or [waiting.popleft() for _ in range(min(ARMS, len(waiting)))]:
        for _ in range(POINTS):
            for points in tuple(turn):
                if (found := next(points, None)) is None:
                    turn.remove(points)
                else:
                    yield found
        waiting.extend(turn)


def _arms(space: Space, seed: int) -> Iterator[Values]:
    """The combinations of choices that go together: as a Sobol sequence comes upon them, then the rest."""
    sizes, seen = [len(axis.alternatives) for axis in space.choices], set[str]()
    drawn = (_sobol(len(sizes), seed, 0) * sizes).astype(int).tolist()
    for places in dict.fromkeys(chain(map(tuple, drawn), product(*map(range, sizes)))):
        arm = [(axis, axis.alternatives[place]) for axis, place in zip(space.choices, places, strict=True)]
        config = space.find(arm)
        if config is not None and (text := config.model_dump_json()) not in seen:
            seen.add(text)
            yield arm


def _points(space: Space, arm: Values, seed: int, place: int) -> Iterator[tuple[Config, Values]]:
    """The candidates of an arm."""
    config = space.configured(arm)
    ranges = [axis for axis in space.axes if axis.ranges and applies(axis, config)]
    if not ranges:
        yield config, arm
        return
    seen = set[str]()
    for point in _sobol(len(ranges), seed, place):
        drawn = [axis.at(u) for axis, u in zip(ranges, point, strict=True)]
        if (text := repr(drawn)) in seen:
            continue
        seen.add(text)
        values = [*arm, *zip(ranges, drawn, strict=True)]
        if found := space.find(values):
            yield found, values


def _sobol(dimensions: int, *seed: int) -> Doubles:
    """``(_MOST_POINTS, dimensions)`` from 0 to 1; no points without dimensions."""
    with unnoticed("scipy.stats"):
        from scipy.stats.qmc import Sobol
    if not dimensions:
        return np.empty((0, 0))
    points: Doubles = Sobol(dimensions, seed=np.random.default_rng(seed)).random(_MOST_POINTS)
    return points
