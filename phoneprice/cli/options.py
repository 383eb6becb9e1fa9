"""The arguments and options that commands share."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from phoneprice.cli.completion import complete_config, complete_run, complete_setting
from phoneprice.cli.session import Session
from phoneprice.cli.several_values import SeveralValues
from phoneprice.errors import UsageError
from phoneprice.stream import STREAM

Completer = Callable[[str], list[str]] | None

_READING = "Reading DATA"


def path_argument(metavar: str, help_text: str, *, show_default: bool = False, autocompletion: Completer = None) -> Any:
    """A path whose faults the workflows report, with their exit codes."""
    return typer.Argument(
        metavar=metavar, help=help_text, readable=False, show_default=show_default, autocompletion=autocompletion
    )


def path_option(
    *names: str, metavar: str, help_text: str, show_default: bool = False, autocompletion: Completer = None
) -> Any:
    """A path whose faults the workflows report, with their exit codes."""
    return typer.Option(
        *names,
        metavar=metavar,
        help=help_text,
        readable=False,
        show_default=show_default,
        autocompletion=autocompletion,
    )


def number_option(*names: str, least: int, metavar: str = "N", help_text: str) -> Any:
    """A whole number, ``least`` or more."""

    def parse(text: str) -> int:
        try:
            if int(text) >= least:
                return int(text)
        except ValueError:
            pass
        raise typer.BadParameter(f"found {text!r}, must be a whole number, {least} or more")

    return typer.Option(*names, metavar=metavar, help=help_text, parser=parse, show_default=False)


def text_option(
    *names: str, metavar: str, help_text: str, panel: str | None = None, autocompletion: Completer = None
) -> Any:
    """A text, or one of a closed set."""
    return typer.Option(
        *names,
        metavar=metavar,
        help=help_text,
        rich_help_panel=panel,
        show_default=False,
        autocompletion=autocompletion,
    )


FORMATS = "CSV, JSON Lines or Parquet (text also as .gz or .zst)"
"""What ``data.formats`` can read, written out here: importing that takes too long for a help text."""

# Texts, not paths, so that ./latest is not the word.
Run = Annotated[
    str,
    path_argument("RUN", "Run directory; 'latest' is the newest one in runs/.", autocompletion=complete_run),
]
Data = Annotated[Path, path_argument("DATA", f"Table: {FORMATS}; - is stdin.")]
OptionalData = Annotated[
    Path | None, path_argument("DATA", f"Table: {FORMATS}; - is stdin; without one, the bundled synthetic sample.")
]
ConfigFile = Annotated[
    Path | None,
    path_option(
        "--config",
        "-c",
        metavar="FILE",
        help_text="Configuration: a TOML file, or the name of a ready-made one such as textbook.",
        autocompletion=complete_config,
    ),
]
Settings = Annotated[
    list[str] | None,
    text_option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        help_text="Change one setting, such as optimizer.lr=0.01; may be repeated.",
        autocompletion=complete_setting,
    ),
    SeveralValues(r"[a-z_][\w.]*\s*="),
]
Output = Annotated[
    Path,
    path_option("--output", "-o", metavar="FILE", help_text="Where to write; - is stdout.", show_default=True),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"] | None,
    text_option("--device", metavar="NAME", help_text="Where to compute: auto, cpu, cuda or mps."),
]
Delimiter = Annotated[
    str | None,
    text_option(
        "--delimiter",
        metavar="CHAR",
        help_text="Character between CSV cells, a comma if not given; '\\t' is a tab.",
        panel=_READING,
    ),
]
Encoding = Annotated[
    str | None,
    text_option(
        "--encoding", metavar="NAME", help_text="Encoding of text, such as latin-1; utf-8 if not given.", panel=_READING
    ),
]
OnBadRow = Annotated[
    Literal["fail", "skip"] | None,
    text_option(
        "--on-bad-row",
        metavar="fail|skip",
        help_text="What to do with a row that has text in a numeric column; fail if not given.",
        panel=_READING,
    ),
]


READING = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    for name, annotation in (("delimiter", Delimiter), ("encoding", Encoding), ("on_bad_row", OnBadRow))
)
"""The options that make a ``Reading``."""


def refuse_stdout(session: Session, output: Path | None, what: str, option: str = "-o") -> None:
    """Refuse to write to stdout what ``--json`` needs for itself. Raises ``UsageError``."""
    if session.json and output == STREAM:
        raise UsageError(f"--json needs stdout for itself; name a file for {what} with {option} FILE")


def setting(key: str, value: str) -> str:
    """``key=value`` with the value as TOML text, whatever it holds."""
    return f"{key}={json.dumps(value, ensure_ascii=False)}"
