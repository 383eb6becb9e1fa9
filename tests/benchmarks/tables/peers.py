"""What a user would pick instead: each at its defaults, behind the preprocessing that its documentation suggests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tables.loading import Rows
from tables.protocol import SEED, SVM_ROWS, Answer, Doubles, Fold

MOST_CATEGORIES = 100
"""Of a column, for the models that get one input a category; rarer ones are one."""
MOST_LEVELS = 200
"""Of a column, for the models that take categories as they are: scikit-learn's takes 255."""

Inputs = Literal["scaled", "unscaled", "levels", "filled levels", "texts"]
"""How a model gets a table: numbers, standardised or not, with medians for missing cells and one input a category;
or columns as they are, categories as pandas' own (rare ones are missing, or nothing is) or as text."""


@dataclass(frozen=True)
class Peer:
    """A model that scikit-learn's conventions hold for, and how it gets its inputs."""

    inputs: Inputs
    classifier: Callable[[int], Any]
    """From the number of threads."""
    regressor: Callable[[int], Any]
    needs: str = "scikit-learn"
    """The package that has to be installed."""
    scales_target: bool = False
    labels_by: Callable[[Any, Any], NDArray[Any]] | None = None
    """How the fitted model decides, where that isn't for the most probable class."""
    optional: bool = False
    """Whether it is left out without a word of complaint where it isn't installed."""
    most_rows: int | None = None


@dataclass(frozen=True)
class PeerModel:
    """A peer with its number of threads."""

    peer: Peer
    threads: int

    def answer(self, rows: Rows, fold: Fold) -> Answer:
        """Fit on the fold's training rows, preprocessing included, and predict its test rows."""
        train, test = rows.features.iloc[fold.train], rows.features.iloc[fold.test]
        texts = [str(name) for name in train if train[name].dtype == object]
        start = time.perf_counter()
        preprocessing, model = _preprocessing(self.peer.inputs, train, texts), self._made(texts, rows)
        model.fit(preprocessing.fit_transform(train), rows.truth[fold.train])
        fitted = time.perf_counter()
        predicted, probabilities = self._predicted(model, preprocessing.transform(test), rows)
        return Answer(predicted, probabilities, fitted - start, time.perf_counter() - fitted)

    def _made(self, texts: list[str], rows: Rows) -> Any:
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.preprocessing import StandardScaler

        model = (self.peer.classifier if rows.labels else self.peer.regressor)(self.threads)
        if self.peer.inputs == "texts":
            model.set_params(cat_features=texts)
        if self.peer.scales_target and not rows.labels:
            return TransformedTargetRegressor(model, transformer=StandardScaler())
        return model

    def _predicted(self, model: Any, inputs: Any, rows: Rows) -> tuple[NDArray[Any], Doubles | None]:
        if not rows.labels:
            return np.asarray(model.predict(inputs), np.float64).ravel(), None
        probabilities = np.asarray(model.predict_proba(inputs), np.float64)
        decided = probabilities.argmax(axis=1) if self.peer.labels_by is None else self.peer.labels_by(model, inputs)
        return np.asarray(decided, np.int64), probabilities


def _preprocessing(inputs: Inputs, train: pd.DataFrame, texts: list[str]) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    if inputs == "texts":
        return FunctionTransformer(partial(_with_words, texts=texts))
    if inputs in {"levels", "filled levels"}:
        return _Levels(texts, filled=inputs == "filled levels")
    numbers = [name for name in train if name not in texts]
    median = SimpleImputer(strategy="median", keep_empty_features=True)
    filled = make_pipeline(median, StandardScaler()) if inputs == "scaled" else median
    one_each = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MOST_CATEGORIES, sparse_output=False, dtype=np.float64
    )
    named = make_pipeline(FunctionTransformer(partial(_with_words, texts=texts)), one_each)
    return ColumnTransformer([("numbers", filled, numbers), ("texts", named, texts)])


def _with_words(features: pd.DataFrame, texts: list[str]) -> pd.DataFrame:
    """A word where a cell of text is missing."""
    return features.assign(**{name: features[name].fillna("missing") for name in texts})


class _Levels:
    """Text as pandas' categories, those of the training rows; what is rare or unknown is missing.

    Or ``filled``, for models that can't do with missing cells: medians, and a category for what is missing.
    """

    def __init__(self, texts: list[str], *, filled: bool) -> None:
        self.texts, self.filled = texts, filled
        self._levels: dict[str, list[str]] = {}
        self._medians: dict[str, float] = {}

    def fit_transform(self, train: pd.DataFrame) -> pd.DataFrame:
        """The training rows, whose categories and medians it keeps."""
        counts = {name: train[name].value_counts() for name in self.texts}
        self._levels = {name: sorted(count.index[:MOST_LEVELS]) for name, count in counts.items()}
        medians = train.drop(columns=self.texts).median().fillna(0.0)
        self._medians = {str(name): float(median) for name, median in medians.items()}
        return self.transform(train)

    def transform(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Any rows."""
        word = "missing" if self.filled else None
        words = {
            name: pd.Categorical(rows[name].where(rows[name].isin(levels), word), [*levels, word] if word else levels)
            for name, levels in self._levels.items()
        }
        return (rows.fillna(self._medians) if self.filled else rows).assign(**words)


def _linear_classifier(threads: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)


def _linear_regressor(threads: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge()


def _svm_classifier(threads: int) -> Any:
    """With scikit-learn's way to probabilities."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import SVC

    folds = StratifiedKFold(4, shuffle=True, random_state=SEED)  # a class has 4 training rows at least
    return CalibratedClassifierCV(SVC(), cv=folds, ensemble=False)


def _svm_decides(model: Any, inputs: Any) -> NDArray[Any]:
    """What the machine itself says: it is right more often than the calibrated probabilities."""
    return np.asarray(model.calibrated_classifiers_[0].estimator.predict(inputs))


def _svm_regressor(threads: int) -> Any:
    from sklearn.svm import SVR

    return SVR()


def _forest_classifier(threads: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_jobs=threads, random_state=SEED)


def _forest_regressor(threads: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(n_jobs=threads, random_state=SEED)


def _histogram_classifier(threads: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(random_state=SEED)


def _histogram_regressor(threads: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(random_state=SEED)


def _mlp_classifier(threads: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(random_state=SEED)


def _mlp_regressor(threads: int) -> Any:
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor(random_state=SEED)


def _lightgbm(name: str, threads: int) -> Any:
    import lightgbm

    return getattr(lightgbm, name)(n_jobs=threads, random_state=SEED, verbose=-1)


def _catboost(name: str, threads: int) -> Any:
    import catboost

    return getattr(catboost, name)(thread_count=threads, random_seed=SEED, verbose=False, allow_writing_files=False)


def _xgboost(name: str, threads: int) -> Any:
    import xgboost

    return getattr(xgboost, name)(n_jobs=threads, random_state=SEED, enable_categorical=True)


def _pytabkit(name: str, threads: int) -> Any:
    import pytabkit

    return getattr(pytabkit, name)(n_threads=threads, random_state=SEED, device="cpu")


PEERS: Mapping[str, Peer] = {
    "linear": Peer("scaled", _linear_classifier, _linear_regressor),
    "SVM": Peer(
        "scaled", _svm_classifier, _svm_regressor, scales_target=True, labels_by=_svm_decides, most_rows=SVM_ROWS
    ),
    "random forest": Peer("unscaled", _forest_classifier, _forest_regressor),
    "HistGradientBoosting": Peer("levels", _histogram_classifier, _histogram_regressor),
    "LightGBM": Peer(
        "levels", partial(_lightgbm, "LGBMClassifier"), partial(_lightgbm, "LGBMRegressor"), needs="lightgbm"
    ),
    "CatBoost": Peer(
        "texts", partial(_catboost, "CatBoostClassifier"), partial(_catboost, "CatBoostRegressor"), needs="catboost"
    ),
    "XGBoost": Peer("levels", partial(_xgboost, "XGBClassifier"), partial(_xgboost, "XGBRegressor"), needs="xgboost"),
    "MLP": Peer("scaled", _mlp_classifier, _mlp_regressor, scales_target=True),
    "RealMLP": Peer(
        "filled levels",
        partial(_pytabkit, "RealMLP_TD_Classifier"),
        partial(_pytabkit, "RealMLP_TD_Regressor"),
        needs="pytabkit",
        optional=True,
    ),
    "TabM": Peer(
        "filled levels",
        partial(_pytabkit, "TabM_D_Classifier"),
        partial(_pytabkit, "TabM_D_Regressor"),
        needs="pytabkit",
        optional=True,
    ),
}
"""By the name on the page."""


def is_installed(peer: Peer) -> bool:
    """Whether the peer can be asked."""
    try:
        version(peer.needs)
    except PackageNotFoundError:
        return False
    return True
