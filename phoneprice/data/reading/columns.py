"""From cells as text to the columns asked for; faulty cells are reported or their rows left out."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phoneprice.config.schema import DateForm
from phoneprice.data.number_formats import NumberFormat, to_plain
from phoneprice.data.reading.cells import NO_ROWS, NUMBER, Numbers, null_missing, to_numbers
from phoneprice.data.reading.dates import as_dates, to_days
from phoneprice.data.reading.faults import infinite, no_date, no_number, other_format, unnamed_value
from phoneprice.data.reading.options import OUTER_SPACES, CellRules, OnBadRow, ReadOptions, Selection
from phoneprice.data.table import Table
from phoneprice.errors import DataError

Fault = Callable[[str, str], DataError]
"""Makes the error of a place and the value that stands there."""
NO_FAULTS: Mapping[str, Fault] = MappingProxyType({})


@dataclass(frozen=True)
class ColumnReader:
    """The columns asked for, out of the cells of a segment."""

    source: str
    selection: Selection
    options: ReadOptions

    def read(
        self,
        cells: Mapping[str, pa.Array],
        lines: NDArray[np.int64] | None,
        row_numbers: NDArray[np.int64] | None = None,
        rows: int = 0,
        written: Mapping[str, pa.Array] | None = None,
    ) -> Table:
        """Cells as a table.

        ``cells`` has an array for each wanted column: strings, or for a numeric one also float64; ``written`` has the
        verbatim ones where they are not among the cells. Raises ``DataError`` as ``with_numbers`` does.
        """
        rules, dates = self.options.rules, self.selection.dates
        numbers = {name: as_numbers(cells[name], rules(name)) for name in self._ordered(self.selection.numeric)}
        infinite_cells: dict[str, int] = {}
        if self.options.infinite == "missing":
            numbers, infinite_cells = without_infinite(numbers)
        numbers |= {name: as_days(cells[name], rules(name), form) for name, form in dates.items()}
        columns = {
            name: numbers[name].values if name in numbers else as_text(cells[name], rules(name).missing_values)
            for name in self._ordered(self.selection.numeric | self.selection.text | dates.keys())
        }
        as_stored = {name: (written or cells)[name] for name in self._ordered(self.selection.verbatim)}
        edge = len(self.selection.edge)
        table = Table(
            self.source,
            columns,
            lines,
            0,
            as_stored,
            row_numbers,
            rows,
            nameless_columns=edge,
            infinite_cells=infinite_cells,
            dates=dates,
        )
        self._require_no_value(table, cells)
        return with_numbers(table, numbers, cells, self.options.on_bad_row, self._faults())

    def _faults(self) -> dict[str, Fault]:
        """What to raise for text in the columns of dates, and in those whose numbers are not plain."""
        formats = {name: self.options.rules(name).number_format for name in self.selection.numeric}
        numbers = {name: partial(no_number, like=how.example) for name, how in formats.items() if not how.plain}
        return {**numbers, **dict.fromkeys(self.selection.dates, no_date)}

    def _require_no_value(self, table: Table, cells: Mapping[str, pa.Array]) -> None:
        """Raise ``DataError`` for the first value in a column at the right edge that has no name."""
        for position, key in enumerate(self.selection.edge, start=len(self.selection.header) + 1):
            values = cells[key] if cells[key].null_count == len(cells[key]) else self._present(cells[key])
            if values.null_count < len(values):
                row = int(np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))[0])
                raise unnamed_value(table.place(row), position, str(values[row].as_py()))

    def _present(self, cells: pa.Array) -> pa.Array:
        """Cells of any type, null where they are missing."""
        plain = pa.types.is_string(cells.type) or pa.types.is_floating(cells.type)
        return as_text(cells, self.options.missing_values) if plain else cells

    def _ordered(self, names: AbstractSet[str]) -> list[str]:
        return [name for name in self.selection.header if name in names]


def without_infinite(numbers: Mapping[str, Numbers]) -> tuple[dict[str, Numbers], dict[str, int]]:
    """Columns with missing cells where infinite numbers stand, and how many those are, by column."""
    counts = {name: len(found.infinite_rows) for name, found in numbers.items() if len(found.infinite_rows)}
    return {name: found.without_infinite() for name, found in numbers.items()}, counts


def with_numbers(
    table: Table,
    numbers: Mapping[str, Numbers],
    cells: Mapping[str, pa.Array],
    on_bad_row: OnBadRow,
    text_faults: Mapping[str, Fault] = NO_FAULTS,
) -> Table:
    """The table with ``numbers`` in its columns of these names; ``cells`` are what they were made of.

    Rows with text in one of them are left out and counted where ``on_bad_row`` is ``skip``. Raises ``DataError`` for
    the first faulty cell that stays, by row and then by column: for text what ``text_faults`` makes of the column's
    place and value, if not ``no_number``; for a number that is not finite ``infinite``.
    """
    settled = replace(table, columns={**table.columns, **{name: found.values for name, found in numbers.items()}})
    if all(found.clean for found in numbers.values()):
        return settled
    skip = on_bad_row == "skip"
    skipped = np.unique(np.concatenate([NO_ROWS, *(found.text_rows for found in numbers.values() if skip)]))
    faults = [
        (int(left[0]), position, name, fault)
        for position, (name, found) in enumerate(numbers.items())
        for rows, fault in ((found.text_rows, text_faults.get(name, no_number)), (found.infinite_rows, infinite))
        if len(left := np.setdiff1d(rows, skipped))
    ]
    if faults:
        row, _, name, fault = min(faults, key=lambda found: found[:2])
        raise fault(table.place(row, name), str(cells[name][row].as_py()))
    kept = settled.take(np.setdiff1d(np.arange(table.rows), skipped))
    return replace(kept, skipped_rows=table.skipped_rows + len(skipped))


def as_numbers(cells: pa.Array, rules: CellRules) -> Numbers:
    """A string or float64 array as numbers."""
    if pa.types.is_string(cells.type):
        present = null_missing(cells, rules.missing_values)
        return to_numbers(to_plain(present, rules.number_format), frozenset())
    values = cells.to_numpy(zero_copy_only=False)
    return Numbers(cells, NO_ROWS, np.flatnonzero(np.isinf(values)))


def as_days(cells: pa.Array, rules: CellRules, form: DateForm) -> Numbers:
    """The same as days, of cells that are dates of this form."""
    return to_days(as_dates(as_text(cells, rules.missing_values)), form)


def as_text(cells: pa.Array, missing_values: frozenset[str]) -> pa.Array:
    """Cells as strings, integers with all their digits; floats, which have no text of their own, as float64."""
    if pa.types.is_string(cells.type):
        return null_missing(cells, missing_values)
    texts = null_missing(cells.cast(pa.string()), missing_values)
    if not pa.types.is_floating(cells.type):
        return texts
    # By way of text a float32 of 0.1 is 0.1, as other files have it.
    values = texts.cast(pa.float64())
    return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)


MOSTLY = 0.9
"""Share of numbers among the values of a text column from which its other cells are faults."""


def text_in_plain_words(table: Table, name: str, cells: pa.Array, how: NumberFormat, *, certain: bool) -> pa.Array:
    """Text of a column ``(rows,)`` with its numbers in the plain grammar, if it is ``certain`` or mostly numbers.

    A cell that is a plain number and none of the format comes in quotes, so that nobody takes it for one; where the
    column isn't certain, ``DataError`` is raised for it.
    """
    if how.plain:
        return cells
    texts, plain = cells.to_pylist(), to_plain(cells, how).to_pylist()
    numbers = [text is not None and bool(NUMBER.fullmatch(text)) for text in plain]
    clashing = [
        row
        for row, (text, number) in enumerate(zip(texts, numbers, strict=True))
        if text is not None and not number and NUMBER.fullmatch(text.strip(OUTER_SPACES))
    ]
    present = len(cells) - cells.null_count
    if not certain and sum(numbers) + len(clashing) < MOSTLY * present:
        return cells
    if clashing and not certain:
        raise other_format(table.place(clashing[0], name), texts[clashing[0]], how.example)
    found = [text if number else quote for text, number, quote in zip(plain, numbers, texts, strict=True)]
    for row in clashing:
        found[row] = f'"{texts[row]}"'
    return pa.array(found, pa.string())
