import doctest
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import uniform
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris, make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from phoneprice import PhonePriceClassifier, PhonePriceRegressor, cross_validate
from phoneprice.components.optimizers import SGD
from phoneprice.config.load import load_config
from phoneprice.config.recipes import recipe
from phoneprice.config.schema import Config
from phoneprice.records.documents import Protocol
from phoneprice.workflows import estimators

ONE_THREAD = {"training.threads": 1}
QUICK = {"training.epochs": 20, **ONE_THREAD}


def blobs(classes=3, rows=120):
    return make_blobs(n_samples=rows, centers=classes, n_features=4, random_state=0)


def classifier(task="auto", overrides=(), **parameters):
    return PhonePriceClassifier(task, overrides=QUICK | dict(overrides), **parameters)


def regressor(overrides=(), **parameters):
    return PhonePriceRegressor(overrides=QUICK | dict(overrides), **parameters)


def phones(rows=60):
    """A frame with a column of every type, some cells missing, and labels that follow the number."""
    random = np.random.default_rng(0)
    ram = random.normal(0, 1, rows)
    frame = pd.DataFrame(
        {
            "ram": np.where(random.random(rows) < 0.1, np.nan, ram),
            "os": random.choice(np.array(["Android", "iOS", None]), rows),
            "cores": pd.Categorical(random.choice([2, 4, 8], rows)),
            "wifi": random.random(rows) < 0.5,
            "dual_sim": pd.array(random.integers(0, 2, rows), dtype="Int64"),
        },
        index=np.arange(rows) * 7,
    )
    return frame, np.where(ram > 0, "high", "low")


@parametrize_with_checks([classifier(), regressor()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_defaults_classify():
    X, y = load_iris(return_X_y=True)
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    assert cross_val_score(PhonePriceClassifier(overrides=ONE_THREAD), X, y, cv=folds).mean() >= 0.94


def test_defaults_regress():
    X, y = load_diabetes(return_X_y=True)
    folds = KFold(2, shuffle=True, random_state=0)
    ours = cross_val_score(PhonePriceRegressor(overrides=ONE_THREAD), X, y, cv=folds).mean()
    assert ours >= cross_val_score(LinearRegression(), X, y, cv=folds).mean() - 0.03


@pytest.mark.parametrize(
    ("task", "config", "classes", "kind"),
    [
        ("auto", None, 2, "binary"),
        ("auto", None, 3, "multiclass"),
        ("auto", "default", 3, "multiclass"),
        ("auto", Config(), 2, "binary"),
        ("multiclass", None, 2, "multiclass"),
        ("ordinal", None, 3, "ordinal"),
        ("ordinal", None, 2, "ordinal"),
    ],
)
def test_task(task, config, classes, kind):
    model = classifier(task, config=config).fit(*blobs(classes)).predictor_
    assert model.config.task.kind == model.task.kind == kind
    assert model.config.loss == recipe(kind).loss
    assert model.task.classes == classes


@pytest.mark.parametrize("labels", [[5, 7, 9], [-2.0, 0.0, 1e9], ["b", "a", "c"], [False, True], ["yes", "no", "Yes"]])
def test_labels_come_back_as_they_were(labels):
    X, codes = blobs(len(labels))
    fitted = classifier().fit(X, np.array(labels)[codes])
    assert fitted.classes_.tolist() == sorted(labels)
    assert fitted.predict(X).dtype == np.array(labels).dtype
    assert fitted.score(X, np.array(labels)[codes]) > 0.9


def test_order_of_classes_is_configured():
    X = np.arange(60.0).reshape(-1, 1)
    names = np.repeat(["low", "medium", "high"], 20)
    fitted = classifier("ordinal", {"task.labels": ["low", "medium", "high"], "training.epochs": 100}).fit(X, names)
    assert fitted.classes_.tolist() == ["high", "low", "medium"]
    assert fitted.predict([[2], [30], [57]]).tolist() == ["low", "medium", "high"]
    assert fitted.predict_proba([[2], [30], [57]]).argmax(axis=1).tolist() == [1, 2, 0]


def test_order_of_numbers_is_configured():
    X = np.arange(60.0).reshape(-1, 1)
    fitted = classifier("ordinal", {"task.labels": ["2", "1.0", "0"]}).fit(X, np.repeat([2, 1, 0], 20))
    assert fitted.predict(X[:1]).tolist() == [2]


@pytest.mark.parametrize(
    ("asked", "classes"),
    [
        ([str(2**53 + 1), str(2**53), "5"], [2**53 + 1, 2**53, 5]),
        (["1.0", "0", "2e0"], [1.0, 0.0, 2.0]),
        (["4.10", "4.1", "5"], ["4.10", "4.1", "5"]),
    ],
)
def test_order_of_exact_labels_is_configured(asked, classes):
    X = np.arange(60.0).reshape(-1, 1)
    fitted = classifier("ordinal", {"task.labels": asked, "training.epochs": 100}).fit(X, np.repeat(classes, 20))
    assert fitted.predict([[2], [30], [57]]).tolist() == classes


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (classifier("regression"), "task = 'regression': must be 'auto', 'binary', 'multiclass' or 'ordinal'"),
        (classifier("binary"), "task = 'binary' is for two classes; y has 3"),
        (regressor(task="binary"), "task = 'binary': must be 'auto' or 'regression'"),
        (classifier(overrides={"task.kind": "ordinal"}), "overrides say task.kind = 'ordinal'; set the parameter task"),
        (classifier(overrides={"task.labels": ["0", "1"]}), "task.labels names 0, 1; the classes of y are 0, 1, 2"),
        (
            classifier(overrides={"optimizer.lrr": 1}),
            'optimizer.lrr: unknown key for "adam"; did you mean "lr"? one of',
        ),
        (classifier(random_state=-1), "training.seed: found -1, must be at least 0 (-s)"),
        (classifier(config="textbok"), 'textbok: no such configuration file; did you mean "textbook"? give a path'),
        (classifier(overrides={"data.categorical_columns": ["x9"]}), "X: no column 'x9'"),
    ],
)
def test_parameters_that_cannot_be(estimator, message):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        estimator.fit(*blobs())
    assert str(raised.value).startswith(message)


def test_infinite_numbers_are_refused_as_scikit_learn_has_it():
    frame, classes = pd.DataFrame(blobs()[0], columns=list("abcd")), blobs()[1]
    frame.loc[3, "b"] = np.inf
    with pytest.raises(ValueError, match=r"row 4, column 'b': found 'inf', expected a finite number"):
        classifier().fit(frame, classes)


def test_overrides_as_one_text():
    message = "overrides: found 'training.epochs=3', must be a Mapping, a list of texts or None"
    with pytest.raises(ValueError, match=f"^{message}$"):
        PhonePriceClassifier(overrides="training.epochs=3").fit(*blobs())


def test_ways_to_say_the_same(tmp_path):
    file = tmp_path / "quick.toml"
    file.write_text("[training]\nepochs = 3\nthreads = 1\n[optimizer]\nname = 'sgd'\nlr = 0.5\n")
    plain = {"training.epochs": np.int64(3), "training.threads": 1, "optimizer": SGD(lr=0.5)}
    ways: list[dict[str, Any]] = [
        {"overrides": plain},
        {"overrides": ["training.epochs=3", "training.threads=1", "optimizer.name=sgd", "optimizer.lr=0.5"]},
        {"config": file},
        {"config": str(file)},
        {"config": load_config(file)},
        {"config": load_config(file, ["training.epochs=4"]), "overrides": {"training.epochs": 3}},
    ]
    configs = [PhonePriceClassifier(**way).fit(*blobs()).predictor_.config for way in ways]
    assert configs == [configs[0]] * len(ways)
    assert configs[0].training.epochs == 3
    assert configs[0].optimizer == SGD(lr=0.5)


def test_random_state():
    X, y = blobs()
    by_seed = {
        seed: classifier(random_state=seed).fit(X, y).predict_proba(X)
        for seed in (None, 0, np.int64(1))  # the configured seed is 0
    }
    np.testing.assert_array_equal(by_seed[None], by_seed[0])
    assert (by_seed[0] != by_seed[1]).any()
    drawn = classifier(random_state=np.random.RandomState(3))
    seeds = [drawn.fit(X, y).predictor_.config.training.seed for _ in range(2)]
    again = np.random.RandomState(3)
    assert seeds == [again.randint(2**31 - 1), again.randint(2**31 - 1)]


def test_frames():
    X, y = phones()
    fitted = classifier().fit(X, y)
    kinds = {column.name: column.kind for column in fitted.schema_.columns}
    assert kinds == {
        "ram": "numeric",
        "os": "categorical",
        "cores": "categorical",
        "wifi": "numeric",
        "dual_sim": "numeric",
    }
    assert fitted.feature_names_in_.tolist() == list(X.columns)
    assert fitted.score(X, y) > 0.8
    new = X.assign(os="Windows", cores=99, wifi=3, ram=1e30)
    assert np.isfinite(fitted.predict_proba(new)).all()
    np.testing.assert_array_equal(fitted.predict_proba(X[::-1])[::-1], fitted.predict_proba(X))


@pytest.mark.parametrize(
    ("setting", "kind"), [("date_columns", "date"), ("categorical_columns", "categorical"), ("id_columns", None)]
)
def test_whole_numbers_of_a_frame_that_settings_name_as_dates_categories_or_ids(setting, kind):
    X, y = phones()
    X = X.assign(sold=[int(day.strftime("%Y%m%d")) for day in pd.date_range("2023-01-31", periods=len(X))])
    fitted = classifier(overrides={f"data.{setting}": ["sold"]}).fit(X, y)
    assert {column.name: column.kind for column in fitted.schema_.columns}.get("sold") == kind
    np.testing.assert_array_equal(fitted.predict_proba(X[::-1])[::-1], fitted.predict_proba(X))


def test_text_where_numbers_were():
    X, y = phones()
    fitted = classifier().fit(X, y)
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        fitted.predict(X.assign(ram="much"))
    assert str(raised.value) == (
        "X row 1, column 'ram': found 'much', expected a number; correct it, or make it None, which is missing"
    )
    missing = X.assign(ram=[None, *X["ram"][1:]])
    assert len(fitted.predict(missing)) == len(X)
    with pytest.raises(ValueError, match=r"correct it, make it None, which is missing, or add the column"):
        classifier().fit(X.assign(ram=["much", *X["ram"][1:]]), y)
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        fitted.predict(X[X.columns[::-1]])


def test_empty_frame():
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        classifier().fit(pd.DataFrame({"a": []}), [])
    assert str(raised.value) == (
        "Found array with 0 sample(s) and 1 feature(s) (shape=(0, 1)) "
        "while a minimum of 1 is required by PhonePriceClassifier."
    )


def test_unused_columns_of_a_frame():
    X, y = phones()
    odd = X.assign(id=pd.Timestamp("2020-01-01"), note=[[]] * len(X))
    plain = classifier().fit(X, y)
    fitted = classifier(overrides={"data.ignored_columns": ["note"]}).fit(odd, y)
    assert fitted.n_features_in_ == len(X.columns) + 2
    np.testing.assert_array_equal(fitted.predict_proba(odd), plain.predict_proba(X))


def test_target_among_the_columns():
    X, y = phones()
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        classifier().fit(X.assign(price_range=y), pd.Series(y, name="price_range"))
    assert str(raised.value) == (
        "X has a column 'price_range', as y is called; leave it out of X, or give y another name"
    )


def test_one_class():
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        classifier().fit([[1], [2]], ["a", "a"])
    assert str(raised.value) == "PhonePriceClassifier needs two classes or more; y has one class: np.str_('a')"


def test_regression_of_text():
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        regressor().fit([[1], [2]], ["a", "b"])
    assert str(raised.value) == "y has values that are no numbers: could not convert string to float: np.str_('a')"


HOLDS_ITSELF: list[Any] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)
GRADIENT = torch.zeros(4, 1, requires_grad=True)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (GRADIENT, [0, 1, 0, 1], "X can't be read: Can't call numpy() on Tensor that requires grad"),
        (np.ones((4, 1)), GRADIENT[:, 0], "y can't be read: Can't call numpy() on Tensor that requires grad"),
        (np.ones((4, 1)), np.array(["a", 1] * 2, object), "y has labels that can't be sorted: '<' not supported"),
        (np.ones((4, 1)), np.array(["a", None] * 2, object), "y has labels that can't be sorted: '<' not supported"),
        (pd.DataFrame({"a": [HOLDS_ITSELF] * 4}), [0, 1, 0, 1], "X: column 'a' has the type list, expected numbers"),
    ],
)
def test_arrays_that_cannot_be_read(X: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        classifier().fit(X, y)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"config": 5}, "config: found 5, must be a Config, a Path, a text or None"),
        ({"overrides": 5}, "overrides: found 5, must be a Mapping, a list of texts or None"),
        ({"overrides": [5]}, "overrides: found a list, must be a Mapping, a list of texts or None"),
        (
            {"overrides": {"model.hidden": HOLDS_ITSELF}},
            "model.hidden: found a list that holds itself, must be a plain value",
        ),
    ],
)
def test_parameters_that_are_none(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        PhonePriceClassifier(**parameters).fit([[1], [2]], ["a", "b"])
    assert str(raised.value) == message


def test_unfitted():
    with pytest.raises(NotFittedError):
        classifier().predict([[1]])


def test_rare_class_is_a_warning():
    X, y = blobs(2)
    rare = np.flatnonzero(y)[3:]
    with pytest.warns(UserWarning, match=r"^class '1' \(3 rows\): held out in 3 of 5 folds$"):
        classifier().fit(np.delete(X, rare, axis=0), np.delete(y, rare))


def test_pipeline_and_grid_search():
    X, y = blobs()
    grid = [{**QUICK, "optimizer.lr": 1e-9, "optimizer.skip_lr": 1e-9}, QUICK]
    pipeline = make_pipeline(StandardScaler(), PhonePriceClassifier())
    search = GridSearchCV(pipeline, {"phonepriceclassifier__overrides": grid}, cv=2).fit(X, y)
    assert search.best_params_ == {"phonepriceclassifier__overrides": grid[1]}
    assert search.best_score_ > 0.9


@pytest.mark.parametrize("prefix", ["", "overrides__"])
def test_settings_by_their_dotted_names(prefix):
    X, y = blobs()
    grid = {f"{prefix}optimizer.lr": [1e-9, 0.05], f"{prefix}model.activation": ["relu", "silu"]}
    search = GridSearchCV(classifier(overrides={**QUICK, "model.skip": False}), grid, cv=2).fit(X, y)
    assert search.best_params_[f"{prefix}optimizer.lr"] == 0.05
    assert search.best_score_ > 0.9
    best = search.best_estimator_
    assert best.overrides == {
        **QUICK,
        "model.skip": False,
        **{key.removeprefix(prefix): own for key, own in search.best_params_.items()},
    }
    assert best.predictor_.config.model.activation.name == search.best_params_[f"{prefix}model.activation"]
    assert best.get_params()["optimizer.lr"] == 0.05


def test_a_random_search_in_a_pipeline():
    X, y = blobs()
    pipeline = make_pipeline(StandardScaler(), classifier())
    space = {"phonepriceclassifier__optimizer.lr": uniform(0.01, 0.1), "phonepriceclassifier__model.hidden": [[], [4]]}
    search = RandomizedSearchCV(pipeline, space, n_iter=2, cv=2, random_state=0).fit(X, y)
    assert search.best_score_ > 0.9


def test_settings_over_texts():
    ours = PhonePriceClassifier(overrides=["training.epochs=3"]).set_params(
        **{"training.epochs": 4, "model.skip": True}
    )
    assert ours.overrides == ["training.epochs=3", "training.epochs=4", "model.skip=true"]
    assert ours._config("multiclass", (4, 2)).training.epochs == 4
    assert PhonePriceClassifier().set_params(**{"optimizer.lr": 0.1}).overrides == {"optimizer.lr": 0.1}


@pytest.mark.parametrize("name", ["activation", "overrides__activation"])
def test_a_name_that_is_no_parameter(name):
    told = f"{name!r} is no parameter of PhonePriceClassifier; settings have dotted names, such as 'model.activation'"
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        classifier().set_params(**{name: "relu"})


def test_calibrated_classifier():
    X, y = blobs()
    fitted = CalibratedClassifierCV(classifier(), cv=2).fit(X, y)
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)
    assert fitted.score(X, y) > 0.9


def test_clone_of_a_fitted_estimator_is_unfitted():
    fitted = classifier(config=Config(), random_state=1).fit(*blobs())
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert not hasattr(fresh, "predictor_")


def test_doctests():
    assert doctest.testmod(estimators).failed == 0


def test_figure_of_cross_validate(real_data: Path, tmp_path: Path):
    source, overrides = real_data / "mobile_price_train.csv", ["training.threads=1"]
    phones = pd.read_csv(source)
    X, y = phones.drop(columns="price_range"), phones["price_range"]
    ours = PhonePriceClassifier("ordinal", overrides=overrides)
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=1, random_state=0)
    scores = cross_val_score(ours, X, y, cv=folds)
    report = cross_validate(source, load_config(overrides=overrides), Protocol(folds=5, repeats=1, seed=0))
    assert scores.tolist() == [fold.metrics["accuracy"] for fold in report.metrics.folds]
    assert scores.mean() >= 0.977
