"""Training a set of members on a prepared table: the one place where a fit is put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phoneprice.config.schema import Config
from phoneprice.data.features import member_statistics
from phoneprice.data.target import target_statistics
from phoneprice.errors import DivergedError
from phoneprice.model.shape import network_shape, parameter_shapes
from phoneprice.records import Ensemble, EpochRecord, MemberPlan
from phoneprice.workflows.events import EpochDone, OnEvent, Progress, TrainingStarted, Warned
from phoneprice.workflows.prepare import Prepared


@dataclass(frozen=True)
class Fitted:
    """Trained members: the networks in the plans' order, and how they got there."""

    ensemble: Ensemble
    history: tuple[EpochRecord, ...]
    best_epoch: tuple[int, ...]
    """Of each member's lowest watched loss; 0 without watched rows."""
    device: str
    threads: int


def fit(
    prepared: Prepared, plans: Sequence[MemberPlan], config: Config, on_event: OnEvent, *, watch: bool = True
) -> Fitted:
    """Train one network for each plan; with ``watch`` its history has the loss on held-out rows.

    Raises ``DivergedError`` when no member's loss stayed finite, ``DeviceError`` for a device that is not there.
    """
    import torch

    from phoneprice.training.data import TrainingData
    from phoneprice.training.device import choose_device, use_threads
    from phoneprice.training.loop import Fit
    from phoneprice.training.memory import keep_freed_memory
    from phoneprice.training.stack import FitSetup

    keep_freed_memory()
    device, threads = choose_device(config.training.device), use_threads(config.training.threads)
    statistics = member_statistics(prepared.inputs, prepared.schema, plans, config.data.scaling)
    regression = prepared.task.kind == "regression"
    target = target_statistics(prepared.targets, plans) if regression else None
    data = TrainingData.of(prepared.inputs, prepared.targets, device, torch.float32)
    on_event(_started(prepared, plans, config, str(device)))
    training = Fit(FitSetup(config, data, statistics, target, prepared.task.classes, watch), plans)
    history = _follow(training, config.training.epochs, on_event)
    _judge_divergence(training.diverged.astype(int), config, on_event)
    best = tuple(int(epoch) for epoch in training.best_epoch)
    return Fitted(training.ensemble(), tuple(history), best, str(device), threads)


def _started(prepared: Prepared, plans: Sequence[MemberPlan], config: Config, device: str) -> TrainingStarted:
    inputs = prepared.inputs.values.shape[1]
    shape = network_shape(config, inputs, prepared.task.classes, len(plans))
    return TrainingStarted(
        members=len(plans),
        epochs=config.training.epochs,
        rows=len(prepared.inputs),
        inputs=inputs,
        device=device,
        parameters=sum(int(np.prod(size)) for size in parameter_shapes(shape).values()),
    )


def _follow(training: Fit, epochs: int, on_event: OnEvent) -> list[EpochRecord]:  # type: ignore[name-defined]  # noqa: F821
    history = []
    for event in training.run():
        if isinstance(event, EpochRecord):
            history.append(event)
            on_event(EpochDone(event, epochs))
        else:
            on_event(Progress(event.done, event.total, "steps"))
    return history


def _judge_divergence(diverged: np.ndarray[tuple[int], np.dtype[np.int64]], config: Config, on_event: OnEvent) -> None:
    """``diverged`` ``(K,)`` holds the epoch at which each member's loss stopped being finite, 0 for never."""
    lost = np.flatnonzero(diverged)
    if not len(lost):
        return
    cause = (
        f"the likely cause is optimizer.lr = {config.optimizer.lr:g}: try a tenth of it, "
        "training.gradient_clip_norm = 1, or data.scaling = 'standard'"
    )
    if len(lost) == len(diverged):
        raise DivergedError(f"training diverged: the loss became NaN or infinite in epoch {diverged.min()}; {cause}")
    on_event(Warned(f"{len(lost)} of {len(diverged)} members diverged and keep their last finite weights; {cause}"))
