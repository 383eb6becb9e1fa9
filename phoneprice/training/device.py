"""Which device trains, and with how many threads."""

from __future__ import annotations

import os

import torch

from phoneprice.config.schema import Device
from phoneprice.errors import DeviceError

_MOST_THREADS = 8
"""A small network's steps stop gaining from more."""


def choose_device(name: Device) -> torch.device:
    """The device called ``name``; ``auto`` is a GPU where there is one. Raises ``DeviceError`` where it is absent."""
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device("cuda" if present["cuda"] else "cpu")
    if not present[name]:
        raise DeviceError(
            f"training.device: found {name!r}, but PyTorch {torch.__version__} sees no such device here; "
            "use --device cpu or auto"
        )
    return torch.device(name)


def use_threads(threads: int) -> int:
    """Set PyTorch's CPU threads, 0 for as many as this process may use (at most 8), and return their number."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chosen = threads or min(available, _MOST_THREADS)
    torch.set_num_threads(chosen)
    return chosen
