"""A run is one look: who reads it while it is replaced gets the older or the newer one, whole."""

from __future__ import annotations

import copy
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import phoneprice
from phoneprice.artifact import sealed
from phoneprice.artifact.folders import OpenDirectory
from phoneprice.artifact.loader import Run, load_run, verify_run
from phoneprice.artifact.runs import list_runs, resolve_run
from phoneprice.artifact.writer import RunContents, RunWriter
from phoneprice.errors import ModelError
from phoneprice.workflows.inspect_runs import list_run_lines
from tests.faults.counts import report, share_of
from tests.faults.program import unmeasured
from tests.random_runs import ENVIRONMENT, names, random_contents, write_run

WRITER = """
import os, sys
from itertools import count
from tests.random_runs import write_run
from tests.faults.test_replacement import contents

os.fsync = lambda descriptor: None  # so that there are many of them
for number in count(1):
    write_run(sys.argv[1], contents(number), force=True)
    if number == 1:
        print(flush=True)
"""


def contents(number: int) -> RunContents:
    """A run that says in each file which one it is: it has so many members, and that seed."""
    environment = ENVIRONMENT.model_copy(update={"seed": number})
    return random_contents(members=2 + number % 4, seed=number % 7, environment=environment)


def require_one(run: Run) -> int:
    """All its files are of one run: the number of that."""
    number = run.environment.seed
    expected, members = contents(number), 2 + number % 4
    assert run.members == run.splits.members == len(run.metrics.members) == members
    assert run.history.train_loss.shape[1] == members
    assert run.held_out is not None
    assert expected.held_out is not None
    assert len(run.held_out.rows) == len(expected.held_out.rows)
    for name, values in expected.recipes[0].ensemble.parameters.items():
        assert (run.recipes[0].ensemble.parameters[name] == values).all()
    return number


@contextmanager
def replaced_all_the_time(run: Path) -> Iterator[None]:
    words = [sys.executable, "-c", WRITER, str(run)]
    with subprocess.Popen(words, env=unmeasured(), stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline()
            yield
            assert writer.poll() is None
        finally:
            writer.kill()


def read_while_replaced(run: Path, rounds: int) -> tuple[int, int]:
    """How many replacements there were, and how many of them were seen."""
    seen = set[int]()
    with replaced_all_the_time(run):
        for _ in range(rounds):
            seen.add(require_one(load_run(run)))
            assert len(verify_run(run)) == 14
            (listed,) = list_run_lines(run.parent)
            assert listed.fault is None
            assert resolve_run("latest", run.parent) == resolve_run(run) == run
    return max(seen), len(seen)


def test_a_run_replaced_while_it_is_read(tmp_path: Path) -> None:
    write_run(tmp_path / "v", contents(0))
    _, seen = read_while_replaced(tmp_path / "v", 25)
    assert seen > 5


@pytest.mark.long
def test_a_run_replaced_many_times_while_it_is_read(tmp_path: Path) -> None:
    write_run(tmp_path / "v", contents(0))
    replaced, seen = read_while_replaced(tmp_path / "v", rounds := share_of(2_000))
    report(
        f"a run read {rounds:,} times in four ways while it was replaced {replaced:,} times: {seen:,} of these, whole"
    )


def test_a_loaded_model_shows_its_own_documents(tmp_path: Path) -> None:
    write_run(tmp_path / "v", contents(1))
    model = phoneprice.load(tmp_path / "v")
    write_run(tmp_path / "v", contents(2), force=True)
    assert len(model.metrics.members) == 3
    assert require_one(model.run) == 1
    assert require_one(load_run(tmp_path / "v")) == 2


def test_a_copied_model_has_its_documents(tmp_path: Path) -> None:
    write_run(tmp_path / "v", contents(1))
    copied = copy.deepcopy(phoneprice.load(tmp_path / "v"))  # as pickle does it
    write_run(tmp_path / "v", contents(2), force=True)
    assert require_one(copied.run) == 1


def test_what_is_verified_is_what_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name is opened once, so nothing comes between."""
    write_run(tmp_path / "v", contents(1))
    opened, real = list[str](), os.open

    def noted(path: str | Path, *args: int, **options: int) -> int:
        opened.append(str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(os, "open", noted)
    checked = verify_run(tmp_path / "v")
    assert sorted(opened) == sorted([str(tmp_path / "v"), "manifest.sha256", *(file.name for file in checked)])


def test_files_are_closed_when_nobody_has_the_run(tmp_path: Path) -> None:
    write_run(tmp_path / "v", contents(1))
    gc.collect()  # what earlier tests have left
    before = names(Path("/dev/fd"))
    run = load_run(tmp_path / "v")
    assert len(names(Path("/dev/fd"))) == len(before) + len(run.manifest.files)
    del run
    gc.collect()
    assert names(Path("/dev/fd")) == before


def test_a_run_that_was_put_aside_is_there_under_its_name(tmp_path: Path) -> None:
    run = tmp_path / "v"
    write_run(run, contents(1))
    writer = RunWriter(run, force=True)
    with writer._parent, writer._work:  # as a killed process leaves them
        run.rename(writer._work.path / writer._old)
    assert require_one(load_run(run)) == 1
    assert load_run(run).path == run
    assert [listed.path for listed in list_runs(tmp_path)] == [run]
    assert resolve_run("latest", tmp_path) == run


def test_damage_is_named_though_the_run_was_replaced_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing in the older directory says nothing of the newer one."""
    run, looks = tmp_path / "v", list[Path]()
    write_run(run, contents(1))
    real = sealed._open_directory

    def then_replaced(path: Path) -> OpenDirectory:
        directory = real(path)
        if not looks:
            write_run(run, contents(2), force=True)
            (run / "metrics.json").unlink()
        looks.append(path)
        return directory

    monkeypatch.setattr(sealed, "_open_directory", then_replaced)
    with pytest.raises(ModelError) as caught:
        load_run(run)
    assert str(caught.value) == f"{run}/metrics.json: missing; the run is damaged, use another copy of it"
    assert len(looks) == 4


def test_a_run_that_is_replaced_for_ever_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path / "v", contents(1))
    (tmp_path / "v" / "metrics.json").unlink()
    monkeypatch.setattr(sealed, "_is_still", lambda *_: False)
    with pytest.raises(ModelError) as caught:
        load_run(tmp_path / "v")
    assert str(caught.value) == (
        f"{tmp_path}/v: is replaced again and again by another process; run again when that is done"
    )
