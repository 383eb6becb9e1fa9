"""CSV by the letter of RFC 4180: every record is checked, every fault has its physical line number.

A cell is either quoted as a whole (quotes in it doubled) or has no quote at all. Records end with LF or CRLF.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from phoneprice.data.reading.cutting import RawSegment
from phoneprice.data.reading.encodings import advice, unmarked_utf_16
from phoneprice.data.reading.faults import blank_line, line_fault, not_encoded, nul_byte
from phoneprice.errors import DataError
from phoneprice.wording import counted, quoted

_BAD = re.compile("[\0\udc80-\udcff]")  # NUL, or a byte that surrogateescape could not decode
_QUOTED = r'[^"]*+(?:""[^"]*+)*+'
UNCLOSED = "found a quote that is never closed, expected a closing '\"'; close it, or double a quote that is text"
LONE_CR = (
    "found a carriage return without a line feed, expected LF or CRLF at the end of a line; "
    "save the file with such line ends"
)


@dataclass(frozen=True)
class Dialect:
    """The patterns of a delimiter."""

    delimiter: str
    record: re.Pattern[str]
    cell: re.Pattern[str]


@lru_cache(maxsize=8)
def dialect(delimiter: str) -> Dialect:
    """The patterns that check a record and find its cells."""
    d = re.escape(delimiter)
    cell = rf'(?:"{_QUOTED}"|[^"\r\n{d}]*+)'
    return Dialect(delimiter, re.compile(rf"{cell}(?:{d}{cell})*+"), re.compile(rf'{d}(?:"({_QUOTED})"|([^"{d}]*+))'))


@dataclass
class Records:
    """The good records before the first fault."""

    cells: list[list[str]]
    lines: list[int]
    fault: DataError | None = None


class StrictParser:
    """Parses the segments of one file; ``fields`` is the number of columns (None: the header, any number).

    The last ``nameless`` of them have no name, and a row may do without them.
    """

    def __init__(self, source: str, delimiter: str, fields: int | None, nameless: int = 0) -> None:
        self._source = source
        self._dialect = dialect(delimiter)
        self._fields = fields
        self._nameless = nameless

    def parse(self, segment: RawSegment) -> Records:
        """All records of a segment, or those before the fault that comes with them."""
        found = Records([], [])
        try:
            self._parse_into(found, segment)
        except DataError as fault:
            found.fault = fault
        return found

    def _parse_into(self, found: Records, segment: RawSegment) -> None:
        lines = segment.data.split(b"\n")
        lines.pop()
        index, offset = 0, segment.offset
        while index < len(lines):
            record, line = lines[index], segment.first_line + index
            if b'"' in record:
                record = _whole_record(lines, index)
                index += record.count(b"\n")
            found.cells.append(self._cells(record, line, offset, segment.data))
            found.lines.append(line)
            offset += len(record) + 1
            index += 1

    def _cells(self, record: bytes, line: int, offset: int, around: bytes) -> list[str]:
        text = _decoded(record)
        if text is None or "\0" in text:
            raise self._byte_fault(record, line, offset, around)
        text = text.removesuffix("\r")
        if not text:
            raise blank_line(self._source, line)
        if '"' in text:
            cells = self._quoted_cells(text, line)
        elif "\r" in text:
            raise line_fault(self._source, line, LONE_CR)
        else:
            cells = text.split(self._dialect.delimiter)
        if self._nameless and self._fields is not None and len(cells) == self._fields - self._nameless:
            cells += [""] * self._nameless
        self._check_count(len(cells), line)
        return cells

    def _byte_fault(self, record: bytes, line: int, offset: int, around: bytes) -> DataError:
        """A NUL or a byte that is no UTF-8, unless the quoting is wrong before it.

        The bytes ``around`` the record tell what they could be.
        """
        text = record.decode("utf-8", "surrogateescape")
        bad = next(_BAD.finditer(text)).start()
        end = self._good_end(text)
        if end < bad and '"' in text:
            return self._quoting_fault(text, end, line)
        line += text.count("\n", 0, bad)
        if text[bad] == "\0":
            return nul_byte(self._source, line, unmarked_utf_16(around))
        start = len(text[:bad].encode())
        place = f"{self._source} line {line}"
        return not_encoded(place, record[start], offset + start, "utf-8", advice(around))

    def _good_end(self, text: str) -> int:
        good = self._dialect.record.match(text)
        return good.end() if good else 0

    def _quoted_cells(self, text: str, line: int) -> list[str]:
        end = self._good_end(text)
        if end < len(text):
            raise self._quoting_fault(text, end, line)
        found = self._dialect.cell.findall(self._dialect.delimiter + text)
        if '""' in text:
            return [quoted.replace('""', '"') or plain for quoted, plain in found]
        return [quoted or plain for quoted, plain in found]

    def _quoting_fault(self, text: str, end: int, line: int) -> DataError:
        """The fault at ``end``, where no pattern of a cell goes on."""
        delimiter = self._dialect.delimiter
        line += text.count("\n", 0, end)
        start_of_cell = end == 0 or text[end - 1] == delimiter
        if text[end] == '"' and start_of_cell:
            return line_fault(self._source, line, UNCLOSED)
        if text[end] == '"':
            what = "a quote inside a cell that is not quoted"
        elif text[end - 1] == '"':
            what = "text after a closing quote"
        else:
            return line_fault(self._source, line, LONE_CR)
        start = max(text.rfind(delimiter, 0, end) + 1, end - 20)
        seen = quoted(text[start : end + 20].partition("\n")[0])
        fix = "quote the whole cell and double the quotes in it"
        return line_fault(self._source, line, f"found {what} in {seen}, expected {delimiter!r}; {fix}")

    def _check_count(self, found: int, line: int) -> None:
        if self._fields is not None and found != self._fields:
            what = f"found {counted(found, 'field')}, expected {self._fields} as in the header"
            missing = "add the missing" if found < self._fields else "remove the extra"
            raise line_fault(self._source, line, f"{what}; {missing} {self._dialect.delimiter!r} or quote the text")


def _whole_record(lines: list[bytes], index: int) -> bytes:
    """The record that starts with a line: as many lines as it takes to close the quotes."""
    stop, quotes = index, lines[index].count(b'"')
    while quotes % 2 and stop + 1 < len(lines):
        stop += 1
        quotes += lines[stop].count(b'"')
    return b"\n".join(lines[index : stop + 1])


def _decoded(record: bytes) -> str | None:
    try:
        return record.decode()
    except UnicodeDecodeError:
        return None
