"""Log probabilities of intervals, against scipy and against themselves in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_ndtr
from torch import Tensor

from phoneprice.components.cumulative import edges_around, log_logistic_between, log_normal_between

BETWEEN: dict[str, Any] = {"logistic": log_logistic_between, "normal": log_normal_between}


def edges_of(width: float, rows: int = 2_000) -> Tensor:
    """Intervals ``(2, rows)`` of about ``width``, as far out as 9 standard deviations, and open ones."""
    generator = torch.Generator().manual_seed(0)
    upper = (4 * torch.randn(rows, generator=generator, dtype=torch.float64)).clamp(-9, 9)
    lower = upper - width * (0.1 + torch.rand(rows, generator=generator, dtype=torch.float64))
    upper[:20], lower[20:40] = 1e30, -1e30
    return torch.stack([upper, lower])


def values_and_slopes(name: str, edges: Tensor) -> tuple[Tensor, Tensor]:
    edges = edges.clone().requires_grad_()
    values = BETWEEN[name](edges)
    (slopes,) = torch.autograd.grad(values.sum(), edges)
    return values.detach().double(), slopes.double()


@pytest.mark.parametrize("width", [0.05, 1.0, 5.0])
def test_normal_is_that_of_scipy(width: float) -> None:
    upper, lower = edges_of(width).numpy()
    high, low = np.minimum(upper, -lower), -np.maximum(upper, -lower)
    expected = log_ndtr(high) + np.log(-np.expm1(log_ndtr(low) - log_ndtr(high)))
    np.testing.assert_allclose(log_normal_between(edges_of(width)).numpy(), expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", BETWEEN)
@pytest.mark.parametrize("width", [0.05, 1.0, 5.0])
def test_float32_keeps_five_digits(name: str, width: float) -> None:
    edges = edges_of(width).float()
    values, slopes = values_and_slopes(name, edges)
    expected, expected_slopes = values_and_slopes(name, edges.double())
    torch.testing.assert_close(values, expected, rtol=1e-4 / width, atol=1e-6)
    if name == "normal":  # the logistic one is autograd's, and loses digits in narrow intervals
        torch.testing.assert_close(slopes, expected_slopes, rtol=1e-5 / min(width, 1), atol=1e-6)


@pytest.mark.parametrize("name", BETWEEN)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_interval_that_has_closed_has_finite_slopes(name: str, dtype: torch.dtype) -> None:
    ends = torch.tensor([-1e8, -13.0, -1.0, 0.0, 2.0, 13.0, 1e8], dtype=dtype)
    values, slopes = values_and_slopes(name, torch.stack([ends, ends]))
    assert values.isfinite().all()
    assert slopes.isfinite().all()


@pytest.mark.parametrize("name", BETWEEN)
def test_a_closed_interval_is_still_drawn_to_the_middle(name: str) -> None:
    """Or a row that is as wrong as can be would never be learned from."""
    ends = torch.tensor([-1e8, -13.0, -5.0, 5.0, 13.0, 1e8], dtype=torch.float64)
    _, slopes = values_and_slopes(name, torch.stack([ends, ends]))
    shift = slopes.sum(0)
    assert (shift.sign() == -ends.sign()).all()
    if name == "normal":  # the slope of log Phi in the tail, linear from -12 on
        expected = [12.082214, 12.082214, 5.186504, -5.186504, -12.082214, -12.082214]
        torch.testing.assert_close(shift, torch.tensor(expected, dtype=torch.float64), rtol=1e-5, atol=0)


def test_edges_around_the_class() -> None:
    logits = torch.tensor([[[3.0, 1.0, -2.0], [0.5, 0.0, -0.5], [9.0, 8.0, 7.0], [4.0, 3.0, 2.0]]]).requires_grad_()
    edges = edges_around(logits, torch.tensor([[0, 1, 2, 3]]))
    assert edges.tolist() == [[[pytest.approx(1e30), 0.5, 8.0, 2.0]], [[3.0, 0.0, 7.0, pytest.approx(-1e30)]]]
    (edges * torch.arange(1.0, 9.0).view(2, 1, 4)).sum().backward()
    assert logits.grad is not None
    assert logits.grad.tolist() == [[[5.0, 0.0, 0.0], [2.0, 6.0, 0.0], [0.0, 3.0, 7.0], [0.0, 0.0, 4.0]]]
