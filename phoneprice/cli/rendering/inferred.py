"""``config init`` and ``data check``: what a table has told of its columns."""

from collections.abc import Iterator

from rich.table import Table

from phoneprice.cli.rendering.console import name_value_table, show, stderr
from phoneprice.data.inspection.infer import COUNTED_KINDS, Inferred, listed_reasons
from phoneprice.wording import as_name, counted_names

MOST_REASONS = 20
"""Columns of one role that are named with their reasons; the others are counted."""
MOST_NAMES = 40
"""Features of one kind that are named; the others are counted."""


def show_inferred(inferred: Inferred) -> None:
    """The task and the role of every column, on stderr."""
    show(stderr(), inferred_table(inferred))


def inferred_table(inferred: Inferred) -> Table:
    """The task, and how every column is read."""
    return name_value_table(_facts(inferred))


def _facts(inferred: Inferred) -> Iterator[tuple[str, str]]:
    yield "target", inferred.target
    yield "task", f"{inferred.kind}. {inferred.kind_reason}"
    yield "ids", listed_reasons(inferred.ids, MOST_REASONS)
    if inferred.recognised.reasons:
        yield "recognised", listed_reasons(inferred.recognised.reasons, MOST_REASONS)
    if inferred.codes:
        yield "codes", f"{listed_reasons(inferred.codes, MOST_REASONS)}; as numbers with data.categorical_columns = []"
    yield "not used", listed_reasons(inferred.ignored, MOST_REASONS)
    for kind, names in inferred.features.items():
        yield COUNTED_KINDS[kind][1], counted_names([*map(as_name, names)], MOST_NAMES)
