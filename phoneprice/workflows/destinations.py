"""Where a command writes, and what it does not replace there; its inputs are spared by ``workflows.inputs``."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from phoneprice.artifact.atomic import own_descriptor, replace_file, storage_faults
from phoneprice.artifact.folders import OpenDirectory
from phoneprice.data.formats import CSV, named_format
from phoneprice.errors import UsageError
from phoneprice.places import is_directory, is_file, is_there
from phoneprice.shortage import write_error
from phoneprice.stream import STREAM
from phoneprice.wording import printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

REPORT = "<title>phoneprice report"
"""What stands near the beginning of a report, and of nothing else."""
_BEGINNING = 1024
"""Bytes."""


@contextmanager
def open_output(output: Path, *, made_up: bool = False, mode: int = 0o666) -> Iterator[BinaryIO]:
    """What a command writes to: a file that appears under its name when it is complete, or stdout for ``-``.

    A terminal shows what is not ``printable`` escaped; a file or a program gets every byte as it is.
    ``made_up`` and ``mode`` are as in ``replace_file``. Raises ``StorageError``; the file is then as it was.
    """
    if output != STREAM:
        with replace_file(output, made_up=made_up, mode=mode) as file:
            yield file
        return
    if sys.stdout is None:  # pythonw, or a caller that has closed it
        raise write_error("standard output", OSError(errno.EBADF, os.strerror(errno.EBADF)))
    sys.stdout.flush()
    # What takes the place of stdout in a notebook, or in a test, takes text only.
    bytes_too = not sys.stdout.isatty() and hasattr(sys.stdout, "buffer")
    yield _Pipe(sys.stdout.buffer) if bytes_too else _Terminal()
    sys.stdout.flush()


class _Pipe(BytesIO):
    """Stdout where a program or a file gets it, which it is not ours to close; what is written is sent at once."""

    def __init__(self, stdout: BinaryIO) -> None:
        super().__init__()
        self._stdout = stdout
        self._written = 0

    def tell(self) -> int:
        """The bytes so far: a Parquet file says where its parts are, and a pipe doesn't know."""
        return self._written

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of it."""
        self._stdout.write(data)
        self._stdout.flush()
        size = memoryview(data).nbytes
        self._written += size
        return size


class _Terminal(BytesIO):
    """Stdout where people read it."""

    def __init__(self) -> None:
        super().__init__()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def write(self, data: ReadableBuffer, /) -> int:
        """Show UTF-8 text, which may end within a character."""
        lines = self._decoder.decode(bytes(data)).split("\n")
        sys.stdout.write("\n".join(map(printable, lines)))
        sys.stdout.flush()
        return memoryview(data).nbytes


def refuse_unwritable(output: Path) -> None:
    """Raise ``StorageError`` where no file ``output`` can be made: now, and not after long work."""
    if output == STREAM or own_descriptor(output) is not None:
        return
    target = Path(os.path.realpath(output))
    with storage_faults(output):
        if is_directory(target):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if is_file(target) or not is_there(target):  # a device or a pipe is written to as it is
            with OpenDirectory.at(target.parent) as parent, TemporaryFile(dir=target.parent):
                parent.require_movable(target.name)


def refuse_replacing(output: Path, *, force: bool) -> None:
    """Refuse to replace a file without ``force``. Raises ``UsageError``."""
    if output != STREAM and is_file(output) and own_descriptor(output) is None and not force:
        raise UsageError(f"{output}: exists already; choose another -o, or replace it with --force")


def refuse_other_than_csv(output: Path) -> None:
    """Refuse a name that promises another format than CSV. Raises ``UsageError``."""
    if output != STREAM and named_format(output) != (CSV, None):
        raise UsageError(f"{output}: a sample is written as CSV; name a .csv file with -o")


def refuse_other_than_a_report(output: Path) -> None:
    """Refuse to replace a file that is no report of ours. An empty one is no loss. Raises ``UsageError``."""
    if not is_file(output):
        return
    with storage_faults(output), output.open("rb") as file:
        beginning = file.read(_BEGINNING)
    if not _is_ours(beginning, REPORT):
        raise UsageError(f"{output}: exists and is no report of phoneprice; choose another -o, or move it away")


def refuse_foreign(output: Path, mark: str = "", *, option: str = "-o") -> None:
    """Refuse a name that we have made up where something else than a file of ours has it: that may be anybody's.

    Links are not followed, and nothing is waited on. A file of ours is empty or has the ``mark`` near its beginning.
    Raises ``StorageError``.
    """
    if not is_directory(output.parent):
        return
    with storage_faults(output), OpenDirectory.at(output.parent) as folder:
        folder.advice = f"choose another {option}"
        if folder.status(output.name) is not None and not _is_ours(folder.read(output.name, _BEGINNING), mark):
            folder.refuse(output.name, "a file")


def _is_ours(beginning: bytes, mark: str) -> bool:
    return not beginning or mark.lower().encode() in beginning.lower()
