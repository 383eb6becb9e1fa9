"""Where a command may write: never over its input, nor into a run, nor over what somebody may miss."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from phoneprice.artifact.atomic import replace_file, storage_faults
from phoneprice.data.formats import CSV, named_format
from phoneprice.errors import UsageError
from phoneprice.stream import STREAM


@contextmanager
def open_output(output: Path) -> Iterator[BinaryIO]:
    """What a command writes to: a file that appears under its name when it is complete, or stdout for ``-``.

    Raises ``StorageError``; the file is then as it was.
    """
    if output != STREAM:
        with replace_file(output) as file:
            yield file
        return
    sys.stdout.flush()
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def refuse_output(output: Path, data: Path | str | None, run: Path | None = None, *, option: str = "-o") -> None:
    """Refuse to write over the input, also by links, or into the run. Raises ``UsageError``."""
    if output == STREAM:
        return
    if data is not None and _same_file(output, Path(data)):
        raise UsageError(f"{output}: is the input itself; name another file with {option}")
    # The folder as it is named, too: a link in the run may lead out of it.
    folders = output.parent, *Path(os.path.realpath(output)).parents
    if run is not None and any(_same_file(folder, run) for folder in folders):
        raise UsageError(
            f"{output}: is inside the run, to which nothing may be added; name another place with {option}"
        )


def refuse_unwritable(output: Path) -> None:
    """Raise ``StorageError`` where no file ``output`` can be made: now, and not after long work."""
    if output == STREAM:
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
    if output != STREAM and output.is_file() and not force:
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


def _same_file(a: Path, b: Path) -> bool:
    """Whether two paths are one file, also by links."""
    try:
        return a.samefile(b)
    except (OSError, ValueError):
        return False
