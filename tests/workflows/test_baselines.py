"""What scikit-learn's models score on a fold."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk

from phoneprice.records import Task
from phoneprice.workflows.baselines import _regressors, _score

ORDINAL = Task("ordinal", "y", ("0", "1", "2", "3"))


def test_a_class_that_a_fold_lacks_does_not_count() -> None:
    """Of four classes one is neither true nor predicted, and one is predicted only."""
    y, predicted = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 2])
    assert _score(y, predicted, ORDINAL) == pytest.approx(
        {
            "accuracy": 4 / 6,
            "balanced_accuracy": (2 / 3 + 2 / 3) / 2,
            "macro_f1": sk.f1_score(y, predicted, average="macro"),
            "mean_absolute_class_error": 2 / 6,
        }
    )


def test_classes_without_an_order_have_no_distance() -> None:
    y = np.array([0, 1, 1])
    assert _score(y, y, Task("binary", "y", ("no", "yes"))) == dict.fromkeys(
        ("accuracy", "balanced_accuracy", "macro_f1"), 1.0
    )


@pytest.mark.parametrize("name", _regressors())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_unit_of_a_target_is_no_handicap(name: str) -> None:
    """A price in cents is as easy as one in euros, or a comparison says nothing."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x @ [1.0, 2.0, 3.0] + 0.1 * rng.normal(size=200)
    small = _regressors()[name]().fit(x, y).predict(x)
    large = _regressors()[name]().fit(x, 1e4 * y + 1e5).predict(x)
    np.testing.assert_allclose((large - 1e5) / 1e4, small, atol=0.05)
    if name != "median":
        assert np.sqrt(np.mean((small - y) ** 2)) < 0.5 * y.std()
