"""Training a set of members on a prepared table: the one place where a fit is put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from phoneprice.config.schema import Config
from phoneprice.data.encoding.bins import member_edges
from phoneprice.data.encoding.features import Scaling, member_statistics
from phoneprice.data.encoding.schema import Column
from phoneprice.data.encoding.target import target_statistics
from phoneprice.data.rows.splits import plan_members
from phoneprice.diagnosis import remedies
from phoneprice.errors import DivergedError, MemoryShortageError
from phoneprice.guest import unnoticed
from phoneprice.model.shape import NetworkShape, measured_layers, network_shape
from phoneprice.records import Ensemble, EpochRecord, Floats, InputStatistics, MemberPlan
from phoneprice.records.curves import Curves
from phoneprice.shortage import is_out_of_memory
from phoneprice.workflows.checkpointing import Checkpointer, origin_of
from phoneprice.workflows.events import EpochDone, OnEvent, Progress, TrainingStarted, Warned
from phoneprice.workflows.prepare import Prepared

if TYPE_CHECKING:
    from phoneprice.training.loop import Fit


@dataclass(frozen=True)
class Fitted:
    """Trained members, and how they got there: those of the first configuration in the plans' order, then the next."""

    ensembles: tuple[Ensemble, ...]
    """A network for each plan, of each configuration."""
    history: Curves
    best_epoch: tuple[int, ...]
    """Of each member's lowest deciding loss: that of its stopping rows, where it has none the training loss."""
    diverged: tuple[int, ...]
    """The epoch at which each member diverged; 0: it did not."""
    device: str
    threads: int
    shapes: tuple[NetworkShape, ...]
    """Of each configuration's networks."""
    step_seconds: tuple[float, ...]
    """Time of a step of each member, those of one stack sharing its own."""

    def take(self, chosen: Sequence[int]) -> Fitted:
        """The same with some of the configurations."""
        size = len(self.best_epoch) // len(self.ensembles)
        members = [size * own + k for own in chosen for k in range(size)]
        shapes = tuple(self.shapes[own] for own in chosen)
        return replace(
            self,
            ensembles=tuple(self.ensembles[own] for own in chosen),
            history=self.history.take(members, measured_layers(shapes)),
            best_epoch=tuple(self.best_epoch[k] for k in members),
            diverged=tuple(self.diverged[k] for k in members),
            shapes=shapes,
            step_seconds=tuple(self.step_seconds[k] for k in members),
        )


def planned(prepared: Prepared, on_event: OnEvent) -> tuple[MemberPlan, ...]:
    """The members of a training; warns where the rows don't allow what the configuration asks for."""
    plans, notes = plan_members(
        prepared.targets, prepared.config, len(prepared.inputs), prepared.roles, prepared.task.labels
    )
    for note in notes:
        on_event(Warned(note))
    return plans


def fit(
    prepared: Prepared,
    plans: Sequence[MemberPlan],
    on_event: OnEvent,
    *,
    configs: Sequence[Config] | None = None,
    watch: bool = True,
    checkpointer: Checkpointer | None = None,
    judge: bool = True,
) -> Fitted:
    """Train a network of each configuration for each plan; with ``watch`` the history has the loss on held-out rows.

    ``configs`` differ from the table's own in nothing but networks, how they learn and how inputs are scaled for them;
    None: its recipes.

    A ``checkpointer`` saves the training as it goes on, and may begin it where an earlier one was stopped.

    Raises ``DivergedError`` when all members diverged, unless others ``judge`` that by ``Fitted.diverged``;
    ``DeviceError`` for a device that is not there, ``MemoryShortageError`` for one that is full.
    """
    from phoneprice.training.threads import threads_of_environment

    usual_threads = threads_of_environment()  # before PyTorch, which may not survive one that is out of range
    with unnoticed("phoneprice.training.loop"):
        import phoneprice.training.loop  # noqa: F401  # and PyTorch, for the first time
    from phoneprice.training.surroundings import plain_torch

    with plain_torch():
        every = configs or prepared.config.recipes
        fitted = _fit(prepared, plans, every, usual_threads, on_event, watch=watch, checkpointer=checkpointer)
    if judge:
        members = [own for own in every for _ in plans]
        _judge_divergence(np.array(fitted.diverged), members, on_event, prepared.schema.columns)
    return fitted


def machine(config: Config) -> tuple[str, int]:
    """The device that trains, and the threads that are asked for, 0 where nobody asks for any.

    Raises ``DeviceError`` for a device that is not there.
    """
    from phoneprice.training.threads import threads_of_environment

    usual_threads = threads_of_environment()  # before PyTorch, as in ``fit``
    with unnoticed("phoneprice.training.device"):
        from phoneprice.training.device import choose_device
    return str(choose_device(config.training.device)), config.training.threads or usual_threads


def _fit(
    prepared: Prepared,
    plans: Sequence[MemberPlan],
    configs: Sequence[Config],
    usual_threads: int,
    on_event: OnEvent,
    *,
    watch: bool,
    checkpointer: Checkpointer | None,
) -> Fitted:
    import torch

    from phoneprice.training.data import TrainingData
    from phoneprice.training.device import choose_device, number_of_threads
    from phoneprice.training.loop import Fit
    from phoneprice.training.memory import keep_freed_memory
    from phoneprice.training.stack import FitSetup
    from phoneprice.training.surroundings import torch_threads

    keep_freed_memory()
    config = prepared.config
    device = choose_device(config.training.device)
    weights = prepared.roles.weights
    scaled = {
        scaling: member_statistics(prepared.inputs, prepared.schema, plans, scaling, weights)
        for scaling in {own.data.scaling for own in configs}
    }
    statistics = InputStatistics.joined([scaled[own.data.scaling] for own in configs])
    regression = prepared.task.kind == "regression"
    clipped = config.task.clip_predictions
    target = target_statistics(prepared.targets, plans, weights, clipped=clipped) if regression else None
    data = TrainingData.of(prepared.inputs, prepared.targets, device, torch.float32, weights)
    rows, inputs = len(prepared.inputs), prepared.inputs.values.shape[1]
    shapes = [network_shape(own, inputs, prepared.task.classes, len(plans), statistics.numbers) for own in configs]
    parameters = sum(shape.parameters for shape in shapes)
    epochs = max(own.training.epochs for own in configs)
    on_event(TrainingStarted(len(configs) * len(plans), epochs, rows, inputs, str(device), parameters))
    places, each = [*range(len(plans))] * len(configs), [own for own in configs for _ in plans]
    edges = _edges(configs, prepared, plans, scaled)
    setup = FitSetup(
        each,
        data,
        statistics,
        target and target.take(places),
        prepared.task.classes,
        watch,
        edges,
    )
    with enough_memory():
        training = Fit(setup, [plans[k] for k in places])
    threads = number_of_threads(config.training.threads, usual_threads, training.step_numbers)
    with torch_threads(threads):
        if checkpointer is not None:
            checkpointer.begin(training, origin_of(prepared, configs, device=str(device), threads=threads))
        with enough_memory():
            history = _follow(training, epochs, on_event, checkpointer)
            start = training.start() if watch else None
    diverged = training.diverged.astype(int)
    best = tuple(int(epoch) for epoch in training.best_epoch)
    firsts = range(0, len(each), len(plans))
    ensembles = tuple(training.ensemble(range(first, first + len(plans))) for first in firsts)
    return Fitted(
        ensembles,
        Curves.of(history, start),
        best,
        tuple(diverged.tolist()),
        str(device),
        threads,
        tuple(shapes),
        tuple(training.step_seconds.tolist()),
    )


def _edges(
    configs: Sequence[Config],
    prepared: Prepared,
    plans: Sequence[MemberPlan],
    scaled: Mapping[Scaling, InputStatistics],
) -> list[Floats | None]:
    """Each member's edges of bins; those of the same bins and statistics are computed once."""
    found = {
        (encoding, scaling): member_edges(
            [encoding] * len(plans), prepared.inputs, prepared.targets, plans, scaled[scaling]
        )
        for encoding, scaling in {(own.model.encoding, own.data.scaling) for own in configs}
    }
    return [edges for own in configs for edges in found[own.model.encoding, own.data.scaling]]


def _follow(training: Fit, epochs: int, on_event: OnEvent, checkpointer: Checkpointer | None) -> list[EpochRecord]:
    history = list(checkpointer.history) if checkpointer else []
    # Closing ends the watch for signals at once, also when a listener raises.
    with closing(checkpointer.follow(training) if checkpointer else training.run()) as events:
        for event in events:
            if isinstance(event, EpochRecord):
                history.append(event)
                on_event(EpochDone(event, epochs))
            else:
                on_event(Progress(event.done, event.total, "steps"))
    return history


@contextmanager
def enough_memory() -> Iterator[None]:
    """Turn PyTorch's and NumPy's ways to run out of memory into a ``MemoryShortageError`` that says what needs less."""
    import torch

    try:
        yield
    except (RuntimeError, MemoryError) as fault:
        if not is_out_of_memory(fault):
            raise
        where = "the device" if isinstance(fault, torch.OutOfMemoryError) else "memory"
        raise MemoryShortageError(
            f"training: {where} is full; try a smaller training.batch_rows, a smaller training.stack_members "
            "(the results stay the same), or a smaller model.hidden"
        ) from None


def likely_cause(config: Config, columns: Sequence[Column]) -> str:
    """The row or the setting that makes a loss infinite most often, and what to try."""
    init = config.model.init.name
    for column in columns:
        if column.alone and not config.data.clip_inputs:
            return f"{column.alone.message} of {column.name!r}: correct it, or try data.clip_inputs = true"
    if config.data.scaling == "none":
        return "data.scaling = 'none': try data.scaling = 'standard'"
    if config.model.hidden and init in {"ones", "constant", "normal"}:
        return f"model.init = '{init}': try model.init = 'kaiming_normal'"
    found = remedies.lower_rate(config), remedies.clip_gradients(config)
    helped = " or ".join(setting.replace("=", " = ") for setting in found if setting) or "fewer layers"
    return f"optimizer.lr = {config.optimizer.lr:g}: try {helped}"


def why_diverged(epochs: Mapping[int, int], config: Config, columns: Sequence[Column]) -> str:
    """In which fold one configuration's networks diverged first, and why; empty where all have learned.

    ``epochs`` in which each fold's network did, 0 for never.
    """
    lost = [(fold, epoch) for fold, epoch in epochs.items() if epoch]
    if not lost:
        return ""
    fold, epoch = lost[0]
    return f"diverged in fold {fold + 1}, epoch {epoch}; the likely cause is {likely_cause(config, columns)}"


_WHAT_THEY_KEEP = "they predict with earlier weights, or untrained where those are worse"


def _judge_divergence(
    diverged: np.ndarray[tuple[int], np.dtype[np.int64]],
    configs: Sequence[Config],
    on_event: OnEvent,
    columns: Sequence[Column] = (),
) -> None:
    """``diverged`` ``(K,)`` holds the epoch at which each member diverged, 0 for never."""
    lost = np.flatnonzero(diverged)
    if not len(lost):
        return
    cause = f"the likely cause is {likely_cause(configs[lost[0]], columns)}"
    if len(lost) == len(diverged):
        raise DivergedError(f"training diverged: the loss became NaN or infinite in epoch {diverged.min()}; {cause}")
    several = any(own != configs[0] for own in configs)
    keep = f"as far as their recipe counts, {_WHAT_THEY_KEEP}" if several else _WHAT_THEY_KEEP
    on_event(Warned(f"{len(lost)} of {len(diverged)} members diverged; {keep}; {cause}"))
