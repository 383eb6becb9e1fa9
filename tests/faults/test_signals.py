"""Signals and pipes, on the program as a process of its own."""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from phoneprice.artifact.loader import verify_run
from phoneprice.workflows.stopping import StopRequests
from tests.faults.program import unmeasured
from tests.faults.small_trainings import COMMON, write_phones

PROGRAM = [sys.executable, "-m", "phoneprice"]
LONG = [*COMMON, "training.epochs=400", "training.batch_rows=16", "training.checkpoint_seconds=0.05"]


def begin(data: Path, run: Path, *options: str) -> subprocess.Popen[str]:
    """``train`` in the background, when its first epochs are done."""
    words = [*PROGRAM, "train", str(data), "-o", str(run), *(w for s in LONG for w in ("-s", s)), *options]
    process = subprocess.Popen(words, env=unmeasured(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    checkpoints = run.with_name(f".{run.name}.partial") / "checkpoints"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if any(entry.name > "00000002" for entry in checkpoints.glob("*.safetensors")):
            return process
        time.sleep(0.02)
    pytest.fail(f"no checkpoint: {process.communicate()}")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_training_that_can_be_resumed(tmp_path: Path, number: signal.Signals, code: int) -> None:
    data, run = write_phones(tmp_path / "phones.csv"), tmp_path / "run"
    process = begin(data, run)
    process.send_signal(number)
    started = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, "")
    assert time.monotonic() - started < 5
    last = err.splitlines()[-1]
    assert re.fullmatch(r"phoneprice: stopped after epoch \d+ of 400; go on with: phoneprice train .* --resume", last)
    command = shlex.split(last.partition("go on with: phoneprice ")[2])
    assert command[:4] == ["train", str(data), "-o", str(run)]
    assert not run.exists()
    if number == signal.SIGTERM:
        return
    done = subprocess.run([*PROGRAM, *command, "-q"], env=unmeasured(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{run}\n")
    assert verify_run(run)


def test_a_second_signal_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a child, as it dies: the first signal is noted and the second one is left to the kernel."""
    child = os.fork()
    if not child:
        with StopRequests() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.requested == signal.SIGINT
            os.kill(os.getpid(), signal.SIGINT)
            os._exit(77)  # never reached
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGINT


def test_a_step_that_does_not_end_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from phoneprice.errors import StoppedError

    monkeypatch.setattr("phoneprice.workflows.stopping.GRACE_SECONDS", 0.05)
    before = signal.getsignal(signal.SIGINT)

    def step() -> None:
        with StopRequests():
            os.kill(os.getpid(), signal.SIGINT)
            select.select([], [], [], 30)

    with pytest.raises(StoppedError) as caught:
        step()
    assert caught.value.exit_code == 130
    assert signal.getsignal(signal.SIGINT) == before


def test_sigterm_ends_a_prediction_and_leaves_nothing(golden_run: Path, golden_data: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    output = tmp_path / "out.csv"
    output.write_text("old")
    words = [*PROGRAM, "predict", str(golden_run), str(pipe), "-o", str(output), "--chunk-rows", "1"]
    process = subprocess.Popen(words, env=unmeasured(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with pipe.open("w") as rows:
        text = golden_data.read_text()
        rows.write(text)
        rows.flush()
        time.sleep(1)
        process.terminate()
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err.splitlines()[-1]) == (143, "phoneprice: terminated")
    assert output.read_text() == "old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out.csv", "rows.csv"]


@pytest.mark.parametrize("command", [["config", "schema"], ["predict"]])
def test_stdout_closed_early(golden_run: Path, golden_data: Path, tmp_path: Path, command: list[str]) -> None:
    if command == ["predict"]:
        lines = golden_data.read_text().splitlines(keepends=True)
        (tmp_path / "in.csv").write_text(lines[0] + "".join(lines[1:]) * 400)
        command = ["predict", str(golden_run), str(tmp_path / "in.csv"), "--chunk-rows", "1000"]
    process = subprocess.Popen(
        [*PROGRAM, *command], env=unmeasured(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.read(1)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert first
    assert err == ""
    assert process.wait() in {0, 141}


def test_predict_streams(golden_run: Path, golden_data: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "predict", str(golden_run), "-", "-o", "-"],
        input=golden_data.read_bytes(),
        env=unmeasured(),
        capture_output=True,
        check=True,
    )
    assert done.stdout == (golden_data.parent / "predictions.csv").read_bytes()
