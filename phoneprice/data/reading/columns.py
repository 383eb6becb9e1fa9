"""From cells as text to the columns asked for; faulty cells are reported or their rows left out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phoneprice.data.reading.cells import NO_ROWS, Numbers, null_missing, to_numbers
from phoneprice.data.reading.faults import infinite, no_number
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.table import Table
from phoneprice.errors import DataError


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

        ``cells`` has an array for each wanted column: strings, or for a numeric one also float64; ``written`` has
        the verbatim ones where they are not among the cells. Raises
        ``DataError`` for the first faulty cell, by row and then by column.
        """
        missing = self.options.missing_values
        numbers = {name: as_numbers(cells[name], missing) for name in self._ordered(self.selection.numeric)}
        columns = {
            name: numbers[name].values if name in numbers else null_missing(as_text(cells[name]), missing)
            for name in self._ordered(self.selection.numeric | self.selection.text)
        }
        as_stored = {name: (written or cells)[name] for name in self._ordered(self.selection.verbatim)}
        table = Table(self.source, columns, lines, 0, as_stored, row_numbers, rows)
        if all(column.clean for column in numbers.values()):
            return table
        return self._judged(table, numbers, cells)

    def _ordered(self, names: frozenset[str]) -> list[str]:
        return [name for name in self.selection.header if name in names]

    def _judged(self, table: Table, numbers: Mapping[str, Numbers], cells: Mapping[str, pa.Array]) -> Table:
        skip = self.options.on_bad_row == "skip"
        skipped = np.unique(np.concatenate([NO_ROWS, *(n.text_rows for n in numbers.values() if skip)]))
        fault = _first_fault(table, numbers, cells, skipped)
        if fault is not None:
            raise fault
        kept = table.take(np.setdiff1d(np.arange(table.rows), skipped))
        return Table(
            kept.source, kept.columns, kept.lines, len(skipped), kept.written, kept.row_numbers, kept.empty_rows
        )


def _first_fault(
    table: Table, numbers: Mapping[str, Numbers], cells: Mapping[str, pa.Array], skipped: NDArray[np.int64]
) -> DataError | None:
    found = []
    for position, (name, column) in enumerate(numbers.items()):
        for rows, fault in ((column.text_rows, no_number), (column.infinite_rows, infinite)):
            left = np.setdiff1d(rows, skipped)
            if len(left):
                found.append((int(left[0]), position, name, fault))
    if not found:
        return None
    row, _, name, fault = min(found, key=lambda item: item[:2])
    return fault(table.place(row, name), str(cells[name][row].as_py()))


def as_numbers(cells: pa.Array, missing_values: frozenset[str]) -> Numbers:
    """A string or float64 array as numbers."""
    if pa.types.is_string(cells.type):
        return to_numbers(cells, missing_values)
    values = cells.to_numpy(zero_copy_only=False)
    return Numbers(cells, NO_ROWS, np.flatnonzero(np.isinf(values)))


def as_text(cells: pa.Array) -> pa.Array:
    """Cells as strings."""
    return cells if pa.types.is_string(cells.type) else cells.cast(pa.string())
