"""What a run is worth, in a few plain sentences, and the chart that proves it."""

from __future__ import annotations

from collections.abc import Iterator

from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Interval
from phoneprice.report.facts import Baseline, ReportFacts
from phoneprice.report.svg import BOTTOM, TOP, Axis, Chart, margin_for
from phoneprice.wording import counted, figure, share

THIS_NETWORK = "this network"


def verdict(facts: ReportFacts) -> tuple[str, ...]:
    """Sentences: how often it is right, beside whom, and what is to be mended."""
    return (_how_good(facts), *_beside_others(facts), _what_is_wrong(facts))


def _how_good(facts: ReportFacts) -> str:
    metrics, target, found = facts.metrics, facts.task.target, facts.metrics.metrics[facts.metric]
    if facts.metric != "accuracy":
        return f"Predictions of {target} are off by {figure(found.value)} (root mean square{_between(found)})."
    right = f"{share(found.value)} of {counted(metrics.rows, 'row')}"
    sure = "" if found.low == found.high else f" (95% interval {share(found.low)} to {share(found.high)})"
    return f"The class of {target} is predicted right for {right}{sure}."


def _between(found: Interval) -> str:
    return "" if found.low == found.high else f", 95% interval {figure(found.low)} to {figure(found.high)}"


def _beside_others(facts: ReportFacts) -> Iterator[str]:
    """Against who says always the same, and against the simple models."""
    for simple in compared(facts):
        value = _shown(facts, simple.metrics[facts.metric])
        if simple.lead is None:
            yield f"Always {simple.name} would give {value}."
        else:
            yield f"{simple.name[0].upper()}{simple.name[1:]} gives {value}: {_lead(facts, simple.lead)}."


def _lead(facts: ReportFacts, lead: Interval) -> str:
    low, high = sorted((abs(lead.low), abs(lead.high)))
    if lead.low <= 0 <= lead.high:
        return "no difference beyond chance"
    by = f"{_shown(facts, abs(lead.value))} ({_shown(facts, low)} to {_shown(facts, high)})"
    return f"the network is {'better' if lead.value > 0 else 'worse'} by {by}"


def _shown(facts: ReportFacts, value: float) -> str:
    return share(value) if facts.metric == "accuracy" else figure(value)


def _what_is_wrong(facts: ReportFacts) -> str:
    if facts.metrics.measured_on == "training set":
        return "No rows were held out, so all this says nothing about new rows."
    if not facts.findings:
        return f"Nothing to mend: {counted(len(facts.checked), 'check')} of the training found no fault."
    return f"{counted(len(facts.findings), 'finding')} about the training, with what to try, below."


def compared(facts: ReportFacts) -> list[Baseline]:
    """The simple models that have the run's metric."""
    return [simple for simple in facts.baselines if facts.metric in simple.metrics]


def comparison_chart(facts: ReportFacts) -> Chart | None:
    """The network beside simple models in one metric; none without any."""
    others, metric = compared(facts), METRICS[facts.metric]
    if not others:
        return None
    own = facts.metrics.metrics[facts.metric]
    names = [THIS_NETWORK, *(simple.name for simple in others)]
    values = [own.value, *(simple.metrics[facts.metric] for simple in others)]
    zero = facts.metric != "accuracy"
    chart = Chart(
        "comparison",
        f"{metric.title[0].upper()}{metric.title[1:]} beside simple models",
        f"{metric.better.capitalize()} is better; all are measured on the same rows.",
        Axis.over([*values, own.low, own.high], metric.title, zero=True) if zero else Axis(0, 1, metric.title),
        Axis(-0.6, len(names) - 0.4, ""),
        height=TOP + BOTTOM + 34 * len(names),
        left=margin_for(names),
        grid="x",
    )
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        y = len(names) - 1 - i
        chart.bar(
            ((chart.x.low, y - 0.3), (value, y + 0.3)), "c1" if i == 0 else "c8", f"{name}: {_shown(facts, value)}"
        )
        chart.row_label(y, name)
    chart.rule((own.low, len(names) - 1), (own.high, len(names) - 1), "whisker", "95% interval")
    return chart
