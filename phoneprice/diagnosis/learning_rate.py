"""Learning rates that are too high, too low, or reduced too early."""

from __future__ import annotations

import numpy as np

from phoneprice.diagnosis import remedies
from phoneprice.diagnosis.check import MEASURED, Fault, Seen, check, fell
from phoneprice.diagnosis.training import Training
from phoneprice.wording import counted, figure, share


@check(
    "diverged",
    "members whose loss exploded",
    threshold="none",
    source="Goodfellow, Bengio and Courville 2016, section 11.4.1",
)
def diverged(training: Training) -> Seen:
    """Members whose loss became no number, or a million times what it was."""
    lost, lr = training.diverged_members, training.config.optimizer.lr
    measured = f"{lost} of {counted(training.curves.members, 'member')}, optimizer.lr = {lr:g}"
    if not lost:
        return Seen(measured)
    summary = (
        "The loss of some members exploded; they predict with earlier weights, or untrained where those are worse."
    )
    remedy = remedies.first_of(remedies.lower_rate(training.config), remedies.clip_gradients(training.config))
    return Seen(measured, Fault(summary, remedy))


@check(
    "clipped_to_nothing",
    "updates that clipping leaves",
    threshold="a step above 0.01% of the weights where gradients are clipped below 0.1",
    source=f"Pascanu et al. 2013, section 3.2 (useful limits are near the usual norm, here about 1); {MEASURED}",
)
def clipped_to_nothing(training: Training) -> Seen | None:
    """Gradients that are cut so short that nobody moves; Adam and its like divide it out again."""
    clip, peak = training.config.training.gradient_clip_norm, _peak_update(training)
    if not clip or peak is None:
        return None
    measured = (
        f"training.gradient_clip_norm = {clip:g}; the largest step changed the weights by {_part(peak)} of their size"
    )
    if clip >= 0.1 or peak >= 1e-4:
        return Seen(measured)
    summary = "Clipping leaves next to nothing of the gradients: the hidden layers hardly move."
    return Seen(measured, Fault(summary, remedies.clip_gradients(training.config)))


@check(
    "learning_rate_too_high",
    "high learning rate",
    threshold=f"at most {remedies.RATE_BAND:g} times the usual rate, or 5% of the guessing loss learned and hidden "
    "weights below 5 times their first size",
    # Healthy: weights grow up to 1.3-fold; broken: from 5.7-fold, or nothing is learned.
    source=f"Bengio 2012, section 3.1.1; Smith 2017; factors {MEASURED}",
)
def too_high(training: Training) -> Seen:
    """Steps so large that the network was thrown away: its weights are huge, or it fits not even its training rows."""
    config, last, guess = training.config, float(training.train_loss[-1]), training.guessing_loss
    lr, usual = config.optimizer.lr, remedies.usual_rate(config)
    measured = f"optimizer.lr = {lr:g} (usual: {usual:g}); training loss {figure(last)}, guessing has {figure(guess)}"
    if np.isfinite(growth := training.growth_of_weights):
        measured += f"; the hidden layers' weights reached {growth:,.3g} times their first size"
    thrown = training.learned <= 0.05 or growth > 5
    if lr <= remedies.RATE_BAND * usual or not thrown:
        return Seen(measured)
    summary = "The learning rate is far too high: the first steps threw the hidden layers so far that they are no use."
    return Seen(measured, Fault(summary, remedies.lower_rate(config)))


@check(
    "learning_rate_too_low",
    "size of the steps",
    threshold="largest step above 0.2% of the weights where the rate is below a tenth of the usual one",
    source=f"Karpathy, CS231n notes, Neural Networks 3: about 1e-3 is usual; {MEASURED}",
)
def too_low(training: Training) -> Seen | None:
    """Steps that are tiny beside the weights."""
    peak, config = _peak_update(training), training.config
    if peak is None:
        return None
    lr = config.optimizer.lr
    measured = f"optimizer.lr = {lr:g}; the largest step changed the weights by {_part(peak)} of their size"
    remedy = remedies.raise_rate(config)
    if peak >= 2e-3 or not remedy:
        return Seen(measured)
    return Seen(measured, Fault("The hidden layers hardly move: the learning rate is far too low.", remedy))


def _peak_update(training: Training) -> float | None:
    """The largest step of a hidden layer, relative to its weights, of all epochs; None where none was measured."""
    ratios = training.hidden("update_ratio")
    return float(np.nanmax(ratios)) if np.isfinite(ratios).any() else None


def _part(ratio: float) -> str:
    """``59%``, ``0.0012%``."""
    return f"{float(f'{100 * ratio:.2g}'):.10g}%"


@check(
    "idle_schedule",
    "what the schedule does",
    threshold="the rate changes, and reaches half of what is set",
    source="by definition; Loshchilov and Hutter 2017 for the remedy",
)
def idle_schedule(training: Training) -> Seen | None:
    """A schedule whose first reduction comes after the last epoch, or a warm-up that never gets there."""
    rates, config = training.learning_rate, training.config
    scheduler, epochs = config.scheduler, config.training.epochs
    top = float(np.nanmax(rates)) / config.optimizer.lr
    measured = (
        f"scheduler = {scheduler.name}; in {counted(epochs, 'epoch')} the rate reaches {share(top)} of optimizer.lr"
    )
    # Where more epochs would do, that is what is missing.
    if top < 0.5 and scheduler.warmup_epochs > remedies.enough_epochs(config):
        return Seen(
            f"{measured}; scheduler.warmup_epochs = {scheduler.warmup_epochs:g}",
            Fault("The training ended while the learning rate was still warming up.", remedies.no_warmup(config)),
        )
    planned = scheduler.name in {"step", "multi_step"}
    if not planned and (scheduler.name != "reduce_on_plateau" or scheduler.patience_epochs < epochs):
        return Seen(measured)
    if rates[-1] < 0.99 * np.nanmax(rates):
        return Seen(measured)
    summary = "The schedule never acts: the training is over before the rate is reduced for the first time."
    return Seen(f"{measured}, and still is in the last", Fault(summary, remedies.cosine(config)))


@check(
    "decayed_too_early",
    "when the rate is reduced",
    threshold="1% of the highest rate is left for half of the epochs, or the loss had settled before (within 3%)",
    source="Bengio 2012, section 3.1.1; Loshchilov and Hutter 2017",
)
def decayed_too_early(training: Training) -> Seen | None:
    """A schedule that ended the training while the loss was still falling."""
    rates, loss, scheduler = training.learning_rate, training.loss, training.config.scheduler
    peak = int(np.nanargmax(rates))
    after = np.arange(len(rates)) > peak
    low, lower = (np.flatnonzero(after & (rates <= part * rates[peak])) for part in (0.3, 0.01))
    if not len(lower) or scheduler.name == "reduce_on_plateau":
        return None
    begun, ended = max(int(low[0]) - 2, 0), int(lower[0])
    measured = (
        f"scheduler = {scheduler.name}; 1% of the highest rate is left after epoch {ended + 1} of {len(rates)}; from "
        f"epoch {begun + 1} to then the loss {fell(1 - float(loss[ended] / loss[begun]))}"
    )
    if ended > len(rates) / 2 or loss[ended] > 0.97 * loss[begun]:
        return Seen(measured)
    summary = "The learning rate was reduced to next to nothing while the loss was still falling."
    return Seen(measured, Fault(summary, remedies.cosine(training.config)))
