import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from phoneprice.metrics.catalogue import METRICS
from phoneprice.metrics.classification import SMALLEST, classification_metrics
from phoneprice.metrics.confusion import confusion, per_class
from phoneprice.metrics.ranking import auc_interval
from phoneprice.metrics.reliability import reliability
from phoneprice.records import Task


def task(kind, classes):
    return Task(kind, "t", tuple(map(str, range(classes))))


def example(rows, classes, seed=0, signal=1.5, dtype: Any = np.float32) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes))
    logits[np.arange(rows), y] += signal
    p = np.exp(logits)
    p = (p / p.sum(axis=1, keepdims=True)).astype(dtype)
    return y, p, p.argmax(axis=1)


def values(found):
    return {name: interval.value for name, interval in found.items()}


BY_DEFINITION = {"ece"}
"""Metrics that scikit-learn lacks; a test of their own, below, computes them from their definition."""


def of_every_task(y, p, predicted, classes):
    labels, p = range(classes), np.maximum(p, SMALLEST).astype(np.float64)
    return {
        "accuracy": sk.accuracy_score(y, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(y, predicted),
        "macro_f1": sk.f1_score(y, predicted, average="macro"),
        "log_loss": sk.log_loss(y, p, labels=labels),
        "brier": sk.brier_score_loss(y, p[:, 1] if classes == 2 else p, labels=labels),
    }


def assert_each_is_compared(found, expected, kind):
    """Every metric of the task is found and equals what scikit-learn says, but for those ``BY_DEFINITION``."""
    assert list(found) == [name for name in METRICS if kind in METRICS[name].tasks]
    compared = {name: value for name, value in values(found).items() if name not in BY_DEFINITION}
    assert compared == pytest.approx(expected, rel=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")  # float32 rows that sum to 1 only nearly, classes without rows
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rows", [7, 300])
def test_ordinal_agrees_with_scikit_learn(rows, seed):
    y, p, predicted = example(rows, 4, seed)
    expected = of_every_task(y, p, predicted, 4) | {
        "mean_absolute_class_error": sk.mean_absolute_error(y, predicted),
        "off_by_more_than_one": np.mean(np.abs(y - predicted) > 1),
        "quadratic_kappa": sk.cohen_kappa_score(y, predicted, weights="quadratic"),
    }
    assert_each_is_compared(classification_metrics(y, p, predicted, task("ordinal", 4)), expected, "ordinal")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ties", [False, True])
def test_binary_agrees_with_scikit_learn(ties, seed):
    y, p, _ = example(250, 2, seed)
    if ties:
        p = np.round(p * 5) / 5
    predicted = (p[:, 1] > 0.6).astype(np.int64)
    expected = of_every_task(y, p, predicted, 2) | {
        "roc_auc": sk.roc_auc_score(y, p[:, 1]),
        "average_precision": sk.average_precision_score(y, p[:, 1]),
        "f1": sk.f1_score(y, predicted),
        "mcc": sk.matthews_corrcoef(y, predicted),
    }
    assert_each_is_compared(classification_metrics(y, p, predicted, task("binary", 2)), expected, "binary")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_multiclass_agrees_with_scikit_learn():
    y, p, predicted = example(50, 3)
    found = classification_metrics(y, p, predicted, task("multiclass", 3))
    assert_each_is_compared(found, of_every_task(y, p, predicted, 3), "multiclass")


@pytest.mark.parametrize("kind", ["ordinal", "binary", "multiclass"])
@pytest.mark.parametrize("rows", [1, 2, 3, 40, 2000])
@pytest.mark.parametrize("signal", [0.0, 2.0, 50.0])
def test_every_interval_is_finite_and_holds_its_value(kind, rows, signal):
    classes = 2 if kind == "binary" else 4
    y, p, predicted = example(rows, classes, rows, signal)
    for name, interval in classification_metrics(y, p, predicted, task(kind, classes)).items():
        parts = (interval.low, interval.value, interval.high)
        assert all(type(part) is float and math.isfinite(part) for part in parts), name
        assert interval.low <= interval.value <= interval.high, name
        lowest, highest = METRICS[name].limits
        assert lowest <= interval.low, name
        assert interval.high <= highest, name


def test_undefined_metrics_are_left_out():
    y, p = np.zeros(5, dtype=np.int64), np.tile(np.array([0.9, 0.1], np.float32), (5, 1))
    found = classification_metrics(y, p, y, task("binary", 2))
    assert not found.keys() & {"roc_auc", "average_precision"}
    assert (found["f1"].value, found["mcc"].value) == (0.0, 0.0)
    found = classification_metrics(y, p, y, task("ordinal", 2))
    assert "quadratic_kappa" not in found
    assert found["accuracy"].value == found["balanced_accuracy"].value == 1


def test_no_rows():
    none = np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match=r"^metrics need at least one row$"):
        classification_metrics(none, np.zeros((0, 2)), none, task("binary", 2))


def test_a_certain_mistake_costs_a_finite_log_loss():
    y, p = np.array([0]), np.array([[0.0, 1.0]])
    found = classification_metrics(y, p, np.array([1]), task("multiclass", 2))
    assert found["log_loss"].value == pytest.approx(-math.log(np.finfo(np.float32).eps))


def test_the_same_predictions_give_the_same_intervals():
    first = classification_metrics(*example(200, 4), task("ordinal", 4))
    assert first == classification_metrics(*example(200, 4), task("ordinal", 4))


def test_intervals_cover_the_truth():
    """100 samples of 300 rows from one population: a 95% interval misses its value in about 5 of them."""
    big = classification_metrics(*example(200_000, 4, seed=99, dtype=np.float64), task("ordinal", 4))
    misses = dict.fromkeys(big, 0)
    for seed in range(100):
        for name, interval in classification_metrics(*example(300, 4, seed), task("ordinal", 4)).items():
            misses[name] += not interval.low <= big[name].value <= interval.high
    assert all(count <= 14 for count in misses.values()), misses


# --- parts ------------------------------------------------------------------------------------------------------------


def test_confusion_and_per_class_agree_with_scikit_learn():
    y, _, predicted = example(300, 5)
    y[y == 3] = 2  # a class without rows
    matrix = confusion(y, predicted, 5)
    assert np.array_equal(matrix, sk.confusion_matrix(y, predicted, labels=range(5)))
    expected = sk.precision_recall_fscore_support(y, predicted, labels=range(5), zero_division=0)
    found = per_class(matrix, "abcde")
    assert [line.label for line in found] == list("abcde")
    figures = [(line.precision, line.recall, line.f1, line.support) for line in found]
    np.testing.assert_allclose(np.transpose(figures), expected)


def test_reliability_by_hand():
    p = np.array([[0.2, 0.8], [0.3, 0.7], [0.9, 0.1], [1.0, 0.0], [0.5, 0.5]])
    found = reliability(np.array([1, 0, 0, 1, 0]), p, bins=5)
    assert found.rows.tolist() == [0, 0, 1, 2, 2]  # a bin holds its upper edge
    assert found.confidence.tolist() == pytest.approx([0, 0, 0.5, 0.75, 0.95])
    assert found.accuracy.tolist() == [0, 0, 1, 0.5, 0.5]
    assert found.ece == pytest.approx((0.5 + 2 * 0.25 + 2 * 0.45) / 5)


def test_ece_by_definition():
    y, p, predicted = example(500, 4)
    confidence, right = p.max(axis=1).astype(float), p.argmax(axis=1) == y
    expected = 0.0
    for b in range(15):
        rows = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        expected += abs(right[rows].sum() - confidence[rows].sum()) / 500
    assert classification_metrics(y, p, predicted, task("ordinal", 4))["ece"].value == pytest.approx(expected)


def test_auc_interval_of_a_perfect_ranking_has_width():
    found = auc_interval(1.0, 10, 10)
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.7 < found.low < 0.95


@pytest.mark.parametrize("auc", [0.5, 0.8, 1.0])
@pytest.mark.parametrize(("positives", "negatives"), [(2, 2), (3, 8), (40, 5), (500, 400)])
def test_auc_interval_is_newcombes(auc, positives, negatives):
    """Its ends are as far off as z of Hanley and McNeil's standard errors there, of two samples of the mean size."""
    found = auc_interval(auc, positives, negatives)
    others = (positives + negatives) / 2 - 1
    for end in {found.low, found.high} - {1.0}:
        both_above, both_below = end / (2 - end), 2 * end**2 / (1 + end)
        variance = end * (1 - end) + others * (both_above - end**2) + others * (both_below - end**2)
        assert abs(auc - end) == pytest.approx(stats.norm.ppf(0.975) * np.sqrt(variance / (positives * negatives)))
    assert found.low < auc < found.high or auc == found.high == 1


def test_auc_interval_is_near_delongs():
    y, p, _ = example(400, 2, signal=1.0)
    score = p[:, 1].astype(float)
    pairs = (score[y == 1][:, None] > score[y == 0]) * 1.0
    positives, negatives = pairs.shape
    variance = pairs.mean(axis=1).var(ddof=1) / positives + pairs.mean(axis=0).var(ddof=1) / negatives
    found = auc_interval(pairs.mean(), positives, negatives)
    assert found.high - found.low == pytest.approx(2 * 1.96 * math.sqrt(variance), rel=0.15)


def test_metrics_import_nothing_heavy():
    code = (
        "import sys, phoneprice.metrics.classification, phoneprice.metrics.regression,"
        "phoneprice.evaluation.requirements,"
        "phoneprice.metrics.decisions, phoneprice.evaluation.calibration_fit, phoneprice.evaluation.fold_intervals;"
        "print([m for m in ('torch', 'pandas', 'sklearn', 'scipy', 'pyarrow') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_catalogue_names_every_metric_once():
    assert all(name == metric.name and metric.description for name, metric in METRICS.items())
