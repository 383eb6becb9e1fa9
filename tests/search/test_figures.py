"""A metric of many candidates for many weightings: each is the metric of those rows."""

from __future__ import annotations

import numpy as np
import pytest

from phoneprice.metrics.catalogue import METRICS
from phoneprice.metrics.figures import value_of
from phoneprice.metrics.row_losses import row_losses
from phoneprice.records import Classified, Predictions, Task, Valued
from phoneprice.search.figures import figures_of, race_metric

ROWS = 50
TASKS = {
    "ordinal": Task("ordinal", "y", ("a", "b", "c")),
    "multiclass": Task("multiclass", "y", ("a", "b", "c")),
    "binary": Task("binary", "y", ("a", "b")),
    "regression": Task("regression", "y", ()),
}


def trial(kind: str) -> tuple[np.ndarray, list[Predictions]]:
    generator = np.random.default_rng(0)
    if kind == "regression":
        y = generator.normal(size=ROWS)
        return y, [Valued(y + generator.normal(size=ROWS)) for _ in range(3)]
    classes = TASKS[kind].classes
    shares = [generator.dirichlet(np.ones(classes), ROWS) for _ in range(3)]
    return generator.integers(0, classes, ROWS), [Classified(p.argmax(axis=1), p) for p in shares]


def losses_of(metric: str, kind: str) -> np.ndarray:
    """Of three candidates that predict and one that doesn't."""
    y, predictions = trial(kind)
    losses = [row_losses(race_metric(metric, TASKS[kind]), y, own) for own in predictions]
    return np.stack([*losses, np.full(ROWS, np.nan)])


@pytest.mark.parametrize(("kind", "metric"), [(k, name) for k in TASKS for name in METRICS if k in METRICS[name].tasks])
def test_each_figure_is_the_metric_of_the_rows_that_count(kind: str, metric: str) -> None:
    y, predictions = trial(kind)
    weights = np.random.default_rng(1).multinomial(ROWS, np.full(ROWS, 1 / ROWS), size=4).astype(np.float64)
    asked = np.ones((4, 4), bool)
    asked[2, 1] = False
    found = figures_of(metric, losses_of(metric, kind), y, [*predictions, None], TASKS[kind])(weights, asked)
    for b, own in enumerate(weights):
        rows = np.repeat(np.arange(ROWS), own.astype(int))
        for k, said in enumerate(predictions):
            if asked[b, k]:
                assert found[b, k] == pytest.approx(value_of(metric, y[rows], said.take(rows), TASKS[kind]))
    assert np.isnan(found[:, 3]).all()


@pytest.mark.parametrize("metric", ["accuracy", "ece"])
def test_no_rows_have_no_figure(metric: str) -> None:
    y, predictions = trial("binary")
    figures = figures_of(metric, losses_of(metric, "binary"), y, [*predictions, None], TASKS["binary"])
    found = figures(np.zeros((2, ROWS)), np.ones((2, 4), bool))
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("kind", "metric", "expected"),
    [
        ("binary", "accuracy", "accuracy"),
        ("binary", "roc_auc", "log_loss"),
        ("regression", "mae", "mae"),
        ("regression", "r2", "rmse"),
    ],
)
def test_by_what_candidates_race(kind: str, metric: str, expected: str) -> None:
    assert race_metric(metric, TASKS[kind]) == expected
