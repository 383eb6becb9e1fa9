import errno
import fcntl
import itertools
import os
import re
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from phoneprice.artifact import layout
from phoneprice.artifact.checkpoints import Checkpoint
from phoneprice.artifact.folders import OpenDirectory
from phoneprice.artifact.loader import load_run
from phoneprice.artifact.work import WorkDirectory, partial_path
from phoneprice.artifact.writer import RunWriter, refuse_place, refuse_unreadable
from phoneprice.errors import (
    ConfigError,
    DataError,
    DivergedError,
    LockedError,
    ModelError,
    StorageError,
    UsageError,
)
from phoneprice.records import EpochRecord
from tests.faults.file_layer import failing as failing_call
from tests.faults.file_layer import file_layer
from tests.random_runs import ENVIRONMENT, names, random_contents, write_run

OLD = random_contents(seed=1, environment=ENVIRONMENT.model_copy(update={"platform": "old"}))
NEW = random_contents(seed=2, environment=ENVIRONMENT.model_copy(update={"platform": "new"}))


def _which(path):
    return load_run(path).environment.platform


def test_an_existing_run_is_not_replaced(tmp_path):
    run = tmp_path / "run"
    write_run(run, OLD)
    with pytest.raises(UsageError) as caught:
        RunWriter(run)
    assert str(caught.value) == f"{run}: exists already; choose another -o, or replace it with --force"
    assert _which(run) == "old"
    assert names(tmp_path) == ["run"]


def test_force_replaces_a_run(tmp_path):
    write_run(tmp_path / "run", OLD)
    write_run(tmp_path / "run", NEW, force=True)
    assert _which(tmp_path / "run") == "new"
    assert names(tmp_path) == ["run"]


def test_a_replaced_run_keeps_its_permissions(tmp_path):
    write_run(tmp_path / "run", OLD)
    (tmp_path / "run").chmod(0o700)
    with RunWriter(tmp_path / "run", force=True) as writer:
        assert stat.S_IMODE((tmp_path / ".run.partial").stat().st_mode) == 0o700
        writer.finish(NEW)
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def modes(run):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in run.iterdir()}


@pytest.mark.parametrize(
    ("folder", "file", "work"),
    [(0o755, 0o600, 0o700), (0o700, 0o644, 0o700), (0o750, 0o640, 0o750), (0o755, 0o640, 0o750), (0o755, 0o644, 0o755)],
    ids=oct,
)
def test_the_files_of_a_replaced_run_are_for_those_who_could_read_them(tmp_path, folder, file, work):
    run = tmp_path / "run"
    write_run(run, OLD)
    for path in run.iterdir():
        path.chmod(file)
    run.chmod(folder)
    with RunWriter(run, force=True) as writer:
        assert stat.S_IMODE((tmp_path / ".run.partial").stat().st_mode) == work
        writer.finish(NEW)
    assert stat.S_IMODE(run.stat().st_mode) == folder
    assert {*modes(run).values()} == {file & (folder | 0o600)}


def test_each_file_of_a_replaced_run_keeps_its_own_permissions(tmp_path):
    run = tmp_path / "run"
    write_run(run, OLD)
    (run / "environment.json").chmod(0o600)
    before = modes(run)
    with RunWriter(run, force=True) as writer:
        assert stat.S_IMODE((tmp_path / ".run.partial").stat().st_mode) == 0o700
        writer.finish(NEW)
    assert modes(run) == before


@pytest.mark.parametrize("force", [False, True])
def test_no_run_is_written_into_another(tmp_path, force):
    write_run(tmp_path / "run", OLD)
    (tmp_path / "alias").symlink_to(tmp_path / "run")
    before = names(tmp_path / "run")
    for place in (tmp_path / "run" / "sub", tmp_path / "run" / "a" / "b", tmp_path / "alias" / "sub"):
        with pytest.raises(UsageError) as caught:
            RunWriter(place, force=force)
        assert str(caught.value) == f"{place}: is inside a run, to which nothing may be added; choose another -o"
    assert names(tmp_path / "run") == before


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        (layout.CONFIG, ConfigError, "a list in it is too long, such as data.ignored_columns; leave columns out"),
        (layout.SCHEMA, DataError, "columns, labels or categories are too many or too long; name columns of no use"),
        (layout.METRICS, DataError, "classes, members or epochs are too many"),
        (layout.ENVIRONMENT, UsageError, "the command line is too long; train with --no-command-line"),
    ],
)
def test_what_nobody_could_read_is_not_written(tmp_path, monkeypatch, name, kind, message):
    write_run(tmp_path / "run", OLD)
    monkeypatch.setitem(layout.LIMITS, name, 100)
    if name in {layout.CONFIG, layout.SCHEMA}:  # known before the training
        with pytest.raises(kind, match=f"^{name} of the run would have "):
            refuse_unreadable(NEW.config, NEW.schema)
    with pytest.raises(kind) as caught, RunWriter(tmp_path / "run", force=True) as writer:
        writer.finish(NEW)
    assert f", and may have 100 B: {message}" in str(caught.value)
    monkeypatch.undo()
    assert _which(tmp_path / "run") == "old"
    assert names(tmp_path) == ["run"]


def test_a_schema_of_too_many_values_is_not_written(monkeypatch):
    refuse_unreadable(NEW.config, NEW.schema)
    monkeypatch.setattr("phoneprice.artifact.writer.SCHEMA_VALUES", 5)
    with pytest.raises(DataError, match=r"^schema\.json of the run would have more than 5 values: columns, labels or "):
        refuse_unreadable(NEW.config, NEW.schema)


def test_a_place_can_be_refused_without_writing(tmp_path):
    run, new = tmp_path / "run", tmp_path / "new"
    write_run(run, OLD)
    for place, options, message in (
        (run, {}, "exists already; choose another -o, or replace it with --force"),
        (run / "sub", {"force": True}, "is inside a run, to which nothing may be added; choose another -o"),
        (tmp_path, {"force": True}, "exists already, and is no run that --force would replace; choose another -o"),
        (new, {"resume": True}, "found no training of it, so there is nothing to resume; train without --resume"),
    ):
        with pytest.raises(ModelError if "resume" in options else UsageError) as caught:
            refuse_place(place, **options)
        assert str(caught.value) == f"{place}: {message}"
    refuse_place(new)
    refuse_place(run, force=True)
    with pytest.raises(KeyboardInterrupt):
        _stop_after_a_checkpoint(new)
    refuse_place(new, resume=True)
    assert names(tmp_path) == [".new.partial", "run"]
    assert len(names(tmp_path / ".new.partial" / "checkpoints")) == 1


def test_force_never_deletes_what_is_no_run(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("three years")
    (home / "manifest.json").write_text("{}")
    with pytest.raises(UsageError) as caught:
        RunWriter(home, force=True)
    assert str(caught.value) == f"{home}: exists already, and is no run that --force would replace; choose another -o"
    assert (home / "thesis.txt").read_text() == "three years"


def test_nothing_is_there_before_the_end_and_nothing_else_after_it(tmp_path):
    with RunWriter(tmp_path / "runs" / "a") as run:
        assert names(tmp_path / "runs") == [".a.partial"]
        run.checkpoints.save(_checkpoint())
        run.finish(NEW)
    assert names(tmp_path / "runs") == ["a"]


def test_a_failed_training_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), RunWriter(tmp_path / "run"):
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_diverged_training_leaves_nothing(tmp_path):
    """The same training would diverge again, bit by bit, so its checkpoints are of no use."""
    with pytest.raises(DivergedError):
        _stop_after_a_checkpoint(tmp_path / "run", DivergedError("training diverged"))
    assert names(tmp_path) == []


def _stop_after_a_checkpoint(path, reason=None):
    with RunWriter(path) as run:
        run.checkpoints.save(_checkpoint())
        raise reason or KeyboardInterrupt


def test_a_stopped_training_leaves_its_checkpoints_for_resume(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        _stop_after_a_checkpoint(tmp_path / "run")
    with RunWriter(tmp_path / "run", resume=True) as run:
        found, _ = run.checkpoints.load()
        assert found is not None
        assert found.epoch == 1
        run.finish(NEW)
    assert _which(tmp_path / "run") == "new"
    assert names(tmp_path) == ["run"]


def _checkpoint(*, epochs=0, step=1):
    nothing = np.zeros(1)
    history = [EpochRecord(e + 1, nothing, nothing, nothing, nothing > 0) for e in range(epochs)]
    return Checkpoint({}, {"place": np.array([0, step])}, history)


def _leave_a_checkpoint(run, *, epochs=0, step=0):
    """As a stopped training does."""
    writer = RunWriter(run)
    writer.checkpoints.save(_checkpoint(epochs=epochs, step=step))
    writer.close(keep_checkpoints=True)


@contextmanager
def _killed(writer):
    """The writer does what the body does, and no more."""
    with writer._parent, writer._work:
        yield writer


def _checkpoints(run):
    return partial_path(run) / "checkpoints"


@pytest.mark.parametrize(("epochs", "step"), [(3, 0), (0, 1)])
def test_an_unfinished_training_is_not_replaced_unasked(tmp_path, epochs, step):
    run = tmp_path / "run"
    _leave_a_checkpoint(run, epochs=epochs, step=step)
    for refusing in (RunWriter, refuse_place):
        with pytest.raises(UsageError) as caught:
            refusing(run)
        assert str(caught.value) == (
            f"{run}: holds an unfinished training, saved in epoch {epochs or 1}; "
            "go on with --resume, or start over with --force"
        )
        assert len(names(_checkpoints(run))) == 1
    refuse_place(run, resume=True)
    refuse_place(run, force=True)
    write_run(run, NEW, force=True)
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("fault", ["before the first step", "damaged"])
def test_a_training_that_nothing_is_lost_of_is_replaced(tmp_path, fault):
    run = tmp_path / "run"
    _leave_a_checkpoint(run, epochs=0 if fault == "before the first step" else 3)
    if fault == "damaged":
        (checkpoint,) = _checkpoints(run).iterdir()
        checkpoint.write_bytes(b"")
    refuse_place(run)
    write_run(run, NEW)
    assert names(tmp_path) == ["run"]


def test_one_that_is_being_trained_is_locked_rather_than_unfinished(tmp_path):
    run = tmp_path / "run"
    _leave_a_checkpoint(run, epochs=3)
    with RunWriter(run, resume=True), pytest.raises(LockedError):
        RunWriter(run)


def test_without_resume_what_a_killed_process_left_goes(tmp_path):
    _leave_a_checkpoint(tmp_path / "run")
    with (
        _killed(RunWriter(tmp_path / "run", resume=True)) as writer,
        writer._work.new_child(writer._work.made_name("run")) as stage,
    ):
        stage.write("config.toml", b"# half a run")
    with RunWriter(tmp_path / "run"):
        assert names(tmp_path / ".run.partial") == ["lock"]


def test_nothing_to_resume(tmp_path):
    with pytest.raises(ModelError) as caught:
        RunWriter(tmp_path / "run", resume=True)
    nothing = "so there is nothing to resume; train without --resume"
    assert str(caught.value) == f"{tmp_path}/run: found no training of it, {nothing}"
    assert names(tmp_path) == []
    write_run(tmp_path / "run", NEW)
    with pytest.raises(ModelError) as caught:
        RunWriter(tmp_path / "run", resume=True)
    assert str(caught.value) == f"{tmp_path}/run: is finished, {nothing}"


def test_a_second_writer_is_refused_and_told_by_whom(tmp_path):
    with RunWriter(tmp_path / "run"):
        with pytest.raises(LockedError) as caught:
            RunWriter(tmp_path / "run")
        assert str(caught.value) == (
            f"{tmp_path}/run: is being written by another process (pid {os.getpid()}); wait for it"
        )
    RunWriter(tmp_path / "run").close(keep_checkpoints=False)


def test_the_lock_of_a_killed_process_does_not_block(tmp_path):
    code = (
        "import os, signal, sys; from phoneprice.artifact.writer import RunWriter;"
        "RunWriter(sys.argv[1]); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], check=False)
    assert done.returncode == -9
    assert names(tmp_path) == [".run.partial"]
    write_run(tmp_path / "run", NEW)
    assert names(tmp_path) == ["run"]


def test_a_lock_on_a_deleted_directory_is_taken_again(tmp_path, monkeypatch):
    """Between our opening of the lock file and our locking of it, its holder finishes and deletes it."""
    other = RunWriter(tmp_path / "run")
    flock, calls = fcntl.flock, []

    def finish_first(file, how):
        calls.append(file)
        if len(calls) == 1:
            other.close(keep_checkpoints=False)
        return flock(file, how)

    monkeypatch.setattr(fcntl, "flock", finish_first)
    write_run(tmp_path / "run", NEW)
    assert len(calls) == 2
    assert _which(tmp_path / "run") == "new"
    assert names(tmp_path) == ["run"]


def test_a_directory_that_goes_while_its_marker_is_looked_for(tmp_path, monkeypatch):
    """Between our opening of the directory and that of its marker, its process finishes and deletes both."""
    other = RunWriter(tmp_path / "run")
    open_file, calls = WorkDirectory.open_file, []

    def finish_first(folder, name, flags=0):
        calls.append(name)
        if len(calls) == 1:
            other.close(keep_checkpoints=False)
        return open_file(folder, name, flags)

    monkeypatch.setattr(WorkDirectory, "open_file", finish_first)
    write_run(tmp_path / "run", NEW)
    assert _which(tmp_path / "run") == "new"
    assert names(tmp_path) == ["run"]


def test_a_run_that_is_replaced_while_it_is_looked_at_is_one(tmp_path, monkeypatch):
    run = tmp_path / "run"
    write_run(run, OLD)
    read = OpenDirectory.read

    def replaced_first(folder, name, limit=None):
        monkeypatch.setattr(OpenDirectory, "read", read)
        write_run(run, NEW, force=True)
        return read(folder, name, limit)

    monkeypatch.setattr(OpenDirectory, "read", replaced_first)
    refuse_place(run, force=True)
    assert OpenDirectory.read is read


def test_a_run_that_goes_while_it_is_looked_at_is_none(tmp_path, monkeypatch):
    run = tmp_path / "run"
    write_run(run, OLD)
    child = OpenDirectory.child

    def gone_first(folder, name):
        if name == "run":
            monkeypatch.setattr(OpenDirectory, "child", child)
            run.rename(tmp_path / "elsewhere")
        return child(folder, name)

    monkeypatch.setattr(OpenDirectory, "child", gone_first)
    refuse_place(run)
    assert OpenDirectory.child is child


def test_killed_between_the_renames_of_force(tmp_path):
    run = tmp_path / "run"
    write_run(run, OLD)
    with _killed(RunWriter(run, force=True)) as writer:
        run.rename(writer._work.path / writer._old)
    assert _which(run) == "old"  # the loader finds it
    with pytest.raises(UsageError):
        RunWriter(run)  # and so does the next writer
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("deleted", range(len(layout.LIMITS) + 1))
def test_killed_while_the_old_version_was_deleted(tmp_path, deleted):
    run = tmp_path / "run"
    write_run(run, OLD)
    with (
        _killed(RunWriter(run, force=True)) as writer,
        file_layer(_deleting(deleted)),
        pytest.raises(StorageError),
    ):
        writer.finish(NEW)
    assert _which(run) == "new"
    write_run(run, OLD, force=True)
    assert names(tmp_path) == ["run"]
    assert _which(run) == "old"


def _deleting(most):
    """Of the calls that delete, no more than the first ``most`` files."""
    files = itertools.count()

    def act(_number, name):
        if name == "rmdir" or (name == "unlink" and next(files) >= most):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    return act


@pytest.mark.parametrize("failing", range(94))
@pytest.mark.parametrize("force", [False, True])
def test_every_call_fails_once_and_the_old_version_stays_whole(tmp_path, failing, force):
    """ENOSPC at the n-th system call that writes: the old run or the new one is there, complete."""
    run = tmp_path / "run"
    if force:
        write_run(run, OLD)
    with file_layer(failing_call(failing, errno.ENOSPC)) as calls:
        try:
            write_run(run, NEW, force=force)
        except StorageError as fault:
            assert str(fault) == f"{run}: can't be written: no space left on device; free some space and run again"  # noqa: PT017
            if force:
                assert _which(run) in {"old", "new"}
        else:
            assert _which(run) == "new"
            # Parents that are there already, an owner that can't be kept, tidying up when the run is complete.
            passed = {"fchown", "rename", "unlink", "rmdir"}
            assert failing == 0 or len(calls.names) <= failing or calls.names[failing] in passed
    write_run(run, NEW, force=True)
    assert _which(run) == "new"
    for left in names(tmp_path):
        assert left == "run" or names(tmp_path / left) == []  # one whose marker was gone when it could not be deleted


def test_a_place_that_cannot_be_written_to_is_found_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        RunWriter(tmp_path / "file" / "run")
    assert str(caught.value) == f"{tmp_path}/file/run: can't be written: file exists; choose another name"


def test_partial_is_a_sibling(tmp_path):
    assert partial_path(tmp_path / "run") == tmp_path / ".run.partial"


def test_whatever_a_rename_relies_on_is_on_the_disk_before(tmp_path, monkeypatch):
    """Files with their bytes, and directories with the names in them: a power cut leaves the one or the other run."""
    write_run(tmp_path / "run", OLD)
    events = []
    sync, rename, unlink = os.fsync, os.rename, os.unlink

    def where(descriptor):
        return Path(f"/proc/self/fd/{descriptor}").readlink()

    def noted(path):
        name = re.sub(r"[0-9a-f]{32}", "TOKEN", path.name)
        return name if path.is_dir() or not path.exists() or name == "lock" else "file"

    def synced(descriptor):
        events.append(f"flush {noted(where(descriptor))}")
        sync(descriptor)

    def renamed(old, new, **folders):
        events.append(f"{noted(Path(old))} to {noted(Path(new))}")
        rename(old, new, **folders)

    def unlinked(name, **folder):
        events.append("delete")
        unlink(name, **folder)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    monkeypatch.setattr(os, "unlink", unlinked)
    write_run(tmp_path / "run", NEW, force=True)
    once = [event for event, before in zip(events, [None, *events], strict=False) if event != before]
    assert once == [
        "flush lock",
        "flush .run.TOKEN.partial",
        ".run.TOKEN.partial to .run.partial",
        f"flush {tmp_path.name}",
        "flush file",
        "flush run-TOKEN",
        "flush .run.partial",
        "run to old-TOKEN",
        "run-TOKEN to run",
        f"flush {tmp_path.name}",
        "old-TOKEN to gone-TOKEN",
        "delete",
        ".run.partial to .run.TOKEN.partial",
        "delete",
    ]


# --- a comparison is written as a run is ------------------------------------------------------------------------------

COMPARISON = {layout.CONFIG: b"", layout.COMPARISON: b"{}\n", layout.CURVES: b"PAR1", layout.PAGE: b"<!doctype html>"}


def test_a_comparison_is_whole_replaced_and_no_run(tmp_path):
    place = tmp_path / "tried"
    with RunWriter(place) as writer:
        writer.finish_with(COMPARISON)
    names = {*COMPARISON, layout.MANIFEST, layout.MANIFEST_HASH}
    assert {entry.name for entry in place.iterdir()} == names
    with pytest.raises(UsageError, match="exists already"):
        RunWriter(place)
    with RunWriter(place, force=True) as writer:
        writer.finish_with({**COMPARISON, layout.PAGE: b"<!doctype html>again"})
    assert (place / layout.PAGE).read_bytes().endswith(b"again")
    assert [entry.name for entry in tmp_path.iterdir()] == ["tried"]
    with pytest.raises(ModelError) as raised:
        load_run(place)
    page = place / layout.PAGE
    assert str(raised.value) == f"{place}: is a comparison of several trainings, not a run; open {page} in a browser"


def test_a_comparison_lists_no_files_of_runs(tmp_path):
    with RunWriter(tmp_path / "tried") as writer:
        writer.finish_with({**COMPARISON, layout.WEIGHTS: b""})
    with pytest.raises(ModelError, match=r"found file 'model.safetensors', which is no file of a run"):
        load_run(tmp_path / "tried")
