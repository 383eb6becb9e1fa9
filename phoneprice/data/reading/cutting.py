"""Cuts a stream of UTF-8 bytes into segments of whole records, each of a given number of lines.

A line feed ends a record unless it stands inside quotes, that is after an odd number of quote characters. That
holds up to the first fault in quoting, and the strict reader stops there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phoneprice.data.reading.faults import blank_line, line_fault
from phoneprice.data.reading.text_source import Utf8Source

LF, CR, QUOTE = 10, 13, 34
_BLANK_END = {b"", b"\n", b"\r"}  # what may stand before the last line feed if its line is blank
RECORD_BYTES = 16 << 20
"""A longer record is an error: memory must stay bounded whatever the file holds."""
SEGMENT_BYTES = 8 << 20
LARGE_RECORD = "found a record of more than 16 MiB, expected a row"
TOO_LONG = f"{LARGE_RECORD}; look for a quote that is never closed"


@dataclass(frozen=True)
class RawSegment:
    """Whole records as UTF-8 bytes, the last byte a line feed; where they stood in the file."""

    data: bytes
    first_line: int
    offset: int


class RecordCutter:
    """Takes segments of records off a stream, one after the other."""

    def __init__(self, stream: Utf8Source, *, quoted: bool, first_line: int = 1) -> None:
        self._stream = stream
        self._quoted = quoted
        self._pieces: list[bytes] = []
        self._size = 0
        self._ends: NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # one past each record waiting
        self._inside_quotes = False
        self._ended = False
        self._line = first_line
        self._offset = stream.offset

    def take(self, records: int) -> RawSegment | None:
        """The next ``records`` records (fewer if they are long, or at the end), or None after the last.

        Blank lines at the end of a segment stay for the next one, so at the end of the file they vanish.
        """
        goal = records
        while True:
            self._fill(goal)
            data = b"".join(self._pieces)
            kept = self._last_not_blank(data, min(goal, len(self._ends)))
            if kept:
                return self._cut(data, kept)
            if self._ended:
                return None
            if self._size >= SEGMENT_BYTES:
                raise blank_line(self._stream.source, self._line)
            goal = len(self._ends) + 1

    def _fill(self, goal: int) -> None:
        while not self._ended and len(self._ends) < goal:
            if len(self._ends) and self._size >= SEGMENT_BYTES:
                return
            if self._size > RECORD_BYTES:
                raise line_fault(self._stream.source, self._line, TOO_LONG)
            self._append(self._stream.read())

    def _append(self, piece: bytes) -> None:
        if not piece:
            self._ended = True
            # The last record may lack its line feed; one that ends inside quotes is for the strict reader.
            piece = b"\n" if self._size > self._last_end() else b""
            ends = np.full(len(piece), 1)
        else:
            ends = self._record_ends(piece)
        self._ends = np.concatenate([self._ends, ends + self._size])
        self._pieces.append(piece)
        self._size += len(piece)

    def _record_ends(self, piece: bytes) -> NDArray[np.int64]:
        characters = np.frombuffer(piece, np.uint8)
        ends = np.flatnonzero(characters == LF) + 1
        if not self._quoted or not (self._inside_quotes or QUOTE in piece):
            return ends
        quotes = np.flatnonzero(characters == QUOTE)
        inside = (np.searchsorted(quotes, ends) + self._inside_quotes) % 2
        self._inside_quotes ^= len(quotes) % 2 == 1
        outside: NDArray[np.int64] = ends[inside == 0]
        return outside

    def _last_end(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def _last_not_blank(self, data: bytes, count: int) -> int:
        """How many of the first ``count`` records are left without the blank ones at their end."""
        if not count or data[int(self._ends[count - 1]) - 2 : int(self._ends[count - 1]) - 1] not in _BLANK_END:
            return count
        ends = self._ends[:count]
        lengths = np.diff(ends, prepend=0)
        first = np.frombuffer(data, np.uint8)[ends - lengths]
        content = np.flatnonzero((lengths > 2) | ((lengths == 2) & (first != CR)))
        return int(content[-1]) + 1 if len(content) else 0

    def _cut(self, data: bytes, records: int) -> RawSegment:
        end = int(self._ends[records - 1])
        segment = RawSegment(data[:end], self._line, self._offset)
        self._pieces, self._size = [data[end:]], len(data) - end
        self._ends = self._ends[records:] - end
        self._line += segment.data.count(b"\n")
        self._offset += end
        return segment
