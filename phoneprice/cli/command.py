"""How a function becomes a command: the options that every command has, and its help."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from phoneprice.cli.help import Command, Group
from phoneprice.cli.options import READING
from phoneprice.cli.session import Session
from phoneprice.cli.several_values import several_values
from phoneprice.cli.streams import spare_streams
from phoneprice.config.reading import Reading
from phoneprice.errors import PhonePriceError, UsageError

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, also of an error.")]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
_Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

_OPTIONS = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
    for name, annotation in (("json", _Json), ("quiet", _Quiet), ("debug", _Debug))
)

_TABLES, _CONFIGS, _RUNS = ("data", "from_data", "reference"), ("config", "file"), ("run", "other", "reference")
_RUNS_AND_DATA = ("runs_and_data",)  # lists of runs, of which the last one may be a table
"""The parameters that name what a command reads; ``tests/cli/test_help.py`` knows all others."""

_HELP_OPTIONS = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


def group(summary: str, examples: str = "", *, completion: bool = False) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(
        cls=Group,
        help=summary,
        epilog=examples,
        rich_markup_mode=None,
        add_completion=completion,
        pretty_exceptions_enable=False,
        context_settings=_HELP_OPTIONS,
    )


def add_command(app: typer.Typer, function: Callable[..., None]) -> None:
    """Add ``function(session, ...)`` to ``app``, with the options that every command has, and those for a ``reading``.

    Its docstring is the help, and ends with ``For example:`` and command lines.
    """
    own = list(inspect.signature(function).parameters.values())[1:]
    reads = any(parameter.name == "reading" for parameter in own)

    def call(ctx: typer.Context, *, json: bool, quiet: bool, debug: bool, **arguments: Any) -> None:
        session: Session = ctx.obj
        session.json, session.quiet, session.debug = json, quiet, debug
        if fault := spare_streams(session, lambda: _read_by(arguments)):
            raise UsageError(fault)
        if reads:
            arguments["reading"] = Reading(**{option.name: arguments.pop(option.name) for option in READING})
        function(session, **arguments)

    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own if parameter.name != "reading"]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [context, *own, *(READING if reads else ()), *_OPTIONS]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    text, _, examples = (inspect.getdoc(function) or "").partition("\n\nFor example:\n")
    register = app.command(
        function.__name__.rstrip("_"),
        cls=type("Command", (Command,), {"several_values": several_values(function)}),
        help=text,
        epilog=inspect.cleandoc(examples),
        context_settings=_HELP_OPTIONS,
    )
    register(call)


def _read_by(arguments: Mapping[str, Any]) -> Iterator[Path | str]:
    """What a command of these arguments reads; what isn't there is for the command to say.

    Runs and configurations are looked up where there are any: what knows runs imports Arrow.
    """

    def given(names: tuple[str, ...]) -> list[Any]:
        return [arguments[name] for name in names if arguments.get(name) is not None]

    yield from given(_TABLES)
    if configs := given(_CONFIGS):
        from phoneprice.config.presets import find_config

        for config in configs:
            with suppress(PhonePriceError):
                yield find_config(config)
    words = [word for own in given(_RUNS_AND_DATA) for word in own]
    yield from words
    if runs := [*given(_RUNS), *words]:
        from phoneprice.artifact.runs import resolve_run
        from phoneprice.workflows.inputs import run_files

        for run in runs:
            with suppress(PhonePriceError):
                yield from run_files(resolve_run(run))
