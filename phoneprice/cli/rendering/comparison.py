"""Several trainings side by side: what each is worth, and how much better than the base."""

from collections.abc import Sequence

from rich.console import Console
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
from phoneprice.records.comparison import Comparison, verdict
from phoneprice.wording import NONE, count, figure, listed, spans_below_each_other

WIDEST_NAME = 24


def show_comparison(comparison: Comparison) -> None:
    """A table for each metric, on stderr, and who has no figures."""
    console = stderr()
    if comparison.keys:
        show(console, f"{listed(comparison.keys)}: {comparison.measured_on}", style="bold")
    for metric in comparison.metrics:
        show(console, _metric_table(comparison, metric, console))
        show(console)
    for own in comparison.trainings:
        if own.why_not:
            show(console, styled(f"{own.name}: {own.why_not}", ORANGE))
    if comparison.why_not_paired:
        show(console, f"No paired differences: {comparison.why_not_paired}")
    if comparison.look_for:
        show(console, f"What to look for: {comparison.look_for}")


def _metric_table(comparison: Comparison, metric: str, console: Console) -> Table:
    paired = not comparison.why_not_paired
    forms = ((True, True), (False, True), (False, False))
    return first_that_fits(
        console, (_table(comparison, metric, cost=cost, spans=spans, paired=paired) for cost, spans in forms)
    )


def _table(comparison: Comparison, metric: str, *, cost: bool, spans: bool, paired: bool) -> Table:
    """Figures and leads; with ``spans`` their intervals, with ``cost`` the time of a step."""
    table = plain_table(f"{METRICS[metric].title}, {METRICS[metric].better} is better")
    table.add_column("training", max_width=WIDEST_NAME, no_wrap=True, overflow="ellipsis")
    trainings = comparison.trainings
    found = [own.metrics.get(metric) for own in trainings]
    leads = [own.leads.get(metric) for own in trainings]
    values = [own.value if own else None for own in found]
    columns: list[Sequence[str]] = [
        add_figures(table, METRICS[metric].title, [figure(value, *values) for value in values])
    ]
    if spans:
        ends = ((own.low, own.high, *values) if own else (None, None) for own in found)
        columns.append(add_aligned(table, "95% interval", spans_below_each_other(ends)))
    if paired:
        gains = [lead.value if lead else None for lead in leads]
        columns.append(add_figures(table, "better by", [figure(gain, *values) for gain in gains]))
        if spans:
            ends = ((lead.low, lead.high, *values) if lead else (None, None) for lead in leads)
            columns.append(add_aligned(table, "95% interval", spans_below_each_other(ends)))
        else:
            table.add_column("")
            columns.append([verdict(lead) for lead in leads])
    if cost:
        times = [own.step_microseconds for own in trainings]
        columns.append(add_aligned(table, "µs/step", [NONE if time is None else count(time) for time in times]))
    for own, *cells in zip(trainings, *columns, strict=True):
        style = "dim" if own.why_not else ""
        table.add_row(own.name, *cells, style=style)
    return table
