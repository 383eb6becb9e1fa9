"""Figures of a stack of confusion matrices, as the bootstrap asks for them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from phoneprice.metrics.confusion import Cells, confusion, per_class
from phoneprice.metrics.intervals import resampled, seeded

FIGURES = {
    Cells.balanced_accuracy: sk.balanced_accuracy_score,
    Cells.macro_f1: lambda y, predicted: sk.f1_score(y, predicted, average="macro", zero_division=0),
    Cells.mcc: sk.matthews_corrcoef,
    Cells.quadratic_kappa: lambda y, predicted: sk.cohen_kappa_score(
        y, predicted, weights="quadratic", labels=range(5)
    ),
}


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.__name__)
def test_each_matrix_of_a_stack_by_itself(figure) -> None:
    """Resamples of 12 rows, so that classes go without a row in some; class 4 has none at all."""
    random = np.random.default_rng(0)
    y, predicted = random.integers(0, 4, 12), random.integers(0, 4, 12)
    cells = Cells(confusion(y, predicted, 5))
    drawn = resampled(cells.counts, seeded())[:200]
    found = figure(cells, drawn)
    assert found.shape == (200,)
    for counts, value in zip(drawn.astype(np.int64), found, strict=True):
        rows = np.repeat(cells.true, counts), np.repeat(cells.predicted, counts)
        assert value == pytest.approx(FIGURES[figure](*rows))


def test_f1_is_of_the_second_class() -> None:
    cells = Cells(np.array([[5, 2], [1, 3]]))
    counts = np.array([[5.0, 2, 1, 3], [4, 0, 0, 0], [0, 6, 0, 0], [1, 1, 1, 1]])
    assert cells.f1(counts).tolist() == [6 / 9, 0, 0, 0.5]


def test_one_class_alone_leaves_kappa_open() -> None:
    cells = Cells(np.array([[5, 2], [1, 3]]))
    assert np.isnan(cells.quadratic_kappa(np.array([[4.0, 0, 0, 0], [0, 0, 0, 4]]))).all()


def test_classes_without_rows_have_figures_of_zero() -> None:
    found = per_class(confusion(np.array([0, 0, 1]), np.array([0, 3, 1]), 4), "abcd")
    assert [line.label for line in found] == list("abcd")
    assert [line.precision for line in found] == [1, 1, 0, 0]
    assert [line.recall for line in found] == [0.5, 1, 0, 0]
    assert [line.f1 for line in found] == [2 / 3, 1, 0, 0]
    assert [line.support for line in found] == [2, 1, 0, 0]
