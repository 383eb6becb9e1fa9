"""What has the name of a work directory and is not ours is never followed, emptied, renamed or waited on."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from phoneprice.artifact.atomic import replace_file
from phoneprice.artifact.folders import OpenDirectory
from phoneprice.artifact.loader import load_run
from phoneprice.artifact.runs import latest_unfinished, resolve_run
from phoneprice.artifact.work import Purpose, WorkDirectory
from phoneprice.artifact.writer import RunWriter
from phoneprice.cli.program import run as run_program
from phoneprice.errors import LockedError, ModelError, StorageError, UsageError
from tests.faults.planting import NEEDS_ROOT, PLANTS, Facts, audit, marker
from tests.random_runs import names, random_contents, write_run

Plant = Callable[[Path], None]
ADVICE = "which this program has not made, so it was not touched; rename or delete it, or choose another name"
TOKEN = "0123456789abcdef" * 2


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to work in, with something of value beside whatever is planted."""
    monkeypatch.chdir(tmp_path)
    Path("victim").mkdir()
    Path("victim", "thesis.txt").write_text("three years")
    return tmp_path


@pytest.fixture(params=PLANTS)
def plant(request: pytest.FixtureRequest) -> Plant:
    if request.param in NEEDS_ROOT and os.geteuid():
        pytest.skip("only root can make one")
    return PLANTS[request.param]


def code(*words: str) -> int:
    return run_program(["-q", *words] if words[0] != "train" else [*words, "-q"])


@pytest.mark.parametrize("options", [[], ["--force"], ["--resume"]], ids=str)
def test_in_the_place_of_a_work_directory(
    scratch: Path, plant: Plant, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    plant(scratch / ".v.partial")
    before = audit(scratch)
    assert code("train", "no-such-table.csv", "-o", "v", *options) == 5
    found = capsys.readouterr().err
    assert found.startswith("phoneprice: error: .v.partial")
    assert found.endswith(f"{ADVICE}\n")
    assert audit(scratch) == before


@pytest.mark.parametrize("name", ["lock", "checkpoints", "checkpoints/unfinished"])
@pytest.mark.parametrize("options", [{}, {"force": True}, {"resume": True}], ids=str)
def test_in_a_work_directory(scratch: Path, plant: Plant, name: str, options: dict[str, bool]) -> None:
    empty = plant in (PLANTS["empty directory"], PLANTS["unfinished training of an earlier release"])
    if empty and name == "checkpoints":
        pytest.skip("what is empty may be ours, killed early")
    work = killed_training(scratch / "v")
    shutil.copytree(scratch / "victim", work / "victim")
    if name == "lock":
        (work / name).unlink()
    (work / name).parent.mkdir(exist_ok=True)
    plant(work / name)
    before = audit(scratch)
    with pytest.raises(StorageError) as caught:
        RunWriter(scratch / "v", **options)
    assert str(caught.value).startswith(f"{work}")
    assert str(caught.value).endswith(ADVICE)
    assert without_pid(audit(scratch)) == without_pid(before)


@pytest.mark.parametrize("name", ["run", "output", "unfinished", "notes", "run/config.toml", "old", "old/config.toml"])
def test_what_is_not_needed_in_a_work_directory(scratch: Path, plant: Plant, name: str) -> None:
    """What we make has a token in its name, so these are somebody's, and the training goes on beside them."""
    work = killed_training(scratch / "v")
    shutil.copytree(scratch / "victim", work / "victim")
    (work / name).parent.mkdir(exist_ok=True)
    plant(work / name)
    before = audit(work)
    with RunWriter(scratch / "v", resume=True) as writer:
        writer.finish(random_contents())
    load_run("v")
    assert without_pid(audit(work)) == without_pid(before)


@pytest.mark.parametrize("stopped", ["before its output", "after it"])
def test_in_the_work_directory_of_an_output(scratch: Path, plant: Plant, stopped: str) -> None:
    """As a process has left it that was killed."""
    with OpenDirectory.at(scratch) as parent, WorkDirectory.create(parent, Purpose("output", "out.csv")) as left:
        if stopped == "after it":
            with os.fdopen(left.new_file(left.made_name("output")), "wb"):
                pass
    plant(left.path / "output")
    before = without_output(audit(left.path))
    with replace_file("out.csv") as file:
        file.write(b"new")
    assert Path("out.csv").read_bytes() == b"new"
    assert without_pid(audit(left.path)) == without_pid(before)


def test_what_is_called_output_stays_where_ours_is_moved_away(scratch: Path, plant: Plant) -> None:
    writer = replace_file("out.csv")
    writer.__enter__().write(b"new")
    (output,) = scratch.glob(".out.csv.*.partial/output-*")
    output.rename(scratch / "aside")
    plant(output.with_name("output"))
    before = audit(output.parent)
    with pytest.raises(StorageError) as caught:
        writer.__exit__(None, None, None)
    assert str(caught.value) == (
        "out.csv: can't be written: another process has moved what this one writes; "
        "run again, in a directory that no other process changes meanwhile"
    )
    assert audit(output.parent) == before
    assert names(scratch) == [output.parent.name, "aside", "victim"]


def test_what_takes_the_place_of_the_marker_stays(scratch: Path, plant: Plant) -> None:
    with replace_file("out.csv") as file:
        file.write(b"new")
        (work,) = scratch.glob(".out.csv.*.partial")
        (work / "lock").rename(scratch / "aside")
        plant(work / "lock")
        before = without_output(audit(work))
    assert audit(work) == before
    assert names(scratch) == [work.name, "aside", "out.csv", "victim"]


def test_what_is_called_like_the_older_run_while_there_is_a_newer_one(scratch: Path) -> None:
    write_run(scratch / "v", random_contents())
    writer = RunWriter(scratch / "v", force=True)
    with writer._parent, writer._work:
        older = writer._work.path / writer._old
        older.mkdir()
        (older / "config.toml").write_text("three years")
    before = audit(scratch)
    with pytest.raises(StorageError, match="which this program has not made, so it was not touched"):
        write_run(scratch / "v", random_contents(seed=1), force=True)
    assert without_pid(audit(scratch)) == without_pid(before)


@pytest.mark.parametrize("name", ["old", "run", "old-of-mine", f"old-{TOKEN}", f"gone-{TOKEN}"])
@pytest.mark.parametrize("options", [{}, {"force": True}, {"resume": True}], ids=str)
def test_a_run_that_somebody_has_put_into_a_work_directory(scratch: Path, name: str, options: dict[str, bool]) -> None:
    """Only what has the token of the directory's own marker is an older version or one in the making."""
    work = killed_training(scratch / "v")
    write_run("mine", random_contents(seed=2))
    Path("mine").rename(work / name)
    before = audit(work / name)
    with RunWriter("v", **options) as writer:
        writer.finish(random_contents())
    write_run("v", random_contents(seed=1), force=True)
    load_run("v")
    assert audit(work / name) == before


def test_a_marker_that_changes_before_it_is_held(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it said when the directory was opened says nothing of what this process takes."""
    work = killed_training(scratch / "v")
    lock = fcntl.flock

    def another_faster(marker: int, operation: int) -> None:
        (work / "lock").write_text("mine")
        lock(marker, operation)

    monkeypatch.setattr(fcntl, "flock", another_faster)
    with pytest.raises(StorageError) as caught:
        RunWriter("v", resume=True)
    assert str(caught.value) == f".v.partial: is a directory without the mark of this version and user, {ADVICE}"
    assert (work / "lock").read_text() == "mine"


@pytest.mark.parametrize("owner", [os.geteuid(), os.geteuid() + 1])
def test_a_file_system_that_gives_what_we_make_to_another_user(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, owner: int
) -> None:
    """As network file systems do; it is asked, the marker alone is not believed."""
    real = os.fstat

    def squashed(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        made_now = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name.startswith("owner-")  # noqa: PTH115
        return os.stat_result((*status[:4], owner if made_now else os.geteuid() + 1, *status[5:]))

    monkeypatch.setattr(os, "fstat", squashed)
    killed_training(scratch / "v")
    if owner == os.geteuid():
        with pytest.raises(StorageError, match="is a directory without the mark of this version and user"):
            RunWriter("v", resume=True)
    else:
        RunWriter("v", resume=True).close(keep_checkpoints=False)
    assert names(scratch) == ["victim"] if owner != os.geteuid() else [".v.partial", "victim"]


def killed_training(run: Path) -> Path:
    """The work directory of a training that was killed before its first checkpoint."""
    writer = RunWriter(run)
    writer._work.close()
    writer._parent.close()
    return run.with_name(f".{run.name}.partial")


def without_output(facts: Facts) -> Facts:
    """Without the output that is made in a work directory."""
    return {name: fact for name, fact in facts.items() if not name.startswith("output-")}


def without_pid(facts: Facts) -> Facts:
    """Without what a process that has held a marker changes in it."""
    return {
        name: (*fact[:3], fact[4][:-12]) if Path(name).name == "lock" and isinstance(fact[4], bytes) else fact
        for name, fact in facts.items()
    }


def test_beside_an_output(scratch: Path, plant: Plant) -> None:
    for name in (f".out.csv.{TOKEN}.partial", ".out.csv.evil.partial-file", ".out.csv.partial", ".out.csv.old"):
        plant(scratch / name)
    before = audit(scratch)
    with replace_file("out.csv") as file:
        file.write(b"new")
    assert Path("out.csv").read_bytes() == b"new"
    Path("out.csv").unlink()
    assert audit(scratch) == before


def test_a_directory_with_a_marker_that_belongs_to_another_name(scratch: Path) -> None:
    """Neither a copy of a work directory nor one that was renamed is deleted as a stray."""
    stray = scratch / f".out.csv.{TOKEN}.partial"
    stray.mkdir()
    (stray / "output").write_text("three years")
    (stray / "lock").write_text(marker("output out.csv", token="f" * 32))
    before = audit(stray)
    with replace_file("out.csv") as file:
        file.write(b"new")
    assert audit(stray) == before


def test_beside_a_run(scratch: Path, plant: Plant) -> None:
    for name in (".v.old", f".v.{TOKEN}.partial", ".v.lock"):
        plant(scratch / name)
    before = audit(scratch)
    write_run("v", random_contents())
    write_run("v", random_contents(seed=1), force=True)
    shutil.rmtree("v")
    assert audit(scratch) == before


def test_as_an_unfinished_training(scratch: Path, plant: Plant) -> None:
    Path("runs").mkdir()
    shutil.copytree("victim", "runs/victim")
    plant(scratch / "runs" / ".r.partial")
    before = audit(scratch)
    with pytest.raises(ModelError, match="holds no unfinished training to resume"):
        latest_unfinished()
    assert resolve_run("runs/r") == Path("runs/r")
    assert code("train", "no-such-table.csv", "--resume") == 4
    assert audit(scratch) == before


def test_a_pipe_for_a_marker_is_not_waited_on(scratch: Path) -> None:
    checkpoints = scratch / "runs" / ".r.partial" / "checkpoints"
    checkpoints.mkdir(parents=True)
    os.mkfifo(checkpoints.parent / "lock")
    (checkpoints / f"00000001-{'a' * 64}.safetensors").touch()
    assert code("train", "no-such-table.csv", "--resume") == 4


@pytest.mark.parametrize("options", [[], ["--force"]], ids=str)
def test_a_run_is_not_called_like_a_work_directory(
    scratch: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("train", "no-such-table.csv", "-o", ".x.partial", *options) == 2
    assert capsys.readouterr().err == (
        "phoneprice: error: .x.partial: is no name for a run, .NAME.partial is what unfinished ones have; "
        "choose another -o\n"
    )


def test_the_root_is_no_name_for_a_run(scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("train", "no-such-table.csv", "-o", "/", "--force") == 2
    taken = "exists already, and is no run that --force would replace; choose another -o"
    assert capsys.readouterr().err == f"phoneprice: error: /: {taken}\n"


def test_a_run_of_an_earlier_release_that_is_called_so(scratch: Path) -> None:
    write_run("x", random_contents())
    Path("x").rename(".x.partial")
    before = audit(scratch)
    with pytest.raises(StorageError):
        write_run("x", random_contents())
    assert audit(scratch) == before
    load_run(".x.partial")


def by_hand(run: Path) -> None:
    run.mkdir()
    (run / "config.toml").write_text("# my notes\n")


def a_directory_called_like_a_file(run: Path) -> None:
    write_run(run, random_contents())
    (run / "config.toml").unlink()
    (run / "config.toml").mkdir()
    (run / "config.toml" / "thesis.txt").write_text("three years")


def with_a_file_more(run: Path) -> None:
    write_run(run, random_contents())
    (run / "thesis.txt").write_text("three years")


def with_a_file_of_a_run_more(run: Path) -> None:
    write_run(run, random_contents(held_out=None))
    (run / "oof.parquet").write_text("three years")


def another_manifest(run: Path) -> None:
    by_hand(run)
    (run / "manifest.json").write_text('{"name": "My page", "icons": []}')
    (run / "manifest.sha256").write_text("# none\n")


def nothing(run: Path) -> None:
    run.mkdir()


def a_link(run: Path) -> None:
    write_run(run.with_name("real"), random_contents())
    run.symlink_to("real")


NO_RUNS = (
    by_hand,
    a_directory_called_like_a_file,
    with_a_file_more,
    with_a_file_of_a_run_more,
    another_manifest,
    nothing,
    a_link,
)


@pytest.mark.parametrize("make", NO_RUNS)
def test_force_on_what_is_no_run_of_ours(
    scratch: Path, make: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    make(scratch / "v")
    before = audit(scratch)
    assert code("train", "no-such-table.csv", "-o", "v", "--force") == 2
    assert capsys.readouterr().err == (
        "phoneprice: error: v: exists already, and is no run that --force would replace; choose another -o\n"
    )
    assert audit(scratch) == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda run: (run / "metrics.json").unlink(),
        lambda run: (run / "config.toml").write_text("# changed"),
        lambda run: (run / "manifest.json").write_bytes(b""),
        lambda run: (run / "manifest.json").unlink(),
        lambda run: (run / "manifest.sha256").unlink(),
    ],
)
def test_a_damaged_run_is_replaced(scratch: Path, damage: Callable[[Path], object]) -> None:
    write_run("v", random_contents())
    damage(Path("v"))
    write_run("v", random_contents(seed=1), force=True)
    load_run("v")
    assert names(scratch) == ["v", "victim"]


def test_what_takes_the_name_while_a_training_goes_on_stays(scratch: Path, plant: Plant) -> None:
    """The new run is not put there, and the training can be resumed once the place is free."""
    with RunWriter("v") as writer:
        plant(scratch / "v")
        before = audit(scratch)
        with pytest.raises(StorageError):
            writer.finish(random_contents())
    assert {name: fact for name, fact in before.items() if ".v.partial" not in name} == audit(scratch)
    write_run("w", random_contents())


@pytest.mark.parametrize("name", [".v.partial/checkpoints", ".v.partial/run", ".v.partial/old", ".v.partial/notes"])
def test_what_comes_into_a_work_directory_while_a_training_goes_on_stays(scratch: Path, name: str) -> None:
    with RunWriter("v") as writer:
        Path(name).symlink_to(scratch / "victim")
        before = audit(scratch / "victim")
        writer.finish(random_contents())
    assert Path(name).is_symlink()
    assert audit(scratch / "victim") == before


def test_the_older_run_is_kept_where_something_takes_its_name_meanwhile(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run("v", random_contents())
    rename, moved = os.rename, []

    def then_plant(source: str, target: str, **directories: int) -> None:
        rename(source, target, **directories)
        moved.append(target)
        if target == writer._old:
            PLANTS["directory"](scratch / "v")

    with RunWriter("v", force=True) as writer, monkeypatch.context() as patch:
        patch.setattr(os, "rename", then_plant)
        with pytest.raises(StorageError, match="is no run, which this program has not made"):
            writer.finish(random_contents(seed=1))
    assert moved == [writer._old]
    assert names(scratch / "v") == ["thesis.txt"]
    shutil.rmtree("v")
    load_run("v")  # the loader finds it
    with pytest.raises(UsageError, match="exists already"):
        write_run("v", random_contents())
    load_run("v")
    assert names(scratch) == ["v", "victim"]


def test_a_second_writer_of_a_resumed_training(scratch: Path) -> None:
    killed_training(scratch / "v")
    with RunWriter("v", resume=True), pytest.raises(LockedError, match=f"pid {os.getpid()}"):
        RunWriter("v", resume=True)
    assert names(scratch) == ["victim"]
