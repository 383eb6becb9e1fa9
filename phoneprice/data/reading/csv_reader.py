"""A CSV file as a header and a series of jobs that each parse a segment."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa

from phoneprice.data.formats import Job
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.cutting import RawSegment, RecordCutter
from phoneprice.data.reading.fast_csv import FastParser, is_utf8
from phoneprice.data.reading.faults import empty, file_fault, line_fault
from phoneprice.data.reading.headers import names_and_edge, numbered_columns
from phoneprice.data.reading.layout import (
    DELIMITERS,
    ENOUGH_ROWS,
    PREVIEW_BYTES,
    SEP_LINE_BYTES,
    completed,
    declared_delimiter,
    lacks_a_name,
    names_suspected,
    recognised_layout,
)
from phoneprice.data.reading.options import AUTO, ReadOptions, Selection
from phoneprice.data.reading.strict_csv import Records, StrictParser
from phoneprice.data.reading.text_source import Utf8Source
from phoneprice.data.reading.untyped import TextReader
from phoneprice.data.table import Table


class CsvReader(TextReader):
    """Reads the header at once and the rows segment by segment; what stands above the header is left out."""

    def __init__(self, stream: Utf8Source, options: ReadOptions) -> None:
        super().__init__(stream, options)
        declared = self._take_sep_line()
        self._options = _laid_out(stream, replace(options, delimiter=declared) if declared else options)
        self._head = _first_lines(stream, self._options.delimiter)
        self._line = int(self._options.skip_lines) + (2 if declared else 1)
        self._cutter = RecordCutter(stream, quoted=True, first_line=self._line)
        self._first: RawSegment | None = None
        self.header, self.edge = self._read_header()

    def remarks(self) -> list[str]:
        """What was recognised, and a header that looks like none."""
        suspected = names_suspected(self.header) if self._options.header else None
        return [*super().remarks(), *([suspected] if suspected else [])]

    def jobs(self, selection: Selection, chunk_rows: int) -> Iterator[Job]:
        """One job a segment, to be run in any order."""
        segments = SegmentParser(self.source, selection, self._options)
        segment = self._first or self._cutter.take(chunk_rows)
        while segment is not None:
            yield partial(segments.parse, segment)
            segment = self._cutter.take(chunk_rows)

    def _take_sep_line(self) -> str | None:
        """Take off Excel's ``sep=`` line, if there is one, and return the delimiter that it names."""
        declared = declared_delimiter(self._stream.peek(SEP_LINE_BYTES))
        if declared is None:
            return None
        if self._asked.delimiter not in {AUTO, declared}:
            what = f"found Excel's line sep={declared}, expected the delimiter {self._asked.delimiter!r}"
            raise line_fault(self.source, 1, f"{what}; use --delimiter {declared!r}")
        self._stream.drop_lines(1)
        return declared

    def _read_header(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names, and keys for the nameless columns at the right edge."""
        segment = self._cutter.take(1)
        if segment is None:
            raise empty(self.source)
        self._check_delimiter(segment.data)
        records = StrictParser(self.source, self._options.delimiter, None).parse(segment)
        if records.fault is not None:
            raise records.fault
        first, *others = records.cells[0]
        if not self._options.header:
            self._first = segment
            return numbered_columns(1 + len(others)), ()
        return names_and_edge(self.source, completed((first, *others), self._head, self._options.delimiter), self._line)

    def _check_delimiter(self, header: bytes) -> None:
        """One column whose name holds another delimiter is a table read with the wrong one."""
        if b"\0" in header or not is_utf8(header):
            return  # another fault, such as UTF-16, for the parser
        unquoted = re.sub(r'"[^"]*"', "", header.decode())
        counts = Counter(character for character in unquoted if character in DELIMITERS)
        if counts and not counts[self._options.delimiter] and self._options.delimiter not in unquoted:
            likely = repr(counts.most_common(1)[0][0])
            raise file_fault(
                self.source,
                f"one column found; the file looks like it uses {likely} (use --delimiter {likely})",
            )


def _first_lines(stream: Utf8Source, delimiter: str) -> bytes:
    """As many lines as tell which name the header lacks; none where the first row fits it: a pipe may have no more."""
    fits = not lacks_a_name(stream.peek_lines(2), delimiter)
    return b"" if fits else stream.peek_lines(1 + ENOUGH_ROWS)


def _laid_out(stream: Utf8Source, options: ReadOptions) -> ReadOptions:
    """The options with what the first lines tell of the layout; the lines above the header are taken off."""
    if options.skip_lines != AUTO:
        stream.drop_lines(options.skip_lines)
    if AUTO not in {options.delimiter, options.skip_lines}:
        return options
    known = None if options.delimiter == AUTO else options.delimiter
    if options.skip_lines in {AUTO, 0} and (found := _delimiter_of_header(stream, known, options.names)):
        return replace(options, delimiter=found, skip_lines=0)
    layout = recognised_layout(stream.peek(PREVIEW_BYTES), known)
    if options.skip_lines != AUTO:
        return replace(options, delimiter=layout.delimiter)
    stream.drop_lines(layout.skip_lines)
    return replace(options, delimiter=layout.delimiter, skip_lines=layout.skip_lines)


def _delimiter_of_header(stream: Utf8Source, known: str | None, names: frozenset[str]) -> str | None:
    """The delimiter by which the first line has all of some names, if one has: no more lines need to be waited for."""
    if not names:
        return None
    line, _, _ = stream.peek_lines(1).decode(errors="replace").partition("\n")
    usable = known or DELIMITERS[::-1]  # a comma for a name alone
    fitting = (mark for mark in usable if names <= {cell.strip('"') for cell in line.rstrip("\r").split(mark)})
    return next(fitting, None)


class SegmentParser:
    """Fast where that is safe, strict elsewhere; both give the same table."""

    def __init__(self, source: str, selection: Selection, options: ReadOptions) -> None:
        self._selection = selection
        self._columns = ColumnReader(source, selection, options)
        self._fast = FastParser(self._columns)
        self._strict = StrictParser(source, options.delimiter, len(selection.layout), len(selection.edge))

    def parse(self, segment: RawSegment) -> Table:
        """The rows of a segment; raises ``DataError`` for its first fault."""
        table = self._fast.parse(segment)
        return self.parse_strictly(segment) if table is None else table

    def parse_strictly(self, segment: RawSegment) -> Table:
        """The same without the fast reader."""
        records = self._strict.parse(segment)
        # A faulty cell before the broken record is the first fault.
        table = self._columns.read(self._cells(records), np.array(records.lines, np.int64), rows=len(records.lines))
        if records.fault is not None:
            raise records.fault
        return table

    def _cells(self, records: Records) -> dict[str, pa.Array]:
        places = {name: place for place, name in enumerate(self._selection.layout)}
        columns = list(zip(*records.cells, strict=True)) or [()] * len(places)
        return {name: pa.array(columns[places[name]], pa.string()) for name in self._selection.wanted}
