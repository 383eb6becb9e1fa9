"""``report --terminal``: curves, confusion matrix and findings, on stdout."""

import math
from collections.abc import Sequence

from rich.console import Console

from phoneprice.cli.rendering.console import BLUE, ORANGE, line_of, name_value_table, show, stdout, styled
from phoneprice.cli.rendering.plots import Canvas
from phoneprice.cli.rendering.results import caution_of, confusion_table, metrics_table, per_class_table
from phoneprice.report.facts import RecipeCurves, ReportFacts
from phoneprice.wording import count, figure

WIDTH, HEIGHT = 60, 10
AXIS = 9
"""Columns of its longest label."""
BESIDE = AXIS + 2
"""Columns of a terminal that the axis needs."""
_STYLES = {"training": BLUE, "validation": ORANGE}
_DASHED = {"training"}
"""Told apart without colours, too; where lines meet the last one, which is whole, lies on top."""


def draw_report(facts: ReportFacts) -> None:
    """What of the report a terminal can show."""
    console = stdout()
    show(console, f"{facts.name}: {facts.task.kind}, {facts.task.target}", style="bold")
    if caution := caution_of(facts.metrics):
        show(console, caution, style=ORANGE)
    show(console, metrics_table(facts.metrics.metrics, console))
    show(console)
    for training in facts.trainings:
        _draw_losses(console, training)
    if facts.metrics.confusion is not None and facts.metrics.per_class is not None:
        show(console, confusion_table(facts.metrics.confusion.labels, facts.metrics.confusion.counts))
        show(console)
        show(console, per_class_table(facts.metrics.per_class))
        show(console)
    _list_findings(console, facts)


def _draw_losses(console: Console, training: RecipeCurves) -> None:
    from phoneprice.report.training_charts import mean_of_members

    curves = training.curves
    lines = {"training": mean_of_members(curves.train_loss).tolist()}
    if curves.validated:
        lines["validation"] = mean_of_members(curves.validation_loss).tolist()
    values = [v for line in lines.values() for v in line if math.isfinite(v)]
    if not values:
        return
    low, high = min(values), max(values)
    of = f" of {training.name}" if training.name else ""
    log = low > 0 and high > 20 * low
    width = min(WIDTH, console.width - BESIDE)
    canvas = Canvas(width, HEIGHT, low, high, log=log)
    for name, line in lines.items():
        canvas.line(line, _STYLES[name], dashed=name in _DASHED and len(lines) > 1)
    show(console, f"Loss by epoch{of}, mean of the members{' (log scale)' if log else ''}", style="bold")
    ends = (figure(high), figure(low)) if log else (figure(high, low), figure(low, high))
    _print_canvas(console, canvas, ends)
    last = int(curves.epochs[-1])
    show(console, f"{'':{AXIS}}  1{f'epoch {count(last)}':>{width - 1}}", style="dim")
    _print_legend(console, lines)


def _print_canvas(console: Console, canvas: Canvas, ends: tuple[str, str]) -> None:
    rows = canvas.rows()
    for i, row in enumerate(rows):
        label = ends[0] if i == 0 else ends[1] if i == len(rows) - 1 else ""
        show(console, line_of((f"{label:>{AXIS}} ┤", ""), *zip(row, canvas.styles[i], strict=True)))


def _print_legend(console: Console, lines: dict[str, Sequence[float]]) -> None:
    parts: list[tuple[str, str]] = []
    for name, line in lines.items():
        drawn = "╌╌ " if name in _DASHED and len(lines) > 1 else "── "
        parts += [
            (drawn, _STYLES[name]),
            (f"{name}: {figure(line[0], line[-1])} to {figure(line[-1], line[0])}   ", ""),
        ]
    show(console, line_of(*parts))
    show(console)


def _list_findings(console: Console, facts: ReportFacts) -> None:
    if not facts.findings:
        show(console, "Training health: nothing to mend. Checked:", style="bold")
        show(console, name_value_table(tuple((check.title, check.measured) for check in facts.checked)))
        return
    show(console, "Training health", style="bold")
    for finding in facts.findings:
        rows = (("finding", finding.title), ("seen by", finding.evidence), ("try", finding.remedy))
        show(console, name_value_table((*rows, ("source", finding.source))))
        show(console)
    if others := facts.symptoms:
        show(console, styled(others))
