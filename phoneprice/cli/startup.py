"""What the program sets for its whole process before anything heavy is imported. Never called by the Python API."""

from __future__ import annotations

import gc
import os
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

from phoneprice.cli.streams import prepare_streams


def set_up_process() -> None:
    """Prepare garbage collection, threads, streams and imports for one command."""
    # A short command is all imports, which leave no garbage: looking for some would cost a tenth of its time.
    gc.set_threshold(100_000, 50, 50)
    _let_threads_sleep()
    prepare_streams()
    keep_pandas_out()


def _let_threads_sleep() -> None:
    """Let PyTorch's threads wait for each other a few microseconds awake, then asleep.

    A step has many short parallel parts. Left to itself GNU OpenMP, PyTorch's on Linux, waits awake for milliseconds,
    which where another process has one of two cores makes training 10 times slower. Asleep at once it is a third
    slower than it could be on a quiet machine. Measured in rows/s, (128, 64) network, alone and beside a busy process:
    asleep at once 755,000 and 714,000; after 1,000 turns 1,030,000 and 513,000; after 10,000 turns 1,110,000 and
    207,000. Other OpenMPs know the policy alone. Read when PyTorch is imported, so it has to be set before.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "passive"
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


class _NoPandas:
    """An import hook that finds pandas, and can't load it: who only asks whether it is there gets an answer, too."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """What Python asks before it looks for a module anywhere."""
        # It has what a loader must have; importlib.abc would be imported for its name alone.
        return ModuleSpec(name, self) if name == "pandas" else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """What Python asks for the module: nobody gets it."""
        raise ModuleNotFoundError("phoneprice runs without pandas", name=spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """What would fill the module; never called."""


def keep_pandas_out() -> None:
    """Let Arrow and scikit-learn run as they do where pandas isn't installed.

    Arrow imports pandas the first time it sees an array: 0.3 s for an optional feature. No command uses
    pandas itself. Who has imported it before, as a notebook, keeps it, and the Python API, which takes data frames,
    never calls this. (``sys.modules["pandas"] = None`` says the same, but crashes pyarrow.)
    """
    if "pandas" not in sys.modules and not any(isinstance(finder, _NoPandas) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NoPandas())
