"""What a path leads to is told of every path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phoneprice.places import is_directory, is_file, is_there, kind_of, real_entry, why_hidden


def test_files_directories_and_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nothing")
    for path, found in {
        tmp_path: (False, True, True),
        tmp_path / "file": (True, False, True),
        tmp_path / "link": (False, False, False),
        tmp_path / "file" / "sub": (False, False, False),
    }.items():
        assert (is_file(path), is_directory(path), is_there(path)) == found
        assert why_hidden(path) is None


def test_an_entry_is_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "way").symlink_to("folder")
    (tmp_path / "folder" / "link").symlink_to("nothing")
    assert real_entry(tmp_path / "way" / "link") == tmp_path / "folder" / "link"


def test_kinds_in_words(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, kind in {
        tmp_path: "a directory",
        tmp_path / "pipe": "a named pipe",
        Path("/dev/null"): "a device",
    }.items():
        assert kind_of(path.stat().st_mode) == kind


@pytest.mark.parametrize(
    ("name", "why"), [("a" * 300, "file name too long"), ("a\0b", "embedded null byte"), ("loop", "too many levels")]
)
def test_names_that_nothing_can_have(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    path = tmp_path / name
    assert (is_file(path), is_directory(path), is_there(path)) == (False, False, False)
    assert why in (why_hidden(path) or "")
