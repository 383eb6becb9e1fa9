"""What scikit-learn's usual models score on the same folds and the same encoded columns.

Each is a pipeline: missing cells filled with the median, columns standardised (but for the trees, which need neither).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from phoneprice.evaluation.paired import PAIRED, lead, row_errors
from phoneprice.guest import unnoticed, without_warnings
from phoneprice.inference.threads import computing_threads, require_blas_memory
from phoneprice.metrics.catalogue import METRICS
from phoneprice.metrics.confusion import Cells, confusion
from phoneprice.metrics.figures import measured
from phoneprice.metrics.intervals import Weights, average
from phoneprice.metrics.regression import regression_metrics
from phoneprice.records import Classified, HeldOut, Interval, Predictions, Rows, Task, Valued, joined
from phoneprice.records.documents import BaselineMetrics
from phoneprice.workflows.events import OnEvent, Progress
from phoneprice.workflows.prepare import Prepared

Scores = list[dict[str, float]]
"""A fold's values by metric; what is undefined in a fold is not there."""
LEAST_ROWS: Final = 1000
MOST_ROWS: Final = 20_000
"""That the linear baseline of a training learns from in a fold."""
_PASSES: Final = 400
"""Operations a row, input and class of a linear fit: 4 in each of about 100 steps."""


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
            predicted = fitted_quietly(build(), x[train], prepared.targets[train]).predict(x[test])
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


def linear_baseline(
    prepared: Prepared, held: HeldOut, splits: Sequence[tuple[Rows, Rows]], operations: float = math.inf
) -> dict[str, BaselineMetrics]:
    """The usual linear model, by its name, on rows of ``held``, and how far the networks' figures are from its own.

    ``splits`` are the training and the held-out rows of each fold. It learns from no more of the former than
    ``MOST_ROWS``, and than so many ``operations`` allow, but from ``LEAST_ROWS``: a clock would make each run another.
    Empty where no fold has two classes.
    """
    regression = prepared.task.kind == "regression"
    name, build = ("ridge regression", _ridge) if regression else ("logistic regression", _logistic)
    with unnoticed("sklearn.linear_model", "sklearn.impute", "sklearn.pipeline"):
        build()
    _require_room()
    done, x = list[tuple[Rows, Predictions]](), _table(prepared)
    row_operations = _PASSES * x.shape[1] * max(prepared.task.classes, 1) * len(splits)
    most = int(min(max(operations / row_operations, LEAST_ROWS), MOST_ROWS))
    for train, test in splits:
        some = train[:: -(-len(train) // most)]
        if not regression and len(np.unique(prepared.targets[some])) < 2:
            continue
        done.append((test, _fit_and_predict(build(), x, prepared, some, test)))
    return {name: _compared(held, done, prepared.task)} if done else {}


def _fit_and_predict(model: Any, x: Any, prepared: Prepared, train: Rows, test: Rows) -> Predictions:
    """What a model that has learned from some rows says of others."""
    fitted = fitted_quietly(model, x[train].astype(np.float64), prepared.targets[train])
    with np.errstate(all="ignore"):
        if not prepared.task.labels:
            return Valued(fitted.predict(x[test].astype(np.float64)))
        probabilities = np.zeros((len(test), prepared.task.classes))
        probabilities[:, fitted.classes_] = fitted.predict_proba(x[test].astype(np.float64))
    return Classified(probabilities.argmax(axis=1), probabilities)


def _compared(held: HeldOut, done: Sequence[tuple[Rows, Predictions]], task: Task) -> BaselineMetrics:
    """The networks of ``held`` with another model on the rows that it has predicted."""
    rows = np.concatenate([test for test, _ in done])
    theirs = joined([said for _, said in done]).take(np.argsort(rows, kind="stable"))
    ours = held.part(np.isin(held.rows, rows))
    figures, differences = measured(ours.truth, theirs, task, ours.weights).metrics, dict[str, Interval]()
    for metric in PAIRED[bool(task.labels)]:
        errors = row_errors(metric, ours.truth, ours.predictions), row_errors(metric, ours.truth, theirs)
        # A lead says which is better, a difference which is larger.
        differences[metric] = lead(metric, *(errors if METRICS[metric].better == "higher" else errors[::-1]))
    return BaselineMetrics(metrics={metric: figures[metric] for metric in differences}, ours_minus_theirs=differences)


def fitted_quietly(model: Any, x: Any, y: Any) -> Any:
    """The model, which has said nothing where it stopped at its iteration limit: it is still that baseline."""
    with without_warnings(), np.errstate(all="ignore"):
        return model.fit(x, y)


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
    from sklearn.multiclass import OneVsOneClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import LinearSVC

    return {
        "majority": lambda: DummyClassifier(strategy="most_frequent"),
        "logistic regression": _logistic,
        # One against one, as in sklearn.svm.SVC: against the rest, a class in the middle has no linear border.
        "linear SVM": lambda: _scaled(OneVsOneClassifier(LinearSVC(C=100, dual=False, random_state=0))),
        "gradient boosting": lambda: HistGradientBoostingClassifier(random_state=0),
        "scikit-learn MLP": lambda: _scaled(MLPClassifier(random_state=0)),
    }


def _regressors() -> dict[str, Callable[[], Any]]:
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.neural_network import MLPRegressor
    from sklearn.svm import LinearSVR

    return {
        "median": lambda: DummyRegressor(strategy="median"),
        "ridge regression": _ridge,
        "linear SVM": lambda: _scaled(_of_scaled_target(LinearSVR(dual="auto", random_state=0, max_iter=10_000))),
        "gradient boosting": lambda: HistGradientBoostingRegressor(random_state=0),
        "scikit-learn MLP": lambda: _scaled(_of_scaled_target(MLPRegressor(random_state=0))),
    }


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return _scaled(LogisticRegression(C=100, max_iter=2000))


def _ridge() -> Any:
    from sklearn.linear_model import RidgeCV

    return _scaled(RidgeCV(np.logspace(-3, 3, 13)))


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
