"""The penalties against their formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from phoneprice.components.base import choices
from phoneprice.components.penalties import Adaptive, Penalty


def parameters(*, sharp: bool = True) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {
        "hidden.0.weight": (3, 4, 5),
        "hidden.0.bias": (3, 1, 5),
        "output.weight": (3, 5, 1),
        "skip.weight": (3, 4, 1),
    }
    if sharp:
        shapes["cuts.log_sharpness"] = (3, 1, 1)
    return {n: torch.randn(size, generator=generator, dtype=torch.float64) for n, size in shapes.items()}


def slow_value(penalty: Adaptive, member: dict[str, np.ndarray]) -> float:
    """Group by group: rows of each weight."""
    sharpness = float(np.exp(member["cuts.log_sharpness"].item())) if "cuts.log_sharpness" in member else 1.0
    total = 0.0
    for strength, name, scale in (
        (penalty.skip, "skip.weight", sharpness),
        (penalty.inputs, "hidden.0.weight", 1.0),
        (penalty.outputs, "output.weight", sharpness),
    ):
        for group in member[name]:
            size = sum(float(w * scale) ** 2 for w in group)
            total += strength * len(group) / 2 * np.log(size + penalty.eps)
    return total


@pytest.mark.parametrize("sharp", [True, False])
def test_adaptive_value(sharp: bool) -> None:
    penalty, stack = Adaptive(skip=0.5, inputs=2.0, outputs=3.0, eps=0.01), parameters(sharp=sharp)
    values = penalty.value(stack)
    assert values.shape == (3,)
    for k in range(3):
        member = {n: t[k].numpy() for n, t in stack.items()}
        assert float(values[k]) == pytest.approx(slow_value(penalty, member), rel=1e-12)


def test_adaptive_gradient() -> None:
    stack = {n: t.requires_grad_() for n, t in parameters().items()}
    assert torch.autograd.gradcheck(
        lambda *values: Adaptive().value(dict(zip(stack, values, strict=True))), [*stack.values()]
    )


@pytest.mark.parametrize("sharp", [True, False])
@pytest.mark.parametrize("missing", ["", "skip.weight", "hidden.0.weight", "output.weight"])
def test_adaptive_gradient_is_that_of_the_value(sharp: bool, missing: str) -> None:
    penalty = Adaptive(skip=0.5, inputs=2.0, outputs=3.0, eps=0.01)
    stack = {n: t.requires_grad_() for n, t in parameters(sharp=sharp).items() if n != missing}
    factor = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
    (factor * penalty.value(stack)).sum().backward()
    with torch.no_grad():
        found = penalty.gradient(stack, factor)
    assert set(found) == {n for n, t in stack.items() if t.grad is not None}
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, stack[name].grad, rtol=1e-12, atol=1e-15)


def test_adaptive_pull_spares_what_is_large() -> None:
    weight = torch.tensor([[[0.01], [0.1], [1.0], [10.0]]], dtype=torch.float64, requires_grad=True)
    Adaptive(eps=1e-6).value({"skip.weight": weight}).sum().backward()
    pull = (weight.grad / weight).flatten().tolist()  # type: ignore[operator]
    assert pull == pytest.approx([1 / (1e-4 + 1e-6), 1 / (1e-2 + 1e-6), 1.0, 0.01], rel=1e-5)


def test_adaptive_is_blind_to_how_scale_is_shared_with_sharpness() -> None:
    stack = parameters()
    other = dict(stack)
    other["cuts.log_sharpness"] = stack["cuts.log_sharpness"] + np.log(2)
    for name in ("skip.weight", "output.weight"):
        other[name] = stack[name] / 2
    torch.testing.assert_close(Adaptive().value(stack), Adaptive().value(other))


@pytest.mark.parametrize("missing", ["skip.weight", "hidden.0.weight", "output.weight"])
def test_absent_weights_cost_nothing(missing: str) -> None:
    stack = parameters()
    field = {"skip.weight": "skip", "hidden.0.weight": "inputs", "output.weight": "outputs"}[missing]
    expected = Adaptive(**{field: 0.0}).value(stack)
    del stack[missing]
    torch.testing.assert_close(Adaptive().value(stack), expected)


@pytest.mark.parametrize("name", choices(Penalty))
def test_active_ones_have_a_finite_gradient_at_zero(name: str) -> None:
    penalty: Any = choices(Penalty)[name]()
    if not penalty.active:
        assert not hasattr(penalty, "value")
        return
    stack = {n: torch.zeros_like(t, requires_grad=True) for n, t in parameters().items()}
    penalty.value(stack).sum().backward()
    assert all(t.grad is None or t.grad.isfinite().all() for t in stack.values())
