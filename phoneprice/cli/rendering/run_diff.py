"""``runs diff``: two runs side by side."""

import json
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from phoneprice.cli.rendering.console import ORANGE, add_figures, first_that_fits, plain_table, show, stdout
from phoneprice.wording import NONE, counted, cut, figure
from phoneprice.workflows.changes import Change
from phoneprice.workflows.diff import PairedLead, RunDiff


def show_diff(diff: RunDiff) -> None:
    """What was changed, and what it did."""
    console = stdout()
    show(console, f"A {diff.a}", style="bold")
    show(console, f"B {diff.b}", style="bold")
    show(console)
    _show_changes("settings", diff.settings)
    _show_changes("data and environment", diff.environment)
    if caution := _caution(diff):
        show(console, caution, style=ORANGE)
    show(console, first_that_fits(console, (_metrics(diff, differences=differences) for differences in (True, False))))
    show(console)
    if diff.why_not:
        show(console, f"No comparison row by row: {diff.why_not}.")
    for line in diff.paired:
        show(console, _verdict(line, diff.rows))


def _show_changes(what: str, changes: Sequence[Change]) -> None:
    console = stdout()
    if not changes:
        show(console, f"The same {what}.")
        show(console)
        return
    table = plain_table()
    table.add_column(what, no_wrap=True)
    for heading in ("A", "B"):
        table.add_column(heading, overflow="fold")
    for change in changes:
        table.add_row(change.key, _text(change.a), _text(change.b))
    show(console, table)
    show(console)


def _text(value: Any) -> str:
    text = NONE if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return cut(text, 40)


def _caution(diff: RunDiff) -> str:
    """What to know before one reads the differences; empty where both runs were measured on held-out rows."""
    learned = [name for name, learned in zip("AB", diff.learned, strict=True) if learned]
    if not learned:
        return ""
    if len(learned) == 2:
        return "Training rows: neither run held out rows, so the figures say nothing about new ones."
    other = "B" if learned == ["A"] else "A"
    return (
        f"Training rows: {learned[0]} held out none, so its figures flatter it beside those of {other}, which are from "
        "held-out rows; the differences don't show which is better."
    )


def _metrics(diff: RunDiff, *, differences: bool) -> Table:
    """Both runs' metrics; without their ``differences`` it is narrow, and long names wrap."""
    table = plain_table()
    table.add_column("metric", min_width=26 if differences else 8, overflow="fold")
    rows = [(pair.a, pair.b, None if pair.a is None or pair.b is None else pair.b - pair.a) for pair in diff.metrics]
    columns = zip(*rows, strict=True)
    cells = [
        add_figures(table, heading, [figure(value, *row) for value, row in zip(column, rows, strict=True)], 9)
        for heading, column in zip(("A", "B", "B - A") if differences else ("A", "B"), columns, strict=False)
    ]
    for pair, *figures in zip(diff.metrics, *cells, strict=True):
        table.add_row(pair.name, *figures)
    return table


def _verdict(line: PairedLead, rows: int) -> str:
    """``accuracy: B is better by 0.0100 (0.0041 to 0.0159) on the same 2,000 rows, more than chance``."""
    lead = line.lead
    sign = 1 if lead.value >= 0 else -1
    low, high = sorted((sign * lead.low, sign * lead.high))
    who = (
        "A and B are equal"
        if lead.value == 0
        else f"{'B' if sign > 0 else 'A'} is better by {figure(abs(lead.value), low, high)}"
    )
    chance = "more than chance" if line.beyond_chance else "no more than chance explains"
    test = "" if line.p is None else f" (McNemar p {_chance(line.p)})"
    ends = f"{figure(low, high)} to {figure(high, low)}"
    return f"{line.metric}: {who} ({ends}) on the same {counted(rows, 'row')}: {chance}{test}"


def _chance(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"= {p:.2g}"
