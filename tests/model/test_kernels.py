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
@pytest.mark.parametrize(("inputs", "outputs"), [(80, 32), (32, 80)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_affine(members: int, rows: int, inputs: int, outputs: int, dtype: torch.dtype) -> None:
    leaves = random((members, rows, inputs), (members, inputs, outputs), (members, 1, outputs), dtype=dtype)
    h, weight, bias = leaves
    out, expected = affine(h, weight, bias), torch.bmm(h, weight) + bias
    torch.testing.assert_close(out, expected)
    for found, wanted in zip(gradients(out, leaves), gradients(expected, leaves), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("rows", [7, 4096])
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_linear(members: int, rows: int, width: int, dtype: torch.dtype) -> None:
    leaves = random((members, rows, 48), (members, 48, width), dtype=dtype)
    out, expected = linear(*leaves), torch.bmm(*leaves)
    torch.testing.assert_close(out, expected)
    for found, wanted in zip(gradients(out, leaves), gradients(expected, leaves), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


with_one_dnn = pytest.mark.skipif(kernels._LINEAR_OF_ONE_DNN is None, reason="PyTorch without oneDNN")


@with_one_dnn
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("first", [True, False])
def test_large_products_are_one_dnns(members: int, first: bool) -> None:
    h, weight, bias = random((members, 4096, 80), (members, 80, 32), (members, 1, 32), dtype=torch.float32)
    out = affine(h.detach() if first else h, weight, bias)
    assert type(out.grad_fn).__name__ == "_OneDnnLinearBackward"
    out.relu_().sum().backward()  # activations work in place
    assert weight.grad is not None
    assert (h.grad is None) == first


@with_one_dnn
@pytest.mark.parametrize(("rows", "name"), [(3276, "BaddbmmBackward0"), (3277, "_OneDnnLinearBackward")])
@pytest.mark.parametrize("members", [1, 5])
def test_how_many_members_train_together_makes_no_difference(rows: int, name: str, members: int) -> None:
    h, weight, bias = random((members, rows, 80), (members, 80, 32), (members, 1, 32), dtype=torch.float32)
    assert rows * 80 * 32 == pytest.approx(kernels._ENOUGH_PRODUCTS, abs=2560)
    assert type(affine(h, weight, bias).grad_fn).__name__ == name


@with_one_dnn
def test_strided_inputs() -> None:
    h, weight, bias = random((1, 80, 4096), (1, 32, 80), (1, 1, 64), dtype=torch.float32)
    arguments = h.transpose(1, 2), weight.transpose(1, 2), bias[..., ::2]
    torch.testing.assert_close(affine(*arguments), torch.baddbmm(arguments[2], *arguments[:2]))


def test_without_one_dnn_the_products_are_pytorchs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_LINEAR_OF_ONE_DNN", None)
    h, weight, bias = random((1, 4096, 80), (1, 80, 32), (1, 1, 32), dtype=torch.float32)
    torch.testing.assert_close(affine(h, weight, bias), h @ weight + bias)
    torch.testing.assert_close(linear(h, weight), h @ weight)


@pytest.mark.parametrize("rows", [2, 7])
def test_batch_norm_gradient_agrees_with_finite_differences(rows: int) -> None:
    leaves = random((2, rows, 3), (2, 1, 3), (2, 1, 3))
    assert torch.autograd.gradcheck(lambda h, scale, shift: batch_normalised(h, scale, shift, 0.1)[0], leaves)


def test_a_constant_unit_is_normalised_to_its_shift() -> None:
    h = torch.full((1, 5, 1), 3.0)
    out, mean, variance = batch_normalised(h, torch.full((1, 1, 1), 2.0), torch.full((1, 1, 1), 0.7), 1e-5)
    assert out.flatten().tolist() == pytest.approx([0.7] * 5)
    assert (mean.item(), variance.item()) == (3.0, 0.0)
