"""From bytes to UTF-8 bytes: other encodings are converted as they pass, a byte-order mark is taken off.

Where nobody has said the encoding, bytes pass as they are while they are ASCII, which nearly all encodings have; the
first others decide. So plain files cost a look at each block, and a pipe needs no second reading. Where lines end in a
carriage return alone, as Excel for Mac still writes them on demand, they end in a line feed here.
"""

import codecs

from phoneprice.data.packing import Readable
from phoneprice.data.reading.encodings import (
    UTF_8,
    UTF_8_NAMES,
    Guess,
    advice,
    escaped,
    fits,
    marked,
    plainly_utf_8,
    recognised,
    unmarked_utf_16,
)
from phoneprice.data.reading.faults import file_fault, not_encoded
from phoneprice.data.reading.options import AUTO
from phoneprice.errors import DataError

BOM = codecs.BOM_UTF8
READ_BYTES = 1 << 20
_ESCAPE = b"\x1b"
"""Begins what is not ASCII in ISO-2022, whose bytes all look like it."""


class Utf8Source:
    """The bytes of a text file as UTF-8; bytes of a file in UTF-8 pass unchecked (the parsers check them).

    ``head`` are the first ones, still to be read, ``offset`` is the number of bytes taken off before them, ``found``
    the encoding that was recognised so far where ``encoding`` is ``AUTO``: the ``usual`` one where the bytes fit it and
    are not plainly UTF-8. Reading raises ``DataError`` at the first byte that is not in the file's encoding.
    """

    def __init__(self, source: str, stream: Readable, encoding: str, usual: str = UTF_8) -> None:
        self.source = source
        self.found: Guess | None = None
        self._stream = stream
        self._usual = usual
        self._undecided = encoding == AUTO
        self._fed_bytes = 0
        self._ended = False
        self._returns_end_lines: bool | None = None
        self._given = UTF_8 if self._undecided else encoding
        self._decode_as(self._given)
        self.head = b""
        self.offset = 0
        while self.peek(len(BOM)).startswith(BOM):  # some programs add one to a file that has one
            self.head = self.head[len(BOM) :]
            self.offset += len(BOM)

    @property
    def encoding(self) -> str:
        """What the bytes are decoded as, by the name that was given if one was."""
        return self.found.encoding if self.found else self._given

    def peek(self, size: int) -> bytes:
        """The first bytes, at least ``size`` of them if there are as many; they are still to be read."""
        while len(self.head) < size and (more := self._next()):
            self.head += more
        return self.head

    def peek_lines(self, count: int) -> bytes:
        """The first lines, at least ``count`` whole ones if there are as many and none is huge; still to be read."""
        while self.head.count(b"\n") < count and len(self.head) < READ_BYTES and (more := self._next()):
            self.head += more
        whole = self.head.rfind(b"\n") + 1 if self.head.count(b"\n") >= count else len(self.head)
        return self.head[:whole]

    def drop_lines(self, count: int) -> None:
        """Take off the first lines."""
        for _ in range(count):
            while (end := self.head.find(b"\n")) < 0 and (more := self._next()):
                self.offset += len(self.head)
                self.head = more
            taken = end + 1 if end >= 0 else len(self.head)
            self.offset += taken
            self.head = self.head[taken:]

    def read(self) -> bytes:
        """The next bytes, about 1 MiB of them; none at the end only."""
        if self.head:
            head, self.head = self.head, b""
            return head
        return self._next()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _decode_as(self, encoding: str) -> None:
        self._encoding = codecs.lookup(encoding).name
        self._decoder = None if self._encoding in UTF_8_NAMES else codecs.getincrementaldecoder(encoding)()

    def _next(self) -> bytes:
        data = self._next_in_utf_8()
        if self._returns_end_lines is None:
            data = self._with_end_of_line(data)
        return data.replace(b"\r", b"\n") if self._returns_end_lines else data

    def _with_end_of_line(self, data: bytes) -> bytes:
        """The same bytes and maybe more, after which it may be clear whether lines end as on a Mac before 2001."""
        if data.endswith(b"\r") and b"\n" not in data:
            data += self._next_in_utf_8()
        if b"\n" in data or b"\r" in data:
            self._returns_end_lines = b"\n" not in data
        return data

    def _next_in_utf_8(self) -> bytes:
        data = self._stream.read(READ_BYTES)
        if self._undecided:
            data = self._decided(data)
        if self._decoder is None:
            return data
        text = self._decoded(data)
        while not text and not self._ended:
            text = self._decoded(self._stream.read(READ_BYTES))
        return text.encode()

    def _decided(self, data: bytes) -> bytes:
        """The same bytes and maybe more, after which it may be clear what encoding they are in."""
        first = self._fed_bytes == 0
        if data.isascii() and not (first and b"\0" in data) and _ESCAPE not in data:
            self._fed_bytes += len(data)
            return data
        ended = False
        while len(data) < READ_BYTES and not ended:
            more = self._stream.read(READ_BYTES)
            data, ended = data + more, not more
        self._undecided = False
        self.found = self._recognised(data, first=first, whole=ended)
        self._decode_as(self.found.encoding)
        return data

    def _recognised(self, data: bytes, *, first: bool, whole: bool) -> Guess:
        if first and (told := marked(data) or unmarked_utf_16(data)):
            return Guess(told)
        if told := escaped(data):
            return Guess(told)
        if plainly_utf_8(data, self._usual, whole=whole):
            return Guess(UTF_8)
        if fits(data, self._usual, whole=whole):
            return Guess(self._usual)
        # Bytes that fit nothing are for the parsers, which know their line.
        return recognised(data, whole=whole) or Guess(UTF_8)

    def _decoded(self, data: bytes) -> str:
        assert self._decoder is not None  # a fact for mypy
        waiting = len(self._decoder.getstate()[0])
        self._ended = not data
        try:
            text = self._decoder.decode(data, final=self._ended)
            text.encode()
        except UnicodeDecodeError as fault:
            offset = self._fed_bytes - waiting + fault.start
            byte = fault.object[fault.start]
            raise not_encoded(self.source, byte, offset, self._encoding, advice(fault.object)) from None
        except UnicodeEncodeError as fault:
            raise self._undecodable(f"half of a surrogate pair, U+{ord(fault.object[fault.start]):04X}", data) from None
        except UnicodeError as fault:  # UTF-16 without a byte-order mark
            raise self._undecodable(f"bytes that can't be decoded ({fault})", data) from None
        self._fed_bytes += len(data)
        return text

    def _undecodable(self, found: str, data: bytes) -> DataError:
        return file_fault(self.source, f"found {found}, expected {self._encoding} text; {advice(data)}")
