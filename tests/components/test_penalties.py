"""The penalties against their formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from phoneprice.components.penalties import Adaptive, Penalty, RowGroups
from tests.components.families import choices


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


def value(penalty: Adaptive, stack: dict[str, Tensor]) -> Tensor:
    """The formula, ``(K,)``: group by group, the rows of each weight."""
    sharpness = stack["cuts.log_sharpness"].exp() if "cuts.log_sharpness" in stack else torch.ones(3, 1, 1).double()
    total = torch.zeros(3, dtype=torch.float64)
    for strength, name, scale in (
        (penalty.skip, "skip.weight", sharpness),
        (penalty.inputs, "hidden.0.weight", torch.ones_like(sharpness)),
        (penalty.outputs, "output.weight", sharpness),
    ):
        for group in (stack[name] * scale).unbind(1) if name in stack else ():
            size = group.square().sum(1)
            total = total + strength * group.shape[1] / 2 * torch.log(size + penalty.eps)
    return total


PENALTY = Adaptive(skip=0.5, inputs=2.0, outputs=3.0, eps=0.01)
FACTOR = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)


@pytest.mark.parametrize("sharp", [True, False])
@pytest.mark.parametrize("missing", ["", "skip.weight", "hidden.0.weight", "output.weight"])
def test_adaptive_gradient_is_that_of_the_formula(sharp: bool, missing: str) -> None:
    stack = {n: t.requires_grad_() for n, t in parameters(sharp=sharp).items() if n != missing}
    (FACTOR * value(PENALTY, stack)).sum().backward()
    with torch.no_grad():
        found = PENALTY.gradient(stack, FACTOR)
    assert set(found) == {n for n, t in stack.items() if t.grad is not None}
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, stack[name].grad, rtol=1e-12, atol=1e-15)


def test_rows_of_one_input_are_one_group() -> None:
    """Two inputs with a row each, then two with three rows: the first of both, the second of both, ..."""
    weight = torch.randn(2, 8, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    used = torch.ones(2, 8, 1, dtype=torch.float64)
    used[0, [3, 5, 6]] = used[1, 7] = 0
    weight = (weight * used).requires_grad_()
    factor, terms = torch.tensor([0.5, 3.0], dtype=torch.float64), []
    for k in range(2):
        for rows in ([0], [1], [2, 4, 6], [3, 5, 7]):
            size, rows_used = weight[k, rows].square().sum(), used[k, rows].sum()
            terms.append(factor[k] * PENALTY.inputs * 5 * rows_used / 2 * torch.log(size + PENALTY.eps))
    torch.stack(terms).sum().backward()
    with torch.no_grad():
        found = PENALTY.gradient({"hidden.0.weight": weight}, factor, RowGroups(2, 2, used))
    torch.testing.assert_close(found["hidden.0.weight"], weight.grad, rtol=1e-12, atol=1e-15)


def test_adaptive_pull_spares_what_is_large() -> None:
    weight = torch.tensor([[[0.01], [0.1], [1.0], [10.0]]], dtype=torch.float64)
    found = Adaptive(eps=1e-6).gradient({"skip.weight": weight}, torch.ones(1, dtype=torch.float64))
    pull = (found["skip.weight"] / weight).flatten().tolist()
    assert pull == pytest.approx([1 / (1e-4 + 1e-6), 1 / (1e-2 + 1e-6), 1.0, 0.01], rel=1e-5)


def test_adaptive_is_blind_to_how_scale_is_shared_with_sharpness() -> None:
    stack = parameters()
    other = dict(stack)
    other["cuts.log_sharpness"] = stack["cuts.log_sharpness"] + np.log(2)
    for name in ("skip.weight", "output.weight"):
        other[name] = stack[name] / 2
    mine, others = PENALTY.gradient(stack, FACTOR), PENALTY.gradient(other, FACTOR)
    torch.testing.assert_close(others["cuts.log_sharpness"], mine["cuts.log_sharpness"])
    torch.testing.assert_close(others["skip.weight"], 2 * mine["skip.weight"])


@pytest.mark.parametrize("kind", choices(Penalty).values())
def test_active_ones_have_a_finite_gradient_at_zero(kind: Any) -> None:
    penalty = kind()
    assert penalty.active == hasattr(penalty, "gradient")
    if penalty.active:
        stack = {n: torch.zeros_like(t) for n, t in parameters().items()}
        found = penalty.gradient(stack, FACTOR)
        assert found
        assert all(gradient.isfinite().all() for gradient in found.values())
