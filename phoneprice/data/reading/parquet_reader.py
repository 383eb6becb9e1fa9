"""Parquet, batch by batch. Its columns have types; those that are numbers, text or times are taken."""

from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phoneprice.data.arrow_types import decoded, is_number, is_text, is_time, seconds
from phoneprice.data.cell_text import simple
from phoneprice.data.formats import Job
from phoneprice.data.reading.bounded_parquet import BoundedParquet, ParquetError
from phoneprice.data.reading.cells import without_missing_numbers
from phoneprice.data.reading.codes import rounded_reason
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.faults import cell_fault, invalid_value, wrong_type
from phoneprice.data.reading.headers import named_part, require_distinct
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.table import Table


class Bounded(Protocol):
    """A file of typed columns that never takes more memory than it says."""

    schema: pa.Schema
    header: tuple[str, ...]

    def batches(self, names: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """The columns ``names`` in batches of at most ``rows`` rows."""

    def held_bytes(self) -> int:
        """The bytes that values of the file may take as a whole."""


class ParquetReader:
    """Reads the schema at once and the rows in batches; those of Arrow's own files, too."""

    def __init__(
        self, source: str, file: BinaryIO, options: ReadOptions, bounded: Callable[[BinaryIO], Bounded] = BoundedParquet
    ) -> None:
        self.source = source
        self._file = file
        self.options = options
        with _faults_of(source):
            self._parquet = bounded(file)
        names = self._parquet.header
        self.header = named_part(names)
        self.edge = names[len(self.header) :]
        self.most_bytes: int | None = self._parquet.held_bytes()
        require_distinct(source, self.header, self.edge)

    @property
    def numeric_columns(self) -> frozenset[str]:
        """The columns of a number type, booleans included."""
        return frozenset(field.name for field in self._parquet.schema if is_number(field.type))

    @property
    def other_types(self) -> dict[str, str]:
        """The columns of all other types than those of numbers, text and times."""
        return {field.name: str(field.type) for field in self._parquet.schema if not _is_taken(field.type)}

    def remarks(self) -> list[str]:
        """Nothing: all is declared."""
        return []

    def jobs(self, selection: Selection, chunk_rows: int) -> Iterator[Job]:
        """One job a batch."""
        self._check_types(selection)
        columns = ColumnReader(self.source, selection, self.options)
        first_row = 1
        with _faults_of(self.source):
            for batch in self._parquet.batches(selection.wanted, chunk_rows):
                yield partial(_parse, columns, batch, first_row)
                first_row += batch.num_rows

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _check_types(self, selection: Selection) -> None:
        used = selection.numeric | selection.text | selection.dates.keys()
        for name in selection.wanted:
            kind = self._parquet.schema.field(name).type
            if name in used and not _is_taken(kind):
                raise wrong_type(self.source, name, kind)


def _is_taken(kind: pa.DataType) -> bool:
    return is_number(kind) or is_text(kind) or is_time(kind)


@contextmanager
def _faults_of(source: str) -> Iterator[None]:
    try:
        yield
    except ParquetError as fault:
        raise cell_fault(source, fault.row, fault.column, fault.what) from None


def _parse(columns: ColumnReader, batch: pa.RecordBatch, first_row: int) -> Table:
    numeric = columns.selection.numeric
    for name in columns.selection.wanted:
        require_valid(columns.source, name, batch.column(name), first_row)
    cells = {name: plain(batch.column(name), name in numeric) for name in columns.selection.wanted}
    for name in numeric:
        if pa.types.is_floating(cells[name].type):
            cells[name] = without_missing_numbers(cells[name], columns.options.rules(name).missing_values)
    written = {name: decoded(batch.column(name)) for name in columns.selection.verbatim}
    row_numbers = np.arange(first_row, first_row + batch.num_rows)
    table = columns.read(cells, None, row_numbers, batch.num_rows, written)
    codes = {name: why for name in numeric if (why := rounded_reason(batch.column(name)))}
    return replace(table, codes=codes) if codes else table


def require_valid(source: str, name: str, array: pa.Array, first_row: int = 1) -> None:
    """Raise ``DataError`` for a value that its type doesn't allow, such as text that is no UTF-8: Arrow checks none.

    It takes 10 ms for a million texts, and no time for numbers.
    """
    if not _is_valid(array):
        row = _first_invalid(array)
        kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
        raise invalid_value(source, first_row + row, name, kind)


def _first_invalid(array: pa.Array) -> int:
    if pa.types.is_dictionary(array.type):
        indices = pc.fill_null(array.indices, 0).to_numpy(zero_copy_only=False)
        nowhere = np.flatnonzero((indices < 0) | (indices >= len(array.dictionary)))
        if len(nowhere):
            return int(nowhere[0])
    cells = decoded(array)
    return bisect(range(1, len(cells)), 0, key=lambda rows: not _is_valid(_copied(cells, rows)))


def _copied(array: pa.Array, rows: int) -> pa.Array:
    """The first rows without what the others hold: a slice of lists has the values of all."""
    return pa.concat_arrays([array.slice(0, rows), array.slice(0, 0)])


def _is_valid(array: pa.Array) -> bool:
    try:
        array.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowIndexError):
        return False
    return True


def plain(array: pa.Array, numeric: bool) -> pa.Array:
    """An array as float64 or string, dates and times as text, durations as seconds.

    Other types, asked for verbatim only, stay as they are.
    """
    array = decoded(array)
    if is_text(array.type):
        return array.cast(pa.string())
    if pa.types.is_duration(array.type):
        array = seconds(array)
    if is_time(array.type):
        return simple(array)
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    if numeric:
        may_have_nan = pa.types.is_floating(array.type)
        values = array.cast(pa.float64(), safe=False)
        return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values) if may_have_nan else values
    return array
