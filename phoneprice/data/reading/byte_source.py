"""From a path or standard input to bytes: opening, looking at the first ones, decompressing.

Nothing is read whole: a file that decompresses to terabytes costs the memory of one read. Every fault of the
operating system or of a compressed stream comes out as one ``DataError``.
"""

import io
import os
import sys
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO

from phoneprice.data.packing import Packing, Readable
from phoneprice.data.reading.faults import file_fault
from phoneprice.places import is_file
from phoneprice.shortage import resource_error, write_error
from phoneprice.stream import STREAM, file_and_part, given_path
from phoneprice.suggestions import nearest_path

STDIN_NAME = "<stdin>"
COPY_BYTES = 1 << 20
HEAD_BYTES = 64
"""Enough to recognise every format."""
MARK_BYTES = 8
"""Enough to tell a binary one from text."""


class ByteSource:
    """The bytes of a file or of standard input; ``head`` are the first ones, still to be read.

    ``file`` is what can be rewound, if that can. ``format_name`` is the name whose suffix tells the format, ``part``
    what stood after a ``#``: a worksheet, or a file in an archive. Faults are ``DataError``.
    """

    def __init__(
        self, name: str, stream: Readable, file: io.FileIO | None = None, *, format_name: str = "", part: str = ""
    ) -> None:
        self.name = name
        self.format_name = format_name or name
        self.part = part
        self.closed = False
        self._stream = stream
        self._file = file
        self._unread = b""
        self.head = self._unread = self._first_bytes()

    def unpacked(self, packing: Packing) -> "ByteSource":
        """The same without its compression."""
        return _Unpacked(self, packing)

    def seekable(self) -> BinaryIO:
        """All bytes, to be read in any order: what can't be rewound goes to an unnamed file first."""
        if self._file is not None:
            self._file.seek(0)
            return io.BufferedReader(self._file)
        spooled = _temporary_file()
        try:
            while data := self.read(COPY_BYTES):
                spooled.write(data)
            spooled.seek(0)
        except OSError as fault:
            spooled.close()
            raise write_error(tempfile.gettempdir(), fault) from fault
        return spooled

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        if self._unread:
            size = len(self._unread) if size < 0 else size
            taken, self._unread = self._unread[:size], self._unread[size:]
            return taken
        try:
            return self._stream.read(size)
        except (EOFError, zlib.error, OSError) as fault:
            raise resource_error(fault) or file_fault(self.name, self._explained(fault)) from fault

    def readable(self) -> bool:
        """Always: Arrow asks."""
        return True

    def close(self) -> None:
        """Close the file."""
        self.closed = True
        self._stream.close()

    def _first_bytes(self) -> bytes:
        """As many reads as a pipe makes of them; of lines the first ones, as there may be no more for now."""
        head = b""
        while len(head) < HEAD_BYTES and (more := self.read(HEAD_BYTES - len(head))):
            head += more
            if len(head) >= MARK_BYTES and head.endswith(b"\n"):
                break
        return head

    def _explained(self, fault: Exception) -> str:
        return f"can't be read: {_reason(fault)}"


class _Unpacked(ByteSource):
    """The bytes of a compressed source."""

    def __init__(self, packed: ByteSource, packing: Packing) -> None:
        self._packed = packed
        self._packing = packing.name
        super().__init__(packed.name, packing.unpack(packed), format_name=packed.format_name, part=packed.part)

    def close(self) -> None:
        """Close the packed source too."""
        super().close()
        self._packed.close()

    def _explained(self, fault: Exception) -> str:
        if isinstance(fault, EOFError) or "Truncated" in str(fault):
            return f"found the end of the file inside the {self._packing} data; copy or download the file again"
        return f"found damaged {self._packing} data; copy or download the file again"


def _temporary_file() -> BinaryIO:
    """An unnamed file, closed by the reader that gets it; raises ``StorageError``."""
    try:
        return tempfile.TemporaryFile()
    except OSError as fault:  # also where no directory can be written to
        raise write_error(os.environ.get("TMPDIR", "the directory for temporary files"), fault) from fault


class _Stdin:
    """Standard input, which is not ours to close."""

    def read(self, size: int, /) -> bytes:
        if sys.stdin is None:
            raise file_fault(STDIN_NAME, "is closed; redirect a file to it, or name a file")
        # What is there: who waits for an answer sends no more.
        data: bytes = sys.stdin.buffer.read1(size)  # type: ignore[union-attr]  # it is buffered
        return data

    def close(self) -> None:
        pass


def source_name(source: str | Path) -> str:
    """The name that messages give a source."""
    return STDIN_NAME if given_path(source) == STREAM else str(source)


def open_source(source: str | Path) -> ByteSource:
    """Open a path, or ``-`` for standard input; raises ``DataError``."""
    name = source_name(source)
    if given_path(source) == STREAM:
        return ByteSource(name, _Stdin())
    path, part = file_and_part(given_path(source))
    file = _open_file(name, path)
    try:
        return ByteSource(name, file, file if file.seekable() else None, format_name=str(path), part=part)
    except BaseException:
        file.close()
        raise


def _open_file(name: str, path: Path) -> io.FileIO:
    try:
        return io.FileIO(path)
    except FileNotFoundError:
        near = nearest_path(path, is_file)
        raise file_fault(name, f"no such file;{near or ' check the name'}") from None
    except IsADirectoryError:
        raise file_fault(name, "is a directory; name a file in it") from None
    except (OSError, ValueError) as fault:
        raise resource_error(fault) or file_fault(name, f"can't be read: {_reason(fault)}") from None


def _reason(fault: Exception) -> str:
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault)
