"""What ``-x`` and the tables of a configuration file ask commands to vary."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from phoneprice.config.load import load_tables
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError
from phoneprice.search.defaults import usual_space
from phoneprice.search.notation import notation_faults, read_space, read_variants
from phoneprice.search.space import Space

Made = TypeVar("Made")
_SPACE, _VARIANTS = "tune.space", "compare.variants"


@dataclass(frozen=True)
class SearchedSpace:
    """What a search varies: ``-x`` ``texts`` over a ``table``; the usual space where neither says anything."""

    texts: Sequence[str] = ()
    table: Mapping[str, Any] = field(default_factory=dict)
    source: str = "space"
    """Where the table is from, as messages say."""
    settled: Collection[str] = ()
    """Keys of settings that somebody has chosen: the usual space leaves them out."""

    @classmethod
    def of(
        cls, asked: Mapping[str, Any] | Sequence[str] | None, file: Path | str | None, settings: Sequence[str]
    ) -> Self:
        """Alternatives by key, or texts, over ``[tune.space]`` of a file; ``settings`` are ``key=value``.

        Raises ``ConfigError`` for the file.
        """
        settled = tuple(text.partition("=")[0].strip() for text in settings)
        if isinstance(asked, Mapping):
            return cls((), asked, settled=settled)
        return cls(tuple(asked or ()), load_tables(file).tune.space, _source(file, _SPACE), settled)

    @property
    def is_usual(self) -> bool:
        """Whether nobody has said what to vary."""
        return not (self.texts or self.table)

    def around(self, base: Config) -> Space:
        """The space around a configuration. Raises ``ConfigError`` with every fault."""
        if not self.is_usual:
            return read_space(base, self.texts, self.table, self.source)
        usual = usual_space(base, self.settled)
        if not usual.axes:
            told = f"every setting of the default space is set by -s ({', '.join(self.settled)})"
            raise ConfigError(f"-x: {told}; say what to search, such as -x optimizer.lr=1e-3..0.1:log")
        return usual


def variants_asked(base: Config, texts: Sequence[str], file: Path | str | None = None, *, grid: bool = False) -> Space:
    """What a comparison varies: ``-x`` ``texts`` over ``[compare.variants]`` of a file, as ``space_asked``."""
    return read_variants(base, texts, load_tables(file).compare.variants, _source(file, _VARIANTS), grid=grid)


def check_file(file: Path | str | None, load: Callable[[], Config]) -> None:
    """Check the configuration that ``load`` gives, and what its ``file`` says of it to commands.

    Values to vary are judged by the configuration that they vary; where that has faults, by their notation alone.
    Raises ``ConfigError`` with every fault.
    """
    faults, sources = list[str](), (_source(file, _SPACE), _source(file, _VARIANTS))
    base, tables = _noted(load, faults), _noted(lambda: load_tables(file), faults)
    if tables is not None:
        space, variants = tables.tune.space, tables.compare.variants
        if base is None:
            faults += notation_faults(space, variants, sources)
        else:
            _noted(lambda: read_space(base, (), space, sources[0]), faults)
            _noted(lambda: read_variants(base, (), variants, sources[1]), faults)
    if faults:
        raise ConfigError(*dict.fromkeys(faults))


def _noted(make: Callable[[], Made], faults: list[str]) -> Made | None:
    """What is made; None where there are faults, which are added to those known."""
    try:
        return make()
    except ConfigError as fault:
        faults += fault.args
        return None


def _source(file: Path | str | None, table: str) -> str:
    return f"{file}, [{table}]"
