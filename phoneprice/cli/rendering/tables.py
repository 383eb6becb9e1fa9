"""What the inspecting commands found; their tables are data, so they go to stdout."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from phoneprice.artifact.layout import MANIFEST
from phoneprice.cli.rendering.console import UNBOUNDED, fitting, pairs, plain_table, show, stdout
from phoneprice.wording import NONE, count, counted, duration, figure, number, printable, share, size

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from phoneprice.data.describe import ColumnSummary
    from phoneprice.workflows.inspect_runs import RunDetails, RunLine
    from phoneprice.workflows.inspect_tables import CheckResult, DescriptionResult
    from phoneprice.workflows.plan import TrainingPlan

_SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}
_RUN_HEADINGS = ("run", "created (UTC)", "task", "target", "metric")
_LONGEST_NAME = 20
"""Characters of a column's name in a terminal that is too narrow for it."""
_NARROWEST_TEXT = 24
"""Characters that text which wraps gets; where there is less room, columns go."""
_FREQUENT = "most frequent values"
_EXPENDABLE = (("distinct",), ("25%", "75%"), ("missing",), ("low", "high"))
"""What a description gives up in a narrow terminal, in this order."""


def show_findings(report: "CheckResult") -> None:
    """What ``data check`` found, one finding a row."""
    console = stdout(whole_lines=True)
    found = counted(len(report.findings), "finding") if report.findings else "nothing to report"
    show(console, f"{report.source}: {_rows(report.rows, report.skipped_rows)}, {found}", style="bold")
    if not report.findings:
        return
    table = plain_table()
    table.add_column("", no_wrap=True)
    table.add_column("column", max_width=console.width // 2, no_wrap=True, overflow="ellipsis")
    table.add_column("finding", overflow="fold")
    for finding in report.findings:
        style = _SEVERITY_STYLES[finding.severity]
        table.add_row(finding.severity, printable(finding.column or ""), finding.message, style=style)
    show(console, table)


def show_description(report: "DescriptionResult") -> None:
    """Every column in a line: numbers by their quartiles, the others by their most frequent values."""
    console = stdout(whole_lines=True)
    rows, columns = _rows(report.rows, report.skipped_rows), counted(len(report.columns), "column")
    show(console, f"{report.source}: {rows}, {columns}", style="bold")
    numeric = [column for column in report.columns if column.low is not None and not column.top]
    others = [column for column in report.columns if column not in numeric]
    if numeric:
        show(console, fitting(console, _descriptions(numeric, report.rows, _quartiles)))
    if numeric and others:
        console.print()
    if others:
        show(console, fitting(console, _descriptions(others, report.rows, _frequent)))


def _descriptions(
    columns: "Sequence[ColumnSummary]", rows: int, values: "Callable[[ColumnSummary], dict[str, str]]"
) -> "Iterator[Table]":
    """The table with all there is, with shortened names, and with ever fewer columns."""
    lines = [_common(column, rows) | values(column) for column in columns]
    yield _description(lines, UNBOUNDED)
    yield _description(lines, _LONGEST_NAME)
    for names in _EXPENDABLE:
        lines = [{name: cell for name, cell in line.items() if name not in names} for line in lines]
        yield _description(lines, _LONGEST_NAME)


def _description(lines: Sequence[dict[str, str]], longest_name: int) -> "Table":
    table = plain_table()
    for heading in lines[0]:
        if heading == "column":
            width = min(longest_name, max(len(line[heading]) for line in lines))
            table.add_column(heading, min_width=width, max_width=longest_name, no_wrap=True, overflow="ellipsis")
        elif heading == _FREQUENT:
            width = min(_NARROWEST_TEXT, max(len(line[heading]) for line in lines))
            table.add_column(heading, min_width=width, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(*line.values())
    return table


def _common(column: "ColumnSummary", rows: int) -> dict[str, str]:
    role = "" if column.role == "feature" else f" ({column.role})"
    missing = share(column.missing, rows) if column.missing else NONE
    return {"column": f"{printable(column.name)}{role}", "missing": missing, "distinct": count(column.distinct)}


def _quartiles(column: "ColumnSummary") -> dict[str, str]:
    quartiles = column.low, column.lower_quartile, column.median, column.upper_quartile, column.high
    return dict(zip(("low", "25%", "median", "75%", "high"), map(number, quartiles), strict=True))


def _frequent(column: "ColumnSummary") -> dict[str, str]:
    if column.top and column.top[0][1] == 1:
        return {_FREQUENT: "each value once"}
    return {_FREQUENT: ", ".join(f"{printable(value)} ({count(times)})" for value, times in column.top)}


def show_runs(lines: "Sequence[RunLine]", root: "Path") -> None:
    """The runs of a directory, each in one line; a narrow terminal gets fewer columns and shorter faults."""
    from rich.text import Text

    console = stdout(whole_lines=True)
    if not lines:
        show(console, f"{root}: no runs")
        return
    columns = _fitting_columns(lines, console.width)
    widths = [_longest(column) for column in columns]
    heading, *rows = (_aligned(row, widths) for row in zip(*columns, strict=True))
    show(console, Text(heading, "dim"))
    show(console, Text("─" * min(_total(columns), console.width), "dim"))
    for line, row in zip(lines, rows, strict=True):
        text = Text(_aligned((_name(line), f"unusable: {_reason(line, line.fault)}"), widths) if line.fault else row)
        if line.fault and console.is_terminal:
            text.truncate(max(console.width, widths[0]), overflow="ellipsis")
        show(console, text)


def _fitting_columns(lines: "Sequence[RunLine]", width: int) -> list[Sequence[str]]:
    """Columns below their headings: first the time of day goes, then what names and metrics mostly tell, too."""
    run, created, task, target, metric = zip(_RUN_HEADINGS, *map(_run_cells, lines), strict=True)
    day = "created", *(moment[:10] for moment in created[1:])
    ways: tuple[list[Sequence[str]], ...] = (
        [run, created, task, target, metric],
        [run, day, task, target, metric],
        [run, task, target, metric],
        [run, target, metric],
    )
    return next((columns for columns in ways if _total(columns) <= width), [run, metric])


def _run_cells(line: "RunLine") -> tuple[str, ...]:
    if line.fault:
        return _name(line), "", "", "", ""
    return _name(line), _moment(line.created), line.task, printable(line.target), _headline(line)


def _aligned(cells: Iterable[str], widths: Sequence[int]) -> str:
    from rich.cells import cell_len

    return "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=False)).rstrip()


def _longest(column: Iterable[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, column))


def _total(columns: Sequence[Iterable[str]]) -> int:
    """Characters of a line, with two between the columns."""
    return sum(map(_longest, columns)) + 2 * (len(columns) - 1)


def _name(line: "RunLine") -> str:
    return printable(str(line.path))


def _reason(line: "RunLine", fault: str) -> str:
    """The fault less the path, which stands beside it."""
    return printable(fault.removeprefix(str(line.path)).lstrip(":/ "))


def _headline(line: "RunLine") -> str:
    if line.metric is None:
        return ""
    learned = " (training rows)" if line.measured_on == "training set" else ""
    return f"{line.metric} {figure(line.value)}{learned}"


def show_run_details(details: "RunDetails") -> None:
    """What a run is, and how good on held-out rows."""
    from phoneprice.cli.rendering.results import caution_of, metrics_table

    console = stdout()
    show(console, pairs(_run_facts(details)))
    if details.metrics.get("metrics"):
        console.print()
        if caution := caution_of(details.metrics):
            show(console, caution, style="yellow")
        show(console, metrics_table(details.metrics["metrics"], console))


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
    listed = run.manifest.files.values()
    yield "files", f"{len(listed)} listed in {MANIFEST}, {size(sum(file.bytes for file in listed))}"


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
