"""Charts of how a training went: losses, metric, learning rate, health."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from phoneprice.records import Doubles, Task
from phoneprice.records.curves import Curves, median_of_members
from phoneprice.report.facts import RecipeCurves
from phoneprice.report.svg import Axis, Chart
from phoneprice.wording import counted, figure, number, share

MOST_LINES = 10
"""Members drawn one by one."""


def loss_chart(curves: Curves, note: str = "") -> Chart:
    """Training and validation loss: the members thin, their mean thick, the best epoch marked; ``note`` explains."""
    pair = [curves.train_loss, curves.validation_loss] if curves.validated else [curves.train_loss]
    known = np.concatenate([values[np.isfinite(values)] for values in pair])
    log = is_wide(known)
    chart = Chart(
        "loss",
        "Loss by epoch",
        " ".join(filter(None, [_loss_words(curves), note])),
        _epochs(curves),
        Axis.over(known, "loss (log scale)" if log else "loss", log=log),
    )
    for values, style, label in zip(pair, ("c1", "c2"), ("training", "validation"), strict=False):
        _lines(chart, curves.epochs, values, style, f"{label} loss, mean of members")
    if curves.members > 1:
        chart.key("c1 thin", "one member")
    epoch, value = best_epoch(curves)
    chart.rule((epoch, chart.y.low), (epoch, chart.y.high), "mark", f"best epoch ({epoch})")
    chart.dots([(epoch, value)], "dot c2" if curves.validated else "dot c1", radius=4)
    return chart


def is_wide(known: Doubles) -> bool:
    """Whether losses differ so much that a log scale shows them best."""
    return len(known) > 0 and bool(known.min() > 0) and bool(known.max() > 20 * known.min())


def best_epoch(curves: Curves) -> tuple[int, float]:
    """The epoch with the lowest mean validation (else training) loss, and that loss."""
    mean = mean_of_members(curves.validation_loss if curves.validated else curves.train_loss)
    if not np.isfinite(mean).any():
        return int(curves.epochs[-1]), float("nan")
    best = int(np.nanargmin(mean))
    return int(curves.epochs[best]), float(mean[best])


def _loss_words(curves: Curves) -> str:
    train = mean_of_members(curves.train_loss)
    text = f"Training loss went from {figure(train[0])} to {figure(train[-1])} in {counted(len(train), 'epoch')}."
    if curves.validated:
        epoch, value = best_epoch(curves)
        last = mean_of_members(curves.validation_loss)[-1]
        text += f" Validation loss was lowest after epoch {epoch} ({figure(value)}) and ended at {figure(last)}."
    return text


def metric_chart(task: Task, curves: Curves) -> Chart | None:
    """The metric by epoch on training rows and on held-out ones, both without dropout."""
    name = "RMSE" if task.kind == "regression" else "accuracy"
    measured = {kind: curves.health.get(f"{kind}_{name.lower()}") for kind in ("train", "validation")}
    found = {kind: v[:, :, 0] for kind, v in measured.items() if v is not None and np.isfinite(v).any()}
    if not found:
        return None
    unit = f"RMSE ({task.target})" if name == "RMSE" else "accuracy (share of rows)"
    known = np.concatenate([values[np.isfinite(values)] for values in found.values()])
    chart = Chart(
        "metric",
        f"{name[0].upper()}{name[1:]} by epoch",
        " ".join(_metric_words(curves, values, _TITLES[kind], name) for kind, values in found.items()),
        _epochs(curves),
        Axis.over(known, unit),
    )
    for kind, values in found.items():
        style, title = "c1" if kind == "train" else "c2", _TITLES[kind].lower()
        fresh = _fresh(values)
        _lines(chart, curves.epochs[fresh], values[fresh], style, f"{title} {name}, mean of members")
    if curves.members > 1:
        chart.key("c2 thin" if "validation" in found else "c1 thin", "one member")
    return chart


def _fresh(values: Doubles) -> NDArray[np.bool_]:
    """The epochs that don't only repeat the one before, for want of a measurement; the last one always."""
    changed = (values[1:] != values[:-1]).any(axis=1)
    changed[-1:] = True
    return np.concatenate([[True], changed])


_TITLES = {"train": "Training", "validation": "Validation"}


def _metric_words(curves: Curves, values: Doubles, title: str, name: str) -> str:
    mean = mean_of_members(values)
    best = int(np.nanargmin(mean) if name == "RMSE" else np.nanargmax(mean))
    return f"{title} {name}: {figure(mean[best])} at best (epoch {curves.epochs[best]}), {figure(mean[-1])} at the end."


def rate_chart(curves: Curves) -> Chart:
    """The learning rate."""
    rates = curves.learning_rate
    peak = np.nanmax(rates)
    positive = rates[np.isfinite(rates) & (rates > 0)]
    log = len(positive) > 0 and positive.min() > 0 and peak > 1000 * positive.min() and not (rates == 0).any()
    chart = Chart(
        "rate",
        "Learning rate by epoch",
        f"The learning rate was at most {number(peak)} and ended at {share(np.nanmax(rates[-1]), peak or 1)} of that.",
        _epochs(curves),
        Axis.over(rates.ravel(), "learning rate" + (" (log scale)" if log else ""), log=log, zero=not log),
    )
    for k in range(min(curves.members, MOST_LINES) if (rates != rates[:, :1]).any() else 1):
        chart.steps(_points(curves.epochs, rates[:, k]), "c1", until=chart.x.high)
    return chart


_HEALTH = {
    "gradient_norm": ("Gradient size by layer", "gradient (root mean square)", True),
    "update_ratio": ("Update-to-weight ratio by layer", "step / weights", True),
    "weight_norm": ("Weight size by layer", "weights (root mean square)", True),
    "dead_units": ("Dead rectifiers by hidden layer", "share of units", False),
    "saturated": ("Saturated activations by hidden layer", "share of activations", False),
}


def health_charts(training: RecipeCurves) -> list[Chart]:
    """What was measured of each layer."""
    return [_health_chart(training.curves, training.layers, name) for name in _HEALTH if name in training.curves.health]


def _health_chart(curves: Curves, layers: Sequence[str], name: str) -> Chart:
    title, unit, log = _HEALTH[name]
    values = np.stack([median_of_members(layer) for layer in np.moveaxis(curves.health[name], 2, 0)], 1)
    layers = layers[: values.shape[1]]
    y = Axis.over(values.ravel(), f"{unit}, log scale", log=True) if log else Axis(0, 1, unit)
    last = ", ".join(f"{layer} {figure(value)}" for layer, value in zip(layers, values[-1], strict=True))
    chart = Chart(name, title, f"Median of the members; at the end: {last}.", _epochs(curves), y)
    for i in shown_layers(len(layers)):
        chart.line(_points(curves.epochs, values[:, i]), f"c{i % 8 + 1}", layers[i])
    return chart


def shown_layers(count: int, most: int = 8) -> Sequence[int]:
    """The layers to draw: all, or evenly spaced ones of many, first and last included."""
    if count <= most:
        return range(count)
    return sorted({round(i) for i in np.linspace(0, count - 1, most)})


def _epochs(curves: Curves) -> Axis:
    last = float(curves.epochs[-1])
    return Axis(min(1.0, last - 1), last, "epoch")


def _lines(chart: Chart, epochs: NDArray[np.int64], values: Doubles, style: str, label: str) -> None:
    members = values.shape[1]
    if members > 1:
        for k in range(min(members, MOST_LINES)):
            chart.line(_points(epochs, values[:, k]), f"{style} thin")
    else:
        label = label.removesuffix(", mean of members")
    chart.line(_points(epochs, mean_of_members(values)), style, label)


def _points(epochs: NDArray[np.int64], values: Doubles) -> list[tuple[float, float]]:
    return list(zip(epochs.astype(float).tolist(), values.tolist(), strict=True))


def mean_of_members(values: Doubles) -> Doubles:
    """One value per epoch: ``(E, K)`` to ``(E,)``, over the members that have a value."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=1)
    return np.asarray(np.divide(total, known.sum(axis=1), out=np.full(len(values), np.nan), where=known.any(axis=1)))
