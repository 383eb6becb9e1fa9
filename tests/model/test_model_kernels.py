"""The kernels against PyTorch's plain operations."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from phoneprice.model import kernels
from phoneprice.model.kernels import affine, batch_normalised, linear


def random(*sizes: tuple[int, ...], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(size, generator=generator, dtype=dtype).requires_grad_() for size in sizes]


def gradients(out: Tensor, leaves: list[Tensor]) -> tuple[Tensor, ...]:
    weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view(out.shape)
    return torch.autograd.grad((out * weights).sum(), leaves)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("rows", [5, 4096])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_affine(members: int, rows: int, dtype: torch.dtype) -> None:
    leaves = random((members, rows, 40), (members, 40, 32), (members, 1, 32), dtype=dtype)
    h, weight, bias = leaves
    out, expected = affine(h, weight, bias), torch.bmm(h, weight) + bias
    torch.testing.assert_close(out, expected)
    for found, wanted in zip(gradients(out, leaves), gradients(expected, leaves), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(kernels._LINEAR_OF_ONE_DNN is None, reason="PyTorch without oneDNN")
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("first", [True, False])
def test_large_products_are_one_dnns(members: int, first: bool) -> None:
    h, weight, bias = random((members, 4096, 40), (members, 40, 32), (members, 1, 32), dtype=torch.float32)
    out = affine(h.detach() if first else h, weight, bias)
    assert type(out.grad_fn).__name__ == "_OneDnnBackward"
    out.relu_().sum().backward()  # activations work in place
    assert weight.grad is not None
    assert (h.grad is None) == first


def test_without_one_dnn_the_products_are_pytorchs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_LINEAR_OF_ONE_DNN", None)
    h, weight, bias = random((1, 4096, 40), (1, 40, 32), (1, 1, 32), dtype=torch.float32)
    torch.testing.assert_close(affine(h, weight, bias), h @ weight + bias)


@pytest.mark.parametrize("width", [1, 3])
def test_linear(width: int) -> None:
    leaves = random((2, 7, 4), (2, 4, width))
    out, expected = linear(*leaves), torch.bmm(*leaves)
    torch.testing.assert_close(out, expected)
    for found, wanted in zip(gradients(out, leaves), gradients(expected, leaves), strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("rows", [2, 7])
def test_batch_norm_gradient_agrees_with_finite_differences(rows: int) -> None:
    leaves = random((2, rows, 3), (2, 1, 3), (2, 1, 3))
    assert torch.autograd.gradcheck(lambda *a: batch_normalised(*a, 0.1)[0], leaves)


def test_a_constant_unit_is_normalised_to_its_shift() -> None:
    h = torch.full((1, 5, 1), 3.0)
    out, mean, variance = batch_normalised(h, torch.full((1, 1, 1), 2.0), torch.full((1, 1, 1), 0.7), 1e-5)
    assert out.flatten().tolist() == pytest.approx([0.7] * 5)
    assert (mean.item(), variance.item()) == (3.0, 0.0)
