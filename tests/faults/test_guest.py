"""A guest in somebody's process: what the Python API leaves as it was, and what it works under."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from phoneprice.config.load import load_config
from phoneprice.errors import DeviceError  # noqa: F401  # for the forked process
from phoneprice.workflows.train import train
from tests.faults.guest import FUNCTIONS, TABLE
from tests.faults.program import unmeasured
from tests.faults.small_trainings import TRAININGS, write_phones

TESTS = Path(__file__).parents[1]
GOLDEN = TESTS / "golden" / "ordinal"


def changed(folder: Path, occasion: str, *functions: str) -> dict[str, dict[str, list[str]]]:
    """What a program of its own finds changed, by function and occasion; a fault of the program is one of the test."""
    shutil.copytree(GOLDEN / "run", folder / "run")
    write_table(folder / TABLE)
    words = [sys.executable, "-m", "tests.faults.guest", occasion, *functions]
    done = subprocess.run(words, cwd=folder, env=unmeasured(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return found


def write_table(path: Path) -> None:
    """The labelled rows that the run was made from."""
    import pyarrow.csv

    from tests.golden.make import ROWS, phones

    pyarrow.csv.write_csv(phones(ROWS, seed=1), path)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_first_call_leaves_everything_as_it_was(tmp_path: Path, function: str) -> None:
    assert changed(tmp_path, "first", function) == {function: {"the first call": []}}


def test_everything_is_left_as_it_was(tmp_path: Path) -> None:
    nothing: dict[str, list[str]] = {"settings of one's own": [], "a fault": [], "another thread": []}
    assert changed(tmp_path, "later", *FUNCTIONS) == dict.fromkeys(FUNCTIONS, nothing)


def weights(data: Path, run: Path, *settings: str) -> bytes:
    train(data, load_config(None, [*TRAININGS["ordinal"], *settings]), run)
    return (run / "model.safetensors").read_bytes() + (run / "history.jsonl").read_bytes()


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("optimizer.name=muon",),
        ("loss.name=cross_entropy", "optimizer.name=adadelta", "model.activation.name=prelu"),
        ("model.init.name=orthogonal", "optimizer.name=rmsprop", "model.normalization.name=layer_norm"),
    ],
    ids=" ".join,
)
def test_the_default_dtype_changes_no_bit(tmp_path: Path, settings: tuple[str, ...]) -> None:
    data = write_phones(tmp_path / "phones.csv")
    plain, before = weights(data, tmp_path / "plain", *settings), torch.get_default_dtype()
    for dtype in (torch.float64, torch.bfloat16, torch.float16):
        torch.set_default_dtype(dtype)
        try:
            assert weights(data, tmp_path / str(dtype), *settings) == plain, dtype
        finally:
            torch.set_default_dtype(before)


PARALLEL = "import torch; torch.set_num_threads(2); torch.randn(500, 500) @ torch.randn(500, 500)"
OURS = "from tests.faults.test_guest import *"


@pytest.mark.parametrize("before", [PARALLEL, f"{OURS}; {PARALLEL}", f"import phoneprice; {PARALLEL}"])
def test_a_forked_process_trains_with_one_thread(tmp_path: Path, before: str) -> None:
    """After one that has used several, and in which it would wait for them for ever."""
    refused = (
        "training.threads: found 2, but PyTorch has one thread only in a process that was forked from one with "
        "PyTorch in it; use training.threads=1, or multiprocessing's start method 'spawn'\n"
    )
    expected = {0: (0, ""), 1: (0, ""), 2: (6, refused)}
    assert trained_after_a_fork(tmp_path, before, *expected) == expected


@pytest.mark.parametrize("before", ["pass", "import phoneprice"])
def test_a_process_forked_without_pytorch_is_like_any_other(tmp_path: Path, before: str) -> None:
    assert trained_after_a_fork(tmp_path, before, 2) == {2: (0, "")}


def trained_after_a_fork(folder: Path, before: str, *threads: int) -> dict[int, tuple[int, str]]:
    """Exit code and stdout of processes that train with so many threads, forked from one after ``before``."""
    script = f"""
import json, os, signal, sys
sys.path.insert(0, {str(TESTS.parent)!r})
{before}

def trained(threads):
    signal.alarm(60)
    exec({OURS!r}, globals())
    try:
        weights(write_phones(Path("phones.csv")), Path(f"after-{{threads}}"), f"training.threads={{threads}}")
        return 0
    except DeviceError as fault:
        print(fault, flush=True)
        return fault.exit_code

found = {{}}
for threads in {threads}:
    out, into = os.pipe()
    if not (child := os.fork()):
        os.dup2(into, 1)
        os._exit(trained(threads))
    os.close(into)
    with os.fdopen(out) as printed:
        found[threads] = printed.read()
    found[threads] = (os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), found[threads])
print(json.dumps(list(found.items())))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=unmeasured(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {threads: (code, printed) for threads, (code, printed) in json.loads(done.stdout)}
