"""Files that hold the complete old version or the complete new one, whatever happens in between.

A new version is written beside its target, flushed to the disk and renamed over it; POSIX makes the rename atomic.
"""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from phoneprice.errors import StorageError

_SUFFIX = ".partial-file"
_ADVICE = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some of your quota and run again",
    errno.EROFS: "choose a place that can be written to",
    errno.EACCES: "choose a place that you may write to",
    errno.EPERM: "choose a place that you may write to",
    errno.ENOENT: "make the directory first",
    errno.ENOTDIR: "choose another name",
    errno.EEXIST: "choose another name",
    errno.EISDIR: "name a file in it",
    errno.ENAMETOOLONG: "choose a shorter name",
}


@contextmanager
def storage_faults(path: Path) -> Iterator[None]:
    """Turn the operating system's errors in the body into a ``StorageError`` that names ``path``."""
    try:
        yield
    except OSError as fault:
        reason = (fault.strerror or str(fault)).lower()
        advice = _ADVICE.get(fault.errno or 0, "check the disk")
        raise StorageError(f"{path}: can't be written: {reason}; {advice}") from fault


@contextmanager
def replace_file(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file to write to, which takes the place of ``path`` when the body ends without an exception.

    Otherwise ``path`` stays as it was. The new file's permissions follow the umask; a symbolic link is followed, so
    the file behind it is replaced; a device or a pipe is written to directly. Raises ``StorageError``, also for any
    ``OSError`` in the body.
    """
    target = Path(os.path.realpath(path))
    with storage_faults(Path(path)):
        if _is_stream(Path(path)):  # not the target: /dev/stdout leads to a pipe, which has no other name
            with Path(path).open("wb") as stream:
                yield stream
            return
        _remove_strays(target)
        partial, file = _open_beside(target)
        try:
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
        sync_directory(target.parent)


def write_file(path: Path, data: bytes) -> None:
    """Write a new file and flush it to the disk; for a directory that nobody reads yet. Raises ``OSError``."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Flush a directory's entries to the disk, so that a rename in it survives a power cut."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _is_stream(target: Path) -> bool:
    """An existing target that is neither file nor directory, such as /dev/null; a directory is an ``OSError``."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a directory")
    return not stat.S_ISREG(mode)


def _open_beside(target: Path) -> tuple[Path, BinaryIO]:
    """A new file next to the target, locked for as long as it is open: that tells it from a stray one."""
    while True:
        partial = target.with_name(f"{_prefix(target)}{secrets.token_hex(4)}{_SUFFIX}")
        file = partial.open("xb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            file.close()
            partial.unlink()
            raise
        if os.fstat(file.fileno()).st_nlink:  # else somebody took it for a stray before it was locked
            return partial, file
        file.close()


def _remove_strays(target: Path) -> None:
    """Delete what killed processes left of earlier attempts at this target."""
    prefix = _prefix(target)
    for entry in target.parent.iterdir():
        if entry.name.startswith(prefix) and entry.name.endswith(_SUFFIX):
            with suppress(OSError), entry.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                entry.unlink()


def _prefix(target: Path) -> str:
    # 50 characters are at most 200 bytes of UTF-8: the name stays under the file system's 255.
    return f".{target.name[:50]}."
