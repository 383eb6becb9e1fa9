"""Every initialiser, on views of a stack."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from phoneprice.components.initializers import Initializer
from tests.components.families import choices

KINDS: dict[str, Any] = choices(Initializer)
GAIN = math.sqrt(2)
MEMBERS, FAN_IN, FAN_OUT = 20, 64, 32

# Standard deviation and largest absolute value of a (64 -> 32) layer's weights at a gain of sqrt(2).
FORMULAS: dict[str, tuple[float, float]] = {
    "zeros": (0.0, 0.0),
    "ones": (0.0, 1.0),
    "constant": (0.0, 0.1),
    "uniform": (1 / math.sqrt(3 * 64), 1 / 8),
    "normal": (0.01, math.inf),
    # The variance of a normal cut at two deviations: 1 - 4 phi(2) / (2 Phi(2) - 1).
    "truncated_normal": (0.02 * 0.879626, 0.04),
    "kaiming_normal": (GAIN / 8, math.inf),
    "kaiming_uniform": (GAIN / 8, GAIN * math.sqrt(3) / 8),
    "xavier_normal": (GAIN * math.sqrt(2 / 96), math.inf),
    "xavier_uniform": (GAIN * math.sqrt(2 / 96), GAIN * math.sqrt(6 / 96)),
    "lecun_normal": (1 / 8, math.inf),
    # 32 orthonormal rows of 64: every weight has a mean square of 1/64.
    "orthogonal": (GAIN / 8, GAIN),
    "pytorch_default": (1 / math.sqrt(3 * 64), 1 / 8),
}


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def filled(initializer: Any, gain: float = GAIN, dtype: torch.dtype = torch.float32) -> Tensor:
    """A stack ``(K, in, out)``, each member filled on its own transposed view as the model does."""
    stack = torch.full((MEMBERS, FAN_IN, FAN_OUT), torch.nan, dtype=dtype)
    for k in range(MEMBERS):
        initializer.fill(stack[k].T, gain, generator(k))
    return stack


@pytest.mark.parametrize("name", KINDS)
def test_spread_is_the_formula(name: str) -> None:
    std, largest = FORMULAS[name]
    stack = filled(KINDS[name]())
    assert float(stack.std(correction=0)) == pytest.approx(std, rel=0.02, abs=1e-7)
    assert float(stack.abs().max()) <= largest * (1 + 1e-6)
    if std:
        assert abs(float(stack.mean())) < 5 * std / math.sqrt(stack.numel())


@pytest.mark.parametrize(
    "name", ["uniform", "truncated_normal", "kaiming_uniform", "xavier_uniform", "pytorch_default"]
)
def test_bounds_are_reached(name: str) -> None:
    assert float(filled(KINDS[name]()).abs().max()) > 0.99 * FORMULAS[name][1]


@pytest.mark.parametrize("name", ["kaiming_normal", "kaiming_uniform"])
def test_fan_out(name: str) -> None:
    assert float(filled(KINDS[name](fan="out")).std()) == pytest.approx(GAIN / math.sqrt(FAN_OUT), rel=0.02)


def test_a_whole_stack_would_take_the_wrong_fan() -> None:
    """Why members are filled one at a time: the deviation would be 0.040 where 0.316 is right."""
    wrong = torch.nn.init.kaiming_normal_(torch.empty(5, 20, 64), generator=generator(0))
    assert float(wrong.std()) == pytest.approx(0.040, abs=0.001)
    right = torch.empty(5, 20, 64)
    for k in range(5):
        KINDS["kaiming_normal"]().fill(right[k].T, GAIN, generator(k))
    assert float(right.std()) == pytest.approx(0.316, abs=0.01)


@pytest.mark.parametrize("name", KINDS)
def test_a_generator_decides_everything(name: str) -> None:
    torch.manual_seed(1)
    first = filled(KINDS[name]())
    torch.manual_seed(2)
    assert torch.equal(first, filled(KINDS[name]()))
    if FORMULAS[name][0]:
        assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize("name", KINDS)
def test_only_its_own_member_is_written(name: str) -> None:
    stack = torch.full((3, 6, 4), 7.0)
    KINDS[name]().fill(stack[1].T, GAIN, generator(0))
    assert (stack[[0, 2]] == 7).all()
    assert (stack[1] != 7).all()


@pytest.mark.parametrize("shape", [(64, 32), (32, 64), (5, 5), (3, 1)])
def test_orthogonal(shape: tuple[int, int]) -> None:
    weight = torch.empty(1, *shape, dtype=torch.float64)
    KINDS["orthogonal"]().fill(weight[0].T, 1.7, generator(3))
    smaller = min(shape)
    product = weight[0].T @ weight[0] if shape[1] == smaller else weight[0] @ weight[0].T
    torch.testing.assert_close(product, 1.7**2 * torch.eye(smaller, dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_biases(name: str) -> None:
    bias = torch.full((500,), 7.0)
    KINDS[name]().fill_bias(bias, FAN_IN, generator(0))
    if name == "pytorch_default":
        assert 0.98 / 8 < float(bias.abs().max()) <= 1 / 8
    else:
        assert (bias == 0).all()


def test_pytorch_default_is_that_of_linear() -> None:
    torch.manual_seed(0)
    linears = [torch.nn.Linear(FAN_IN, FAN_OUT) for _ in range(MEMBERS)]
    theirs = torch.stack([linear.weight.detach().flatten() for linear in linears]).flatten()
    ours = filled(KINDS["pytorch_default"]()).flatten()
    levels = torch.linspace(0, 1, 21)
    torch.testing.assert_close(ours.quantile(levels), theirs.quantile(levels), rtol=0, atol=0.004)
