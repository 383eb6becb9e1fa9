"""Stepping a stack of members: parameter groups, per-member clipping and rates, weight averages.

PyTorch's optimizers are element-wise, so one of them steps K members at once. What must not mix members is done here:
a gradient norm is a member's own, and a learning rate of its own is ``w <- w_old + s_k (w_new - w_old)``, exact for
every rule whose step is proportional to the rate (SGD to Adamax).
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer as TorchOptimizer

from phoneprice.components.optimizers import Muon, Optimizer
from phoneprice.model.mlp import NO_DECAY
from phoneprice.model.torch_versions import are_private_parts_known

WIDE = ("skip.", "cuts.", "output.bias")


def _keep_compiler_out() -> None:
    """Let optimizers be built without importing PyTorch's compiler, ``torch._dynamo``: as long as importing torch.

    PyTorch wraps four methods in a decorator that imports the compiler on first use and remembers, on the wrapped
    function, what to call from then on. Nothing here is compiled, so the function itself is what to call.
    """
    for name in ("add_param_group", "zero_grad", "load_state_dict", "state_dict"):
        inner = getattr(getattr(TorchOptimizer, name), "__wrapped__", None)
        if inner is not None and not hasattr(inner, "__dynamo_disable"):
            setattr(inner, "__dynamo_disable", inner)


def _rule_of(part: TorchOptimizer) -> Callable[[TorchOptimizer], Any]:
    """An optimizer's ``step``, less a wrapper of it that imports the compiler, too."""
    step = type(part).step
    return inspect.unwrap(step) if are_private_parts_known() else step


class StackedOptimizer:
    """The configured optimizer over a stack's parameters, in groups with rates of their own."""

    def __init__(self, choice: Optimizer, parameters: Mapping[str, Tensor]) -> None:
        if are_private_parts_known():
            _keep_compiler_out()
        self._views: list[tuple[Tensor, list[Tensor]]] = []
        self._parts: list[TorchOptimizer] = []
        rest = dict(parameters)
        if isinstance(choice, Muon):
            matrices = {n: rest.pop(n) for n in parameters if n.startswith("hidden.") and n.endswith(".weight")}
            self._add_muon(choice, matrices)
            choice = choice.for_other_parameters()
        if rest:
            self._parts.append(choice.build(_groups(choice, rest)))
        self._base = [group["lr"] for part in self._parts for group in part.param_groups]

    def _add_muon(self, choice: Muon, matrices: Mapping[str, Tensor]) -> None:
        # Muon takes matrices oriented (out, in): views that share storage with the stack.
        for stack in matrices.values():
            self._views.append((stack, [stack.detach()[k].T for k in range(len(stack))]))
        views = [view for _, members in self._views for view in members]
        if views:
            group = {"params": views, "lr": choice.lr, "weight_decay": choice.weight_decay}
            self._parts.append(choice.build([group]))

    @torch.no_grad()
    def step(self, factor: float, network_factor: float) -> None:
        """One step at ``factor`` times the base rates; the network's (not the skip path's) also times the second."""
        groups = [group for part in self._parts for group in part.param_groups]
        for group, base in zip(groups, self._base, strict=True):
            group["lr"] = base * factor * (1.0 if group.get("wide") else network_factor)
        for stack, members in self._views:
            for k, view in enumerate(members):
                view.grad = None if stack.grad is None else stack.grad[k].T
        for part in self._parts:
            _rule_of(part)(part)

    def state(self) -> dict[str, Tensor]:
        """All averages and step counts, named ``PART.PARAMETER.KIND`` by position."""
        return {
            f"{i}.{parameter}.{kind}": value
            for i, part in enumerate(self._parts)
            for parameter, values in part.state_dict()["state"].items()
            for kind, value in values.items()
            if value is not None  # plain SGD keeps no momentum
        }

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take back what ``state`` gave."""
        for i, part in enumerate(self._parts):
            state: dict[int, dict[str, Tensor]] = {}
            for name, tensor in tensors.items():
                owner, parameter, kind = name.split(".")
                if int(owner) == i:
                    state.setdefault(int(parameter), {})[kind] = tensor
            part.load_state_dict({"state": state, "param_groups": part.state_dict()["param_groups"]})


def _groups(choice: Optimizer, parameters: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    """Parameters with the same options in one group: each group is a call of its own at every step.

    Only what has a skip path has a ``wide`` part that may learn before the network.
    """
    skip = "skip.weight" in parameters
    groups: dict[tuple[float, float, bool], list[Tensor]] = {}
    for name, tensor in parameters.items():
        groups.setdefault((*_options(choice, name), skip and name.startswith(WIDE)), []).append(tensor)
    return [
        {"params": members, "lr": lr, "weight_decay": decay, "wide": wide}
        for (lr, decay, wide), members in groups.items()
    ]


def _options(choice: Optimizer, name: str) -> tuple[float, float]:
    """Learning rate and weight decay of a parameter."""
    if name.startswith("skip."):
        return choice.skip_lr or choice.lr, choice.skip_weight_decay
    if name.startswith(WIDE):  # cut points and the intercept are free of decay
        return choice.skip_lr or choice.lr, 0.0
    return choice.lr, 0.0 if name.endswith(NO_DECAY) else choice.weight_decay


def clip_member_gradients(parameters: Mapping[str, Tensor], largest: float) -> None:
    """Scale each member's whole gradient to a norm of at most ``largest`` (Pascanu et al. 2013)."""
    gradients = [p.grad for p in parameters.values() if p.grad is not None]
    norms = sum(g.square().flatten(1).sum(1) for g in gradients).sqrt()  # type: ignore[union-attr]
    scale = (largest / norms.clamp_min(1e-12)).clamp_max(1.0)
    for gradient in gradients:
        gradient.mul_(per_member(scale, gradient))


def per_member(values: Tensor, like: Tensor) -> Tensor:
    """``(K,)`` values shaped to broadcast over a stack."""
    return values.view(-1, *[1] * (like.dim() - 1))
