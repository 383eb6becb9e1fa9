"""Charts of how a training went: losses, metric, learning rate, health."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phoneprice.records import Doubles, Task
from phoneprice.records.curves import Curves, median_of_members
from phoneprice.report.facts import RecipeCurves
from phoneprice.report.svg import Axis, Chart
from phoneprice.wording import counted, figure, number

MOST_LINES = 10
"""Members drawn one by one."""


def loss_chart(curves: Curves) -> Chart:
    """Training and validation loss: the members thin, their mean thick, the best epoch marked."""
    pair = [curves.train_loss, curves.validation_loss] if curves.validated else [curves.train_loss]
    known = np.concatenate([values[np.isfinite(values)] for values in pair])
    log = is_wide(known)
    chart = Chart(
        "loss",
        "Loss by epoch",
        _loss_words(curves),
        _epochs(curves),
        Axis.over(known, "loss (log scale)" if log else "loss", log=log),
    )
    for values, style, label in zip(pair, ("c1", "c2"), ("training", "validation"), strict=False):
        _lines(chart, curves, values, style, f"{label} loss, mean of members")
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
    """The metric on validation rows by epoch."""
    name = "RMSE" if task.kind == "regression" else "accuracy"
    values = curves.health.get(f"validation_{name.lower()}")
    if values is None or not np.isfinite(values).any():
        return None
    values = values[:, :, 0]
    unit = f"RMSE ({task.target})" if name == "RMSE" else "accuracy (share of rows)"
    mean = mean_of_members(values)
    best = int(np.nanargmin(mean) if name == "RMSE" else np.nanargmax(mean))
    chart = Chart(
        "metric",
        f"Validation {name} by epoch",
        f"Validation {name}, mean of members: {figure(mean[best])} at best (epoch {curves.epochs[best]}), "
        f"{figure(mean[-1])} at the end.",
        _epochs(curves),
        Axis.over(values[np.isfinite(values)], unit),
    )
    _lines(chart, curves, values, "c2", f"validation {name}, mean of members")
    if curves.members > 1:
        chart.key("c2 thin", "one member")
    return chart


def rate_chart(curves: Curves) -> Chart:
    """The learning rate."""
    rates = curves.learning_rate
    peak = np.nanmax(rates)
    positive = rates[np.isfinite(rates) & (rates > 0)]
    log = len(positive) > 0 and positive.min() > 0 and peak > 1000 * positive.min() and not (rates == 0).any()
    chart = Chart(
        "rate",
        "Learning rate by epoch",
        f"The learning rate was at most {number(peak)} and ended at {number(float(np.nanmax(rates[-1])))}.",
        _epochs(curves),
        Axis.over(rates.ravel(), "learning rate" + (" (log scale)" if log else ""), log=log, zero=not log),
    )
    for k in range(min(curves.members, MOST_LINES) if (rates != rates[:, :1]).any() else 1):
        chart.line(_points(curves, rates[:, k]), "c1")
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
        chart.line(_points(curves, values[:, i]), f"c{i % 8 + 1}", layers[i])
    return chart


def shown_layers(count: int, most: int = 8) -> Sequence[int]:
    """The layers to draw: all, or evenly spaced ones of many, first and last included."""
    if count <= most:
        return range(count)
    return sorted({round(i) for i in np.linspace(0, count - 1, most)})


def _epochs(curves: Curves) -> Axis:
    last = float(curves.epochs[-1])
    return Axis(min(1.0, last - 1), last, "epoch")


def _lines(chart: Chart, curves: Curves, values: Doubles, style: str, label: str) -> None:
    if curves.members > 1:
        for k in range(min(curves.members, MOST_LINES)):
            chart.line(_points(curves, values[:, k]), f"{style} thin")
    else:
        label = label.removesuffix(", mean of members")
    chart.line(_points(curves, mean_of_members(values)), style, label)


def _points(curves: Curves, values: Doubles) -> list[tuple[float, float]]:
    return list(zip(curves.epochs.astype(float).tolist(), values.tolist(), strict=True))


def mean_of_members(values: Doubles) -> Doubles:
    """One value per epoch: ``(E, K)`` to ``(E,)``, over the members that have a value."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=1)
    return np.asarray(np.divide(total, known.sum(axis=1), out=np.full(len(values), np.nan), where=known.any(axis=1)))
