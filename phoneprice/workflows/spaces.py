"""What ``-x`` and the tables of a configuration file ask commands to vary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from phoneprice.config.load import load_tables
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError
from phoneprice.search.notation import notation_faults, read_space, read_variants
from phoneprice.search.space import Space

Made = TypeVar("Made")
_SPACE, _VARIANTS = "tune.space", "compare.variants"


def space_asked(base: Config, texts: Sequence[str], file: Path | str | None = None) -> Space:
    """What a search varies: ``-x`` ``texts`` over ``[tune.space]`` of a file; without axes where neither says any.

    Raises ``ConfigError`` with every fault.
    """
    return read_space(base, texts, load_tables(file).tune.space, _source(file, _SPACE))


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
