"""What training and evaluation found: metrics with their intervals, and where the classes are confused."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table

from phoneprice.cli.rendering.console import (
    ORANGE,
    add_aligned,
    add_figures,
    first_that_fits,
    line_of,
    name_value_table,
    plain_table,
    show,
    stderr,
    styled,
)
from phoneprice.metrics.catalogue import METRICS
from phoneprice.metrics.confusion import most_frequent_errors
from phoneprice.records import Interval, TrainingFinding
from phoneprice.records.documents import ClassMetrics, Evaluation, MeasuredOn, RunMetrics
from phoneprice.records.findings import TrainingCheck, symptoms, titles
from phoneprice.wording import count, counted, duration, figure, spans_below_each_other

if TYPE_CHECKING:
    from phoneprice.workflows.evaluate import EvaluationResult
    from phoneprice.workflows.train import TrainResult

MOST_CLASSES = 10
"""More of them make no matrix; the most frequent confusions are listed."""
MOST_ROWS = 20
MOST_FINDINGS = 3
GAP = 4

_HEADINGS: dict[MeasuredOn, str] = {
    "out of fold": "Out of fold: each row as predicted by the member that has not seen it",
    "hold-out": "Held-out rows, which no member has seen",
    "training set": "Training rows: no rows were held out, so this says nothing about new ones",
}


def show_training(result: "TrainResult") -> None:
    """The metrics of a new run, and what it took."""
    metrics = result.metrics
    show_metrics(_HEADINGS[metrics.measured_on], metrics)
    took = f"{counted(len(metrics.members), 'member')} on {counted(result.rows, 'row')}"
    show(stderr(), f"Trained {took} in {duration(result.seconds)}")


def show_training_findings(findings: Sequence[TrainingFinding], checked: Sequence[TrainingCheck]) -> None:
    """The findings at the end of a training; for a healthy one, what was looked at."""
    console = stderr()
    if checked and not findings:
        show(console, "Nothing to mend. Checked:")
        show(console, name_value_table(_by_stage(checked)))
    for finding in findings[:MOST_FINDINGS]:
        show(console, styled(finding.title, ORANGE))
        show(console, Padding(styled(f"Seen by: {finding.evidence}"), (0, 0, 0, 2)))
        show(console, line_of(("  Try: ", ""), (finding.remedy, "bold")))
    if len(findings) > MOST_FINDINGS:
        show(console, f"{len(findings) - MOST_FINDINGS} more in the report")
    if others := symptoms(findings, checked):
        show(console, styled(others))


def _by_stage(checked: Sequence[TrainingCheck]) -> Iterator[tuple[str, str]]:
    """Each kind of cause, and what was looked at."""
    for stage in dict.fromkeys(check.stage for check in checked):
        yield stage, titles(check for check in checked if check.stage == stage)


def show_evaluation(result: "EvaluationResult") -> None:
    """The metrics of a run on other rows."""
    show_metrics(f"{result.run} on {result.source}, {counted(result.rows, 'row')}", result.metrics)


def caution_of(metrics: RunMetrics) -> str:
    """The caution above metrics of rows that the run has learned; empty for metrics of other rows."""
    return _HEADINGS[metrics.measured_on] if metrics.learned else ""


def show_metrics(heading: str, found: Evaluation) -> None:
    """Metrics in tables, on stderr."""
    console = stderr()
    show(console, heading, style="bold")
    show(console, metrics_table(found.metrics, console))
    show(console)
    tables: list[RenderableType] = []
    if found.confusion is not None:
        tables.append(confusion_table(found.confusion.labels, found.confusion.counts))
    if found.per_class is not None:
        tables.append(per_class_table(found.per_class))
    side_by_side = sum(console.measure(table).maximum for table in tables) + GAP <= console.width
    for part in [Columns(tables, padding=(0, GAP))] if tables and side_by_side else tables:
        show(console, part)
        show(console)


def metrics_table(metrics: Mapping[str, Interval], console: Console) -> Table:
    """Metrics by name with their intervals, which a narrow terminal has no room for."""
    layouts = ((26, True), (8, True), (8, False))
    return first_that_fits(console, (_metrics_table(metrics, least, intervals=shown) for least, shown in layouts))


def _metrics_table(metrics: Mapping[str, Interval], least: int, *, intervals: bool) -> Table:
    table = plain_table()
    table.add_column("metric", min_width=least, no_wrap=intervals, overflow="fold")
    rows = [(found.value, found.low, found.high, _scale(name)) for name, found in metrics.items()]
    columns = [add_figures(table, "value", [figure(*row) for row in rows], 10)]
    if intervals:
        spans = spans_below_each_other((low, high, value, scale) for value, low, high, scale in rows)
        columns.append(add_aligned(table, "95% interval", spans, 20))
    for name, *cells in zip(metrics, *columns, strict=True):
        table.add_row(name, *cells)
    return table


def _scale(name: str) -> float:
    """What decides the decimals of a metric, though none of its figures may be as large: 1 for what is a share."""
    return 1.0 if METRICS[name].limits[1] == 1 else 0.0


def confusion_table(labels: Sequence[str], counts: Sequence[Sequence[float]]) -> Table:
    """Rows by true and predicted class, or only the most frequent confusions of many classes."""
    if len(labels) > MOST_CLASSES:
        return _frequent_confusions(labels, counts)
    table = plain_table("Confusion matrix", ["true \\ predicted"])
    for label in labels:
        table.add_column(label, justify="right", max_width=8, no_wrap=True, overflow="ellipsis")
    for true, (label, row) in enumerate(zip(labels, counts, strict=True)):
        cells = [_shaded(cell, sum(row), right=predicted == true) for predicted, cell in enumerate(row)]
        table.add_row(label, *cells)
    return table


def _shaded(cell: float, total: float, *, right: bool) -> RenderableType:
    """A count on a ground as strong as its share of the true class: blue for right, red for wrong."""
    part = cell / total if total else 0.0
    if not cell:
        return styled(count(cell), "dim")
    level = round(40 + 120 * part**0.5)
    ground = f"rgb(20,40,{level})" if right else f"rgb({level},25,25)"
    return styled(count(cell), f"white on {ground}")


def _frequent_confusions(labels: Sequence[str], counts: Sequence[Sequence[float]]) -> Table:
    table = plain_table("Most frequent confusions", ["true class", "predicted"], ["rows"])
    for true, predicted, rows in most_frequent_errors(counts, MOST_ROWS):
        table.add_row(labels[true], labels[predicted], count(rows))
    return table


def per_class_table(classes: Sequence[ClassMetrics]) -> Table:
    """Precision, recall, F1 and rows of each class, or of the worst of many."""
    worst = sorted(classes, key=lambda row: row.f1)[:MOST_ROWS]
    chosen = [row for row in classes if row in worst]
    title = "Each class" if len(chosen) == len(classes) else f"The {MOST_ROWS} classes of lowest f1"
    table = plain_table(title, ["class"], ["precision", "recall", "f1", "rows"])
    for row in chosen:
        figures = (figure(share, 1) for share in (row.precision, row.recall, row.f1))
        table.add_row(row.label, *figures, count(row.support))
    return table
