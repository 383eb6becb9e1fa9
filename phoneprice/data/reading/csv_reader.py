"""A CSV file as a header and a series of jobs that each parse a segment."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
import pyarrow as pa

from phoneprice.data.formats import Job
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.cutting import RawSegment, RecordCutter
from phoneprice.data.reading.fast_csv import FastParser, is_utf8
from phoneprice.data.reading.faults import file_fault
from phoneprice.data.reading.headers import checked_header, edge_keys, named_part
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.reading.strict_csv import Records, StrictParser
from phoneprice.data.reading.text_source import Utf8Source
from phoneprice.data.table import Table

EMPTY = "the file is empty, expected a header line with the names of the columns; check that it is the right file"
DELIMITERS = ",;\t|"


class CsvReader:
    """Reads the header at once and the rows segment by segment."""

    def __init__(self, stream: Utf8Source, options: ReadOptions) -> None:
        self.source = stream.source
        self.numeric_columns: frozenset[str] | None = None
        self.other_types: Mapping[str, str] = {}
        self.most_bytes: int | None = None
        self._stream = stream
        self._options = options
        self._cutter = RecordCutter(stream, quoted=True)
        self.header, self.edge = self._read_header()

    def jobs(self, selection: Selection, chunk_rows: int) -> Iterator[Job]:
        """One job a segment, to be run in any order."""
        segments = SegmentParser(self.source, selection, self._options)
        while (segment := self._cutter.take(chunk_rows)) is not None:
            yield partial(segments.parse, segment)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _read_header(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names, and keys for the nameless columns at the right edge."""
        segment = self._cutter.take(1)
        if segment is None:
            raise file_fault(self.source, EMPTY)
        self._check_delimiter(segment.data)
        records = StrictParser(self.source, self._options.delimiter, None).parse(segment)
        if records.fault is not None:
            raise records.fault
        first, *others = records.cells[0]
        found = (first if first.strip() else "", *others)
        names = named_part(found)
        return checked_header(self.source, names), edge_keys(len(found) - len(names))

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
