"""Names of runs."""

import hashlib
import json
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from phoneprice.artifact import writer
from phoneprice.artifact.runs import list_runs, resolve_run
from phoneprice.errors import ModelError
from tests.random_runs import random_contents, write_run


def test_a_run_that_is_missing_but_has_a_near_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs" / "abc", random_contents())
    (tmp_path / "runs" / "abd").mkdir()
    (tmp_path / "runs" / ".xyz.old").mkdir()
    for asked in ("runs/abcd", "abc"):
        with pytest.raises(ModelError) as caught:
            resolve_run(asked)
        assert str(caught.value) == (
            f"{asked}: no such run; did you mean 'runs/abc'? 'phoneprice runs list' shows those there are"
        )
    for left_to_the_loader in ("runs/abc", "runs/abd", "runs/phones", "runs/xyz", "nix", ""):
        assert resolve_run(left_to_the_loader) == Path(left_to_the_loader)


def at(year: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock says so from now on."""

    class Clock:
        @staticmethod
        def now(zone: tzinfo) -> datetime:
            return datetime(year, 1, 1, tzinfo=zone)

    monkeypatch.setattr(writer, "datetime", Clock)


@pytest.mark.parametrize("wrong", [1970, 2099, 9998])
def test_the_latest_is_the_one_written_last_though_a_clock_was_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    for year, name in ((2026, "c"), (wrong, "b"), (2027, "a")):
        at(year, monkeypatch)
        write_run(tmp_path / name, random_contents())
        assert resolve_run("latest", tmp_path) == tmp_path / name
    assert [run.path.name for run in list_runs(tmp_path)] == ["c", "b", "a"]


@pytest.mark.parametrize("created", ["zzzz", "9999-12-31T23:59:59.999999+00:00", ""])
def test_a_time_that_is_none_is_the_oldest(tmp_path: Path, created: str) -> None:
    write_run(tmp_path / "a", random_contents())
    write_run(tmp_path / "b", random_contents())
    manifest = tmp_path / "b" / "manifest.json"
    document = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**document, "created": created}))
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()
    (tmp_path / "b" / "manifest.sha256").write_text(f"{digest}  manifest.json\n")
    assert resolve_run("latest", tmp_path) == tmp_path / "a"


def test_latest_is_a_word_only_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs" / "a", random_contents())
    write_run(tmp_path / "latest", random_contents())
    assert resolve_run("latest") == Path("runs/a")
    for directory in ("./latest", Path("latest"), tmp_path / "latest"):
        assert resolve_run(directory) == Path(directory)


def test_a_run_that_an_earlier_version_has_put_aside(tmp_path: Path) -> None:
    write_run(tmp_path / "abc", random_contents())
    (tmp_path / "abc").rename(tmp_path / ".abc.old")
    with pytest.raises(ModelError) as caught:
        resolve_run(tmp_path / "abc", tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/abc: no such run; an earlier version has put it aside, so rename {tmp_path}/.abc.old to "
        f"{tmp_path}/abc"
    )
