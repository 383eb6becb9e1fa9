"""From a path or standard input to bytes: opening, looking at the first ones, decompressing.

Nothing is read whole: a file that decompresses to terabytes costs one chunk of memory. Every fault of the
operating system or of a compressed stream comes out as one ``DataError``.
"""

import io
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from phoneprice.data.formats import STREAM
from phoneprice.data.packing import Packing, Readable
from phoneprice.data.reading.faults import file_fault
from phoneprice.errors import DataError
from phoneprice.suggestions import nearest_path

STDIN_NAME = "<stdin>"
COPY_BYTES = 1 << 20
HEAD_BYTES = 64
"""Enough to recognise every format."""


class Rejoined:
    """A stream whose first bytes were read already, put in front of the rest (a pipe can't be rewound)."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = head
        self._rest = rest
        self.closed = False

    def read(self, size: int = -1, /) -> bytes:
        """The first bytes first."""
        if not self._head:
            return self._rest.read(size)
        size = len(self._head) if size < 0 else size
        taken, self._head = self._head[:size], self._head[size:]
        return taken

    def readable(self) -> bool:
        """Always: Arrow asks."""
        return True

    def close(self) -> None:
        """Close the rest."""
        self.closed = True
        self._rest.close()


class Guarded:
    """A stream that reports its faults as ``DataError``."""

    def __init__(self, source: str, stream: Readable, packing: str | None) -> None:
        self._source = source
        self._stream = stream
        self._packing = packing

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        try:
            return self._stream.read(size)
        except (EOFError, zlib.error, OSError) as fault:
            raise self._translated(fault) from fault

    def _translated(self, fault: Exception) -> DataError:
        if self._packing is None:
            return file_fault(self._source, f"can't be read: {_reason(fault)}")
        if isinstance(fault, EOFError) or "Truncated" in str(fault):
            what = f"found the end of the file inside the {self._packing} data; copy or download the file again"
        else:
            what = f"found damaged {self._packing} data; copy or download the file again"
        return file_fault(self._source, what)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


@dataclass(frozen=True)
class Opened:
    """A source: its name, its first bytes, and all of its bytes; ``file`` is there if it can be rewound."""

    source: str
    head: bytes
    stream: Rejoined
    file: io.FileIO | None = None

    def unpacked(self, packing: Packing) -> "Opened":
        """The source without its compression."""
        return _opened(self.source, packing.unpack(self.stream), packing.name)

    def seekable(self) -> BinaryIO:
        """The source from its start, to be read in any order: what can't be rewound goes to an unnamed file first."""
        if self.file is not None:
            self.file.seek(0)
            return io.BufferedReader(self.file)
        spooled = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the reader that gets it
        while chunk := self.stream.read(COPY_BYTES):
            spooled.write(chunk)
        spooled.seek(0)
        return spooled


class _Stdin:
    """Standard input, which is not ours to close."""

    def read(self, size: int, /) -> bytes:
        return sys.stdin.buffer.read(size)

    def close(self) -> None:
        pass


def source_name(source: str | Path) -> str:
    """The name that messages give a source."""
    return STDIN_NAME if Path(source) == STREAM else str(source)


def open_source(source: str | Path) -> Opened:
    """Open a path, or ``-`` for standard input; raises ``DataError``."""
    name = source_name(source)
    if Path(source) == STREAM:
        return _opened(name, _Stdin())
    file = _open_file(name, Path(source))
    try:
        return _opened(name, file, file=file if file.seekable() else None)
    except BaseException:
        file.close()
        raise


def _opened(name: str, stream: Readable, packing: str | None = None, file: io.FileIO | None = None) -> Opened:
    guarded = Guarded(name, stream, packing)
    head = _head(guarded)
    return Opened(name, head, Rejoined(head, guarded), file)


def _head(stream: Readable) -> bytes:
    """The first bytes, in as many reads as a pipe makes of them."""
    head = b""
    while len(head) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(head))):
        head += more
    return head


def _open_file(name: str, path: Path) -> io.FileIO:
    try:
        return io.FileIO(path)
    except FileNotFoundError:
        near = nearest_path(path, Path.is_file)
        raise file_fault(name, f"no such file;{near or ' check the name'}") from None
    except IsADirectoryError:
        raise file_fault(name, "is a directory; name a file in it") from None
    except (OSError, ValueError) as fault:
        raise file_fault(name, f"can't be read: {_reason(fault)}") from None


def _reason(fault: Exception) -> str:
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault)
