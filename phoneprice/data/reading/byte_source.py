"""From a path or standard input to bytes: opening, telling formats by their first bytes, decompressing.

Nothing is read whole: a file that decompresses to terabytes costs one chunk of memory. Every fault of the
operating system or of a compressed stream comes out as one ``DataError``.
"""

import gzip
import io
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pyarrow as pa

from phoneprice.config.suggestions import nearest_path
from phoneprice.data.reading.faults import file_fault
from phoneprice.errors import DataError

STDIN = "-"
STDIN_NAME = "<stdin>"
COPY_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
PARQUET_MAGIC = b"PAR1"
ZIP_MAGIC = b"PK\x03\x04"


class Readable(Protocol):
    """The two things asked of a stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""

    def close(self) -> None:
        """Release what the stream holds."""


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
    """A source after decompression: its name and its bytes, or the seekable file if it is Parquet."""

    source: str
    stream: Readable
    parquet: BinaryIO | None = None


class _Stdin:
    """Standard input, which is not ours to close."""

    def read(self, size: int, /) -> bytes:
        return sys.stdin.buffer.read(size)

    def close(self) -> None:
        pass


def source_name(source: str | Path) -> str:
    """The name that messages give a source."""
    return STDIN_NAME if str(source) == STDIN else str(source)


def open_source(source: str | Path) -> Opened:
    """Open a path, or ``-`` for standard input; raises ``DataError``."""
    name = source_name(source)
    if str(source) == STDIN:
        return _unpacked(name, _Stdin(), None)
    file = _open_file(name, Path(source))
    try:
        return _unpacked(name, file, file if file.seekable() else None)
    except BaseException:
        file.close()
        raise


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


def _unpacked(name: str, stream: Readable, seekable: io.FileIO | None) -> Opened:
    head = _head(Guarded(name, stream, None))
    rejoined = Rejoined(head, stream)
    if head.startswith(PARQUET_MAGIC):
        return Opened(name, stream, _seekable(name, rejoined, seekable))
    if head.startswith(ZIP_MAGIC):
        raise file_fault(name, "found a ZIP archive or an Excel workbook; save the sheet as CSV")
    if head.startswith(GZIP_MAGIC):
        return _refuse_parquet(name, Guarded(name, _GzipStream(rejoined), "gzip"))
    if head.startswith(ZSTD_MAGIC):
        return _refuse_parquet(name, Guarded(name, pa.CompressedInputStream(rejoined, "zstd"), "zstd"))
    return Opened(name, Guarded(name, rejoined, None))


class _GzipStream:
    """Gzip data of one or more members."""

    def __init__(self, packed: Rejoined) -> None:
        self._packed = packed
        self._plain = gzip.GzipFile(fileobj=cast("BinaryIO", packed))  # it only calls read

    def read(self, size: int, /) -> bytes:
        data: bytes = self._plain.read(size)
        return data

    def close(self) -> None:
        self._plain.close()
        self._packed.close()


def _refuse_parquet(name: str, stream: Guarded) -> Opened:
    head = _head(stream)
    if head.startswith(PARQUET_MAGIC):
        raise file_fault(name, "found compressed Parquet; decompress it first (Parquet is compressed inside)")
    return Opened(name, Rejoined(head, stream))


def _head(stream: Readable) -> bytes:
    """The first four bytes, in as many reads as a pipe makes of them."""
    head = b""
    while len(head) < 4 and (more := stream.read(4 - len(head))):
        head += more
    return head


def _seekable(name: str, stream: Rejoined, file: io.FileIO | None) -> BinaryIO:
    """Parquet is read from its end, so what can't be rewound goes to an unnamed file first."""
    if file is not None:
        file.seek(0)
        return io.BufferedReader(file)
    spooled = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the reader that gets it
    guarded = Guarded(name, stream, None)
    while chunk := guarded.read(COPY_BYTES):
        spooled.write(chunk)
    spooled.seek(0)
    return spooled
