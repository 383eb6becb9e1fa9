"""Which rows a step sees, and what dropout leaves out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from phoneprice.records import MemberPlan
from phoneprice.training.batches import Dropout, Pace, epoch_rows, padded_rows
from tests.training.fits import NONE, config_of


def plan(rows: int, index: int = 0) -> MemberPlan:
    return MemberPlan(index, np.arange(100, 100 + rows), NONE, NONE)


@pytest.mark.parametrize(
    ("rows", "batch_rows", "pace"),
    [(100, 32, Pace(3, 32)), (96, 32, Pace(3, 32)), (31, 32, Pace(1, 31)), (32, 32, Pace(1, 32)), (1, 32, Pace(1, 1))],
)
def test_only_full_batches(rows: int, batch_rows: int, pace: Pace) -> None:
    assert Pace.of(plan(rows), config_of(training={"batch_rows": batch_rows}).training) == pace


def test_an_epoch_sees_each_row_once_and_leaves_the_remainder_out() -> None:
    plans, pace = [plan(100, 0), plan(100, 1)], Pace(3, 32)
    missed = set()
    for epoch in range(6):
        rows = epoch_rows(plans, pace, seed=0, epoch=epoch)
        assert rows.shape == (3, 2, 32)
        assert rows.dtype == torch.int64
        for k in range(2):
            seen = rows[:, k].flatten().tolist()
            assert len(set(seen)) == 96
            assert set(seen) <= set(range(100, 200))
            missed.add(tuple(sorted(set(range(100, 200)) - set(seen))))
    assert len(missed) == 12  # other rows each epoch, and for each member


def test_steps_do_not_depend_on_who_else_is_in_the_stack() -> None:
    plans, pace = [plan(40, 0), plan(47, 1), plan(32, 2)], Pace(1, 32)
    together = epoch_rows(plans, pace, seed=5, epoch=2)
    for k, own in enumerate(plans):
        assert torch.equal(together[:, k : k + 1], epoch_rows([own], pace, seed=5, epoch=2))


def test_a_member_that_sees_every_row_each_step_is_not_shuffled() -> None:
    assert epoch_rows([plan(32)], Pace(1, 32), seed=0, epoch=3).flatten().tolist() == list(range(100, 132))


def test_lists_of_rows_are_padded() -> None:
    rows, real = padded_rows([np.array([3, 1]), np.array([], dtype=np.int64), np.array([7, 8, 9])])
    assert rows.tolist() == [[3, 1, 0], [0, 0, 0], [7, 8, 9]]
    assert real.tolist() == [[True, True, False], [False] * 3, [True] * 3]


def masks(
    dropout: Any, input_dropout: float = 0.0, members: tuple[int, ...] = (0, 1), rows: int = 400, **at: int
) -> Any:
    layers = dropout if isinstance(dropout, tuple) else (dropout, dropout)
    place = {"epoch": 0, "step": 0, **at}
    return dropout_of([(input_dropout, *layers)] * len(members)).masks(members, rows, like=torch.zeros(1), **place)


def dropout_of(rates: list[Any]) -> Dropout:
    return Dropout(np.array(rates), (10, 30, 20), seed=0)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_rate_and_scale(rate: float) -> None:
    for mask, width in zip(masks(rate, input_dropout=rate), (10, 30, 20), strict=True):
        assert mask.shape == (2, 400, width)
        kept = mask > 0
        deviation = 5 * np.sqrt(rate * (1 - rate) / mask.numel())
        assert float(kept.double().mean()) == pytest.approx(1 - rate, abs=deviation)
        torch.testing.assert_close(mask[kept], torch.full_like(mask[kept], 1 / (1 - rate)), rtol=1e-4, atol=0)


def test_layers_without_dropout_have_no_mask() -> None:
    nothing, first, second = masks((0.5, 0.0))
    assert (nothing, second) == (None, None)
    assert first.shape == (2, 400, 30)
    assert masks(0.0, input_dropout=0.5)[1:] == [None, None]


def test_only_what_is_dropped_is_drawn() -> None:
    assert not dropout_of([(0, 0, 0), (0, 0, 0)]).active
    assert dropout_of([(0, 0, 0), (0, 0, 0.1)]).active


def test_masks_do_not_depend_on_what_others_leave_out() -> None:
    rates = [(0, 0, 0), (0.2, 0.0, 0.5), (0.0, 0.9, 0.1), (0.0, 1e-9, 0.1)]
    place: Any = {"epoch": 1, "step": 2, "like": torch.zeros(1)}
    together = dropout_of(rates).masks((7, 7, 7, 8), 40, **place)
    for k, (member, own) in enumerate(zip((7, 7, 7, 8), rates, strict=True)):
        for mine, alone in zip(together, dropout_of([own]).masks((member,), 40, **place), strict=True):
            assert mine is not None
            assert torch.equal(mine[k : k + 1], torch.ones_like(mine[:1]) if alone is None else alone)


def test_masks_belong_to_member_epoch_and_step() -> None:
    drawn = [masks(0.5, epoch=e, step=s)[1][k] for e in range(2) for s in range(2) for k in range(2)]
    assert len({m.numpy().tobytes() for m in drawn}) == 8
    assert torch.equal(masks(0.5, epoch=1, step=1, members=(1,))[1][0], drawn[-1])
    units = masks(0.5)
    assert not torch.equal(units[1][:, :, :20], units[2])


@pytest.mark.parametrize("rate", [1e-6, 0.999999])
def test_extreme_rates_give_finite_masks(rate: float) -> None:
    mask = masks(rate)[1]
    assert mask.isfinite().all()
    if rate < 0.5:
        assert (mask == 1).all()
