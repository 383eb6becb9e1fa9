"""Parquet, row group by row group. Its columns have types; only the types that are numbers or text are taken."""

from bisect import bisect
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phoneprice.data.formats import Job
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.faults import file_fault, invalid_value, require_distinct, wrong_type
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.table import Table

_BUFFER_BYTES = 1 << 18
"""Read at once of a column."""


class ParquetReader:
    """Reads the schema at once and the rows in batches."""

    def __init__(self, source: str, file: BinaryIO, options: ReadOptions) -> None:
        self.source = source
        self._file = file
        self._options = options
        try:
            # Else a row group would be read whole, and kept until the end (apache/arrow#39808).
            self._parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER_BYTES)
            self._schema: pa.Schema = self._parquet.schema_arrow
            self.header = tuple(self._schema.names)
        except (pa.ArrowException, OSError, ValueError) as fault:
            raise _damaged(source, fault) from None
        require_distinct(source, self.header)

    @property
    def numeric_columns(self) -> frozenset[str]:
        """The columns of a number type, booleans included."""
        return frozenset(field.name for field in self._schema if is_number(field.type))

    def jobs(self, selection: Selection, chunk_rows: int) -> Iterator[Job]:
        """One job a batch."""
        self._check_types(selection)
        columns = ColumnReader(self.source, selection, self._options)
        first_row = 1
        try:
            for batch in self._parquet.iter_batches(chunk_rows, columns=list(selection.wanted)):
                yield partial(_parse, columns, batch, first_row)
                first_row += batch.num_rows
        except (pa.ArrowException, OSError) as fault:
            raise _damaged(self.source, fault) from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _check_types(self, selection: Selection) -> None:
        for name in selection.wanted:
            kind = self._schema.field(name).type
            if name in selection.numeric | selection.text and not (is_number(kind) or is_text(kind)):
                raise wrong_type(self.source, name, kind)


def _damaged(source: str, fault: Exception) -> Exception:
    reason = str(fault).split("\n", maxsplit=1)[0]
    return file_fault(source, f"found damaged Parquet data ({reason}); copy or download the file again")


def _parse(columns: ColumnReader, batch: pa.RecordBatch, first_row: int) -> Table:
    numeric = columns.selection.numeric
    for name in columns.selection.wanted:
        require_valid(columns.source, name, batch.column(name), first_row)
    cells = {name: plain(batch.column(name), name in numeric) for name in columns.selection.wanted}
    written = {name: decoded(batch.column(name)) for name in columns.selection.verbatim}
    row_numbers = np.arange(first_row, first_row + batch.num_rows)
    return columns.read(cells, None, row_numbers, batch.num_rows, written)


def require_valid(source: str, name: str, array: pa.Array, first_row: int = 1) -> None:
    """Raise ``DataError`` for a value that its type doesn't allow, such as text that is no UTF-8: Arrow checks none.

    It takes 10 ms for a million texts, and no time for numbers.
    """
    if not _is_valid(array):
        cells = decoded(array)
        row = bisect(range(1, len(cells)), 0, key=lambda rows: not _is_valid(_copied(cells, rows)))
        raise invalid_value(source, first_row + row, name, array.type)


def _copied(array: pa.Array, rows: int) -> pa.Array:
    """The first rows without what the others hold: a slice of lists has the values of all."""
    return pa.concat_arrays([array.slice(0, rows), array.slice(0, 0)])


def _is_valid(array: pa.Array) -> bool:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def plain(array: pa.Array, numeric: bool) -> pa.Array:
    """An array as float64 or string; other types, asked for verbatim only, as they are."""
    array = decoded(array)
    if is_text(array.type):
        return array.cast(pa.string())
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    if numeric:
        may_have_nan = pa.types.is_floating(array.type)
        values = array.cast(pa.float64(), safe=False)
        return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values) if may_have_nan else values
    return array


def decoded(array: pa.Array) -> pa.Array:
    """An array without the dictionary it may be stored with."""
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def is_number(kind: pa.DataType) -> bool:
    """Whether values of a type become float64."""
    types = pa.types
    return bool(
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_decimal(kind)
        or types.is_null(kind)
    )


def is_text(kind: pa.DataType) -> bool:
    """Whether values of a type are text."""
    types = pa.types
    if types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))
