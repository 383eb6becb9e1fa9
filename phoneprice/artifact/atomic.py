"""Files that hold the complete old version or the complete new one, whatever happens in between.

A new version is written in a work directory beside its target, flushed to the disk and renamed over it; POSIX makes
the rename atomic.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from phoneprice.artifact.folders import OpenDirectory, keep_access, mode_of
from phoneprice.artifact.work import Purpose, WorkDirectory, delete_strays
from phoneprice.places import real_entry
from phoneprice.shortage import write_error

_MOST_LINKS = 40


@contextmanager
def storage_faults(path: Path) -> Iterator[None]:
    """Turn the operating system's errors in the body into a ``StorageError`` that names ``path``."""
    try:
        yield
    except OSError as fault:
        raise write_error(path, fault) from fault


@contextmanager
def replace_file(path: str | Path, *, made_up: bool = False, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A binary file to write to, which takes the place of ``path`` when the body ends without an exception.

    Otherwise ``path`` stays as it was. An older file's permissions are kept, and its owner where that is allowed; those
    of a new one are ``mode`` as far as the umask allows. A symbolic link is followed, so the file behind it is
    replaced; a device, a pipe and what this process has open already (``/dev/stdout``) is written to directly. A name
    that is ``made_up``, by us and not by the user, is that of a regular file or of nothing yet: anything else is
    refused. Raises ``StorageError``, also for any ``OSError`` in the body.
    """
    target = real_entry(Path(path)) if made_up else Path(os.path.realpath(path))
    with storage_faults(Path(path)):
        # Not of the target: /dev/stdout leads to a pipe, which has no other name.
        stream = None if made_up else _open_stream(Path(path))
        if stream is not None:
            with os.fdopen(stream, "wb") as file:
                yield file
            return
        with OpenDirectory.at(target.parent) as parent:
            purpose = Purpose("output", target.name)
            delete_strays(parent, purpose)
            with WorkDirectory.create(parent, purpose) as work:
                try:
                    old = parent.file_status(target.name)
                    name = work.made_name("output")
                    with os.fdopen(work.new_file(name, mode_of(old) & (0o666 if old else mode)), "wb") as file:
                        yield file
                        file.flush()
                        if old is not None:
                            keep_access(file.fileno(), old)
                        os.fsync(file.fileno())
                        if made_up:
                            parent.require_file(target.name)
                        work.move_file(name, file.fileno(), parent, target.name)
                finally:
                    with suppress(OSError):
                        work.delete()
            parent.sync()


def own_descriptor(path: Path) -> int | None:
    """The descriptor of this process that a path such as ``/dev/stdout`` or ``/dev/fd/3`` names; else None."""
    own, place = os.path.realpath("/dev/fd"), os.fspath(path)
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(os.path.abspath(place))  # noqa: PTH100  # the last link matters
        folder = os.path.realpath(folder)
        if folder == own and name.isdecimal():
            return int(name)
        try:
            place = os.path.join(folder, os.readlink(os.path.join(folder, name)))  # noqa: PTH115, PTH118
        except (OSError, ValueError):
            return None
    return None


def _open_stream(path: Path) -> int | None:
    """What is written to as it is, such as /dev/null or /dev/stdout; a directory is an ``OSError``."""
    if (descriptor := own_descriptor(path)) is not None:
        sys.stdout.flush()
        return os.dup(descriptor)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a directory")
    if stat.S_ISREG(mode):
        return None
    file = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    os.set_blocking(file, True)
    return file
