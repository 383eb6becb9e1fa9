"""Rates that are too high, too low, or reduced too early."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import codes, falling, figures, flat, member, recorded


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
    findings = judge(replace(training, curves=both, metrics=figures(members)))
    assert [finding.code for finding in findings] == ["diverged"]
    assert (findings[0].evidence, findings[0].setting) == ("1 of 2 members, optimizer.lr = 0.02", "optimizer.lr=0.002")


@pytest.mark.parametrize(
    ("ratio", "epochs", "found"),
    [
        (0.9e-5, 100, ["learning_rate_too_low"]),
        (1.1e-5, 100, []),
        (0.0, 100, ["learning_rate_too_low"]),
        (0.0, 1, ["too_short"]),  # 29 steps: it has not begun
    ],
)
def test_too_low(ratio: float, epochs: int, found: list[str]) -> None:
    rows = 16 * 29 if epochs == 1 else 800
    training = recorded("model.hidden=[8]", train=flat(1, 0.5, epochs), rows=rows, update_ratio=[[ratio]] * epochs)
    assert codes(training) == found


@pytest.mark.parametrize(
    ("losses", "found"),
    [([1, 1, 1.019], []), ([1, 1, 1.021], ["learning_rate_too_high"]), ([1, 1.5], []), ([1, np.inf, 1.5], [])],
)
def test_too_high(losses: list[float], found: list[str]) -> None:
    assert codes(recorded(train=losses)) == found


def test_the_remedy_of_a_high_rate_is_at_most_the_usual_one() -> None:
    for lr, remedy in (("10", "optimizer.lr=0.005"), ("0.01", "optimizer.lr=0.001")):
        (finding,) = judge(recorded("optimizer.name=adam", f"optimizer.lr={lr}", train=[1, 1, 2]))
        assert finding.setting == remedy


def test_a_network_that_was_thrown_so_far_that_it_stands_still_had_too_high_a_rate() -> None:
    still = [[0.0, 0.0]] * 5
    thrown = recorded("optimizer.lr=1", train=[1.4, 1.3, 30.0, 8.8, 8.8], update_ratio=still)
    assert codes(thrown) == ["learning_rate_too_high"]
    stood = recorded("optimizer.lr=1e-9", train=[1.4] * 5, update_ratio=still)
    assert codes(stood) == ["learning_rate_too_low"]


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
    start = after - 10
    losses = [2.0] * start + falling(2, 2 * (1 - fall), 11) + [2 * (1 - fall)] * (100 - start - 11)
    step = ("scheduler.name=step", "scheduler.step_epochs=30", "scheduler.gamma=0.001")
    assert codes(recorded(*step, train=losses, rates=rates)) == found


def test_a_plateau_may_reduce_the_rate_as_it_likes() -> None:
    losses = {"train": [*falling(2, 1, 31), *[1.0] * 69], "rates": [0.01] * 30 + [1e-5] * 70}
    assert codes(recorded("scheduler.name=step", **losses)) == ["decayed_too_early"]  # type: ignore[arg-type]
    assert codes(recorded("scheduler.name=reduce_on_plateau", **losses)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("places", "height", "found"),
    [
        ((60, 70, 80), 0.31, ["loss_spikes"]),
        ((60, 70), 0.31, []),
        ((60, 61, 62), 0.31, []),  # one long wave
        ((60, 70, 80), 0.29, []),  # less than half as high again
    ],
)
def test_loss_spikes(places: tuple[int, ...], height: float, found: list[str]) -> None:
    losses = flat(1, 0.2)
    for place in places:
        losses[place] = height
    assert codes(recorded(train=losses)) == found


def test_spikes_that_are_small_beside_what_was_gained_do_not_count() -> None:
    losses = flat(100, 0.2)
    for place in (60, 70, 80):
        losses[place] = 5.0
    assert codes(recorded(train=losses)) == []


def test_remedies_of_spikes() -> None:
    losses = flat(1, 0.2)
    for place in (60, 70, 80):
        losses[place] = 1.5 if place == 70 else 1.4
    (finding,) = judge(recorded(train=losses))
    assert finding.evidence == (
        "3 times in 100 epochs to over 1.5 times the lowest loss before; highest in epoch 71: 1.5000"
    )
    assert finding.setting == "training.gradient_clip_norm=1"
    (clipped,) = judge(recorded("training.gradient_clip_norm=1", "optimizer.lr=0.03", train=losses))
    assert clipped.setting == "optimizer.lr=0.01"
