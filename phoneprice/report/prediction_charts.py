"""Charts of predictions: how sure they were, how they ranked, how far off they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from phoneprice.metrics.ranking import cumulative
from phoneprice.metrics.reliability import Reliability, reliability
from phoneprice.records import Doubles, Task
from phoneprice.report.facts import LatentScore
from phoneprice.report.svg import BOTTOM, TOP, Axis, Chart, margin_for
from phoneprice.wording import count, counted, figure, share

MOST_DOTS = 1200
"""Of a scatter plot; of more rows evenly spaced ones are drawn."""
MOST_RIDGES = 12


def reliability_charts(y: NDArray[np.int64], probabilities: Doubles, weights: Doubles | None = None) -> list[Chart]:
    """Accuracy against confidence, and how confident the predictions are."""
    found = reliability(y, probabilities, weights=weights)
    bins, filled = len(found.rows), found.rows > 0
    confidence = Axis(0, 1, "confidence (probability of the predicted class)")
    curve = Chart(
        "reliability",
        "Reliability: accuracy by confidence",
        f"Expected calibration error {figure(found.ece)}; {_lean(found)}. "
        "On the diagonal a prediction said to be 90% sure is right nine times in ten.",
        confidence,
        Axis(0, 1, "accuracy (share right)"),
    )
    curve.rule((0, 0), (1, 1), "rule", "perfect calibration")
    points = _pairs(found.confidence[filled], found.accuracy[filled])
    curve.line(points, "c1", "this model, 15 bins")
    sizes = 2 + 5 * np.sqrt(found.rows[filled] / found.rows.max())
    for point, size in zip(points, sizes.tolist(), strict=True):
        curve.dots([point], "dot c1", radius=round(size, 1))
    words = f"{share(found.rows[-1] / found.rows.sum())} of the predictions are more than {1 - 1 / bins:.0%} sure."
    histogram = Chart("confidence", "How confident the predictions are", words, confidence, _up_to(found.rows))
    _bars(histogram, found.rows, np.arange(bins + 1) / bins, "{:.2f}".format)
    return [curve, histogram]


def _lean(found: Reliability) -> str:
    """Whether the predictions are too sure on the whole: by more than chance."""
    sure, right = found.mean_confidence, found.mean_accuracy
    lean = "too sure" if sure > right else "too careful"
    judged = f"{lean}, by more than" if abs(sure - right) > found.chance else "no further apart than"
    return (
        f"on the whole the predictions are {share(sure)} sure and {share(right)} right: {judged} the "
        f"{share(found.chance)} that chance explains"
    )


def _up_to(rows: NDArray[np.int64] | Doubles) -> Axis:
    return Axis.over([0, float(rows.max())], "rows", zero=True)


def _bars(chart: Chart, rows: NDArray[np.int64] | Doubles, edges: Doubles, shown: Callable[[float], str]) -> None:
    """A bar for each bin that has rows."""
    for n, start, end in zip(rows.tolist(), edges.tolist(), edges[1:].tolist(), strict=False):
        if n:
            chart.bar(((start, 0), (end, n)), "c1", f"{shown(start)} to {shown(end)}: {counted(n, 'row')}")


def score_chart(score: LatentScore, y: NDArray[np.int64], task: Task) -> Chart:
    """The score's distribution in each class, one above the other, with the cut points."""
    values = np.clip(score.values, *_wide_quantiles(score.values, score.cuts))
    edges = np.linspace(values.min(), values.max(), 61)
    labels = task.labels[:MOST_RIDGES]
    chart = Chart(
        "score",
        "Score by true class",
        _score_words(score, y, task),
        Axis(float(edges[0]), float(edges[-1]), score.unit),
        Axis(-0.15, len(labels) + 0.1, ""),
        height=TOP + BOTTOM + 44 * len(labels) + 10,
        left=margin_for(labels),
        grid="",
    )
    middles = (edges[1:] + edges[:-1]) / 2
    for i in reversed(range(len(labels))):
        density = np.histogram(values[y == i], edges)[0].astype(np.float64)
        height = density / max(density.max(), 1) * 0.92
        chart.area(_pairs(middles, i + height), i, f"c{i % 8 + 1}")
        chart.row_label(i + 0.3, labels[i])
    for j, cut in enumerate(score.cuts.tolist()):
        chart.rule((cut, chart.y.low), (cut, chart.y.high), "mark", "cut point between two classes" if j == 0 else "")
    return chart


def _wide_quantiles(values: Doubles, cuts: Doubles) -> tuple[float, float]:
    low, high = np.quantile(values, [0.002, 0.998])
    room = 0.1 * (cuts.max() - cuts.min() + 1) if len(cuts) else 0.0
    return float(min(low, cuts.min() - room)), float(max(high, cuts.max() + room))


def _score_words(score: LatentScore, y: NDArray[np.int64], task: Task) -> str:
    medians = [figure(float(np.median(score.values[y == i]))) for i in range(task.classes) if (y == i).any()]
    between = int((np.abs(score.values[:, None] - score.cuts) < 1).any(axis=1).sum()) if score.exact else None
    text = f"Median score by class: {', '.join(medians)}; cut points at {', '.join(map(figure, score.cuts.tolist()))}."
    if between is not None:
        text += f" {counted(between, 'row')} of {count(len(y))} are within one noise unit of a cut: the hard ones."
    return text


def ranking_charts(y: NDArray[np.int64], scores: Doubles, label: str) -> list[Chart]:
    """ROC and precision-recall curves of the second class, called ``label``; none where ``y`` is all of one class."""
    if len(np.unique(y)) < 2:
        return []
    hits, alarms = cumulative(y, scores)
    positives, negatives = float(hits[-1]), float(alarms[-1])
    roc = Chart(
        "roc",
        "ROC curve",
        f"Rows of class {label} found against false alarms, at every threshold. The diagonal is guessing.",
        Axis(0, 1, "false positive rate"),
        Axis(0, 1, "true positive rate (recall)"),
    )
    roc.rule((0, 0), (1, 1), "rule", "guessing")
    roc.line([(0.0, 0.0), *_pairs(alarms / negatives, hits / positives)], "c1", "this model")
    usual = positives / (positives + negatives)
    pr = Chart(
        "precision-recall",
        "Precision-recall curve",
        f"Share of the predicted {label} that are right against share of them found. Guessing gives {share(usual)}.",
        Axis(0, 1, f"recall of class {label}"),
        Axis(0, 1, "precision"),
    )
    pr.rule((0, usual), (1, usual), "rule", "guessing")
    pr.steps(_pairs(hits / positives, hits / (hits + alarms)), "c1", "this model")
    return [roc, pr]


def _pairs(x: Doubles, y: Doubles) -> list[tuple[float, float]]:
    return list(zip(x.tolist(), y.tolist(), strict=True))


def regression_charts(y: Doubles, predicted: Doubles, target: str) -> list[Chart]:
    """Predicted against true values, residuals against predictions, and how large the residuals are."""
    kept = slice(None, None, -(-len(y) // MOST_DOTS))
    residual = predicted - y
    both = Axis.over([*y.tolist(), *predicted.tolist()], f"true {target}")
    against = Chart(
        "predicted",
        "Predicted against true values",
        f"Each dot is a row ({counted(len(y[kept]), 'row')} drawn). On the line a prediction is exact.",
        both,
        Axis(both.low, both.high, f"predicted {target}"),
        grid="xy",
    )
    against.dots(_pairs(y[kept], predicted[kept]), "dot faint c1", radius=1.8)
    against.rule((both.low, both.low), (both.high, both.high), "rule", "exact")
    spread = Chart(
        "residuals",
        "Residuals by predicted value",
        f"Mean residual {figure(float(residual.mean()))}, standard deviation {figure(float(residual.std()))}.",
        Axis.over(predicted.tolist(), f"predicted {target}"),
        Axis.over(residual.tolist(), "predicted - true"),
    )
    spread.dots(_pairs(predicted[kept], residual[kept]), "dot faint c1", radius=1.8)
    spread.rule((spread.x.low, 0), (spread.x.high, 0), "rule", "exact")
    counts, edges = np.histogram(residual, bins=31)
    low, high = np.quantile(residual, [0.05, 0.95])
    histogram = Chart(
        "residual-histogram",
        "Distribution of the residuals",
        f"Nine in ten residuals are between {figure(float(low))} and {figure(float(high))}.",
        Axis(float(edges[0]), float(edges[-1]), f"predicted - true {target}"),
        _up_to(counts),
    )
    _bars(histogram, counts, edges, figure)
    return [against, spread, histogram]


def confusion_chart(labels: Sequence[str], counts: Sequence[Sequence[float]]) -> Chart:
    """The confusion matrix as a picture, for a file of its own; the page has it as a table."""
    n = len(labels)
    chart = Chart(
        "confusion",
        "Confusion matrix",
        "Rows by true class (down) and predicted class (to the right); the colour is their share of the true class.",
        Axis(-0.5, n - 0.5, "predicted class"),
        Axis(-0.5, n - 0.5, "true class"),
        height=TOP + BOTTOM + 40 * n,
        left=margin_for(labels),
        grid="",
    )
    for i, row in enumerate(counts):
        y = n - 1 - i
        chart.row_label(y, labels[i])
        for j, cell in enumerate(row):
            part = cell / (sum(row) or 1)
            chart.bar(((j - 0.48, y - 0.48), (j + 0.48, y + 0.48)), f"{'hit' if i == j else 'miss'} s{shade(part)}")
            chart.text((j, y), count(cell), dy=4)
    return chart


def shade(part: float) -> int:
    """How strongly a cell of the confusion matrix is coloured: 0 to 5, by the square root of its share."""
    return min(round(5 * part**0.5), 5) if part else 0
