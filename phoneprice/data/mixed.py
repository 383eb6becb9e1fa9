"""Columns of numbers in which some cells hold text: typing errors, which must not turn the column into categories."""

import re
from collections.abc import Iterable, Mapping

import pyarrow as pa

from phoneprice.config.schema import Config
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.reading.columns import MOSTLY, NO_FAULTS, Fault, with_numbers
from phoneprice.data.reading.options import OnBadRow
from phoneprice.data.schema import TableSchema
from phoneprice.data.table import Table
from phoneprice.data.values import canonical_number, is_number_array, value_counts
from phoneprice.errors import DataError
from phoneprice.wording import quoted

_FORMATTED_NUMBER = re.compile(r"[€$£]?\s?[+-]?\d{1,3}([., ']?\d{3})*([.,]\d+)?\s?[€$£%]?")
_LOOKED_AT = 1000
"""Rows that show how a column is written."""


def mostly_numbers(cells: pa.Array) -> bool:
    """Whether a column was read as text only because a few of its cells are no numbers."""
    if is_number_array(cells):
        return False
    counts = value_counts(cells)
    numbers = sum(count for text, count in counts.items() if canonical_number(text) is not None)
    return bool(counts) and numbers >= MOSTLY * sum(counts.values())


def formatted_numbers(cells: pa.Array) -> str:
    """What to say of a column of numbers as people write them, such as ``23,0`` or ``$1,200``; empty for any other."""
    cells = cells.slice(0, _LOOKED_AT)
    if is_number_array(cells) or mostly_numbers(cells):
        return ""
    counts = value_counts(cells)
    others = {text: count for text, count in counts.items() if canonical_number(text) is None}
    written = [text for text in others if _FORMATTED_NUMBER.fullmatch(text.strip())]
    if not written or sum(others[text] for text in written) < MOSTLY * sum(others.values()):
        return ""
    return f"numbers written like {quoted(written[0])} count as text; write them like 1234.5"


def columns_of_formatted_numbers(table: Table, names: Iterable[str], config: Config) -> dict[str, str]:
    """What to say of each of some columns that is written for readers, but for those declared to be categories."""
    categorical = frozenset(config.data.categorical_columns)
    said = {name: formatted_numbers(table.columns[name]) for name in names if name not in categorical}
    return {name: what for name, what in said.items() if what}


def settle_mixed(table: Table, config: Config) -> Table:
    """The table with columns that are mostly numbers, and the target of a regression, as numbers.

    A row with text in one of them is left out and counted where ``data.on_bad_row`` is ``skip``. Raises ``DataError``
    for it otherwise, and for a number that is not finite in any other row. Columns in ``data.categorical_columns``
    stay as they are.
    """
    names = _mixed(table, config)
    faults = {name: _typing_error for name in names if name != config.data.target}
    return _as_numbers(table, names, config.data.on_bad_row, faults)


def settle_like_training(table: Table, schema: TableSchema, on_bad_row: OnBadRow) -> Table:
    """The table with the columns as numbers that were numbers in training, the target of a regression included.

    A row with text in one of them is left out and counted, or refused, as in ``settle_mixed``.
    """
    names = [*schema.numeric_names, *(() if schema.labels else (schema.target,))]
    texts = [name for name in names if name in table.columns and not is_number_array(table.columns[name])]
    return _as_numbers(table, texts, on_bad_row)


def _as_numbers(table: Table, names: list[str], on_bad_row: OnBadRow, faults: Mapping[str, Fault] = NO_FAULTS) -> Table:
    numbers = {name: to_numbers(table.columns[name], frozenset()) for name in names}
    return with_numbers(table, numbers, table.columns, on_bad_row, faults) if names else table


def _mixed(table: Table, config: Config) -> list[str]:
    data = config.data
    unused = {*config.passed_columns, *data.ignored_columns, *data.categorical_columns, data.target}
    names = [name for name, cells in table.columns.items() if name not in unused and mostly_numbers(cells)]
    target = table.columns.get(data.target)
    if config.task.kind == "regression" and target is not None and not is_number_array(target):
        names.append(data.target)
    return names


def _typing_error(place: str, value: str) -> DataError:
    return DataError(
        f"{place}: found {quoted(value)}, expected a number as in the rest of the column; correct it, "
        "leave such rows out with --on-bad-row skip, or add the column to data.categorical_columns"
    )
