"""``data check`` and ``data describe``: a table's findings, and its columns."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.table import Table

from phoneprice.cli.rendering.console import ORANGE, UNBOUNDED, first_that_fits, plain_table, show, stdout, width_of
from phoneprice.cli.rendering.inferred import inferred_table
from phoneprice.data.inspection.describe import ColumnSummary
from phoneprice.wording import NONE, count, counted, number, share
from phoneprice.workflows.inspect_tables import CheckResult, DescriptionResult

_SEVERITY_STYLES = {"error": "bold red", "warning": ORANGE, "note": "dim"}
_MOST_LINES = 1000
"""Of a table: a table of 100,000 lines takes minutes to lay out, and nobody reads it."""
_LONGEST_NAME = 20
"""Characters of a column's name in a terminal that is too narrow for it."""
_NARROWEST_TEXT = 24
"""Characters that text which wraps gets; where there is less room, columns go."""
_FREQUENT = "most frequent values"
_EXPENDABLE = (("distinct",), ("25%", "75%"), ("missing",), ("low", "high"))
"""What a description gives up in a narrow terminal, in this order."""


def show_table_findings(result: CheckResult) -> None:
    """What ``data check`` found, one finding a row."""
    console = stdout(whole_lines=True)
    found = counted(len(result.findings), "finding") if result.findings else "nothing to report"
    show(console, f"{result.source}: {_rows(result.rows, result.skipped_rows)}, {found}", style="bold")
    if result.inferred:
        show(console, inferred_table(result.inferred))
    if not result.findings:
        return
    table = plain_table()
    table.add_column("", no_wrap=True)
    table.add_column("column", max_width=console.width // 2, no_wrap=True, overflow="ellipsis")
    table.add_column("finding", overflow="fold")
    for finding in result.findings[:_MOST_LINES]:
        style = _SEVERITY_STYLES[finding.severity]
        table.add_row(finding.severity, finding.column or "", finding.message, style=style)
    show(console, table)
    _tell_of_more(console, len(result.findings), "finding")


def show_description(result: DescriptionResult) -> None:
    """Every column in a line: numbers by their quartiles, the others by their most frequent values."""
    console = stdout(whole_lines=True)
    rows, columns = _rows(result.rows, result.skipped_rows), counted(len(result.columns), "column")
    show(console, f"{result.source}: {rows}, {columns}", style="bold")
    shown = result.columns[:_MOST_LINES]
    numeric = [column for column in shown if _has_quartiles(column)]
    others = [column for column in shown if not _has_quartiles(column)]
    if numeric:
        show(console, first_that_fits(console, _descriptions(numeric, result.rows, _quartiles)))
    if numeric and others:
        show(console)
    if others:
        show(console, first_that_fits(console, _descriptions(others, result.rows, _frequent)))
    _tell_of_more(console, len(result.columns), "column")


def _tell_of_more(console: Console, found: int, what: str) -> None:
    """Say how many lines were left out."""
    if found > _MOST_LINES:
        show(console, f"and {counted(found - _MOST_LINES, f'more {what}')}; --json lists them all")


def _has_quartiles(column: ColumnSummary) -> bool:
    return column.low is not None and not column.top


def _descriptions(
    columns: Sequence[ColumnSummary], rows: int, values: Callable[[ColumnSummary], dict[str, str]]
) -> Iterator[Table]:
    """The table with all there is, with shortened names, and with ever fewer columns."""
    lines = [_common(column, rows) | values(column) for column in columns]
    yield _description(lines, UNBOUNDED)
    yield _description(lines, _LONGEST_NAME)
    for names in _EXPENDABLE:
        lines = [{name: cell for name, cell in line.items() if name not in names} for line in lines]
        yield _description(lines, _LONGEST_NAME)


def _description(lines: Sequence[dict[str, str]], longest_name: int) -> Table:
    table = plain_table()
    for heading in lines[0]:
        if heading == "column":
            width = min(longest_name, max(width_of(line[heading]) for line in lines))
            table.add_column(heading, min_width=width, max_width=longest_name, no_wrap=True, overflow="ellipsis")
        elif heading == _FREQUENT:
            width = min(_NARROWEST_TEXT, max(width_of(line[heading]) for line in lines))
            table.add_column(heading, min_width=width, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(*line.values())
    return table


def _common(column: ColumnSummary, rows: int) -> dict[str, str]:
    role = "" if column.role == "feature" else f" ({column.role})"
    missing = share(column.missing, rows) if column.missing else NONE
    return {"column": f"{column.name}{role}", "missing": missing, "distinct": count(column.distinct)}


def _quartiles(column: ColumnSummary) -> dict[str, str]:
    quartiles = column.low, column.lower_quartile, column.median, column.upper_quartile, column.high
    return dict(zip(("low", "25%", "median", "75%", "high"), map(number, quartiles), strict=True))


def _frequent(column: ColumnSummary) -> dict[str, str]:
    if column.top and column.top[0][1] == 1:
        return {_FREQUENT: "each value once"}
    return {_FREQUENT: ", ".join(f"{value} ({count(times)})" for value, times in column.top)}


def _rows(rows: int, skipped: int) -> str:
    return counted(rows, "row") + (f" ({count(skipped)} skipped)" if skipped else "")
