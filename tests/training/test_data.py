"""What a fit learns from; a large offset or unit of the target costs no precision in float32."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from phoneprice.training.data import MemberView, TrainingData
from tests.training.fits import config_of, fit_of, plans_of, problem, run, statistics

CPU = torch.device("cpu")


@pytest.mark.parametrize(("offset", "unit"), [(1e8, 1.0), (-1e12, 1.0), (1e3, 1e-12), (1e10, 1e10), (0.0, 1e30)])
def test_an_offset_and_a_unit_change_no_training(offset: float, unit: float) -> None:
    config, (inputs, y) = config_of("regression"), problem("regression")
    plans = plans_of(len(y))
    plain, moved = (run(fit_of(config, plans, inputs, target, torch.float32)) for target in (y, (y + offset) * unit))
    for before, after in zip(plain, moved, strict=True):
        # float64 itself carries about 16 digits of the sum.
        allowed = 1e-4 + 1e-14 * abs(offset)
        np.testing.assert_allclose(after.train_loss, before.train_loss, rtol=allowed)
        rmse = (record.health["validation_rmse"] for record in (before, after))
        np.testing.assert_allclose(next(rmse) * unit, next(rmse), rtol=allowed)


def test_members_see_targets_in_their_own_units() -> None:
    inputs, y = problem("regression")
    plans = plans_of(len(y))
    shift_and_factor, target = statistics(inputs, y, plans)
    data = TrainingData.of(inputs, y, CPU, torch.float64)
    view = MemberView.of([2, 0], shift_and_factor, target, data)
    rows = torch.tensor([[0, 5], [7, 7]])
    _, seen = view.batch(data, rows)
    expected = (y[rows.numpy()] - target.shift[[2, 0], None]) / target.scale[[2, 0], None]
    np.testing.assert_allclose(seen.numpy(), expected, rtol=1e-12)
    assert view.target_unit is not None
    np.testing.assert_array_equal(view.target_unit.numpy()[:, 0], target.scale[[2, 0]])


def test_classes_stay_what_they_are() -> None:
    inputs, y = problem("ordinal")
    data = TrainingData.of(inputs, y, CPU, torch.float32)
    assert data.targets.dtype == torch.int64
    assert data.targets.tolist() == y.tolist()
    assert {field.name for field in dataclasses.fields(data)} >= {"target_center", "target_spread"}
