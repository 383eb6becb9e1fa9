"""Layers that let nothing through: too narrow, dead, or normalised by next to no rows."""

from __future__ import annotations

import numpy as np

from phoneprice.components.normalization import BatchNorm
from phoneprice.diagnosis import remedies
from phoneprice.diagnosis.check import MEASURED, Fault, Seen, check
from phoneprice.diagnosis.training import Training
from phoneprice.wording import counted

_ENOUGH_UNITS = 16
"""In a layer that was too narrow."""
_DEEP = 4
"""More hidden layers than this."""
_MOST_DEAD = 0.4
"""Of a layer's units."""


@check(
    "tiny_batch_norm",
    "rows a batch is normalised by",
    threshold="more than 4",
    source="Wu and He 2018, figure 1: the error rises steeply below 8 rows; Ioffe and Szegedy 2015",
)
def tiny_batch_norm(training: Training) -> Seen | None:
    """Batch normalisation over a handful of rows."""
    rows, setting = training.batch_rows, training.config.training.batch_rows
    if not isinstance(training.config.model.normalization, BatchNorm):
        return None
    measured = f"{counted(rows, 'row')}, training.batch_rows = {setting}"
    if rows > 4:
        return Seen(measured)
    why = "a batch of one row has no variance at all" if rows == 1 else "its mean and variance are mostly noise"
    summary = f"Batch normalisation with {counted(rows, 'row')} a batch can't work: {why}."
    return Seen(measured, Fault(summary, "model.normalization.name=layer_norm"))


@check(
    "narrow_layer",
    "narrowest hidden layer",
    threshold="2 or more, and one for each class but one",
    source=f"the rank of what gets through is at most the width (Goodfellow et al. 2016, section 2.7); {MEASURED}",
)
def narrow_layer(training: Training) -> Seen | None:
    """A hidden layer through which too few numbers get, and no path beside it."""
    widths, classes = training.config.model.hidden, len(training.schema.labels)
    if not widths or training.config.model.skip:
        return None
    measured, least = counted(min(widths), "unit"), 2 if training.config.loss.ordered else max(2, classes - 1)
    if min(widths) >= least:
        return Seen(measured)
    summary = f"Hidden layer {widths.index(min(widths)) + 1} is a bottleneck: hardly anything gets through it."
    return Seen(measured, Fault(summary, remedies.wider_layers(training.config, _ENOUGH_UNITS)))


@check(
    "dead_units",
    "dead hidden units",
    threshold=f"at most {_MOST_DEAD:.0%} of a layer, unless a penalty or weight decay removes them",
    source="Karpathy, CS231n notes, Neural Networks 1 (40% where the rate is too high); Lu et al. 2020",
)
def dead_units(training: Training) -> Seen | None:
    """Rectifiers that can't learn any more."""
    dead = training.hidden("dead_units")
    if not dead.size:
        return None
    # What a penalty or decay has removed was no use, and has no weights left to learn with.
    removed = (training.left_of_weights < 0.2) | training.config.penalty.active
    last = np.where(removed, 0, dead[-1])
    worst = int((last if last.max() > _MOST_DEAD else dead[-1]).argmax())
    measured = f"{dead[-1, worst]:.0%} of hidden layer {worst + 1}, {dead[0, worst]:.0%} after the first epoch"
    if not last[worst] > _MOST_DEAD:
        gone = removed[worst] and dead[-1, worst] > _MOST_DEAD
        return Seen(f"{measured}; removed by penalty or weight decay" if gone else measured)
    config = training.config
    # Rectifiers die of depth alone (Lu et al. 2020, theorem 1): then those of another kind are little better.
    shallower = remedies.fewer_layers(config) if len(config.model.hidden) > _DEEP else ""
    remedy = remedies.first_of(shallower, remedies.no_dead_units(config), remedies.lower_rate(config))
    summary = f"Many rectifiers of hidden layer {worst + 1} are zero on every row and can't learn any more."
    return Seen(measured, Fault(summary, remedy))
