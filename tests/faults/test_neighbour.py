"""A neighbour plants links, pipes and directories while commands run: nothing of others changes or is waited on."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from phoneprice.artifact.atomic import replace_file
from phoneprice.artifact.loader import load_run
from phoneprice.artifact.runs import latest_unfinished
from phoneprice.artifact.writer import RunWriter
from phoneprice.errors import ModelError, PhonePriceError
from tests.faults.counts import SEED, report, share_of
from tests.faults.forking import Forks
from tests.faults.neighbour import MOVED
from tests.faults.planting import audit
from tests.faults.program import unmeasured
from tests.faults.small_trainings import TRAININGS, write_phones
from tests.random_runs import random_contents, write_run

PLANTINGS = 40
"""In a round, after which everything is looked at."""
SETTINGS = [*TRAININGS["ordinal"], "training.checkpoint_seconds=0", "training.epochs=4"]
WORK = re.compile(r"\.(v|out\.csv)(\.[0-9a-f]{32})?\.partial")
OURS = re.compile(rf"{WORK.pattern}/checkpoints")
"""What the program makes and deletes in its work directories; what it holds is looked for by itself."""
SLOW = 60.0
"""Seconds, after which something is waited on."""


class Street:
    """The scratch directory, and what the program does there meanwhile."""

    def __init__(self, folder: Path, forks: Forks, data: Path) -> None:
        self.folder, self.forks, self.data = folder, forks, data
        self.random = random.Random(SEED)
        self.commands = self.refused = self.planted = 0

    def round(self, number: int) -> None:
        victim = audit(self.folder / "victim")
        words = [sys.executable, "-m", "tests.faults.neighbour", str(self.folder), f"{SEED}{number}", str(PLANTINGS)]
        with subprocess.Popen(words, env=unmeasured(), stdout=subprocess.PIPE, text=True) as neighbour:
            assert neighbour.stdout is not None
            neighbour.stdout.readline()
            while neighbour.poll() is None:
                self.command()
            made = [tuple(fact) for fact in json.loads(neighbour.stdout.read())]
        assert audit(self.folder / "victim") == victim
        self.planted += PLANTINGS
        self.require_all_there(made)
        self.tidy_up({fact[0] for fact in made})

    def command(self) -> None:
        self.commands += 1
        signal.setitimer(signal.ITIMER_REAL, SLOW)
        try:
            self.random.choice((self.train, self.resume, *[self.replace, self.output] * 3, self.write))()
        except PhonePriceError:
            self.refused += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def write(self) -> None:
        write_run(self.folder / "v", random_contents(seed=self.commands))

    def replace(self) -> None:
        write_run(self.folder / "v", random_contents(seed=self.commands), force=True)

    def output(self) -> None:
        with replace_file(self.folder / "out.csv") as file:
            file.write(b"prediction\n")
        assert (self.folder / "out.csv").read_bytes() == b"prediction\n"

    def train(self) -> None:
        kill = {"kill_after": self.random.uniform(0.02, 0.3)} if self.random.random() < 0.5 else {}
        outcome = self.forks.train(self.data, SETTINGS, self.folder / "v", force=True, **kill)
        self.refuse_bugs(outcome.error)

    def resume(self) -> None:
        with pytest.raises(ModelError):
            latest_unfinished(self.folder / "none")
        outcome = self.forks.train(self.data, SETTINGS, self.folder / "v", resume=True, force=True)
        self.refuse_bugs(outcome.error)

    def refuse_bugs(self, error: tuple[str, str] | None) -> None:
        assert error is None or error[0] in {"StorageError", "UsageError", "ModelError", "LockedError"}, error
        self.refused += error is not None

    def require_all_there(self, made: list[tuple[int, int, str, str]]) -> None:
        """Each thing that was planted is there, unchanged; in the neighbour's or in our directories.

        But for an empty directory in ours that has a name of ours: a killed process of ours leaves just that.
        """
        there = {
            (fact[0], fact[1], fact[4].decode("latin-1") if isinstance(fact[4], bytes) else "")
            for fact in audit(self.folder).values()
        }
        lost = [fact for fact in made if fact[:3] not in there and not is_like_ours(fact[1], fact[3])]
        assert not lost, lost

    def tidy_up(self, inodes: set[int]) -> None:
        """Take away what was planted: then everything works again, and the run is whole.

        What was moved aside goes, and work directories whose marker was, too: the program says that these are in the
        way.
        """
        for place, _, _ in [*os.walk(self.folder)][::-1]:
            for entry in Path(place).iterdir():
                planted = entry.lstat().st_ino in inodes and entry.name != "victim"
                if planted or entry.name.startswith(MOVED) or is_without_marker(entry):
                    delete(entry)
        self.folder.joinpath("out.csv").unlink(missing_ok=True)
        begun = (self.folder / ".v.partial").exists()
        if (self.folder / "v").exists() or begun:
            RunWriter(self.folder / "v", force=True, resume=begun).close(keep_checkpoints=False)
        self.replace()
        self.output()
        load_run(self.folder / "v")
        left = {entry.name for entry in self.folder.iterdir() if not (entry.is_dir() and not any(entry.iterdir()))}
        assert left == {"v", "out.csv", "victim", "none"} - ({"none"} if not (self.folder / "none").exists() else set())


def is_without_marker(path: Path) -> bool:
    return WORK.fullmatch(path.name) is not None and path.is_dir() and not (path / "lock").is_file()


def delete(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def is_like_ours(mode: int, name: str) -> bool:
    return stat.S_ISDIR(mode) and OURS.fullmatch(name) is not None


def give_up(_number: int, _frame: object) -> None:
    raise AssertionError("something is waited on")


def live_beside(folder: Path, forks: Forks, rounds: int) -> Street:
    street = folder / "street"
    (street / "victim").mkdir(parents=True)
    (street / "victim" / "thesis.txt").write_text("three years")
    place = Street(street, forks, write_phones(folder / "phones.csv"))
    place.train()  # which imports what it needs
    before = signal.signal(signal.SIGALRM, give_up)
    try:
        for number in range(rounds):
            place.round(number)
    finally:
        signal.signal(signal.SIGALRM, before)
    return place


def test_a_neighbour_for_a_moment(forks: Forks, tmp_path: Path) -> None:
    assert live_beside(tmp_path, forks, 2).commands


@pytest.mark.long
def test_a_malicious_neighbour(forks: Forks, tmp_path: Path) -> None:
    place = live_beside(tmp_path, forks, share_of(10_000 // PLANTINGS))
    report(
        f"{place.planted:,} links, pipes, files and directories planted beside {place.commands:,} commands, of which "
        f"{place.refused:,} were refused: nothing that was planted or lay beside was changed"
    )
