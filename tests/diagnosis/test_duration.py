"""Trainings that end before they are done."""

from __future__ import annotations

import pytest

from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import HEALTHY, codes, falling, flat, recorded


@pytest.mark.parametrize(("rows", "found"), [(16 * 29, ["too_short"]), (16 * 30, [])])
def test_few_steps(rows: int, found: list[str]) -> None:
    assert codes(recorded(train=[1.0], rows=rows)) == found


def test_few_steps_in_words() -> None:
    (finding,) = judge(recorded(train=flat(1, 0.5, 2), rows=16 * 4)).findings
    assert finding.evidence == (
        "2 epochs of 4 steps; in the last epoch the loss fell by 50.0% of the guessing loss, to 0.5000"
    )
    assert finding.setting == "training.epochs=50"
    (large,) = judge(recorded("training.batch_rows=128", train=flat(1, 0.5, 10), rows=128)).findings
    assert large.setting == "training.batch_rows=64"


@pytest.mark.parametrize(("end", "found"), [(0.679, ["too_short"]), (0.681, [])])
def test_still_falling(end: float, found: list[str]) -> None:
    losses = [*falling(1, 0.7, 75), *falling(0.7, end, 26)[1:]]
    findings = judge(recorded(train=losses)).findings
    assert [finding.code for finding in findings] == found
    for finding in findings:
        assert finding.evidence == (
            "100 epochs of 50 steps; in the last 25 epochs the loss fell by 2.1% of the guessing loss, to 0.6790"
        )
        assert finding.setting == "training.epochs=300"


def test_a_training_that_was_stopped_early_is_not_too_short() -> None:
    assert codes(recorded("training.epochs=200", train=falling(1, 0.5, 100))) == []


@pytest.mark.parametrize(
    ("settings", "stopped", "found"),
    [
        (("scheduler.name=constant",), False, ["early_stopping_never_reached"]),
        (("scheduler.name=constant",), True, []),
        (("scheduler.name=constant", "training.epochs=200"), False, []),
        (("scheduler.name=cosine",), False, []),  # it is meant to get to the end
        (
            ("scheduler.name=cosine", "training.early_stopping.patience_epochs=100"),
            False,
            ["early_stopping_never_reached"],
        ),
    ],
)
def test_early_stopping_never_reached(settings: tuple[str, ...], stopped: bool, found: list[str]) -> None:
    stopping = "training.early_stopping.patience_epochs=70"
    findings = judge(recorded(stopping, *settings, train=HEALTHY, validation=HEALTHY, stopped=stopped)).findings
    assert [finding.code for finding in findings] == found
    assert [finding.setting for finding in findings] == ["training.epochs=300"] * len(found)
