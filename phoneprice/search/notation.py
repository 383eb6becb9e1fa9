"""How a space is written, in the configuration's own keys.

On the command line an axis is ``KEY=RANGE``: values and ranges with ``|`` between them, such as
``optimizer.weight_decay=0|1e-4..0.1:log``. A value is written as after ``-s``, a range as two numbers; with ``:log``
its logarithm is drawn evenly. In a file it is the same in TOML, with a list for several alternatives:
``model.hidden = [[32], [64, 32], []]``, ``optimizer.lr = "1e-3..0.1:log"``. What a comparison varies is written in the
same way, without ranges.

Every value is checked against the schema, before anything is trained; all faults are listed in one ``ConfigError``.
"""

import math
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, ClassVar

from phoneprice.config.fields import choices, shown, toml_value
from phoneprice.config.layers import Found
from phoneprice.config.load import lay_over
from phoneprice.config.schema import NETWORK_SECTIONS, Config, RecipeTraining
from phoneprice.errors import ConfigError
from phoneprice.search.space import Axis, Path, Range, Space, Values, applies, setting_of
from phoneprice.suggestions import did_you_mean
from phoneprice.wording import count, cut, listed

MOST_ARMS = 4096
"""Combinations of values without a range; of more nobody could say which were tried."""
_MOST_WHOLE = 2**53
"""Up to which float64 has every whole number."""
_SUCH_AS = "such as 1e-3..0.1:log"
_RANGE = re.compile(r"(.*?)\.\.([^:]*)(?::(.*))?", re.DOTALL)
_BAR = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|(\|)""")
_VARIED = (*NETWORK_SECTIONS, "data.scaling", *(f"training.{name}" for name in RecipeTraining.model_fields))


def read_space(
    base: Config, texts: Sequence[str] = (), table: Mapping[str, Any] | None = None, source: str = "[tune.space]"
) -> Space:
    """The space of ``-x`` ``texts``, laid over that of a file's ``[tune.space]`` ``table``; ``source`` names the file.

    Raises ``ConfigError`` with every fault there is.
    """
    file, typed = _Reader(source), _Reader("-x")
    asked = {axis.path: axis for axis in file.axes_of_table(table or {})}
    asked |= {axis.path: axis for axis in typed.axes_of_texts(texts)}
    return _checked(Space(base, tuple(asked.values())), [*file.faults, *typed.faults])


def read_variants(
    base: Config,
    texts: Sequence[str] = (),
    table: Mapping[str, Any] | None = None,
    source: str = "[compare.variants]",
    *,
    grid: bool = False,
) -> Space:
    """The values of ``-x`` ``texts``, laid over those of a file's ``[compare.variants]`` ``table``, to compare.

    Each must go with the base by itself, unless all are combined in a ``grid``. Raises ``ConfigError``, all faults in
    one.
    """
    file, typed = _VariantReader(source), _VariantReader("-x")
    asked = {axis.path: axis for axis in file.axes_of_table(table or {})}
    asked |= {axis.path: axis for axis in typed.axes_of_texts(texts)}
    space, faults = Space(base, tuple(asked.values())), [*file.faults, *typed.faults]
    if grid:
        return _checked(space, faults)
    space = replace(space, axes=tuple(_whole(axis, space) for axis in space.axes))
    faults += [fault for axis in space.axes for own in axis.alternatives for fault in _faults(base, [(axis, own)])]
    if faults:
        raise ConfigError(*dict.fromkeys(faults))
    return space


def notation_faults(space: Mapping[str, Any], variants: Mapping[str, Any], sources: tuple[str, str]) -> list[str]:
    """What is wrong with the notation of a file's two tables, whatever the configuration that they would vary."""
    readers = _Reader(sources[0]), _VariantReader(sources[1])
    for reader, table in zip(readers, (space, variants), strict=True):
        deque(reader.axes_of_table(table), maxlen=0)
    return [fault for reader in readers for fault in reader.faults]


def is_varied(path: Path) -> bool:
    """Whether candidates of a search, and variants of a comparison, may differ in the setting at a path."""
    return path[0] in NETWORK_SECTIONS or ".".join(path[:2]) in _VARIED


def fitting_space(base: Config, texts: Sequence[str], source: str) -> Space:
    """The space of what goes with the base among the alternatives of ``texts``, which ``source`` suggests."""
    space = Space(base, tuple(_Reader(source).axes_of_texts(texts)))
    kept = (
        replace(axis, alternatives=tuple(own for own in axis.alternatives if not any(_refused(space, axis, own))))
        for axis in space.axes
    )
    return Space(base, tuple(axis for axis in kept if axis.ranges or len(axis.alternatives) > 1))


@dataclass
class _Reader:
    """Reads axes that one ``source`` asks for, and notes what it can't read."""

    expected: ClassVar[str] = "key=range, such as -x optimizer.lr=1e-3..0.1:log"

    source: str
    faults: list[str] = field(default_factory=list)

    def axes_of_texts(self, texts: Sequence[str]) -> Iterator[Axis]:
        """Those that are typed."""
        seen = set[Path]()
        for text in texts:
            key, equals, written = text.partition("=")
            if not equals or not key.strip():
                self.faults.append(f"-x {cut(text, 80)}: expected {self.expected}")
                continue
            path = _path(key)
            if path in seen:
                self._fault(path, "given twice; put | between all alternatives of a setting")
            seen.add(path)
            yield from self._axis(path, [self._typed(path, piece) for piece in _pieces(written)])

    def axes_of_table(self, table: Mapping[str, Any], above: str = "") -> Iterator[Axis]:
        """Those of a TOML table, where dotted keys are tables within tables."""
        for name, value in table.items():
            if isinstance(value, dict):
                yield from self.axes_of_table(value, f"{above}{name}.")
                continue
            path = _path(f"{above}{name}")
            yield from self._axis(
                path, [self._toml(path, own) for own in (value if isinstance(value, list) else [value])]
            )

    def _axis(self, path: Path, alternatives: Sequence[Any]) -> Iterator[Axis]:
        """The axis, unless something is wrong with it."""
        axis = Axis(path, tuple(alternatives), self.source)
        if path[0] in Config.model_fields and not is_varied(path):
            what = "what may vary is the network, how it learns, and how its inputs are scaled"
            self._fault(path, f"can't be varied; {what}: {listed(_VARIED, 'or')}")
        elif any(own is None for own in alternatives):
            return  # said already
        elif fault := self._unfit(axis):
            self._fault(path, fault)
        else:
            yield axis

    def _unfit(self, axis: Axis) -> str:
        """Why an axis is none to search; empty where it is one."""
        if axis.ranges or len(axis.alternatives) > 1:
            return ""
        found = f"{shown(axis.alternatives[0])}, one value" if axis.alternatives else "[], nothing"
        return f"found {found} is no choice; give a range, {_SUCH_AS}, or several values"

    def _typed(self, path: Path, piece: str) -> Any:
        """An alternative as it was typed: a range, or a value by the rules of ``-s``; None where it is neither."""
        if not piece:
            self._fault(path, f"found nothing beside a |, must be a value or a range, {_SUCH_AS}")
            return None
        if ".." in piece and piece[0] not in "\"'[{":
            return self._range(path, piece)
        found = Found()
        found.add(path, piece, self.source, 3)
        self.faults += found.faults
        return found.settings[0].value if found.settings else None

    def _toml(self, path: Path, value: Any) -> Any:
        return self._range(path, value) if isinstance(value, str) and ".." in value else value

    def _range(self, path: Path, text: str) -> Range | None:
        parts = _RANGE.fullmatch(text.strip())
        low, high = (_number(parts[1]), _number(parts[2])) if parts else (None, None)
        scale = parts[3] if parts else None
        if low is None or high is None:
            fault = f"must be two numbers with .. between them, {_SUCH_AS}"
        elif scale not in {None, "log"}:
            fault = f"{toml_value(scale)} is no scale;{did_you_mean(str(scale), ['log'])} :log is the only one"
        elif low >= high:
            fault = "must begin with the smaller number"
        elif scale and low <= 0:
            fault = "must begin above 0: only what is above has a logarithm; for zero or a range write 0|1e-4..0.1:log"
        else:
            return Range(low, high, log=scale is not None)
        self._fault(path, f"found {shown(text)}, {fault}")
        return None

    def _fault(self, path: Path, text: str) -> None:
        self.faults.append(f"{'.'.join(path)}: {text} ({self.source})")


class _VariantReader(_Reader):
    """The same for a comparison, which is of values; one may be enough beside the base."""

    expected: ClassVar[str] = "key=value|value, such as -x 'model.activation=relu|tanh'"

    def _unfit(self, axis: Axis) -> str:
        if axis.ranges:
            return f"found {shown(str(axis.ranges[0]))}, and a comparison is of values; give some, such as 0.01|0.1"
        return "" if axis.alternatives else "found [], must be at least one value"


def _path(key: str) -> Path:
    """A key by its parts; ``model.activation.name`` is ``model.activation``."""
    path = tuple(name.strip() for name in key.split("."))
    above = setting_of(Config(), path[:-1]) if path[-1] == "name" else None
    return path[:-1] if above and choices(above[0]) else path


def _pieces(text: str) -> list[str]:
    """What stands between the bars of a text, those in quotes aside."""
    bars = [bar.start() for bar in _BAR.finditer(text) if bar[1]]
    return [text[a + 1 : b].strip() for a, b in zip([-1, *bars], [*bars, len(text)], strict=True)]


def _number(text: str) -> float | None:
    """A number by the rules of ``-s`` that float64 has; None for everything else."""
    found = Found()
    found.add((), text.strip(), "", 3)
    number = found.settings[0].value if found.settings else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return number if abs(number) <= _MOST_WHOLE else None


def _checked(space: Space, faults: Sequence[str]) -> Space:
    """The space, with whole numbers where settings are some; raises ``ConfigError`` for what no configuration takes."""
    if (arms := math.prod(len(axis.alternatives) for axis in space.choices)) > MOST_ARMS:
        keys = listed(axis.key for axis in space.choices)
        most = f"must be at most {count(MOST_ARMS)}; give ranges, or fewer values"
        raise ConfigError(*faults, f"{keys}: found {count(arms)} combinations of values, {most}")
    space = replace(space, axes=tuple(_whole(axis, space) for axis in space.axes))
    found = [
        *faults,
        *(fault for axis in space.axes for own in axis.alternatives for fault in _refused(space, axis, own)),
    ]
    if not found and all(space.find(arm) is None for arm in space.arms):
        found += _faults(space.base, next(space.arms))
    if found:
        raise ConfigError(*dict.fromkeys(found))
    return space


def _whole(axis: Axis, space: Space) -> Axis:
    """The axis with whole numbers where its setting is one: ``1e2`` is a float in TOML, typed it means 100."""
    field, _ = setting_of(_with_setting(space, axis), axis.path) or (None, None)
    if field is None or field.annotation is not int:
        return axis
    return replace(axis, alternatives=tuple(_as_whole(own, typed=axis.source == "-x") for own in axis.alternatives))


def _as_whole(alternative: Any, *, typed: bool) -> Any:
    if isinstance(alternative, Range) and float(alternative.low).is_integer() and float(alternative.high).is_integer():
        return replace(alternative, low=int(alternative.low), high=int(alternative.high), whole=True)
    return int(alternative) if typed and isinstance(alternative, float) and alternative.is_integer() else alternative


def _refused(space: Space, axis: Axis, alternative: Any) -> Iterator[str]:
    """What the schema says of an alternative of an axis that goes neither with the base nor with any arm."""
    ends = (alternative.low, alternative.high) if isinstance(alternative, Range) else (alternative,)
    for value in ends:
        faults = _faults(space.base, [(axis, value)])
        if faults and not any(_takes(space.find([*arm, (axis, value)]), axis) for arm in space.arms):
            yield from _faults(_with_setting(space, axis), [(axis, value)]) or faults


def _with_setting(space: Space, axis: Axis) -> Config:
    """The base, or the first arm that has the setting of an axis where the base has none; the base where no arm has."""
    configs = chain([space.base], filter(None, map(space.find, space.arms)))
    return next((config for config in configs if applies(axis, config)), space.base)


def _takes(config: Config | None, axis: Axis) -> bool:
    return config is not None and applies(axis, config)


def _faults(base: Config, values: Values) -> tuple[str, ...]:
    """What the schema says of values that are laid over a configuration."""
    try:
        lay_over(base, Found([axis.setting(value) for axis, value in values]))
    except ConfigError as fault:
        return fault.args
    return ()
