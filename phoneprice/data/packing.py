"""Compressions of text: what unpacks a stream of bytes, and what packs one. Each is imported when it is used."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

_GZIP_LEVEL = 6


class Readable(Protocol):
    """The two things asked of a stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""

    def close(self) -> None:
        """Release what the stream holds."""


class Sink(Protocol):
    """The one thing asked of what bytes are written to."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""


@dataclass(frozen=True)
class Packing:
    """A compression of text."""

    name: str
    suffixes: tuple[str, ...]
    magic: bytes
    """What every file of it begins with."""
    unpack: Callable[[Readable], Readable]
    pack: Callable[[BinaryIO], AbstractContextManager[Sink]]
    """Makes a sink that is complete when its body ends; the file stays open."""


def gunzipped(packed: Readable) -> Readable:
    """Gzip data of one or more members, unpacked as it is read."""
    import gzip

    return gzip.GzipFile(fileobj=cast("BinaryIO", packed))  # it only calls read


@contextmanager
def gzipped(file: BinaryIO) -> Iterator[Sink]:
    """Packs with gzip. No time stands in the header: equal contents are equal files."""
    import gzip

    with gzip.GzipFile(fileobj=file, mode="wb", filename="", compresslevel=_GZIP_LEVEL, mtime=0) as stream:
        yield stream


def zstd_unpacked(packed: Readable) -> Readable:
    """Zstd data, unpacked as it is read."""
    import pyarrow as pa

    stream: Readable = pa.CompressedInputStream(packed, "zstd")
    return stream


@contextmanager
def zstd_packed(file: BinaryIO) -> Iterator[Sink]:
    """Packs with zstd."""
    import pyarrow as pa

    with pa.CompressedOutputStream(pa.PythonFile(_Unclosed(file), mode="w"), "zstd") as stream:
        yield stream


class _Unclosed:
    """A file whose end is not for the compressor to decide."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        pass
