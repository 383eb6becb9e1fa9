"""What came of it, beside guessing and beside a linear model."""

from __future__ import annotations

import numpy as np

from phoneprice.diagnosis import remedies
from phoneprice.diagnosis.check import MEASURED, Fault, Seen, check
from phoneprice.diagnosis.training import Training
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Interval
from phoneprice.records.documents import BaselineMetrics
from phoneprice.wording import figure

_BEHIND, _SURELY = 0.03, 0.01
"""Of what the linear model gains over guessing: the difference itself, and the near end of its 95% interval."""


@check(
    "no_better_than_guessing",
    "the network beside guessing",
    threshold="2% or more better than always the class shares, or always the mean",
    source="Goodfellow, Bengio and Courville 2016, section 11.2: compare with a trivial baseline first",
)
def no_better_than_guessing(training: Training) -> Seen | None:
    """No better than always the mean, or always the class shares."""
    r2, log_loss, shares = training.metric("r2"), training.metric("log_loss"), training.class_shares
    if r2 is not None:
        useless, measured = r2 < 0.02, f"R2 is {figure(r2)}; always the mean gives 0"
    elif log_loss is not None and len(shares) and not _other_aims(training):
        usual = _entropy(training)
        useless = log_loss > 0.98 * usual
        measured = f"log loss is {figure(log_loss)}; always the class shares give {figure(usual)}"
    else:
        return None
    if not useless:
        return Seen(measured)
    config, linear = training.config, _linear(training)
    # Where a linear model finds nothing either, the rows may tell nothing.
    helped = (
        (remedies.linear_path(config), remedies.linear_model(config)) if linear and _worse(training, linear) else ()
    )
    remedy = remedies.first_of(*helped, remedies.raise_rate(config))
    return Seen(measured, Fault("The network predicts no better than somebody who has not seen the inputs.", remedy))


@check(
    "behind_linear",
    "the network beside a linear model",
    threshold=f"on the same folds, behind it by less than {_BEHIND:.0%} of what that one gains over guessing, or (95%"
    f" interval) perhaps by less than {_SURELY:.0%}",
    source=f"Goodfellow, Bengio and Courville 2016, section 11.2; share {MEASURED}",
)
def behind_linear(training: Training) -> Seen | None:
    """A linear model, which takes a moment, is better."""
    linear = _linear(training)
    if linear is None or not _compared(training):
        return None
    name = next(iter(training.metrics.baselines or {}))
    measured = "; ".join(_told(training, linear, name, metric) for metric in _compared(training))
    behind = _worse(training, linear)
    if not behind:
        return Seen(measured)
    config = training.config
    remedy = remedies.first_of(remedies.linear_path(config), remedies.linear_model(config))
    what = "probabilities are" if behind == ["log_loss"] and "accuracy" in _compared(training) else "predictions are"
    fault = f"The network's {what} worse than those of {name}, which has no hidden layers at all."
    return Seen(measured, Fault(fault, remedy))


def _compared(training: Training) -> tuple[str, ...]:
    """The metrics that the network was to be good at."""
    if training.metric("rmse") is not None:
        return ("rmse",)
    task = training.config.task
    if _other_aims(training):
        return ()
    return ("accuracy", "log_loss") if task.decision == "argmax" and task.threshold_metric == "none" else ("log_loss",)


def _other_aims(training: Training) -> bool:
    """Whether some classes count more than others: then probabilities are wrong on purpose."""
    return getattr(training.config.loss, "class_weights", "none") != "none"


def _linear(training: Training) -> BaselineMetrics | None:
    """The linear baseline, where it was made."""
    return next(iter((training.metrics.baselines or {}).values()), None)


def _told(training: Training, linear: BaselineMetrics, name: str, metric: str) -> str:
    lost = _lost(linear, metric)
    ahead = lost.value < 0
    by = -lost if ahead else lost
    return (
        f"{METRICS[metric].title} {figure(training.metric(metric))}, {name} {figure(linear.metrics[metric].value)} "
        f"({'ahead' if ahead else 'behind'} by {figure(by.value)}, {figure(by.low)} to {figure(by.high)})"
    )


def _worse(training: Training, linear: BaselineMetrics) -> list[str]:
    """The metrics in which the network is behind, by more than noise and by more than is worth a word."""
    return [
        metric
        for metric in _compared(training)
        for lost, gain in [(_lost(linear, metric), _gained(training, linear, metric))]
        if lost.low > _SURELY * gain and lost.value > _BEHIND * gain
    ]


def _lost(linear: BaselineMetrics, metric: str) -> Interval:
    """How far the network is behind, in the metric's unit, whichever way is better."""
    return -METRICS[metric].gain(linear.ours_minus_theirs[metric])


def _gained(training: Training, linear: BaselineMetrics, metric: str) -> float:
    """What the linear model gains over guessing, in the metric's unit."""
    return abs(_guessing(training, metric) - linear.metrics[metric].value)


def _guessing(training: Training, metric: str) -> float:
    """What always the class shares, the most frequent class or the mean give."""
    if metric == "log_loss":
        return _entropy(training)
    if metric == "accuracy":
        return float(training.class_shares.max())
    rmse, r2 = training.metric("rmse") or 0.0, training.metric("r2") or 0.0
    return float(rmse / np.sqrt(1 - r2)) if r2 < 1 else 0.0


def _entropy(training: Training) -> float:
    """The log loss of who always says the class shares."""
    shares = training.class_shares
    return float(-(shares * np.log(shares)).sum())
