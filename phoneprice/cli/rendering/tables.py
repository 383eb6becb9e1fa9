"""What the inspecting commands found; their tables are data, so they go to stdout."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from phoneprice.cli.rendering.console import UNBOUNDED, pairs, plain_table, show, stdout
from phoneprice.cli.rendering.figures import NONE, count, counted, duration, figure, number, share, size
from phoneprice.cli.session import printable

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from phoneprice.data.describe import ColumnSummary
    from phoneprice.workflows.plan import TrainingPlan
    from phoneprice.workflows.runs import RunDetails, RunLine
    from phoneprice.workflows.tables import CheckReport, DescriptionReport

_BESIDE_NAMES = 40
"""Columns of a terminal that a list of runs needs beside their names."""
_SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def show_findings(report: "CheckReport") -> None:
    """What ``data check`` found, one finding a row."""
    console = stdout()
    found = counted(len(report.findings), "finding") if report.findings else "nothing to report"
    show(console, f"{report.source}: {_rows(report.rows, report.skipped_rows)}, {found}", style="bold")
    if not report.findings:
        return
    table = plain_table()
    table.add_column("", no_wrap=True)
    table.add_column("column", max_width=20, overflow="fold")
    table.add_column("finding", overflow="fold")
    for finding in report.findings:
        style = _SEVERITY_STYLES[finding.severity]
        table.add_row(finding.severity, printable(finding.column or ""), finding.message, style=style)
    show(console, table)


def show_description(report: "DescriptionReport") -> None:
    """Every column in a line: numbers by their quartiles, the others by their most frequent values."""
    console = stdout()
    rows, columns = _rows(report.rows, report.skipped_rows), counted(len(report.columns), "column")
    show(console, f"{report.source}: {rows}, {columns}", style="bold")
    numeric = [column for column in report.columns if column.low is not None and not column.top]
    others = [column for column in report.columns if column not in numeric]
    if numeric:
        show(console, _description(numeric, report.rows, ("low", "25%", "median", "75%", "high"), _quartiles))
    if numeric and others:
        console.print()
    if others:
        show(console, _description(others, report.rows, ("most frequent values",), _frequent))


def _description(
    columns: "Sequence[ColumnSummary]",
    rows: int,
    headings: tuple[str, ...],
    values: "Callable[[ColumnSummary], Iterable[str]]",
) -> "Table":
    table = plain_table()
    table.add_column("column", max_width=20, no_wrap=True, overflow="ellipsis")
    for heading in ("missing", "distinct"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right" if len(headings) > 1 else "left", overflow="fold")
    for column in columns:
        missing = share(column.missing, rows) if column.missing else NONE
        role = "" if column.role == "feature" else f" ({column.role})"
        table.add_row(f"{printable(column.name)}{role}", missing, count(column.distinct), *values(column))
    return table


def _quartiles(column: "ColumnSummary") -> Iterable[str]:
    return map(number, (column.low, column.lower_quartile, column.median, column.upper_quartile, column.high))


def _frequent(column: "ColumnSummary") -> Iterable[str]:
    if column.top and column.top[0][1] == 1:
        yield "each value once"
        return
    yield ", ".join(f"{printable(value)} ({count(times)})" for value, times in column.top)


def show_runs(lines: "Sequence[RunLine]", root: "Path") -> None:
    """The runs of a directory, each in one line; in a narrow terminal with the day alone, and long names wrapped."""
    console = stdout(whole_lines=True)
    if not lines:
        show(console, f"{root}: no runs")
        return
    table = _runs_table(lines, console.width, short=False)
    if console.measure(table, options=console.options.update(max_width=UNBOUNDED)).maximum > console.width:
        table = _runs_table(lines, console.width, short=True)
    show(console, table)


def _runs_table(lines: "Sequence[RunLine]", width: int, *, short: bool) -> "Table":
    table = plain_table()
    longest = max(len(_one_line(str(line.path))) for line in lines)
    table.add_column("run", overflow="fold", no_wrap=longest <= width - _BESIDE_NAMES)
    table.add_column("created" if short else "created (UTC)", no_wrap=short, overflow="fold")
    for heading in ("task", "target", "metric"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        cells = ("unusable", "", "") if line.fault else (line.task, line.target, _headline(line))
        moment = _moment(line.created)
        table.add_row(*map(_one_line, (str(line.path), moment[:10] if short else moment, *cells)))
    return table


def _headline(line: "RunLine") -> str:
    if line.metric is None:
        return ""
    learned = " (training rows)" if line.measured_on == "training set" else ""
    return f"{line.metric} {figure(line.value)}{learned}"


def _one_line(text: str) -> str:
    return printable(text).replace("\n", "\\n")


def show_run_details(details: "RunDetails") -> None:
    """What a run is, and how good on held-out rows."""
    from phoneprice.cli.rendering.results import metrics_table

    console = stdout()
    show(console, pairs(_run_facts(details)))
    if details.metrics.get("metrics"):
        console.print()
        show(console, metrics_table(details.metrics["metrics"]))


def _run_facts(details: "RunDetails") -> Iterable[tuple[str, str]]:
    run, config, environment = details.run, details.run.config, details.environment
    shape = run.shape
    yield "run", str(run.path)
    yield "created", f"{_moment(run.manifest.created)} UTC, by phoneprice {run.manifest.package_version}"
    yield "task", f"{run.task.kind}: {run.task.target}"
    if run.task.labels:
        yield "classes", ", ".join(run.task.labels)
    yield "columns", ", ".join(column.name for column in run.schema.columns)
    layers = ", ".join(map(str, shape.hidden)) or "none"
    skip = ", with a linear skip path" if shape.skip else ""
    yield "hidden", f"{layers} ({config.model.activation.name}){skip}"
    members, parameters = counted(shape.members, "member"), counted(details.parameters, "parameter")
    yield "network", f"{members}, {counted(len(run.input_names), 'input')}, {parameters}"
    yield "training", f"{config.loss.name} loss, {config.optimizer.name}, {counted(config.training.epochs, 'epoch')}"
    if "training_seconds" in environment:
        device, took = environment.get("device", "?"), duration(environment["training_seconds"])
        yield "took", f"{took} on {device}, seed {config.training.seed}"
    if environment.get("command_line"):
        yield "command", " ".join(map(str, environment["command_line"]))
    yield "files", f"{len(run.manifest.files)}, {size(sum(file.bytes for file in run.manifest.files.values()))}"


def show_plan(plan: "TrainingPlan") -> None:
    """What ``train --dry-run`` would do."""
    show(stdout(), pairs(_plan_facts(plan)))


def _plan_facts(plan: "TrainingPlan") -> Iterable[tuple[str, str]]:
    yield "data", f"{plan.data}, {counted(plan.rows, 'row')}"
    classes = f" ({counted(len(plan.labels), 'class', 'classes')}: {', '.join(plan.labels)})" if plan.labels else ""
    yield "task", f"{plan.task}: {plan.target}{classes}"
    yield "features", f"{len(plan.features)}: {', '.join(plan.features)}"
    layers = ", ".join(map(str, plan.hidden)) or "none"
    yield "network", f"{counted(plan.inputs, 'input')}, hidden {layers}, {counted(plan.parameters, 'parameter')} in all"
    yield "members", f"{plan.members}, each on {_span(plan.train_rows)} rows"
    yield "held out", f"{_span(plan.held_out_rows)} rows a member"
    if any(plan.stopping_rows):
        yield "stopping", f"{_span(plan.stopping_rows)} rows a member, set aside for early stopping"
    each = _span([steps // plan.epochs for steps in plan.steps])
    yield "steps", f"{_span(plan.steps)} a member: {counted(plan.epochs, 'epoch')} of {each}"
    yield "batch", f"{_span(plan.batch_rows)} rows"


def _span(numbers: Sequence[int]) -> str:
    """``1,600``, or ``1,599 to 1,601``."""
    low, high = min(numbers, default=0), max(numbers, default=0)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def _rows(rows: int, skipped: int) -> str:
    return counted(rows, "row") + (f" ({count(skipped)} skipped)" if skipped else "")


def _moment(created: str) -> str:
    """``2026-11-23 04:15:00`` from ISO 8601."""
    return created.replace("T", " ")[:19]
