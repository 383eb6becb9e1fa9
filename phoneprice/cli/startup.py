"""What the program sets for its whole process before anything heavy is imported. Never called by the Python API."""

from __future__ import annotations

import gc
import os
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

from phoneprice.cli.streams import prepare_streams

_LIBRARY_BYTES = 64 << 20
_THREAD_BYTES = 48 << 20
"""What it takes for itself and for each thread. Measured with 2 threads: 110 MB for NumPy's, 130 MB for SciPy's."""


_TORCH_BYTES = 480 << 20
"""What importing PyTorch takes: with 490 MiB it loads, with less than 420 its code in C++ may end the process."""


def set_up_process() -> None:
    """Prepare garbage collection, threads, streams and imports for one command."""
    # A short command is all imports, which leave no garbage: looking for some would cost a tenth of its time.
    gc.set_threshold(100_000, 50, 50)
    _let_threads_sleep()
    prepare_streams()
    keep_pandas_out()
    _make_sure_of_room()


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


class _Room:
    """An import hook that finds nothing, and refuses what there is too little memory to load.

    OpenBLAS and PyTorch then end the process, or wait for ever; the usual reason is a limit (``ulimit -v``).
    """

    def __init__(self) -> None:
        self._is_taken = False

    def find_spec(self, name: str, *_: object) -> None:
        """What Python asks before it looks for a module anywhere. Raises ``DeviceError``."""
        if wanted := _bytes_to_load(name):
            from phoneprice.shortage import require_memory

            require_memory(wanted)
        elif not self._is_taken and _is_loaded("numpy"):  # with the next import, before anything is computed
            self._is_taken = True
            from phoneprice.inference.threads import require_blas_memory

            require_blas_memory()


def _bytes_to_load(name: str) -> int:
    """What a module takes as it is imported; 0 for those that say themselves that there is too little."""
    if name == "torch":
        return _TORCH_BYTES
    if name == "numpy" or name.startswith("scipy."):  # whichever part of SciPy loads its OpenBLAS
        return _LIBRARY_BYTES + _blas_threads() * _THREAD_BYTES
    return 0


def _is_loaded(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return spec is not None and not getattr(spec, "_initializing", False)


def _make_sure_of_room() -> None:
    """Install the hook where addresses are limited; elsewhere there are as many as anybody wants.

    Arrow's usual pool of memory takes 1 GB of them at once, and its threads crash where there are too few.
    """
    try:
        import resource
    except ImportError:  # not on this system, and no limit either
        return
    if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        sys.meta_path.insert(0, _Room())


def _blas_threads() -> int:
    """As many as OpenBLAS starts."""
    from phoneprice.shortage import available_processors

    asked = (os.environ.get(name, "") for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"))
    available = available_processors()
    return next((min(int(text), available) for text in asked if text.isdigit() and int(text)), available)


def keep_pandas_out() -> None:
    """Let Arrow and scikit-learn run as they do where pandas isn't installed.

    Arrow imports pandas the first time it sees an array: 0.3 s for an optional feature. No command uses
    pandas itself. Who has imported it before, as a notebook, keeps it, and the Python API, which takes data frames,
    never calls this. (``sys.modules["pandas"] = None`` says the same, but crashes pyarrow.)
    """
    if "pandas" not in sys.modules and not any(isinstance(finder, _NoPandas) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NoPandas())
