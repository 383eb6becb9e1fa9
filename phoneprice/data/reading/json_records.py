"""A JSON array of objects, as ``DataFrame.to_json(orient="records")`` and many services write it.

It is read element by element, however it is broken into lines, so memory does not grow with the file. What an object
means is as in JSON Lines.
"""

import codecs
import json
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from itertools import chain, islice

import numpy as np

from phoneprice.data.formats import Job
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.cutting import LARGE_RECORD, RECORD_BYTES
from phoneprice.data.reading.encodings import advice
from phoneprice.data.reading.faults import cell_fault, empty, file_fault, not_encoded
from phoneprice.data.reading.headers import named_part, require_distinct
from phoneprice.data.reading.json_lines import DECODER, Pairs, Row, by_column, json_reason, row_of
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.reading.text_source import Utf8Source
from phoneprice.data.reading.typed_cells import read_typed
from phoneprice.data.reading.untyped import TextReader
from phoneprice.data.table import Table
from phoneprice.errors import DataError
from phoneprice.wording import quoted

_SPACE = " \t\r\n"
_AT_THE_END = 16
"""Characters before the end of what was read in which a fault may come from the cut: an escape has 12."""


class JsonRecordsReader(TextReader):
    """Reads the first object for the header, then objects in groups."""

    def __init__(self, stream: Utf8Source, options: ReadOptions) -> None:
        super().__init__(stream, options)
        self._rows = _rows(stream)
        first = next(self._rows, None)
        if first is None:
            raise empty(self.source, "objects")
        if not first:
            raise cell_fault(self.source, 1, None, "found an object without keys, expected the columns; add them")
        self._rows = chain([first], self._rows)
        self.header = named_part(tuple(first))
        self.edge = tuple(first)[len(self.header) :]
        require_distinct(self.source, self.header, self.edge)

    def jobs(self, selection: Selection, chunk_rows: int) -> Iterator[Job]:
        """One job for each group of objects."""
        columns, first = ColumnReader(self.source, selection, self._options), 1
        while rows := list(islice(self._rows, chunk_rows)):
            yield partial(_parse, columns, rows, first)
            first += len(rows)


def _parse(columns: ColumnReader, rows: Sequence[Row], first: int) -> Table:
    known = frozenset(columns.selection.layout)
    for number, row in enumerate(rows, start=first):
        if not known.issuperset(row):
            extra = next(key for key in row if key not in known)
            what = f"found the key {quoted(extra)}, expected the keys of row 1 only"
            raise cell_fault(columns.source, number, None, f"{what}; write every key there (null where it is missing)")
    cells = by_column(rows, columns.selection.wanted)
    return read_typed(columns, cells, None, np.arange(first, first + len(rows)), len(rows))


def _rows(stream: Utf8Source) -> Iterator[Row]:
    for number, pairs in enumerate(_elements(stream), start=1):

        def fault(what: str, column: str, number: int = number) -> DataError:
            return cell_fault(stream.source, number, column, what)

        yield row_of(pairs, fault)


def _elements(stream: Utf8Source) -> Generator[Pairs]:
    """The objects of the array."""
    text = _Text(stream)
    text.take("[")
    if text.next_character() == "]":
        text.take("]")
    else:
        yield text.take_object(1)
        number = 2
        while text.next_character() == ",":
            text.take(",")
            yield text.take_object(number)
            number += 1
        text.take("]")
    if text.next_character():
        raise file_fault(stream.source, "found text after the end of the JSON array; remove it")


class _Text:
    """The text of a stream, as much of it as an element needs."""

    def __init__(self, stream: Utf8Source) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._offset = stream.offset
        self._read = ""
        self._place = 0
        self._ended = False

    def next_character(self) -> str:
        """The next one that is no white space, still to be read; empty at the end."""
        while True:
            while self._place < len(self._read) and self._read[self._place] in _SPACE:
                self._place += 1
            if self._place < len(self._read) or not self._more():
                return self._read[self._place : self._place + 1]

    def take(self, character: str) -> None:
        """Pass over this character; raises ``DataError`` where another stands."""
        if self.next_character() != character:
            raise file_fault(
                self._stream.source, f"found {self._seen()}, expected {character!r} of a JSON array; correct it"
            )
        self._place += 1

    def take_object(self, number: int) -> Pairs:
        """The object that stands next; raises ``DataError`` where there is none."""
        source = self._stream.source
        if self.next_character() != "{":
            raise cell_fault(source, number, None, f"found {self._seen()}, expected a JSON object; correct it")
        while True:
            try:
                pairs, self._place = DECODER.raw_decode(self._read, self._place)
            except (ValueError, RecursionError) as fault:
                if self._may_be_cut(fault) and self._more():
                    if len(self._read) > RECORD_BYTES:
                        raise cell_fault(source, number, None, LARGE_RECORD) from None
                    continue
                what = f"found {json_reason(fault)}, expected a JSON object; correct it"
                raise cell_fault(source, number, None, what) from None
            assert isinstance(pairs, Pairs)  # a fact for mypy: it begins with a brace
            return pairs

    def _seen(self) -> str:
        """What stands next, in a message."""
        return quoted(self._read[self._place : self._place + 20]) if self.next_character() else "the end of the file"

    def _may_be_cut(self, fault: Exception) -> bool:
        if not isinstance(fault, json.JSONDecodeError):
            return False
        return fault.msg.startswith("Unterminated") or fault.pos >= len(self._read) - _AT_THE_END

    def _more(self) -> bool:
        """Read on, and forget what was taken."""
        if self._ended:
            return False
        data = self._stream.read()
        self._ended = not data
        waiting = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as fault:
            offset = self._offset - waiting + fault.start
            byte = fault.object[fault.start]
            raise not_encoded(self._stream.source, byte, offset, "utf-8", advice(fault.object)) from None
        self._offset += len(data)
        self._read, self._place = self._read[self._place :] + text, 0
        return not self._ended
