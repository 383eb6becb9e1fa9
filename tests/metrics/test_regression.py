import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from phoneprice.metrics.catalogue import METRICS
from phoneprice.metrics.regression import regression_metrics


def example(rows, seed=0, noise=0.5):
    rng = np.random.default_rng(seed)
    y = rng.normal(100, 10, size=rows)
    return y, y + 10 * noise * rng.standard_t(5, size=rows)


@pytest.mark.parametrize("rows", [2, 3, 10, 501])
def test_agrees_with_scikit_learn(rows):
    y, predicted = example(rows)
    found = {name: interval.value for name, interval in regression_metrics(y, predicted).items()}
    expected = {
        "rmse": sk.root_mean_squared_error(y, predicted),
        "mae": sk.mean_absolute_error(y, predicted),
        "r2": sk.r2_score(y, predicted),
        "medae": sk.median_absolute_error(y, predicted),
    }
    assert found == pytest.approx(expected)
    assert list(found) == list(expected) == [name for name in METRICS if "regression" in METRICS[name].tasks]


@pytest.mark.parametrize("rows", [1, 2, 3, 30, 1000])
@pytest.mark.parametrize("noise", [0.0, 0.5, 1e6])
def test_every_interval_is_finite_and_holds_its_value(rows, noise):
    for name, interval in regression_metrics(*example(rows, noise=noise)).items():
        parts = (interval.low, interval.value, interval.high)
        assert all(type(part) is float and math.isfinite(part) for part in parts), name
        assert interval.low <= interval.value <= interval.high, name
        lowest, highest = METRICS[name].limits
        assert lowest <= interval.low, name
        assert interval.high <= highest, name


def test_r2_needs_a_target_that_varies():
    assert "r2" not in regression_metrics(np.full(5, 2.0), np.arange(5.0))
    assert "r2" not in regression_metrics(np.array([1.0]), np.array([2.0]))


def test_float32_predictions():
    y, predicted = example(100)
    found = regression_metrics(y, predicted.astype(np.float32))
    assert found["rmse"].value == pytest.approx(sk.root_mean_squared_error(y, predicted), rel=1e-5)


def test_no_rows():
    with pytest.raises(ValueError, match=r"^metrics need at least one row$"):
        regression_metrics(np.zeros(0), np.zeros(0))


@pytest.mark.parametrize("rows", [3, 12, 60])
def test_the_interval_of_r2_is_that_of_the_logarithm_by_the_delta_method(rows):
    y, predicted = example(rows)
    error, deviation = (predicted - y) ** 2, (y - y.mean()) ** 2
    unexplained = error.mean() / deviation.mean()
    # log(a / b) changes by da / a - db / b.
    changes = error / error.mean() - deviation / deviation.mean()
    half = stats.t.ppf(0.975, rows - 1) * stats.sem(changes)
    found = regression_metrics(y, predicted)["r2"]
    assert (found.low, found.high) == pytest.approx((1 - unexplained * np.exp(half), 1 - unexplained * np.exp(-half)))


def test_the_median_lies_between_two_distances():
    """Conover's: of 100 the 41st and the 61st, of 101 the 41st and the 62nd, counted from the smallest."""
    for rows, low, value, high in ((100, 40, 49.5, 60), (101, 40, 50, 61), (4, 0, 1.5, 3)):
        distances = np.random.default_rng(0).permutation(rows).astype(np.float64)
        found = regression_metrics(np.zeros(rows), distances)["medae"]
        assert (found.low, found.value, found.high) == (low, value, high)


def test_intervals_cover_the_truth():
    """200 samples of 300 rows from one population: a 95% interval misses its value in about 10 of them."""
    big = regression_metrics(*example(1_000_000, seed=999))
    misses = dict.fromkeys(big, 0)
    for seed in range(200):
        for name, interval in regression_metrics(*example(300, seed)).items():
            misses[name] += not interval.low <= big[name].value <= interval.high
    assert all(1 <= count <= 24 for count in misses.values()), misses
