"""Excel workbooks (``.xlsx``): a worksheet as rows of text, read by python-calamine (the extra ``excel``).

Numbers are spelled as shortly as they read back (``1`` for 1.0), true and false are 1 and 0, dates and times are as in
ISO 8601, durations are days; a cell with an error is empty. From there on a sheet is read as CSV is, its rows counted
as the program that made it counts them.

calamine unpacks the whole sheet, and has a place for every cell of the rectangle that they span. So the archive is
gone through first: how much it unpacks to, and which cells are the farthest.
"""

import datetime as dt
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from phoneprice.data.formats import Job
from phoneprice.data.reading.archives import ZIP_FAULTS
from phoneprice.data.reading.codes import MOST_EXACT
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.cutting import RECORD_BYTES
from phoneprice.data.reading.faults import blank_line, file_fault
from phoneprice.data.reading.headers import names_and_edge, numbered_columns
from phoneprice.data.reading.layout import PREVIEW_RECORDS, header_place, names_suspected
from phoneprice.data.reading.options import AUTO, ReadOptions, Selection, recognised_remark
from phoneprice.data.reading.typed_cells import FALSE, TRUE, Number, read_typed
from phoneprice.data.reading.untyped import UntypedReader
from phoneprice.data.table import Table
from phoneprice.data.values import number_text
from phoneprice.errors import DataError
from phoneprice.suggestions import nearest
from phoneprice.wording import counted, first_of, printable, size

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

UNPACKED_BYTES, UNPACKED_RATIO = 64 << 20, 64
"""What the archive may unpack to: so much, or so many times its size. Sheets are usually packed to a tenth."""
CELLS, CELLS_A_BYTE = 1 << 22, 2
"""The same for the cells of the rectangle, of which each takes some 30 bytes."""
_READ_BYTES = 1 << 20
_TAG_BYTES = 256
_END_OF_ROW = b"row>"
"""Whatever prefix its name has."""
_EMPTY_CELLS = re.compile(rb'<c r="[A-Z]{1,3}[0-9]{1,7}"(?: s="[0-9]+")?/>')
_EMPTY_ROWS = re.compile(rb"<row [^<>]*/>|<row [^<>]*></row>")
_PLACES = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})([0-9]{0,9})["']""")
"""Cells and rows; formats without a value, which may reach to the last row, are taken out before."""

Cell = str | float | int | bool | dt.date | dt.time | dt.timedelta
Row = list[str]


class ExcelReader(UntypedReader):
    """Reads the header at once and the rows in groups."""

    def __init__(self, source: str, file: BinaryIO, options: ReadOptions) -> None:
        super().__init__(source, file, options)
        _check_bounds(source, file)
        rows = enumerate(_rows_of(_opened(source, file), source, options.part), start=1)
        preview = list(islice(rows, PREVIEW_RECORDS))
        skipped = header_place([row for _, row in preview]) if options.skip_lines == AUTO else int(options.skip_lines)
        self.options = replace(options, skip_lines=skipped)
        self._rows: Iterator[tuple[int, Row]] = islice(chain(preview, rows), skipped, None)
        self.header, self.edge = self._read_header()

    def remarks(self) -> list[str]:
        """Rows above the header, and a header that looks like none."""
        suspected = names_suspected(self.header) if self.options.header else None
        told = recognised_remark(self._asked, self.options)
        return [remark for remark in (told, suspected) if remark]

    def jobs(self, selection: Selection, chunk_rows: int) -> Iterator[Job]:
        """One job for each group of rows."""
        columns = ColumnReader(self.source, selection, self.options)
        rows = _without_blank_end(self._rows, self.source)
        while group := list(islice(rows, chunk_rows)):
            yield partial(_parse, columns, group)

    def _read_header(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        line, first = next(self._rows, (1, []))
        if not any(cell.strip() for cell in first):
            what = "found nothing where the names of the columns should be, expected a row of them"
            raise file_fault(self.source, f"{what}; name another sheet with '#', or use --skip-lines")
        if not self.options.header:
            self._rows = chain([(line, first)], self._rows)
            return numbered_columns(len(first)), ()
        return names_and_edge(self.source, first, line)


def _parse(columns: ColumnReader, rows: Sequence[tuple[int, Row]]) -> Table:
    layout = columns.selection.layout
    cells = dict(zip(layout, zip(*(row for _, row in rows), strict=True), strict=True))
    lines = np.array([line for line, _ in rows], np.int64)
    return read_typed(columns, cells, lines, rows=len(rows))


def _without_blank_end(rows: Iterator[tuple[int, Row]], source: str) -> Iterator[tuple[int, Row]]:
    """The rows up to the last that has a cell; raises ``DataError`` for a blank one before that."""
    blank = 0
    for line, row in rows:
        if not any(row):
            blank = blank or line
        elif blank:
            raise blank_line(source, blank)
        else:
            yield line, row


def _opened(source: str, file: BinaryIO) -> "CalamineWorkbook":
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError
    except ImportError:
        what = "found an Excel workbook, which needs the extra 'excel'"
        raise file_fault(source, f"{what}; pip install 'phoneprice[excel]', or save the sheet as CSV") from None
    file.seek(0)
    try:
        return CalamineWorkbook.from_filelike(file)
    except PasswordError:
        raise file_fault(source, "found a workbook with a password; save it without one") from None
    except CalamineError as fault:
        raise _damaged(source, fault) from None


def _rows_of(book: "CalamineWorkbook", source: str, sheet: str) -> Iterator[Row]:
    from python_calamine import CalamineError

    names = book.sheet_names
    if not names or (sheet and sheet not in names):
        near = nearest(sheet, names)
        advice = f"did you mean {near!r}?" if near else f"it has {first_of([printable(name) for name in names])}"
        raise file_fault(source, f"found no worksheet {sheet!r}; {advice}")
    try:
        found = book.get_sheet_by_name(sheet or names[0])
    except CalamineError as fault:
        raise _damaged(source, fault) from None
    return ([_text(cell) for cell in row] for row in found.iter_rows())


def _damaged(source: str, fault: Exception) -> DataError:
    return file_fault(source, f"found a workbook that can't be read ({printable(str(fault))}); save it once more")


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return TRUE if cell else FALSE
    if isinstance(cell, dt.timedelta):
        return Number(number_text(cell / dt.timedelta(days=1)))
    return Number(_digits(cell)) if isinstance(cell, int | float) else str(cell)


def _digits(number: float) -> str:
    """A number as Excel shows it, which knows no whole number with a point; its own text where float64 has gaps."""
    return str(int(number)) if abs(number) < MOST_EXACT and number == int(number) else number_text(number)


def _check_bounds(source: str, file: BinaryIO) -> None:
    """Raise ``DataError`` for an archive that unpacks to far more than it is."""
    n_bytes = file.seek(0, os.SEEK_END)
    left, cells = max(UNPACKED_BYTES, UNPACKED_RATIO * n_bytes), max(CELLS, CELLS_A_BYTE * n_bytes)
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                left -= _checked(source, archive, entry, left, cells)
    except (*ZIP_FAULTS, zlib.error, EOFError, OSError) as fault:
        raise _damaged(source, fault) from None


def _checked(source: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most_bytes: int, most_cells: int) -> int:
    """The bytes that an entry really unpacks to, whatever it says; raises ``DataError``."""
    declared, entry.file_size = entry.file_size, 1 << 62
    taken, rest, far = 0, b"", _Farthest()
    with archive.open(entry) as unpacked:
        while data := unpacked.read(_READ_BYTES):
            taken += len(data)
            if taken > most_bytes:
                what = f"found a workbook that unpacks to more than {size(most_bytes)}, far more than it has"
                raise file_fault(source, f"{what}; save the sheet as CSV")
            rest += data
            end = rest.rfind(_END_OF_ROW)
            whole = end + len(_END_OF_ROW) if end >= 0 else len(rest) - _TAG_BYTES
            if end >= 0 or whole > RECORD_BYTES:
                far.look_at(rest[:whole])
                rest = rest[whole:]
    far.look_at(rest)
    if taken != declared:
        raise file_fault(source, f"found {printable(entry.filename)!r} of another size than it says; save it once more")
    if far.row * far.column > most_cells:
        what = f"found a sheet of {counted(far.row, 'row')} and {counted(far.column, 'column')}, most of them empty"
        raise file_fault(source, f"{what}; delete the cells far from the table, or save the sheet as CSV")
    return taken


@dataclass
class _Farthest:
    """The last row and column that have a cell."""

    row: int = 0
    column: int = 0
    rows_seen: int = 0

    def look_at(self, xml: bytes) -> None:
        """Take a piece of a worksheet into account: whole rows, or what is left."""
        valued = _EMPTY_ROWS.sub(b"", _EMPTY_CELLS.sub(b"", xml))
        for letters, digits in _PLACES.findall(valued):
            self.row, self.column = max(self.row, int(digits or b"0")), max(self.column, _number_of(letters))
        # Rows and cells without a place stand one after the other; a cell with a value ends two elements.
        rows = valued.split(_END_OF_ROW)
        self.rows_seen += len(rows) - 1
        self.row = max(self.row, self.rows_seen)
        self.column = max(self.column, max(row.count(b"</") for row in rows) // 2)


def _number_of(letters: bytes) -> int:
    """``A`` is 1, ``XFD`` 16,384."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number
