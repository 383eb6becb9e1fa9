"""Where commands may write."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import pytest

from phoneprice.errors import StorageError, UsageError
from phoneprice.stream import STREAM
from phoneprice.workflows.destinations import (
    open_output,
    refuse_foreign,
    refuse_other_than_a_report,
    refuse_other_than_csv,
    refuse_replacing,
    refuse_unwritable,
)
from phoneprice.workflows.inputs import refuse_output
from tests.faults.planting import NEEDS_ROOT, PLANTS, audit


def test_the_input_and_the_run_are_refused_also_by_links(tmp_path: Path) -> None:
    data, run, link = tmp_path / "data.csv", tmp_path / "run", tmp_path / "link"
    data.touch()
    run.mkdir()
    link.symlink_to(run)
    (tmp_path / "same.csv").symlink_to(data)
    for name in ("manifest.json", "manifest.sha256"):
        (run / name).touch()
    refuse_output(tmp_path / "other.csv", data)
    with pytest.raises(UsageError) as caught:
        refuse_output(tmp_path / "same.csv", data)
    assert str(caught.value) == f"{tmp_path}/same.csv: is the input itself; name another file with -o"
    with pytest.raises(UsageError) as caught:
        refuse_output(link / "sub" / "x.csv", None, option="--plots")
    assert str(caught.value) == (
        f"{link}/sub/x.csv: is inside a run, to which nothing may be added; name another place with --plots"
    )


def test_an_output_is_a_file_when_it_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    with open_output(file) as out:
        out.write(b"a\n")
        assert not file.exists()
    assert file.read_bytes() == b"a\n"
    with pytest.raises(TypeError), open_output(file) as out:
        out.writelines([b"b\n", None])  # type: ignore[list-item]
    assert file.read_bytes() == b"a\n"
    assert list(tmp_path.iterdir()) == [file]


def test_an_output_may_be_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print("first", end="|")
    refuse_output(STREAM, STREAM)
    refuse_unwritable(STREAM)
    with open_output(STREAM) as out:
        out.write(b"second")
    assert capfdbinary.readouterr().out == b"first|second"
    assert not sys.stdout.closed


def test_what_takes_text_only_in_place_of_stdout_gets_text() -> None:
    """As in a notebook, or under ``redirect_stdout``."""
    with contextlib.redirect_stdout(io.StringIO()) as text, open_output(STREAM) as out:
        out.write("Tür".encode())
    assert text.getvalue() == "Tür"


def test_where_there_is_no_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(StorageError) as caught, open_output(STREAM):
        pass
    assert str(caught.value) == (
        "standard output: can't be written: it is closed; redirect it to a file or a program, or name a file"
    )


def test_a_terminal_shows_what_a_file_is_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with open_output(STREAM) as out:
        for byte in "a\x1b,ü\u202e\r\n1,价\n".encode() + b"\xff\n":
            assert out.write(bytes([byte])) == 1
    assert capsys.readouterr().out == "a\\x1b,ü\\u202e\\r\n1,价\n\\xff\n"


def test_nothing_is_replaced_without_force(tmp_path: Path) -> None:
    file = tmp_path / "there.csv"
    refuse_replacing(file, force=False)
    refuse_replacing(STREAM, force=False)
    file.touch()
    refuse_replacing(file, force=True)
    with pytest.raises(UsageError) as caught:
        refuse_replacing(file, force=False)
    assert str(caught.value) == f"{file}: exists already; choose another -o, or replace it with --force"


@pytest.mark.parametrize(
    ("content", "accepted"),
    [
        (b"", True),
        (b'<!doctype html>\n<html lang="en">\n<title>phoneprice report, y: v</title>', True),
        (b"<!doctype html><title>mine</title>", False),
        (b"\xef\xbb\xbf \n<HTML>", False),
        (b"a,b\n1,2\n", False),
        (b"\x00\xff", False),
    ],
)
def test_a_report_replaces_reports_alone(tmp_path: Path, content: bytes, accepted: bool) -> None:
    file = tmp_path / "x.html"
    refuse_other_than_a_report(file)
    file.write_bytes(content)
    if accepted:
        refuse_other_than_a_report(file)
        return
    with pytest.raises(UsageError) as caught:
        refuse_other_than_a_report(file)
    assert str(caught.value) == f"{file}: exists and is no report of phoneprice; choose another -o, or move it away"


@pytest.mark.parametrize("plant", sorted({*PLANTS} - NEEDS_ROOT))
def test_what_is_not_ours_is_refused_where_a_name_is_made_up(tmp_path: Path, plant: str) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "thesis.txt").write_text("three years")
    PLANTS[plant](tmp_path / "x.svg")
    before = audit(tmp_path)
    with pytest.raises(StorageError) as caught:
        refuse_foreign(tmp_path / "x.svg", "mark", option="--plots")
    assert str(caught.value).startswith(f"{tmp_path}/x.svg: is a")
    assert str(caught.value).endswith(
        ", which this program has not made, so it was not touched; rename or delete it, or choose another --plots"
    )
    if plant != "file":
        with pytest.raises(StorageError), open_output(tmp_path / "x.svg", made_up=True) as file:
            file.write(b"new")
    assert audit(tmp_path) == before


def test_what_is_ours_keeps_its_made_up_name(tmp_path: Path) -> None:
    refuse_foreign(tmp_path / "none" / "x.svg", "mark")
    for content in (None, b"", b"<svg MARK>"):
        if content is not None:
            (tmp_path / "x.svg").write_bytes(content)
        refuse_foreign(tmp_path / "x.svg", "mark")


def test_a_place_that_can_not_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "new.parquet")
    refuse_unwritable(Path("/dev/null"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StorageError) as caught:
        refuse_unwritable(tmp_path / "missing" / "x.parquet")
    assert str(caught.value) == (
        f"{tmp_path}/missing/x.parquet: can't be written: no such file or directory; make the directory first"
    )
    with pytest.raises(StorageError) as caught:
        refuse_unwritable(tmp_path)
    assert str(caught.value) == f"{tmp_path}: can't be written: is a directory; name a file in it"


def test_a_sample_is_not_named_as_what_it_is_not() -> None:
    for name in ("-", "phones.csv", "phones.CSV", "phones.txt", "phones", "/dev/stdout"):
        refuse_other_than_csv(Path(name))
    for name in ("phones.parquet", "phones.csv.gz", "phones.jsonl", "phones.xlsx"):
        with pytest.raises(UsageError) as caught:
            refuse_other_than_csv(Path(name))
        assert str(caught.value) == f"{name}: a sample is written as CSV; name a .csv file with -o"
