"""The report: one HTML page that needs nothing but itself. No script, no font, no link to anywhere.

How it looks stands in ``templates/``: ``report.html``, a file for each section and two style sheets. Here is what they
are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from phoneprice.metrics.confusion import most_frequent_errors
from phoneprice.records import Classified, Valued
from phoneprice.records.documents import Confusion
from phoneprice.report.facts import ReportFacts
from phoneprice.report.feature_charts import dependence_charts, importance_chart
from phoneprice.report.prediction_charts import (
    confusion_chart,
    ranking_charts,
    regression_charts,
    reliability_charts,
    score_chart,
)
from phoneprice.report.search_charts import search_charts
from phoneprice.report.svg import Chart
from phoneprice.report.templating import environment
from phoneprice.report.training_charts import health_charts, loss_chart, metric_chart, rate_chart
from phoneprice.report.verdict import comparison_chart, verdict

MOST_CLASSES = 12
"""More of them make no matrix; the most frequent confusions are listed."""
MOST_CONFUSIONS = 30
_FEW_BARS = 8

_SECTIONS = {
    "summary": "Verdict",
    "findings": "Findings",
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
    "metrics": "All metrics",
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
    metrics, pictures, template = facts.metrics, charts(facts), environment().get_template("report.html")
    return template.render(
        facts=facts,
        charts=pictures,
        sections={name: title for name, title in _SECTIONS.items() if _is_shown(name, facts, pictures)},
        verdict=verdict(facts),
        measured_on=_MEASURED_ON[metrics.measured_on],
        confusion=metrics.confusion,
        **_of_confusion(metrics.confusion),
        classes=metrics.per_class,
        calibration=metrics.calibration,
        settings=_without_comments(facts.config_toml),
    )


def summary_page(facts: ReportFacts) -> str:
    """One A4 page for those who decide: the verdict with the charts that prove it, what to mend, what it rests on."""
    made, found = charts(facts), facts.from_data
    proofs = [*made["summary"], *made["confusion"], *made["residuals"][:1]]
    proofs += [importance_chart(found, _FEW_BARS)] if found and found.importances else []
    proofs += made["curves"][:1]
    measured_on = _MEASURED_ON[facts.metrics.measured_on]
    template = environment().get_template("summary.html")
    return template.render(facts=facts, verdict=verdict(facts), measured_on=measured_on, charts=proofs[:4])


def charts(facts: ReportFacts) -> Charts:
    """Every picture, by section; of the confusion matrix the page shows a table instead."""
    confusion, rows, found = facts.metrics.confusion, facts.held_out, facts.from_data
    task = facts.task
    made: dict[str, list[Chart | None]] = {name: [] for name in _SECTIONS}
    made["summary"] = [comparison_chart(facts)]
    made["search"] = [] if facts.search is None else [*search_charts(facts.search)]
    for training in facts.trainings:
        curves = training.curves
        drawn = [loss_chart(curves, training.note), metric_chart(task, curves), rate_chart(curves)]
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
        made["dependence"] = [*dependence_charts(found.dependences)]
    return {name: [chart for chart in own if chart] for name, own in made.items()}


def _of_recipe(chart: Chart | None, recipe: str) -> Chart | None:
    """The chart with the name of the recipe that it is of, if that has one."""
    if chart is None or not recipe:
        return chart
    return replace(chart, name=f"{chart.name}-{recipe}", title=f"{chart.title}: {recipe}")


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
