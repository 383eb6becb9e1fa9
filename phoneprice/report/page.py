"""The report: one HTML page that needs nothing but itself. No script, no font, no link to anywhere.

How it looks stands in ``templates/``: ``report.html``, a file for each section and two style sheets. Here is what they
are given. Whatever they print is made printable and escaped, but for the SVG elements that ``svg.element`` has made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from phoneprice import wording
from phoneprice.metrics.catalogue import METRICS
from phoneprice.metrics.confusion import most_frequent_errors
from phoneprice.records import Classified, Valued
from phoneprice.records.documents import Confusion
from phoneprice.report.facts import ReportFacts
from phoneprice.report.feature_charts import dependence_chart, importance_chart
from phoneprice.report.prediction_charts import (
    confusion_chart,
    ranking_charts,
    regression_charts,
    reliability_charts,
    score_chart,
    shade,
)
from phoneprice.report.search_charts import search_charts
from phoneprice.report.svg import Chart
from phoneprice.report.training_charts import health_charts, loss_chart, metric_chart, rate_chart

MOST_CLASSES = 12
"""More of them make no matrix; the most frequent confusions are listed."""
MOST_CONFUSIONS = 30

_TEMPLATES = Path(__file__).parent / "templates"

_SECTIONS = {
    "summary": "Summary",
    "search": "Search",
    "curves": "Learning curves",
    "confusion": "Confusion matrix",
    "classes": "Each class",
    "calibration": "Calibration",
    "score": "Score and cut points",
    "ranking": "ROC and precision-recall",
    "residuals": "Residuals",
    "importance": "Feature importance",
    "dependence": "Partial dependence",
    "worst": "Worst rows",
    "health": "Training health",
    "configuration": "Configuration",
    "reproduce": "Environment and how to repeat it",
}
"""Ids (and files) of the sections and their headings, in their order."""

_MEASURED_ON = {
    "out of fold": "Out of fold: each row was predicted by a network that had not seen it.",
    "hold-out": "On rows that were held out of the training.",
    "training set": "On the training rows themselves, since none were held out: this says nothing about new rows.",
}

Charts = Mapping[str, Sequence[Chart]]
"""By section."""


def page(facts: ReportFacts) -> str:
    """The whole page as text."""
    metrics, pictures, template = facts.metrics, charts(facts), _environment().get_template("report.html")
    return template.render(
        facts=facts,
        charts=pictures,
        sections={name: title for name, title in _SECTIONS.items() if _is_shown(name, facts, pictures)},
        baselines=[baseline for baseline in facts.baselines if facts.metric in baseline.metrics],
        measured_on=_MEASURED_ON[metrics.measured_on],
        confusion=metrics.confusion,
        **_of_confusion(metrics.confusion),
        classes=metrics.per_class,
        calibration=metrics.calibration,
        settings=_without_comments(facts.config_toml),
    )


def charts(facts: ReportFacts) -> Charts:
    """Every picture, by section; of the confusion matrix the page shows a table instead."""
    confusion, rows, found = facts.metrics.confusion, facts.held_out, facts.from_data
    task = facts.task
    made: dict[str, list[Chart | None]] = {name: [] for name in _SECTIONS}
    made["search"] = [] if facts.search is None else [*search_charts(facts.search)]
    for training in facts.trainings:
        curves = training.curves
        drawn = [loss_chart(curves), metric_chart(task, curves), rate_chart(curves)]
        made["curves"] += [_of_recipe(chart, training.name) for chart in drawn]
        made["health"] += [_of_recipe(chart, training.name) for chart in health_charts(training)]
    if confusion and len(confusion.labels) <= MOST_CLASSES:
        made["confusion"] = [confusion_chart(confusion.labels, confusion.counts)]
    if rows and isinstance(rows.predictions, Classified):
        p = rows.predictions.probabilities
        made["calibration"] = [*reliability_charts(rows.truth, p, rows.weights)]
        made["score"] = [score_chart(facts.score, rows.truth, task)] if facts.score else []
        made["ranking"] = [*ranking_charts(rows.truth, p[:, 1], task.labels[1])] if task.kind == "binary" else []
    elif rows and isinstance(rows.predictions, Valued):
        made["residuals"] = [*regression_charts(rows.truth, rows.predictions.values, task.target)]
    if found and found.importances:
        made["importance"] = [importance_chart(found)]
        made["dependence"] = [dependence_chart(line, i) for i, line in enumerate(found.dependences, 1)]
    return {name: [chart for chart in own if chart] for name, own in made.items()}


def _of_recipe(chart: Chart | None, recipe: str) -> Chart | None:
    """The chart with the name of the recipe that it is of, if that has one."""
    if chart is None or not recipe:
        return chart
    return replace(chart, name=f"{chart.name}-{recipe}", title=f"{chart.title}: {recipe}")


def chart_file(chart: Chart) -> str:
    """A picture as an SVG file of its own, legend and colours included."""
    return chart.render((_TEMPLATES / "charts.css").read_text(encoding="utf-8"))


def _is_shown(section: str, facts: ReportFacts, charts: Charts) -> bool:
    match section:
        case "confusion":
            return facts.metrics.confusion is not None
        case "classes":
            return facts.metrics.per_class is not None
        case "search" | "calibration" | "score" | "ranking" | "residuals" | "dependence":
            return bool(charts[section])
        case "importance":
            return facts.from_data is None or bool(facts.from_data.importances)
        case "worst":
            return facts.from_data is None or bool(facts.from_data.worst)
        case _:
            return True


def _of_confusion(found: Confusion | None) -> dict[str, object]:
    """What the section of the confusion matrix is given besides; errors as true class, predicted class and rows."""
    if found is None:
        return {}
    labels = found.labels
    errors = most_frequent_errors(found.counts, MOST_CONFUSIONS)
    return {
        "heads": ["true class", *(f"predicted {label}" for label in labels)],
        "right": sum(row[i] for i, row in enumerate(found.counts)),
        "errors": [(labels[true], labels[predicted], rows) for true, predicted, rows in errors],
    }


def _without_comments(toml: str) -> str:
    """The settings, a blank line before each section."""
    lines = [line for line in toml.splitlines() if line.strip() and not line.startswith("#")]
    return "\n".join(f"\n{line}" if line.startswith("[") else line for line in lines).strip()


@cache
def _environment() -> Environment:
    """The templates with the words they use; a name that is given nowhere is a bug and raises."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    words = (wording.count, wording.counted, wording.figure, wording.share, wording.span)
    own = (shade, _metric_title, _metric_description)
    environment.filters.update({function.__name__.lstrip("_"): function for function in (*words, *own)})
    environment.globals["NONE"] = wording.NONE
    return environment


def _printable(value: object) -> str:
    """What a template prints as it may stand on the page; what is markup already stays, and the lines of a text do."""
    if isinstance(value, Markup):
        return value
    return "\n".join(map(wording.printable, str(value).split("\n")))


def _metric_title(name: str) -> str:
    return METRICS[name].title if name in METRICS else name


def _metric_description(name: str) -> str:
    return METRICS[name].description if name in METRICS else ""
