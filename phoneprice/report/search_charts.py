"""Charts of a search: the best against the time, what each setting mattered, and every setting with every candidate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np

from phoneprice.metrics.catalogue import METRICS
from phoneprice.records.searches import Search, TriedCandidate
from phoneprice.report.svg import BOTTOM, TOP, Axis, Chart
from phoneprice.wording import duration, figure, share

_WORST = 0.9
"""The quantile of the candidates that have finished at which the scale ends: a few may be far worse than all others."""
Scored = tuple[TriedCandidate, float]
"""A candidate and its figure; of one that was dropped the mean of the folds that it was trained for."""


def search_charts(found: Search) -> Iterator[Chart]:
    """All of them; the figures of the slices have one scale."""
    scored = [(own, value) for own in found.candidates if (value := _score(own)) is not None]
    scale = _scale(found)
    yield _course_chart(found, scale)
    if found.importances:
        yield _importance_chart(found)
    for place, key in enumerate(found.importances or found.space, 1):
        yield _slice(found, key, place, [pair for pair in scored if key in pair[0].settings], scale)


def _score(candidate: TriedCandidate) -> float | None:
    known = [score for score in candidate.scores if score is not None]
    if candidate.figure is not None:
        return candidate.figure.value
    return float(np.mean(known)) if known else None


def _scale(found: Search) -> Axis:
    metric = METRICS[found.metric]
    best_first = [own.figure.value for k in found.ranking if (own := found.candidates[k]).figure is not None]
    return Axis.over(best_first[: max(2, int(len(best_first) * _WORST))], metric.title)


def _course_chart(found: Search, scale: Axis) -> Chart:
    """The best so far, as time goes on: candidates one after the other, each with its share."""
    ends = list(accumulate(sum(own.seconds) for own in found.candidates))
    steps = [(ends[own.candidate], own.figure.value) for own in found.course if own.figure is not None]
    values = [value for _, value in steps]
    words = f"The best {scale.label} was {figure(values[0])} at first, and {figure(values[-1])} in the end"
    chart = Chart(
        "search-course",
        "The best so far",
        f"{words}: candidate {found.picked}, after {duration(steps[-1][0])} of {duration(ends[-1])}.",
        Axis(0, ends[-1] or 1.0, "seconds of training"),
        Axis.over(values, scale.label),
    )
    corners = [steps[0]]
    for seconds, value in steps[1:]:
        corners += [(seconds, corners[-1][1]), (seconds, value)]
    chart.line([*corners, (ends[-1], values[-1])], "c1")
    chart.dots(steps, "dot c1", radius=3)
    return chart


def _importance_chart(found: Search) -> Chart:
    """A bar a setting, the most important on top."""
    bars = list(found.importances.items())
    key, most = bars[0]
    chart = Chart(
        "search-importance",
        "What mattered",
        f"Functional analysis of variance: {key} alone explains {share(most)} of the variance between candidates.",
        Axis.over([own for _, own in bars], "share of the variance", zero=True),
        Axis(-0.6, len(bars) - 0.4, ""),
        height=TOP + BOTTOM + 18 * len(bars) + 8,
        left=112,
        grid="x",
    )
    for i, (key, own) in enumerate(bars):
        y = len(bars) - 1 - i
        chart.bar(((0, y - 0.33), (own, y + 0.33)), "c1", f"{key}: {share(own)}")
        chart.row_label(y, key)
    return chart


def _slice(found: Search, key: str, place: int, scored: Sequence[Scored], scale: Axis) -> Chart:
    """Every candidate at its value of a setting: numbers from left to right, words one below the other."""
    best = found.winner.settings.get(key, "none")
    words = f"{key} of every candidate and its {scale.label}; the picked one has {best}. Worse ones stand at the edge."
    name, title = f"search-slice-{place}", key
    texts = list(dict.fromkeys(own.settings[key] for own, _ in scored))
    numbers = _numbers(texts)
    if numbers is not None:
        chart = Chart(name, title, words, _axis(found.space[key], numbers, key), scale)
        points = [(own, (float(own.settings[key]), value)) for own, value in scored]
    else:
        rows = Axis(-0.6, len(texts) - 0.4, "")
        height = TOP + BOTTOM + 24 * len(texts) + 8
        chart = Chart(name, title, words, scale, rows, height=height, left=112, grid="x")
        for row, text in enumerate(texts):
            chart.row_label(row, text)
        points = [(own, (value, float(texts.index(own.settings[key])))) for own, value in scored]
    dropped = [point for own, point in points if own.figure is None]
    chart.dots(dropped, "dot faint c8", "dropped early" if dropped else "")
    chart.dots([point for own, point in points if own.figure is not None], "dot c1", "on all folds", radius=3)
    chart.dots([point for own, point in points if own.candidate == found.picked], "dot c2", "picked", radius=5)
    return chart


def _numbers(texts: Sequence[str]) -> list[float] | None:
    """The values, if all are numbers."""
    try:
        return [float(text) for text in texts]
    except ValueError:
        return None


def _axis(space: str, values: Sequence[float], label: str) -> Axis:
    """By logarithms where the setting was searched so; what has none stands at the left edge."""
    return Axis.over(values, label, log=space.endswith(":log"))
