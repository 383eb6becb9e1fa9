"""Charts of what the model uses: permutation importance and partial dependence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from phoneprice.report.facts import Dependence, FromData
from phoneprice.report.svg import BOTTOM, TOP, Axis, Chart, margin_for
from phoneprice.wording import figure, number

MOST_BARS = 20


def importance_chart(found: FromData, most: int = MOST_BARS) -> Chart:
    """A bar a column with its interval, the most important on top."""
    bars = list(found.importances.items())[:most]
    ends = [value for _, loss in bars for value in (loss.low, loss.high, 0.0)]
    column, top = bars[0]
    chart = Chart(
        "importance",
        "Permutation importance",
        f"Shuffling {column} costs most: {figure(top.value)} "
        f"(95% interval {figure(top.low)} to {figure(top.high)}) of {found.metric}.",
        Axis.over(ends, f"loss of {found.metric} when shuffled"),
        Axis(-0.6, len(bars) - 0.4, ""),
        height=TOP + BOTTOM + 18 * len(bars) + 8,
        left=margin_for(column for column, _ in bars),
        grid="x",
    )
    for i, (column, loss) in enumerate(bars):
        y = len(bars) - 1 - i
        tip = f"{column}: {figure(loss.value)} ({figure(loss.low)} to {figure(loss.high)})"
        chart.bar(((0, y - 0.33), (loss.value, y + 0.33)), "c1", tip)
        chart.rule((loss.low, y), (loss.high, y), "whisker", "95% interval" if i == 0 else "")
        chart.row_label(y, column)
    return chart


def dependence_charts(every: Sequence[Dependence]) -> list[Chart]:
    """One a column, all on one scale: what moves the prediction more is steeper."""
    if not every:
        return []
    first = every[0]
    shares = len(first.names) > 1 or first.names[0].startswith("probability")
    values = chain.from_iterable(found.curves.ravel().tolist() for found in every)
    level = Axis(0, 1, "mean probability") if shares else Axis.over(values, f"mean {first.names[0]}")
    shown = "{:.3f}".format if shares else figure
    return [_dependence_chart(found, i, level, shown) for i, found in enumerate(every, 1)]


def _dependence_chart(found: Dependence, place: int, level: Axis, shown: Callable[[float], str]) -> Chart:
    """A curve a label over the values of a column; a line of dots a category."""
    words = _words(found, shown)
    name, title = f"dependence-{place}", f"Partial dependence on {found.column}"
    if isinstance(found.grid[0], str):
        return _by_category(
            Chart(name, title, words, level, *_rows(found), left=margin_for(map(str, found.grid)), grid="x"), found
        )
    values = [float(value) for value in found.grid]
    chart = Chart(name, title, words, Axis(values[0], values[-1], found.column), level)
    for i, label in enumerate(found.names):
        chart.line(list(zip(values, found.curves[:, i].tolist(), strict=True)), f"c{i % 8 + 1}", label)
    for decile in found.decile:
        chart.rule((decile, level.low), (decile, level.low + 0.03 * (level.high - level.low)), "whisker")
    return chart


def _rows(found: Dependence) -> tuple[Axis, int]:
    return Axis(-0.6, len(found.grid) - 0.4, ""), TOP + BOTTOM + 20 * len(found.grid) + 8


def _by_category(chart: Chart, found: Dependence) -> Chart:
    for g, category in enumerate(found.grid):
        chart.row_label(len(found.grid) - 1 - g, str(category))
    for i, label in enumerate(found.names):
        points = [(float(value), float(len(found.grid) - 1 - g)) for g, value in enumerate(found.curves[:, i])]
        chart.dots(points, f"dot c{i % 8 + 1}", label, radius=4)
    return chart


def _words(found: Dependence, shown: Callable[[float], str]) -> str:
    """From where to where, for each curve that moves."""
    if isinstance(found.grid[0], str):
        names = ", ".join(map(str, found.grid))
        return f"Average prediction when every row has the same {found.column}: {names}."
    first, last = found.curves[0], found.curves[-1]
    moves = [
        f"{name} from {shown(float(a))} to {shown(float(b))}"
        for name, a, b in zip(found.names, first, last, strict=True)
    ]
    low, high = found.grid[0], found.grid[-1]
    return (
        f"Average prediction as {found.column} goes from {number(float(low))} to {number(float(high))}: "
        f"{'; '.join(moves)}."
    )
