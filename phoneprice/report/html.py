"""Pieces of the page as HTML text; whatever comes from a file or a user is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from phoneprice.report.svg import Chart
from phoneprice.wording import figure


def element(tag: str, text: str) -> str:
    """Plain text in a tag."""
    return f"<{tag}>{escape(text)}</{tag}>"


def paragraph(text: str, style: str = "") -> str:
    """A paragraph of plain text."""
    return f"<p{_style(style)}>{escape(text)}</p>"


def command(text: str) -> str:
    """A command line."""
    return f"<pre><code>{escape(text)}</code></pre>"


def data(value: float) -> str:
    """A number as people read it, with the exact one behind it."""
    return f'<data value="{value!r}">{figure(value)}</data>'


def interval(metric: Mapping[str, Any]) -> str:
    """``low to high``, exact values behind both."""
    if metric["low"] == metric["high"]:
        return "none"
    return f"{data(metric['low'])} to {data(metric['high'])}"


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    style: str = "",
    text_columns: Sequence[int] = (0,),
) -> str:
    """A table; cells are HTML, the first of a row heads it. Wide ones scroll by touch or by keyboard."""
    head = "".join(
        f'<th scope="col"{_style("text" if i in text_columns else "")}>{h}</th>' for i, h in enumerate(heads)
    )
    body = "".join(_row(row, text_columns) for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Table: {escape(caption)}"><table{_style(style)}>'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(cells: Sequence[str], text_columns: Sequence[int]) -> str:
    first, *rest = cells
    others = "".join(
        cell if cell.startswith("<td") else f"<td{_style('text' if i in text_columns else '')}>{cell}</td>"
        for i, cell in enumerate(rest, 1)
    )
    return f'<tr><th scope="row">{first}</th>{others}</tr>'


def facts(caption: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they stand for."""
    body = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>' for name, text in pairs)
    return f'<table class="facts"><caption>{escape(caption)}</caption><tbody>{body}</tbody></table>'


def picture(chart: Chart) -> str:
    """A chart with its heading, its legend and, in words, what it shows."""
    keys = "".join(f"<li>{_swatch(style)}{escape(label)}</li>" for style, label in chart.legend)
    return (
        f"<figure>{element('h3', chart.title)}{chart.render()}"
        f"{f'<ul class=keys>{keys}</ul>' if keys else ''}<figcaption>{escape(chart.description)}</figcaption></figure>"
    )


def pictures(charts: Iterable[Chart | None]) -> str:
    """Charts side by side where there is room."""
    return f'<div class="charts">{"".join(picture(chart) for chart in charts if chart is not None)}</div>'


def _swatch(style: str) -> str:
    if "dot" in style.split():
        return f'<svg viewBox="0 0 22 10" aria-hidden="true"><circle class="{style}" cx="11" cy="5" r="4"/></svg>'
    kind = style if style in {"rule", "mark", "whisker"} else f"line {style}"
    return f'<svg viewBox="0 0 22 10" aria-hidden="true"><line class="{kind}" x1="0" y1="5" x2="22" y2="5"/></svg>'


def _style(name: str) -> str:
    return f' class="{name}"' if name else ""
