"""Gradients and activations on their way through the layers: too large, too small, or stuck."""

from __future__ import annotations

import numpy as np

from phoneprice.diagnosis.check import Seen, check
from phoneprice.diagnosis.training import Training


@check(
    "exploding_gradients",
    source="Pascanu et al. 2013; Glorot and Bengio 2010",
    explains=("vanishing_gradients", "saturated_units", "learned_nothing", "too_short"),
)
def exploding_gradients(training: Training) -> Seen | None:
    """The first layer's gradient is over a thousand times the last one's."""
    ratio = _gradient_ratio(training, 0.75)
    if ratio is None or ratio <= 1e3:
        return None
    return Seen(
        "The gradients explode: the first hidden layers get far larger ones than the last.",
        f"{len(training.config.model.hidden)} hidden layers; first layer's gradient {ratio:.1e} times the last one's",
        training.first_untried("model.normalization.name=batch_norm", _fewer_layers(training))
        if training.config.training.gradient_clip_norm
        else "training.gradient_clip_norm=1",
    )


@check(
    "vanishing_gradients",
    source="Glorot and Bengio 2010, section 4.2; Bengio et al. 1994",
    explains=("saturated_units", "learned_nothing", "too_short"),
)
def vanishing_gradients(training: Training) -> Seen | None:
    """The first layer's gradient is under a thousandth of the last one's."""
    ratio = _gradient_ratio(training, 0.25)
    if ratio is None or ratio >= 1e-3:
        return None
    layers, activation = len(training.config.model.hidden), training.config.model.activation
    remedies = ("model.normalization.name=batch_norm", "model.init.name=kaiming_normal", _fewer_layers(training))
    return Seen(
        "The gradients vanish on their way back: the first hidden layers learn next to nothing.",
        f"{layers} hidden layers of {activation.name}; first layer's gradient {ratio:.1e} times the last one's",
        "model.activation.name=relu" if activation.saturates else training.first_untried(*remedies),
    )


def _gradient_ratio(training: Training, quantile: float) -> float | None:
    """Gradient of the first hidden layer over that of the last one; None for less than two layers.

    A quantile over epochs, a quarter from the end that counts: Adam can drag a network out of it, late. A penalty on
    the inputs pulls the first layer without passing through the others, so the second one stands for it.
    """
    penalised = getattr(training.config.penalty, "inputs", 0.0) > 0
    gradients = training.hidden("gradient_norm")[:, penalised:]
    if gradients.shape[1] < 2:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = gradients[:, 0] / gradients[:, -1]
    ratios = ratios[np.isfinite(ratios)]
    return float(np.quantile(ratios, quantile)) if len(ratios) else None


def _fewer_layers(training: Training) -> str:
    widths = training.config.model.hidden
    return f"model.hidden=[{','.join(map(str, widths[: (len(widths) + 1) // 2]))}]"


@check(
    "dead_units",
    source="Karpathy, CS231n notes, Neural Networks 1 (40% where the rate is too high); Lu et al. 2020; Maas et al. "
    "2013",
    explains=("learned_nothing",),
)
def dead_units(training: Training) -> Seen | None:
    """Rectifiers that are zero on every row."""
    dead = training.hidden("dead_units")
    if not dead.size:
        return None
    last = np.where(training.switched_off, 0, dead[-1])
    worst = int(last.argmax())
    if not last[worst] > 0.4:
        return None
    slower = f"optimizer.lr={training.config.optimizer.lr / 10:g}"
    return Seen(
        f"Many rectifiers of hidden layer {worst + 1} are zero on every row and can't learn any more.",
        f"{last[worst]:.0%} of its units are dead, {dead[0, worst]:.0%} were after the first epoch",
        slower if dead[0, worst] < 0.4 else training.first_untried("model.activation.name=leaky_relu", slower),
    )


@check("saturated_units", source="Glorot and Bengio 2010, section 3", explains=("learned_nothing",))
def saturated_units(training: Training) -> Seen | None:
    """Bounded activations that stand at a bound."""
    shares = training.hidden("saturated")
    if not shares.size:
        return None
    worst = int(shares[-1].argmax())
    first, last = shares[0, worst], shares[-1, worst]
    if not last > 0.5:
        return None
    remedy = "model.init.name=xavier_normal" if first > 0.5 else "optimizer.weight_decay=0.001"
    return Seen(
        f"Hidden layer {worst + 1} is saturated: most of its activations are at a bound, where the gradient is zero.",
        f"{last:.0%} of its {training.config.model.activation.name} activations are within 2.5% of a bound",
        training.first_untried(remedy, f"optimizer.lr={training.config.optimizer.lr / 10:g}"),
    )
