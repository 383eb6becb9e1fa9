"""The forward pass on the CPU, by NumPy.

NumPy rather than ONNX Runtime on the CPU. Measured for the default network (5 members of 32 units, 20 inputs) and
1,000,000 rows, one thread: ONNX Runtime 0.09 s in float32, NumPy 0.14 s in float32 and 0.27 s in float64, of 1.5 s
of CPU time that a whole prediction takes. ONNX Runtime would add 78 MB to install, 0.04 s to every start, and a second
definition, as a graph, of every activation and normalisation.
"""

import numpy as np
from numpy.typing import NDArray

from phoneprice.components.activations import Activation
from phoneprice.inference.folding import FoldedNetwork, FoldedNorm
from phoneprice.records import Doubles, Inputs
from phoneprice.records.inputs import LARGEST_SINGLE

Outputs = NDArray[np.float32]

BLOCK_NUMBERS = 1 << 18
"""Numbers in the widest layer of a block: 2 MiB of float64.

With twice as many a table of 10,000,000 rows takes 0.92 times as long, but one row, which fills a block as well, twice.
"""
BLOCK_ROWS_RANGE = (64, 4096)
LEAST_ROWS = 8
"""Of a block of few rows.

Not 1: with one row NumPy sums the classes in another order, and BLAS multiplies by another kernel.
"""


class NumpyEngine:
    """Float64 on the CPU, by the BLAS that NumPy brings; only the outputs are rounded to float32.

    In float32, OpenBLAS gives a row other last bits in another place of the block (measured on the Haswell and Zen
    kernels: 4 to 40% of the values, whatever the block's size). Float64 carries 29 bits more than the outputs keep, so
    what a row gives doesn't depend on its place.
    """

    def __init__(self, network: FoldedNetwork, activation: Activation) -> None:
        self._network = network
        self._activation = activation
        self.block_rows = block_rows(network)
        self.least_rows = LEAST_ROWS

    def block(self, inputs: Inputs) -> Outputs:
        """Outputs ``(K, n, W)`` of ``n`` rows, a power of two from ``least_rows`` to ``block_rows``."""
        network, k = self._network, self._network.members
        first = self._first(inputs)
        score: Doubles | float = 0.0
        if network.layers:
            score = self._deep(first[: k * network.layers[0].width].reshape(k, network.layers[0].width, -1))
        if network.skip:
            wide = first[k * network.layers[0].width :] if network.layers else first
            score = score + wide.reshape(k, -1, len(inputs))
        return rounded(score + network.offset).swapaxes(1, 2)

    def _first(self, inputs: Inputs) -> Doubles:
        """All members' first linear maps, ``(M, n)``."""
        rows, width = inputs.values.shape
        if rows.bit_count() != 1 or not self.least_rows <= rows <= self.block_rows:
            sizes = f"a power of two from {self.least_rows} to {self.block_rows}"
            raise ValueError(f"found a block of {rows} rows, expected {sizes}")
        with_one = np.empty((rows, width + 1))
        with_one[:, :-1] = inputs.values
        with_one[:, -1] = 1
        out: Doubles = self._network.first @ with_one.T
        if inputs.missing is not None and inputs.missing.any():
            # A matrix product of its own: what rows without missing cells give must not depend on the others.
            out += self._network.missing @ inputs.missing.T.astype(np.float64)
        numbers = self._network.numbers
        if numbers is not None:
            deep = out[: numbers.weight.shape[0] * numbers.weight.shape[1]]
            encoded = numbers.encoded(inputs.values[:, numbers.places].T.astype(np.float64))
            deep += np.matmul(numbers.weight, encoded).reshape(deep.shape)
        return out

    def _deep(self, h: Doubles) -> Doubles:
        """From the first hidden layer's ``(K, width, n)`` sums to the scores ``(K, S, n)``."""
        for layer, linear in zip(self._network.layers, self._network.between, strict=True):
            h = _normalised(h, layer.norm, "before")
            h = _normalised(np.asarray(self._activation.numpy(h, layer.slope), np.float64), layer.norm, "after")
            h = np.matmul(linear.weight, h)
            h += linear.bias
        return h


def block_rows(network: FoldedNetwork) -> int:
    """The largest power of two of rows whose widest layer fits the cache: a function of the network alone."""
    least, most = BLOCK_ROWS_RANGE
    fitting = max(BLOCK_NUMBERS // network.widest, 1)
    return min(max(1 << (fitting.bit_length() - 1), least), most)


def _normalised(h: Doubles, norm: FoldedNorm | None, position: str) -> Doubles:
    """Layer normalisation over the units, axis 1."""
    if norm is None or norm.position != position:
        return h
    h = h - h.mean(axis=1, keepdims=True)
    variance = np.square(h).mean(axis=1, keepdims=True)
    h *= norm.scale / np.sqrt(variance + norm.eps)
    h += norm.shift
    return h


def rounded(scores: Doubles) -> Outputs:
    """Outputs as they are kept: float32, and finite also where float64 reaches further, as for absurd inputs."""
    out: Outputs = np.clip(scores, -LARGEST_SINGLE, LARGEST_SINGLE).astype(np.float32)
    return out
