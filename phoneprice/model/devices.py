"""Which of PyTorch's devices this machine has, for training and for prediction."""

import torch


def present_devices() -> frozenset[str]:
    """Some of ``cpu``, ``cuda`` and ``mps``."""
    found = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return frozenset(name for name, there in found.items() if there)
