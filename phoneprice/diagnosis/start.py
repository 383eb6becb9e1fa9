"""What is wrong from the first step on: scaling, initialisation, batch normalisation of next to no rows."""

from __future__ import annotations

import math

import numpy as np

from phoneprice.components.normalization import BatchNorm
from phoneprice.diagnosis.check import Seen, check
from phoneprice.diagnosis.training import Training
from phoneprice.records import Floats
from phoneprice.wording import counted, noun, number, share

_MOST_UNITS = 512
"""Units of a layer that are compared with each other."""


@check(
    "standing_alone",
    source="Tukey 1977, Exploratory Data Analysis, section 2D: what is far out is looked at first",
    explains=(
        "diverged",
        "learning_rate_too_high",
        "loss_spikes",
        "learned_nothing",
        "dead_units",
        "overfitting",
        "too_short",
    ),
)
def standing_alone(training: Training) -> Seen | None:
    """Single cells many times as far out as all others, unless nothing comes from them."""
    data = training.config.data
    found = {c.name: c.alone for c in training.schema.columns if c.alone}
    if not found or (data.scaling == "robust" and data.clip_inputs):
        return None
    name = max(found, key=lambda column: found[column].times)
    more = f" ({counted(len(found) - 1, 'more column')} like it)" if len(found) > 1 else ""
    cells = sum(alone.cells for alone in found.values())
    return Seen(
        f"{noun(cells, 'A cell is', 'Some cells are')} far from all others: correct it where it is a mistake.",
        f"{name}: {found[name].message}{more}",
        training.first_untried("data.scaling=robust", "data.clip_inputs=true"),
    )


@check(
    "tiny_batch_norm",
    source="Wu and He 2018, figure 1: the error rises steeply below 8 rows; Ioffe and Szegedy 2015",
    explains=("learned_nothing", "overfitting", "loss_spikes", "too_short", "dead_units", "learning_rate_too_low"),
)
def tiny_batch_norm(training: Training) -> Seen | None:
    """Batch normalisation over a handful of rows."""
    rows, setting = training.batch_rows, training.config.training.batch_rows
    if not isinstance(training.config.model.normalization, BatchNorm) or rows > 4:
        return None
    alone = "a batch of one row has no variance at all" if rows == 1 else "its mean and variance are mostly noise"
    return Seen(
        f"Batch normalisation with {counted(rows, 'row')} a batch can't work: {alone}.",
        f"training.batch_rows = {setting}",
        # A table of so few rows gives no larger batch.
        "training.batch_rows=64" if setting <= 4 else "model.normalization.name=none",
    )


@check(
    "unscaled_inputs",
    source="LeCun et al. 1998, Efficient BackProp, section 4.3",
    explains=("learned_nothing", "loss_spikes", "dead_units", "saturated_units", "learning_rate_too_high", "too_short"),
)
def unscaled_inputs(training: Training) -> Seen | None:
    """Columns of very different ranges that nobody brings to one."""
    if training.config.data.scaling != "none":
        return None
    ranges = {c.name: c.high - c.low for c in training.schema.columns if c.low is not None and c.high is not None}
    ranges = {name: width for name, width in ranges.items() if width > 0}
    if not ranges:
        return None
    widest, narrowest = max(ranges, key=ranges.__getitem__), min(ranges, key=ranges.__getitem__)
    if ranges[widest] <= 100 * min(ranges[narrowest], 1.0):
        return None
    return Seen(
        "The inputs are not scaled, and some are far larger than others: no learning rate fits them all.",
        f"{widest} spans {number(ranges[widest])}, {narrowest} {number(ranges[narrowest])}",
        "data.scaling=standard",
    )


@check(
    "symmetric_units",
    source="Goodfellow, Bengio and Courville 2016, section 8.4",
    # With equal weights, of zero above all, the layers' gradients differ by any factor, either way.
    explains=(
        "dead_units",
        "learned_nothing",
        "vanishing_gradients",
        "exploding_gradients",
        "learning_rate_too_low",
        "too_short",
    ),
)
def symmetric_units(training: Training) -> Seen | None:
    """Units that started equal and stayed equal."""
    init, depth = training.config.model.init, len(training.config.model.hidden)
    # Dropout pulls units apart that started alike, but slowly.
    closest = 1e-3 if getattr(init, "breaks_symmetry", True) else 0.2
    distances = [_typical_distance(training.parameters[f"hidden.{i}.weight"]) for i in range(depth)]
    layers = [i for i, distance in enumerate(distances) if distance < closest]
    if not layers:
        return None
    scheme = "kaiming" if training.config.model.activation.rectifier else "xavier"
    which = "all hidden layers" if len(layers) == depth else f"hidden layer {layers[0] + 1}"
    return Seen(
        f"The units of {which} are copies of each other, or nearly: they started equal and got equal gradients.",
        f"model.init = {init.name}; after training the weights of a unit and its nearest neighbour differ by "
        f"{share(distances[layers[0]])}",
        training.first_untried(f"model.init.name={scheme}_normal", f"model.init.name={scheme}_uniform"),
    )


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
