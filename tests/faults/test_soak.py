"""One run, trained, read, verified and reported by several processes at once, for a long time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from phoneprice.artifact.loader import verify_run
from tests.faults.counts import SEED, report, share_of
from tests.faults.forking import Forks
from tests.faults.program import Program, unmeasured
from tests.faults.small_trainings import write_phones
from tests.faults.soaking import SEEDS, training
from tests.random_runs import names

PROCESSES = 4
GROWTH = 1.15
"""How much larger a process may be in its last fifth than in its second: the first imports and compiles."""


def prepare(forks: Forks, folder: Path) -> None:
    """The table, and what each of the runs predicts, which is the same every time."""
    write_phones(folder / "d.csv")
    for seed in SEEDS:
        words = (training(seed, "--force"), ["predict", "run", "d.csv", "-q", "-o", f"expected-{seed}.csv"])
        for command in words:
            ended = forks.call(Program(tuple(command), str(folder)))
            assert ended.code == 0, ended


def soak(forks: Forks, folder: Path, seconds: int) -> Counter[str]:
    """Returns how often each command ended with which exit code."""
    prepare(forks, folder)
    words = [sys.executable, "-m", "tests.faults.soaking", str(folder), str(SEED), str(seconds), str(PROCESSES)]
    done = subprocess.run(words, env=unmeasured(), capture_output=True, text=True, check=True)
    workers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(workers) == PROCESSES
    for worker in workers:
        assert worker["wrong"] == []
        require_steady([size for size, _ in worker["sizes"]])
        assert len({descriptors for _, descriptors in worker["sizes"]}) == 1, worker["sizes"]
    assert names(folder) == ["d.csv", *(f"expected-{seed}.csv" for seed in SEEDS), "out.csv", "out.html", "run"]
    verify_run(folder / "run")
    return sum((Counter(worker["calls"]) for worker in workers), Counter())


def require_steady(sizes: list[int]) -> None:
    """Memory doesn't grow; of a few rounds nothing can be said."""
    fifth = len(sizes) // 5
    if fifth >= 4:
        early, late = max(sizes[fifth : 2 * fifth]), max(sizes[-fifth:])
        assert late <= GROWTH * early, (early, late)


def test_memory_that_grows_is_noticed() -> None:
    require_steady([100] * 20)
    require_steady([100, 300])
    with pytest.raises(AssertionError):
        require_steady([100 + 5 * i for i in range(20)])


def test_several_processes_for_a_moment(forks: Forks, tmp_path: Path) -> None:
    calls = soak(forks, tmp_path, 2)
    assert calls["train 0"]
    assert calls["predict 0"]


@pytest.mark.long
def test_several_processes_for_a_long_time(forks: Forks, tmp_path: Path) -> None:
    seconds = share_of(900)
    calls = soak(forks, tmp_path, seconds)
    report(
        f"{PROCESSES} processes on one run for {seconds} s, {calls.total():,} commands "
        f"({', '.join(f'{count:,} x {name}' for name, count in sorted(calls.items()))}): "
        "every output whole, nothing left, no process grew"
    )
