"""Trainings that end before they are done, or without what was to end them."""

from __future__ import annotations

import numpy as np

from phoneprice.diagnosis import remedies
from phoneprice.diagnosis.check import MEASURED, Fault, Seen, check, fell
from phoneprice.diagnosis.training import Training
from phoneprice.wording import counted, figure

FEW_STEPS = 30


@check(
    "too_short",
    "whether the loss still fell",
    threshold=f"{FEW_STEPS} steps or more, and in the last quarter of the epochs the loss falls by less than 2% of the "
    "guessing loss",
    # Healthy: the last quarter brings 0.8% or less; too short: from 2.2%.
    source=f"Hoffer et al. 2017: the number of steps counts; Prechelt 1998, section 2; share {MEASURED}",
)
def too_short(training: Training) -> Seen:
    """A handful of steps, or a loss that was still falling at the end."""
    config, steps, loss = training.config, training.steps, training.loss
    epochs = len(loss)
    quarter = max(epochs // 4, min(2, epochs - 1), 1)  # of few epochs a little more: the last one alone is noise
    part = float(loss[-1 - quarter] - loss[-1]) / training.guessing_loss if epochs > quarter else 0.0
    last = "epoch" if quarter == 1 else counted(quarter, "epoch")
    measured = (
        f"{counted(epochs, 'epoch')} of {counted(max(steps // epochs, 1), 'step')}; in the last {last} the "
        f"loss {fell(part)} of the guessing loss, to {figure(loss[-1])}"
    )
    ended = epochs == config.training.epochs
    if steps >= FEW_STEPS and not (ended and part > 0.02):
        return Seen(measured)
    small = steps < FEW_STEPS and epochs >= 10 and training.batch_rows > 64
    remedy = remedies.first_of(remedies.small_batches(config) if small else "", remedies.more_epochs(config))
    return Seen(measured, Fault("The training stopped while the network was still learning.", remedy))


@check(
    "early_stopping_never_reached",
    "what ended the training",
    threshold="early stopping, where it is on, or a schedule that ends with the epochs",
    source="Prechelt 1998, section 2",
)
def early_stopping_never_reached(training: Training) -> Seen | None:
    """The epochs ran out before patience did."""
    patience, epochs = training.config.training.early_stopping.patience_epochs, training.config.training.epochs
    if not patience:
        return None
    ran_out = len(training.curves.epochs) == epochs and np.mean(training.curves.active[-1]) > 0.5
    measured = f"training.early_stopping.patience_epochs = {patience}, training.epochs = {epochs}"
    # A schedule that anneals to the end is meant to get there.
    if not ran_out or (training.config.scheduler.needs_epochs and patience < epochs):
        return Seen(measured)
    summary = "Early stopping is on, but the epochs ran out before it could stop anything."
    return Seen(measured, Fault(summary, remedies.more_epochs(training.config)))
