"""Every optimizer over a stack, against PyTorch's own on ordinary parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, optim

from phoneprice.components.optimizers import Optimizer
from phoneprice.training.optimization import StackedOptimizer, _groups
from tests.components.families import choices

KINDS: dict[str, Any] = choices(Optimizer)
SHAPES = {
    "hidden.0.weight": (2, 4, 5),
    "hidden.0.bias": (2, 1, 5),
    "hidden.0.norm.scale": (2, 1, 5),
    "hidden.0.norm.shift": (2, 1, 5),
    "hidden.0.slope": (2, 1, 5),
    "output.weight": (2, 5, 1),
    "skip.weight": (2, 4, 1),
    "cuts.first": (2, 1, 1),
    "cuts.log_gaps": (2, 1, 2),
    "cuts.log_sharpness": (2, 1, 1),
    "encoding.frequencies": (2, 4, 3),
    "encoding.projection": (2, 6, 5),
    "encoding.bias": (2, 1, 5),
}
WIDE = {"skip.weight", "cuts.first", "cuts.log_gaps", "cuts.log_sharpness"}
DECAYING = {"hidden.0.weight", "output.weight", "encoding.projection"}

REFERENCES: dict[str, Callable[[list[Tensor]], optim.Optimizer]] = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.1),
    "adam": lambda p: optim.Adam(p, lr=0.1),
    "adamw": lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.0),
    "nadam": lambda p: optim.NAdam(p, lr=0.1),
    "radam": lambda p: optim.RAdam(p, lr=0.1),
    "adadelta": lambda p: optim.Adadelta(p, lr=0.1),
    "adamax": lambda p: optim.Adamax(p, lr=0.1),
    "muon": lambda p: optim.Muon(p, lr=0.1, weight_decay=0.0),
}


def stack(seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {n: torch.randn(s, generator=generator).double().requires_grad_() for n, s in SHAPES.items()}


def movement(
    choice: Any, *, gradient: float = 1.0, factor: float = 1.0, network_factor: float = 1.0
) -> dict[str, Tensor]:
    """What one step moves, from the same start and gradient."""
    parameters = stack()
    before = {n: t.detach().clone() for n, t in parameters.items()}
    optimizer = StackedOptimizer([choice] * 2, parameters)
    for n, gradients in stack(seed=1).items():
        parameters[n].grad = gradients.detach() * gradient
    with torch.no_grad():
        optimizer.step(np.full(2, factor), network_factor)
    return {n: t.detach() - before[n] for n, t in parameters.items()}


def moved(movements: dict[str, Tensor]) -> set[str]:
    return {n for n, m in movements.items() if bool((m != 0).any())}


@pytest.mark.parametrize(("skip", "groups"), [(True, 2), (False, 1)])
def test_each_group_is_a_call_so_there_are_no_more_than_needed(skip: bool, groups: int) -> None:
    parameters = {n: t for n, t in stack().items() if skip or not n.startswith("skip.")}
    optimizer = KINDS["adam"]()
    assert len(_groups([optimizer], parameters)) == groups


@pytest.mark.parametrize("name", KINDS)
def test_a_member_moves_as_an_ordinary_layer(name: str) -> None:
    """Weights ``(K, in, out)`` of a stack against ``torch.nn.Linear``'s ``(out, in)`` of each member."""
    weight = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0)).double()
    parameters = {"hidden.0.weight": weight.clone().requires_grad_()}
    stacked = StackedOptimizer([KINDS[name](lr=0.1)] * 2, parameters)
    layers = [torch.nn.Linear(4, 5, bias=False, dtype=torch.float64) for _ in range(2)]
    references = []
    for layer, member in zip(layers, weight, strict=True):
        layer.weight.data.copy_(member.T)
        references.append(REFERENCES[name]([layer.weight]))
    for step in range(6):
        gradient = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(step + 1)).double()
        parameters["hidden.0.weight"].grad = gradient
        with torch.no_grad():
            stacked.step(np.full(2, 1.0), 1.0)
        for layer, reference, g in zip(layers, references, gradient, strict=True):
            layer.weight.grad = g.T.contiguous()
            reference.step()
        for layer, member in zip(layers, parameters["hidden.0.weight"], strict=True):
            torch.testing.assert_close(member.T, layer.weight, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
class TestEveryOptimizer:
    def test_everything_moves(self, name: str) -> None:
        assert moved(movement(KINDS[name]())) == set(SHAPES)

    def test_weight_decay_pulls_at_the_networks_weights_alone(self, name: str) -> None:
        assert moved(movement(KINDS[name](), gradient=0.0)) == set()
        assert moved(movement(KINDS[name](weight_decay=0.1), gradient=0.0)) == DECAYING
        assert moved(movement(KINDS[name](skip_weight_decay=0.1), gradient=0.0)) == {"skip.weight"}

    def test_decay_is_toward_zero(self, name: str) -> None:
        before, choice = stack(), KINDS[name](weight_decay=0.1, skip_weight_decay=0.1)
        for n, m in movement(choice, gradient=0.0).items():
            assert (m * before[n].detach() <= 0).all()

    def test_the_skip_path_has_its_own_rate(self, name: str) -> None:
        base = getattr(KINDS[name](), "adamw_lr", 0.02)
        plain = movement(KINDS[name](lr=0.02))
        faster = movement(KINDS[name](lr=0.02, skip_lr=3 * base))
        for n in SHAPES:
            torch.testing.assert_close(faster[n], (3 if n in WIDE else 1) * plain[n], rtol=1e-9, atol=1e-12)

    def test_factors_scale_the_base_rates(self, name: str) -> None:
        plain, half = movement(KINDS[name]()), movement(KINDS[name](), factor=0.5)
        quarter = movement(KINDS[name](), factor=0.5, network_factor=0.5)
        for n, whole in plain.items():
            torch.testing.assert_close(half[n], 0.5 * whole, rtol=1e-9, atol=1e-12)
            torch.testing.assert_close(quarter[n], (0.5 if n in WIDE else 0.25) * whole, rtol=1e-9, atol=1e-12)

    def test_a_network_that_waits_stands_still(self, name: str) -> None:
        assert moved(movement(KINDS[name](weight_decay=0.1), network_factor=0.0)) == WIDE

    def test_factors_do_not_add_up(self, name: str) -> None:
        """The rate of a step is base times factor, whatever the factor was before."""
        parameters = stack()
        optimizer = StackedOptimizer([KINDS[name]()] * 2, parameters)
        for factor in (0.5, 0.1, 0.0):
            before = {n: t.detach().clone() for n, t in parameters.items()}
            for n, gradients in stack(seed=1).items():
                parameters[n].grad = gradients.detach()
            with torch.no_grad():
                optimizer.step(np.full(2, factor), 1.0)
        assert all(torch.equal(t, before[n]) for n, t in parameters.items())

    def test_other_members_gradients_do_not_matter(self, name: str) -> None:
        """A member whose gradient is not finite spoils itself alone."""
        parameters, clean = stack(), stack()
        pair = [StackedOptimizer([KINDS[name](weight_decay=0.01)] * 2, p) for p in (parameters, clean)]
        for _ in range(2):
            for n, gradients in stack(seed=1).items():
                clean[n].grad = gradients.detach().clone()
                spoilt = gradients.detach().clone()
                spoilt[1] = torch.nan
                parameters[n].grad = spoilt
            with torch.no_grad():
                for optimizer in pair:
                    optimizer.step(np.full(2, 1.0), 1.0)
        for n, tensor in parameters.items():
            assert torch.equal(tensor[0], clean[n][0])
            assert not tensor[1].isfinite().any()


def test_muon_turns_each_members_matrix_and_leaves_the_rest_to_adamw() -> None:
    """Orthogonalised: all singular values of a step come out near each other, whatever the gradient's are."""
    step = movement(KINDS["muon"](lr=0.1))["hidden.0.weight"]
    gradient = stack(seed=1)["hidden.0.weight"].detach()
    for k in range(2):
        values = torch.linalg.svdvals(step[k])
        assert float(values.max() / values.min()) < 2.2 < float(torch.linalg.cond(gradient[k]))
    adamw = movement(KINDS["adamw"](lr=KINDS["muon"]().adamw_lr))
    others = movement(KINDS["muon"]())
    for n in set(SHAPES) - {"hidden.0.weight"}:
        torch.testing.assert_close(others[n], adamw[n], rtol=1e-12, atol=0)


def test_muon_without_hidden_layers_is_adamw() -> None:
    parameters = {"skip.weight": torch.ones(2, 3, 1, requires_grad=True)}
    optimizer = StackedOptimizer([KINDS["muon"]()] * 2, parameters)
    parameters["skip.weight"].grad = torch.ones(2, 3, 1)
    with torch.no_grad():
        optimizer.step(np.full(2, 1.0), 1.0)
    assert parameters["skip.weight"].flatten().tolist() == pytest.approx([1 - 0.005] * 6, rel=1e-5)
