"""Several processes that use one run at once: ``python -m tests.faults.soaking FOLDER SEED SECONDS PROCESSES``.

Each works in its own process, as a service would, until the time is over, and notes what it has seen. FOLDER holds
``d.csv``, and for each seed in SEEDS what its run predicts, ``expected-SEED.csv``. It prints a line of JSON a process.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SEEDS = ("1", "2")
"""Of the trainings that replace each other."""
FILES = 11
"""Of the run, but for the hash of its manifest."""
TINY = ("-s", "training.epochs=1", "model.hidden=[4]", "training.network_start=0", "validation.folds=2")


def training(seed: str, *options: str) -> list[str]:
    """The command line that trains the run."""
    return ["train", "d.csv", "-o", "run", "-q", *options, *TINY, f"training.seed={seed}"]


@dataclass
class Worker:
    """One process: calls by command and exit code, whatever is not as it should be, and its size over time."""

    random: random.Random
    expected: set[bytes]
    calls: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    """Resident bytes and open descriptors."""

    def work(self, seconds: float) -> None:
        """Until the time is over, and at least once each."""
        commands: dict[str, Callable[[], None]] = {
            "train": self.train,
            "predict": self.predict,
            "verify": self.verify,
            "report": self.report,
            "show": self.show,
        }
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name in self.random.sample(list(commands), len(commands)):
                commands[name]()
            gc.collect()
            self.sizes.append((resident(), len(os.listdir("/dev/fd"))))  # noqa: PTH208

    def train(self) -> None:
        self.call(*training(self.random.choice(SEEDS), "--force"), allowed={8: "is being written by another process"})

    def predict(self) -> None:
        self.call("predict", "run", "d.csv", "-o", "out.csv", "-q")
        self.require(Path("out.csv").read_bytes() in self.expected, "the predictions are of neither run")

    def verify(self) -> None:
        printed = self.call("runs", "verify", "run")
        self.require(printed.count("run/") == FILES, printed)

    def report(self) -> None:
        self.call("report", "run", "-o", "out.html", "-q")
        page = Path("out.html").read_text(encoding="utf-8")
        self.require(page.startswith("<!doctype html>") and page.endswith("</html>\n"), page[:80] + page[-80:])

    def show(self) -> None:
        self.require('"run": "run"' in self.call("runs", "show", "run", "--json"), "no document")

    def call(self, *words: str, allowed: dict[int, str] | None = None) -> str:
        """What it prints; any exit code but 0 and those allowed is wrong."""
        from phoneprice.cli.program import run

        printed, said = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
            code = run(words)
        name = " ".join(words[: 1 + (words[0] == "runs")])
        self.calls[f"{name} {code}"] += 1
        reason = (allowed or {}).get(code)
        self.require(
            code == 0 or (reason is not None and reason in said.getvalue()), f"{name} {code}: {said.getvalue()}"
        )
        printed.seek(0)
        return printed.read()

    def require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)


def resident() -> int:
    """Bytes of this process in memory; 0 where the system doesn't tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if status.exists() else 0


def main() -> None:
    """Fork the processes and pass on what they say."""
    import tests.faults.warm  # noqa: F401

    os.chdir(sys.argv[1])
    expected = {Path(f"expected-{seed}.csv").read_bytes() for seed in SEEDS}
    pipes = []
    for number in range(int(sys.argv[4])):
        out, into = os.pipe()
        if not os.fork():
            worker = Worker(random.Random(f"{sys.argv[2]} {number}"), expected)
            try:
                worker.work(float(sys.argv[3]))
            except BaseException as fault:  # noqa: BLE001  # the test looks at it
                worker.wrong.append(repr(fault))
            answer = {"calls": worker.calls, "wrong": worker.wrong, "sizes": worker.sizes}
            with os.fdopen(into, "w") as pipe:
                json.dump(answer, pipe)
            os._exit(0)
        os.close(into)
        pipes.append(out)
    for out in pipes:
        with os.fdopen(out) as pipe:
            print(pipe.read())


if __name__ == "__main__":
    main()
