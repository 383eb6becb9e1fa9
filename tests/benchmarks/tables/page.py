"""The comparison as a page, in Markdown and in HTML, and as a summary for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import isnan
from textwrap import fill

from tables.catalogue import Split
from tables.comparison import ENOUGH, NOT_WORSE, ON_AVERAGE, Comparison, Estimate, Pairs, Way
from tables.protocol import FOLDS, SECONDS, SVM_ROWS
from tables.scoring import RANKED, Metric

Cells = tuple[str, ...]
REFERENCE = "CatBoost"
"""Whose times the others' are multiples of."""
MOST_WORST = 15
COLUMNS = 80
NONE = "-"
WORDS: dict[Split, str] = {"development": "to develop on", "confirmation": "to confirm"}


@dataclass(frozen=True)
class Part:
    """A section of the page: what it says, and one table of cells."""

    title: str
    words: str
    header: Cells = ()
    lines: Sequence[Cells] = ()


def markdown(found: Comparison) -> str:
    """The whole page."""
    return "\n\n".join(("# Comparison on real tables", *map(_in_markdown, parts(found)))) + "\n"


def _in_markdown(part: Part) -> str:
    lines = [" | ".join(cells) for cells in (part.header, ("---",) * len(part.header), *part.lines)]
    grid = "\n".join(f"| {line} |" for line in lines) if part.header else ""
    return "\n\n".join(filter(None, (f"## {part.title}", part.words, grid)))


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color-scheme: light dark }
div { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8886; white-space: nowrap }
th:first-child, td:first-child { text-align: left }
"""


def html(found: Comparison) -> str:
    """The whole page, with nothing outside itself."""
    body = "\n".join(map(_in_html, parts(found)))
    title = "Comparison on real tables"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def _in_html(part: Part) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in part.header)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>\n" for cells in part.lines)
    grid = f"<div><table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>" if head else ""
    return f"<h2>{escape(part.title)}</h2>\n<p>{escape(part.words)}</p>\n{grid}"


def summary(found: Comparison) -> str:
    """The ranks and the wins, 80 columns wide."""
    shown = [*_ranks(found), *_against(found), *_bars(found)]
    return "\n\n".join((fill(_about(found).words, COLUMNS), *map(_in_terminal, shown)))


def _in_terminal(part: Part) -> str:
    grid = (part.header, *part.lines)
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    return "\n".join((part.title, *(_aligned(cells, widths) for cells in grid)))


def _aligned(cells: Cells, widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    others = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join((first, *others)).rstrip()


def parts(found: Comparison) -> list[Part]:
    """The sections, in order."""
    made = [_about(found), *_bars(found), *_ranks(found), *_against(found), *_shares(found), *_worst(found)]
    return [*made, _calibration(found), _times(found), _left_out(found), _all_scores(found), _catalogue(found)]


def _about(found: Comparison) -> Part:
    splits = [t.split for t in found.tables]
    counted = " and ".join(f"{splits.count(split)} {WORDS[split]}" for split in WORDS if split in splits)
    complete = ", ".join(found.complete) or "none"
    words = f"{len(found.tables)} tables, {counted}; {FOLDS} folds. Models with all tables: {complete}."
    return Part("What was compared", words)


_RANKS = (
    "1 is best; in brackets, 95 % of what other tables like these would give (bootstrap). In the header, how many "
    "tables. Each of ours is ranked among the others alone, and they with the first of ours."
)


def _ranks(found: Comparison) -> Iterator[Part]:
    for title, complete in (("Mean rank, models with all tables", True), ("Mean rank, tables that all have", False)):
        among = found.complete if complete else found.models
        by_metric = {m: found.ranks(m, among) for m in RANKED}
        models = list(dict.fromkeys(model for ranks in by_metric.values() for model in ranks))
        if not models or (not complete and set(found.complete) == set(found.models)):
            continue
        models.sort(key=lambda model: sum(ranks[model].value for ranks in by_metric.values() if model in ranks))
        header = ("model", *(f"{m} ({len(found.common(m, among))})" for m in RANKED))
        lines = [(model, *(_estimate(by_metric[m].get(model)) for m in RANKED)) for model in models]
        yield Part(title, _RANKS, header, lines)


def _estimate(found: Estimate | None) -> str:
    return NONE if found is None else f"{found.value:.2f} ({found.low:.1f}-{found.high:.1f})"


def _against(found: Comparison) -> Iterator[Part]:
    words = (
        "On how many tables it is better, level (within one standard error of the paired differences of the folds) and "
        "worse; in brackets the share that is not worse. Of each pair, the tables that both have."
    )
    for ours in found.ours:
        others = [model for model in found.models if model != ours]
        lines = [(other, *(_pairs(found.against(ours, other, metric)) for metric in RANKED)) for other in others]
        if lines:
            yield Part(f"{ours}: wins, ties, losses against", words, ("", *RANKED), lines)


def _bars(found: Comparison) -> Iterator[Part]:
    words = "What is aimed at, and what there is, on the tables of this page."
    for ours in found.ours:
        lines = [line for metric in RANKED for line in _bars_of(found, ours, metric)]
        own = [c for (_, model), c in found.calibrations.items() if model == ours]
        if own:
            passed = sum(c.passes for c in own)
            lines.append(("calibrated, but for chance", "all", f"{passed}/{len(own)}", _met(passed == len(own))))
        if lines:
            yield Part(f"{ours}: bars", words, ("", "bar", "found", ""), lines)


def _bars_of(found: Comparison, ours: str, metric: Metric) -> Iterator[Cells]:
    ranks = {model: r.value for model, r in found.ranks(metric, found.complete).items() if model not in found.ours}
    if ours in found.complete and ranks:
        rank = found.ranks(metric, found.complete)[ours].value
        best = min(ranks.values())
        yield f"{metric}: mean rank", f"< {best:.2f}", f"{rank:.2f}", _met(rank < best)
    kept = found.against(ours, REFERENCE, metric).kept
    if not isnan(kept):
        yield f"{metric}: not worse than {REFERENCE}", f"{NOT_WORSE:.0%}", f"{kept:.0%}", _met(kept >= NOT_WORSE)
    ways = found.ways_of(ours, metric)
    if ways:
        near, mean = sum(way.enough for way in ways), sum(way.share for way in ways) / len(ways)
        yield f"{metric}: share of the way or level", f"{ENOUGH:g}", f"{near}/{len(ways)}", _met(near == len(ways))
        yield f"{metric}: share of the way, mean", f"{ON_AVERAGE:g}", f"{mean:.3f}", _met(mean >= ON_AVERAGE)


def _met(is_met: bool) -> str:  # the one thing that it says
    return "met" if is_met else "missed"


def _pairs(found: Pairs) -> str:
    return NONE if isnan(found.kept) else f"{found.wins}-{found.ties}-{found.losses} ({found.kept:.0%})"


def _shares(found: Comparison) -> Iterator[Part]:
    ways = {(model, metric): found.ways_of(model, metric) for model in found.models for metric in RANKED}
    lines = [(model, *(_way(ways[model, metric]) for metric in RANKED)) for model in found.models]
    words = (
        "How far from the trivial predictor (0) to the best model of the table (1): the mean over the tables, and on "
        f"how many it is {ENOUGH:g} or more, or level with the best. Tables on which the best is within 0.02 of the "
        "trivial predictor (RMSE: within 2 % of its own) are left out."
    )
    yield Part("Shares of the way", words, ("model", *RANKED), lines)


def _way(ways: list[Way]) -> str:
    if not ways:
        return NONE
    return f"{sum(w.share for w in ways) / len(ways):.3f}, {sum(w.enough for w in ways)}/{len(ways)}"


def _worst(found: Comparison) -> Iterator[Part]:
    for ours in found.ours:
        ways = [way for metric in RANKED for way in found.ways_of(ours, metric) if not way.enough]
        ways.sort(key=lambda way: way.share)
        split = {t.name: t.split for t in found.tables}
        lines = [
            (w.table, split[w.table], w.metric, f"{w.value:.4g}", f"{w.best:.4g}", w.best_model, f"{w.share:.2f}")
            for w in ways[:MOST_WORST]
        ]
        words = f"Of {len(ways)} figures that are not near enough to the best, the furthest."
        header = ("table", "split", "metric", "here", "best", "by", "share of the way")
        yield Part(f"{ours}: furthest behind", words, header, lines)


def _calibration(found: Comparison) -> Part:
    lines = []
    for model in found.models:
        own = [c for (_, name), c in found.calibrations.items() if name == model]
        if own:
            mean = sum(c.error for c in own) / len(own)
            lines.append((model, f"{mean:.4f}", f"{sum(c.passes for c in own)}/{len(own)}"))
    words = (
        "Expected calibration error (15 bins, all rows of a table) on tables of classes with 1,000 rows or more, and "
        "on how many it is below the 95th percentile of what labels drawn from the model's own probabilities give."
    )
    return Part("Calibration", words, ("model", "mean", "by chance"), lines)


def _times(found: Comparison) -> Part:
    lines = []
    for model in found.models:
        if (times := found.times(model, REFERENCE)) is not None:
            seconds = (f"{s:.3g}" for s in (times.start, times.fit, times.predict))
            ratios = (NONE if isnan(r) else f"{r:.2f}" for r in (times.fit_ratio, times.predict_ratio))
            lines.append((model, *seconds, *ratios))
    words = (
        "Seconds of a fold, medians over the tables; starting a process with all imports is measured apart. The ratios "
        f"are medians over the tables, against {REFERENCE} on the same."
    )
    return Part("Times", words, ("model", "start", "fit", "predict", "fit, ratio", "predict, ratio"), lines)


def _left_out(found: Comparison) -> Part:
    lines = []
    for model in found.models:
        for table in found.left_out(model):
            facts = found.facts.get((table, model))
            why = ("not asked yet", "") if facts is None else (facts.outcome, facts.words)
            lines.append((model, table, *why))
    for (table, model), facts in found.facts.items():
        if facts.outcome == "answered" and facts.words:
            lines.append((model, table, "remark", facts.words))
    counts = Counter(f"{model} {what}" for model, _, what, _ in lines)
    counted = "; ".join(f"{what}: {count}" for what, count in counts.items()) or "Nothing"
    words = f"{counted}. A fold may take {SECONDS} s; the SVM is asked up to {SVM_ROWS:,} rows."
    return Part("Left out, and remarks", words, ("model", "table", "", "why"), lines)


def _all_scores(found: Comparison) -> Part:
    lines = []
    for metric in RANKED:
        for table, models in found.folds.get(metric, {}).items():
            values = (f"{models[m].mean():.4g}" if m in models else NONE for m in found.models)
            lines.append((table, metric, f"{found.floors[metric][table].mean():.4g}", *values))
    words = "Means over the folds."
    return Part("All figures", words, ("table", "metric", "trivial", *found.models), lines)


def _catalogue(found: Comparison) -> Part:
    lines = []
    for table in found.tables:
        facts = next((f for (name, _), f in found.facts.items() if name == table.name and f.columns), None)
        rows = f"{found.rows[table.name]:,}" if table.name in found.rows else NONE
        size = (rows, str(facts.columns), str(len(facts.labels) or NONE)) if facts else (rows, NONE, NONE)
        left = str(facts.without_target + facts.of_rare_classes) if facts else NONE
        lines.append((table.name, table.split, table.kind, *size, left, f"{table.source}: {table.item}", table.target))
    words = (
        "Which are to develop on and which to confirm is decided by the hash of the name. Rows are left out where the "
        f"target is missing or their class has fewer than {FOLDS} rows."
    )
    header = ("table", "split", "kind", "rows", "columns", "classes", "rows left out", "where", "target")
    return Part("The tables", words, header, lines)
