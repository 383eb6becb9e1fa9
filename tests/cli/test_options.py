"""What the shared options take, and what they say of the rest."""

import io
import sys
from pathlib import Path
from typing import get_args

import pytest

from phoneprice.cli.options import FORMATS
from phoneprice.data import formats
from phoneprice.data.formats import WRITABLE, WRITTEN
from phoneprice.stream import StreamFormat
from tests.cli.calling import Call

DELIMITER = (
    "found delimiter {!r}, expected one character such as ',', ';', '|' or '\\t', "
    "not a letter, a digit, a quote or '+', '-', '.'; correct --delimiter or data.delimiter"
)
ENCODING = (
    "found encoding {!r}, expected a name such as utf-8, utf-16, latin-1 or cp1252; correct --encoding or data.encoding"
)


@pytest.mark.parametrize("command", ["train", "cv", "data check x.csv", "data describe x.csv"])
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--delimiter", ";;", DELIMITER),
        ("--delimiter", "", DELIMITER),
        ("--encoding", "klingon", ENCODING),
        ("--encoding", "", ENCODING),
    ],
)
def test_a_fault_of_an_option_names_the_option(call: Call, command: str, option: str, value: str, message: str) -> None:
    result = call(*command.split(), option, value)
    assert (result.code, result.out, result.err) == (2, "", f"phoneprice: error: {message.format(value)}\n")


def test_help_names_all_formats(call: Call) -> None:
    for name in [*(known.title for known in formats.FORMATS), *(packing.suffixes[0] for packing in formats.PACKINGS)]:
        assert name in FORMATS
    shown = " ".join(call("predict", "--help").out.split())
    assert f"Table: {FORMATS}; - is stdin." in shown
    assert f"Where to write: {WRITABLE}; - is stdout." in shown
    assert f"--format {'|'.join(get_args(StreamFormat))} What stdout is written in; CSV if not given." in shown
    assert tuple(f".{name}" for name in get_args(StreamFormat)) == tuple(known.suffixes[0] for known in WRITTEN)


def test_what_needs_stdout_for_itself(call: Call) -> None:
    result = call("cv", "--predictions", "-", "--json")
    message = "--json needs stdout for itself; name a file for the predictions with --predictions FILE"
    assert (result.code, result.err) == (2, f"phoneprice: error: {message}\n")


def _feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize(
    "command",
    [
        "train - --dry-run --json",
        "train - -o run --json -s training.epochs=2",
        "cv - --repeats 1 --folds 2 --json -s training.epochs=2",
        "data check - --json",
        "data describe - --json",
    ],
)
def test_a_table_from_standard_input(call: Call, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = ("id,ram,price_range\n" + "".join(f"{i},{i * 37 % 101},{i % 4}\n" for i in range(60))).encode()
    _feed(monkeypatch, content)
    result = call(*command.split())
    assert result.code == 0, result.err
    assert result.document.get("plan", result.document)["rows"] == 60


def test_nothing_on_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _feed(monkeypatch, b"")
    result = call("data", "check", "-")
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("phoneprice: error: <stdin>: ")
