"""Raw outputs of an ensemble for encoded rows: one interface, NumPy for the CPU, PyTorch for a GPU."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from phoneprice.config.schema import Config, Device
from phoneprice.inference.folding import fold
from phoneprice.inference.numpy_engine import NumpyEngine, Outputs
from phoneprice.inference.threads import require_blas_memory
from phoneprice.records import Ensemble, Inputs


class Engine(Protocol):
    """Computes the ``(K, n, W)`` outputs of K networks; what a row gives doesn't depend on the rows around it."""

    @property
    def block_rows(self) -> int:
        """The number of rows of a whole block, a power of two."""

    @property
    def least_rows(self) -> int:
        """The number of rows of the smallest block, a power of two, too."""

    def block(self, inputs: Inputs) -> Outputs:
        """Outputs ``(K, n, W)`` of ``n`` rows, a power of two from ``least_rows`` to ``block_rows``."""


def make_engine(ensemble: Ensemble, config: Config, device: Device = "auto") -> Engine:
    """The engine for a device; ``auto`` is the CPU (knowing better would mean importing torch).

    Raises ``DeviceError`` where there is no such device, or no memory to multiply matrices in.
    """
    if device in {"auto", "cpu"}:
        require_blas_memory()
        return NumpyEngine(fold(ensemble, config), config.model.activation)
    from phoneprice.inference.torch_engine import TorchEngine

    return TorchEngine(fold(ensemble, config), config.model.activation, device)


def blocks(inputs: Inputs, rows: int, least: int) -> Iterator[tuple[slice, Inputs]]:
    """Consecutive pieces of exactly ``rows`` rows, and where they belong; ``rows`` and ``least`` are powers of two.

    The last one is padded with zeros, to the next power of two from ``least`` on: one row needs no whole block.
    """
    for start in range(0, len(inputs), rows):
        place = slice(start, min(start + rows, len(inputs)))
        piece = inputs.take(place)
        size = max(1 << (len(piece) - 1).bit_length(), least)
        yield place, piece if len(piece) == size else _padded(piece, size)


def _padded(inputs: Inputs, rows: int) -> Inputs:
    values = np.zeros((rows, inputs.values.shape[1]), np.float32)
    values[: len(inputs)] = inputs.values
    if inputs.missing is None:
        return Inputs(values)
    missing = np.zeros(values.shape, np.bool_)
    missing[: len(inputs)] = inputs.missing
    return Inputs(values, missing)
