"""JSON Lines (https://jsonlines.org): one object a line, its keys the columns, the first object's keys the header.

Values become cells as text: a number as it is written, true and false as 1 and 0, null as missing. So the same table
reads the same from CSV and from JSON Lines. A key that a later object lacks is missing there. Cells that are to be JSON
again keep what they were.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import NoReturn

import numpy as np
import pyarrow as pa

from phoneprice.data.arrow_types import json_cells
from phoneprice.data.formats import Job
from phoneprice.data.number_formats import NumberFormat
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.csv_reader import EMPTY
from phoneprice.data.reading.cutting import RawSegment, RecordCutter
from phoneprice.data.reading.faults import blank_line, file_fault, line_fault, not_encoded
from phoneprice.data.reading.headers import checked_header, named_part
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.reading.text_source import Utf8Source
from phoneprice.data.table import Table
from phoneprice.errors import DataError
from phoneprice.wording import quoted

Row = dict[str, str | None]


class JsonLinesReader:
    """Reads the first object for the header, then segments of lines."""

    def __init__(self, stream: Utf8Source, options: ReadOptions) -> None:
        self.source = stream.source
        self.numeric_columns: frozenset[str] | None = None
        self.other_types: Mapping[str, str] = {}
        self.most_bytes: int | None = None
        self._stream = stream
        self._options = options
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

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _read_keys(self) -> tuple[str, ...]:
        if self._first is None:
            raise file_fault(self.source, EMPTY)
        row = _objects(self.source, self._first)[0][0]
        if not row:
            raise line_fault(self.source, 1, "found an object without keys, expected the columns; add them")
        return tuple(row)


def _parse(columns: ColumnReader, segment: RawSegment) -> Table:
    rows, fault = _objects(columns.source, segment, frozenset(columns.selection.layout))
    cells = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns.selection.wanted}
    lines = np.arange(segment.first_line, segment.first_line + len(rows))
    read = cells | _formatted(columns, rows)
    table = columns.read(read, lines, rows=len(rows), written=cells | _as_json(columns.selection, rows))
    if fault is not None:
        raise fault
    return replace(table, typed=True)


def _as_json(selection: Selection, rows: list[Row]) -> dict[str, pa.Array]:
    """The cells that are to be JSON again."""
    columns = {name: [row.get(name) for row in rows] for name in selection.verbatim} if selection.as_json else {}
    return {name: json_cells(cells, list(map(_bare, cells))) for name, cells in columns.items()}


def _bare(cell: str | None) -> str | None:
    """What stood in the file without quotes."""
    if cell is _TRUE or cell is _FALSE:
        return "true" if cell is _TRUE else "false"
    return cell if isinstance(cell, _Number) else None


def _formatted(columns: ColumnReader, rows: list[Row]) -> dict[str, pa.Array]:
    """The columns whose numbers have a format of their own, with JSON's numbers, which have none, in that format."""
    selection = columns.selection
    formats = {name: columns.options.rules(name).number_format for name in selection.numeric | selection.verbatim}
    return {
        name: pa.array([_written(row.get(name), how) for row in rows], pa.string())
        for name, how in formats.items()
        if not how.plain
    }


def _written(cell: str | None, how: NumberFormat) -> str | None:
    return how.written(cell) if isinstance(cell, _Number) else cell


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
        pairs = _DECODER.decode(data.decode())
    except UnicodeDecodeError as fault:
        place = f"{source} line {line}"
        raise not_encoded(place, data[fault.start], offset + fault.start, "utf-8") from None
    except (ValueError, RecursionError) as fault:
        reason = "deep nesting" if isinstance(fault, RecursionError) else f"invalid JSON ({_reason(fault)})"
        raise line_fault(source, line, f"found {reason}, expected a JSON object; correct the line") from None
    if not isinstance(pairs, _Pairs):
        found = quoted(data.decode())
        raise line_fault(source, line, f"found {found}, expected a JSON object; write one object a line")
    return _row(source, line, pairs)


def _row(source: str, line: int, pairs: "_Pairs") -> Row:
    row: Row = {}
    for key, value in pairs:
        if key in row:
            raise line_fault(source, line, "found the key twice, expected it once; remove one", key)
        if isinstance(value, list):  # an object is a list of pairs here
            raise line_fault(source, line, "found a nested value, expected a number or text; flatten it", key)
        row[key] = value if isinstance(value, str) else _TEXT[value]
        if not _encodable(key) or not _encodable(row[key]):
            raise line_fault(source, line, "found half of a surrogate pair, expected text; correct it", key)
    return row


def _encodable(text: str | None) -> bool:
    if text is None or text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Number(str):
    """A number as it is written; other cells are text."""

    __slots__ = ()


_TRUE, _FALSE = _Number("1"), _Number("0")
_TEXT: dict[object, str | None] = {True: _TRUE, False: _FALSE, None: None}


class _Pairs(list[tuple[str, object]]):
    """The members of an object, doubled keys and all."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _reason(fault: ValueError) -> str:
    if isinstance(fault, json.JSONDecodeError):
        return f"{fault.msg} at character {fault.pos + 1}"
    return str(fault)


# Numbers stay as they are written: 1.0 as a label is "1.0", and no integer is too long.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number, parse_constant=_no_constant
)
