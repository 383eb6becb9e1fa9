"""What scikit-learn's usual models score on the same folds and the same encoded columns.

Each is a pipeline: missing cells filled with the median, columns standardised (but for the trees, which need neither).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from phoneprice.guest import unnoticed, without_warnings
from phoneprice.inference.threads import computing_threads, require_blas_memory
from phoneprice.metrics.confusion import Cells, confusion
from phoneprice.metrics.intervals import Weights, average
from phoneprice.metrics.regression import regression_metrics
from phoneprice.records import Rows, Task
from phoneprice.workflows.events import OnEvent, Progress
from phoneprice.workflows.prepare import Prepared

Scores = list[dict[str, float]]
"""A fold's values by metric; what is undefined in a fold is not there."""


def baseline_scores(prepared: Prepared, splits: Sequence[tuple[Rows, Rows]], on_event: OnEvent) -> dict[str, Scores]:
    """Metric values fold by fold, by model."""
    x = _table(prepared)
    with unnoticed("sklearn.ensemble", "sklearn.svm", "sklearn.neural_network"):  # and SciPy with them
        models = _regressors() if prepared.task.kind == "regression" else _classifiers()
        for build in models.values():
            build()
    _require_room()
    scores: dict[str, Scores] = {name: [] for name in models}
    done, total = 0, len(models) * len(splits)
    for train, test in splits:
        for name, build in models.items():
            predicted = fit_and_predict(build(), x, prepared.targets, train, test)
            weights = prepared.roles.take(test).weights
            scores[name].append(_score(prepared.targets[test], predicted, prepared.task, weights))
            done += 1
            on_event(Progress(done, total, "baseline fits"))
    return scores


def _require_room() -> None:
    """Raise ``DeviceError`` where SciPy's OpenBLAS or GNU OpenMP would find too little memory, and end the process.

    SciPy has an OpenBLAS of its own, whose buffer is taken at once, and kept.
    """
    from scipy.linalg.blas import dgemm

    from phoneprice.training.threads import require_threads

    require_blas_memory()
    require_threads(computing_threads())
    square = np.ones((128, 128))
    dgemm(1.0, square, square)


def linear_model(prepared: Prepared) -> tuple[str, Callable[[], Any], Any]:
    """The linear baseline of the task, its name first, and the inputs ``(n, d)`` to give it."""
    name = "ridge regression" if prepared.task.kind == "regression" else "logistic regression"
    models = _regressors() if prepared.task.kind == "regression" else _classifiers()
    _require_room()
    return name, models[name], _table(prepared)


def fit_and_predict(model: Any, x: Any, y: Any, train: Rows, test: Rows) -> Any:
    """What a model that has learned from some rows predicts for others.

    It says nothing where it stops at its iteration limit: it is still that baseline.
    """
    with without_warnings(), np.errstate(all="ignore"):
        return model.fit(x[train], y[train]).predict(x[test])


def _table(prepared: Prepared) -> Any:
    """Inputs with NaN where missing."""
    missing = prepared.inputs.missing
    return prepared.inputs.values if missing is None else np.where(missing, np.nan, prepared.inputs.values)


def _score(y: Any, predicted: Any, task: Task, weights: Weights = None) -> dict[str, float]:
    if task.kind == "regression":
        return {name: interval.value for name, interval in regression_metrics(y, predicted, weights).items()}
    cells = Cells(confusion(y, predicted, task.classes, weights))
    scores = {
        "accuracy": average(y == predicted, weights),
        "balanced_accuracy": float(cells.balanced_accuracy(cells.as_counted)[0]),
        "macro_f1": float(cells.macro_f1(cells.as_counted)[0]),
    }
    if task.kind == "ordinal":
        scores["mean_absolute_class_error"] = average(np.abs(y - predicted), weights)
    return scores


def _classifiers() -> dict[str, Callable[[], Any]]:
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsOneClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import LinearSVC

    return {
        "majority": lambda: DummyClassifier(strategy="most_frequent"),
        "logistic regression": lambda: _scaled(LogisticRegression(C=100, max_iter=2000)),
        # One against one, as in sklearn.svm.SVC: against the rest, a class in the middle has no linear border.
        "linear SVM": lambda: _scaled(OneVsOneClassifier(LinearSVC(C=100, dual=False, random_state=0))),
        "gradient boosting": lambda: HistGradientBoostingClassifier(random_state=0),
        "scikit-learn MLP": lambda: _scaled(MLPClassifier(random_state=0)),
    }


def _regressors() -> dict[str, Callable[[], Any]]:
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import RidgeCV
    from sklearn.neural_network import MLPRegressor
    from sklearn.svm import LinearSVR

    return {
        "median": lambda: DummyRegressor(strategy="median"),
        "ridge regression": lambda: _scaled(RidgeCV(np.logspace(-3, 3, 13))),
        "linear SVM": lambda: _scaled(_of_scaled_target(LinearSVR(dual="auto", random_state=0, max_iter=10_000))),
        "gradient boosting": lambda: HistGradientBoostingRegressor(random_state=0),
        "scikit-learn MLP": lambda: _scaled(_of_scaled_target(MLPRegressor(random_state=0))),
    }


def _of_scaled_target(model: Any) -> Any:
    """For models whose own settings fit a target of about unit size, as our networks get it."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(model, transformer=StandardScaler())


def _scaled(model: Any) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), model)
