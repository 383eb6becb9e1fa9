"""The arguments and options that commands share."""

import inspect
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from phoneprice.cli.completion import complete_config, complete_run, complete_setting, complete_varied
from phoneprice.cli.session import Session
from phoneprice.cli.several_values import SeveralValues
from phoneprice.errors import UsageError
from phoneprice.stream import STREAM, given_path
from phoneprice.wording import quoted

if TYPE_CHECKING:
    from phoneprice.config.asked import ToInfer
    from phoneprice.config.schema import Config

argument: Callable[..., Any] = partial(typer.Argument, readable=False, show_default=False)
option: Callable[..., Any] = partial(typer.Option, readable=False, show_default=False)
"""What a command takes; the faults of a path are reported by the workflows, with their exit codes."""

path_argument: Callable[..., Any] = partial(argument, parser=given_path)
path_option: Callable[..., Any] = partial(option, parser=given_path)
"""A file, or ``-`` for a stream: as it is typed, since ``./-`` is a file."""

_reading_option = partial(option, rich_help_panel="Reading DATA")


def number_option(name: str, *, least: int, most: int, text: str) -> Any:
    """A whole number from ``least`` to ``most``."""

    def parse(given: str) -> int:
        try:
            if least <= int(given) <= most:
                return int(given)
        except ValueError:
            pass
        raise typer.BadParameter(f"found {quoted(given)}, must be a whole number from {least} to {most}")

    return option(name, metavar="N", parser=parse, help=text)


def vary_option(metavar: str, text: str) -> Any:
    """What a command that trains several configurations varies; it goes with ``SEVERAL_SETTINGS``."""
    return option("--vary", "-x", metavar=metavar, help=text, autocompletion=complete_varied)


SEVERAL_SETTINGS = SeveralValues(r"[a-z_][\w.]*\s*=")
"""Further settings after the first one, in the annotation of ``-s`` and ``-x``."""
FORMATS = "CSV, JSON, JSON Lines, Parquet, Arrow or Excel (text also as .gz or .zst, all in a .zip)"
"""What ``data.formats`` can read, written out here: importing that takes too long for a help text."""

# Texts, not paths, so that ./latest is not the word, nor ./textbook a ready-made configuration.
Run = Annotated[
    str,
    argument(metavar="RUN", help="Run directory; 'latest' is the newest one in runs/.", autocompletion=complete_run),
]
Data = Annotated[Path, path_argument(metavar="DATA", help=f"Table: {FORMATS}; - is stdin.")]
OptionalData = Annotated[
    Path | None,
    path_argument(metavar="DATA", help=f"Table: {FORMATS}; - is stdin; without one, the bundled synthetic sample."),
]
ConfigFile = Annotated[
    str | None,
    option(
        "--config",
        "-c",
        metavar="FILE",
        help="Configuration: a TOML file, or the name of a ready-made one such as textbook.",
        autocompletion=complete_config,
    ),
]
TargetToLearn = Annotated[
    str | None,
    option(
        "--target",
        metavar="COL",
        help="Column to predict; without -c all the rest is inferred from DATA, as config init does it.",
    ),
]
Settings = Annotated[
    list[str] | None,
    option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        help="Change one setting, such as optimizer.lr=0.01; may be repeated.",
        autocompletion=complete_setting,
    ),
    SEVERAL_SETTINGS,
]
Output = Annotated[
    Path,
    path_option("--output", "-o", metavar="FILE", help="Where to write; - is stdout.", show_default=True),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"] | None,
    option("--device", metavar="NAME", help="Where to compute: auto, cpu, cuda or mps."),
]
Delimiter = Annotated[
    str | None,
    _reading_option(
        "--delimiter", metavar="CHAR", help="Character between CSV cells; '\\t' is a tab; recognised if not given."
    ),
]
Encoding = Annotated[
    str | None,
    _reading_option("--encoding", metavar="NAME", help="Encoding of text, such as cp1252; recognised if not given."),
]
OnBadRow = Annotated[
    Literal["fail", "skip"] | None,
    _reading_option(
        "--on-bad-row",
        metavar="fail|skip",
        help="What to do with a row that has text in a numeric column; fail if not given.",
    ),
]
SkipLines = Annotated[
    int | None,
    _reading_option(
        "--skip-lines",
        metavar="N",
        help="Lines above the header of CSV and worksheets; recognised if not given.",
    ),
]
Header = Annotated[
    bool | None,
    _reading_option(
        "--no-header",
        callback=lambda given: False if given else None,
        help="The first line is a row: the columns are called column_1, column_2, ...",
    ),
]

READING = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    for name, annotation in (
        ("delimiter", Delimiter),
        ("encoding", Encoding),
        ("on_bad_row", OnBadRow),
        ("skip_lines", SkipLines),
        ("header", Header),
    )
)
"""The options that make a ``Reading``."""


def refuse_stdout(session: Session, output: Path | None, what: str, flag: str = "-o") -> None:
    """Refuse to write to stdout what ``--json`` needs for itself. Raises ``UsageError``."""
    if session.json and output == STREAM:
        raise UsageError(f"--json needs stdout for itself; name a file for {what} with {flag} FILE")


def configuration(
    session: Session,
    file: str | None,
    settings: Sequence[str] | None,
    device: str | None = None,
    target: str | None = None,
) -> "Config":
    """Defaults < file < environment < ``-s`` < the options ``--device`` and ``--target``; raises ``ConfigError``.

    It is said what these leave out.
    """
    from phoneprice.config.load import load_config

    texts = _texts(settings, device, target)
    return load_config(file, texts, os.environ, say=lambda message: session.say(f"phoneprice: {message}"))


def configuration_to_learn(
    session: Session, file: str | None, settings: Sequence[str] | None, device: str | None, target: str | None
) -> "Config | ToInfer":
    """The same for a command that learns: with a target and without a file, all that is not set is to be inferred."""
    if file or target is None:
        return configuration(session, file, settings, device, target)
    from phoneprice.config.asked import ToInfer

    asked = ToInfer(target, _texts(settings, device), os.environ)
    asked.known()  # what is wrong in it is said first
    return asked


def _texts(settings: Sequence[str] | None, device: str | None, target: str | None = None) -> tuple[str, ...]:
    """All that options ask for, as ``-s`` has it: TOML, whatever a value holds."""
    options = {"training.device": device, "data.target": target}
    texts = (f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in options.items() if value is not None)
    return (*(settings or ()), *texts)
