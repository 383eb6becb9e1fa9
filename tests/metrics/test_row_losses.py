"""Metrics that are means over rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from phoneprice.metrics.figures import measured, value_of
from phoneprice.metrics.row_losses import MEANS, figure_of, row_losses
from phoneprice.records import Classified, Predictions, Task, Valued

GENERATOR = np.random.default_rng(0)
ROWS = 60


def predictions(kind: str) -> tuple[Any, Predictions, Task]:
    if kind == "regression":
        values = GENERATOR.normal(size=ROWS)
        return values, Valued(values + GENERATOR.normal(size=ROWS)), Task("regression", "y", ())
    labels = ("a", "b") if kind == "binary" else ("a", "b", "c")
    y = GENERATOR.integers(0, len(labels), ROWS)
    p = GENERATOR.dirichlet(np.ones(len(labels)), ROWS)
    return y, Classified(p.argmax(axis=1), p), Task(kind, "y", labels)  # type: ignore[arg-type]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "ordinal", "regression"])
def test_every_metric_by_itself_is_the_one_that_is_measured(kind: str, weighted: bool) -> None:
    y, found, task = predictions(kind)
    weights = GENERATOR.integers(0, 3, ROWS).astype(np.float64) if weighted else None
    metrics = measured(y, found, task, weights).metrics
    for name, expected in metrics.items():
        assert value_of(name, y, found, task, weights) == pytest.approx(expected.value, rel=1e-12), name
        if name in MEANS:
            mean = np.average(row_losses(name, y, found), weights=weights)
            assert figure_of(name, np.asarray(mean)) == pytest.approx(expected.value, rel=1e-12), name


def test_what_the_rows_leave_undefined() -> None:
    _, found, task = predictions("binary")
    assert np.isnan(value_of("roc_auc", np.zeros(ROWS, np.int64), found, task))
    _, numbers, task = predictions("regression")
    assert np.isnan(value_of("r2", np.zeros(ROWS), numbers, task))
