"""Several trainings side by side: what each is worth, and how much better than the base."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from phoneprice.cli.rendering.console import (
    ORANGE,
    add_aligned,
    add_figures,
    first_that_fits,
    plain_table,
    show,
    stderr,
    styled,
)
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Interval
from phoneprice.records.comparison import Comparison, verdict
from phoneprice.wording import NONE, count, figure, listed, spans_below_each_other

WIDEST_NAME = 24


def show_comparison(comparison: Comparison) -> None:
    """A table for each metric, on stderr, and who has no figures."""
    console = stderr()
    if comparison.keys:
        show(console, f"{listed(comparison.keys)}: {comparison.measured_on}", style="bold")
    for metric in comparison.metrics:
        show(console, first_that_fits(console, _figure_tables(comparison, metric)))
        show(console)
    show(console, first_that_fits(console, _cost_tables(comparison)))
    show(console)
    for own in comparison.trainings:
        if own.why_not:
            show(console, styled(f"{own.name}: {own.why_not}", ORANGE))
    if comparison.why_not_paired:
        show(console, f"No paired differences: {comparison.why_not_paired}")
    if comparison.look_for:
        show(console, styled(f"What to look for: {comparison.look_for}"))


def _figure_tables(comparison: Comparison, metric: str) -> Iterator[Table]:
    """A metric of all, the widest form first."""
    return (_figures(comparison, metric, intervals=shown) for shown in (True, False))


def _figures(comparison: Comparison, metric: str, *, intervals: bool) -> Table:
    """What each is worth on held-out rows, and how much better than the base that is; a narrow form has words alone."""
    title, trainings = METRICS[metric].title, comparison.trainings
    table = _named(f"{title} on held-out rows, {METRICS[metric].better} is better")
    found = [own.metrics.get(metric) for own in trainings]
    leads = [own.leads.get(metric) for own in trainings]
    values = [own.value if own else None for own in found]
    columns: list[Sequence[str]] = [add_figures(table, title, [figure(value, *values) for value in values])]
    if intervals:
        columns.append(add_aligned(table, "95% interval", _spans(found, values)))
    if not comparison.why_not_paired:
        columns.append(_leads(table, leads, values, intervals=intervals))
        if intervals:
            columns.append(add_aligned(table, "95% interval", _spans(leads, values)))
    return _filled(table, comparison, columns)


def _leads(
    table: Table, leads: Sequence[Interval | None], values: Sequence[float | None], *, intervals: bool
) -> Sequence[str]:
    if intervals:
        return add_figures(table, "better by", [figure(lead.value if lead else None, *values) for lead in leads])
    table.add_column("so it is")
    return [verdict(lead) for lead in leads]


def _spans(intervals: Sequence[Interval | None], values: Sequence[float | None]) -> list[str]:
    return spans_below_each_other((own.low, own.high, *values) if own else (None, None) for own in intervals)


def _cost_tables(comparison: Comparison) -> Iterator[Table]:
    """How well each fits the rows that it has learned, how large it is, and how long a step takes."""
    return (_cost(comparison, metrics) for metrics in (comparison.metrics, ()))


def _cost(comparison: Comparison, metrics: Sequence[str]) -> Table:
    table, trainings = _named("On the rows that were learned, and at what price"), comparison.trainings
    columns = [
        add_figures(table, METRICS[metric].title, [figure(own.training.get(metric)) for own in trainings])
        for metric in metrics
    ]
    columns.append(add_aligned(table, "weights", [count(own.parameters) for own in trainings]))
    times = [own.step_microseconds for own in trainings]
    texts = [NONE if time is None else count(time) for time in times]
    columns.append(add_aligned(table, "\N{MICRO SIGN}s a step", texts))
    table.add_column("training")
    columns.append(["diverged" if own.why_not else "finished" for own in trainings])
    return _filled(table, comparison, columns)


def _named(title: str) -> Table:
    table = plain_table(title)
    table.add_column("", max_width=WIDEST_NAME, no_wrap=True, overflow="ellipsis")
    return table


def _filled(table: Table, comparison: Comparison, columns: Sequence[Sequence[str]]) -> Table:
    for own, *cells in zip(comparison.trainings, *columns, strict=True):
        table.add_row(own.name, *cells, style="dim" if own.why_not else "")
    return table
