"""The same forward pass on a GPU, by PyTorch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from phoneprice.components.activations import Activation
from phoneprice.errors import DeviceError
from phoneprice.inference.folding import FoldedLayer, FoldedNetwork, FoldedNorm, FoldedNumbers
from phoneprice.inference.numpy_engine import rounded
from phoneprice.model.devices import present_devices
from phoneprice.records import Inputs

BLOCK_ROWS = 1 << 16
LEAST_BLOCK_ROWS = 1 << 10


class TorchEngine:
    """In float64 like the CPU's engine, but on MPS, which has none.

    A block that doesn't fit the device's memory is computed in smaller pieces.
    """

    def __init__(self, network: FoldedNetwork, activation: Activation, device: str) -> None:
        self._device = _available(device)
        self._dtype = torch.float32 if device == "mps" else torch.float64
        self._network = network
        self._activation = activation
        self._first = self._tensor(network.first)
        self._missing = self._tensor(network.missing)
        self._between = [(self._tensor(step.weight), self._tensor(step.bias)) for step in network.between]
        self._layers = [_DeviceLayer(layer, self._tensor) for layer in network.layers]
        self._numbers = None if network.numbers is None else _DeviceNumbers(network.numbers, self._tensor)
        self._offset = self._tensor(network.offset)
        self._piece_rows = self.block_rows = self.least_rows = BLOCK_ROWS

    def block(self, inputs: Inputs) -> NDArray[np.float32]:
        """Outputs ``(K, n, W)`` of ``n`` rows, ``block_rows`` of them."""
        while True:
            try:
                pieces = [
                    self._forward(inputs.take(slice(start, start + self._piece_rows)))
                    for start in range(0, len(inputs), self._piece_rows)
                ]
                break
            except torch.OutOfMemoryError:
                self._piece_rows //= 2
                if self._piece_rows < LEAST_BLOCK_ROWS:
                    raise DeviceError(
                        f"{self._device}: out of memory with {2 * self._piece_rows} rows at a time; "
                        "free some of it or use --device cpu"
                    ) from None
        return np.concatenate(pieces, axis=1)

    @torch.inference_mode()
    def _forward(self, inputs: Inputs) -> NDArray[np.float32]:
        network, k = self._network, self._network.members
        first = self._first_layer(inputs)
        deep_rows = k * network.layers[0].width if network.layers else 0
        score = self._offset
        if network.layers:
            score = score + self._deep(first[:deep_rows].view(k, network.layers[0].width, -1))
        if network.skip:
            score = score + first[deep_rows:].view(k, -1, first.shape[1])
        return rounded(score.transpose(1, 2).cpu().numpy())

    def _first_layer(self, inputs: Inputs) -> Tensor:
        values = self._tensor(inputs.values)
        out = torch.addmm(self._first[:, -1:], self._first[:, :-1], values.T)
        if inputs.missing is not None and inputs.missing.any():
            out += self._missing @ self._tensor(inputs.missing).T
        if self._numbers is not None:
            given = self._numbers.given(self._tensor(inputs.values))
            out[: given.shape[0] * given.shape[1]] += given.flatten(0, 1)
        return out

    def _deep(self, h: Tensor) -> Tensor:
        for layer, (weight, bias) in zip(self._layers, self._between, strict=True):
            h = layer.normalised(h, "before")
            h = self._activation.torch(h, layer.slope)
            h = layer.normalised(h, "after")
            h = torch.baddbmm(bias, weight, h)
        return h

    def _tensor(self, values: NDArray[Any]) -> Tensor:
        return torch.tensor(values, dtype=self._dtype, device=self._device)


class _DeviceNumbers:
    """The folded numbers' arrays on the device."""

    def __init__(self, numbers: FoldedNumbers, tensor: Callable[[NDArray[Any]], Tensor]) -> None:
        self._encoding, self._places = numbers.encoding, numbers.places.tolist()
        self._arrays = {name: tensor(values) for name, values in numbers.arrays.items()}
        self._factor, self._shift = tensor(numbers.factor).mT, tensor(numbers.shift).mT
        self._weight = tensor(numbers.weight)

    def given(self, values: Tensor) -> Tensor:
        """What they add to the first layers, ``(K, width, n)``, from the inputs ``(n, d)``."""
        encoded = self._encoding.torch(values[:, self._places] * self._factor + self._shift, self._arrays)
        return torch.bmm(self._weight, encoded.flatten(2).mT)


class _DeviceLayer:
    """A folded layer's arrays on the device."""

    def __init__(self, layer: FoldedLayer, tensor: Callable[[NDArray[Any]], Tensor]) -> None:
        self.slope = None if layer.slope is None else tensor(layer.slope)
        self._norm: FoldedNorm | None = layer.norm
        if layer.norm is not None:
            self._scale = tensor(layer.norm.scale)
            self._shift = tensor(layer.norm.shift)

    def normalised(self, h: Tensor, position: str) -> Tensor:
        """Layer normalisation over the units, axis 1."""
        if self._norm is None or self._norm.position != position:
            return h
        variance, mean = torch.var_mean(h, dim=1, keepdim=True, correction=0)
        return (h - mean) * (self._scale / (variance + self._norm.eps).sqrt()) + self._shift


def _available(name: str) -> torch.device:
    if name not in present_devices():
        raise DeviceError(f"found no {name} device; use --device cpu")
    return torch.device(name)
