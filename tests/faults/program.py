"""The program in a child: its streams redirected as a shell does it, for another user if asked, and observed."""

from __future__ import annotations

import io
import os
import re
import shlex
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

NOBODY = 65534
"""A user and a group that own nothing."""
READ, APPEND, UPDATE = os.O_RDONLY, os.O_WRONLY | os.O_APPEND | os.O_CREAT, os.O_RDWR | os.O_CREAT
WRITE = os.O_WRONLY | os.O_TRUNC | os.O_CREAT
FLAGS = {"<": READ, ">": WRITE, ">>": APPEND, "<>": UPDATE}
"""How a shell opens for its redirections."""
Inode = tuple[int, int]
"""Device and inode."""


def unmeasured(**changes: str) -> dict[str, str]:
    """The environment of a process of its own that finds the package, has one thread and measures no coverage.

    Measuring doubles the time of a start, and of what ends by ``os._exit`` or a signal nothing would be kept.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return inherited | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])} | changes


@dataclass(frozen=True)
class Program:
    """A call: its words, where, and what its descriptors lead to: a path and the flags to open it with."""

    words: tuple[str, ...]
    folder: str
    streams: dict[int, tuple[str, int]] = field(default_factory=dict)
    user: int | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, line: str, folder: Path) -> Self:
        """A line as one writes it in a shell, with redirections such as ``< FILE`` or ``5<> FILE``."""
        words: list[str] = []
        streams: dict[int, tuple[str, int]] = {}
        rest = iter(shlex.split(line))
        for word in rest:
            if found := re.fullmatch(r"(\d?)(<|>|>>|<>)", word):
                streams[int(found[1] or (0 if found[2][0] == "<" else 1))] = next(rest), FLAGS[found[2]]
            else:
                words.append(word)
        return cls(tuple(words), str(folder), streams)


@dataclass(frozen=True)
class Ended:
    """The exit code, what was printed, and the regular files that were opened for reading, standard input included."""

    code: int
    out: str
    err: str
    read: frozenset[Inode]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        """What ``call`` has returned, after its way through JSON."""
        return cls(**answer | {"read": frozenset(map(tuple, answer["read"]))})


def call(program: Program) -> dict[str, Any]:
    """Call it in this process, which is good for nothing else after that."""
    os.chdir(program.folder)
    os.environ.update(program.environment)
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  # until the process ends
    read: set[Inode] = set()
    _redirect(program, out, err, read)
    if program.user is not None:
        os.setgroups([])
        os.setgid(program.user)
        os.setuid(program.user)
    _stand_in_for_kaggle()
    _observe(read)
    from phoneprice.cli import main

    try:
        code = main([os.fsdecode(word.encode("utf-8", "surrogateescape")) for word in program.words])
        sys.stdout.flush()
    except BaseException as fault:  # noqa: BLE001  # the test looks at it
        code = -1
        err.write(f"{type(fault).__name__}: {fault}".encode())
    return {"code": code, "out": _text(out), "err": _text(err), "read": sorted(read)}


def _redirect(program: Program, out: BinaryIO, err: BinaryIO, read: set[Inode]) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, file in ((0, nothing), (1, out.fileno()), (2, err.fileno())):
        os.dup2(file, descriptor)
    for descriptor, (path, flags) in program.streams.items():
        opened = os.open(path, flags, 0o666)
        if opened != int(descriptor):
            os.dup2(opened, int(descriptor))
            os.close(opened)
    _note(read, 0)
    encoding, errors = sys.stdout.encoding, sys.stdout.errors  # of the locale
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding, errors)
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding, errors)
    sys.stderr = io.TextIOWrapper(io.BufferedWriter(io.FileIO(2, "w", closefd=False)), encoding, "backslashreplace")


def _observe(read: set[Inode]) -> None:
    """Note the files that are opened for reading, by path (as Python's audit shows it) or in an open directory."""

    def noted(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes | Path) and _reads(*arguments[1:]):
            _note(read, arguments[0])

    plain: Callable[..., int] = os.open

    def opened(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        file = plain(path, flags, *arguments, **options)
        if _reads(None, flags):
            _note(read, file)
        return file

    sys.addaudithook(noted)
    os.open = opened


def _reads(mode: str | None, flags: int) -> bool:
    return not flags & (os.O_WRONLY | os.O_RDWR) and not (mode and set(mode) & set("wax+"))


def _note(read: set[Inode], file: Any) -> None:
    try:
        status = os.stat(file)  # noqa: PTH116  # a path or a descriptor
    except (OSError, ValueError):
        return
    if stat.S_ISREG(status.st_mode):
        read.add((status.st_dev, status.st_ino))


def _stand_in_for_kaggle() -> None:
    """What ``data fetch`` downloads, without a network."""
    from types import ModuleType

    def dataset_download(_handle: str, path: str) -> str:
        target = Path(os.environ["KAGGLEHUB_CACHE"], path)
        target.write_text("ram,price_range\n1,0\n")
        return str(target)

    module = ModuleType("kagglehub")
    module.dataset_download = dataset_download  # type: ignore[attr-defined]
    sys.modules["kagglehub"] = module


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "backslashreplace")
