"""What somebody else may have put where the program keeps its work, and an audit that it stays as it was."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

Facts = dict[str, tuple[Any, ...]]


def audit(root: Path) -> Facts:
    """All that is under ``root``: inode, mode, owner, time, content and device of each name, links not followed."""
    facts: Facts = {}
    for folder, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = Path(folder, name)
            status = path.lstat()
            content: object = None
            if stat.S_ISREG(status.st_mode):
                content = path.read_bytes()
            elif stat.S_ISLNK(status.st_mode):
                content = str(path.readlink())
            # What is made and deleted in a directory changes its time.
            time = None if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns
            facts[str(path.relative_to(root))] = (
                status.st_ino,
                status.st_mode,
                status.st_uid,
                time,
                content,
                status.st_dev,
            )
    return facts


def _file(path: Path) -> None:
    with path.open("x") as file:
        file.write("three years")


def _full_directory(path: Path) -> None:
    path.mkdir()
    (path / "thesis.txt").write_text("three years")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(path.parent)  # the names of sockets must be short
        try:
            server.bind(path.name)
        finally:
            os.chdir(before)


def _marked(text: str, owner: int | None = None) -> Callable[[Path], None]:
    """A directory with a marker, but not the one that belongs there."""

    def plant(path: Path) -> None:
        _full_directory(path)
        (path / "lock").write_text(text)
        if owner is not None:
            os.chown(path, owner, -1)
            os.chown(path / "lock", owner, -1)

    return plant


def _of_an_earlier_release(path: Path) -> None:
    path.mkdir()
    (path / "checkpoints").mkdir()
    (path / "lock").write_text("4711\n")
    (path / "checkpoints" / f"00000001-{'0' * 64}.safetensors").write_bytes(b"weights")


def marker(purpose: str, *, user: int | None = None, owner: int | None = None, token: str = "0" * 32) -> str:
    """The text of a marker."""
    number = os.geteuid() if user is None else user
    belongs = number if owner is None else owner
    head = f"phoneprice work directory 1\ntoken {token}\nuser {number}, owner {belongs}\nfor {purpose}\n"
    return f"{head}pid {4711:>10}\n"


PLANTS: dict[str, Callable[[Path], None]] = {
    "link to a directory": lambda path: path.symlink_to(path.parent / "victim"),
    "link to a file": lambda path: path.symlink_to(path.parent / "victim" / "thesis.txt"),
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "named pipe": os.mkfifo,
    "socket": _socket,
    "device": lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
    "file": _file,
    "directory": _full_directory,
    "empty directory": Path.mkdir,
    "directory marked for another run": _marked(marker("run other")),
    "directory marked by another user": _marked(marker("run v", user=os.geteuid() + 1), 1),
    "directory whose marker says that ours belong to another user": _marked(marker("run v", owner=1), 1),
    "directory with half a marker": _marked(marker("run v")[:-3]),
    "unfinished training of an earlier release": _of_an_earlier_release,
}
"""Each is made at a path beside which there is a directory ``victim`` with a file ``thesis.txt``."""
NEEDS_ROOT = {
    "device",
    "directory marked by another user",
    "directory whose marker says that ours belong to another user",
}
