"""A table in memory: named Arrow columns that still know where in which file each row stood."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phoneprice.config.schema import DateForm

if TYPE_CHECKING:
    from phoneprice.data.reading.options import ReadOptions


@dataclass(frozen=True)
class Table:
    """Rows of a file, or of a part of it.

    ``columns`` maps a name to a float64 or a string array; null is a missing value, and no float is NaN or infinite.
    ``written`` holds the columns that were asked for as they stand in the file, missing words included.
    ``lines`` are the physical line numbers (the header is line 1) of formats that have lines; for the
    others ``row_numbers`` count the rows of the file from 1. ``unlabelled_rows`` were left out for lack of a
    target, ``weightless_rows`` for a weight of 0; ``remarks`` say so. ``infinite_cells`` counts the cells of a column
    that held an infinite number and are missing. ``options`` are those the whole file was read with, what was
    recognised included, and ``recognised`` says what that was.
    """

    source: str
    columns: Mapping[str, pa.Array]
    lines: NDArray[np.int64] | None = None
    skipped_rows: int = 0
    written: Mapping[str, pa.Array] = field(default_factory=dict)
    row_numbers: NDArray[np.int64] | None = None
    empty_rows: int = 0  # rows of a table from which no column was asked for
    nameless_columns: int = 0  # left out at the right edge, without a name or a value
    unlabelled_rows: int = 0
    weightless_rows: int = 0  # left out for a weight of 0
    remarks: tuple[str, ...] = ()
    typed: bool = False  # whether the file tells numbers from text, so that no number of it has a format
    infinite_cells: Mapping[str, int] = field(default_factory=dict)
    options: "ReadOptions | None" = None
    recognised: tuple[str, ...] = ()
    dates: Mapping[str, DateForm] = field(default_factory=dict)
    """The columns of days that were dates or times as text, and what they were."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """The columns whose numbers are codes by the way they are written, and how; they are numbers here or text."""
    other_types: Mapping[str, str] = field(default_factory=dict)
    """The columns whose type is neither numbers, text nor times, and its name; here they are text, or all missing."""

    @property
    def rows(self) -> int:
        """The number of rows."""
        for array in chain(self.columns.values(), self.written.values()):
            return len(array)
        return self.empty_rows

    @property
    def left_out_rows(self) -> int:
        """How many rows of the file are not here."""
        return self.skipped_rows + self.unlabelled_rows + self.weightless_rows

    @property
    def names(self) -> tuple[str, ...]:
        """The names of ``columns``, in the order of the file."""
        return tuple(self.columns)

    @property
    def bytes(self) -> int:
        """What its cells take in memory."""
        return sum(cells.nbytes for cells in chain(self.columns.values(), self.written.values()))

    def place(self, row: int, column: str | None = None) -> str:
        """Where a row (0 is the first of this table) stands: ``phones.csv line 7, column 'ram'``."""
        if self.lines is not None:
            position = f"line {self.lines[row]}"
        else:
            position = f"row {row + 1 if self.row_numbers is None else self.row_numbers[row]}"
        suffix = "" if column is None else f", column {column!r}"
        return f"{self.source} {position}{suffix}"

    def select(self, names: Sequence[str]) -> "Table":
        """The table with these ``columns``, in this order."""
        return replace(self, columns={name: self.columns[name] for name in names}, empty_rows=self.rows)

    def without(self, names: Collection[str]) -> "Table":
        """The table without these ``columns``."""
        return self.select([name for name in self.columns if name not in names])

    def take(self, rows: NDArray[np.integer]) -> "Table":
        """The rows of these indices, in this order; they keep their line numbers."""
        index = pa.array(np.asarray(rows, dtype=np.int64))
        return replace(
            self,
            columns={name: pc.take(array, index) for name, array in self.columns.items()},
            written={name: _taken(array, index) for name, array in self.written.items()},
            lines=None if self.lines is None else self.lines[rows],
            row_numbers=self.numbered[rows],
            empty_rows=len(index),
        )

    def slice(self, start: int, rows: int) -> "Table":
        """``rows`` rows from ``start`` on, without a copy; skipped rows count with the first slice."""
        stop = min(start + rows, self.rows)
        return replace(
            self,
            columns={name: array.slice(start, rows) for name, array in self.columns.items()},
            written={name: array.slice(start, rows) for name, array in self.written.items()},
            lines=None if self.lines is None else self.lines[start:stop],
            row_numbers=None if self.row_numbers is None else self.row_numbers[start:stop],
            skipped_rows=0 if start else self.skipped_rows,
            infinite_cells={} if start else self.infinite_cells,
            empty_rows=max(stop - start, 0),
        )

    @property
    def numbered(self) -> NDArray[np.int64]:
        """The number of each row in the file, from 1."""
        return np.arange(1, self.rows + 1) if self.row_numbers is None else self.row_numbers


def concat(tables: Sequence[Table]) -> Table:
    """One table of the rows of all, which must have the same columns."""
    first = tables[0]
    if len(tables) == 1:
        return first
    return replace(
        first,
        columns={name: pa.concat_arrays([table.columns[name] for table in tables]) for name in first.columns},
        written={name: pa.concat_arrays([table.written[name] for table in tables]) for name in first.written},
        lines=_stacked([table.lines for table in tables]),
        row_numbers=_stacked([table.row_numbers for table in tables]),
        skipped_rows=sum(table.skipped_rows for table in tables),
        infinite_cells=dict(sum((Counter(table.infinite_cells) for table in tables), Counter[str]())),
        codes={name: why for table in reversed(tables) for name, why in table.codes.items()},
        empty_rows=sum(table.rows for table in tables),
    )


def _taken(array: pa.Array, index: pa.Array) -> pa.Array:
    try:
        return pc.take(array, index)
    except pa.ArrowNotImplementedError:  # for string views, also inside of others (Arrow 26)
        rows = [array.slice(row, 1) for row in index.to_pylist()]
        return pa.concat_arrays([array.slice(0, 0), *rows])


def _stacked(positions: list[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    known = [part for part in positions if part is not None]
    return np.concatenate(known) if known else None
