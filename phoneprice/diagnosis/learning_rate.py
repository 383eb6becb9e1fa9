"""Learning rates that are too high, too low, or reduced too early."""

from __future__ import annotations

import numpy as np

from phoneprice.diagnosis.check import Seen, check
from phoneprice.diagnosis.training import Training
from phoneprice.wording import counted, figure, share


@check(
    "diverged",
    source="Goodfellow, Bengio and Courville 2016, section 11.4.1",
    explains=("learning_rate_too_high", "loss_spikes", "dead_units", "too_short"),
)
def diverged(training: Training) -> Seen | None:
    """Members whose loss exploded."""
    if not training.diverged_members:
        return None
    lr = training.config.optimizer.lr
    return Seen(
        "The loss of some members exploded; they predict with earlier weights, or untrained where those are worse.",
        f"{training.diverged_members} of {training.curves.members} members, optimizer.lr = {lr:g}",
        f"optimizer.lr={lr / 10:g}",
    )


@check(
    "learning_rate_too_low",
    source="Karpathy, CS231n notes, Neural Networks 3: ratio of updates to weights",
    explains=("learned_nothing", "too_short", "learning_rate_too_high"),
)
def too_low(training: Training) -> Seen | None:
    """Steps that are tiny beside the weights."""
    ratios = training.hidden("update_ratio")
    if not np.isfinite(ratios).any():
        return None
    peak = float(np.nanmax(ratios))
    # In a few steps the network may not have begun: its rate warms up from zero, or the skip path goes first.
    if peak >= 1e-5 or (peak == 0 and training.steps < 30) or _overshot(training):
        return None
    lr, usual = training.config.optimizer.lr, training.usual_rate
    return Seen(
        "The hidden layers hardly move: the learning rate is far too low.",
        f"optimizer.lr = {lr:g}; the largest step changed the weights by {peak:.1e} of their size, about 1e-3 is usual",
        f"optimizer.lr={usual if lr < usual else lr * 10:g}",
    )


@check(
    "learning_rate_too_high",
    source="Bengio 2012, Practical recommendations, section 3.1.1; Smith 2017",
    explains=("loss_spikes", "dead_units", "saturated_units", "learned_nothing", "overfitting", "vanishing_gradients"),
)
def too_high(training: Training) -> Seen | None:
    """The training made its own loss worse."""
    if not _overshot(training):
        return None
    loss, lr = _finite_loss(training), training.config.optimizer.lr
    return Seen(
        "The training loss ended higher than it began: the steps overshoot.",
        f"optimizer.lr = {lr:g}; training loss {figure(loss[0])} after epoch 1, {figure(loss[-1])} at the end",
        f"optimizer.lr={min(lr / 10, training.usual_rate):g}",
    )


def _overshot(training: Training) -> bool:
    """Whether the training loss ended higher than it began; a network thrown that far may not move any more."""
    loss = _finite_loss(training)
    return len(loss) >= 3 and loss[-1] > loss[0] * 1.02


def _finite_loss(training: Training) -> list[float]:
    return [loss for loss in training.train_loss.tolist() if np.isfinite(loss)]


@check(
    "decayed_too_early",
    source="Bengio 2012, section 3.1.1; Loshchilov and Hutter 2017",
    explains=("learned_nothing",),
)
def decayed_too_early(training: Training) -> Seen | None:
    """A schedule that ended the training while the loss was still falling."""
    rates, loss, scheduler = training.learning_rate, training.loss, training.config.scheduler
    low = np.flatnonzero((rates <= 0.01 * rates.max()) & (np.arange(len(rates)) > rates.argmax()))
    if not len(low) or low[0] > len(rates) / 2 or scheduler.name == "reduce_on_plateau":
        return None
    start, window = int(low[0]), max(len(rates) // 10, 1)
    if start < window or loss[start] > loss[start - window] * 0.97:
        return None
    return Seen(
        "The learning rate was reduced to next to nothing while the loss was still falling.",
        f"scheduler = {scheduler.name}; 1% of the highest rate is left after epoch {start + 1} of {len(rates)}; the "
        f"loss had fallen by {share(1 - loss[start] / loss[start - window])} in the {counted(window, 'epoch')} before",
        "scheduler.name=cosine",
    )


@check(
    "loss_spikes",
    source="Pascanu et al. 2013, section 3.2; Goodfellow, Bengio and Courville 2016, section 8.2.4",
)
def loss_spikes(training: Training) -> Seen | None:
    """A training loss that jumps up, three times or more."""
    loss = training.train_loss
    lowest = np.minimum.accumulate(np.where(np.isfinite(loss), loss, np.inf))
    jump = loss[1:] - lowest[:-1]
    spiked = (loss[1:] > 1.5 * lowest[:-1]) & (jump > 0.1 * (loss[0] - lowest[-1]))
    # One long wave, as when the rate has just warmed up, is no spike.
    count = int((np.diff(spiked.astype(np.int8), prepend=0) == 1).sum())
    if count < 3:
        return None
    worst = int(np.nanargmax(np.where(spiked, jump, -np.inf))) + 1
    clipped, lr = training.config.training.gradient_clip_norm, training.config.optimizer.lr
    return Seen(
        "The training loss jumps up again and again.",
        f"{count} times in {counted(len(loss), 'epoch')} to over 1.5 times the lowest loss before; "
        f"highest in epoch {worst + 1}: {figure(loss[worst])}",
        f"optimizer.lr={lr / 3:.2g}" if clipped else "training.gradient_clip_norm=1",
    )
