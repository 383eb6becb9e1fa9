"""``train --resume``: what may differ, damaged checkpoints, and nothing to resume."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest

from phoneprice.artifact.loader import load_run
from phoneprice.artifact.runs import latest_unfinished
from phoneprice.cli.program import run as run_program
from phoneprice.config.load import load_config
from phoneprice.errors import DataError, DeviceError, LockedError, ModelError, StoppedError
from phoneprice.workflows.events import EpochDone, Event, Noted, Warned
from phoneprice.workflows.train import train
from tests.faults.small_trainings import TRAININGS, fingerprint, write_phones

SETTINGS = [*TRAININGS["textbook"], "training.checkpoint_seconds=0"]


class Stop(BaseException):
    """Ends a training as SIGKILL would, but for the tidying up that a killed process leaves to others."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_phones(tmp_path / "phones.csv")


def begin(data: Path, run: Path, settings: list[str] = SETTINGS, epochs: int = 3, *, force: bool = False) -> None:
    """Train until some epochs are done."""

    def stop(event: Event) -> None:
        if isinstance(event, EpochDone) and event.record.epoch == epochs + 1:
            raise Stop

    with pytest.raises(Stop):
        train(data, load_config(None, settings), run, force=force, on_event=stop)


def resume(data: Path, run: Path, settings: list[str] = SETTINGS) -> list[Event]:
    events: list[Event] = []
    train(data, load_config(None, settings), run, resume=True, on_event=events.append)
    return events


def checkpoints(run: Path) -> list[Path]:
    return sorted((run.parent / f".{run.name}.partial" / "checkpoints").iterdir())


def refusal(data: Path, run: Path, settings: list[str] = SETTINGS) -> str:
    with pytest.raises(ModelError) as caught:
        resume(data, run, settings)
    return str(caught.value)


def test_resumed_is_the_same(data: Path, tmp_path: Path) -> None:
    train(data, load_config(None, SETTINGS), tmp_path / "whole")
    begin(data, tmp_path / "run")
    assert len(checkpoints(tmp_path / "run")) == 2
    events = resume(data, tmp_path / "run")
    assert Noted(f"{tmp_path}/run: going on after epoch 3 of 6") in events
    assert [event.record.epoch for event in events if isinstance(event, EpochDone)] == [4, 5, 6]
    assert fingerprint(tmp_path / "run") == fingerprint(tmp_path / "whole")
    assert not (tmp_path / ".run.partial").exists()


def test_more_epochs(data: Path, tmp_path: Path) -> None:
    longer = [*SETTINGS, "training.epochs=9"]
    train(data, load_config(None, longer), tmp_path / "whole")
    begin(data, tmp_path / "run")
    resume(data, tmp_path / "run", longer)
    assert fingerprint(tmp_path / "run") == fingerprint(tmp_path / "whole")


def test_settings_that_do_not_decide_the_networks(data: Path, tmp_path: Path) -> None:
    other = ["training.checkpoint_seconds=1", "task.calibration=none", "task.decision=median"]
    train(data, load_config(None, [*SETTINGS, *other]), tmp_path / "whole")
    begin(data, tmp_path / "run")
    resume(data, tmp_path / "run", [*SETTINGS, *other])
    assert fingerprint(tmp_path / "run") == fingerprint(tmp_path / "whole")


def test_a_training_that_fails_is_kept_and_says_so(data: Path, tmp_path: Path) -> None:
    """As where memory runs out, or the disk fills up."""
    train(data, load_config(None, SETTINGS), tmp_path / "whole")
    events: list[Event] = []

    def fail(event: Event) -> None:
        events.append(event)
        if isinstance(event, EpochDone) and event.record.epoch == 4:
            raise MemoryError

    run = tmp_path / "run"
    command = ("phoneprice", "train", str(data))
    with pytest.raises(DeviceError):
        train(data, load_config(None, SETTINGS), run, command_line=command, on_event=fail)
    kept = "the training is kept as of its last checkpoint"
    assert events[-1] == Warned(f"{run}: {kept}; go on with: {shlex.join([*command, '-o', str(run), '--resume'])}")
    resume(data, run)
    assert fingerprint(run) == fingerprint(tmp_path / "whole")


ADVICE = "; resume with what it was begun with, or start over with --force"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (["optimizer.lr=0.5"], "optimizer.lr was 0.01, is 0.5"),
        (["training.seed=3"], "training.seed was 0, is 3"),
        (["training.epochs=4"], "training.epochs was 6, is 4"),
        (["training.threads=2"], "training.threads was 1, is 2; the number of threads was 1, is 2"),
        (["model.hidden=[7]"], "model.hidden was [6, 5], is [7]"),
        (["optimizer.name=sgd"], "optimizer.name was adamw, is sgd; "),
        (["data.missing_values=['?']"], "data.missing_values was "),
    ],
)
def test_other_settings_are_named(data: Path, tmp_path: Path, changes: list[str], named: str) -> None:
    start = [*SETTINGS, "optimizer.lr=0.01"]
    begin(data, tmp_path / "run", start)
    message = refusal(data, tmp_path / "run", [*start, *changes])
    assert message.startswith(f"{tmp_path}/run: can't go on from its checkpoint: {named}")
    assert message.endswith(ADVICE)
    resume(data, tmp_path / "run", start)  # the refusal has cost nothing


@pytest.mark.parametrize("change", ["scheduler.name=cosine", "training.network_start=0.1"])
def test_more_epochs_where_they_would_change_the_beginning(data: Path, tmp_path: Path, change: str) -> None:
    begin(data, tmp_path / "run", [*SETTINGS, change])
    message = refusal(data, tmp_path / "run", [*SETTINGS, change, "training.epochs=9"])
    assert message == f"{tmp_path}/run: can't go on from its checkpoint: training.epochs was 6, is 9{ADVICE}"


def test_other_data(data: Path, tmp_path: Path) -> None:
    begin(data, tmp_path / "run")
    text = data.read_text()
    lines = text.splitlines()
    data.write_text("\n".join([lines[0], *reversed(lines[1:])]))
    assert "can't go on from its checkpoint: the rows of DATA (SHA-256) was " in refusal(data, tmp_path / "run")
    data.write_text(text.replace("ram", "RAM"))
    assert "can't go on from its checkpoint: the columns of DATA (SHA-256) was " in refusal(data, tmp_path / "run")


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "link"])
def test_the_one_before_a_damaged_checkpoint(data: Path, tmp_path: Path, how: str) -> None:
    train(data, load_config(None, SETTINGS), tmp_path / "whole")
    begin(data, tmp_path / "run")
    before, latest = checkpoints(tmp_path / "run")
    damage(latest, how)
    events = resume(data, tmp_path / "run")
    assert Warned(f"{tmp_path}/run: checkpoint {latest.name} is damaged; going on from the one before") in events
    assert Noted(f"{tmp_path}/run: going on after epoch 2 of 6") in events
    assert fingerprint(tmp_path / "run") == fingerprint(tmp_path / "whole")
    assert before.name.startswith("00000003-")


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    match how:
        case "flip":
            path.write_bytes(data[:99] + bytes([data[99] ^ 1]) + data[100:])
        case "cut":
            path.write_bytes(data[:-1])
        case "empty":
            path.write_bytes(b"")
        case "link":
            path.rename(path.parent.parent / "elsewhere")
            path.symlink_to(path.parent.parent / "elsewhere")


def test_no_valid_checkpoint(data: Path, tmp_path: Path) -> None:
    begin(data, tmp_path / "run")
    found = checkpoints(tmp_path / "run")
    for path in found:
        damage(path, "cut")
    assert refusal(data, tmp_path / "run") == (
        f"{tmp_path}/run: all its checkpoints are damaged ({found[1].name}, {found[0].name}); train without --resume"
    )


def test_nothing_to_resume(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["train", str(data), "-o", str(tmp_path / "run"), "--resume"]) == 4
    assert capsys.readouterr().err == (
        f"phoneprice: error: {tmp_path}/run: found no training of it, so there is nothing to resume; "
        "train without --resume\n"
    )


def test_without_a_name_the_last_unfinished_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    options = [word for setting in SETTINGS for word in ("-s", setting)]
    assert run_program(["train", str(data), "--resume", *options]) == 4
    assert "runs/: holds no unfinished training to resume; name the run with -o" in capsys.readouterr().err
    begin(data, Path("runs") / "mine")
    begin(data, Path("runs") / "newer")
    for checkpoint in checkpoints(Path("runs") / "mine"):
        os.utime(checkpoint, (1, 1))
    assert run_program(["train", str(data), "--resume", "-q", *options]) == 0
    assert capsys.readouterr().out == "runs/newer\n"


def test_without_resume_only_force_starts_anew(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin(data, tmp_path / "run")
    kept = [path.name for path in checkpoints(tmp_path / "run")]
    for more in ([], ["--dry-run"]):
        assert run_program(["train", str(data), "-o", str(tmp_path / "run"), *more]) == 2
        assert capsys.readouterr().err == (
            f"phoneprice: error: {tmp_path}/run: holds an unfinished training, saved in epoch 3; "
            "go on with --resume, or start over with --force\n"
        )
    assert [path.name for path in checkpoints(tmp_path / "run")] == kept
    other = [*SETTINGS, "training.seed=1"]
    train(data, load_config(None, other), tmp_path / "run", force=True)
    assert load_run(tmp_path / "run").config.training.seed == 1


def test_without_a_name_only_what_can_be_resumed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    options = [word for setting in SETTINGS for word in ("-s", setting)]
    train(data, load_config(None, SETTINGS), Path("runs") / "finished")
    begin(data, Path("runs") / "mine")
    begin(data, Path("runs") / "finished", force=True)
    shutil.copytree(runs / ".mine.partial", runs / ".copied.partial")  # its marker is of another run
    (runs / ".killed-early.partial").mkdir()
    for checkpoint in checkpoints(Path("runs") / "mine"):
        os.utime(checkpoint, (1, 1))
    capsys.readouterr()
    assert run_program(["train", str(data), "--resume", "-q", *options]) == 0
    assert capsys.readouterr().out == "runs/mine\n"
    assert run_program(["train", str(data), "--resume", *options]) == 4
    assert "runs/: holds no unfinished training to resume; name the run with -o" in capsys.readouterr().err


def test_without_a_name_none_that_is_being_trained(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    begin(data, Path("runs") / "stopped")
    begin(data, Path("runs") / "going on")
    found: list[Path] = []

    def meanwhile(event: Event) -> None:
        if isinstance(event, EpochDone):
            found.append(latest_unfinished())

    train(data, load_config(None, SETTINGS), Path("runs") / "going on", resume=True, on_event=meanwhile)
    assert set(found) == {Path("runs") / "stopped"}


def test_force_looks_before_it_throws_away(data: Path, tmp_path: Path) -> None:
    """A slip in the name of the table must not cost the hours that an unfinished training took."""
    begin(data, tmp_path / "run")
    kept = [path.name for path in checkpoints(tmp_path / "run")]
    with pytest.raises(DataError):
        train(tmp_path / "other.csv", load_config(None, SETTINGS), tmp_path / "run", force=True)
    assert [path.name for path in checkpoints(tmp_path / "run")] == kept
    train(data, load_config(None, SETTINGS), tmp_path / "run", force=True)
    assert sorted(path.name for path in tmp_path.iterdir() if "run" in path.name) == ["run"]


def test_two_processes_on_one_run(data: Path, tmp_path: Path) -> None:
    def second(event: Event) -> None:
        if isinstance(event, EpochDone):
            with pytest.raises(LockedError):
                train(data, load_config(None, SETTINGS), tmp_path / "run", resume=True)

    train(data, load_config(None, SETTINGS), tmp_path / "run", on_event=second)


def test_an_interrupt_between_training_and_writing(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("phoneprice.workflows.train.choose", interrupted)
    with pytest.raises(StoppedError) as caught:
        train(data, load_config(None, SETTINGS), tmp_path / "run")
    run = str(tmp_path / "run")
    assert str(caught.value) == f"stopped after epoch 6 of 6; go on with: train(..., run={run!r}, resume=True)"
    monkeypatch.undo()
    resume(data, tmp_path / "run")


def test_a_checkpoint_of_another_network(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only somebody who writes checkpoints with right hashes gets here; loading stops before anything is copied."""
    begin(data, tmp_path / "run")
    monkeypatch.setattr("phoneprice.workflows.checkpointing.changes", lambda _then, _now: [])
    message = refusal(data, tmp_path / "run", [*SETTINGS, "model.hidden=[7,5]"])
    assert message == f"{tmp_path}/run: its checkpoint is of another network; start over with --force"


def test_how_to_resume_names_the_run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("phoneprice.workflows.train.choose", interrupted)
    options = [word for setting in SETTINGS for word in ("-s", setting)]
    assert run_program(["train", str(data), *options]) == 130
    command = shlex.split(capsys.readouterr().err.splitlines()[-1].partition("go on with: ")[2])
    (run,) = (tmp_path / "runs").iterdir()
    assert command[:3] == ["phoneprice", "train", str(data)]
    assert command[-3:] == ["-o", f"runs/{run.name.removeprefix('.').removesuffix('.partial')}", "--resume"]
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert run_program(command[1:]) == 0
