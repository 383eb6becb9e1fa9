"""What is wrong before the first step: scaling and initialisation."""

from __future__ import annotations

import math

import numpy as np

from phoneprice.diagnosis import remedies
from phoneprice.diagnosis.check import MEASURED, Fault, Seen, check
from phoneprice.diagnosis.training import Training
from phoneprice.records import Floats
from phoneprice.wording import counted, figure, noun, number, share

_MOST_UNITS = 512
"""Units of a layer that are compared with each other."""


@check(
    "standing_alone",
    "cells far from all others",
    threshold="none, or data.scaling = robust with data.clip_inputs",
    source="Tukey 1977, Exploratory Data Analysis, section 2D: what is far out is looked at first",
)
def standing_alone(training: Training) -> Seen:
    """Single cells many times as far out as all others, unless nothing comes from them."""
    found = {c.name: c.alone for c in training.schema.columns if c.alone}
    if not found:
        return Seen("none")
    name = max(found, key=lambda column: found[column].times)
    more = f" ({counted(len(found) - 1, 'more column')} like it)" if len(found) > 1 else ""
    cells, remedy = sum(alone.cells for alone in found.values()), remedies.robust_inputs(training.config)
    summary = f"{noun(cells, 'A cell is', 'Some cells are')} far from all others: correct it where it is a mistake."
    return Seen(f"{name}: {found[name].message}{more}", Fault(summary, remedy) if remedy else None)


@check(
    "unscaled_inputs",
    "scaling of the inputs",
    threshold="data.scaling other than none, or ranges within a factor of 100",
    source="LeCun et al. 1998, Efficient BackProp, section 4.3",
)
def unscaled_inputs(training: Training) -> Seen:
    """Columns of very different ranges that nobody brings to one."""
    scaling = training.config.data.scaling
    if scaling != "none":
        return Seen(f"data.scaling = {scaling}")
    ranges = {c.name: c.high - c.low for c in training.schema.columns if c.low is not None and c.high is not None}
    ranges = {name: width for name, width in ranges.items() if width > 0}
    if not ranges:
        return Seen("no numbers")
    widest, narrowest = max(ranges, key=ranges.__getitem__), min(ranges, key=ranges.__getitem__)
    measured = f"{widest} spans {number(ranges[widest])}, {narrowest} {number(ranges[narrowest])}"
    if ranges[widest] <= 100 * min(ranges[narrowest], 1.0):
        return Seen(measured)
    summary = "The inputs are not scaled, and some are far larger than others: no learning rate fits them all."
    return Seen(measured, Fault(summary, remedies.scale_inputs(training.config)))


@check(
    "symmetric_units",
    "difference between hidden units",
    threshold="more than 0.1% of their weights (20% where all started equal)",
    source="Goodfellow, Bengio and Courville 2016, section 8.4",
)
def symmetric_units(training: Training) -> Seen | None:
    """Units that started equal and stayed equal."""
    init, depth = training.config.model.init, len(training.config.model.hidden)
    if not depth:
        return None
    # Dropout pulls units apart that started alike, but slowly.
    closest = 1e-3 if getattr(init, "breaks_symmetry", True) else 0.2
    distances = [_typical_distance(training.parameters[f"hidden.{i}.weight"]) for i in range(depth)]
    layers = [i for i, distance in enumerate(distances) if distance < closest]
    least = min(distances)
    if not layers:
        return Seen(f"the nearest of a layer differ by {share(least)}" if math.isfinite(least) else "one unit a layer")
    which = "all hidden layers" if len(layers) == depth else f"hidden layer {layers[0] + 1}"
    return Seen(
        f"model.init = {init.name}; after training the weights of a unit and its nearest neighbour differ by "
        f"{share(distances[layers[0]])}",
        Fault(
            f"The units of {which} are copies of each other, or nearly: they started equal and got equal gradients.",
            remedies.usual_start(training.config),
        ),
    )


@check(
    "exploding_start",
    "size of the first weights",
    threshold="a first loss below 5 times that of guessing, activations that spread under 10 times as far as inputs",
    # Healthy: loss 0.99 to 2.4 times, spread 0.57 to 1.1; broken: loss from 14, spread from 35.
    source=f"Glorot and Bengio 2010, section 4.2; He et al. 2015, section 2.2; factors {MEASURED}",
)
def exploding_start(training: Training) -> Seen | None:
    """First weights so large that the network begins with huge outputs, which it has to forget first."""
    spread = training.at_the_start("spread")
    if not spread.size:
        return None
    loss, guess, widest = training.first_loss, training.guessing_loss, float(spread.max())
    measured = (
        f"the loss begins at {figure(loss)}, guessing has {figure(guess)}; activations spread {figure(widest)} times "
        "as far as inputs"
    )
    if math.isfinite(loss) and not loss >= 5 * guess and widest < 10:
        return Seen(measured)
    remedy = remedies.first_of(remedies.usual_start(training.config), remedies.normalise(training.config))
    summary = "The first weights are far too large: the training begins with huge outputs and has to undo them."
    return Seen(f"model.init = {training.config.model.init.name}; {measured}", Fault(summary, remedy))


@check(
    "saturated_start",
    "activations at a bound",
    threshold="before the first step, at most half of a layer",
    source="Glorot and Bengio 2010, section 3",
)
def saturated_start(training: Training) -> Seen | None:
    """Bounded activations that begin at a bound, where the gradient is zero."""
    shares = training.at_the_start("saturated")
    if not shares.size:
        return None
    worst = int(shares.argmax())
    name = training.config.model.activation.name
    measured = f"{shares[worst]:.0%} of the {name} activations of hidden layer {worst + 1} within 2.5% of a bound"
    if shares[worst] <= 0.5:
        return Seen(measured)
    remedy = remedies.first_of(remedies.usual_start(training.config), remedies.normalise(training.config))
    summary = f"Hidden layer {worst + 1} begins saturated: most of its activations are where the gradient is zero."
    return Seen(measured, Fault(summary, remedy))


@check(
    "vanishing_gradients",
    "gradients through the layers",
    threshold="before the first step: the first layer's gradient above 2% of the last one's, the last layer's spread "
    "above 1% of the inputs'",
    # Healthy: gradients 0.4 to 1.2, spread from 0.57; broken: gradients to 0.017 or spread to 0.0006.
    source=f"Glorot and Bengio 2010, section 4.2; Bengio et al. 1994; shares {MEASURED}",
)
def vanishing_gradients(training: Training) -> Seen | None:
    """What becomes too small on its way: forward because of small weights, back because of depth and activation."""
    spread = training.at_the_start("spread")
    if not spread.size:
        return None
    back, forth = _gradient_ratio(training), float(spread[-1])
    layers, config = len(spread), training.config
    measured = f"{counted(layers, 'hidden layer')} of {config.model.activation.name}; "
    if math.isfinite(back):
        measured += f"the first one's gradient is {figure(back)} times the last one's; "
    measured += f"{figure(forth)} of the inputs' spread is left in the last"
    weak = forth < 0.01 and float((training.at_the_start("weight_norm") / training.usual_sizes).min()) < 0.25
    # Who has got out of it by itself needs nothing: with a fifth of the guessing loss left no remedy helped.
    lost = (back < 0.02 or forth < 1e-3) and training.loss[-1] > 0.2 * training.guessing_loss
    if weak:
        summary = "The first weights are far too small: hardly anything of the inputs gets through the layers."
        return Seen(measured, Fault(summary, remedies.usual_start(config) or remedies.normalise(config)))
    if not lost:
        return Seen(measured)
    summary = "The gradients vanish on their way back: the first hidden layers learn next to nothing."
    helped = (remedies.normalise(config), remedies.no_saturation(config), remedies.fewer_layers(config))
    return Seen(
        measured, Fault(summary, remedies.first_of(*(helped if config.model.activation.saturates else helped[::-1])))
    )


def _gradient_ratio(training: Training) -> float:
    """The first hidden layer's first gradient over the last one's; NaN where the last layer is silent, or alone."""
    gradients = training.at_the_start("gradient_norm")
    return float(gradients[0] / gradients[-1]) if len(gradients) > 1 and gradients[-1] > 0 else math.nan


def _typical_distance(weight: Floats) -> float:
    """How far a unit's weights are from its most similar neighbour's, relative to both; median over units.

    ``weight`` ``(K, in, width)``; median over members. Infinite for a single unit.
    """
    if weight.shape[2] < 2:
        return math.inf
    return float(np.median([_nearest(member.T.astype(np.float64)) for member in weight]))


def _nearest(units: Floats) -> float:
    """The same for one member's ``units`` ``(width, in)``."""
    units = units[:_MOST_UNITS]
    squares = (units**2).sum(axis=1)
    norms = np.sqrt(squares)
    if not norms.any():
        return 0.0
    gaps = np.sqrt(np.maximum(squares[:, None] + squares - 2 * units @ units.T, 0))
    relative = gaps / np.maximum(norms[:, None] + norms, np.finfo(np.float64).tiny)
    np.fill_diagonal(relative, np.inf)
    return float(np.median(relative.min(axis=1)))
