"""Networks that are held back too much, or too little."""

from __future__ import annotations

import numpy as np

from phoneprice.diagnosis.check import Seen, check
from phoneprice.diagnosis.training import Training
from phoneprice.wording import figure, share


@check(
    "heavy_dropout",
    source="Srivastava et al. 2014, section 7.3 and appendix A.4: keep 50% to 80% of hidden units, 80% of inputs",
    explains=("learned_nothing", "too_short", "loss_spikes"),
)
def heavy_dropout(training: Training) -> Seen | None:
    """Most of a layer is left out at every step."""
    model = training.config.model
    rate = max((*model.layer_dropout, model.input_dropout))
    if rate <= 0.75:
        return None
    inputs = rate not in model.layer_dropout
    key = "model.input_dropout" if inputs else "model.dropout"
    return Seen(
        f"Dropout leaves out {rate:.0%} of the {'inputs' if inputs else 'hidden units'} at every step: too little is "
        "left to learn with.",
        f"{key} = {rate:g}; training loss {figure(training.train_loss[-1])}",
        f"{key}=0.2",
    )


@check(
    "heavy_weight_decay",
    source="Krogh and Hertz 1992; Loshchilov and Hutter 2019, appendix B: useful values are below 0.1",
    explains=("dead_units", "learned_nothing", "vanishing_gradients", "too_short", "loss_spikes"),
)
def heavy_weight_decay(training: Training) -> Seen | None:
    """A strong decay, and weights that shrank."""
    decay, sizes = training.config.optimizer.weight_decay, training.hidden("weight_norm")
    if decay < 1 or not sizes.size:
        return None
    left = float(np.nanmin(sizes[-1] / np.nanmax(sizes, axis=0)))
    if left > 0.5:
        return None
    return Seen(
        "Weight decay pulls the hidden layers' weights to zero faster than the loss can hold them.",
        f"optimizer.weight_decay = {decay:g}; the weights shrank to {share(left)} of their largest size",
        "optimizer.weight_decay=0.01",
    )


@check(
    "learned_nothing",
    source="Goodfellow, Bengio and Courville 2016, section 11.2: compare with a trivial baseline first",
)
def learned_nothing(training: Training) -> Seen | None:
    """No better than always the mean, or always the class shares."""
    r2, shares = training.metric("r2"), training.class_shares
    log_loss, accuracy = training.metric("log_loss"), training.metric("accuracy")
    if r2 is not None:
        useless = r2 < 0.02
        evidence = f"R2 is {figure(r2)}; always the mean gives 0"
    elif log_loss is not None and accuracy is not None and len(shares):
        usual = float(-(shares * np.log(shares)).sum())
        # Overconfident predictions can be right and still have a large log loss.
        useless = log_loss > 0.98 * usual and accuracy < shares.max() + 0.05
        evidence = f"log loss is {figure(log_loss)}; always the class shares give {figure(usual)}"
    else:
        return None
    if not useless:
        return None
    return Seen(
        "The network predicts no better than somebody who has not seen the inputs.",
        f"{evidence}; `phoneprice data check` may show why",
        f"optimizer.lr={training.config.optimizer.lr / 10:g}",
    )


@check("overfitting", source="Prechelt 1998, section 2; Goodfellow, Bengio and Courville 2016, section 7.8")
def overfitting(training: Training) -> Seen | None:
    """The loss on other rows rose again for long, and nothing stopped it."""
    if not training.curves.validated or training.config.training.early_stopping.patience_epochs:
        return None
    loss, train_loss = training.loss, training.train_loss[-1]
    best = int(np.nanargmin(loss))
    rose, gap = loss[-1] / loss[best] - 1, loss[-1] - train_loss
    if rose < 0.3 or gap < 0.5 * loss[-1] or best > 0.8 * len(loss):
        return None
    stop = "training.early_stopping.patience_epochs=20"
    return Seen(
        "The network learned its training rows by heart: on other rows it has been getting worse for long.",
        f"validation loss was lowest ({figure(loss[best])}) after epoch {best + 1} of {len(loss)} and ended at "
        f"{figure(loss[-1])}; training loss {figure(train_loss)}",
        training.first_untried("model.dropout=0.5", stop) if any(training.config.model.layer_dropout) else stop,
    )
