"""A layer under all writing: it counts the calls that change a disk, and at one of them something happens.

The calls: opening for writing, each write to such a file, fsync, rename, replace, mkdir, unlink, rmdir, truncate,
chmod, chown; by name or by descriptor, in whatever directory.
"""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

PATCHED = (
    "fsync", "rename", "replace", "link", "symlink", "mkdir", "unlink", "rmdir",
    "truncate", "ftruncate", "write", "pwrite", "chmod", "fchmod", "chown", "fchown",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
Act = Callable[[int, str], None]
"""Called before each call with its number (from 0) and its name."""


def nothing(_number: int, _name: str) -> None:
    """Only count."""


def failing(at: int, number: int) -> Act:
    """The call ``at`` fails with this error number."""

    def act(call: int, _name: str) -> None:
        if call == at:
            raise OSError(number, os.strerror(number))

    return act


def always(number: int) -> Act:
    """Every call fails with this error number."""

    def act(_call: int, _name: str) -> None:
        raise OSError(number, os.strerror(number))

    return act


def killing(at: int) -> Act:
    """The process is killed just before the call ``at``; a write has by then written half of its bytes."""

    def act(call: int, _name: str) -> None:
        if call == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


class Calls:
    """What has been called so far."""

    def __init__(self, act: Act) -> None:
        self.names: list[str] = []
        self._act = act

    def note(self, name: str) -> None:
        self.names.append(name)
        self._act(len(self.names) - 1, name)


@contextmanager
def file_layer(act: Act = nothing) -> Iterator[Calls]:
    """While open, every call on the write path goes through ``act`` first."""
    calls = Calls(act)

    class File(io.FileIO):
        def write(self, data: Any) -> int:
            half = len(memoryview(data)) // 2
            written = super().write(memoryview(data)[:half]) if half else 0
            calls.note("write")
            return (written or 0) + (super().write(memoryview(data)[half:]) or 0)

    def opened(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if not set(mode) & set("wxa+") or "b" not in mode:
            return plain_open(file, mode, *arguments, **options)
        if not isinstance(file, int):  # else it has been counted when it was opened
            calls.note("open")
        return io.BufferedWriter(File(file, mode.replace("b", "")))

    def opened_by_os(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & _WRITING:
            calls.note("open")
        return plain_os_open(path, flags, *arguments, **options)

    def counted(name: str) -> Callable[..., Any]:
        plain = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            calls.note(name)
            return plain(*arguments, **options)

        return call

    plain_open, plain_os_open = io.open, os.open
    layer: dict[str, Any] = {name: counted(name) for name in PATCHED}
    with mock.patch.multiple(os, **layer, open=opened_by_os), mock.patch("io.open", opened):
        yield calls
