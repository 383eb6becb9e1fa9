"""What a command reads is never what it writes, by open file and not by name, and nothing is written into a run.

Every command asks this at its start, where its stdout is a file: so it imports next to nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from phoneprice.artifact.layout import LIMITS, LIMITS_OF_COMPARISONS, is_inside_a_run
from phoneprice.errors import UsageError
from phoneprice.places import real_entry
from phoneprice.stream import STDERR, STDIN, STDOUT, STREAM, file_and_part, given_path

_COPY_FIRST = "copy it to another place first"
_NAMES = {STDOUT: "stdout", STDERR: "stderr"}


def refuse_output(output: Path, *inputs: Path | str | None, option: str = "-o") -> None:
    """Refuse to write over an input, also by links or as standard input or output, or into a run.

    Raises ``UsageError``.
    """
    if output == STREAM:
        if fault := stream_fault(STDOUT, inputs):
            raise UsageError(fault)
        return
    # The folder as it is named, too: a link in the run may lead out of it.
    real = Path(os.path.realpath(output)), real_entry(output)
    if any(map(is_inside_a_run, real)):
        raise UsageError(f"{output}: is inside a run, to which nothing may be added; name another place with {option}")
    if _is_one_of(_identity(output, STDOUT), inputs):
        raise UsageError(f"{output}: is the input itself; name another file with {option}")
    if any(_goes(inputs, place) for place in {*real}):
        raise UsageError(f"{output}: the input is in its work directory, and would go with it; {_COPY_FIRST}")


def stream_fault(stream: int, inputs: Iterable[Path | str | None]) -> str | None:
    """Why nothing may be printed to stdout (1) or stderr (2): it is an input, or inside a run. None where it may."""
    written = _identity(STREAM, stream)
    if _is_one_of(written, inputs):
        return f"{_NAMES[stream]}: is the input itself; redirect it to another file"
    if written is not None:
        with suppress(OSError):  # systems that don't tell the name of an open file
            if is_inside_a_run(Path(os.readlink(f"/dev/fd/{stream}"))):  # noqa: PTH115
                return f"{_NAMES[stream]}: is inside a run, to which nothing may be added; redirect it to another file"
    return None


def _is_one_of(written: tuple[int, int] | None, inputs: Iterable[Path | str | None]) -> bool:
    return written is not None and any(_identity(given, STDIN) == written for given in inputs if given is not None)


def refuse_training_on(read: Path | str | None, run: Path, what: str = "the table to learn from") -> None:
    """Refuse to learn from a file of the run that would be replaced, or of one in the making. Raises ``UsageError``."""
    if read is not None:
        if _is_one_of(_identity(read, STDIN), run_files(run)):
            raise UsageError(f"{run}: {what} is in it; choose another -o")
        if _goes([read], run):
            raise UsageError(f"{run}: {what} is in its work directory, and would go with it; {_COPY_FIRST}")


def _goes(read: Iterable[Path | str | None], written: Path) -> bool:
    """Whether something that is read is among what killed processes have left where ``written`` is made."""
    from phoneprice.artifact.work import files_that_go

    wanted = {_identity(given, STDIN) for given in read if given is not None} - {None}
    return any((file.st_dev, file.st_ino) in wanted for file in files_that_go(written)) if wanted else False


def run_files(run: Path) -> tuple[Path, ...]:
    """What may be read of a run, or of a comparison."""
    return tuple(run / name for name in (*LIMITS, *LIMITS_OF_COMPARISONS))


def _identity(path: Path | str, stream: int) -> tuple[int, int] | None:
    """Device and inode of the regular file that a path leads to, or is open as ``stream``; None where there is none."""
    try:
        given = given_path(path)
        status = os.stat(stream if given == STREAM else file_and_part(given)[0])  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
