"""Columns of numbers in which some cells hold text: typing errors, which must not turn the column into categories."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from phoneprice.data.reading.cells import NO_ROWS, Numbers, to_numbers
from phoneprice.data.reading.faults import infinite, no_number
from phoneprice.data.values import canonical_number, is_number_array, value_counts
from phoneprice.errors import DataError
from phoneprice.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from phoneprice.config.schema import Config
    from phoneprice.data.table import Table

MOSTLY = 0.9
"""Share of numbers among the values of a text column from which its other cells are faults."""


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
    said = {
        name: formatted_numbers(table.columns[name]) for name in names if name not in config.data.categorical_columns
    }
    return {name: what for name, what in said.items() if what}


def settle_mixed(table: Table, config: Config) -> Table:
    """The table with columns that are mostly numbers, and the target of a regression, as numbers.

    A row with text in one of them is left out and counted where ``data.on_bad_row`` is ``skip``. Raises ``DataError``
    for it otherwise, and for a number that is not finite. Columns in ``data.categorical_columns`` stay as they are.
    """
    found = {name: to_numbers(table.columns[name], frozenset()) for name in _mixed(table, config)}
    if not found:
        return table
    for name, numbers in found.items():
        _require_finite(table, name, numbers)
    bad = np.unique(np.concatenate([NO_ROWS, *(numbers.text_rows for numbers in found.values())]))
    if len(bad) and config.data.on_bad_row == "fail":
        raise _fault(table, int(bad[0]), found, config.data.target)
    settled = {name: found[name].values if name in found else cells for name, cells in table.columns.items()}
    kept = replace(table, columns=settled).take(np.setdiff1d(np.arange(table.rows), bad))
    return replace(kept, skipped_rows=table.skipped_rows + len(bad))


def _mixed(table: Table, config: Config) -> list[str]:
    data = config.data
    unused = {*data.id_columns, *data.ignored_columns, *data.categorical_columns, data.target}
    names = [name for name, cells in table.columns.items() if name not in unused and mostly_numbers(cells)]
    target = table.columns.get(data.target)
    if config.task.kind == "regression" and target is not None and not is_number_array(target):
        names.append(data.target)
    return names


def _require_finite(table: Table, name: str, numbers: Numbers) -> None:
    if len(numbers.infinite_rows):
        row = int(numbers.infinite_rows[0])
        raise infinite(table.place(row, name), table.columns[name][row].as_py())


def _fault(table: Table, row: int, found: dict[str, Numbers], target: str) -> DataError:
    name = next(name for name, numbers in found.items() if row in numbers.text_rows)
    place, value = table.place(row, name), table.columns[name][row].as_py()
    if name == target:
        return no_number(place, value)
    return DataError(
        f"{place}: found {quoted(value)}, expected a number as in the rest of the column; correct it, "
        "leave such rows out with --on-bad-row skip, or add the column to data.categorical_columns"
    )
