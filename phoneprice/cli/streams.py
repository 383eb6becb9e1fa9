"""Standard output and standard error of the process: what they lead to, and what becomes of what they can't take.

Standard output is for results: what it can't take is a failure. Standard error is for messages: one that can't be shown
must not stop the work that it is about.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from phoneprice.cli.output import number_of
from phoneprice.cli.session import Session
from phoneprice.stream import STDERR, STDOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed import ReadableBuffer

TERMINAL = Path("/dev/tty")
"""Of the process, whatever its streams lead to."""


class _Messages(io.FileIO):
    """Standard error, which drops what it can't show: its disk is full, its reader has ended, its terminal is gone."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, and wait for a reader who is slow."""
        size = memoryview(data).nbytes
        try:
            while (written := super().write(data)) is None:
                _wait_for(self)
        except OSError:
            return size
        return written


def _wait_for(stream: io.FileIO) -> None:
    from select import select

    select([], [stream], [])


def prepare_streams() -> None:
    """Make closed streams such that using them is an error, and escape the characters that a stream can't encode.

    The number of a closed stream would be given to the next file that is opened. Its place is taken: by a device that
    can't be read for input, by one that can't be written to for output. Errors and progress go nowhere.
    """
    for number, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        if not _is_open(number):
            os.open(os.devnull, mode)  # gets the lowest free number
    sys.stdout = sys.stdout or open(STDOUT, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(STDERR, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if number_of(sys.stderr) == STDERR:  # else a program that calls this one has put its own there
        messages = io.BufferedWriter(_Messages(STDERR, "w", closefd=False))
        sys.stderr = io.TextIOWrapper(messages, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def spare_streams(session: Session, inputs: Callable[[], Iterable[Path | str]]) -> str | None:
    """Let the session print to no stream that leads to one of the ``inputs`` or into a run, and say why not.

    None where it may print to both. The inputs are asked for only where a stream leads to a file.
    """
    files = [stream for stream in (STDOUT, STDERR) if _is_file(stream)]
    if not files:
        return None
    from phoneprice.workflows.inputs import stream_fault

    read = tuple(inputs())
    faults = {stream: fault for stream in files if (fault := stream_fault(stream, read))}
    session.spared = frozenset(faults)
    return next(iter(faults.values()), None)


def words_as_files(words: Sequence[str]) -> Iterator[str]:
    """Whatever on a command line could be the name of a file, before it is known what is one."""
    for word in words:
        yield word
        yield from word.split("=", 1)[1:]


@contextmanager
def stream_for_errors(session: Session) -> Iterator[TextIO]:
    """Where an error is shown: on stderr; if that must be spared, on stdout, else on the terminal if there is one."""
    if STDERR not in session.spared:
        yield sys.stderr
    elif STDOUT not in session.spared and not session.wants_json:
        yield sys.stdout
    else:
        with _open_terminal() as terminal:
            yield terminal


def _open_terminal() -> TextIO:
    try:
        return TERMINAL.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError:
        return Path(os.devnull).open("w", encoding="utf-8")


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _is_file(stream: int) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream).st_mode)
    except OSError:  # it is closed
        return False
