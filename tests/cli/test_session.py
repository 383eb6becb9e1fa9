"""Streams, JSON and control characters."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phoneprice.cli.session import Session


def test_a_document_is_json_whatever_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    document: dict[Any, Any] = {
        "path": Path("手机.csv"),
        "infinite": [math.inf, -math.inf, math.nan, 1.5],
        "array": np.arange(3, dtype=np.int64),
        "scalar": np.float32(0.5),
        "nothing": np.float64("nan"),
        "pair": (True, None),
        7: "key",
    }
    Session().document(document)
    assert json.loads(capsys.readouterr().out) == {
        "path": "手机.csv",
        "infinite": [None, None, None, 1.5],
        "array": [0, 1, 2],
        "scalar": 0.5,
        "nothing": None,
        "pair": [True, None],
        "7": "key",
    }


def test_quiet_says_nothing_but_data(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(quiet=True)
    session.say("a")
    session.write("b")
    assert capsys.readouterr() == ("b\n", "")


def test_tables_are_shown_unless_quiet_or_json() -> None:
    assert Session().shows_tables
    assert not Session(json=True).shows_tables
    assert not Session(quiet=True).shows_tables


LONG = "phoneprice: phones.csv: " + "inferred what the table says of itself, " * 4 + "in /a/path/" + "x" * 90


@pytest.mark.parametrize("width", [24, 60, 80, 200])
def test_a_terminal_gets_long_messages_in_several_lines(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session()
    session.say(LONG)
    assert capsys.readouterr().err == f"{LONG}\n"  # a log: one message, one line
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    session.say(LONG)
    first, *others = capsys.readouterr().err.splitlines()
    assert others
    assert all(line.startswith("  ") for line in others)
    assert all(len(line) <= min(width, 80) for line in (first, *others) if "/a/path" not in line)
    assert " ".join([first, *map(str.strip, others)]) == LONG
    session.say(LONG, whole=True)
    session.say("short")
    assert capsys.readouterr().err == f"{LONG}\nshort\n"
