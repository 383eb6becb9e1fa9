import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.metrics.catalogue import METRICS
from phoneprice.metrics.figures import measured
from phoneprice.records import Classified, Interval, Task, Valued

TASKS = {
    "ordinal": Task("ordinal", "y", ("a", "b", "c")),
    "multiclass": Task("multiclass", "y", ("a", "b", "c")),
    "binary": Task("binary", "y", ("a", "b")),
    "regression": Task("regression", "y"),
}


@pytest.mark.parametrize("kind", TASKS)
def test_every_metric_of_the_task_is_measured_and_within_its_limits(kind):
    task, random = TASKS[kind], np.random.default_rng(0)
    if task.labels:
        p = random.dirichlet(np.ones(task.classes), 40)
        found = measured(random.integers(task.classes, size=40), Classified(p.argmax(axis=1), p), task)
    else:
        found = measured(random.normal(size=40), Valued(random.normal(size=40)), task)
    assert list(found.metrics) == [name for name, metric in METRICS.items() if kind in metric.tasks]
    assert all(METRICS[name].allows(i.low, i.value, i.high) for name, i in found.metrics.items())
    assert (found.confusion is None) == (found.per_class is None) == (kind == "regression")


def test_classes_are_counted_and_figured():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    found = measured(np.array([0, 1, 1]), Classified(np.array([0, 1, 0]), p), TASKS["binary"])
    assert found.confusion is not None
    assert found.per_class is not None
    assert found.confusion.counts == ((1, 0), (1, 1))
    assert [(line.label, line.precision, line.recall, line.support) for line in found.per_class] == [
        ("a", 0.5, 1.0, 1),
        ("b", 1.0, 0.5, 2),
    ]


def test_limits_are_rising_and_forgive_rounding():
    accuracy, r2 = METRICS["accuracy"], METRICS["r2"]
    assert accuracy.allows(0.5)
    assert accuracy.allows(0.0, 0.5, 1.0 + 1e-12)
    assert not accuracy.allows(0.6, 0.5, 0.7)
    assert not accuracy.allows(-0.1, 0.5, 0.7)
    assert not accuracy.allows(float("nan"))
    assert r2.allows(-1e9, 0.5, 1.0)
    assert not r2.allows(0.5, 0.6, 1.1)


def test_a_gain_is_positive_where_the_first_is_better():
    difference = Interval(-0.1, -0.2, 0.05)
    assert METRICS["accuracy"].gain(difference) == difference
    assert METRICS["log_loss"].gain(difference) == Interval(0.1, -0.05, 0.2)


WEIGHTS = st.lists(st.integers(1, 5), min_size=2, max_size=40)


def example(kind, rows, seed):
    """Truth and predictions of rows."""
    task, random = TASKS[kind], np.random.default_rng(seed)
    if not task.labels:
        return random.normal(size=rows), Valued(random.normal(size=rows).round(1))
    p = random.dirichlet(np.ones(task.classes), rows).round(1) + 0.01
    p /= p.sum(axis=1, keepdims=True)
    return random.integers(task.classes, size=rows), Classified(p.argmax(axis=1), p)


@given(st.sampled_from(list(TASKS)), WEIGHTS, st.integers(0, 99))
def test_whole_weights_are_repeated_rows(kind, weights, seed):
    """Values, intervals, counts: all that is said of the rows."""
    truth, predicted = example(kind, len(weights), seed)
    repeated = np.repeat(np.arange(len(weights)), weights)
    found = measured(truth, predicted, TASKS[kind], np.array(weights, dtype=np.float64))
    expected = measured(truth[repeated], predicted.take(repeated), TASKS[kind])
    assert found.confusion == expected.confusion
    assert found.per_class == expected.per_class
    assert found.metrics.keys() == expected.metrics.keys()
    for name, interval in expected.metrics.items():
        ours = found.metrics[name]
        assert (ours.value, ours.low, ours.high) == pytest.approx(
            (interval.value, interval.low, interval.high), rel=1e-9, abs=1e-9
        ), name


@given(st.sampled_from(list(TASKS)), WEIGHTS, st.integers(0, 99))
def test_fractions_of_rows_keep_to_the_limits(kind, weights, seed):
    truth, predicted = example(kind, len(weights), seed)
    found = measured(truth, predicted, TASKS[kind], np.array(weights) / 7)
    assert all(METRICS[name].allows(i.low, i.value, i.high) for name, i in found.metrics.items())
    if found.confusion is not None:
        assert sum(map(sum, found.confusion.counts)) == pytest.approx(sum(weights) / 7)


@pytest.mark.parametrize("kind", TASKS)
def test_equal_weights_change_no_value(kind):
    truth, predicted = example(kind, 50, 1)
    found, expected = (measured(truth, predicted, TASKS[kind], w).metrics for w in (np.full(50, 0.3), None))
    for name, interval in expected.items():
        assert found[name].value == pytest.approx(interval.value, rel=1e-12), name
