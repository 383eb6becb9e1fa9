"""From bytes to UTF-8 bytes: other encodings are converted as they pass, a byte-order mark is taken off."""

import codecs

from phoneprice.data.packing import Readable
from phoneprice.data.reading.faults import file_fault, not_encoded
from phoneprice.errors import DataError

BOM = codecs.BOM_UTF8
READ_BYTES = 1 << 20
_AS_IT_IS = {"utf-8", "utf-8-sig"}


class Utf8Source:
    """The bytes of a text file as UTF-8; bytes of a file in UTF-8 pass unchecked (the parsers check them).

    ``head`` are the first ones, still to be read, ``offset`` is the number of bytes taken off before them. Reading
    raises ``DataError`` at the first byte that is not in the file's encoding.
    """

    def __init__(self, source: str, stream: Readable, encoding: str) -> None:
        self.source = source
        self._stream = stream
        self._encoding = codecs.lookup(encoding).name
        self._decoder = None if self._encoding in _AS_IT_IS else codecs.getincrementaldecoder(encoding)()
        self._fed_bytes = 0
        self._ended = False
        head = self._at_least(len(BOM))
        self.offset = len(BOM) if head.startswith(BOM) else 0
        self.head = head[self.offset :]

    def read(self) -> bytes:
        """The next bytes, about 1 MiB of them; none at the end only."""
        if self.head:
            head, self.head = self.head, b""
            return head
        return self._next()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _at_least(self, size: int) -> bytes:
        head = b""
        while len(head) < size and (more := self._next()):
            head += more
        return head

    def _next(self) -> bytes:
        if self._decoder is None:
            return self._stream.read(READ_BYTES)
        text = ""
        while not text and not self._ended:
            text = self._decoded(self._stream.read(READ_BYTES))
        return text.encode()

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
            raise not_encoded(self.source, byte, offset, self._encoding) from None
        except UnicodeEncodeError as fault:
            raise self._undecodable(f"half of a surrogate pair, U+{ord(fault.object[fault.start]):04X}") from None
        except UnicodeError as fault:  # UTF-16 without a byte-order mark
            raise self._undecodable(f"bytes that can't be decoded ({fault})") from None
        self._fed_bytes += len(data)
        return text

    def _undecodable(self, found: str) -> DataError:
        return file_fault(self.source, f"found {found}, expected {self._encoding} text; name another --encoding")
