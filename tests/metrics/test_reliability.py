"""The reliability diagram, and the interval of its gap against a bootstrap of whole rows."""

from __future__ import annotations

import numpy as np
import pytest

from phoneprice.metrics.reliability import ece, reliability


def test_bins_end_with_their_upper_bound() -> None:
    confidence = np.array([0.5, 0.75, 0.75000001, 1.0])
    p = np.column_stack([confidence, 1 - confidence])
    found = reliability(np.array([0, 1, 0, 0]), p, bins=4)
    assert found.rows.tolist() == [0, 1, 1, 2]
    assert found.confidence == pytest.approx([0, 0.5, 0.75, 0.875])
    assert found.accuracy.tolist() == [0, 1, 0, 1]
    assert found.ece == pytest.approx((0.5 + 0.75 + 2 * 0.125) / 4)


@pytest.mark.parametrize(("rows", "bins", "overconfident"), [(2000, 15, 1.0), (2000, 3, 2.0), (600, 5, 1.5)])
def test_the_interval_is_that_of_resampled_rows(rows: int, bins: int, overconfident: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, (rows, 3))
    y = (logits + random.gumbel(size=logits.shape)).argmax(axis=1)
    p = np.exp(overconfident * logits)
    p /= p.sum(axis=1, keepdims=True)
    found = ece(y, p, bins)
    draws = random.integers(0, rows, (2000, rows))
    values = np.array([reliability(y[drawn], p[drawn], bins).ece for drawn in draws])
    low, high = np.quantile(values, [0.025, 0.975]) - (values.mean() - found.value)
    width = high - low
    assert found.value == reliability(y, p, bins).ece
    assert found.low == pytest.approx(max(low, 0), abs=0.08 * width)
    assert found.high == pytest.approx(high, abs=0.08 * width)


def test_how_far_confidence_and_accuracy_are_apart_by_chance() -> None:
    """Of many tables whose predictions are as sure as they are right, five in a hundred are further apart."""
    random, rows = np.random.default_rng(1), 200
    beyond = []
    for _ in range(2000):
        confidence = random.uniform(0.5, 1, rows)
        y = (random.random(rows) > confidence).astype(np.int64)
        found = reliability(y, np.column_stack([confidence, 1 - confidence]))
        assert found.mean_confidence == pytest.approx(confidence.mean())
        assert found.mean_accuracy == pytest.approx((y == 0).mean())
        beyond.append(abs(found.mean_accuracy - found.mean_confidence) > found.chance)
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.015)
