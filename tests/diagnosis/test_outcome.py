"""The network beside guessing, and beside a linear model."""

from __future__ import annotations

from typing import Any

import pytest

from phoneprice.diagnosis.findings import judge
from phoneprice.records import Interval
from phoneprice.records.documents import BaselineMetrics
from phoneprice.records.findings import symptoms
from tests.diagnosis.recorded import codes, figures, recorded

NO_SKIP = "model.skip=false"


@pytest.mark.parametrize(("r2", "found"), [(0.019, ["no_better_than_guessing"]), (0.021, [])])
def test_no_better_than_the_mean(r2: float, found: list[str]) -> None:
    assert codes(recorded(metrics=figures(r2=r2, rmse=1.0))) == found


@pytest.mark.parametrize(
    ("log_loss", "accuracy", "found"),
    [(0.68, 0.51, ["no_better_than_guessing"]), (0.67, 0.51, []), (7.76, 0.9, ["no_better_than_guessing"])],
)
def test_no_better_than_the_class_shares(log_loss: float, accuracy: float, found: list[str]) -> None:
    metrics = figures(support=[50, 50, 0], log_loss=log_loss, accuracy=accuracy)
    findings = judge(recorded(metrics=metrics)).findings
    assert [finding.code for finding in findings] == found
    for finding in findings:
        assert finding.evidence.endswith("always the class shares give 0.6931")
        assert finding.setting == ""  # nothing says that a setting would help


def beside(accuracy: tuple[float, float, float], log_loss: tuple[float, float, float]) -> Any:
    """Metrics of two equally frequent classes, and how far a linear model's are away: ours - theirs, low, high."""
    differences = {"accuracy": Interval(*accuracy), "log_loss": Interval(*log_loss)}
    theirs = {"accuracy": Interval(0.9, 0.9, 0.9), "log_loss": Interval(0.2, 0.2, 0.2)}
    linear = BaselineMetrics.model_construct(metrics=theirs, ours_minus_theirs=differences)
    return figures(support=[50, 50], accuracy=0.8, log_loss=0.3, baselines={"logistic regression": linear})


EQUAL = (0.0, -0.1, 0.1)


@pytest.mark.parametrize(
    ("accuracy", "log_loss", "found"),
    [
        (EQUAL, EQUAL, []),
        ((-0.013, -0.02, -0.01), EQUAL, ["behind_linear"]),  # 3% of 0.4: guessing has 0.5, the linear model 0.9
        ((-0.011, -0.02, -0.01), EQUAL, []),
        ((-0.1, -0.195, -0.0039), EQUAL, []),  # within noise: 1% of that is 0.004
        (EQUAL, (0.015, 0.01, 0.03), ["behind_linear"]),  # 3% of 0.4931: log 2, less 0.2
        (EQUAL, (0.0147, 0.01, 0.03), []),
        (EQUAL, (-0.1, -0.2, -0.05), []),
    ],
)
def test_behind_linear(accuracy: Any, log_loss: Any, found: list[str]) -> None:
    assert codes(recorded(NO_SKIP, metrics=beside(accuracy, log_loss))) == found


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [((NO_SKIP,), "model.skip=true"), ((), "model.hidden=[]"), (("model.hidden=[]",), "")],
)
def test_remedies_of_a_network_behind_a_linear_model(settings: tuple[str, ...], remedy: str) -> None:
    (finding,) = judge(recorded(*settings, metrics=beside((-0.1, -0.12, -0.08), EQUAL))).findings
    assert finding.setting == remedy
    assert finding.summary == (
        "The network's predictions are worse than those of logistic regression, which has no hidden layers at all."
    )
    assert finding.evidence == (
        "accuracy 0.8000, logistic regression 0.9000 (behind by 0.1000, 0.0800 to 0.1200); log loss 0.3000, logistic "
        "regression 0.2000 (behind by 0.0000, -0.1000 to 0.1000)"
    )


def test_a_network_that_is_ahead_of_a_linear_model() -> None:
    checked = judge(recorded(metrics=beside((0.02, 0.01, 0.03), (-0.1, -0.2, -0.05)))).checked
    (told,) = [check.measured for check in checked if check.code == "behind_linear"]
    assert told == (
        "accuracy 0.8000, logistic regression 0.9000 (ahead by 0.0200, 0.0100 to 0.0300); log loss 0.3000, logistic "
        "regression 0.2000 (ahead by 0.1000, 0.0500 to 0.2000)"
    )


@pytest.mark.parametrize(("difference", "found"), [(0.16, ["behind_linear"]), (0.14, [])])
def test_a_regression_behind_a_linear_model(difference: float, found: list[str]) -> None:
    theirs = {"rmse": Interval(5.0, 5.0, 5.0)}
    lead = {"rmse": Interval(difference, 0.11, 0.5)}
    linear = BaselineMetrics.model_construct(metrics=theirs, ours_minus_theirs=lead)
    metrics = figures(rmse=6.0, r2=0.64, baselines={"ridge regression": linear})  # always the mean: 10
    assert codes(recorded(NO_SKIP, metrics=metrics)) == found


def test_a_network_that_learns_nothing_where_a_linear_model_does() -> None:
    metrics = beside((-0.4, -0.5, -0.3), (0.5, 0.4, 0.6))
    metrics = metrics.model_copy(update={"metrics": {**metrics.metrics, "log_loss": Interval(0.7, 0.7, 0.7)}})
    judgement = judge(recorded(NO_SKIP, metrics=metrics))
    found = [(finding.code, finding.setting) for finding in judgement.findings]
    assert found == [("no_better_than_guessing", "model.skip=true")]
    assert symptoms(judgement.findings, judgement.checked) == (
        "Not as it should be either, perhaps because of this: the network beside a linear model."
    )


WEIGHED = "loss.class_weights=balanced"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ((), ["behind_linear"]),
        (("task.decision=median",), []),  # another aim than accuracy
        (("loss.name=cross_entropy", WEIGHED), []),
    ],
)
def test_what_was_not_the_aim_is_not_compared(settings: tuple[str, ...], found: list[str]) -> None:
    assert codes(recorded(*settings, metrics=beside((-0.1, -0.12, -0.08), EQUAL))) == found


def test_classes_that_count_more_than_others_have_other_probabilities_than_their_shares() -> None:
    metrics = figures(support=[95, 5], log_loss=0.5, accuracy=0.8)
    assert codes(recorded(metrics=metrics)) == ["no_better_than_guessing"]
    assert codes(recorded("loss.name=cross_entropy", WEIGHED, metrics=metrics)) == []
