"""What the forward pass spends its time in, over a leading member axis: linear maps and batch normalisation.

Gradients are written out where autograd or BLAS would lose time; what each gains stands with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_LINEAR_OF_ONE_DNN: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
"""There where PyTorch was built with oneDNN; its compiler calls it for linear layers."""
_ENOUGH_PRODUCTS = 1 << 22
"""Multiplications from which it pays: it takes some 50 microseconds to begin with."""


def affine(h: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``(K, B, d)`` inputs times ``(K, d, W)`` weights plus ``(K, 1, W)``."""
    if _suits_one_dnn(h, weight):
        return _OneDnn.apply(h, weight, bias)  # type: ignore[no-any-return, no-untyped-call]
    return torch.baddbmm(bias, h, weight)


def linear(h: Tensor, weight: Tensor) -> Tensor:
    """``(K, B, d)`` inputs times ``(K, d, W)`` weights."""
    return torch.bmm(h, weight) if weight.shape[2] > 1 else _Column.apply(h, weight)  # type: ignore[no-untyped-call]


def batch_normalised(h: Tensor, scale: Tensor, shift: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """``(K, B, width)`` normalised over ``B``, and the batch's mean and biased variance, ``(K, 1, width)`` each."""
    return _BatchNorm.apply(h, scale, shift, eps)  # type: ignore[no-any-return, no-untyped-call]


def _suits_one_dnn(h: Tensor, weight: Tensor) -> bool:
    products = h.shape[1] * weight[0].numel()  # of each member: how many there are must make no difference
    plain = h.device.type == "cpu" and h.dtype == torch.float32
    return plain and products >= _ENOUGH_PRODUCTS and _LINEAR_OF_ONE_DNN is not None


class _OneDnn(torch.autograd.Function):
    """``affine`` by oneDNN, one network after the other.

    MKL, behind PyTorch's own products, leaves AVX-512 alone on AMD's processors: on an EPYC with two threads, 4,096
    rows from 128 to 64 units take 330 us there and 150 here. oneDNN is no faster at the gradient of the weights.
    """

    @staticmethod
    def forward(ctx: Any, h: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(h, weight)
        return _one_dnn(h, weight.transpose(1, 2), list(bias.squeeze(1)))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        h, weight = ctx.saved_tensors
        h_grad = _one_dnn(grad, weight, [None] * len(h)) if ctx.needs_input_grad[0] else None
        return h_grad, torch.bmm(h.transpose(1, 2), grad), grad.sum(1, keepdim=True)


def _one_dnn(h: Tensor, weight: Tensor, biases: Sequence[Tensor | None]) -> Tensor:
    """``(K, B, d)`` inputs, ``(K, W, d)`` weights and K times ``(W,)`` or None to ``(K, B, W)``."""
    outs = [_LINEAR_OF_ONE_DNN(*operands, "none", [], "") for operands in zip(h, weight, biases, strict=True)]
    if len(outs) > 1:
        return torch.stack(outs)
    # A plain view made inside a function of autograd's could not be changed in place, as activations do.
    return torch.ops.aten._unsafe_view(outs[0], (1, *outs[0].shape))  # type: ignore[no-any-return]  # noqa: SLF001


class _Column(torch.autograd.Function):
    """``(K, B, d)`` inputs times ``(K, d, 1)`` weights: the one score of ordered and binary classes and of regression.

    Written out because BLAS is slow where one side of a product is 1: against ``torch.bmm`` at 5 members, 1,600 rows
    and 32 units (MKL on an AMD EPYC, one thread) the forward pass takes 43 us instead of 126, the backward pass 32
    instead of 369.
    """

    @staticmethod
    def forward(ctx: Any, h: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(h, weight)
        return torch.bmm(weight.transpose(1, 2), h.transpose(1, 2)).transpose(1, 2)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor]:
        h, weight = ctx.saved_tensors
        h_grad = grad * weight.transpose(1, 2) if ctx.needs_input_grad[0] else None
        return h_grad, torch.bmm(grad.transpose(1, 2), h).transpose(1, 2)


class _BatchNorm(torch.autograd.Function):
    """Batch normalisation of ``(K, B, width)`` over ``B``.

    Written out because ``F.batch_norm`` would need the member axis beside the width (a copy each way), and autograd
    through the plain formula makes twice the passes over memory.
    """

    @staticmethod
    def forward(ctx: Any, h: Tensor, scale: Tensor, shift: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        mean = h.mean(1, keepdim=True)
        centred = h - mean
        variance = centred.square().mean(1, keepdim=True)  # torch.var_mean is 15 times slower along this axis
        inverse = (variance + eps).rsqrt()
        ctx.save_for_backward(centred, inverse, scale)
        ctx.mark_non_differentiable(mean, variance)
        return torch.addcmul(shift, centred, inverse * scale), mean, variance

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        centred, inverse, scale = ctx.saved_tensors
        shift_grad = grad.sum(1, keepdim=True)
        scale_grad = (grad * centred).sum(1, keepdim=True) * inverse
        # Ioffe and Szegedy 2015, section 3: the gradient less its parts along 1 and along the normalised input, with
        # all factors of a column put together so that the rows are passed over twice.
        factor = inverse * scale
        share = factor / -grad.shape[1]
        along = torch.addcmul(share * shift_grad, centred, share * scale_grad * inverse)
        return along.addcmul_(grad, factor), scale_grad, shift_grad, None
