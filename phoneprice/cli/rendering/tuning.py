"""What a search has found: the best candidates, what the picked one is worth in truth, and what mattered."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from rich.padding import Padding
from rich.table import Table

from phoneprice.cli.rendering.console import (
    ORANGE,
    add_aligned,
    add_figures,
    first_that_fits,
    name_value_table,
    plain_table,
    show,
    stderr,
    styled,
)
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Interval
from phoneprice.records.searches import Search
from phoneprice.wording import counted, duration, figure, first_of, share, span, spans_below_each_other

MOST_LISTED = 10
"""Candidates in the table, and settings that mattered."""
_MOST_FAULTS = 3


def show_search(found: Search, seconds: float) -> None:
    """All tables and lines, on stderr."""
    console, title = stderr(), METRICS[found.metric].title
    tried = f"{counted(len(found.candidates), 'candidate')} on {counted(found.folds, 'fold')}"
    heading = f"{tried} of {counted(found.rows, 'row')}, in {duration(seconds)}; the best by {title}"
    show(console, Padding(styled(heading, "bold"), 0))
    show(console, first_that_fits(console, (_leaderboard(found, intervals=shown) for shown in (True, False))))
    show(console)
    show(console, name_value_table(_facts(found, title)))
    for warning in found.edges:
        show(console, Padding(styled(warning, ORANGE), 0))
    show(console)


def _leaderboard(found: Search, *, intervals: bool) -> Table:
    """The best candidates, and the configuration as given."""
    listed = list(dict.fromkeys([*islice(found.ranking, MOST_LISTED), *(k for k in found.ranking if k == 0)]))
    own = [found.candidates[k] for k in listed]
    figures = [candidate.figure for candidate in own if candidate.figure is not None]
    values = [interval.value for interval in figures]
    table = plain_table(numbers=("",))
    columns = [add_figures(table, found.metric, [figure(value, *values) for value in values])]
    if intervals:
        spans = spans_below_each_other((interval.low, interval.high, *values) for interval in figures)
        columns.append(add_aligned(table, "95% interval", spans))
    gains = [
        None if number == 0 or own.lead is None else own.lead.value for number, own in zip(listed, own, strict=True)
    ]
    columns.append(add_figures(table, "better by", [figure(gain, *values) for gain in gains]))
    columns.append(add_aligned(table, "time", [duration(sum(candidate.seconds)) for candidate in own]))
    table.add_column("what changed", overflow="fold")
    for number, *cells in zip(listed, *columns, strict=True):
        table.add_row(str(number), *cells, found.words(number), style="bold" if number == found.picked else "")
    return table


def _facts(found: Search, title: str) -> Iterator[tuple[str, str]]:
    winner = found.winner
    yield "picked", f"candidate {found.picked}: {title} {_interval(winner.figure)}; the luckiest, so it is too good"
    yield "corrected", f"{title} {_interval(found.estimate)}: what to expect of it"
    if found.lead is not None:
        yield "better by", f"{_interval(found.lead)} than candidate 0, the configuration as given; corrected"
    if found.nested is not None:
        outer = f"{title} {_interval(found.nested.figure)}, better than 0 by {_interval(found.nested.lead)}"
        yield "nested", f"{outer}: the whole search on {counted(found.nested.folds, 'outer fold')}"
    if found.smallest != found.picked:
        small = found.candidates[found.smallest]
        size = f"{counted(small.parameters, 'parameter')} instead of {winner.parameters:,}"
        yield "smallest", f"candidate {found.smallest}, {size}, within one standard error of the best"
    if len(found.course) > 1:
        steps = (f"{figure(own.figure.value)} (candidate {own.candidate})" for own in found.course if own.figure)
        yield "best so far", ", ".join(steps)
    if found.importances:
        shares = [f"{key} {share(own)}" for key, own in islice(found.importances.items(), MOST_LISTED)]
        yield "mattered", f"{', '.join(shares)} of the variance (functional ANOVA)"
    yield from _left_out(found)


def _left_out(found: Search) -> Iterator[tuple[str, str]]:
    """Who has not finished, and why: how many were behind, and of the others the reasons."""
    reasons = {own.candidate: own.why_not for own in found.candidates if own.why_not}
    behind = Counter(why for why in reasons.values() if why.startswith("behind "))
    if behind:
        yield "dropped", ", ".join(f"{number} {why}" for why, number in behind.items())
    others = [f"candidate {number} {why}" for number, why in reasons.items() if why not in behind]
    if others:
        yield "failed", f"{counted(len(others), 'candidate')}: {first_of(others, _MOST_FAULTS, '; ')}"


def _interval(found: Interval | None) -> str:
    assert found is not None  # what is picked has finished
    ends = found.low, found.high
    return f"{figure(found.value, *ends)} ({span(*ends, found.value)})"
