"""The report: one HTML page that needs nothing but itself. No script, no font, no link to anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

import numpy as np

from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Classified, TrainingFinding
from phoneprice.report import html
from phoneprice.report.facts import FromData, ReportFacts
from phoneprice.report.feature_charts import dependence_chart, importance_chart
from phoneprice.report.prediction_charts import (
    confusion_chart,
    predicted_values,
    ranking_charts,
    regression_charts,
    reliability_charts,
    score_chart,
    shade,
)
from phoneprice.report.style import chart_style, page_style
from phoneprice.report.svg import Chart
from phoneprice.report.training_charts import health_charts, loss_chart, metric_chart, rate_chart
from phoneprice.wording import count, counted, figure, share

MOST_CLASSES = 12
"""More of them make no matrix; the most frequent confusions are listed."""
MOST_CONFUSIONS = 30

_MEASURED_ON = {
    "out of fold": "Out of fold: each row was predicted by a network that had not seen it.",
    "hold-out": "On rows that were held out of the training.",
    "training set": "On the training rows themselves, since none were held out: this says nothing about new rows.",
}

Section = Callable[[ReportFacts], str]


def page(facts: ReportFacts) -> str:
    """The whole page as text."""
    sections = [(name, title, content) for name, title, make in _SECTIONS if (content := make(facts))]
    links = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title, _ in sections)
    body = "".join(
        f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{escape(title)}</h2>{content}</section>'
        for name, title, content in sections
    )
    title = f"{facts.task.target}: {facts.name}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>phoneprice report, {escape(title)}</title><style>{page_style()}</style></head><body>"
        '<a class="skip" href="#summary">Skip to the summary</a>'
        f'<header><p class="soft">phoneprice report</p><h1>{escape(facts.name)}</h1>'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header><main>{body}</main>'
        f"<footer><p>Run made {escape(facts.created)}. This page needs no network.</p></footer></body></html>\n"
    )


def charts(facts: ReportFacts) -> Iterator[Chart]:
    """Every picture of the page, and the confusion matrix as one."""
    yield from _curve_charts(facts)
    confusion = facts.metrics.get("confusion")
    if confusion and len(confusion["labels"]) <= MOST_CLASSES:
        yield confusion_chart(confusion["labels"], confusion["counts"])
    yield from _prediction_charts(facts)
    if facts.from_data and facts.from_data.importances:
        yield importance_chart(facts.from_data)
        yield from (dependence_chart(d, i) for i, d in enumerate(facts.from_data.dependences, 1))
    yield from health_charts(facts)


def chart_file(chart: Chart) -> str:
    """A picture as an SVG file of its own, legend and colours included."""
    return chart.render(chart_style())


def _summary(facts: ReportFacts) -> str:
    document = facts.metrics
    cards = "".join(_card(name, metric) for name, metric in list(document["metrics"].items())[:4])
    return (
        html.paragraph(_verdict(facts))
        + f'<dl class="headline">{cards}</dl>'
        + html.paragraph(_MEASURED_ON.get(document["measured_on"], document["measured_on"]), "soft")
        + _baselines(facts)
        + _all_metrics(facts)
        + html.facts("Data and network", facts.summary)
    )


def _verdict(facts: ReportFacts) -> str:
    value = facts.metrics["metrics"][facts.metric]["value"]
    text = f"{facts.task.target} is predicted with {_title(facts.metric)} {figure(value)}"
    simple = [b for b in facts.baselines if facts.metric in b.metrics]
    against = " and ".join(f"{figure(b.metrics[facts.metric])} for {b.name}" for b in simple)
    return f"{text}, against {against}." if against else f"{text}."


def _card(name: str, metric: dict[str, float]) -> str:
    return (
        f"<div><dt>{escape(_title(name))}</dt><dd>{html.data(metric['value'])}"
        f'<span class="range">{html.interval(metric)}</span></dd></div>'
    )


def _title(name: str) -> str:
    return METRICS[name].title if name in METRICS else name


def _baselines(facts: ReportFacts) -> str:
    if not facts.baselines:
        return ""
    metric = facts.metric
    own = [("this network", html.data(facts.metrics["metrics"][metric]["value"]), "")]
    others = [
        (escape(b.name), figure(b.metrics.get(metric)), _lead(b.lead)) for b in facts.baselines if metric in b.metrics
    ]
    note = "" if any(b.lead for b in facts.baselines) else _ask(facts, "a linear model trained on the same folds")
    heads = ("model", escape(_title(metric)), "lead of the network (95% interval)")
    return html.table("Compared with simple models on the same rows", heads, [*own, *others]) + note


def _lead(lead: object) -> str:
    value, low, high = (getattr(lead, name, None) for name in ("value", "low", "high"))
    return "" if value is None else f"{figure(value)} ({figure(low)} to {figure(high)})"


def _ask(facts: ReportFacts, what: str) -> str:
    return f'<p class="soft">For {escape(what)}, give the table: <code>{escape(facts.ask_for_data)}</code></p>'


def _all_metrics(facts: ReportFacts) -> str:
    rows = [
        (
            escape(_title(name)),
            f'<td id="metric-{escape(name)}">{html.data(metric["value"])}</td>',
            html.interval(metric),
            escape(METRICS[name].description) if name in METRICS else "",
        )
        for name, metric in facts.metrics["metrics"].items()
    ]
    heads = ("metric", "value", "95% interval", "what it is")
    return html.table("All metrics", heads, rows, text_columns=(0, 3))


def _curves(facts: ReportFacts) -> str:
    return html.pictures(_curve_charts(facts))


def _curve_charts(facts: ReportFacts) -> Iterator[Chart]:
    yield loss_chart(facts.curves)
    if metric := metric_chart(facts):
        yield metric
    yield rate_chart(facts.curves)


def _confusion(facts: ReportFacts) -> str:
    confusion = facts.metrics.get("confusion")
    if not confusion:
        return ""
    labels, counts = confusion["labels"], np.array(confusion["counts"])
    right, total = int(np.trace(counts)), int(counts.sum())
    text = f"{count(right)} of {counted(total, 'row')} are on the diagonal, predicted right."
    wrong = counts - np.diag(np.diag(counts))
    if wrong.any():
        i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
        text += (
            f" The most frequent error: {counted(int(wrong[i, j]), 'row')} of class {labels[i]} predicted {labels[j]}."
        )
    return html.paragraph(text) + (
        _matrix(labels, counts) if len(labels) <= MOST_CLASSES else _frequent(labels, counts)
    )


def _matrix(labels: list[str], counts: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> str:
    rows = []
    for i, label in enumerate(labels):
        total = max(int(counts[i].sum()), 1)
        shades = [f"{'hit' if i == j else 'miss'} s{shade(n / total)}" for j, n in enumerate(counts[i].tolist())]
        cells = [
            f'<td class="{style}">{count(n)} <small>{share(n / total)}</small></td>'
            for style, n in zip(shades, counts[i].tolist(), strict=True)
        ]
        rows.append((escape(label), *cells))
    heads = ("true class", *(f"predicted {escape(label)}" for label in labels))
    return html.table(
        "Rows by true and predicted class, with their share of the true class", heads, rows, style="matrix"
    )


def _frequent(labels: list[str], counts: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> str:
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None)[:MOST_CONFUSIONS]
    places = [np.unravel_index(int(place), wrong.shape) for place in order]
    rows = [(escape(labels[i]), escape(labels[j]), count(int(wrong[i, j]))) for i, j in places if wrong[i, j]]
    return html.table("Most frequent confusions", ("true class", "predicted", "rows"), rows, text_columns=(0, 1))


def _per_class(facts: ReportFacts) -> str:
    lines = facts.metrics.get("per_class")
    if not lines:
        return ""
    rows = [
        (
            escape(line["label"]),
            *(html.data(line[name]) for name in ("precision", "recall", "f1")),
            count(line["support"]),
        )
        for line in lines
    ]
    worst = min(lines, key=lambda line: line["f1"])
    text = (
        "Precision: share of the rows predicted as the class that are of it. Recall: share of its rows found. "
        f"Hardest: class {worst['label']}."
    )
    return html.paragraph(text) + html.table("Each class", ("class", "precision", "recall", "F1", "rows"), rows)


def _prediction_charts(facts: ReportFacts) -> Iterator[Chart]:
    rows = facts.held_out
    if rows is None:
        return
    if not isinstance(rows.predictions, Classified):
        yield from regression_charts(rows.y, predicted_values(rows), facts.task.target)
        return
    yield from reliability_charts(rows)
    if facts.score is not None:
        yield score_chart(facts.score, rows.y, facts.task)
    if facts.task.kind == "binary":
        yield from ranking_charts(rows, facts.task)


def _calibration(facts: ReportFacts) -> str:
    if facts.held_out is None or not isinstance(facts.held_out.predictions, Classified):
        return ""
    text = "Whether a prediction that is said to be 90% sure is right nine times in ten."
    if calibration := facts.metrics.get("calibration"):
        text += (
            f" Temperature {figure(calibration['temperature'])} (1 changes nothing): log loss "
            f"{figure(calibration['log_loss_before'])} without it, {figure(calibration['log_loss_after'])} with it."
        )
    return html.paragraph(text) + html.pictures(reliability_charts(facts.held_out))


def _score(facts: ReportFacts) -> str:
    if facts.score is None or facts.held_out is None:
        return ""
    text = (
        "Ordered classes are one score, cut at learned points. Where neighbouring classes overlap, rows are hard."
        if facts.score.exact
        else "This network has no single score (its loss ignores the order): the mean class of its probabilities."
    )
    return html.paragraph(text) + html.pictures([score_chart(facts.score, facts.held_out.y, facts.task)])


def _ranking(facts: ReportFacts) -> str:
    if facts.task.kind != "binary" or facts.held_out is None:
        return ""
    found = ranking_charts(facts.held_out, facts.task)
    return html.pictures(found) if found else ""


def _residuals(facts: ReportFacts) -> str:
    if facts.task.kind != "regression" or facts.held_out is None:
        return ""
    return html.pictures(regression_charts(facts.held_out.y, predicted_values(facts.held_out), facts.task.target))


def _importance(facts: ReportFacts) -> str:
    found = facts.from_data
    if found is None:
        return _ask(facts, "permutation importance and partial dependence")
    if not found.importances:
        return ""
    text = (
        f"How much worse {found.metric} gets when one column is shuffled among the rows, so that it says nothing any "
        f"more. {found.measured_on} Columns that carry the same information share it: each alone looks less important."
    )
    rows = [
        (escape(line.column), f"{line.loss.value:.4f}", f"{line.loss.low:.4f} to {line.loss.high:.4f}")
        for line in found.importances
    ]
    return (
        html.paragraph(text)
        + html.pictures([importance_chart(found)])
        + html.table("Permutation importance", ("column", f"loss of {escape(found.metric)}", "95% interval"), rows)
    )


def _dependence(facts: ReportFacts) -> str:
    found = facts.from_data
    if found is None or not found.dependences:
        return ""
    text = (
        "What the whole ensemble predicts on average when a column has one value in every row, all else "
        "as it is. Small ticks mark the column's deciles: far from them there are few rows, and the curve is a guess."
    )
    return html.paragraph(text) + html.pictures(dependence_chart(d, i) for i, d in enumerate(found.dependences, 1))


def _worst(facts: ReportFacts) -> str:
    found = facts.from_data
    if found is None:
        return _ask(facts, "the rows it got most wrong, with their values")
    if not found.worst:
        return ""
    return html.paragraph(f"{found.measured_on} Worth a look: wrong labels and odd rows end up here.") + _worst_table(
        found
    )


def _worst_table(found: FromData) -> str:
    columns = list(found.worst[0].cells)
    heads = ("row", "true", "predicted", escape(found.error_name), *map(escape, columns))
    rows = [
        (escape(r.place), escape(r.truth), escape(r.predicted), figure(r.error), *(escape(r.cells[c]) for c in columns))
        for r in found.worst
    ]
    return html.table("The rows it got most wrong", heads, rows, style="wide")


def _health(facts: ReportFacts) -> str:
    findings = "".join(map(_finding, facts.findings)) or (
        '<div class="finding fine"><h3>Nothing to mend</h3>'
        "<p>No sign of dead units, vanishing gradients, a wrong learning rate, over- or underfitting.</p></div>"
    )
    return findings + html.pictures(health_charts(facts))


def _finding(finding: TrainingFinding) -> str:
    return (
        f'<div class="finding"><h3>{escape(finding.summary)}</h3><p>{escape(finding.evidence)}.</p>'
        f"<p>Try <code>-s {escape(finding.setting)}</code></p>"
        f'<p class="soft">Threshold: {escape(finding.source)}</p></div>'
    )


def _configuration(facts: ReportFacts) -> str:
    return html.paragraph("Every setting, as it was resolved.") + html.command(_without_comments(facts.config_toml))


def _without_comments(toml: str) -> str:
    """The settings, a blank line before each section."""
    lines = [line for line in toml.splitlines() if line.strip() and not line.startswith("#")]
    return "\n".join(f"\n{line}" if line.startswith("[") else line for line in lines).strip()


def _reproduce(facts: ReportFacts) -> str:
    text = "The same data, versions, machine and thread count give the same weights, bit for bit."
    return html.command(facts.command) + html.paragraph(text) + html.facts("Environment", facts.environment)


_SECTIONS: tuple[tuple[str, str, Section], ...] = (
    ("summary", "Summary", _summary),
    ("curves", "Learning curves", _curves),
    ("confusion", "Confusion matrix", _confusion),
    ("classes", "Each class", _per_class),
    ("calibration", "Calibration", _calibration),
    ("score", "Score and cut points", _score),
    ("ranking", "ROC and precision-recall", _ranking),
    ("residuals", "Residuals", _residuals),
    ("importance", "Feature importance", _importance),
    ("dependence", "Partial dependence", _dependence),
    ("worst", "Worst rows", _worst),
    ("health", "Training health", _health),
    ("configuration", "Configuration", _configuration),
    ("reproduce", "Environment and how to repeat it", _reproduce),
)
