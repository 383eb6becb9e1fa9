"""One door to the streams: what is written there, and that nothing in the package goes round it."""

from __future__ import annotations

import ast
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import phoneprice
from phoneprice.cli.output import json_lines, write_lines
from tests.faults.hostile_words import UNDECODABLE, WORD, obeyed

PACKAGE = Path(phoneprice.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
STREAMS = {f"sys.{name}" for name in ("stdout", "stderr", "__stdout__", "__stderr__")}
ASKING = {"flush", "isatty", "encoding"}
"""What may be done with a stream everywhere."""
WRITERS = {"print", "rich.print", "typer.echo", "typer.secho", "warnings.warn", "click", "logging"}
LAYOUT = {
    "rich.text",
    "rich.text.Text",
    "rich.markup",
    "rich.console.Console",
    "rich.live",
    "rich.status",
    "rich.print",
}
"""What makes text of rich's that it prints as it is, or a console that isn't ours."""

ALLOWED = {
    "cli/output.py": [],  # it is given its stream
    "cli/session.py": ["sys.stderr"] + ["sys.stdout"] * 2,  # whether that is closed, too
    "cli/failures.py": ["sys.stderr"] + ["sys.stdout"] * 3,
    "cli/program.py": ["sys.stdout"],
    "cli/completion.py": ["sys.stdout"],
    "cli/streams.py": ["sys.stderr"] * 6 + ["sys.stdout"] * 4,  # it opens what was closed, and says where errors go
    "cli/rendering/console.py": ["rich.console.Console", "rich.text.Text", ".print", ".print"],
    "cli/help.py": ["typer.echo"],  # words of the program itself, with its own colours
    "data/samples/fetch.py": ["sys.stderr"],  # kagglehub's progress
    # Data, how a terminal shows it, and whether stdout is there and takes bytes.
    "workflows/destinations.py": ["sys.stdout", "sys.stdout", "sys.stdout.buffer", "sys.stdout.write"],
    "workflows/events.py": ["warnings.warn"],  # of the Python API
}
"""Every use of a stream: given to ``write_lines``, or with the reason why not."""
TYPES_ONLY = {"cli/rendering/results.py", "cli/rendering/terminal_report.py", "cli/rendering/data.py"}
"""They name ``rich.console.Console`` as the type of what ``rendering.console`` has made."""


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of an attribute or name, as it is written."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def ways_out(tree: ast.AST) -> Iterator[str]:
    """Whatever could print."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print")):
                yield "print"
            case ast.Call(func=ast.Attribute(attr="print")) if dotted(node.func) not in WRITERS:
                yield ".print"
            case ast.ImportFrom(module=str(module), names=names):
                found = {module, *(f"{module}.{alias.name}" for alias in names)}
                yield from sorted(found & (WRITERS | LAYOUT | STREAMS), key=len)[-1:]
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name in WRITERS | LAYOUT)
            case ast.Attribute() if dotted(node) in WRITERS:
                yield dotted(node)
            case ast.Attribute() if dotted(node.value) in STREAMS and node.attr not in ASKING:
                yield dotted(node)
            case ast.Attribute() if dotted(node) in STREAMS and id(node) not in inner:
                yield dotted(node)
            case _:
                pass


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_nothing_prints_but_through_the_door(file: Path) -> None:
    name = str(file.relative_to(PACKAGE))
    found = list(ways_out(ast.parse(file.read_text(encoding="utf-8"))))
    if name in TYPES_ONLY:
        found.remove("rich.console.Console")
    assert sorted(found) == sorted(ALLOWED.get(name, []))


@pytest.mark.parametrize(
    "source",
    [
        "print(text)",
        "console.print(text)",
        "sys.stdout.write(text)",
        "sys.stderr.buffer.write(text)",
        "json.dump(document, sys.stdout)",
        "from sys import stdout",
        "typer.echo(text)",
        "from typer import secho",
        "import rich.text",
        "from rich.text import Text",
        "from rich import print",
        "from rich.console import Console",
        "import logging",
        "import click",
        "warnings.warn(text)",
    ],
)
def test_this_test_finds_what_it_looks_for(source: str) -> None:
    assert list(ways_out(ast.parse(source)))


@given(st.lists(st.text(st.characters())))
def test_a_text_is_a_line_and_nothing_else(lines: list[str]) -> None:
    stream = io.StringIO()
    write_lines(stream, *lines)
    assert stream.getvalue().count("\n") == len(lines)
    assert obeyed(stream.getvalue()) == []


@given(st.text())
@example("\ud800")
@example(UNDECODABLE)
def test_json_gives_every_text_back(text: str) -> None:
    lines = json_lines({text: text, "list": [text]})
    assert json.loads("\n".join(lines)) == {text: text, "list": [text]}
    assert obeyed("".join(lines)) == []
    "".join(lines).encode()


def test_json_on_a_stream_of_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    lines = json_lines({"ü": WORD})
    assert json.loads("".join(lines)) == {"ü": WORD}
    assert "".join(lines).isascii()
