"""The same engine as ``train`` as scikit-learn estimators: ``PhonePriceClassifier`` and ``PhonePriceRegressor``.

scikit-learn is imported with this module, so nothing but ``phoneprice.__getattr__`` may import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from phoneprice.components.base import TaskKind
from phoneprice.config.asked import Overrides, override_texts
from phoneprice.config.load import load_config, override_config
from phoneprice.config.recipes import portfolio
from phoneprice.config.schema import Config
from phoneprice.data.encoding.features import FeatureEncoder
from phoneprice.data.encoding.schema import Column, TableSchema
from phoneprice.data.reading.faults import LEAVE_OUT
from phoneprice.data.reading.frames import category_columns, frame_table, is_frame
from phoneprice.data.table import Table
from phoneprice.data.values import Spelling, is_number_array, number_text, one_spelling
from phoneprice.errors import ConfigError, DataError, UsageError
from phoneprice.inference.predictor import Predictor
from phoneprice.records import Classified, Predictions, Valued
from phoneprice.wording import counted
from phoneprice.workflows.arguments import refuse_unfit
from phoneprice.workflows.assess import calibrated, choose
from phoneprice.workflows.events import warn_caller
from phoneprice.workflows.fitting import fit, planned
from phoneprice.workflows.prepare import prepare_table, read_options

TARGET = "target"
"""What y is called where it has no name of its own."""
_SETTING = "overrides__"
"""scikit-learn's own way to name what is in a parameter."""


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: parameters, how X becomes a table, and fitting."""

    schema_: TableSchema
    predictor_: Predictor

    def __init__(
        self,
        task: str = "auto",
        config: Config | Path | str | None = None,
        overrides: Overrides | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.task = task
        self.config = config
        self.overrides = overrides
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; with ``deep`` the settings of a mapping ``overrides``, too: ``optimizer.lr``."""
        parameters: dict[str, Any] = super().get_params(deep=False)
        settings = self.overrides if deep and isinstance(self.overrides, Mapping) else {}
        return {**parameters, **settings}

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters, and by their dotted names settings, which are laid over those of ``overrides``.

        So searches of scikit-learn vary settings: ``GridSearchCV(estimator, {"optimizer.lr": [0.01, 0.1]})``. A setting
        may also be called ``overrides__optimizer.lr``. Raises ``ValueError`` for any other name.
        """
        settings = {name.removeprefix(_SETTING): value for name, value in parameters.items() if "." in name}
        own = {name: value for name, value in parameters.items() if "." not in name}
        for name in own.keys() - self.get_params(deep=False).keys():
            told = f"{name!r} is no parameter of {type(self).__name__}"
            raise ValueError(f"{told}; settings have dotted names, such as 'model.activation'")
        super().set_params(**own)
        if settings and isinstance(self.overrides, Mapping | None):
            self.overrides = {**(self.overrides or {}), **settings}
        elif settings:
            self.overrides = [*override_texts(self.overrides), *override_texts(settings)]
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _checked_x(self, X: Any, *, reset: bool) -> Any:
        """X as it is where it is a frame, else as float64 ``(n, d)``; names and number of columns are checked."""
        if not _has_named_columns(X):
            with _readable("X"):
                return validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
        validate_data(self, X, reset=reset, skip_check_array=True)
        if not (len(X) and len(X.columns)):
            raise ValueError(
                f"Found array with {len(X)} sample(s) and {len(X.columns)} feature(s) (shape={X.shape}) "
                f"while a minimum of 1 is required by {type(self).__name__}."
            )
        return X

    def _checked_y(self, X: Any, y: Any) -> NDArray[Any]:
        """Labels or values as ``(n,)``, one for each row and none missing."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        with _readable("y"):
            y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        checked: NDArray[Any] = column_or_1d(y, warn=True)
        check_consistent_length(X, checked)
        return checked

    def _fit(self, X: Any, targets: NDArray[Any], config: Config, target: str) -> None:
        """Train on classes 0, 1, ... or values, called ``target``."""
        if target in _names(X):
            raise ValueError(f"X has a column {target!r}, as y is called; leave it out of X, or give y another name")
        data = {"target": target, "categorical_columns": (*config.data.categorical_columns, *_categories(X))}
        # Whoever asks for a classifier has classes, however many and rare.
        labels = () if config.task.kind == "regression" else tuple(map(str, np.unique(targets)))
        config = _replaced(_replaced(config, "data", **data), "task", labels=labels)
        with _usual_errors():
            table = _table(X, config)
            table = replace(table, columns={**table.columns, target: _table({target: targets}, config).columns[target]})
            self.schema_, self.predictor_ = _fitted(table, config)

    def _predictions(self, X: Any) -> Predictions:
        check_is_fitted(self)
        X = self._checked_x(X, reset=False)
        with _usual_errors():
            table = _table(X, self.predictor_.config)
            return self.predictor_.predict(FeatureEncoder(self.schema_).encode(table).inputs)

    def _config(self, kind: TaskKind, shape: tuple[int, int]) -> Config:
        """The configuration that the parameters ask for, to fit X of this ``shape``."""
        with _usual_errors():
            refuse_unfit("config", self.config, Config | Path | str | None)
            refuse_unfit("overrides", self.overrides, Overrides | None)
            texts = [f"task.kind={kind}", *override_texts(self.overrides)]
            if self.random_state is not None:
                texts.append(f"training.seed={_seed(self.random_state)}")
            if isinstance(self.config, Config):
                config = override_config(self.config, texts)
            else:
                config = load_config(self.config, texts)
                if self.config is None and config.task.kind == kind:
                    config = load_config(None, texts, inferred={"portfolio": portfolio(kind, *shape)})
        if config.task.kind != kind:
            raise ValueError(f"overrides say task.kind = {config.task.kind!r}; set the parameter task instead")
        return config


class PhonePriceClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A calibrated ensemble of networks for classes, as ``phoneprice train`` makes it.

    X is numeric, or a pandas DataFrame, whose text and ``category`` columns are categories; NaN and None are missing.
    By ``predict``, numbers may be out of the training range and categories new.

    Parameters
    ----------
    task : "auto", "binary", "multiclass" or "ordinal"
        ``auto`` is binary for two classes, else multiclass. Ordinal classes have the order of ``task.labels``, or
        without it that of ``classes_``.
    config : Config, path, preset name or None
        The configuration, whatever its ``task.kind``; None: the recipes that ``train --target`` takes. Columns in its
        ``data.id_columns``, ``index_columns`` and ``ignored_columns`` are not used; those of an array are called x0,
        x1, ...
    overrides : mapping from dotted keys to values, or sequence of ``key=value`` texts, or None
        Settings laid over the configuration, such as ``{"training.epochs": 50}``. ``set_params`` takes them one by one
        by their dotted names, and so do scikit-learn's searches.
    random_state : int, RandomState or None
        Sets ``training.seed``; None leaves it as configured, so that fits repeat.

    Attributes
    ----------
    classes_ : ndarray ``(C,)``, the class labels, sorted
    schema_ : TableSchema, what the columns are
    predictor_ : Predictor, the calibrated ensemble
    n_features_in_ : int
    feature_names_in_ : ndarray ``(d,)`` of str, where X has column names that are all text

    >>> import numpy as np
    >>> X = np.arange(40.0).reshape(-1, 1)
    >>> PhonePriceClassifier(overrides={"training.epochs": 20}).fit(X, X[:, 0] > 19).predict([[3], [36]])
    array([False,  True])

    """

    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to X ``(n, d)`` and class labels y ``(n,)``.

        Raises ``ValueError`` for data or parameters that can't be used, ``DivergedError`` and ``DeviceError``.
        """
        X, name, y = self._checked_x(X, reset=True), _name_of(y), self._checked_y(X, y)
        self.classes_, codes = _classes(y)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs two classes or more; y has one class: {self.classes_[0]!r}")
        kind = self._kind()
        config = self._config(kind, X.shape)
        self._order = _class_order(self.classes_, config.task.labels)
        self._fit(X, np.argsort(self._order)[codes], config, name)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """The class label ``(n,)`` of each row, decided as the configuration says."""
        predicted = self._classified(X)
        labels: NDArray[Any] = self.classes_[self._order[predicted.classes]]
        return labels

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Calibrated probabilities ``(n, C)``, in the order of ``classes_``."""
        predicted = self._classified(X)
        probabilities = np.empty(predicted.probabilities.shape)
        probabilities[:, self._order] = predicted.probabilities
        return probabilities

    def _classified(self, X: Any) -> Classified:
        predicted = self._predictions(X)
        assert isinstance(predicted, Classified)
        return predicted

    def _kind(self) -> TaskKind:
        match self.task:
            case "auto":
                return "binary" if len(self.classes_) == 2 else "multiclass"
            case "binary" if len(self.classes_) > 2:
                raise ValueError(f"task = 'binary' is for two classes; y has {len(self.classes_)}")
            case "binary" | "multiclass" | "ordinal":
                kind: Literal["binary", "multiclass", "ordinal"] = self.task
                return kind
            case _:
                raise ValueError(f"task = {self.task!r}: must be 'auto', 'binary', 'multiclass' or 'ordinal'")


class PhonePriceRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """An ensemble of networks for a number, as ``phoneprice train`` makes it with ``task.kind = "regression"``.

    Parameters
    ----------
    task : "auto" or "regression"
        Both are the same.
    config, overrides, random_state
        As for ``PhonePriceClassifier``, and so is X.

    Attributes
    ----------
    schema_ : TableSchema, what the columns are
    predictor_ : Predictor, the calibrated ensemble
    n_features_in_ : int
    feature_names_in_ : ndarray ``(d,)`` of str, where X has column names that are all text

    >>> import numpy as np
    >>> X = np.arange(40.0).reshape(-1, 1)
    >>> PhonePriceRegressor(overrides={"training.epochs": 20}).fit(X, 3 * X[:, 0]).predict([[3], [36]]).shape
    (2,)

    """

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to X ``(n, d)`` and numbers y ``(n,)``.

        Raises ``ValueError`` for data or parameters that can't be used, ``DivergedError`` and ``DeviceError``.
        """
        X, name, y = self._checked_x(X, reset=True), _name_of(y), self._checked_y(X, y)
        if self.task not in {"auto", "regression"}:
            raise ValueError(f"task = {self.task!r}: must be 'auto' or 'regression'")
        try:
            values = y.astype(np.float64)
        except (TypeError, ValueError) as fault:
            raise ValueError(f"y has values that are no numbers: {fault}") from fault
        if len(values) and values.min() == values.max():
            found = f"{values[0]:g} in {counted(len(values), 'sample')}"
            raise ValueError(f"{type(self).__name__} needs two different values or more; y has one value: {found}")
        self._fit(X, values, self._config("regression", X.shape), name)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The predicted value ``(n,)`` of each row, in the units of y."""
        predicted = self._predictions(X)
        assert isinstance(predicted, Valued)
        return predicted.values


def _fitted(table: Table, config: Config) -> tuple[TableSchema, Predictor]:
    """What ``train`` does with a table, without the measuring and the files."""
    prepared = prepare_table(table, config, warn_caller)
    plans = planned(prepared, warn_caller)
    fitted = fit(prepared, plans, warn_caller, watch=False)
    return _widened(prepared.schema, table), calibrated(choose(prepared, plans, fitted.ensembles), prepared)


def _widened(schema: TableSchema, table: Table) -> TableSchema:
    """The schema with columns of 0 and 1 as numbers: other rows of X may have other values there.

    A file's column says what it is; a fold's rows do not. The encoding is the same, but for refusing other numbers.
    """
    columns = [
        Column(name=column.name, kind="numeric", low=0.0, high=1.0, has_missing=column.has_missing)
        if column.kind == "boolean" and is_number_array(table.columns[column.name])
        else column
        for column in schema.columns
    ]
    return schema.model_copy(update={"columns": tuple(columns)})


def _has_named_columns(X: Any) -> bool:
    return is_frame(X) and hasattr(X, "columns") and hasattr(X, "shape")


def _names(X: Any) -> list[str]:
    if _has_named_columns(X):
        return [str(name) for name in X.columns]
    return [f"x{i}" for i in range(X.shape[1])]


def _categories(X: Any) -> tuple[str, ...]:
    return category_columns(X) if _has_named_columns(X) else ()


def _table(X: Any, config: Config) -> Table:
    frame = X if is_frame(X) else {name: X[:, i] for i, name in enumerate(_names(X))}
    data = config.data
    unused = [name for name in (*data.row_names, *data.ignored_columns) if name not in config.row_columns]
    # scikit-learn refuses infinite numbers in arrays, so they are refused in frames, too.
    return frame_table(frame, replace(read_options(data), infinite="fail"), unused, data.text_columns, source="X")


def _name_of(y: Any) -> str:
    name = getattr(y, "name", None)
    return name if isinstance(name, str) and name else TARGET


def _classes(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The labels ``(C,)``, sorted, and the index among them of each of y ``(n,)``."""
    try:
        check_classification_targets(y)
        labels, codes = np.unique(y, return_inverse=True)
    except (TypeError, RecursionError) as fault:
        raise ValueError(f"y has labels that can't be sorted: {fault}") from fault
    return labels, codes


def _class_order(classes: NDArray[Any], labels: Sequence[str]) -> NDArray[np.intp]:
    """``order[i]`` is the place among the sorted ``classes`` of the i-th class of the configured order."""
    if not labels:
        return np.arange(len(classes))
    names = [_label(value) for value in classes.tolist()]
    asked = [one_spelling(label, _SPELLINGS.get(classes.dtype.kind, "text")) for label in labels]
    if sorted(asked) != sorted(names):
        raise ValueError(f"task.labels names {', '.join(labels)}; the classes of y are {', '.join(names)}")
    return np.array([names.index(label) for label in asked])


_SPELLINGS: Mapping[str, Spelling] = {"i": "whole", "u": "whole", "f": "number"}
"""How labels in a configuration are matched with classes of NumPy's kinds of types, but for text."""


def _label(value: object) -> str:
    return number_text(value) if isinstance(value, float) else str(value)


def _seed(random_state: Any) -> int:
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _replaced(config: Config, section: str, **values: Any) -> Config:
    return config.model_copy(update={section: getattr(config, section).model_copy(update=values)})


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """What an array raises that won't be read, such as a tensor that takes part in gradients, as a ``ValueError``."""
    try:
        yield
    except RuntimeError as fault:
        raise ValueError(f"{name} can't be read: {fault}") from fault


@contextmanager
def _usual_errors() -> Iterator[None]:
    """Faults of parameters and data as scikit-learn raises them; each row of X has to have a prediction."""
    try:
        yield
    except (ConfigError, DataError, UsageError) as fault:
        raise ValueError(str(fault).replace(LEAVE_OUT, "make it None, which is missing")) from fault
