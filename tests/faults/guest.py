"""A program with settings of its own that calls the Python API: which of them are not as they were afterwards.

``main`` prints a JSON object: the settings that have changed, by function and occasion. It runs in a folder with a run
and a table.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import json
import locale
import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import phoneprice

TABLE = "t.csv"
_QUICK = ["training.epochs=1", "training.threads=1", "validation.folds=2"]


def _config() -> Any:
    from phoneprice.config.load import load_config

    return load_config(None, _QUICK)


def _protocol() -> Any:
    from phoneprice.records.documents import Protocol

    return Protocol(folds=2, repeats=1)


def _load(data: str) -> None:
    model = phoneprice.load("run")
    model.predict(data)
    model.predict_proba(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.evaluate(data)
    _ = model.metrics


def _fit(name: str, data: str) -> None:
    x = [[float(i % 19)] for i in range(40 if data == TABLE else 0)]
    getattr(phoneprice, name)(overrides=_QUICK).fit(x, [row[0] > 9 for row in x]).predict(x)


FUNCTIONS: dict[str, Callable[[str], Any]] = {
    "train": lambda data: phoneprice.train(data, _config(), "new", force=True),
    "evaluate": lambda data: phoneprice.evaluate("run", data),
    "predict": lambda data: phoneprice.predict("run", data, "out.csv"),
    "cross_validate": lambda data: phoneprice.cross_validate(data, _config(), _protocol(), baselines=True),
    "load": _load,
    "PhonePriceClassifier": lambda data: _fit("PhonePriceClassifier", data),
    "PhonePriceRegressor": lambda data: _fit("PhonePriceRegressor", data),
}
"""Each takes the name of a table; of one that is not there it makes a fault."""


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found


def _descriptors() -> set[str]:
    gc.collect()
    return {entry.name for entry in Path("/proc/self/fd").iterdir() if entry.exists()}


def _of_torch(read: Callable[[Any], Any]) -> Any:
    torch = sys.modules.get("torch")
    return None if torch is None else read(torch)


def _of_numpy(read: Callable[[Any], Any]) -> Any:
    numpy = sys.modules.get("numpy")
    return None if numpy is None else read(numpy)


def _blas(_torch: Any) -> Any:
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    return sorted((pool["filepath"], pool["num_threads"]) for pool in threadpool_info())


PROPERTIES: dict[str, Callable[[], Any]] = {
    "signal handlers": lambda: {n: signal.getsignal(n) for n in signal.valid_signals()},
    "timer": lambda: signal.getitimer(signal.ITIMER_REAL)[0] > 0,
    "environment variables": lambda: dict(os.environ),
    "working directory": os.getcwd,
    "locale": lambda: locale.setlocale(locale.LC_ALL),
    "umask": _umask,
    "warnings filters": lambda: (list(warnings.filters), warnings.showwarning),
    "hooks": lambda: (sys.excepthook, sys.unraisablehook, threading.excepthook, sys.displayhook),
    "faulthandler": faulthandler.is_enabled,
    "logging": lambda: (logging.root.level, list(logging.root.handlers), logging.root.manager.disable),
    "threads": lambda: sorted(thread.name for thread in threading.enumerate()),
    "import hooks": lambda: (list(sys.meta_path), list(sys.path)),
    "garbage collection": lambda: (gc.get_threshold(), gc.isenabled(), gc.get_freeze_count() > 0),
    "open descriptors": _descriptors,
    "numbers of random": random.getstate,
    "numbers of NumPy": lambda: _of_numpy(lambda np: [str(part) for part in np.random.get_state()]),
    "numbers of torch": lambda: _of_torch(lambda torch: torch.get_rng_state().tolist()),
    "errors of NumPy": lambda: _of_numpy(lambda np: np.geterr()),
    "default dtype": lambda: _of_torch(lambda torch: torch.get_default_dtype()),
    "default device": lambda: _of_torch(lambda torch: torch.get_default_device()),
    "gradients": lambda: _of_torch(lambda torch: (torch.is_grad_enabled(), torch.is_inference_mode_enabled())),
    "autocast": lambda: _of_torch(lambda torch: torch.is_autocast_enabled("cpu")),
    "deterministic algorithms": lambda: _of_torch(lambda torch: torch.are_deterministic_algorithms_enabled()),
    "threads of torch": lambda: _of_torch(lambda torch: torch.get_num_threads()),
    "threads of BLAS": lambda: _of_torch(_blas),
}


def _changed(call: Callable[[], Any]) -> list[str]:
    before = {name: read() for name, read in PROPERTIES.items()}
    call()
    after = {name: read() for name, read in PROPERTIES.items()}
    new = {name for name in PROPERTIES if before[name] is None}  # imported meanwhile
    return sorted(name for name in PROPERTIES if name not in new and after[name] != before[name])


def _settings_of_ones_own() -> None:
    """Unlike those that Python, NumPy and PyTorch begin with."""
    import numpy as np
    import torch
    from sklearn.pipeline import make_pipeline  # noqa: F401  # with all that it brings

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 600)
    os.environ["OMP_NUM_THREADS"] = "1"
    os.umask(0o027)
    warnings.simplefilter("error")
    sys.excepthook = print
    logging.basicConfig(level=logging.DEBUG)
    random.seed(1)
    np.random.seed(1)
    np.seterr(all="raise")
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    torch.use_deterministic_algorithms(mode=True)
    torch.set_num_threads(2)
    gc.freeze()  # what is frozen is not looked at again by each ``_descriptors``


def _all_modes(call: Callable[[], Any]) -> None:
    import torch

    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16), torch.device("meta"):
        call()


def _fault(function: Callable[[str], Any]) -> None:
    with suppress(phoneprice.errors.PhonePriceError, ValueError):
        function("nothing.csv")
        raise SystemExit("no fault")


Found = dict[str, list[str]]
"""What has changed, by occasion."""


def first_call(name: str) -> Found:
    """Nothing is imported yet, so this needs a process of its own for each function."""
    return {"the first call": _changed(lambda: FUNCTIONS[name](TABLE))}


def later_calls(name: str) -> Found:
    """On all other occasions, in a process with settings of its own."""

    def call() -> None:
        FUNCTIONS[name](TABLE)

    found: Found = {}
    _all_modes(lambda: found.update({"settings of one's own": _changed(call)}))
    found["a fault"] = _changed(lambda: _fault(FUNCTIONS[name]))
    found["another thread"] = _changed(lambda: asyncio.run(asyncio.to_thread(call)))
    return found


def main() -> None:
    """The first call of one function, or all later calls of those that are named after it."""
    occasion, *names = sys.argv[1:]
    if occasion == "later":
        _settings_of_ones_own()
    found = {name: later_calls(name) if occasion == "later" else first_call(name) for name in names}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
