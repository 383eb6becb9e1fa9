"""Trainings that end before they are done."""

from __future__ import annotations

import pytest

from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import HEALTHY, codes, falling, flat, recorded


@pytest.mark.parametrize(("rows", "found"), [(16 * 29, ["too_short"]), (16 * 30, [])])
def test_few_steps(rows: int, found: list[str]) -> None:
    assert codes(recorded(train=[1.0], rows=rows)) == found


def test_few_steps_in_words() -> None:
    (finding,) = judge(recorded(train=flat(1, 0.5, 2), rows=16 * 4))
    assert (finding.evidence, finding.setting) == ("2 epochs of 4 steps are 8 steps", "training.epochs=50")
    (large,) = judge(recorded("training.batch_rows=128", train=flat(1, 0.5, 10), rows=128))
    assert large.setting == "training.batch_rows=64"


@pytest.mark.parametrize(
    ("start", "before", "end", "found"),
    [
        (1.0, 0.90, 0.85, ["too_short"]),
        (1.0, 0.90, 0.89, []),  # less than 2% in the last tenth
        (2.0, 0.90, 0.85, []),  # less than a tenth of all that was gained
    ],
)
def test_still_falling(start: float, before: float, end: float, found: list[str]) -> None:
    losses = [*falling(start, before, 90), *falling(before, end, 11)[1:]]
    findings = judge(recorded(train=losses))
    assert [finding.code for finding in findings] == found
    for finding in findings:
        assert finding.evidence == "the loss fell by 5.6% in the last 10 epochs, to 0.8500"
        assert finding.setting == "training.epochs=500"


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
    findings = judge(recorded(stopping, *settings, train=HEALTHY, validation=HEALTHY, stopped=stopped))
    assert [finding.code for finding in findings] == found


def test_the_remedy_leaves_time_for_patience() -> None:
    for patience, epochs in ((10, 200), (90, 270)):
        stopping = f"training.early_stopping.patience_epochs={patience}"
        (finding,) = judge(recorded(stopping, "scheduler.name=constant", validation=HEALTHY))
        assert finding.setting == f"training.epochs={epochs}"
