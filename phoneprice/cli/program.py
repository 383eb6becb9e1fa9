"""The program: its commands, and what becomes of their failures."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from typer.main import get_command

from phoneprice import __version__
from phoneprice.cli.command import group
from phoneprice.cli.commands import add_all
from phoneprice.cli.failures import exit_code
from phoneprice.cli.output import write_lines
from phoneprice.cli.session import Session
from phoneprice.cli.streams import spare_streams, words_as_files
from phoneprice.errors import UsageError

NAME = "phoneprice"

app = group(
    """Train, evaluate and predict with a neural network on any table.

    Data, JSON, paths and the tables of runs, data, report and --dry-run go to
    stdout; progress, warnings and all other tables to stderr. phoneprice help COMMAND shows the help of a command.""",
    "phoneprice train phones.csv --target price_range -o runs/phones\n"
    "phoneprice evaluate runs/phones more_phones.csv\n"
    "phoneprice predict runs/phones new_phones.csv -o predictions.csv",
    completion=True,
)
add_all(app)


def _show_version(asked: bool) -> None:
    if asked:
        write_lines(sys.stdout, f"{NAME} {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


def run(arguments: Sequence[str] | None = None, on_failure: Callable[[int], None] = lambda _: None) -> int:
    """Run one command line and return its exit code; whatever fails has its line on stderr.

    ``on_failure`` gets the code as long as the error, and all that it holds, is still there.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if os.environ.get(f"_{NAME.upper()}_COMPLETE"):
        from phoneprice.cli.completion import complete

        return complete(get_command(app), NAME)
    session = Session(tuple(words))
    spare_streams(session, lambda: words_as_files(words))  # until it is known what is read
    try:
        _refuse_lost_directory()
        code = _invoke(words, session)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:  # noqa: BLE001 - every failure has an exit code
        code = exit_code(error, session)
        on_failure(code)
    return code


def _refuse_lost_directory() -> None:
    """Libraries look for their own files from the working directory, and say odd things where there is none."""
    try:
        os.getcwd()  # noqa: PTH109
    except OSError as fault:
        reason = (fault.strerror or str(fault)).lower()
        raise UsageError(f"the working directory: {reason}; change to another one") from None


def _invoke(words: list[str], session: Session) -> int:
    program = get_command(app)
    try:
        with program.make_context(NAME, words, obj=session) as context:
            program.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except SystemExit as end:  # how Typer's own options end
        return int(end.code or 0)
    return 0
