"""SIGKILL at any moment of a training: it resumes, and ends in the same bits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.counts import SEED, report, share_of, step_of
from tests.faults.forking import Forks, Outcome
from tests.faults.small_trainings import SEARCHES, TRAININGS, fingerprint, write_phones

INTERVALS = ("0", "0.01", "10")


class Bench:
    """Trains the same thing again and again, with interruptions."""

    def __init__(self, forks: Forks, folder: Path) -> None:
        self.forks, self.folder = forks, folder
        self.data = write_phones(folder / "phones.csv")
        self.whole: dict[str, tuple[dict[str, str], Outcome]] = {}
        self.runs = 0

    def train(self, name: str, run: Path, interval: str = "0", **options: object) -> Outcome:
        settings = [*TRAININGS.get(name, TRAININGS["ordinal"]), f"training.checkpoint_seconds={interval}"]
        return self.forks.train(self.data, settings, run, **SEARCHES.get(name, {}), **options)

    def uninterrupted(self, name: str, interval: str) -> tuple[dict[str, str], Outcome]:
        key = f"{name}-{interval}"
        if key not in self.whole:
            outcome = self.train(name, self.folder / key, interval)
            assert outcome.error is None
            self.whole[key] = fingerprint(self.folder / key), outcome
        return self.whole[key]

    def new_run(self) -> Path:
        self.runs += 1
        return self.folder / f"run-{self.runs}"

    def finish(self, name: str, run: Path, interval: str) -> None:
        """Resume until the end, as a user would, and compare every bit with an uninterrupted training."""
        if not run.exists():
            begun = run.with_name(f".{run.name}.partial").exists()
            outcome = self.train(name, run, interval, resume=begun)
            assert outcome.error is None, outcome
            assert not outcome.killed
        assert fingerprint(run) == self.uninterrupted(name, interval)[0]


@pytest.fixture
def bench(forks: Forks, tmp_path: Path) -> Bench:
    return Bench(forks, tmp_path)


def kill_at_random_moments(bench: Bench, kills: int, names: Sequence[str] = (*TRAININGS,)) -> int:
    """Returns how many trainings it took; about every third resumed training is killed, too."""
    moments = random.Random(SEED)
    done = trainings = 0
    while done < kills:
        name, interval, run = moments.choice(names), moments.choice(INTERVALS), bench.new_run()
        seconds = bench.uninterrupted(name, interval)[1].seconds
        resume = False
        while True:
            outcome = bench.train(name, run, interval, resume=resume, kill_after=moments.uniform(0.02, seconds))
            done += outcome.killed
            resume = run.with_name(f".{run.name}.partial").exists() and not run.exists()
            if not resume or moments.random() > 0.35:
                break
        bench.finish(name, run, interval)
        trainings += 1
    return trainings


def kill_at_calls(bench: Bench, name: str, interval: str, step: int = 1) -> int:
    """Kill before each ``step``-th call of the write path, in the middle of each write; returns how many."""
    calls = len(bench.uninterrupted(name, interval)[1].calls)
    for at in range(SEED % step, calls, step):
        run = bench.new_run()
        outcome = bench.train(name, run, interval, kill_at=at)
        assert outcome.killed
        bench.finish(name, run, interval)
    return len(range(SEED % step, calls, step))


def test_sigkill_at_a_few_moments(bench: Bench) -> None:
    assert kill_at_random_moments(bench, 4)


def test_sigkill_at_a_few_moments_of_a_search(bench: Bench) -> None:
    assert kill_at_random_moments(bench, 3, (*SEARCHES,))


@pytest.mark.parametrize("name", ["ordinal"])
def test_sigkill_at_some_calls(bench: Bench, name: str) -> None:
    assert kill_at_calls(bench, name, "0", step=37)


def test_killed_before_its_first_checkpoint(bench: Bench) -> None:
    run = bench.new_run()
    outcome = bench.train("ordinal", run, kill_at=7)
    assert outcome.killed
    resumed = bench.train("ordinal", run, resume=True)
    assert resumed.warnings == (f"{run}: stopped before its first checkpoint, so training starts anew",)
    assert fingerprint(run) == bench.uninterrupted("ordinal", "0")[0]


@pytest.mark.long
def test_sigkill_at_random_moments(bench: Bench) -> None:
    kills = share_of(200)
    trainings = kill_at_random_moments(bench, kills)
    report(f"SIGKILL at {kills} random moments of {trainings} trainings: all {trainings} ended in the same bits")


@pytest.mark.long
def test_sigkill_at_random_moments_of_searches(bench: Bench) -> None:
    kills = share_of(20)
    searches = kill_at_random_moments(bench, kills, (*SEARCHES,))
    report(f"SIGKILL at {kills} random moments of {searches} searches: all {searches} ended in the same bits")


@pytest.mark.long
@pytest.mark.parametrize("name", [*TRAININGS, *SEARCHES])
def test_sigkill_at_every_call(bench: Bench, name: str) -> None:
    step = step_of()
    kills = kill_at_calls(bench, name, "0", step)
    each = "each" if step == 1 else f"every {step}th"
    report(f"SIGKILL at {each} of the calls that write in a training ({name}): {kills}, all resumed to the same bits")
