import numpy as np
import pytest
from scipy import stats

from phoneprice.evaluation.fold_intervals import corrected_resampled_t, paired_difference
from phoneprice.records import Interval


def test_by_the_formula():
    values = [0.97, 0.98, 0.975, 0.96, 0.99]
    found = corrected_resampled_t(values, 400, 1600)
    half = stats.t.ppf(0.975, 4) * np.sqrt((1 / 5 + 400 / 1600) * np.var(values, ddof=1))
    assert found.value == pytest.approx(np.mean(values))
    assert (found.low, found.high) == pytest.approx((np.mean(values) - half, np.mean(values) + half))


def test_one_fold_has_no_interval():
    assert corrected_resampled_t([0.9], 1, 4) == Interval(0.9, 0.9, 0.9)


def test_two_folds_have_one():
    found = corrected_resampled_t([0.9, 0.8], 1, 4)
    half = 12.7062047 * np.sqrt((1 / 2 + 1 / 4) * 0.005)
    assert (found.low, found.value, found.high) == pytest.approx((0.85 - half, 0.85, 0.85 + half))


def test_paired_difference():
    ours, theirs = [0.9, 0.8, 0.95], [0.85, 0.8, 0.9]
    found = paired_difference(ours, theirs, 1, 2)
    assert found == corrected_resampled_t([a - b for a, b in zip(ours, theirs, strict=True)], 1, 2)
    assert found.value == pytest.approx(0.1 / 3)


def test_the_naive_interval_is_too_narrow():
    """Repeated random splits of one sample: the corrected interval covers the true accuracy, the naive one doesn't."""
    rng = np.random.default_rng(0)
    corrected = naive = 0
    for _ in range(200):
        right = rng.random(300) < 0.8
        values = [right[rng.permutation(300)[:60]].mean() for _ in range(15)]
        found = corrected_resampled_t(values, 60, 240)
        corrected += found.low <= 0.8 <= found.high
        half = stats.t.ppf(0.975, 14) * np.std(values, ddof=1) / np.sqrt(15)
        naive += abs(np.mean(values) - 0.8) <= half
    assert naive < 160
    assert corrected > naive + 10
