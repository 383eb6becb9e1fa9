"""Where a command may write: never over its input, nor into a run, nor over what somebody may miss."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from phoneprice.artifact.atomic import own_descriptor, replace_file, storage_faults
from phoneprice.artifact.layout import LIMITS
from phoneprice.artifact.writer import is_inside_a_run
from phoneprice.data.formats import CSV, named_format
from phoneprice.errors import UsageError
from phoneprice.stream import STREAM, given_path
from phoneprice.wording import printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STDIN, STDOUT = 0, 1


@contextmanager
def open_output(output: Path) -> Iterator[BinaryIO]:
    """What a command writes to: a file that appears under its name when it is complete, or stdout for ``-``.

    A terminal shows what is not ``printable`` escaped; a file or a program gets every byte as it is.
    Raises ``StorageError``; the file is then as it was.
    """
    if output != STREAM:
        with replace_file(output) as file:
            yield file
        return
    sys.stdout.flush()
    yield _Terminal() if sys.stdout.isatty() else sys.stdout.buffer
    sys.stdout.flush()


class _Terminal(BytesIO):
    """Stdout where people read it."""

    def __init__(self) -> None:
        super().__init__()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def write(self, data: ReadableBuffer, /) -> int:
        """Show UTF-8 text, which may end within a character."""
        lines = self._decoder.decode(bytes(data)).split("\n")
        sys.stdout.write("\n".join(map(printable, lines)))
        return memoryview(data).nbytes


def refuse_output(output: Path, *inputs: Path | str | None, option: str = "-o") -> None:
    """Refuse to write over an input, also by links or as standard input or output, or into a run.

    Raises ``UsageError``.
    """
    # The folder as it is named, too: a link in the run may lead out of it.
    real = Path(os.path.realpath(output)), Path(os.path.realpath(output.parent)) / output.name
    if output != STREAM and any(map(is_inside_a_run, real)):
        raise UsageError(f"{output}: is inside a run, to which nothing may be added; name another place with {option}")
    written = _identity(output, STDOUT)
    if written is not None and any(_identity(given, STDIN) == written for given in inputs if given is not None):
        shown = "stdout" if output == STREAM else output
        raise UsageError(f"{shown}: is the input itself; name another file with {option}")


def refuse_training_on(data: Path | str | None, run: Path) -> None:
    """Refuse to learn from a file of the run that would be replaced. Raises ``UsageError``."""
    read = None if data is None else _identity(data, STDIN)
    if read is not None and any(_identity(file, STDOUT) == read for file in run_files(run)):
        raise UsageError(f"{run}: the table to learn from is in it; choose another -o")


def run_files(run: Path) -> tuple[Path, ...]:
    """What may be read of a run."""
    return tuple(run / name for name in LIMITS)


def refuse_unwritable(output: Path) -> None:
    """Raise ``StorageError`` where no file ``output`` can be made: now, and not after long work."""
    if output == STREAM or own_descriptor(output) is not None:
        return
    target = Path(os.path.realpath(output))
    with storage_faults(output):
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.is_file() or not target.exists():  # a device or a pipe is written to as it is
            with TemporaryFile(dir=target.parent):
                pass


def refuse_replacing(output: Path, *, force: bool) -> None:
    """Refuse to replace a file without ``force``. Raises ``UsageError``."""
    if output != STREAM and output.is_file() and own_descriptor(output) is None and not force:
        raise UsageError(f"{output}: exists already; choose another -o, or replace it with --force")


def refuse_other_than_csv(output: Path) -> None:
    """Refuse a name that promises another format than CSV. Raises ``UsageError``."""
    if output != STREAM and named_format(output) != (CSV, None):
        raise UsageError(f"{output}: a sample is written as CSV; name a .csv file with -o")


def refuse_other_than_html(output: Path) -> None:
    """Refuse to replace a file that is no HTML page, such as a table named by a slip. An empty one is no loss."""
    if not output.is_file():
        return
    with storage_faults(output), output.open("rb") as file:
        beginning = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if beginning and not beginning.startswith((b"<!doctype html", b"<html")):
        raise UsageError(f"{output}: exists and is no HTML page; choose another -o")


def _identity(path: Path | str, stream: int) -> tuple[int, int] | None:
    """Device and inode of the regular file that a path leads to, or is open as ``stream``; None where there is none."""
    try:
        status = os.stat(stream if given_path(path) == STREAM else path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
