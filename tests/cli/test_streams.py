"""What standard output and error lead to; ``faults/test_limits`` and ``test_inodes`` redirect them as a shell does."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from phoneprice.cli import streams
from phoneprice.cli.session import Session
from phoneprice.cli.streams import spare_streams, stream_for_errors, words_as_files
from phoneprice.stream import STDERR, STDOUT


def test_a_slow_reader_gets_every_message() -> None:
    out, into = os.pipe()
    os.set_blocking(into, False)
    text = b"0123456789" * 100_000  # more than a pipe holds
    got: list[bytes] = []

    def read() -> None:
        with os.fdopen(out, "rb") as reader:
            got.append(reader.read())

    reading = threading.Thread(target=read)
    reading.start()
    with streams._Messages(into, "w") as messages:
        done = 0
        while done < len(text):
            done += messages.write(text[done:])
    reading.join()
    assert got == [text]


@pytest.mark.parametrize("place", ["/dev/full", "a reader that has left"])
def test_what_can_not_be_shown_is_dropped(place: str) -> None:
    if place == "/dev/full":
        into = os.open(place, os.O_WRONLY)
    else:
        out, into = os.pipe()
        os.close(out)
    with streams._Messages(into, "w") as messages:
        assert messages.write(b"text") == 4


def test_words_that_could_be_files() -> None:
    words = ["predict", "run", "--reference=d.csv", "-s", "a=b=c"]
    assert [*words_as_files(words)] == ["predict", "run", "--reference=d.csv", "d.csv", "-s", "a=b=c", "b=c"]


@pytest.mark.parametrize(
    ("spared", "json", "expected"),
    [
        (set(), False, "err"),
        ({STDOUT}, True, "err"),
        ({STDERR}, False, "out"),
        ({STDERR}, True, "terminal"),
        ({STDOUT, STDERR}, False, "terminal"),
    ],
)
def test_where_an_error_is_shown(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spared: set[int],
    json: bool,
    expected: str,
) -> None:
    monkeypatch.setattr(streams, "TERMINAL", tmp_path / "terminal")
    with stream_for_errors(Session(json=json, spared=frozenset(spared))) as stream:
        stream.write("text")
    shown = {"terminal": (tmp_path / "terminal").read_text()} if (tmp_path / "terminal").exists() else {}
    assert {name: text for name, text in (*capsys.readouterr()._asdict().items(), *shown.items()) if text} == {
        expected: "text"
    }


def test_without_a_terminal_nothing_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "TERMINAL", tmp_path / "none" / "terminal")
    with stream_for_errors(Session(spared=frozenset({STDOUT, STDERR}))) as stream:
        stream.write("text")


def test_streams_that_are_no_files_ask_for_no_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_is_file", lambda _stream: False)
    session = Session()
    assert spare_streams(session, lambda: pytest.fail("asked")) is None
    assert session.spared == frozenset()
