import numpy as np
import pytest
from scipy import optimize
from sklearn import metrics as sk

from phoneprice.config.schema import TaskConfig
from phoneprice.evaluation.calibration_fit import calibrate, fit_temperature, fit_threshold
from phoneprice.metrics.classification import SMALLEST, log_losses
from phoneprice.metrics.decisions import temper

SCORES = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1": lambda y, p: sk.f1_score(y, p, zero_division=0),
    "mcc": sk.matthews_corrcoef,
}


def example(rows, classes=4, confidence=1.0, seed=0, share=None):
    """True classes drawn from probabilities that are then made too confident (> 1) or too timid (< 1)."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(rows, classes))
    if share:
        logits[:, 1] += np.log(share / (1 - share))
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    y = np.minimum((rng.random((rows, 1)) > p.cumsum(axis=1)).sum(axis=1), classes - 1)
    return temper(p, 1 / confidence).astype(np.float32), y


def folds(rows):
    return np.arange(rows) * 5 // rows


# --- temperature ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_temperature_is_the_minimum(confidence, seed):
    p, y = example(500, confidence=confidence, seed=seed)
    found = fit_temperature(p, y)

    def loss(temperature):
        return log_losses(y, temper(np.maximum(p, SMALLEST), temperature)).mean()

    best = optimize.minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-8})
    assert found == pytest.approx(best.x, rel=1e-4)
    assert found == pytest.approx(confidence, rel=0.25)


def test_temperature_stays_in_its_bounds():
    y = np.array([0, 1, 0, 1])
    right = np.where(y[:, None] == [0, 1], 0.9, 0.1)
    assert 1 / 20 <= fit_temperature(right, y) < 1 / 18
    assert fit_temperature(right, 1 - y) == pytest.approx(20)
    assert 1 / 20 <= fit_temperature(np.full((4, 2), 0.5), y) <= 20  # any does
    assert fit_temperature(right[:0], y[:0]) == 1.0


def test_temperature_of_certain_probabilities_is_finite():
    p = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    assert 1 < fit_temperature(p, np.array([0, 1, 1])) < 20


def test_evenly_spaced_rows_settle_a_large_table():
    p, y = example(500_000, classes=2, confidence=2.0)
    assert fit_temperature(p, y) == pytest.approx(2, rel=0.02)


def test_a_useful_temperature_is_kept():
    p, y = example(1000, confidence=3.0)
    found = calibrate(p, y, folds(1000), TaskConfig())
    assert found.calibration.temperature == fit_temperature(p, y)
    assert found.log_loss_after < found.log_loss_before
    assert found.log_loss_after == log_losses(y, found.probabilities).mean()
    assert np.array_equal(found.predicted, p.argmax(axis=1))


def test_cross_fitted_probabilities_do_not_know_their_own_fold():
    p, y = example(100, confidence=3.0)
    fold = folds(100)
    before = calibrate(p, y, fold, TaskConfig()).probabilities[fold == 0]
    y[fold == 0] = 3 - y[fold == 0]
    assert np.array_equal(before, calibrate(p, y, fold, TaskConfig()).probabilities[fold == 0])


def test_a_useless_temperature_is_not_kept():
    rejected = 0
    for seed in range(20):
        p, y = example(100, confidence=1.0, seed=seed)
        found = calibrate(p, y, folds(100), TaskConfig())
        if found.log_loss_after >= found.log_loss_before:
            rejected += 1
            assert found.calibration.temperature == 1
            assert np.array_equal(found.probabilities, p)
    assert rejected >= 5


def test_no_temperature_asked_for():
    p, y = example(200, confidence=3.0)
    found = calibrate(p, y, folds(200), TaskConfig(calibration="none"))
    assert found.calibration.temperature == 1
    assert found.log_loss_before == found.log_loss_after


def test_decision_rule_is_stored_and_used():
    p, y = example(300)
    found = calibrate(p, y, folds(300), TaskConfig(decision="median"))
    assert found.calibration.decision == "median"
    assert found.predicted.tolist() == (np.cumsum(found.probabilities, axis=1)[:, :-1] < 0.5).sum(axis=1).tolist()
    costs = ((0.0, 1.0, 1.0, 1.0),) * 4
    assert calibrate(p, y, folds(300), TaskConfig(decision="expected_cost", costs=costs)).calibration.costs == costs


# --- threshold --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("positives", [[40], [40, 90], [0, 40], [*range(1, 60), *range(61, 100)]])
def test_both_classes_weigh_the_same_however_rare(positives):
    """Of balanced accuracy: a row is worth more where it is the only one, or one of two, the lowest included."""
    p = np.linspace(0.01, 0.99, 100)
    y = np.isin(np.arange(100), positives).astype(np.int64)
    found = fit_threshold(p, y, "balanced_accuracy")
    best = max(sk.balanced_accuracy_score(y, p >= t) for t in [*p, 1.0])
    assert sk.balanced_accuracy_score(y, p >= found) == pytest.approx(best)


@pytest.mark.parametrize("metric", SCORES)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_no_threshold_is_better(metric, seed, share):
    p, y = example(60, classes=2, seed=seed, share=share)
    p[:30, 1] = np.round(p[:30, 1], 1)
    found = fit_threshold(p[:, 1], y, metric)
    best = max(SCORES[metric](y, p[:, 1] >= t) for t in [*np.unique(p[:, 1]), 2.0])
    assert SCORES[metric](y, p[:, 1].astype(float) >= found) == pytest.approx(best)
    assert 0 <= found <= 1


def test_of_equal_thresholds_the_one_nearest_one_half():
    p, y = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1])
    assert fit_threshold(p, y, "f1") == 0.5
    assert fit_threshold(p, np.array([0, 1, 1, 1]), "accuracy") == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("p", "nearest"), [([0.1, 0.3, 0.6, 0.9], 0.75), ([0.2, 0.4, 0.7, 0.9], 0.3), ([0.0, 0.3, 0.6, 1.0], 0.8)]
)
def test_three_right_above_and_below(p, nearest):
    """Two thresholds make one mistake each, and are not as far from one half."""
    assert fit_threshold(np.array(p), np.array([0, 1, 0, 1]), "accuracy") == pytest.approx(nearest)


def test_no_threshold_predicts_nothing_where_a_probability_is_one():
    nobody = np.array([0, 0])
    assert fit_threshold(np.array([0.2, 1.0]), nobody, "accuracy") == pytest.approx(0.6)
    assert fit_threshold(np.array([0.2, 0.9]), nobody, "accuracy") == pytest.approx(0.95)


@pytest.mark.parametrize("metric", SCORES)
def test_degenerate_rows(metric):
    for y in ([0, 0, 0], [1, 1, 1]):
        found = fit_threshold(np.array([0.0, 0.5, 1.0]), np.array(y), metric)
        assert 0 <= found <= 1
    assert fit_threshold(np.zeros(0), np.zeros(0, dtype=np.int64), metric) == 0.5


def test_threshold_is_cross_fitted():
    p, y = example(500, classes=2, share=0.1)
    fold = folds(500)
    config = TaskConfig(kind="binary", threshold_metric="balanced_accuracy")
    found = calibrate(p, y, fold, config)
    assert found.calibration.threshold is not None
    assert found.calibration.threshold < 0.5
    own = sk.balanced_accuracy_score(y, found.probabilities[:, 1] >= 0.5)
    assert sk.balanced_accuracy_score(y, found.predicted) > own
    before = found.predicted[fold == 0]
    y[fold == 0] = 1 - y[fold == 0]
    assert np.array_equal(before, calibrate(p, y, fold, config).predicted[fold == 0])


def test_threshold_is_for_two_classes_only():
    p, y = example(50)
    assert calibrate(p, y, folds(50), TaskConfig(threshold_metric="f1")).calibration.threshold is None
