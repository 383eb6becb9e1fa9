"""Parquet in batches of bounded size, whatever the file unpacks to: a few bytes may stand for gigabytes."""

import os
import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from phoneprice.data.arrow_types import decoded, has_length, is_text
from phoneprice.data.reading.cutting import LARGE_RECORD, RECORD_BYTES
from phoneprice.data.reading.faults import too_much
from phoneprice.data.reading.parquet_pages import Leaf, PageError, Unpacked, unpacked
from phoneprice.shortage import resource_error
from phoneprice.wording import size

_BUFFER_BYTES = 1 << 18
"""Read at once of a column."""
FOOTER_BYTES = 64 << 20
"""100,000 columns have 20 MB."""
OPEN_BYTES = 64 << 20
"""Of the pages that are in memory at a time, one a column, and of the values of a batch."""
OPEN_RATIO = 256
"""How many times the size of the file that may be, where it is more."""
HELD_BYTES, HELD_RATIO = 512 << 20, 1024
"""The same for the values of a whole table in memory. Columns of a few ones among zeros come near."""
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}


class ParquetError(ValueError):
    """What is wrong with a file, and in which column and row (from 1), where that is known."""

    def __init__(self, what: str, column: str | None = None, row: int | None = None) -> None:
        super().__init__(what)
        self.what, self.column, self.row = what, column, row


class BoundedParquet:
    """An open Parquet file. Raises ``ParquetError``; a lack of memory or files stays what it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = file.seek(0, os.SEEK_END)
        _check_footer(file, self.bytes)
        with _ArrowFaults():
            self._parquet = self._open(())
            self.schema: pa.Schema = self._parquet.schema_arrow
        self.header = tuple(self.schema.names)

    @cached_property
    def rows(self) -> int:
        """Rows, by the footer."""
        return int(self._parquet.metadata.num_rows)

    def batches(self, names: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """The columns ``names`` in batches of at most ``rows`` rows, fewer where they are large.

        Text may come as dictionary arrays.
        """
        with _ArrowFaults():
            columns = self._unpacked(names)
            self._check_open(columns)
            columns = [self._with_longest_word(found) if found.words == "first" else found for found in columns]
            least = _batch_rows(columns, rows, self._open_bytes)
            texts = list(dict.fromkeys(found.leaf.column for found in columns if found.words == "all"))
            parquet = self._open(texts) if texts else self._parquet
            first = 1
            for batch in parquet.iter_batches(least, columns=list(names)):
                yield from pieces(self._as_declared(batch), first)
                first += batch.num_rows

    def _as_declared(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with long offsets of texts where the file says so: its dictionaries come with short ones."""
        kinds = [self.schema.field(name).type for name in batch.schema.names]
        columns = [_with_values_of(array, kind) for array, kind in zip(batch.columns, kinds, strict=True)]
        return pa.record_batch(columns, names=batch.schema.names)

    def held(self, names: Sequence[str], most: int = HELD_BYTES) -> pa.Table:
        """These columns as a whole, if they take no more than ``held_bytes(most)``."""
        batches, left = [], self.held_bytes(most)
        for batch in self.batches(names, 1 << 16):
            left -= sum(_written_bytes(column) for column in batch.columns)
            if left < 0:
                raise ParquetError(too_much(self.held_bytes(most)))
            batches.append(pa.record_batch([decoded(column) for column in batch.columns], names=batch.schema.names))
        none = pa.schema([self.schema.field(name) for name in names]).empty_table()
        return pa.Table.from_batches(batches) if batches else none

    def held_bytes(self, most: int = HELD_BYTES) -> int:
        """The bytes that values of the file may take as a whole: ``most``, or more where the file is large."""
        return max(most, HELD_RATIO * self.bytes)

    def _open(self, texts: Collection[str]) -> pq.ParquetFile:
        # Without pre_buffer: else a row group would be read whole, and kept until the end (apache/arrow#39808).
        return pq.ParquetFile(self._file, pre_buffer=False, buffer_size=_BUFFER_BYTES, read_dictionary=list(texts))

    @property
    def _open_bytes(self) -> int:
        return max(OPEN_BYTES, OPEN_RATIO * self.bytes)

    def _unpacked(self, names: Sequence[str]) -> list[Unpacked]:
        wanted, metadata, schema = frozenset(names), self._parquet.metadata, self._parquet.schema
        leaves = ((i, schema.column(i)) for i in range(len(schema.names)))
        try:
            return [
                unpacked(self._file, metadata, i, self._leaf(column, name))
                for i, column in leaves
                if (name := _top(column.path, wanted)) is not None
            ]
        except PageError as fault:
            raise ParquetError(f"found damaged Parquet data ({fault}); copy or download the file again") from None

    def _with_longest_word(self, found: Unpacked) -> Unpacked:
        """With the longest word of the dictionaries: text of which some is in none takes long to be read as indices."""
        name, longest = found.leaf.column, 0
        parquet = self._open([name])
        for group in range(parquet.num_row_groups):
            for batch in islice(parquet.iter_batches(1, row_groups=[group], columns=[name]), 1):
                longest = max(longest, int(pc.max(pc.binary_length(batch.column(0).dictionary)).as_py() or 0))
        return replace(found, row_bytes=found.row_bytes + longest)

    def _leaf(self, column: Any, name: str) -> Leaf:
        width = _WIDTHS.get(column.physical_type)
        if column.physical_type == "FIXED_LEN_BYTE_ARRAY":
            width = column.length
        text = width is None and column.path == name and is_text(self.schema.field(name).type)
        return Leaf(name, width, column.max_repetition_level > 0, text)

    def _check_open(self, columns: Sequence[Unpacked]) -> None:
        for found in columns:
            if found.largest_value > RECORD_BYTES:
                raise ParquetError(f"{LARGE_RECORD}; shorten its text", found.leaf.column)
        together = sum(found.open_bytes for found in columns)
        if together > (allowed := self._open_bytes):
            largest = max(columns, key=lambda found: found.open_bytes)
            what = f"found pages that unpack to {size(together)}, one a column, expected at most {size(allowed)}"
            raise ParquetError(f"{what}; write the file in smaller pages or row groups", largest.leaf.column)
        for found in columns:
            if (most := int(found.page_bytes.max())) > allowed:
                what = f"found nested values that unpack to {size(most)} in a row group"
                raise ParquetError(f"{what}, expected at most {size(allowed)}; leave the column out", found.leaf.column)


class _ArrowFaults:
    """Turns what Arrow says of a file in the body into ``ParquetError``, but for a lack of memory or of files."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, fault: BaseException | None, _traceback: object) -> None:
        if isinstance(fault, (pa.ArrowException, OSError)) and resource_error(fault) is None:
            reason = str(fault).split("\n", maxsplit=1)[0]
            raise ParquetError(f"found damaged Parquet data ({reason}); copy or download the file again") from None


def _check_footer(file: BinaryIO, n_bytes: int) -> None:
    """The length of the footer stands before the last four bytes; nonsense is left to Arrow."""
    if n_bytes < 12:
        return
    file.seek(n_bytes - 8)
    (length,) = struct.unpack("<I", file.read(4))
    if FOOTER_BYTES < length <= n_bytes:
        what = f"found a footer of {size(length)}, expected at most {size(FOOTER_BYTES)}"
        raise ParquetError(f"{what}; write it with larger row groups")


def _with_values_of(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if not pa.types.is_dictionary(array.type) or pa.types.is_dictionary(kind) or array.type.value_type == kind:
        return array
    if pa.types.is_string_view(kind):
        return array  # Arrow decodes no dictionaries of views
    return pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(kind))


def _top(path: str, wanted: frozenset[str]) -> str | None:
    """The wanted column that a leaf is of: of ``a.b.c`` it may be ``a``, ``a.b`` or ``a.b.c``."""
    while path not in wanted:
        path, point, _ = path.rpartition(".")
        if not point:
            return None
    return path


def _batch_rows(columns: Sequence[Unpacked], rows: int, allowed: int) -> int:
    """As many rows as are sure to take no more memory than ``allowed``, besides the pages that one row is in."""
    total = max((int(found.row_ends[-1]) for found in columns), default=0)
    rows = max(1, min(rows, total))
    least = sum(found.batch_bytes(1) for found in columns)
    while rows > 1 and sum(found.batch_bytes(rows) for found in columns) > allowed + least:
        rows //= 2
    return rows


def pieces(batch: pa.RecordBatch, first_row: int) -> Iterator[pa.RecordBatch]:
    """The batch in pieces whose text is small enough to be written out; raises ``ParquetError`` for a huge record."""
    if sum(_text_bytes_at_most(column) for column in batch.columns) <= RECORD_BYTES:
        yield batch
        return
    lengths = [_text_bytes(column) for column in batch.columns]
    records = np.sum(lengths, axis=0)
    if records.max() > RECORD_BYTES:
        row = int(np.flatnonzero(records > RECORD_BYTES)[0])
        longest = int(np.argmax([found[row] for found in lengths]))
        raise ParquetError(f"{LARGE_RECORD}; shorten its text", batch.schema.names[longest], first_row + row)
    start, ends = 0, np.cumsum(records)
    while start < batch.num_rows:
        before = int(ends[start - 1]) if start else 0
        stop = int(np.searchsorted(ends, before + RECORD_BYTES, side="right"))
        yield batch.slice(start, stop - start)
        start = stop


def _text_bytes_at_most(array: pa.Array) -> int:
    if pa.types.is_dictionary(array.type):
        words = array.dictionary
        return len(array) * (int(pc.max(pc.binary_length(words)).as_py() or 0) if has_length(words.type) else 8)
    return int(array.nbytes) if has_length(array.type) else 0


def _text_bytes(array: pa.Array) -> NDArray[np.int64]:
    """The bytes of each cell ``(rows,)`` written out; 0 where they are no text."""
    cells = array.dictionary if pa.types.is_dictionary(array.type) else array
    if not has_length(cells.type):
        return np.zeros(len(array), np.int64)
    lengths = pc.fill_null(pc.binary_length(cells).cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    if cells is array:
        return np.asarray(lengths, np.int64)
    places = pc.fill_null(array.indices, 0).to_numpy(zero_copy_only=False)
    known = array.is_valid().to_numpy(zero_copy_only=False)
    return np.where(known, lengths[places] if len(lengths) else 0, 0).astype(np.int64)


def _written_bytes(array: pa.Array) -> int:
    """The bytes of an array in memory, without a dictionary."""
    if pa.types.is_dictionary(array.type):
        return int(_text_bytes(array).sum()) + 8 * len(array)
    return int(array.nbytes)
