"""The matrix products of training, forward and backward, by PyTorch's ``@`` and nothing else."""

import time
from itertools import pairwise

import torch

STEPS = 40


def rows_per_second(widths: tuple[int, ...], batch_rows: int) -> float:
    """A network of ``widths`` (inputs first, outputs last): three products a layer, but two for the first."""
    weights = [torch.randn(a, b) for a, b in pairwise(widths)]
    layers = [torch.randn(batch_rows, width) for width in widths]
    _step(layers, weights)
    start = time.perf_counter()
    for _ in range(STEPS):
        _step(layers, weights)
    return STEPS * batch_rows / (time.perf_counter() - start)


def _step(layers: list[torch.Tensor], weights: list[torch.Tensor]) -> None:
    for values, weight in zip(layers, weights, strict=False):
        values @ weight
    for i, weight in reversed(list(enumerate(weights))):
        layers[i].T @ layers[i + 1]
        if i:
            layers[i + 1] @ weight.T
