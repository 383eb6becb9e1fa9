"""Every schedule, against PyTorch's own where there is one."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.optim import SGD, lr_scheduler

from phoneprice.components.schedulers import Scheduler
from phoneprice.training.progress import MemberProgress
from tests.components.families import choices

KINDS: dict[str, Any] = choices(Scheduler)
EPOCHS = 40


def torch_factors(build: Any, steps: int = EPOCHS) -> list[float]:
    """The rate before each step of a PyTorch schedule over a base rate of 1."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule, factors = build(optimizer), []
    for _ in range(steps):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return factors


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (KINDS["constant"](), lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
        (KINDS["step"](step_epochs=7, gamma=0.3), lambda o: lr_scheduler.StepLR(o, 7, 0.3)),
        (
            KINDS["multi_step"](milestones=(5, 11, 30), gamma=0.5),
            lambda o: lr_scheduler.MultiStepLR(o, [5, 11, 30], 0.5),
        ),
        (KINDS["exponential"](gamma=0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
        (KINDS["cosine"](), lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS)),
        (KINDS["cosine"](final_factor=0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS, eta_min=0.1)),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
def test_equals_torch_epoch_by_epoch(ours: Any, theirs: Any) -> None:
    assert [ours.factor(e, EPOCHS) for e in range(EPOCHS)] == pytest.approx(torch_factors(theirs), rel=1e-9, abs=1e-12)


def test_one_cycle_equals_torch() -> None:
    """PyTorch's peak is at step ``rise * steps - 1`` and its end at ``steps - 1``; ours at the shares themselves."""
    ours = KINDS["one_cycle"](rise=0.25)
    theirs = torch_factors(lambda o: lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=EPOCHS, pct_start=0.25))
    peak, end = 0.25 * EPOCHS - 1, EPOCHS - 1
    for step, expected in enumerate(theirs):
        share = 0.25 * step / peak if step < peak else 0.25 + 0.75 * (step - peak) / (end - peak)
        assert ours.factor(share * EPOCHS, EPOCHS) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("patience", [0, 2])
@pytest.mark.parametrize("min_factor", [0.0, 0.05])
def test_reduce_on_plateau_equals_torch(patience: int, min_factor: float) -> None:
    rule = KINDS["reduce_on_plateau"](patience_epochs=patience, gamma=0.5, min_factor=min_factor, min_improvement=0.01)
    losses = torch.rand(3, EPOCHS, generator=torch.Generator().manual_seed(0), dtype=torch.float64).cummin(1).values
    losses[2] = torch.linspace(1, 0.9, EPOCHS)  # falls, but by too little to count each time
    progress = MemberProgress.start(3)
    rates = []
    for epoch in range(EPOCHS):
        progress.follow_plateau(losses[:, epoch], rule)
        rates.append(progress.rate.tolist())
    for member in range(3):
        optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        theirs = lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=0.5, patience=patience, threshold=0.01, min_lr=min_factor, eps=0.0
        )
        for epoch in range(EPOCHS):
            theirs.step(float(losses[member, epoch]))
            assert rates[epoch][member] == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
    assert rates[-1][0] < 1


@pytest.mark.parametrize("name", KINDS)
class TestEverySchedule:
    def test_factors_are_shares(self, name: str) -> None:
        for warmup in (0.0, 2.5, 100.0):
            schedule = KINDS[name](warmup_epochs=warmup)
            factors = [schedule.factor(e / 4, EPOCHS) for e in range(4 * EPOCHS + 8)]
            assert all(0 <= f <= 1 and math.isfinite(f) for f in factors)

    def test_warm_up_is_linear_from_zero_then_the_schedule(self, name: str) -> None:
        plain, warm = KINDS[name](), KINDS[name](warmup_epochs=4.0)
        assert [warm.factor(e, EPOCHS + 4) for e in (0, 1, 2.5)] == [0, 0.25, 0.625]
        after = [warm.factor(e + 4, EPOCHS + 4) for e in range(EPOCHS)]
        assert after == [plain.factor(e, EPOCHS) for e in range(EPOCHS)]

    def test_only_those_that_say_so_need_the_number_of_epochs(self, name: str) -> None:
        schedule = KINDS[name]()
        same = all(schedule.factor(e, EPOCHS) == schedule.factor(e, 2 * EPOCHS) for e in range(EPOCHS))
        assert schedule.needs_epochs != same
