"""What scikit-learn's models score on a fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk

from phoneprice.config.load import load_config
from phoneprice.records import Classified, HeldOut, Predictions, Task, Valued
from phoneprice.workflows import baselines as module
from phoneprice.workflows.baselines import _regressors, _score, linear_baseline
from phoneprice.workflows.events import ignore
from phoneprice.workflows.prepare import Prepared, prepare_table
from tests.small_tables import table

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


def heights(rows: int, classes: int = 0) -> Prepared:
    """A table of two columns, whose target is a line of them, or the class that this line falls into."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, rows))
    y = 2 * a - b + 0.1 * rng.normal(size=rows)
    kind = "multiclass" if classes else "regression"
    cells = [str(np.searchsorted([-1.0, 1.0], value)) for value in y] if classes else y.tolist()
    config = load_config(None, [f"task.kind={kind}", "data.target=y"])
    return prepare_table(table(a=a.tolist(), b=b.tolist(), y=cells), config, ignore)


@pytest.mark.parametrize("classes", [0, 3])
def test_the_linear_baseline_of_held_out_rows(classes: int) -> None:
    """Rows are compared pairwise, in whatever order the folds hold them out."""
    prepared = heights(90, classes)
    folds = np.arange(90) % 3
    splits = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in (2, 0, 1)]
    truth = prepared.targets
    exact: Predictions = Classified(truth, np.eye(3)[truth]) if classes else Valued(truth)
    (name, found), *others = linear_baseline(prepared, HeldOut(np.arange(90), folds, truth, exact), splits).items()
    assert not others
    if classes:
        assert name == "logistic regression"
        assert found.metrics["accuracy"].value > 0.9
        assert found.ours_minus_theirs["accuracy"].value == pytest.approx(1 - found.metrics["accuracy"].value)
        assert found.ours_minus_theirs["log_loss"].value == pytest.approx(-found.metrics["log_loss"].value, abs=1e-6)
    else:
        assert name == "ridge regression"
        assert found.metrics["rmse"].value == pytest.approx(0.1, rel=0.2)
        assert found.ours_minus_theirs["rmse"].value == pytest.approx(-found.metrics["rmse"].value)
    assert all(difference.low <= difference.value <= difference.high for difference in found.ours_minus_theirs.values())


def test_the_linear_baseline_learns_from_as_many_rows_as_the_training_is_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, learned = heights(90), list[int]()
    monkeypatch.setattr(module, "LEAST_ROWS", 10)

    def fitted(model: Any, x: Any, y: Any) -> Any:
        learned.append(len(x))
        return model.fit(x, y)

    monkeypatch.setattr(module, "fitted_quietly", fitted)
    held = HeldOut(np.arange(30), np.zeros(30, np.int64), prepared.targets[:30], Valued(prepared.targets[:30]))
    for operations in (0.0, 400 * 2 * 20, 400 * 2 * 30, np.inf):
        linear_baseline(prepared, held, [(np.arange(30, 90), np.arange(30))], operations)
    assert learned == [10, 20, 30, 60]


def test_a_fold_of_one_class_has_no_linear_baseline() -> None:
    prepared = heights(20, 3)
    same = np.flatnonzero(prepared.targets == prepared.targets[0])
    rest = np.flatnonzero(prepared.targets != prepared.targets[0])
    held = HeldOut(rest, np.zeros(len(rest), np.int64), prepared.targets[rest], Classified(rest, np.eye(3)[rest % 3]))
    assert linear_baseline(prepared, held, [(same, rest)]) == {}
