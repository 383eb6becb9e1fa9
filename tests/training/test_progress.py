"""Early stopping, plateaus and divergence, member by member."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from phoneprice.components.schedulers import Constant, ReduceOnPlateau, Scheduler
from phoneprice.config.schema import EarlyStopping
from phoneprice.training.progress import MemberProgress
from tests.components.families import choices


def losses(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def follow(rule: EarlyStopping, *epochs: tuple[float, ...]) -> tuple[MemberProgress, list[list[bool]]]:
    progress = MemberProgress.start(len(epochs[0]))
    improved = [progress.follow_best(losses(*values), epoch, rule).tolist() for epoch, values in enumerate(epochs, 1)]
    return progress, improved


def test_a_member_stops_after_its_patience_and_improves_no_more() -> None:
    rule = EarlyStopping(patience_epochs=2)
    progress, improved = follow(rule, (3, 3), (2, 4), (2.5, 5), (2.4, 1), (0.1, 0.5))
    assert improved == [[True, True], [True, False], [False, False], [False, False], [False, False]]
    assert progress.active.tolist() == [False, False]
    assert progress.best_epoch.tolist() == [2, 1]
    assert progress.best_loss.tolist() == [2, 3]


def test_improvement_starts_patience_afresh() -> None:
    progress, _ = follow(EarlyStopping(patience_epochs=2), (3,), (4,), (2,), (4,))
    assert progress.active.tolist() == [True]
    assert progress.epochs_since_best.tolist() == [1]


def test_small_falls_do_not_count() -> None:
    rule = EarlyStopping(patience_epochs=3, min_improvement=0.5)
    progress, improved = follow(rule, (3,), (2.6,), (2.5,), (2.4,))
    assert improved == [[True], [False], [False], [True]]
    assert progress.best_epoch.tolist() == [4]


def test_without_patience_nobody_stops() -> None:
    progress, _ = follow(EarlyStopping(), *[(1.0 + e,) for e in range(50)])
    assert progress.active.tolist() == [True]
    assert progress.best_epoch.tolist() == [1]


def test_diverged_members_stop_once_and_for_all() -> None:
    progress = MemberProgress.start(3)
    progress.mark_diverged(torch.tensor([True, False, True]), epoch=4)
    progress.mark_diverged(torch.tensor([True, True, True]), epoch=5)
    progress.mark_diverged(torch.tensor([False, False, True]), epoch=6)
    assert progress.diverged.tolist() == [6, 4, 0]
    assert progress.active.tolist() == [False, False, True]


def test_a_member_that_turns_out_lost_has_diverged_once() -> None:
    progress = MemberProgress.start(3)
    progress.mark_diverged(torch.tensor([True, False, True]), epoch=4)
    progress.note_lost(torch.tensor([True, True, False]), epoch=9)
    assert progress.diverged.tolist() == [9, 4, 0]


def test_a_member_that_has_stopped_can_not_diverge() -> None:
    progress = MemberProgress.start(1)
    progress.active[0] = False
    progress.mark_diverged(torch.tensor([False]), epoch=2)
    assert progress.diverged.tolist() == [0]


def test_rates_fall_on_a_plateau_member_by_member() -> None:
    rule = ReduceOnPlateau(patience_epochs=1, gamma=0.5, min_factor=0.3, min_improvement=0.1)
    progress = MemberProgress.start(2)
    rates = []
    for pair in [(1.0, 1.0), (0.95, 0.8), (0.94, 0.6), (0.93, 0.4), (0.92, torch.nan), (0.91, torch.nan)]:
        progress.follow_plateau(losses(*pair), rule)
        rates.append(progress.rate.tolist())
    assert rates == [[1, 1], [1, 1], [0.5, 1], [0.5, 1], [0.3, 1], [0.3, 0.5]]


def test_a_loss_that_only_stays_has_not_fallen() -> None:
    progress = MemberProgress.start(1)
    for _ in range(2):
        progress.follow_plateau(losses(1.0), ReduceOnPlateau(patience_epochs=0, gamma=0.5, min_improvement=0))
    assert progress.rate.tolist() == [0.5]


@pytest.mark.parametrize("kind", choices(Scheduler).values())
def test_other_schedules_leave_the_rates_alone(kind: Any) -> None:
    rule = kind()
    progress = MemberProgress.start(1)
    for _ in range(30):
        progress.follow_plateau(losses(1.0), rule)
    assert progress.uniform == (rule.name != "reduce_on_plateau")


def test_uniform_means_that_all_take_the_full_step() -> None:
    progress = MemberProgress.start(2)
    assert progress.uniform
    progress.rate[1] = 0.5
    assert not progress.uniform
    progress.rate[1], progress.active[0] = 1.0, False
    assert not progress.uniform


def test_state_is_every_field() -> None:
    progress = MemberProgress.start(2)
    progress.mark_diverged(torch.tensor([True, False]), 1)
    progress.follow_best(losses(1, 2), 1, EarlyStopping())
    progress.follow_plateau(losses(1, 2), Constant())
    again = MemberProgress(**progress.state())
    assert all(torch.equal(t, again.state()[n]) for n, t in progress.state().items())
    assert all(t.shape == (2,) for t in progress.state().values())
