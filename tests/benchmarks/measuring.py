"""Timing things against each other: interleaved, so that what else the machine does hits all of them alike."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Literal, TypeVar

Result = TypeVar("Result")

HERE = Path(__file__).resolve().parent
PHONEPRICE = (sys.executable, "-c", "import sys; from phoneprice.cli import main; sys.exit(main())")
"""What the installed console script does."""


@dataclass(frozen=True)
class Bar:
    """One figure and what it must be: ``ratio`` of ``value`` to ``reference``, ``at most`` or ``at least`` ``bar``."""

    name: str
    value: float
    reference: float
    unit: str
    against: str
    rule: Literal["at most", "at least"]
    bar: float
    spread: float
    """Of the repetitions of the reference: interquartile range over median. Above 0.2 the figure says little."""

    @property
    def ratio(self) -> float:
        """How many times the reference."""
        return self.value / self.reference

    @property
    def passed(self) -> bool:
        """Whether the bar is met."""
        return self.ratio <= self.bar if self.rule == "at most" else self.ratio >= self.bar


def bar(
    name: str,
    values: Sequence[float],
    references: Sequence[float],
    against: str,
    rule: Literal["at most", "at least"],
    least: float,
    unit: str = "s",
) -> Bar:
    """The ratio of the medians."""
    return Bar(name, median(values), median(references), unit, against, rule, least, spread(references))


def spread(values: Sequence[float]) -> float:
    """Interquartile range over median."""
    ordered = sorted(values)
    quarter = len(ordered) // 4
    return (ordered[-1 - quarter] - ordered[quarter]) / median(ordered)


@dataclass(frozen=True)
class Finished:
    """What a process took: seconds from start to end, and its largest resident memory in bytes."""

    seconds: float
    peak_bytes: float


def run_process(command: Sequence[str | Path]) -> Finished:
    """Run a command to its end; what it prints is only shown if it fails."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            words = " ".join(map(str, command))
            raise RuntimeError(f"{words}: exit code {process.returncode}\n{output.read().decode()}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Finished(seconds, usage.ru_maxrss * scale)


def environment() -> dict[str, str]:
    """This checkout's package is the one that is measured, whatever is installed."""
    root = str(HERE.parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}


def interleaved(
    tasks: Mapping[str, Callable[[], Result]], repetitions: int, *, warm_up: bool = True
) -> dict[str, list[Result]]:
    """Each task's results; every round runs each task once. The first round is for caches and is not counted."""
    found: dict[str, list[Result]] = {name: [] for name in tasks}
    for turn in range(repetitions + warm_up):
        for name, task in tasks.items():
            result = task()
            if turn >= warm_up:
                found[name].append(result)
    return found


def processes(commands: Mapping[str, Sequence[str | Path]], repetitions: int) -> dict[str, list[Finished]]:
    """Several commands timed against each other."""
    return interleaved({name: partial(run_process, command) for name, command in commands.items()}, repetitions)


def seconds(runs: Sequence[Finished]) -> list[float]:
    """The times alone."""
    return [run.seconds for run in runs]


def in_own_process(script: str, *arguments: object) -> Any:
    """The JSON that a script of this folder prints, run in a fresh process."""
    command = [sys.executable, HERE / script, *map(str, arguments)]
    answer = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, env=environment(), check=True)
    return json.loads(answer.stdout)
