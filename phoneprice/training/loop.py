"""The training loop, a generator: it yields after every step and every epoch, and neither prints nor saves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from phoneprice.records import Ensemble, EpochRecord, Floats, MemberPlan
from phoneprice.training.batches import Pace
from phoneprice.training.stack import FitSetup, Stack


@dataclass(frozen=True)
class StepDone:
    """One step of one stack."""

    done: int
    total: int


class Fit:
    """Training of all members of a table, in as few stacks as their paces and ``stack_members`` allow."""

    def __init__(self, setup: FitSetup, plans: Sequence[MemberPlan]) -> None:
        self.setup = setup
        self.plans = tuple(plans)
        self.stacks = [Stack(setup, places, [self.plans[p] for p in places]) for places in _stacks(setup, self.plans)]
        self.epochs_done = 0

    @property
    def steps_an_epoch(self) -> int:
        """Steps of all stacks together."""
        return sum(stack.pace.steps for stack in self.stacks)

    def run(self) -> Iterator[StepDone | EpochRecord]:
        """Train to the end: a ``StepDone`` after each step, an ``EpochRecord`` after each epoch."""
        epochs, per_epoch = self.setup.config.training.epochs, self.steps_an_epoch
        while self.epochs_done < epochs and self._anyone_active():
            done = self.epochs_done * per_epoch
            sums: list[Tensor] = []
            for stack in self.stacks:
                total = torch.zeros(len(stack.plans), dtype=torch.float64, device=self.setup.data.values.device)
                for losses in stack.steps(self.epochs_done):
                    total += losses
                    done += 1
                    yield StepDone(done, epochs * per_epoch)
                sums.append((total / stack.pace.steps).cpu())
            self.epochs_done += 1
            yield self._record(sums)

    def _anyone_active(self) -> bool:
        return any(bool(stack.progress.active.any()) for stack in self.stacks)

    def _record(self, train_losses: Sequence[Tensor]) -> EpochRecord:
        active = self._gather([stack.progress.active.double() for stack in self.stacks])
        watched = [s.finish_epoch(self.epochs_done, t) for s, t in zip(self.stacks, train_losses, strict=True)]
        config = self.setup.config
        factor = config.scheduler.factor(self.epochs_done - 1, config.training.epochs)
        rates = [config.optimizer.lr * factor * stack.progress.rate for stack in self.stacks]
        return EpochRecord(
            epoch=self.epochs_done,
            train_loss=self._gather(train_losses),
            validation_loss=self._gather(watched),
            learning_rate=self._gather(rates),
            active=active > 0,
        )

    def _gather(self, parts: Sequence[Tensor]) -> Floats:
        """Values by stack, in the members' order."""
        values = np.empty(len(self.plans))
        for stack, part in zip(self.stacks, parts, strict=True):
            values[list(stack.positions)] = part.numpy()
        return values

    @property
    def diverged(self) -> Floats:
        """``(K,)``: the epoch at which each member diverged; 0: it did not."""
        return self._gather([stack.progress.diverged.double() for stack in self.stacks])

    @property
    def best_epoch(self) -> Floats:
        """``(K,)``: the epoch of each member's lowest watched loss; 0 without any."""
        return self._gather([stack.progress.best_epoch.double() for stack in self.stacks])

    def ensemble(self) -> Ensemble:
        """The trained networks, in the members' order."""
        results = [stack.result() for stack in self.stacks]
        order = np.argsort(np.concatenate([np.asarray(stack.positions) for stack in self.stacks]))
        parameters = {name: np.concatenate([r[name] for r in results])[order] for name in results[0]}
        return Ensemble(parameters, self.setup.inputs, self.setup.target)


def _stacks(setup: FitSetup, plans: Sequence[MemberPlan]) -> list[list[int]]:
    """Members of one pace together, at most ``stack_members`` at a time."""
    by_pace: dict[Pace, list[int]] = {}
    for place, plan in enumerate(plans):
        by_pace.setdefault(Pace.of(plan, setup.config.training), []).append(place)
    most = setup.config.training.stack_members
    return [places[i : i + most] for places in by_pace.values() for i in range(0, len(places), most)]
