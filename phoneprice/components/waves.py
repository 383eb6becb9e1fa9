"""Cosines and sines of learned frequencies: what the periodic encoding of numbers is made of."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def waves(z: Tensor, frequencies: Tensor) -> Tensor:
    """``cos(2 pi f z)``, then ``sin(2 pi f z)``, of numbers ``(K, B, c)`` and ``f`` ``(K, c, n)``: ``(K, B, c, 2 n)``.

    Differentiable by the frequencies, not by the numbers.
    """
    return _Waves.apply(z, frequencies)  # type: ignore[no-any-return, no-untyped-call]


class _Waves(torch.autograd.Function):
    """The derivatives of both are the other one: autograd, which computes them anew, takes twice as long."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, frequencies: Tensor) -> Tensor:
        angles = z[..., None] * (2 * math.pi * frequencies)[:, None]
        both = torch.stack([angles.cos(), angles.sin_()], dim=3).flatten(3)
        ctx.save_for_backward(z, both)
        return both

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        z, both = ctx.saved_tensors
        (cosine, sine), (along_cosine, along_sine) = both.chunk(2, dim=-1), grad.chunk(2, dim=-1)
        angle_grad = (along_sine * cosine).addcmul_(along_cosine, sine, value=-1)
        return None, 2 * math.pi * (angle_grad * z[..., None]).sum(1)
