"""``docs/faults.md``: every row of the fault table names tests, and they exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "faults.md"
_ROW = re.compile(r"\| (?!fault \||what \|)(.*) \|$")
_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def rows(text: str) -> list[list[str]]:
    """The cells of each row of each table; a bar inside backquotes is none of the table's."""
    found = [match[1] for line in text.splitlines() if (match := _ROW.match(line))]
    return [re.split(r" \| (?=(?:[^`]*`[^`]*`)*[^`]*$)", row) for row in found]


@cache
def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


ROWS = rows(PAGE.read_text(encoding="utf-8"))


def test_the_page_is_read() -> None:
    assert len(ROWS) > 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_row_has_tests_that_exist(row: list[str]) -> None:
    named = _TEST.findall(row[-1])
    assert named
    for file, name in named:
        assert name in names_in(TESTS / file), f"{file} has no {name}"
