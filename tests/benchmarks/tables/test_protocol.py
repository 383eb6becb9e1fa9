"""The folds."""

from __future__ import annotations

import numpy as np

from tables.protocol import folds


def test_every_row_is_held_out_once_and_always_in_the_same_fold() -> None:
    truth = np.random.default_rng(0).random(103)
    found = list(folds(truth, stratified=False))
    again = list(folds(truth[::-1].copy(), stratified=False))
    assert len(found) == 5
    assert sorted(np.concatenate([fold.test for fold in found])) == list(range(103))
    assert all(np.array_equal(one.test, two.test) for one, two in zip(found, again, strict=True))
    assert all(not set(fold.train) & set(fold.test) for fold in found)
    assert {len(fold.test) for fold in found} == {20, 21}


def test_every_class_is_in_every_fold() -> None:
    truth = np.repeat([0, 1, 2], [50, 20, 5])
    assert [np.bincount(truth[fold.test]).tolist() for fold in folds(truth, stratified=True)] == [[10, 4, 1]] * 5
