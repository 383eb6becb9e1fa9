import math

import numpy as np
import pytest
from scipy import stats

from phoneprice.metrics.intervals import Z95, bootstrap, mean, proportion, resampled, seeded, t95
from phoneprice.records import Interval


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 14, 29, 99, 199, 200, 201, 500, 1999, 10**6])
def test_t_quantile(freedom):
    assert t95(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=2e-12)


def test_normal_quantile():
    assert pytest.approx(stats.norm.ppf(0.975), rel=1e-15) == Z95


@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (1, 1), (0, 10), (10, 10), (976, 1000), (1, 3)])
def test_proportion_is_wilsons(hits, trials):
    found, expected = proportion(hits, trials), stats.binomtest(hits, trials).proportion_ci(method="wilson")
    assert found.value == hits / trials
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.low <= found.value <= found.high


def test_mean_is_students():
    values = np.random.default_rng(0).exponential(size=50)
    found = mean(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (found.value, found.low, found.high) == pytest.approx((values.mean(), expected.low, expected.high))


def test_single_precision_is_no_excuse():
    values = np.random.default_rng(0).exponential(size=999).astype(np.float32)
    assert mean(values) == mean(values.astype(np.float64))


def test_mean_is_cut_off_at_the_lowest_possible():
    assert mean(np.array([0.0, 1.0]), lowest=0).low == 0


def test_mean_of_one_row_has_no_interval():
    assert mean(np.array([3.0])) == Interval(3.0, 3.0, 3.0)


@pytest.mark.parametrize(("cells", "resamples"), [(1, 2000), (1000, 2000), (1001, 1998), (20_000, 100), (20_001, 100)])
def test_resamples_that_a_second_has_time_for(cells, resamples):
    assert resampled(np.ones(cells, dtype=np.int64), seeded()).shape == (resamples, cells)


def test_resamples_are_seeded_and_keep_the_number_of_rows():
    counts = np.array([3, 7])
    assert np.array_equal(resampled(counts, seeded()), resampled(counts, seeded()))
    assert resampled(counts, seeded()).shape == (2000, 2)
    assert np.all(resampled(counts, seeded()).sum(axis=1) == 10)


def test_bootstrap_holds_the_value_within_its_limits():
    values = np.linspace(0.5, 1.2, 1000)
    found = bootstrap(values, 0.9, (0.0, 1.0))
    assert found.low <= found.value <= found.high == 1.0
    assert bootstrap(np.array([math.nan]), 0.9, (0.0, 1.0)) == Interval(0.9, 0.9, 0.9)
