"""What the forward pass spends its time in, over a leading member axis: linear maps and batch normalisation.

Gradients are written out where autograd or BLAS would lose time; what each gains stands with it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from phoneprice.model.torch_versions import are_private_parts_known

_LINEAR_OF_ONE_DNN: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if are_private_parts_known() else None
"""oneDNN's linear layer, which PyTorch's compiler calls; None where PyTorch was built without oneDNN."""
_ENOUGH_PRODUCTS = 1 << 23
"""Multiplications from which it pays, whatever the number of members and threads: each call takes some 20 us."""
_ENOUGH_NARROW_PRODUCTS = 1 << 19
_NARROW = 8
"""MKL is slow at products of so few columns."""


def affine(h: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``(K, B, d)`` inputs times ``(K, d, W)`` weights plus ``(K, 1, W)``."""
    if _suits_one_dnn(h, weight):
        return _OneDnnLinear.apply(h, weight, bias)  # type: ignore[no-any-return, no-untyped-call]
    return torch.baddbmm(bias, h, weight)


def linear(h: Tensor, weight: Tensor) -> Tensor:
    """``(K, B, d)`` inputs times ``(K, d, W)`` weights."""
    if weight.shape[2] == 1:
        return _LinearToOneUnit.apply(h, weight)  # type: ignore[no-any-return, no-untyped-call]
    if _suits_one_dnn(h, weight):
        return _OneDnnLinear.apply(h, weight, None)  # type: ignore[no-any-return, no-untyped-call]
    return torch.bmm(h, weight)


def batch_normalised(h: Tensor, scale: Tensor, shift: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """``(K, B, width)`` normalised over ``B``, and the batch's mean and biased variance, ``(K, 1, width)`` each."""
    return _BatchNorm.apply(h, scale, shift, eps)  # type: ignore[no-any-return, no-untyped-call]


def _suits_one_dnn(h: Tensor, weight: Tensor) -> bool:
    if h.device.type != "cpu" or h.dtype != torch.float32 or _LINEAR_OF_ONE_DNN is None:
        return False
    inputs, outputs = weight.shape[1:]
    # Of each member by itself: with how many others it is trained must make no difference.
    products = h.shape[1] * inputs * outputs
    return products >= (_ENOUGH_PRODUCTS if outputs > _NARROW else _ENOUGH_NARROW_PRODUCTS)


class _OneDnnLinear(torch.autograd.Function):
    """A linear map by oneDNN, one member after the other.

    MKL, behind PyTorch's own products, leaves AVX-512 alone on AMD's processors: on an EPYC, 4,096 rows from 128 to 64
    units, forward and backward, take 2.1 ms there and 1.1 here (one thread), and from 64 to 4 units 450 us and 180.
    """

    @staticmethod
    def forward(ctx: Any, h: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(h, weight)
        ctx.biased = bias is not None
        return _by_member(h, weight.transpose(1, 2), bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor | None]:
        h, weight = ctx.saved_tensors
        h_grad = _by_member(grad, weight) if ctx.needs_input_grad[0] else None
        across, along = h.transpose(1, 2), grad.transpose(1, 2)
        # Twice as fast with the smaller matrix first.
        narrowing = h.shape[2] > grad.shape[2]
        weight_grad = _by_member(along, across).transpose(1, 2) if narrowing else _by_member(across, along)
        return h_grad, weight_grad, grad.sum(1, keepdim=True) if ctx.biased else None


def _by_member(h: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``(K, B, d)`` times ``(K, W, d)``, with the last axes as factors, plus ``(K, 1, W)``; ``(K, B, W)``."""
    biases = [None] * len(h) if bias is None else bias[:, 0].contiguous()  # it reads past gaps without asking
    outs = [_LINEAR_OF_ONE_DNN(*operands, "none", [], "") for operands in zip(h, weight, biases, strict=True)]
    # In place, since activations change what they get, and autograd forbids that of a view made in its functions.
    return outs[0].unsqueeze_(0) if len(outs) == 1 else torch.stack(outs)


class _LinearToOneUnit(torch.autograd.Function):
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
