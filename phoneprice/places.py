"""What a path leads to, of every path: Python's own questions raise where a folder may not be searched.

``Path.is_file`` and its like raise ``OSError`` for names that are too long, too, and in some versions only.
"""

import errno
import os
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
}


def is_file(path: Path) -> bool:
    """Whether it is known to lead to a regular file."""
    return os.path.isfile(path)  # noqa: PTH113


def is_directory(path: Path) -> bool:
    """Whether it is known to lead to a directory."""
    return os.path.isdir(path)  # noqa: PTH112


def is_there(path: Path) -> bool:
    """Whether it is known to lead to anything."""
    return os.path.exists(path)  # noqa: PTH110


def kind_of(mode: int) -> str:
    """What a thing of this mode (``st_mode``) is, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "a device")


def real_entry(path: Path) -> Path:
    """The path with all links followed but one at its end."""
    return Path(os.path.realpath(path.parent)) / path.name


def why_hidden(path: Path) -> str | None:
    """Why it can't be told what a path leads to, in the system's words; None where it can, also where to nothing."""
    try:
        path.stat()
    except OSError as fault:
        return None if fault.errno in {errno.ENOENT, errno.ENOTDIR} else (fault.strerror or str(fault)).lower()
    except ValueError as fault:  # a NUL in it
        return str(fault)
    return None
