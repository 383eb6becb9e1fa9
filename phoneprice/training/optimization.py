"""Stepping a stack of members: parameter groups, per-member clipping and rates, weight averages.

PyTorch's optimizers are element-wise, so one of them steps K members at once. What must not mix members is done here:
a gradient norm is a member's own, and a learning rate of its own is ``w <- w_old + s_k (w_new - w_old)``, exact for
every rule whose step is proportional to the rate (SGD to Muon). They take one weight decay for all, too: where members
differ, each one's own is added to its gradient or shrinks its weights, as the rule has it, before the step.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer as TorchOptimizer

from phoneprice.components.optimizers import Muon, Optimizer
from phoneprice.model.mlp import NO_DECAY
from phoneprice.model.torch_versions import are_private_parts_known
from phoneprice.records import Doubles
from phoneprice.training.settings import agreed

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


@dataclass(frozen=True)
class _Group:
    """Parameters ``(K, ...)`` with the same options; each group is a call of its own at every step."""

    tensors: list[Tensor]
    rates: Doubles
    """``(K,)``: the members' base rates."""
    decay: float | Tensor
    """``(K,)`` where members differ."""
    wide: bool
    """Of the skip path and what goes with it, which may learn before the network."""

    def options(self, parameters: Sequence[Tensor]) -> dict[str, Any]:
        """PyTorch's own group, of ``parameters``: it takes one decay for all, and none where members differ."""
        decay = 0.0 if isinstance(self.decay, Tensor) else self.decay
        return {"params": parameters, "lr": float(self.rates[0]), "weight_decay": decay}

    def decay_members(self, rate: float, *, decoupled: bool) -> None:
        """Where members differ, what their decays do in a step at ``rate`` of a rule that is told of none."""
        if not isinstance(self.decay, Tensor):
            return
        for tensor in self.tensors:
            if tensor.grad is None:
                continue
            decay = per_member(self.decay, tensor)
            if decoupled:
                tensor.mul_(1 - rate * decay)
            else:  # not in place: the gradient alone is what is measured
                tensor.grad = tensor.grad + decay * tensor


class StackedOptimizer:
    """The configured optimizer over a stack's parameters, in groups with rates of their own.

    ``choices`` are the members': of one class, alike but for rates and decays.
    """

    def __init__(self, choices: Sequence[Optimizer], parameters: Mapping[str, Tensor]) -> None:
        if are_private_parts_known():
            _keep_compiler_out()
        self._decoupled = choices[0].decoupled_decay
        self._views: list[tuple[Tensor, list[Tensor]]] = []
        self._parts: list[TorchOptimizer] = []
        self._groups: list[_Group] = []
        """In the order of the parts and of their groups."""
        rest = dict(parameters)
        if isinstance(choices[0], Muon):
            matrices = {n: rest.pop(n) for n in parameters if n.startswith("hidden.") and n.endswith(".weight")}
            self._add_muon(choices, matrices)
            choices = [choice.for_other_parameters() for choice in choices if isinstance(choice, Muon)]
        groups = _groups(choices, rest)
        self._add(choices[0], groups, [group.tensors for group in groups])

    def _add_muon(self, choices: Sequence[Optimizer], matrices: Mapping[str, Tensor]) -> None:
        # Muon takes matrices oriented (out, in): views that share storage with the stack.
        for stack in matrices.values():
            self._views.append((stack, [stack.detach()[k].T for k in range(len(stack))]))
        self._add(choices[0], _groups(choices, matrices), [[view for _, members in self._views for view in members]])

    def _add(self, choice: Optimizer, groups: Sequence[_Group], parameters: Sequence[Sequence[Tensor]]) -> None:
        """A rule for ``groups``, which sees their tensors as ``parameters``."""
        if groups:
            self._parts.append(choice.build([g.options(own) for g, own in zip(groups, parameters, strict=True)]))
            self._groups += groups

    @torch.no_grad()
    def step(self, factors: Doubles, network_factor: float, own_pace: tuple[Tensor, Tensor] | None = None) -> None:
        """One step at ``factors`` ``(K,)`` times the base rates; the network's also at ``network_factor`` times them.

        ``own_pace``, ``(K,)`` each: who moves, and what share of its step each one takes; None: all, and the whole.
        """
        held = list[tuple[Tensor, Tensor, Tensor]]()
        options = [options for part in self._parts for options in part.param_groups]
        for group, own in zip(self._groups, options, strict=True):
            rate, share = _one_rate(group.rates * factors, own_pace, group.tensors[0])
            own["lr"] = rate * (1.0 if group.wide else network_factor)
            if share is not None:
                held += [(tensor, tensor.clone(), share) for tensor in group.tensors]
            group.decay_members(own["lr"], decoupled=self._decoupled)
        for stack, members in self._views:
            for k, view in enumerate(members):
                view.grad = None if stack.grad is None else stack.grad[k].T
        for part in self._parts:
            _rule_of(part)(part)
        for tensor, old, share in held:
            tensor.sub_(old).mul_(per_member(share, tensor)).add_(old)
            if own_pace is not None:
                tensor.copy_(torch.where(per_member(own_pace[0], tensor), tensor, old))

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


def _one_rate(rates: Doubles, own_pace: tuple[Tensor, Tensor] | None, like: Tensor) -> tuple[float, Tensor | None]:
    """The rate at which the rule steps for all, and what share ``(K,)`` of that step each takes; None: the whole.

    Members of different ``rates`` ``(K,)`` step at 1, so that nobody's step depends on how fast the others are.
    """
    share = None if own_pace is None else own_pace[1]
    if (rates == rates[0]).all():
        return float(rates[0]), share
    own = torch.from_numpy(rates).to(like.device, like.dtype)
    return 1.0, own if share is None else own * share


def _groups(choices: Sequence[Optimizer], parameters: Mapping[str, Tensor]) -> list[_Group]:
    """Parameters with the same options in one group.

    Only what has a skip path has a ``wide`` part that may learn before the network.
    """
    skip = "skip.weight" in parameters
    groups: dict[Any, list[Tensor]] = {}
    for name, tensor in parameters.items():
        options = tuple(_options(choice, name) for choice in choices)
        groups.setdefault((options, skip and name.startswith(WIDE)), []).append(tensor)
    found = list[_Group]()
    for (options, wide), tensors in groups.items():
        rates, decays = zip(*options, strict=True)
        found.append(_Group(tensors, np.array(rates), agreed(decays, tensors[0].new_empty(1)), wide))
    return found


def _options(choice: Optimizer, name: str) -> tuple[float, float]:
    """Learning rate and weight decay of a parameter."""
    if name.startswith("skip."):
        return choice.skip_lr or choice.lr, choice.skip_weight_decay
    if name.startswith(WIDE):  # cut points and the intercept are free of decay
        return choice.skip_lr or choice.lr, 0.0
    return choice.lr, 0.0 if name.endswith(NO_DECAY) else choice.weight_decay


def clip_member_gradients(parameters: Mapping[str, Tensor], largest: float | Tensor) -> None:
    """Scale each member's whole gradient to a norm of at most ``largest``, one or ``(K,)`` (Pascanu et al. 2013)."""
    gradients = [p.grad for p in parameters.values() if p.grad is not None]
    norms = sum(g.square().flatten(1).sum(1) for g in gradients).sqrt()  # type: ignore[union-attr]
    scale = (largest / norms.clamp_min(1e-12)).clamp_max(1.0)
    for gradient in gradients:
        gradient.mul_(per_member(scale, gradient))


def per_member(values: Tensor, like: Tensor) -> Tensor:
    """``(K,)`` values shaped to broadcast over a stack."""
    return values.view(-1, *[1] * (like.dim() - 1))
