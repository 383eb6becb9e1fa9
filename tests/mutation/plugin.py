"""Do the tests notice when the code is wrong? A pytest plugin that changes the code and looks which changes survive.

``python -m pytest -p tests.mutation.plugin -p no:cacheprovider -p no:xdist tests/metrics --mutate
phoneprice.metrics.intervals`` collects the tests once and notes which of them reach which line. For each mutant a
forked process swaps the code of one function and runs the tests that reach the change, the quickest first, until one
fails. Needs an operating system that can fork.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pkgutil
import random
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, Literal, get_args

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation.operators import Mutant, mutants

FORK = multiprocessing.get_context("fork")
Outcome = Literal["killed", "survived", "timed out", "reached by no test"]


@dataclass(frozen=True)
class Traced:
    """What one test did without any change: whether it passed, how long it took, the (file, line) pairs it reached."""

    passed: bool
    seconds: float
    lines: frozenset[tuple[str, int]]


@dataclass(frozen=True)
class Trial:
    """A mutant, and how it is tried: these functions get this code."""

    file: str
    mutant: Mutant
    functions: list[FunctionType]
    code: CodeType


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; without ``--mutate`` the tests run as ever."""
    group = parser.getgroup("mutation testing")
    group.addoption("--mutate", action="append", default=[], metavar="MODULE", help="a module to change; repeatable")
    group.addoption("--sample", type=float, default=1.0, help="the share of the mutants to try, drawn by chance")
    group.addoption("--mutant-seconds", type=float, default=60.0, help="when to give a mutant up")
    group.addoption("--seed", type=int, default=0, help="of the sample")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Instead of running the tests: try the mutants, print the survivors and the score."""
    options = session.config.option
    if not options.mutate:
        return None
    files = {str(pkgutil.resolve_name(module).__file__) for module in options.mutate}
    traced = _trace(session.items, files)
    chance = random.Random(options.seed)
    outcomes: Counter[Outcome] = Counter()
    for trial in _trials(sorted(files)):
        if chance.random() < options.sample:
            outcome = _outcome(trial, _reaching(trial, session.items, traced), options.mutant_seconds)
            outcomes[outcome] += 1
            if outcome != "killed":
                print(f"{outcome}: {os.path.relpath(trial.file)}:{trial.mutant}", flush=True)
    counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in get_args(Outcome))
    print(f"{outcomes.total()} mutants: {counts}; score {outcomes['killed'] / max(outcomes.total(), 1):.0%}")
    return True


def _passes(item: pytest.Item) -> bool:
    return not any(report.failed for report in runtestprotocol(item, nextitem=None, log=False))


def _trace(items: list[pytest.Item], files: set[str]) -> list[Traced]:
    """Run every test once, in a process of its own, so that nothing of it is left in those of the mutants."""
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=lambda: sender.send([_traced(item, files) for item in items]))
    process.start()
    sender.close()
    traced: list[Traced] = receiver.recv()
    process.join()
    failed = [item.nodeid for item, test in zip(items, traced, strict=True) if not test.passed]
    if failed:
        raise pytest.UsageError(f"these tests fail without any change: {', '.join(failed)}")
    return traced


def _traced(item: pytest.Item, files: set[str]) -> Traced:
    lines: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    start = time.monotonic()
    threading.settrace(trace)
    sys.settrace(trace)
    passed = _passes(item)
    sys.settrace(None)
    return Traced(passed, time.monotonic() - start, frozenset(lines))


def _reaching(trial: Trial, items: list[pytest.Item], traced: list[Traced]) -> list[pytest.Item]:
    """The tests that reach the change, the quickest first."""
    changed = {(trial.file, line) for line in trial.mutant.lines}
    found = [i for i, test in enumerate(traced) if test.lines & changed]
    return [items[i] for i in sorted(found, key=lambda i: traced[i].seconds)]


def _trials(files: list[str]) -> Iterator[Trial]:
    loaded: dict[tuple[str, str, int], list[FunctionType]] = defaultdict(list)
    for thing in gc.get_objects():  # finds them behind any decorator
        if isinstance(thing, FunctionType):
            code = thing.__code__
            loaded[code.co_filename, code.co_qualname, code.co_firstlineno].append(thing)
    for file in files:
        for mutant in mutants(Path(file).read_text(encoding="utf-8")):
            code, functions = mutant.code(file), loaded[file, *mutant.function]
            # Without a call of super(), say, a method no longer fits its closure: such a change can't be swapped in.
            if all(function.__code__.co_freevars == code.co_freevars for function in functions):
                yield Trial(file, mutant, functions, code)


def _outcome(trial: Trial, items: list[pytest.Item], seconds: float) -> Outcome:
    if not items:
        return "reached by no test"
    process = FORK.Process(target=_try, args=(trial, items))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        return "timed out"
    return "survived" if process.exitcode == 0 else "killed"


def _try(trial: Trial, items: list[pytest.Item]) -> None:
    """Exit with 1 as soon as a test fails; a crash has a code of its own."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    for function in trial.functions:
        function.__code__ = trial.code
    sys.exit(not all(_passes(item) for item in items))
