"""From an exception to the line on stderr and the exit code."""

import contextlib
import errno
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Any, NoReturn

import typer

from phoneprice.cli.session import Session, printable
from phoneprice.errors import ConfigError, DeviceError, PhonePriceError, StoppedError, StorageError

BUG, USAGE, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141
"""130 and 141 are what shells report for a process that SIGINT or SIGPIPE ended."""

_PARSER_ERROR: type[BaseException] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""What the parser raises; Typer doesn't export it."""


def exit_code(error: BaseException, session: Session) -> int:
    """Say on stderr what happened, in one line, and return the exit code that scripts rely on."""
    if isinstance(error, BrokenPipeError):
        _discard_stdout()
        return PIPE_CLOSED
    if session.debug and not isinstance(error, KeyboardInterrupt):
        traceback.print_exception(error)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return _interrupted(error)
    if isinstance(error, _PARSER_ERROR):
        return _fail(_parser_message(error), USAGE)
    if isinstance(error, PhonePriceError):
        return _fail(_message(error), error.exit_code)
    return _surprise(error)


def end_on_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does: what is half-written is removed, and a line says what happened."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        raise StoppedError(number, "terminated")

    signal.signal(signal.SIGTERM, end)


def _interrupted(error: BaseException) -> int:
    if isinstance(error, StoppedError):
        return _say(str(error), error.exit_code)
    return _say("interrupted", INTERRUPTED)


def _discard_stdout() -> None:
    """What is still buffered goes nowhere, also when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _surprise(error: BaseException) -> int:
    """What the parts didn't expect; running out of something is no bug."""
    if isinstance(error, MemoryError):
        return _fail("out of memory; use smaller blocks or a smaller network, or free memory", DeviceError.exit_code)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}:
        place, reason = error.filename or "standard output", (error.strerror or "").lower()
        return _fail(f"{place}: can't be written: {reason}; write elsewhere", StorageError.exit_code)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return _fail(f"unexpected {what}; this is a bug: run again with --debug and report what it prints", BUG)


def _message(error: PhonePriceError) -> str:
    """One line, but a configuration's faults come one a line."""
    text = str(error)
    return text if isinstance(error, ConfigError) else " ".join(text.splitlines())


def _fail(message: str, code: int) -> int:
    return _say(f"error: {message}", code)


def _say(text: str, code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError:
        _discard_stdout()
    with contextlib.suppress(OSError):
        sys.stderr.write(f"phoneprice: {printable(text)}\n")
    return code


def _parser_message(error: Any) -> str:
    """The parser's message in our style: no capital, no full stop, and where the help is."""
    message = " ".join(error.format_message().split()).rstrip(".").replace(": Value error, ", ": ")
    if near := getattr(error, "possibilities", None):
        message = f"no such option: {error.option_name}; did you mean {' or '.join(sorted(near))}?"
    message = message.replace(". Did you mean", "; did you mean").replace(
        "Got unexpected extra argument(s)", "too many arguments"
    )
    separator = "" if message.endswith("?") else ";"
    command = error.ctx.command_path if error.ctx else "phoneprice"
    return f"{message[:1].lower()}{message[1:]}{separator} see '{command} --help'"
