"""The configurations that a search may choose from: axes, which are settings with ranges or several values."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, product
from typing import Any

from pydantic.fields import FieldInfo

from phoneprice.components.base import Settings
from phoneprice.config.fields import as_typed, toml_key, toml_value
from phoneprice.config.layers import Found, Setting
from phoneprice.config.load import lay_over
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError

Path = tuple[str, ...]
DIGITS = 4
"""Significant digits of a drawn number: its last bits depend on the machine, and nobody needs them."""


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both of them included; with ``log`` evenly by their logarithm."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    """Whole numbers only."""

    def at(self, share: float) -> float:
        """The number at a ``share`` of the way, from 0 up to but not including 1."""
        if not self.whole:
            return min(max(self.along(share), self.low), self.high)
        return min(math.floor(replace(self, high=self.high + 1, whole=False).along(share)), self.high)

    def along(self, share: float) -> float:
        """The number at a share of the way, beyond an end below 0 or above 1; in ``DIGITS`` digits, or whole."""
        number = self.low * (self.high / self.low) ** share if self.log else self.low + (self.high - self.low) * share
        return round(number) if self.whole else float(f"{number:.{DIGITS}g}")

    def share(self, number: float) -> float:
        """How far along the range a number of it lies, from 0 to 1."""
        if self.log:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low}..{self.high}{':log' if self.log else ''}"


@dataclass(frozen=True)
class Axis:
    """A setting that differs between candidates, by its path in the configuration."""

    path: Path
    alternatives: tuple[Any, ...]
    """Ranges, and values as TOML has them; each is as likely as the others."""
    source: str = "-x"
    """Who asked for it, as messages say."""

    @property
    def key(self) -> str:
        """As it is written."""
        return ".".join(self.path)

    @cached_property
    def ranges(self) -> tuple[Range, ...]:
        """Those of its alternatives that are no single value."""
        return tuple(own for own in self.alternatives if isinstance(own, Range))

    def at(self, share: float) -> Any:
        """The value at a ``share`` of the way through the alternatives, from 0 up to but not including 1."""
        rest, place = math.modf(share * len(self.alternatives))
        own = self.alternatives[int(place)]
        return own.at(rest) if isinstance(own, Range) else own

    def setting(self, value: object) -> Setting:
        """That it has this value."""
        return Setting(self.path, value, self.source, layer=3)

    @property
    def written(self) -> str:
        """Its alternatives as ``-x`` takes them."""
        return "|".join(str(own) if isinstance(own, Range) else as_typed(own) for own in self.alternatives)

    def __str__(self) -> str:
        """As ``-x`` takes it."""
        return f"{self.key}={self.written}"

    @property
    def toml(self) -> str:
        """As a line of ``[tune.space]``."""
        values = [str(own) if isinstance(own, Range) else own for own in self.alternatives]
        several = values if len(values) > 1 else values[0]
        return f"{'.'.join(map(toml_key, self.path))} = {toml_value(several)}"


Values = Sequence[tuple[Axis, Any]]
"""What some axes are, each beside its axis."""


@dataclass(frozen=True)
class Space:
    """The configurations that differ from ``base`` along some axes."""

    base: Config
    axes: tuple[Axis, ...]

    @property
    def choices(self) -> tuple[Axis, ...]:
        """The axes without a range. A combination of their values is an arm of the search: often a shape of its own."""
        return tuple(axis for axis in self.axes if not axis.ranges)

    @property
    def arms(self) -> Iterator[Values]:
        """Every combination of the choices, whether or not its values go together."""
        for values in product(*(axis.alternatives for axis in self.choices)):
            yield list(zip(self.choices, values, strict=True))

    def configured(self, values: Values) -> Config:
        """The base with these values; what the components that they name don't have is left out.

        Raises ``ConfigError`` where they don't go together.
        """
        config = self.base
        for _, level in groupby(sorted(values, key=_depth), key=_depth):
            there = [axis.setting(value) for axis, value in level if applies(axis, config)]
            config = lay_over(config, Found(there)) if there else config
        return config

    def find(self, values: Values) -> Config | None:
        """The same, or None where they don't go together."""
        try:
            return self.configured(values)
        except ConfigError:
            return None


def _depth(axis_value: tuple[Axis, Any]) -> int:
    """A component is named before its settings are looked at."""
    return len(axis_value[0].path)


def setting_of(config: Config, path: Iterable[str]) -> tuple[FieldInfo, Any] | None:
    """The field at a path and its value; None where this configuration has none, as one of another component."""
    field: FieldInfo | None = None
    found: Any = config
    for name in path:
        if not isinstance(found, Settings) or name not in type(found).model_fields:
            return None
        field, found = type(found).model_fields[name], getattr(found, name)
    return field and (field, found)


def applies(axis: Axis, config: Config) -> bool:
    """Whether a configuration has the setting of an axis."""
    return setting_of(config, axis.path) is not None
