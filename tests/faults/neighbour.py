"""A malicious neighbour: a process that plants things wherever a program may be working, as ``planting.py`` makes them.

``python -m tests.faults.neighbour FOLDER SEED COUNT`` makes them in FOLDER at random moments. It never replaces
anything, but it moves things aside and takes their names. It prints a line when it begins, and at its end what it
has made, as JSON.
"""

from __future__ import annotations

import json
import os
import random
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.planting import NEEDS_ROOT, PLANTS

MOVED = "moved-by-the-neighbour"
_INSIDE = ("lock", "output", "run", "old", "checkpoints", "unfinished", "config.toml", "manifest.json", "thesis")
_OTHERS = ("thesis", "notes", "config.toml.bak", "unfinished")
"""Names of nothing that the program makes: in what has the token in its name, its own names are believed."""
_PLACES = (
    ".v.partial",
    ".v.old",
    ".v.lock",
    ".v.{token}.partial",
    ".out.csv.{token}.partial",
    ".out.csv.partial",
    ".out.csv.evil.partial-file",
    *(f".v.partial/{name}" for name in _INSIDE),
)
_SWAPS = 0.05
"""Share of the plantings for which something has to step aside."""


class Neighbour:
    """Plants and remembers: inode, kind, content and name of each."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.made: list[tuple[int, int, str, str]] = []
        victim = folder / "victim"
        self.plants = {kind: PLANTS[kind] for kind in PLANTS if kind not in NEEDS_ROOT and kind != "socket"} | {
            "link to a directory": lambda path: path.symlink_to(victim),
            "link to a file": lambda path: path.symlink_to(victim / "thesis.txt"),
        }

    def plant(self) -> None:
        path = self._place()
        if path.parent.resolve() != path.parent:  # not through a link of its own
            return
        mine = os.path.lexists(path) and path.lstat().st_ino in {inode for inode, *_ in self.made}
        if mine or self.random.random() < _SWAPS:
            self._move_aside(path)
        if mine:  # the program shall get further, too
            return
        try:
            with held(path.parent) as parent:
                self.plants[self.random.choice(list(self.plants))](parent / path.name)
                self._remember(parent / path.name, path)
        except OSError:  # taken, or its directory is gone
            return

    def _place(self) -> Path:
        """A name that the program might use, or one in a directory that is at work just now."""
        if self.random.random() < 0.5:
            return self.folder / self.random.choice(_PLACES).format(token=self.random.randbytes(16).hex())
        hidden = sorted(self.folder.glob(".*.partial"))
        at_work = [path for path in hidden if path.is_dir() and not path.is_symlink()]
        if not at_work:
            return self.folder / ".v.partial"
        place = self.random.choice(at_work)
        drawn = self.random.random()
        if drawn < 0.3:
            return place / self.random.choice(("run", "checkpoints", "old")) / self.random.choice(_INSIDE)
        made = sorted(_directories_in(place)) if drawn < 0.6 else []
        if made:
            return place / self.random.choice(made) / self.random.choice(_OTHERS)
        return place / self.random.choice(_INSIDE)

    def _move_aside(self, path: Path) -> None:
        try:
            path.rename(self.folder / f"{MOVED}-{len(self.made)}-{self.random.randbytes(4).hex()}")
        except OSError:
            return

    def _remember(self, made: Path, path: Path) -> None:
        for name in (made, *(made.rglob("*") if made.is_dir() and not made.is_symlink() else ())):
            status = name.lstat()
            content = name.read_text() if stat.S_ISREG(status.st_mode) else ""
            self.made.append((status.st_ino, status.st_mode, content, str(path.relative_to(self.folder))))


def _directories_in(folder: Path) -> list[str]:
    """A run in the making or an older one, as they are called just now; none where the directory has gone."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The directory, wherever the program moves it meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def main() -> None:
    """Plant until COUNT is reached."""
    folder, seed, count = Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3])
    neighbour = Neighbour(folder, seed)
    print("beginning", flush=True)
    for _ in range(count):
        neighbour.plant()
        time.sleep(neighbour.random.uniform(0, 0.002))
    print(json.dumps(neighbour.made), flush=True)


if __name__ == "__main__":
    main()
