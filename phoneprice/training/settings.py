"""What the members of a stack have in common, and what each has for itself.

Members that step together have one shape, one number of steps and one rule of each kind; the numbers in those rules are
each member's own (``OWN``). A component of a stack is an ordinary one, in which a number that members agree on stays a
number, and one in which they differ is a tensor over them: one formula serves both, and equal members cost nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from phoneprice.components.base import Component
from phoneprice.components.losses import Loss
from phoneprice.components.optimizers import Optimizer
from phoneprice.components.penalties import Penalty
from phoneprice.components.schedulers import Scheduler
from phoneprice.config.schema import Config
from phoneprice.records import Doubles

_PLATEAU = frozenset({"gamma", "patience_epochs", "min_improvement", "min_factor"})
OWN: Mapping[str, frozenset[str]] = {
    "model": frozenset({"dropout", "input_dropout"}),
    "loss": frozenset({"label_smoothing", "focal_gamma"}),
    "penalty": frozenset({"skip", "inputs", "outputs", "eps"}),
    "optimizer": frozenset({"lr", "skip_lr", "adamw_lr", "weight_decay", "skip_weight_decay"}),
    "scheduler": frozenset(
        {"warmup_epochs", "step_epochs", "milestones", "rise", "initial_factor", "final_factor"} | _PLATEAU
    ),
    "training": frozenset({"gradient_clip_norm"}),
}
"""The settings in which members of one stack may differ, by section.

All others of these sections decide shapes or steps, or are one number for all that PyTorch's optimizers and functions
take (momentum, betas, ``beta`` and ``delta`` of losses, ``eps``).
"""
_Choice = TypeVar("_Choice", bound=Component)


def shared_part(config: Config) -> str:
    """What members of one stack must agree on, as a key: those whose configurations have the same may step together.

    Other sections than those of ``OWN`` are of the table and its rows, and the same for a whole fit.
    """
    return config.model_dump_json(include=set(OWN), exclude={name: set(own) for name, own in OWN.items()})


@dataclass(frozen=True)
class StackSettings:
    """The settings of K members that step together."""

    config: Config
    """The first member's: all but ``OWN`` holds for every one."""
    loss: Loss
    """Numbers in which members differ are ``(K, 1)``."""
    penalty: Penalty
    """Strengths in which members differ are ``(K, 1, 1)``."""
    scheduler: Scheduler
    """What decides about plateaus: numbers in which members differ are ``(K,)`` float64, on the CPU."""
    optimizers: tuple[Optimizer, ...]
    dropout: Doubles
    """``(K, 1 + layers)``: the rates of the inputs, then of each hidden layer."""
    clip_norm: float | Tensor | None
    """The largest norm of a member's gradient; ``(K,)`` where members differ, infinite for those that aren't clipped.
    None: nobody is."""
    _schedules: tuple[Scheduler, ...]
    """The different ones."""
    _schedule_of: NDArray[np.intp]
    """``(K,)``: which of them is each member's."""

    @classmethod
    def of(cls, configs: Sequence[Config], like: Tensor) -> "StackSettings":
        """The settings of members with these ``configs``; tensors have the device and dtype of ``like``.

        Raises ``ValueError`` where they differ in what a stack shares.
        """
        first = configs[0]
        if len({shared_part(config) for config in configs}) > 1:
            raise ValueError("members of one stack may differ only in what training.settings.OWN has")
        schedules = tuple(dict.fromkeys(config.scheduler for config in configs))
        norms = [config.training.gradient_clip_norm or np.inf for config in configs]
        return cls(
            first,
            _joined([c.loss for c in configs], OWN["loss"], like.new_zeros(1, 1)),
            _joined([c.penalty for c in configs], OWN["penalty"], like.new_zeros(1, 1, 1)),
            _joined([c.scheduler for c in configs], _PLATEAU, torch.zeros(1, dtype=torch.float64)),
            tuple(config.optimizer for config in configs),
            np.array([(c.model.input_dropout, *c.model.layer_dropout) for c in configs]),
            None if min(norms) == np.inf else agreed(norms, like.new_zeros(1)),
            schedules,
            np.array([schedules.index(config.scheduler) for config in configs]),
        )

    def rate_factors(self, epoch: float, step: float = 0.0) -> Doubles:
        """``(K,)``: multipliers of the base rates after ``epoch`` epochs, for a step of ``step`` epochs."""
        epochs = self.config.training.epochs
        return np.array([s.factor(epoch, epochs, step) for s in self._schedules])[self._schedule_of]


def agreed(values: Sequence[float], like: Tensor) -> float | Tensor:
    """The number that all members have, or theirs as a tensor with as many axes as ``like``, the first for members."""
    if len(set(values)) == 1:
        return values[0]
    return like.new_tensor(values).view(-1, *like.shape[1:])


def _joined(choices: Sequence[_Choice], names: Collection[str], like: Tensor) -> _Choice:
    """The members' ``choices`` as one, with tensors for those of the numbers ``names`` in which they differ."""
    present = type(choices[0]).model_fields.keys() & names
    numbers: dict[str, Any] = {name: agreed([getattr(choice, name) for choice in choices], like) for name in present}
    return choices[0].model_copy(update=numbers)
