"""Trainings that end before they are done, or without what was to end them."""

from __future__ import annotations

import numpy as np

from phoneprice.diagnosis.check import Seen, check
from phoneprice.diagnosis.training import Training
from phoneprice.wording import counted, figure, share


@check(
    "too_short",
    source="Hoffer et al. 2017: the number of steps counts; Prechelt 1998, section 2",
    explains=("learned_nothing", "early_stopping_never_reached"),
)
def too_short(training: Training) -> Seen | None:
    """A handful of steps, or a loss that was still falling at the end."""
    epochs, steps = training.config.training.epochs, training.steps
    evidence = _few_steps(training) if steps < 30 else _still_falling(training)
    if not evidence:
        return None
    small_batches = steps < 30 and epochs >= 10 and training.batch_rows > 64
    return Seen(
        "The training stopped while the network was still learning.",
        evidence,
        "training.batch_rows=64" if small_batches else f"training.epochs={max(5 * epochs, 50)}",
    )


def _few_steps(training: Training) -> str:
    epochs, steps = training.config.training.epochs, training.steps
    return f"{counted(epochs, 'epoch')} of {counted(max(steps // epochs, 1), 'step')} are {counted(steps, 'step')}"


def _still_falling(training: Training) -> str:
    """By how much, if the last tenth of all epochs brought 2% of the loss and a tenth of all that was gained."""
    loss = training.loss
    window = max(len(loss) // 10, 1)
    if len(loss) <= window or len(loss) != training.config.training.epochs:
        return ""
    before, now, gained = loss[-1 - window], loss[-1], loss[0] - loss[-1]
    if not (now < before * 0.98 and before - now > 0.1 * gained):
        return ""
    last = "epoch" if window == 1 else counted(window, "epoch")
    return f"the loss fell by {share(1 - now / before)} in the last {last}, to {figure(now)}"


@check("early_stopping_never_reached", source="Prechelt 1998, section 2")
def early_stopping_never_reached(training: Training) -> Seen | None:
    """The epochs ran out before patience did."""
    patience, epochs = training.config.training.early_stopping.patience_epochs, training.config.training.epochs
    ran_out = len(training.curves.epochs) == epochs and np.mean(training.curves.active[-1]) > 0.5
    # A schedule that anneals to the end is meant to get there.
    if not patience or not ran_out or (training.config.scheduler.needs_epochs and patience < epochs):
        return None
    return Seen(
        "Early stopping is on, but the epochs ran out before it could stop anything.",
        f"training.early_stopping.patience_epochs = {patience}, training.epochs = {epochs}",
        f"training.epochs={max(2 * epochs, 3 * patience)}",
    )
