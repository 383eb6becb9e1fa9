"""The page of several trainings side by side: what ``compare`` writes, and ``report`` for several runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from phoneprice.config.fields import as_typed
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Interval
from phoneprice.records.comparison import Compared, Comparison, verdict
from phoneprice.report.comparison_charts import curve_charts, drawn, layer_charts, words_of_lines
from phoneprice.report.svg import Chart
from phoneprice.report.templating import environment
from phoneprice.wording import NONE, first_of

_SECTIONS = {
    "results": "What came out",
    "curves": "Learning curves",
    "layers": "Gradients and activations by layer",
    "settings": "What differs",
}
MOST_KEYS = 3
"""Settings that the heading names."""


def comparison_page(comparison: Comparison, source: str) -> str:
    """The whole page as text; ``source`` says where the rows are from."""
    lines = drawn(comparison)
    layers = layer_charts(lines)
    return (
        environment()
        .get_template("comparison.html")
        .render(
            comparison=comparison,
            title=title_of(comparison),
            source=source,
            sections={name: title for name, title in _SECTIONS.items() if name != "layers" or layers},
            curves=curve_charts(comparison, lines),
            layers=layers,
            drawn=words_of_lines(comparison, lines),
            tables=[_Table.of(comparison, name) for name in comparison.metrics],
            lost=[own for own in comparison.trainings if own.why_not],
            rows=[(own, _settings(own)) for own in comparison.trainings],
            keys=list(dict.fromkeys(key for own in comparison.trainings for key in own.settings)),
            base=comparison.trainings[comparison.base],
        )
    )


def comparison_charts(comparison: Comparison) -> tuple[Chart, ...]:
    """Every picture of the page."""
    lines = drawn(comparison)
    return (*curve_charts(comparison, lines), *layer_charts(lines))


def title_of(comparison: Comparison) -> str:
    """``model.activation: what it does to price_range``."""
    return f"{first_of(comparison.keys, MOST_KEYS)}: what it does" if comparison.keys else "Runs side by side"


@dataclass(frozen=True)
class _Line:
    """A training in a table: its figure on held-out and on learned rows, and how much better it is than the base."""

    name: str
    figure: Interval | None
    lead: Interval | None
    learned: float | None
    verdict: str


@dataclass(frozen=True)
class _Table:
    """One metric of all trainings."""

    metric: str
    title: str
    better: str
    lines: tuple[_Line, ...]

    @classmethod
    def of(cls, comparison: Comparison, name: str) -> _Table:
        return cls(name, METRICS[name].title, METRICS[name].better, tuple(_lines(comparison, name)))


def _lines(comparison: Comparison, name: str) -> Iterator[_Line]:
    for place, own in enumerate(comparison.trainings):
        lead = own.leads.get(name)
        said = "the base" if place == comparison.base else "no figures" if own.why_not else verdict(lead)
        yield _Line(own.name, own.metrics.get(name), lead, own.training.get(name), said)


def _settings(own: Compared) -> Mapping[str, str]:
    return {key: _written(value) for key, value in own.settings.items()}


def _written(value: Any) -> str:
    return NONE if value is None else as_typed(value)
