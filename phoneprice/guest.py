"""Libraries are imported when they are needed, in somebody's process: what they set on the way is taken back."""

import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

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
