"""Every help text: one sentence, an example that parses, all options described, 80 columns."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.main import get_command

from phoneprice.cli.command import _CONFIGS, _RUNS, _RUNS_AND_DATA, _TABLES
from phoneprice.cli.program import NAME, app
from phoneprice.cli.session import Session
from tests.cli.calling import Call


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


COMMANDS = list(commands(get_command(app)))
LEAVES = [(path, command) for path, command in COMMANDS if not hasattr(command, "commands")]


def test_the_commands_of_the_contract() -> None:
    assert {" ".join(path) for path, _ in LEAVES} >= {
        "train",
        "evaluate",
        "predict",
        "tune",
        *(f"config {name}" for name in ("init", "show", "check", "explain", "schema")),
        *(f"data {name}" for name in ("check", "describe", "sample", "fetch")),
        *(f"runs {name}" for name in ("list", "show", "verify")),
    }


NAMES_NO_INPUT = {
    *(
        "target",
        "settings",
        "vary",
        "keep",
        "require",
        "expect_sha256",
        "device",
        "delimiter",
        "encoding",
        "on_bad_row",
    ),
    "skip_lines",
    *("folds", "repeats", "seed", "rows", "chunk_rows", "stream_format"),
    *("vary", "candidates", "minutes", "metric"),
    *("output", "predictions", "plots"),
    "name",  # of a setting
    "root",  # is looked through; what would be written into a run there is refused by the run
}
"""The parameters with a value that no command opens to read."""


def test_every_parameter_is_known_as_an_input_or_as_none() -> None:
    """Standard output that leads to what a command reads is refused by the names of its parameters."""
    parameters = [parameter for _, command in LEAVES for parameter in command.params]
    named = {parameter.name for parameter in parameters if not getattr(parameter, "is_flag", False)}
    assert named == {*_TABLES, *_CONFIGS, *_RUNS, *_RUNS_AND_DATA, *NAMES_NO_INPUT}


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) or NAME for path, _ in COMMANDS])
def test_help(call: Call, path: tuple[str, ...], command: Any) -> None:
    result = call(*path, "--help")
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= 80
    assert re.match(r"[A-Z].+[.]$", command.help.splitlines()[0])
    assert f"\nExamples:\n  {' '.join((NAME, *path))}" in result.out
    assert "\x1b" not in result.out
    assert call(*path, "-h") == result
    assert call("help", *path) == result
    assert call(*path[:1], "help", *path[1:]) == result or len(path) < 2


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[" ".join(path) for path, _ in LEAVES])
def test_options(path: tuple[str, ...], command: Any) -> None:
    parameters = command.get_params(typer.Context(command))
    assert {"--json", "--quiet", "-q", "--debug"} <= {name for parameter in parameters for name in parameter.opts}
    for parameter in parameters:
        assert re.match(r".+[.]$", parameter.help or ""), parameter.name


EXAMPLES = [(line, path) for path, command in COMMANDS for line in command.epilog.splitlines()]


@pytest.mark.parametrize(("line", "path"), EXAMPLES, ids=[line for line, _ in EXAMPLES])
def test_example_parses(line: str, path: tuple[str, ...]) -> None:
    words = [word for word in shlex.split(re.sub(r" [<>] \S+", "", line)) if word != "|"]
    assert words[: len(path) + 1] == [NAME, *path]
    command, rest = get_command(app), words[1:]
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    with command.make_context(words[0], rest, obj=Session()) as context:
        assert context.params


def test_usage_line(call: Call) -> None:
    assert call("train", "--help").out.startswith("Usage: phoneprice train [OPTIONS] [DATA]\n")
    assert call("predict", "--help").out.startswith("Usage: phoneprice predict [OPTIONS] RUN DATA\n")


def test_colour_on_a_terminal_only(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    coloured = call("config", "--help").out
    monkeypatch.setenv("NO_COLOR", "1")
    plain = call("config", "--help").out
    assert "\x1b[1;4mCommands\x1b[0m:\n  \x1b[1minit\x1b[0m" in coloured
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_help_of_what_there_is_not(call: Call) -> None:
    assert call("help", "trian").err == (
        "phoneprice: error: no such command 'trian'; did you mean 'train'? see 'phoneprice --help'\n"
    )
