"""Charts of several trainings side by side: a line each, all on one scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Doubles
from phoneprice.records.comparison import Compared, Comparison
from phoneprice.records.curves import Curves, median_of_members
from phoneprice.report.svg import Axis, Chart
from phoneprice.report.training_charts import is_wide, mean_of_members
from phoneprice.wording import counted, figure

MOST_LINES = 8
"""Trainings that are drawn: as many as there are inks."""
FAR_ABOVE = 10
"""Times the median over the curves of their largest loss: what is above has no part in the scale."""
Drawn = Sequence[tuple[str, Compared]]
"""Trainings, each behind the style of its lines."""


def drawn(comparison: Comparison) -> Drawn:
    """The trainings to draw: all, or of many the base and the best by the first metric; each keeps its style."""
    base, metric = comparison.trainings[comparison.base], METRICS[comparison.metrics[0]]

    def rank(own: Compared) -> tuple[bool, float]:
        worse = math.inf
        if metric.name in own.metrics:
            value = own.metrics[metric.name].value
            worse = -value if metric.better == "higher" else value
        return own is not base, worse

    chosen = sorted(comparison.trainings, key=rank)[:MOST_LINES]
    kept = [own for own in comparison.trainings if own in chosen]
    return [(f"c{i + 1} dash{i % 4}", own) for i, own in enumerate(kept)]


def curve_charts(comparison: Comparison, lines: Drawn) -> list[Chart]:
    """Training and validation loss on one scale, and the validation metric."""
    y = _loss_axis([values(own.curves) for _, own in lines for values in (_training_loss, _validation_loss)])
    several = any(key.partition(".")[0] == "loss" for own in comparison.trainings for key in own.settings)
    caution = " The losses are of different kinds: compare their shapes, not their heights." if several else ""
    made = [
        _curve_chart(lines, y, f"{kind}-loss", f"{kind.capitalize()} loss by epoch", values, caution)
        for kind, values in (("training", _training_loss), ("validation", _validation_loss))
    ]
    name = "rmse" if comparison.task.kind == "regression" else "accuracy"
    metric = [values for _, own in lines for values in (_metric(own.curves, name),) if np.isfinite(values).any()]
    if metric:
        title = METRICS[name].title
        unit = f"{title} ({comparison.task.target})" if name == "rmse" else f"{title} (share of rows)"
        scale = Axis.over(np.concatenate(metric), unit)
        made.append(
            _curve_chart(
                lines, scale, "metric", f"Validation {title} by epoch", lambda curves: _metric(curves, name), ""
            )
        )
    return made


def _loss_axis(losses: Sequence[Doubles]) -> Axis:
    """One scale for all; a loss that begins or ends far above most others is drawn at its edge."""
    known = [own[np.isfinite(own)] for own in losses if np.isfinite(own).any()]
    if not known:
        return Axis.over((), "loss")
    most = FAR_ABOVE * float(np.median([own.max() for own in known]))
    shown = np.concatenate([own[own <= most] for own in known])
    log = is_wide(shown)
    return Axis.over(shown, "loss (log scale)" if log else "loss", log=log)


def _training_loss(curves: Curves) -> Doubles:
    return mean_of_members(curves.train_loss)


def _validation_loss(curves: Curves) -> Doubles:
    return mean_of_members(curves.validation_loss)


def _metric(curves: Curves, name: str) -> Doubles:
    values = curves.health.get(f"validation_{name}")
    return np.full(len(curves.epochs), np.nan) if values is None else mean_of_members(values[:, :, 0])


def _curve_chart(
    lines: Drawn, y: Axis, name: str, title: str, values_of: Callable[[Curves], Doubles], caution: str
) -> Chart:
    last = max(int(own.curves.epochs[-1]) for _, own in lines)
    ends, beyond = list[str](), list[str]()
    chart = Chart(name, title, "", Axis(min(1.0, last - 1), last, "epoch"), y)
    for style, own in lines:
        values = values_of(own.curves)
        chart.line(list(zip(own.curves.epochs.astype(float).tolist(), values.tolist(), strict=True)), style, own.name)
        ends.append(f"{own.name} {figure(_last_known(values))}")
        known = values[np.isfinite(values)]
        beyond += [f"{own.name} (up to {figure(float(known.max()))})"] if (known > y.high).any() else []
    edge = f" Beyond the scale, drawn at its edge: {', '.join(beyond)}." if beyond else ""
    chart.description = f"Mean of the networks; at the end: {', '.join(ends)}.{edge}{caution}"
    return chart


def _last_known(values: Doubles) -> float | None:
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else None


_LAYERS = (
    ("start", "gradient_norm", "Gradient by layer, before the first step", "gradient (root mean square)", True),
    ("start", "spread", "Spread of activations by layer, before the first step", "standard deviation", True),
    ("end", "gradient_norm", "Gradient by layer, at the end", "gradient (root mean square)", True),
    ("end", "update_ratio", "Step relative to the weights by layer, at the end", "step / weights", True),
    ("end", "dead_units", "Dead rectifiers by layer, at the end", "share of units", False),
    ("end", "saturated", "Saturated activations by layer, at the end", "share of activations", False),
)
"""When, what, title, unit, and whether on a log scale."""


def layer_charts(lines: Drawn) -> list[Chart]:
    """What was measured of each layer, from the input on: the first and the last look at it."""
    return [chart for when in _LAYERS if (chart := _layer_chart(lines, *when))]


def _layer_chart(lines: Drawn, when: str, measurement: str, title: str, unit: str, log: bool) -> Chart | None:
    found = [(style, own, values) for style, own in lines for values in _by_layer(own, when, measurement)]
    if not found or all(len(values) < 2 for _, _, values in found):
        return None
    most = max(len(values) for _, _, values in found)
    every = np.concatenate([values for _, _, values in found])
    y = Axis.over(every, f"{unit}, log scale", log=True) if log else Axis(0, 1, unit)
    x = Axis(0.8, most + 0.2, "layer, from the input", whole=True)
    first = [f"{own.name} {figure(values[0])}" for _, own, values in found]
    words = f"Median of the networks; in the first layer: {', '.join(first)}."
    if log and (every == 0).any():
        zeros = [own.name for _, own, values in found if (values == 0).any()]
        words += f" Zero, which has no place on this scale, in some layers of {', '.join(zeros)}."
    chart = Chart(f"{when}-{measurement}", title, words, x, y)
    for style, own, values in found:
        points = [(float(i), value) for i, value in enumerate(values.tolist(), 1)]
        chart.line(points, style, own.name)
        chart.dots([p for p in points if np.isfinite(p[1]) and (p[1] > 0 or not log)], f"dot {style}")
    return chart


def _by_layer(own: Compared, when: str, measurement: str) -> Iterator[Doubles]:
    """The median over networks of each layer but the skip path; nothing where it was not measured."""
    curves = own.curves
    found = curves.health.get(measurement) if when == "end" else None
    if when == "start" and curves.start:
        values = curves.start.health.get(measurement)
    else:
        values = None if found is None else found[-1]
    if values is None or not np.isfinite(values).any():
        return
    kept = [i for i in range(values.shape[1]) if i >= len(own.layers) or own.layers[i] != "skip"]
    if kept:
        yield median_of_members(values[:, kept].T)


def words_of_lines(comparison: Comparison, lines: Drawn) -> str:
    """Which trainings are drawn; empty where all are."""
    total = len(comparison.trainings)
    if len(lines) == total:
        return ""
    return f"Drawn are the base and the best of {counted(total, 'training')}; all are in the tables."
