"""What a run is worth, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from phoneprice.artifact.loader import load_run
from phoneprice.records import Interval
from phoneprice.report.facts import Baseline, ReportFacts
from phoneprice.report.verdict import comparison_chart, verdict
from phoneprice.workflows.report import gather
from tests.report.reports import small_run


def of(kind: str, *simple: Baseline, value: Interval) -> ReportFacts:
    facts = gather(load_run(small_run(kind)))
    metrics = facts.metrics.model_copy(update={"metrics": {facts.metric: value}, "rows": 2000})
    return replace(facts, metrics=metrics, baselines=simple, findings=())


MOST = Baseline("the most frequent class", {"accuracy": 0.25})


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        (Interval(0.02, 0.01, 0.03), "Logistic regression gives 90.0%: the network is better by 2.0% (1.0% to 3.0%)."),
        (
            Interval(-0.02, -0.03, -0.01),
            "Logistic regression gives 90.0%: the network is worse by 2.0% (1.0% to 3.0%).",
        ),
        (Interval(0.02, -0.01, 0.05), "Logistic regression gives 90.0%: no difference beyond chance."),
    ],
)
def test_classes(lead: Interval, words: str) -> None:
    linear = Baseline("logistic regression", {"accuracy": 0.9}, lead)
    facts = of("ordinal", MOST, linear, value=Interval(0.92, 0.91, 0.93))
    assert verdict(facts) == (
        "The class of price_range is predicted right for 92.0% of 2,000 rows (95% interval 91.0% to 93.0%).",
        "Always the most frequent class would give 25.0%.",
        words,
        f"Nothing to mend: {len(facts.checked)} checks of the training found no fault.",
    )


def test_a_regression() -> None:
    facts = of("regression", Baseline("the mean", {"rmse": 9.0, "r2": 0.0}), value=Interval(3.0, 2.5, 3.5))
    assert verdict(facts)[:2] == (
        "Predictions of ram are off by 3.0000 (root mean square, 95% interval 2.5000 to 3.5000).",
        "Always the mean would give 9.0000.",
    )


def test_without_held_out_rows_it_says_nothing() -> None:
    facts = of("none held out", MOST, value=Interval(1.0, 1.0, 1.0))
    assert verdict(facts) == (
        "The class of price_range is predicted right for 100.0% of 2,000 rows.",
        "Always the most frequent class would give 25.0%.",
        "No rows were held out, so all this says nothing about new rows.",
    )


def test_findings_are_counted() -> None:
    facts = gather(load_run(small_run("multiclass")))
    assert facts.findings
    assert verdict(facts)[-1].endswith(" about the training, with what to try, below.")


def test_nobody_to_compare_with() -> None:
    assert comparison_chart(of("ordinal", value=Interval(0.92, 0.91, 0.93))) is None
