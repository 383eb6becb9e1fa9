"""What is fitted on held-out rows is judged on other ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.config.schema import TaskConfig
from phoneprice.data.rows.row_roles import NO_ROLES, RowRoles
from phoneprice.records import Classified, HeldOut
from phoneprice.workflows.assess import calibrated_on, judged_apart


def held(folds: Any, seed: int = 0) -> HeldOut:
    p = np.random.default_rng(seed).dirichlet([1.0, 1.0], len(folds))
    truth = np.random.default_rng(seed + 1).integers(2, size=len(folds))
    return HeldOut(np.arange(len(folds)), np.asarray(folds), truth, Classified(p.argmax(axis=1), p))


def test_folds_are_judged_by_the_others() -> None:
    folds = [0, 1, 0, 2]
    assert judged_apart(held(folds), NO_ROLES).tolist() == folds
    assert judged_apart(held(folds), RowRoles(groups=np.array([5, 6, 5, 7]))).tolist() == folds


@pytest.mark.parametrize("rows", [1, 2, 3, 200])
def test_one_fold_is_cut_into_five(rows: int) -> None:
    assert judged_apart(held([0] * rows), NO_ROLES).tolist() == [i % 5 for i in range(rows)]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=40))
def test_no_group_is_judged_by_itself(groups: list[int]) -> None:
    parts = judged_apart(held([0] * len(groups)), RowRoles(groups=np.array(groups)))
    for group in set(groups):
        assert len(set(parts[np.array(groups) == group])) == 1
    assert len(set(parts)) == min(5, len(set(groups)))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_rows_are_judged_by_earlier_ones(times: list[int]) -> None:
    ranks = np.array(times)
    parts = judged_apart(held([0] * len(times)), RowRoles(times=ranks))
    assert all(ranks[parts < part].max(initial=-1) < ranks[parts == part].min() for part in set(parts.tolist()))


def test_a_single_group_is_not_calibrated() -> None:
    found = calibrated_on(held([0] * 40), TaskConfig(), RowRoles(groups=np.zeros(40, dtype=np.int64)))
    assert found is not None
    assert found.calibration.temperature == 1
    assert found.log_loss_after == found.log_loss_before


def test_later_rows_change_nothing_of_what_was_judged_before() -> None:
    roles = RowRoles(times=np.arange(100))
    one, other = held([0] * 100), held([0] * 100)
    one.truth[80:], other.truth[80:] = 0, 1
    task = TaskConfig(threshold_metric="accuracy", calibration="none")
    first, second = (calibrated_on(rows, task, roles) for rows in (one, other))
    assert first is not None
    assert second is not None
    assert first.calibration != second.calibration
    assert np.array_equal(first.predicted[:80], second.predicted[:80])


@pytest.mark.parametrize("calibration", ["temperature", "none"])
def test_whole_weights_are_repeated_rows(calibration: Any) -> None:
    rows, counts = held(np.arange(60) % 3), np.random.default_rng(2).integers(1, 4, 60)
    repeated = np.repeat(np.arange(60), counts)
    predictions = rows.predictions.take(repeated)
    longer = HeldOut(np.arange(len(repeated)), rows.folds[repeated], rows.truth[repeated], predictions)
    weighted = HeldOut(rows.rows, rows.folds, rows.truth, rows.predictions, counts.astype(np.float64))
    task = TaskConfig(threshold_metric="balanced_accuracy", calibration=calibration)
    found, expected = calibrated_on(weighted, task), calibrated_on(longer, task)
    assert found is not None
    assert expected is not None
    assert found.calibration.temperature == pytest.approx(expected.calibration.temperature, rel=1e-6)
    assert found.calibration.threshold == pytest.approx(expected.calibration.threshold, rel=1e-6)
    assert found.log_loss_after == pytest.approx(expected.log_loss_after, rel=1e-9)
    assert found.predicted[np.repeat(np.arange(60), counts)].tolist() == expected.predicted.tolist()
