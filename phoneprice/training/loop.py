"""The training loop, a generator: it yields after every step and every epoch, and neither prints nor saves."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from phoneprice.records import Doubles, Ensemble, EpochRecord, Floats, MemberPlan
from phoneprice.records.curves import Start
from phoneprice.training.batches import Pace
from phoneprice.training.settings import shared_part
from phoneprice.training.stack import FitSetup, Stack


@dataclass(frozen=True)
class StepDone:
    """One step of one stack."""

    done: int
    total: int


class Fit:
    """Training of all members of a table, in as few stacks as paces, settings and ``stack_members`` allow."""

    def __init__(self, setup: FitSetup, plans: Sequence[MemberPlan]) -> None:
        self.setup = setup
        self.plans = tuple(plans)
        self.stacks = [Stack(setup, places, [self.plans[p] for p in places]) for places in _stacks(setup, self.plans)]
        self.epochs_done = 0
        self._place = (0, 0)
        """Where the epoch under way stands: the stack whose turn it is, and the steps it has done."""
        self._sums = self._no_sums()
        self._clocks = [_Clock() for _ in self.stacks]

    def _no_sums(self) -> list[Tensor]:
        device = self.setup.data.values.device
        starts = [0.0 if self.epochs_done < stack.epochs else torch.nan for stack in self.stacks]
        return [
            torch.full((len(stack.plans),), start, dtype=torch.float64, device=device)
            for stack, start in zip(self.stacks, starts, strict=True)
        ]

    @property
    def epochs(self) -> int:
        """After how many the training of the last members is over."""
        return max(stack.epochs for stack in self.stacks)

    @property
    def step_numbers(self) -> int:
        """How many numbers the widest layer of the largest stack holds at a step: members x rows x units."""
        return max(len(s.plans) * s.pace.batch_rows * s.network.shape.widest for s in self.stacks)

    def run(self) -> Generator[StepDone | EpochRecord]:
        """Train to the end: a ``StepDone`` after each step, an ``EpochRecord`` after each epoch.

        At every yield ``state`` is complete: training that goes on from it gives the same bits.
        """
        while self._anyone_learns():
            yield from self._rest_of_epoch()
            means = [(s / stack.pace.steps).cpu() for s, stack in zip(self._sums, self.stacks, strict=True)]
            self.epochs_done += 1
            self._place, self._sums = (0, 0), self._no_sums()
            yield self._record(means)
        for stack in self.stacks:
            stack.settle(min(self.epochs_done, stack.epochs))

    def _rest_of_epoch(self) -> Iterator[StepDone]:
        first, start = self._place
        total = self._steps_before(self.epochs)
        done = self._steps_before(self.epochs_done) + start
        done += sum(stack.steps_in(self.epochs_done) for stack in self.stacks[:first])
        for index, stack in enumerate(self.stacks[first:], first):
            for losses in self._clocks[index].timed(stack.steps(self.epochs_done, start)):
                self._sums[index] += losses
                self._place = (index, self._place[1] + 1)
                done += 1
                yield StepDone(done, total)
            self._place, start = (index + 1, 0), 0

    def _steps_before(self, epoch: int) -> int:
        """How many steps all stacks take in as many epochs."""
        return sum(stack.pace.steps * min(epoch, stack.epochs) for stack in self.stacks)

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

    def _anyone_learns(self) -> bool:
        return any(self.epochs_done < s.epochs and bool(s.progress.active.any()) for s in self.stacks)

    def _record(self, train_losses: Sequence[Tensor]) -> EpochRecord:
        epoch = self.epochs_done
        active = self._gather([stack.progress.active.double() * (epoch <= stack.epochs) for stack in self.stacks])
        rates = [stack.learning_rates(epoch - 1) for stack in self.stacks]
        watched = [s.finish_epoch(epoch, t) for s, t in zip(self.stacks, train_losses, strict=True)]
        return EpochRecord(
            epoch=epoch,
            train_loss=self._gather(train_losses),
            validation_loss=self._gather(watched),
            learning_rate=self._gather(rates),
            active=active > 0,
            health=self._health(),
        )

    def start(self) -> Start:
        """All members before their first step; the seed decides, so it doesn't matter when it is asked for."""
        parts = [stack.start() for stack in self.stacks]
        loss, guessing = ([getattr(part, name) for part in parts] for name in ("loss", "guessing_loss"))
        return Start(self._gather(loss), self._gather(guessing), self._gather_layers([part.health for part in parts]))

    def _health(self) -> dict[str, Floats]:
        """The stacks' measurements, as ``_gather_layers``."""
        every = [({} if stack.health is None else stack.health.values) for stack in self.stacks]
        parts = [{name: values.cpu().numpy() for name, values in part.items()} for part in every]
        return self._gather_layers(parts, np.float32)

    def _gather_layers(self, parts: Sequence[Mapping[str, Any]], dtype: Any = np.float64) -> dict[str, Any]:
        """Values by stack, ``(K, layers)`` each, in the members' order; NaN behind those of fewer layers."""
        layers = {name: max(p[name].shape[1] for p in parts if name in p) for part in parts for name in part}
        found = {n: np.full((len(self.plans), most), np.nan, dtype) for n, most in layers.items()}
        for stack, part in zip(self.stacks, parts, strict=True):
            for name, values in part.items():
                found[name][list(stack.positions), : values.shape[1]] = values
        return found

    def _gather(self, parts: Sequence[Any]) -> Doubles:
        """Values by stack, in the members' order."""
        values = np.empty(len(self.plans))
        for stack, part in zip(self.stacks, parts, strict=True):
            values[list(stack.positions)] = part
        return values

    @property
    def diverged(self) -> Floats:
        """``(K,)``: the epoch at which each member diverged; 0: it did not."""
        return self._gather([stack.progress.diverged.double() for stack in self.stacks])

    @property
    def best_epoch(self) -> Floats:
        """``(K,)``: the epoch of each member's lowest loss on its stopping rows, else on its training rows."""
        return self._gather([stack.progress.best_epoch.double() for stack in self.stacks])

    @property
    def step_seconds(self) -> Doubles:
        """``(K,)``: the time of a step of each network, whose stack shares its own evenly; NaN before the first.

        On a GPU, as far as the program waits for it.
        """
        sizes = [len(stack.plans) for stack in self.stacks]
        parts = zip(self._clocks, sizes, strict=True)
        return self._gather([clock.seconds / (clock.steps * size) if clock.steps else np.nan for clock, size in parts])

    def ensemble(self, members: Sequence[int] | None = None) -> Ensemble:
        """The trained networks of ``members``, which must be of one shape, in that order; None: all."""
        chosen = range(len(self.plans)) if members is None else members
        stacks = [stack for stack in self.stacks if not set(chosen).isdisjoint(stack.positions)]
        results = [stack.result() for stack in stacks]
        places = [place for stack in stacks for place in stack.positions]
        order = [places.index(member) for member in chosen]
        parameters = {name: np.concatenate([r[name] for r in results])[order] for name in results[0]}
        return replace(Ensemble({}, self.setup.inputs, self.setup.target).take(chosen), parameters=parameters)


@dataclass
class _Clock:
    """The time that the steps of a stack have taken."""

    seconds: float = 0.0
    steps: int = 0

    def timed(self, steps: Iterator[Tensor]) -> Iterator[Tensor]:
        """The steps; what others do with their results is not counted."""
        while True:
            begun = time.perf_counter()
            losses = next(steps, None)
            if losses is None:
                return
            self.seconds += time.perf_counter() - begun
            self.steps += 1
            yield losses


def _stacks(setup: FitSetup, plans: Sequence[MemberPlan]) -> Iterator[list[int]]:
    """Members of one pace that agree in what a stack shares, at most ``stack_members`` at a time."""
    together: dict[tuple[Pace, str], list[int]] = {}
    for place, (plan, config) in enumerate(zip(plans, setup.configs, strict=True)):
        together.setdefault((Pace.of(plan, config.training), shared_part(config)), []).append(place)
    for places in together.values():
        most = setup.configs[places[0]].training.stack_members
        yield from (places[i : i + most] for i in range(0, len(places), most))
