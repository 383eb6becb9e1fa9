"""Libraries are imported when they are needed, in somebody's process: what they set on the way is taken back."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, RLock

_changing = RLock()
"""Held while warnings filters are not the caller's: two that save them at a time would save each other's."""


@contextmanager
def unnoticed(*modules: str) -> Iterator[None]:
    """Environment variables, warnings filters and the state of ``random`` are after the body as they were before.

    For the import of ``modules``: where all are there already, nothing is taken back. NumPy, SciPy and PyTorch add
    filters, threadpoolctl and scikit-learn environment variables, and scikit-learn's joblib draws random numbers. What
    other threads change meanwhile would be undone, too: keep it short.
    """
    if all(name in sys.modules for name in modules):
        yield
        return
    import random  # no short command needs it

    environment, state = dict(os.environ), random.getstate()
    try:
        with _changing, warnings.catch_warnings():
            yield
    finally:
        random.setstate(state)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        for name, value in environment.items():
            if os.environ.get(name) != value:
                os.environ[name] = value


@contextmanager
def without_warnings() -> Iterator[None]:
    """No warnings in the body, nor in other threads meanwhile."""
    with _changing, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


_forked = Event()


def is_forked() -> bool:
    """Whether this process began as a copy of one that had PyTorch in it.

    GNU OpenMP then believes in threads that have stayed behind, and waits for them for ever: there is this one alone.
    """
    return _forked.is_set()


def _note_pytorch() -> None:
    if "torch" in sys.modules:
        _forked.set()


def _libraries_of_pytorch(process: int | str) -> set[str]:
    """Where they stand in the memory of a process, which is another place in each; none where nobody tells."""
    try:
        with Path(f"/proc/{process}/maps").open(encoding="utf-8", errors="replace") as maps:
            return {line.split()[0] for line in maps if "libtorch" in line}
    except OSError:
        return set()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_pytorch)
    # Who forks before anything of ours is imported is known by a parent that has them where they are here.
    if "torch" in sys.modules and _libraries_of_pytorch("self") & _libraries_of_pytorch(os.getppid()):
        _forked.set()
