"""Networks that are held back too much, or too little."""

from __future__ import annotations

import numpy as np

from phoneprice.components.penalties import Adaptive
from phoneprice.diagnosis import remedies
from phoneprice.diagnosis.check import MEASURED, Fault, Seen, check
from phoneprice.diagnosis.training import Training
from phoneprice.wording import figure, share


@check(
    "heavy_dropout",
    "dropout",
    threshold="at most 0.75",
    source="Srivastava et al. 2014, section 7.3 and appendix A.4: keep 50% to 80% of hidden units, 80% of inputs",
)
def heavy_dropout(training: Training) -> Seen:
    """Most of a layer is left out at every step."""
    model, config = training.config.model, training.config
    rate = max((*model.layer_dropout, model.input_dropout))
    inputs = rate not in model.layer_dropout
    measured = f"model.{'input_dropout' if inputs else 'dropout'} = {rate:g}"
    if rate <= 0.75:
        return Seen(measured)
    return Seen(
        f"{measured}; training loss {figure(training.train_loss[-1])}",
        Fault(
            f"Dropout leaves out {rate:.0%} of the {'inputs' if inputs else 'hidden units'} at every step: too little "
            "is left to learn with.",
            remedies.usual_input_dropout(config) if inputs else remedies.usual_dropout(config),
        ),
    )


@check(
    "heavy_weight_decay",
    "weight decay",
    threshold="below 1, or weights that keep half of their size",
    source="Krogh and Hertz 1992; Loshchilov and Hutter 2019, appendix B: useful values are below 0.1",
)
def heavy_weight_decay(training: Training) -> Seen:
    """A strong decay, and weights that shrank."""
    decay, left = training.config.optimizer.weight_decay, training.left_of_weights
    if not decay or not left.size:
        return Seen(f"optimizer.weight_decay = {decay:g}")
    least = float(np.min(left, initial=1.0, where=np.isfinite(left)))
    measured = f"optimizer.weight_decay = {decay:g}; a layer's weights ended at {share(least)} of their largest size"
    if decay < 1 or least > 0.5:
        return Seen(measured)
    summary = "Weight decay pulls the hidden layers' weights to zero faster than the loss can hold them."
    return Seen(measured, Fault(summary, remedies.usual_decay(training.config)))


@check(
    "heavy_penalty",
    "penalty on the weights",
    threshold="strengths below 10, or something learned (5% of the guessing loss)",
    source=f"the recipes have 0.1 to 0.7 (configs/README.md); {MEASURED}",
)
def heavy_penalty(training: Training) -> Seen | None:
    """A penalty so strong that the loss doesn't count."""
    penalty = training.config.penalty
    if not isinstance(penalty, Adaptive):
        return None
    strength = max(penalty.skip, penalty.inputs, penalty.outputs)
    measured = f"strengths up to {strength:g}; {share(training.learned)} of the guessing loss is gone"
    if strength < 10 or training.learned > 0.05:
        return Seen(measured)
    summary = "The penalty removes the weights, and with them all that was to be learned."
    return Seen(measured, Fault(summary, remedies.no_penalty(training.config)))


@check(
    "overfitting",
    "training against validation loss",
    threshold="a gap below 10% of the guessing loss or below the training loss, and a validation loss that rose by "
    "less than 3% of the guessing loss; beyond their noise",
    # Healthy: gaps to 8%, rises to 2.1%; learned by heart: gaps from 11%.
    source=f"Prechelt 1998, section 2; Goodfellow, Bengio and Courville 2016, section 7.8; shares {MEASURED}",
)
def overfitting(training: Training) -> Seen | None:
    """Training rows that were learned by heart."""
    if not training.curves.validated:
        return None
    loss, unit, noise = training.loss, training.guessing_loss, _noise(training)
    best = int(np.nanargmin(loss))
    # With early stopping the best weights count, not the last ones.
    end = best if training.config.training.early_stopping.patience_epochs else len(loss) - 1
    last, other = float(training.train_loss[end]), float(loss[end])
    gap, rise = other - last, other - float(loss[best])
    measured = (
        f"training loss {figure(last)}, validation loss {figure(other)} (+- {figure(noise)}), lowest "
        f"{figure(loss[best])} after epoch {best + 1} of {len(loss)}"
    )
    apart = gap > max(0.1 * unit, last, noise)
    rose = rise > 0.03 * unit and gap > max(0.05 * unit, noise)
    if not (apart or rose):
        return Seen(measured)
    config = training.config
    # What is normalised has the same outputs whatever the size of its weights (van Laarhoven 2017).
    milder = (remedies.usual_decay(config), remedies.usual_dropout(config))
    normalised = config.model.normalization.name != "none"
    remedy = remedies.first_of(*(milder[::-1] if normalised else milder), remedies.stop_early(config))
    summary = "The network learned its training rows by heart: on other rows it is far worse."
    return Seen(measured, Fault(summary, remedy))


def _noise(training: Training) -> float:
    """Half the 95% interval of the last validation loss: of its members' mean, or of the metric where there are few."""
    last = training.curves.validation_loss[-1]
    known = last[np.isfinite(last)]
    if len(known) > 2:
        return float(2 * known.std(ddof=1) / np.sqrt(len(known)))
    found = training.metrics.metrics.get("log_loss") or training.metrics.metrics.get("rmse")
    if found is None or not found.value:
        return 0.0
    relative = (found.high - found.low) / 2 / found.value
    return float(training.loss[-1] * relative * (2 if "rmse" in training.metrics.metrics else 1))
