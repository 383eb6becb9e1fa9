"""The training loop, a generator: it yields after every step and every epoch, and neither prints nor saves."""

from collections.abc import Generator, Iterator, Mapping, Sequence
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
        self._place = (0, 0)
        """Where the epoch under way stands: the stack whose turn it is, and the steps it has done."""
        self._sums = self._no_sums()

    def _no_sums(self) -> list[Tensor]:
        device = self.setup.data.values.device
        return [torch.zeros(len(stack.plans), dtype=torch.float64, device=device) for stack in self.stacks]

    @property
    def steps_an_epoch(self) -> int:
        """Steps of all stacks together."""
        return sum(stack.pace.steps for stack in self.stacks)

    @property
    def step_numbers(self) -> int:
        """How many numbers the widest layer of the largest stack holds at a step: members x rows x units."""
        return max(len(s.plans) * s.pace.batch_rows * s.network.shape.widest for s in self.stacks)

    def run(self) -> Generator[StepDone | EpochRecord]:
        """Train to the end: a ``StepDone`` after each step, an ``EpochRecord`` after each epoch.

        At every yield ``state`` is complete: training that goes on from it gives the same bits.
        """
        epochs = self.setup.config.training.epochs
        while self.epochs_done < epochs and self._anyone_active():
            yield from self._rest_of_epoch(epochs * self.steps_an_epoch)
            means = [(s / stack.pace.steps).cpu() for s, stack in zip(self._sums, self.stacks, strict=True)]
            self.epochs_done += 1
            self._place, self._sums = (0, 0), self._no_sums()
            yield self._record(means)
        for stack in self.stacks:
            stack.settle(self.epochs_done)

    def _rest_of_epoch(self, total: int) -> Iterator[StepDone]:
        done = self.epochs_done * self.steps_an_epoch + self._steps_into_epoch()
        first, start = self._place
        for index, stack in enumerate(self.stacks[first:], first):
            for losses in stack.steps(self.epochs_done, start):
                self._sums[index] += losses
                self._place = (index, self._place[1] + 1)
                done += 1
                yield StepDone(done, total)
            self._place, start = (index + 1, 0), 0

    def _steps_into_epoch(self) -> int:
        stack, step = self._place
        return sum(s.pace.steps for s in self.stacks[:stack]) + step

    def state(self) -> dict[str, Tensor]:
        """All that changes during training, by name; tensors are the live ones, not copies."""
        tensors = {"epochs_done": torch.tensor(self.epochs_done), "place": torch.tensor(self._place)}
        for i, (stack, losses) in enumerate(zip(self.stacks, self._sums, strict=True)):
            tensors[f"{i}.losses"] = losses
            tensors |= {f"{i}.{name}": tensor for name, tensor in stack.state().items()}
        return tensors

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what ``state`` gave to a fit of the same set-up."""
        self.epochs_done = int(tensors["epochs_done"])
        stack, step = tensors["place"].tolist()
        self._place = (stack, step)
        for i, stack in enumerate(self.stacks):
            prefix = f"{i}."
            own = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
            self._sums[i].copy_(own.pop("losses"))
            stack.load_state(own)

    def _anyone_active(self) -> bool:
        return any(bool(stack.progress.active.any()) for stack in self.stacks)

    def _record(self, train_losses: Sequence[Tensor]) -> EpochRecord:
        active = self._gather([stack.progress.active.double() for stack in self.stacks])
        config = self.setup.config
        factor = config.scheduler.factor(self.epochs_done - 1, config.training.epochs)
        rates = [config.optimizer.lr * factor * stack.progress.rate for stack in self.stacks]
        watched = [s.finish_epoch(self.epochs_done, t) for s, t in zip(self.stacks, train_losses, strict=True)]
        return EpochRecord(
            epoch=self.epochs_done,
            train_loss=self._gather(train_losses),
            validation_loss=self._gather(watched),
            learning_rate=self._gather(rates),
            active=active > 0,
            health=self._health(),
        )

    def _health(self) -> dict[str, Floats]:
        """The stacks' measurements, ``(K, layers)`` each, in the members' order."""
        found: dict[str, Floats] = {}
        for stack in self.stacks:
            for name, part in (stack.health.values if stack.health else {}).items():
                whole = found.setdefault(name, np.empty((len(self.plans), part.shape[1]), dtype=np.float32))
                whole[list(stack.positions)] = part.cpu().numpy()
        return found

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
        """``(K,)``: the epoch of each member's lowest loss on its stopping rows, else on its training rows."""
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
