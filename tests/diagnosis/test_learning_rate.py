"""Rates that are too high, too low, or reduced too early."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import codes, falling, figures, flat, member, recorded

ONE = "model.hidden=[8]"


@pytest.mark.parametrize("said", [1, None], ids=["by the metrics", "by an old run's curves"])
def test_some_members_diverged(said: int | None) -> None:
    training = recorded("optimizer.lr=0.02")
    curves, lost = training.curves, np.full((100, 1), np.nan)
    both = replace(
        curves,
        train_loss=np.hstack([curves.train_loss, lost]),
        validation_loss=np.hstack([curves.validation_loss, lost]),
        learning_rate=np.hstack([curves.learning_rate] * 2),
        active=np.hstack([curves.active, ~curves.active]),
    )
    members = [member(800), member(800, said)]
    (finding,) = judge(replace(training, curves=both, metrics=figures(members))).findings
    assert finding.code == "diverged"
    assert (finding.evidence, finding.setting) == ("1 of 2 members, optimizer.lr = 0.02", "optimizer.lr=0.002")


@pytest.mark.parametrize(
    ("lr", "end", "found"),
    [
        (1, 0.96, ["learning_rate_too_high"]),
        (1, 0.94, []),  # it learned something
        (0.21, 0.96, ["learning_rate_too_high"]),
        (0.2, 0.96, []),  # ten times the usual rate
    ],
)
def test_too_high(lr: float, end: float, found: list[str]) -> None:
    findings = judge(recorded(ONE, f"optimizer.lr={lr}", train=flat(1, end))).findings
    assert [finding.code for finding in findings] == found
    for finding in findings:
        assert finding.setting == "optimizer.lr=0.02"
        assert finding.evidence == (f"optimizer.lr = {lr:g} (usual: 0.02); training loss 0.9600, guessing has 1.0000")


@pytest.mark.parametrize(
    ("lr", "ratio", "found"),
    [
        (1.9e-3, 1.9e-3, ["learning_rate_too_low"]),
        (1.9e-3, 2.1e-3, []),
        (2.1e-3, 1.9e-3, []),
        (1.9e-3, 0.0, ["learning_rate_too_low"]),
    ],
)
def test_too_low(lr: float, ratio: float, found: list[str]) -> None:
    findings = judge(recorded(ONE, f"optimizer.lr={lr}", update_ratio=[[ratio]] * 100)).findings
    assert [finding.code for finding in findings] == found
    assert [finding.setting for finding in findings] == ["optimizer.lr=0.02"] * len(found)


@pytest.mark.parametrize(("size", "found"), [(1.6, ["learning_rate_too_high"]), (1.5, [])])
def test_weights_that_were_thrown_far(size: float, found: list[str]) -> None:
    """The usual size of 20 inputs is 0.316, which is more than the first one here."""
    start = {"spread": [0.8], "weight_norm": [0.1], "gradient_norm": [0.1]}
    training = recorded(ONE, "optimizer.lr=1", start=start, weight_norm=[[0.1], [size], *[[1.0]] * 98])
    assert codes(training) == found


def test_without_hidden_layers_there_are_no_steps_to_judge() -> None:
    assert codes(recorded("model.hidden=[]", "optimizer.lr=1e-9")) == []


@pytest.mark.parametrize(
    ("clip", "ratio", "found"),
    [(0.09, 0.9e-4, ["clipped_to_nothing"]), (0.11, 0.9e-4, []), (0.09, 1.1e-4, []), (0.0, 0.9e-4, [])],
)
def test_clipped_to_nothing(clip: float, ratio: float, found: list[str]) -> None:
    training = recorded(ONE, f"training.gradient_clip_norm={clip}", update_ratio=[[ratio]] * 100)
    findings = judge(training).findings
    assert [finding.code for finding in findings] == found
    assert [finding.setting for finding in findings] == ["training.gradient_clip_norm=1"] * len(found)


@pytest.mark.parametrize(
    ("scheduler", "last", "found"),
    [
        (("step",), 0.02, ["idle_schedule"]),
        (("step",), 0.0197, []),
        (("multi_step",), 0.02, ["idle_schedule"]),
        (("constant",), 0.02, []),
        (("reduce_on_plateau", "scheduler.patience_epochs=100"), 0.02, ["idle_schedule"]),
        (("reduce_on_plateau", "scheduler.patience_epochs=99"), 0.02, []),
    ],
)
def test_a_schedule_that_never_acts(scheduler: tuple[str, ...], last: float, found: list[str]) -> None:
    name, *others = scheduler
    findings = judge(recorded(f"scheduler.name={name}", *others, rates=[0.02] * 99 + [last])).findings
    assert [finding.code for finding in findings] == found
    assert [finding.setting for finding in findings] == ["scheduler.name=cosine"] * len(found)


@pytest.mark.parametrize(
    ("warmup", "top", "found"),
    [(301, 0.0099, ["idle_schedule"]), (300, 0.0099, []), (301, 0.0101, [])],  # 300 epochs would do
)
def test_a_warm_up_without_an_end(warmup: int, top: float, found: list[str]) -> None:
    training = recorded(f"scheduler.warmup_epochs={warmup}", rates=falling(0, top, 100))
    findings = judge(training).findings
    assert [finding.code for finding in findings] == found
    assert [finding.setting for finding in findings] == ["scheduler.warmup_epochs=0"] * len(found)


@pytest.mark.parametrize(
    ("low", "after", "fall", "found"),
    [
        (0.9e-4, 30, 0.05, ["decayed_too_early"]),
        (1.1e-4, 30, 0.05, []),  # more than 1% is left
        (0.9e-4, 50, 0.05, ["decayed_too_early"]),
        (0.9e-4, 51, 0.05, []),  # in the second half
        (0.9e-4, 30, 0.02, []),  # it had come to rest
    ],
)
def test_decayed_too_early(low: float, after: int, fall: float, found: list[str]) -> None:
    rates = [0.01] * after + [low] * (100 - after)
    losses = [1.0] * (after - 1) + [1 - fall] * (101 - after)
    step = ("scheduler.name=step", "scheduler.step_epochs=30", "scheduler.gamma=0.001")
    assert codes(recorded(*step, train=losses, rates=rates)) == found


def test_a_plateau_may_reduce_the_rate_as_it_likes() -> None:
    losses = {"train": [*falling(1, 0.5, 31), *[0.5] * 69], "rates": [0.01] * 30 + [1e-5] * 70}
    assert codes(recorded("scheduler.name=step", **losses)) == ["decayed_too_early"]  # type: ignore[arg-type]
    assert codes(recorded("scheduler.name=reduce_on_plateau", **losses)) == []  # type: ignore[arg-type]


def test_a_loss_that_jumps_and_comes_to_rest_is_no_fault() -> None:
    losses = flat(1, 0.2)
    for place in (60, 70, 80):
        losses[place] = 0.9
    assert codes(recorded(train=losses)) == []
