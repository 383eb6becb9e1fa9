"""Every call on the write path fails once with ENOSPC and once with EIO: exit 5, and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.cli.program import run as run_program
from phoneprice.errors import StorageError
from phoneprice.workflows.predict import predict
from tests.faults.counts import SEED, report, step_of
from tests.faults.file_layer import always, failing, file_layer
from tests.faults.forking import Forks
from tests.faults.small_trainings import TRAININGS, fingerprint, write_phones
from tests.random_runs import names

ERRORS = (errno.ENOSPC, errno.EIO)
SETTINGS = [*TRAININGS["ordinal"], "training.checkpoint_seconds=0", "training.epochs=4"]


def fail_train(forks: Forks, folder: Path, step: int, *, force: bool) -> int:
    """Train with one failing call after the other; an older version, if there was one, is whole after each failure."""
    data = write_phones(folder / "phones.csv")
    whole = forks.train(data, SETTINGS, folder / "whole")
    expected = fingerprint(folder / "whole")
    old = folder / "old"
    forks.train(data, [*SETTINGS, "training.seed=7"], old)
    tried = refused = 0
    for error in ERRORS:
        for at in range((SEED + 11) % step, len(whole.calls) + 5, step):
            run = folder / f"run-{error}-{at}"
            if force:
                shutil.copytree(old, run)
            outcome = forks.train(data, SETTINGS, run, force=force, fail_at=at, error_number=error)
            tried += 1
            if outcome.error is not None:
                refused += 1
                assert outcome.error[0] == "StorageError", outcome
                assert outcome.error[1].startswith(f"{run}: can't be written: {os.strerror(error).lower()}; ")
                if force:
                    assert fingerprint(run) in (fingerprint(old), expected)
                    verify_run(run)
            left = run.with_name(f".{run.name}.partial").exists()
            again = forks.train(data, SETTINGS, run, force=True, resume=left)
            assert again.error is None, again
            assert fingerprint(run) == expected
            shutil.rmtree(run)
    assert refused > 0
    return tried


def fail_predict(run: Path, data: Path, folder: Path, suffix: str, step: int = 1) -> int:
    """Predict with one failing call after the other; the older output is as it was."""
    expected = folder / f"expected{suffix}"
    with file_layer() as calls:
        predict(run, data, expected)
    tried = 0
    for error in ERRORS:
        for at in range(0, len(calls.names), step):
            output = folder / f"out{suffix}"
            output.write_bytes(b"old")
            tried += 1
            try:
                with file_layer(failing(at, error)):
                    predict(run, data, output)
            except StorageError as fault:
                assert str(fault).startswith(f"{output}: can't be written: {os.strerror(error).lower()}; ")  # noqa: PT017
                assert output.read_bytes() in (b"old", expected.read_bytes())
            else:
                assert output.read_bytes() == expected.read_bytes()
            predict(run, data, output)
            assert output.read_bytes() == expected.read_bytes()
            assert [name for name in names(folder) if name.endswith(".partial")] == []
    return tried


@pytest.mark.parametrize("force", [False, True])
def test_some_calls_fail(forks: Forks, tmp_path: Path, force: bool) -> None:
    assert fail_train(forks, tmp_path, 61, force=force)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.zst", ".parquet", ".jsonl"])
def test_predict_with_failing_calls(golden_run: Path, golden_data: Path, tmp_path: Path, suffix: str) -> None:
    assert fail_predict(golden_run, golden_data, tmp_path, suffix)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_exit_code_5(
    golden_run: Path, golden_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    output = tmp_path / "out.csv"
    with file_layer(failing(0, number)):
        code = run_program(["predict", str(golden_run), str(golden_data), "-o", str(output)])
    assert code == 5
    assert f"phoneprice: error: {output}: can't be written: {os.strerror(number).lower()}; " in capsys.readouterr().err
    assert names(tmp_path) == []


def test_read_only_target_is_found_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with file_layer(always(errno.EROFS)):
        code = run_program(["train", str(tmp_path / "no such data"), "-o", str(tmp_path / "run")])
    assert code == 5
    assert capsys.readouterr().err == (
        f"phoneprice: error: {tmp_path}/run: can't be written: read-only file system; "
        "choose a place that can be written to\n"
    )


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no /sys, which nobody can write to")
def test_a_place_that_nobody_can_write_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["train", "-o", "/sys/kernel/run"]) == 5
    assert capsys.readouterr().err.startswith("phoneprice: error: /sys/kernel/run: can't be written: ")


@pytest.mark.long
@pytest.mark.parametrize("force", [False, True])
def test_every_call_fails(forks: Forks, tmp_path: Path, force: bool) -> None:
    step = step_of()
    tried = fail_train(forks, tmp_path, step, force=force)
    old = "with an older version in place" if force else "without an older version"
    each = "each call" if step == 1 else f"every {step}th call"
    report(f"{each} that writes in a training failed with ENOSPC and with EIO, {old}: {tried} trainings, nothing lost")
    load_run(tmp_path / "whole")
