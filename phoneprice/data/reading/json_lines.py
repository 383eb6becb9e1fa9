"""JSON Lines (https://jsonlines.org): one object a line, its keys the columns, the first object's keys the header.

Values become cells as text: a number as it is written, true and false as 1 and 0, null as missing. So the same table
reads the same from CSV and from JSON Lines. A key that a later object lacks is missing there. Cells that are to be JSON
again keep what they were.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NoReturn

import numpy as np

from phoneprice.data.formats import Job
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.cutting import RawSegment, RecordCutter
from phoneprice.data.reading.encodings import advice
from phoneprice.data.reading.faults import blank_line, empty, file_fault, line_fault, not_encoded
from phoneprice.data.reading.headers import checked_header, named_part
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.reading.text_source import Utf8Source
from phoneprice.data.reading.typed_cells import FALSE, TRUE, Number, read_typed
from phoneprice.data.reading.untyped import TextReader
from phoneprice.data.table import Table
from phoneprice.errors import DataError
from phoneprice.wording import quoted

Row = dict[str, str | None]
NESTED = "found a nested value, expected a number or text; flatten it"
ONE_VALUE = (
    "found JSON that is neither an object of numbers and text in each line nor an array of such objects "
    '([{"a": 1}, {"a": 2}]); write it so, as DataFrame.to_json(orient="records") of pandas does'
)
_TEXT: dict[object, str | None] = {True: TRUE, False: FALSE, None: None}


class JsonLinesReader(TextReader):
    """Reads the first object for the header, then segments of lines."""

    def __init__(self, stream: Utf8Source, options: ReadOptions) -> None:
        super().__init__(stream, options)
        self._cutter = RecordCutter(stream, quoted=False)
        self._first = self._cutter.take(1)
        keys = self._read_keys()
        self.header = checked_header(self.source, named_part(keys))
        self.edge = keys[len(self.header) :]

    def jobs(self, selection: Selection, chunk_rows: int) -> Iterator[Job]:
        """One job a segment."""
        columns = ColumnReader(self.source, selection, self._options)
        segment = self._first
        while segment is not None:
            yield partial(_parse, columns, segment)
            segment = self._cutter.take(chunk_rows)

    def _read_keys(self) -> tuple[str, ...]:
        if self._first is None:
            raise empty(self.source)
        try:
            row = _objects(self.source, self._first)[0][0]
        except DataError as fault:
            line, nested = self._first.data.strip(), str(fault).endswith(NESTED)
            if line == b"{" or line.startswith(b"[") or (nested and self._cutter.take(1) is None):
                raise file_fault(self.source, ONE_VALUE) from None
            raise
        if not row:
            raise line_fault(self.source, 1, "found an object without keys, expected the columns; add them")
        return tuple(row)


def _parse(columns: ColumnReader, segment: RawSegment) -> Table:
    rows, fault = _objects(columns.source, segment, frozenset(columns.selection.layout))
    lines = np.arange(segment.first_line, segment.first_line + len(rows))
    table = read_typed(columns, by_column(rows, columns.selection.wanted), lines, rows=len(rows))
    if fault is not None:
        raise fault
    return table


def by_column(rows: Sequence[Row], names: Iterable[str]) -> dict[str, list[str | None]]:
    """The cells of objects by column."""
    return {name: [row.get(name) for row in rows] for name in names}


def _objects(
    source: str, segment: RawSegment, header: frozenset[str] | None = None
) -> tuple[list[Row], DataError | None]:
    """The objects before the first fault, and the fault (raised when only the header is wanted)."""
    rows: list[Row] = []
    offset = segment.offset
    try:
        for line, data in enumerate(segment.data.split(b"\n")[:-1], start=segment.first_line):
            rows.append(_object(source, line, data, offset))
            _check_keys(source, line, rows, header)
            offset += len(data) + 1
    except DataError as fault:
        if header is None:
            raise
        return rows[: line - segment.first_line], fault
    return rows, None


def _check_keys(source: str, line: int, rows: list[Row], header: frozenset[str] | None) -> None:
    if header is not None and not header.issuperset(rows[-1]):
        extra = next(key for key in rows[-1] if key not in header)
        what = f"found the key {quoted(extra)}, expected the keys of line 1 only"
        raise line_fault(source, line, f"{what}; write every key in line 1 (null where it is missing)")


def _object(source: str, line: int, data: bytes, offset: int) -> Row:
    if data in {b"", b"\r"}:
        raise blank_line(source, line)
    try:
        pairs = DECODER.decode(data.decode())
    except UnicodeDecodeError as fault:
        place = f"{source} line {line}"
        raise not_encoded(place, data[fault.start], offset + fault.start, "utf-8", advice(data)) from None
    except (ValueError, RecursionError) as fault:
        raise line_fault(
            source, line, f"found {json_reason(fault)}, expected a JSON object; correct the line"
        ) from None
    if not isinstance(pairs, Pairs):
        found = quoted(data.decode())
        raise line_fault(source, line, f"found {found}, expected a JSON object; write one object a line")
    return row_of(pairs, partial(line_fault, source, line))


def row_of(pairs: "Pairs", fault: Callable[[str, str], DataError]) -> Row:
    """The cells of an object; ``fault`` makes the error of what is wrong at a key."""
    row: Row = {}
    for key, value in pairs:
        if key in row:
            raise fault("found the key twice, expected it once; remove one", key)
        if isinstance(value, list):  # an object is a list of pairs here
            raise fault(NESTED, key)
        row[key] = value if isinstance(value, str) else _TEXT[value]
        if not _encodable(key) or not _encodable(row[key]):
            raise fault("found half of a surrogate pair, expected text; correct it", key)
    return row


def _encodable(text: str | None) -> bool:
    if text is None or text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Pairs(list[tuple[str, object]]):
    """The members of an object, doubled keys and all."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def json_reason(fault: Exception) -> str:
    """What is wrong with text that is no JSON."""
    if isinstance(fault, RecursionError):
        return "deep nesting"
    if isinstance(fault, json.JSONDecodeError):
        return f"invalid JSON ({fault.msg} at character {fault.pos + 1})"
    return f"invalid JSON ({fault})"


# Numbers stay as they are written: 1.0 as a label is "1.0", and no integer is too long.
DECODER = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, parse_constant=_no_constant)
