"""What a configuration file says to commands that train several configurations.

It is no setting of a run: ``load.load_config`` leaves these tables aside, ``load.load_tables`` reads them alone.
"""

from typing import Annotated, Any

from pydantic import Field

from phoneprice.components.base import Settings

Alternatives = dict[str, Any]
"""Settings by key, dotted keys as tables within tables; how they are written, ``search.notation`` says."""


class TuneTable(Settings):
    """What ``tune`` searches."""

    space: Annotated[
        Alternatives,
        Field(description='what a search varies: settings by key, each a range such as "1e-3..0.1:log" or a list'),
    ] = {}  # noqa: RUF012 - pydantic copies it


class CompareTable(Settings):
    """What ``compare`` compares."""

    variants: Annotated[
        Alternatives, Field(description="what is compared: settings by key, each a list of values")
    ] = {}  # noqa: RUF012 - pydantic copies it
    look_for: Annotated[str, Field(description="what to look for in the result, in a sentence")] = ""


class CommandTables(Settings):
    """The tables of a configuration file that are no part of the configuration."""

    tune: Annotated[TuneTable, Field(description="of searches alone; no part of the configuration")] = TuneTable()
    compare: Annotated[CompareTable, Field(description="of comparisons alone; no part of the configuration")] = (
        CompareTable()
    )
