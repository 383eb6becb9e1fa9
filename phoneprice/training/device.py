"""Which device trains, and with how many threads."""

import torch

from phoneprice.config.schema import Device
from phoneprice.errors import DeviceError
from phoneprice.guest import is_forked
from phoneprice.model.devices import present_devices
from phoneprice.shortage import available_processors
from phoneprice.training.threads import require_threads

_MOST_THREADS = 8
"""A small network's steps stop gaining from more."""
_NUMBERS_A_THREAD = 1 << 18
"""Numbers in a stack's widest layer that are worth a thread. Measured on two cores, one thread against two: at 2**17.6
numbers two take 1.2 times as long, at 2**18.9 they are even, at 2**19.6 one takes 1.2 times as long."""


def choose_device(name: Device) -> torch.device:
    """The device called ``name``; ``auto`` is a GPU where there is one. Raises ``DeviceError`` where it is absent."""
    present = present_devices()
    if name == "auto":
        return torch.device("cuda" if "cuda" in present else "cpu")
    if name not in present:
        raise DeviceError(
            f"training.device: found {name!r}, but PyTorch {torch.__version__} sees no such device here; "
            "use --device cpu or auto"
        )
    return torch.device(name)


def number_of_threads(threads: int, usual: int, numbers: int) -> int:
    """How many CPU threads PyTorch is to train with.

    0 stands for ``usual`` (``OMP_NUM_THREADS``, as for every OpenMP program), and where that is 0, too, for as many as
    pay for steps whose widest layer holds that many ``numbers``: no more than this process may use, and at most 8.
    Raises ``DeviceError`` for several in a forked process.
    """
    if is_forked():
        if threads > 1:
            raise DeviceError(
                f"training.threads: found {threads}, but PyTorch has one thread only in a process that was forked from "
                "one with PyTorch in it; use training.threads=1, or multiprocessing's start method 'spawn'"
            )
        return 1
    chosen = threads or usual or _paying_threads(numbers)
    require_threads(chosen)
    return chosen


def _paying_threads(numbers: int) -> int:
    return max(1, min(numbers // _NUMBERS_A_THREAD, available_processors(), _MOST_THREADS))
