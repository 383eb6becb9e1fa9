"""CSV by Arrow, for segments in which Arrow can't go wrong.

Arrow takes ``"15"7`` as 157, an unterminated last cell, NUL bytes and blank lines, and counts rows instead of
lines. So a segment goes to Arrow only if it has no quote, NUL byte, blank line or lone carriage return and is valid
UTF-8 (quotes around cells that need none are taken off first). Whatever Arrow then refuses, or reads as a value
that is not finite, goes to the strict reader.
"""

import codecs
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv

from phoneprice.data.reading.cells import finite, number_like, spellings
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.cutting import CR, LF, RawSegment
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.table import Table


class FastParser:
    """Parses segments of one file, or declines."""

    def __init__(self, columns: ColumnReader) -> None:
        self._columns = columns
        self._selection = columns.selection
        self._needless_quotes = _needless_quotes(columns.options.delimiter)
        self._number_like = number_like(columns.options.missing_values)
        self._floats = _float_columns(self._selection, columns.options)
        self._parse = pa.csv.ParseOptions(
            delimiter=columns.options.delimiter, quote_char=False, double_quote=False, escape_char=False
        )
        self._convert = _convert_options(self._selection, self._floats, columns.options)

    def parse(self, segment: RawSegment) -> Table | None:
        """The table, or None if the strict reader has to look at the segment."""
        data = self._without_quotes(segment.data)
        rows = _plain_lines(data)
        if rows is None or self._spaced_missing_numbers(data):
            return None
        read = pa.csv.ReadOptions(
            use_threads=False, block_size=len(data) + 1, column_names=list(self._selection.layout)
        )
        try:
            found = pa.csv.read_csv(pa.BufferReader(data), read, self._parse, self._convert)
        except pa.ArrowInvalid:
            return None
        if found.num_rows != rows:
            return None
        cells = {name: _one_array(found[name]) for name in self._selection.wanted}
        if not all(finite(cells[name]) for name in self._floats):
            return None
        return self._columns.read(cells, np.arange(segment.first_line, segment.first_line + rows), rows=rows)

    def _without_quotes(self, data: bytes) -> bytes:
        """The segment without its quotes, if each cell in quotes would be the same cell without them."""
        if b'"' not in data or not self._needless_quotes.fullmatch(data):
            return data
        return data.replace(b'"', b"")

    def _spaced_missing_numbers(self, data: bytes) -> bool:
        """Arrow compares missing values with their outer spaces: " -999" would be a number to it."""
        return self._number_like and (b" " in data or b"\t" in data)


def _float_columns(selection: Selection, options: ReadOptions) -> frozenset[str]:
    """The columns that Arrow makes numbers of; the others come as text."""
    return frozenset(filter(options.read_by_arrow, selection.numeric - selection.verbatim))


def _convert_options(selection: Selection, as_float: frozenset[str], options: ReadOptions) -> pa.csv.ConvertOptions:
    types = {name: pa.float64() if name in as_float else pa.string() for name in selection.wanted}
    # With no column asked for, one is read all the same: Arrow takes an empty list as "all".
    included = list(selection.wanted) or [selection.header[0]]
    return pa.csv.ConvertOptions(
        check_utf8=False,
        column_types=types or {included[0]: pa.string()},
        include_columns=included,
        # Each column has a copy of all these words, of some 20 kB. Text is never null here, and nothing is boolean.
        null_values=spellings(options.missing_values) if as_float else [],
        true_values=[],
        false_values=[],
        strings_can_be_null=False,
    )


def _needless_quotes(delimiter: str) -> re.Pattern[bytes]:
    """Cells of which those in quotes hold no delimiter, quote or line end, up to the end of the segment."""
    d = re.escape(delimiter).encode()
    cell = rb'[^"\r\n' + d + rb"]*+"
    return re.compile(rb'(?:(?:"' + cell + rb'"|' + cell + rb")(?:" + d + rb"|\r?\n))*+")


def _plain_lines(data: bytes) -> int | None:
    """The number of lines, or None if the segment holds what Arrow treats its own way."""
    # Arrow would take a byte-order mark off every segment, not only off the start of the file.
    if b'"' in data or b"\0" in data or data.startswith(codecs.BOM_UTF8) or not is_utf8(data):
        return None
    characters = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(characters == LF)
    lengths = np.diff(ends, prepend=-1) - 1
    if b"\r" in data:
        before = characters[ends - 1] == CR  # ends[0] is 0 only for a blank line, which is refused below
        if np.count_nonzero(before) != data.count(b"\r"):
            return None
        lengths = lengths - before
    return None if len(ends) == 0 or lengths.min() <= 0 else len(ends)


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are valid UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
