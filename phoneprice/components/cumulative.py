"""Log probability that noise falls between two cut points: what the ordinal loss of a row is made of.

``edges`` are ``(2, ...)``: the cumulative logits before each row's class and, smaller, those after it.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_CERTAIN = 1e30
"""A logit beyond all that occur, where both distribution functions are exactly 0 or 1."""
_CLOSEST = 1e-7
"""The least share of ``P(noise < upper)`` that the interval counts as: below, its digits are rounding."""


def edges_around(logits: Tensor, targets: Tensor) -> Tensor:
    """The ``(2, K, B)`` edges of each row's class, from cumulative ``logits`` ``(K, B, C - 1)``.

    Beyond the first and the last cut they are certain: +1e30 and -1e30. ``targets`` are int64 ``(K, B)``.
    """
    return _EdgesAround.apply(logits, targets)  # type: ignore[no-any-return, no-untyped-call]


class _EdgesAround(torch.autograd.Function):
    """Its gradient is scattered once: autograd's way adds into zeros, sums over both edges and cuts the padding off."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        padded = F.pad(logits, (1, 1), value=-_CERTAIN)
        padded[..., 0] = _CERTAIN
        classes = torch.stack([targets, targets + 1])
        ctx.save_for_backward(classes)
        ctx.padded = padded.shape[-1]
        return padded.expand(2, *padded.shape).gather(-1, classes.unsqueeze(-1)).squeeze(-1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (classes,) = ctx.saved_tensors
        padded = grad.new_zeros(*grad.shape[1:], ctx.padded)
        return padded.scatter_(-1, classes.movedim(0, -1), grad.movedim(0, -1))[..., 1:-1], None


def log_logistic_between(edges: Tensor) -> Tensor:
    """``log(sigmoid(upper) - sigmoid(lower))``, stable; ``(...,)``.

    With ``a > b``: ``sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a))``.
    """
    upper, lower = edges
    return F.logsigmoid(upper) + F.logsigmoid(-lower) + _log1mexp(lower - upper)


def _log1mexp(x: Tensor) -> Tensor:
    """``log(1 - exp(x))`` for ``x < 0`` (Maechler 2012)."""
    return (-x.clamp_max(-_CLOSEST).expm1()).log()


def log_normal_between(edges: Tensor) -> Tensor:
    """``log(Phi(upper) - Phi(lower))``, computed in the tail where the difference doesn't cancel; ``(...,)``.

    Below -12 (where ``Phi`` is 2e-33) ``log Phi`` goes on linearly, so that no row's gradient can explode.
    ``torch.special.log_ndtr`` is four times slower, and its float32 gradient is wrong below -1e3 and infinite at -1e6.
    """
    return _LogNormalBetween.apply(edges)  # type: ignore[no-any-return, no-untyped-call]


_FAR = 12.0
_FAR_SLOPE = 12.082214
"""``phi(-12) / Phi(-12)``: the slope of ``log Phi`` there."""
_NOTHING = -80.0
"""Logarithms below this are taken for it: ``exp`` is ten times as slow where its result underflows."""
_LOG_ROOT_TWO_PI = 0.5 * math.log(2 * math.pi)


class _LogNormalBetween(torch.autograd.Function):
    """The gradient, ``phi(edge) / (Phi(upper) - Phi(lower))``, is written out.

    Autograd's way through the formulas took a third of a small network's step, and in float32 was off by a tenth in
    narrow intervals.
    """

    @staticmethod
    def forward(ctx: Any, edges: Tensor) -> Tensor:
        # Phi(a) - Phi(b) = Phi(-b) - Phi(-a): of the two the one with the smaller numbers, high above low.
        mirrored = edges.flip(0).neg_()
        tails = torch.minimum(edges, mirrored)
        near = tails.clamp_min(-_FAR)
        # Phi(x) is taken as Phi(near) * exp(slope * far), and the exponential of high's far part out of the difference.
        far_high, far_low = tails.sub_(near).mul_(_FAR_SLOPE)
        high, low = near.mul_(-math.sqrt(0.5)).erfc_().mul_(0.5)  # erfc, unlike ndtr, is exact in the tail
        p = high - low.mul_((far_low - far_high).clamp_min_(_NOTHING).exp_())
        least = high * _CLOSEST
        log_p = torch.maximum(p, least).log_()
        if ctx.needs_input_grad[0]:
            slopes = _slopes(edges, far_high, log_p)
            slopes[1].neg_()
            # Where log_p is that of _CLOSEST * high, the edge that high belongs to has a slope, and the other has none.
            is_upper = edges[0] < mirrored[0]
            of_high = torch.stack([is_upper, ~is_upper])
            ctx.save_for_backward(torch.where(p > least, slopes, slopes * _CLOSEST * of_high))
        return log_p.add_(far_high)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (slopes,) = ctx.saved_tensors
        return slopes * grad  # type: ignore[no-any-return]


def _slopes(edges: Tensor, far_high: Tensor, log_p: Tensor) -> Tensor:
    """``phi`` of both edges over ``exp(log_p + far_high)``; beyond 12 on either side that of the linear ``log Phi``."""
    far = edges.abs()
    near = far.clamp_max(_FAR)
    log_slopes = far.sub_(near).mul_(-_FAR_SLOPE).sub_(far_high)  # first what is large and cancels
    log_slopes.addcmul_(near, near, value=-0.5).sub_(log_p + _LOG_ROOT_TWO_PI)
    return log_slopes.clamp_min_(_NOTHING).exp_()
