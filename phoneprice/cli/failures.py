"""From an exception to the line on stderr and the exit code."""

import contextlib
import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import typer

from phoneprice.cli.output import is_closed, json_lines, write_lines
from phoneprice.cli.session import Session
from phoneprice.cli.streams import stream_for_errors
from phoneprice.errors import PhonePriceError, StoppedError, UsageError
from phoneprice.shortage import system_error, write_error
from phoneprice.stream import STDOUT
from phoneprice.suggestions import nearest, the_same
from phoneprice.wording import cut
from phoneprice.workflows.stopping import interrupt_at_once, stop_at_once

INTERRUPTED, PIPE_CLOSED = 130, 141
"""What shells report for a process that SIGINT or SIGPIPE ended."""

INTERRUPTION = "Interrupted"
_MOST_SHOWN = 300
"""Characters of what the parser says: it repeats words, which may be of any length."""
_PARSER_ERROR: type[BaseException] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""What the parser raises; Typer doesn't export it."""


@dataclass(frozen=True)
class Failure:
    """What happened, as ``--json`` shows it; ``kind`` is a class of ``phoneprice.errors``, "Interrupted" or "Bug"."""

    kind: str
    message: str
    exit_code: int


def exit_code(error: BaseException, session: Session) -> int:
    """Print what happened, in one line, and return the exit code that scripts rely on.

    The line goes to stderr. Where that is what the command reads, it would damage it: then it goes to stdout.
    With ``--json`` the failure is also the document on stdout, unless something is there already, or it is that nothing
    may be written there. When the program that reads stdout has ended, data is missing, so the exit code is 141
    whatever the failure; but not after a signal, which on a terminal ends the reading program too. Whether anybody
    reads stderr makes no difference.
    """
    failure = _failure(error)  # while stdout still leads where it led
    reader_left = _write(sys.stdout)
    if isinstance(error, BrokenPipeError):
        _write(sys.stderr)
        return PIPE_CLOSED
    with stream_for_errors(session) as stream:
        if session.debug and failure.kind != INTERRUPTION:
            _write(stream, *"".join(traceback.format_exception(error)).splitlines())
        prefix = "" if failure.kind == INTERRUPTION else "error: "
        _write(stream, *f"phoneprice: {prefix}{failure.message}".split("\n"))
    if session.wants_json and not (session.wrote or STDOUT in session.spared):
        reader_left |= _write(sys.stdout, *json_lines({"format": 1, "error": failure}))
    return PIPE_CLOSED if reader_left and failure.kind != INTERRUPTION else failure.exit_code


def end_on_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does, but where it is ignored, as whoever started it has it."""
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, stop_at_once)


def interrupt_on_sigint() -> None:
    """Let SIGINT be a Ctrl-C or a lack of threads; where it is ignored or handled already, it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt_at_once)


def _write(stream: TextIO, *lines: str) -> bool:
    """Write lines and flush, and return whether the stream's reader has ended.

    After a fault the stream leads to the null device, so that flushing it when Python ends can't fail again.
    """
    try:
        write_lines(stream, *lines)
        stream.flush()
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        return isinstance(error, BrokenPipeError)
    return False


def _failure(error: BaseException) -> Failure:
    if isinstance(error, StoppedError):
        return Failure(INTERRUPTION, str(error), error.exit_code)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return Failure(INTERRUPTION, "interrupted", INTERRUPTED)
    known = _known(error)
    if known is None:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"unexpected {what}; this is a bug: run again with --debug and report what it prints"
        return Failure("Bug", message, PhonePriceError.exit_code)
    return Failure(type(known).__name__, str(known), known.exit_code)


def _known(error: BaseException) -> PhonePriceError | None:
    """The error as one of ours: a wrong command line, or what the machine has too little of. None for a bug."""
    if isinstance(error, PhonePriceError):
        return error
    if isinstance(error, _PARSER_ERROR):
        return UsageError(_parser_message(error))
    if isinstance(error, OSError) and error.errno == errno.EBADF and is_closed(sys.stdout):
        return write_error("standard output", error)
    return system_error(error)


def _parser_message(error: Any) -> str:
    """The parser's message in our style: no capital, no full stop, and where the help is."""
    message = " ".join(error.format_message().split()).rstrip(".").replace(": Value error, ", ": ")
    if hasattr(error, "possibilities") and hasattr(error, "option_name"):
        name = error.option_name
        message = f"no such option: {name}{_instead_of_option(name, error.ctx.command.get_params(error.ctx))}"
    message = message.replace(". Did you mean", "; did you mean").replace(
        "Got unexpected extra argument(s)", "too many arguments"
    )
    separator = "" if message.endswith("?") else ";"
    command = error.ctx.command_path if error.ctx else "phoneprice"
    return f"{message[:1].lower()}{cut(message[1:], _MOST_SHOWN)}{separator} see '{command} --help'"


def _instead_of_option(name: str, parameters: Sequence[Any]) -> str:
    """What an unknown option was meant to be: one in another writing, a setting, or one that is spelled like it."""
    options = [option for parameter in parameters for option in parameter.opts]
    same = the_same(name, options)
    setting = "" if same or "--set" not in options else _setting_named(name)
    if setting:
        return f"; as a setting it is -s {setting}=VALUE"
    near = same or nearest(name, options)
    return f"; did you mean {near}?" if near else ""


def _setting_named(option: str) -> str:
    """The one setting whose key ends in the name of an option, or in what that is called here."""
    from phoneprice.config.fields import place_of
    from phoneprice.config.schema import Config

    return place_of(Config, option.removeprefix("--").replace("-", "_"))
