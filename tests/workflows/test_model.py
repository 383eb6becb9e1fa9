import csv
import json
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from phoneprice import evaluate, load, predict
from phoneprice.components.losses import MeanSquaredError
from phoneprice.config.schema import Config, TaskConfig
from phoneprice.errors import DataError, ModelError, UsageError
from phoneprice.metrics.intervals import proportion
from tests.random_runs import numeric_schema, random_contents, write_run

FEATURES = [f"x{i}" for i in range(6)]


def phones(rows=50):
    values = np.random.default_rng(0).normal(0, 1, (rows, 6)).round(3)
    return pd.DataFrame(values, columns=FEATURES, index=np.arange(rows) + 100)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    write_run(path, random_contents())
    return path


@pytest.fixture(scope="module")
def regression(tmp_path_factory):
    config = Config(task=TaskConfig(kind="regression"), loss=MeanSquaredError())
    path = tmp_path_factory.mktemp("runs") / "regression"
    write_run(path, random_contents(config, numeric_schema(labels=())))
    return path


def test_what_a_model_says_of_itself(run):
    model = load(run)
    assert model.path == run
    assert model.config == Config()
    assert model.labels == ("0", "1", "2", "3")
    assert model.metrics["accuracy"] == proportion(12, 24)


def test_latest(run, monkeypatch):
    monkeypatch.chdir(run.parent.parent)
    monkeypatch.setattr("phoneprice.artifact.runs.RUNS", run.parent)
    with pytest.raises(ModelError):
        load("latest-not")


def test_predictions_are_those_of_the_command(run, tmp_path):
    frame, model = phones(), load(run)
    frame.to_csv(tmp_path / "new.csv", index=False)
    predict(run, tmp_path / "new.csv", tmp_path / "out.csv")
    lines = list(csv.DictReader((tmp_path / "out.csv").open()))
    labels = [int(line["prediction"]) for line in lines]
    probabilities = [[float(line[f"prob_{label}"]) for label in model.labels] for line in lines]
    for data in (tmp_path / "new.csv", str(tmp_path / "new.csv"), frame.to_dict("list"), frame):
        found = model.predict(data)
        assert np.ravel(found).tolist() == labels
        np.testing.assert_allclose(model.predict_proba(data), probabilities, atol=5.1e-7)


def test_frames_come_back_as_frames(run):
    frame, model = phones(), load(run)
    columns = frame.to_dict("list")
    found, probabilities = model.predict(frame), model.predict_proba(frame)
    assert found.index.equals(frame.index)
    assert probabilities.index.equals(frame.index)
    assert list(found.columns) == ["prediction"]
    assert list(probabilities.columns) == ["prob_0", "prob_1", "prob_2", "prob_3"]
    plain = model.predict(columns)
    assert isinstance(plain, np.ndarray)
    assert plain.dtype == np.int64
    np.testing.assert_array_equal(found["prediction"], plain)
    np.testing.assert_array_equal(probabilities, model.predict_proba(columns))


def test_text_labels(tmp_path):
    write_run(tmp_path / "run", random_contents(schema=numeric_schema(labels=("low", "mid", "high", "top"))))
    assert set(load(tmp_path / "run").predict(phones().to_dict("list"))) <= {"low", "mid", "high", "top"}


def test_whole_labels_keep_all_their_digits(tmp_path):
    labels = [2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]
    schema = numeric_schema(labels=tuple(map(str, labels))).model_copy(update={"label_kind": "whole"})
    write_run(tmp_path / "run", random_contents(schema=schema))
    model = load(tmp_path / "run")
    assert set(model.predict(phones().to_dict("list")).tolist()) <= set(labels)
    frame = phones().assign(price_range=np.array(labels)[np.arange(50) % 4])
    frame.to_csv(tmp_path / "new.csv", index=False)
    expected = evaluate(tmp_path / "run", tmp_path / "new.csv").metrics
    assert [found.support for found in expected.per_class] == [13, 13, 12, 12]
    assert model.evaluate(frame).metrics.per_class == expected.per_class


def test_numbers_as_labels_of_the_first_release_are_matched_by_value(tmp_path):
    schema = numeric_schema(labels=("1.5", "2", "1e+16", "1e+300")).model_copy(update={"label_kind": "number"})
    write_run(tmp_path / "run", random_contents(schema=schema))
    model = load(tmp_path / "run")
    assert set(model.predict(phones().to_dict("list")).tolist()) <= {1.5, 2.0, 1e16, 1e300}
    frame = phones(4).assign(price_range=["1.50", "02", "10000000000000000", "1E300"])
    assert [found.support for found in model.evaluate(frame).metrics.per_class] == [1, 1, 1, 1]


def test_regression(regression):
    frame, model = phones(), load(regression)
    values = model.predict(frame.to_dict("list"))
    assert values.dtype == np.float64
    np.testing.assert_array_equal(model.predict(frame)["prediction"], values)
    with pytest.raises(UsageError) as raised:
        model.predict_proba(frame)
    assert str(raised.value) == f"{regression}: a regression has no probabilities; use predict"


def test_evaluation_is_that_of_the_command(run, tmp_path):
    frame = phones().assign(price_range=np.arange(50) % 4)
    frame.to_csv(tmp_path / "new.csv", index=False)
    expected = evaluate(run, tmp_path / "new.csv").metrics
    model = load(run)
    assert model.evaluate(tmp_path / "new.csv").metrics == expected
    assert model.evaluate(frame).metrics.document() == expected.document() | {"measured_on": "the data"}
    assert model.evaluate(frame.to_dict("list")).metrics.metrics == expected.metrics


def test_columns_that_are_not_needed(run):
    frame, model = phones(), load(run)
    odd = frame[FEATURES[::-1]].assign(price_range="?", day=pd.Timestamp("2020-01-01"))
    np.testing.assert_array_equal(model.predict(odd), model.predict(frame))


def test_a_stream_that_can_be_read_once_is_predicted_whole(run):
    frame, model = phones(), load(run)
    stream = pa.table(frame).to_reader(max_chunksize=7)
    assert model.predict(stream).tolist() == np.ravel(model.predict(frame)).tolist()


def test_columns_that_are_missing(run):
    with pytest.raises(DataError) as raised:
        load(run).predict(phones().rename(columns={"x2": "x2 "}))
    assert str(raised.value) == "the data: missing column 'x2' (did you mean 'x2 '?); add or rename"
    with pytest.raises(DataError) as raised:
        load(run).evaluate(phones())
    assert str(raised.value) == "the data: missing column 'price_range'; add or rename"


def test_odd_cells_are_a_warning(run):
    message = r"^50 cells outside the range of the training data \(x1 50\): the model extrapolates there$"
    with pytest.warns(UserWarning, match=message) as caught:
        load(run).predict(phones().assign(x1=99))
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings(action="error"):
        load(run).predict(phones())


def test_infinite_numbers_are_missing_in_features_and_no_targets(regression):
    model, endless = load(regression), phones().assign(x1=[np.inf, *[0.0] * 49])
    message = r"^the data: column 'x1': took 1 infinite number for missing; data.infinite = \"fail\" would stop there$"
    with pytest.warns(UserWarning, match=message):
        predicted = model.predict(endless)
    with pytest.warns(UserWarning, match="missing cell"):
        np.testing.assert_array_equal(model.predict(endless.replace(np.inf, np.nan)), predicted)
    with pytest.raises(DataError) as raised:
        model.evaluate(phones().assign(price_range=[np.inf, *[1.0] * 49]))
    what = "column 'price_range': found 1 infinite number, expected finite ones; correct them"
    assert str(raised.value) == f"the data: {what}"


def test_a_column_is_no_table(run):
    model, column = load(run), pd.Series({"x0": 1.0})
    for call in ("predict", "evaluate"):
        with pytest.raises(UsageError, match="data: found a Series, must be "):
            getattr(model, call)(column)


def assert_same_bits(first, second):
    assert np.asarray(first).tobytes() == np.asarray(second).tobytes()


def test_a_row_is_the_same_in_every_form_and_beside_others(run):
    frame, model = phones(), load(run)
    whole = model.predict_proba(frame.to_dict("list"))
    rows = frame.to_dict("records")
    assert_same_bits(model.predict_proba(rows), whole)
    assert_same_bits(model.predict_proba(pd.concat([frame] * 40).to_dict("list"))[-50:], whole)
    for few in (1, 3, 50):
        part = frame[:few]
        for data in (rows[:few], part.to_dict("list"), {n: part[n].to_numpy() for n in part}, pa.table(part)):
            assert_same_bits(model.predict_proba(data), whole[:few])
        for batch in pa.table(part).to_batches():
            assert_same_bits(model.predict_proba(batch), whole[:few])
        np.testing.assert_array_equal(model.predict_proba(part).to_numpy(), whole[:few])
        assert model.predict_proba(part).index.equals(part.index)
    for row, expected in zip(rows, whole, strict=True):
        assert_same_bits(model.predict_proba(row), expected)
        assert_same_bits(model.predict_proba({name: str(cell) for name, cell in row.items()}), expected)


def test_a_row_gives_one_label(run, regression):
    row = phones(1).to_dict("records")[0]
    for path in (run, regression):
        model = load(path)
        np.testing.assert_array_equal(model.predict(row), model.predict([row]))
        assert model.predict(row).shape == (1,)
        assert model.predict([]).shape == (0,)
    assert load(run).predict_proba([]).shape == (0, 4)


def test_labels_with_their_probabilities(run):
    frame, model = phones(3), load(run)
    labels, p = model.predict(frame.to_dict("list")), model.predict_proba(frame.to_dict("list"))
    expected = [
        {"prediction": int(label), "confidence": float(own.max()), **dict(zip(names, own.tolist(), strict=True))}
        for names in [("prob_0", "prob_1", "prob_2", "prob_3")]
        for label, own in zip(labels, p, strict=True)
    ]
    rows = frame.to_dict("records")
    assert model.predict_with_proba(rows) == expected
    assert json.loads(json.dumps(model.predict_with_proba(rows[0]))) == expected[0]
    found = model.predict_with_proba(frame)
    assert found.index.equals(frame.index)
    assert found.to_dict("records") == expected
    columns = model.predict_with_proba(pa.table(frame))
    assert {name: cells.tolist() for name, cells in columns.items()} == found.to_dict("list")


def test_a_regression_has_no_labels_with_probabilities(regression):
    with pytest.raises(UsageError) as raised:
        load(regression).predict_with_proba(phones(1).to_dict("records"))
    assert str(raised.value) == f"{regression}: a regression has no probabilities; use predict"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x2": "much"}, "the data row 1, column 'x2': found 'much', expected a number"),
        ({"x2": []}, "the data: column 'x0' is a float, expected a list, an array or a Series of cells"),
    ],
    ids=str,
)
def test_a_faulty_cell_of_a_row_is_that_of_a_table(run, change, message):
    row = phones(1).to_dict("records")[0] | change
    with pytest.raises(DataError) as raised:
        load(run).predict(row)
    assert str(raised.value).partition(";")[0].startswith(message)


def test_a_row_without_a_feature(run):
    first, second = phones(2).to_dict("records")
    del second["x2"]
    with pytest.raises(DataError) as raised:
        load(run).predict([first, second])
    assert str(raised.value) == "the data row 2: missing column 'x2'; add or rename; a missing cell is None"
    with pytest.raises(DataError) as raised:
        load(run).predict(second)
    assert str(raised.value) == "the data: missing column 'x2'; add or rename; a missing cell is None"


def test_odd_cells_of_rows_are_a_warning(run):
    rows = [row | {"x1": 99, "x3": None} for row in phones(2).to_dict("records")]
    with pytest.warns(UserWarning, match="cell") as caught:
        load(run).predict(rows)
    assert [str(warning.message) for warning in caught] == [
        "2 cells outside the range of the training data (x1 2): the model extrapolates there",
        "2 missing cells in columns that had none in training (x3 2): filled with the median of the training rows",
    ]


def test_an_infinite_cell_of_a_row_is_told_as_that_of_a_table(regression):
    with pytest.warns(UserWarning, match="column 'x1': took 1 infinite number for missing"):
        load(regression).predict(phones(1).to_dict("records")[0] | {"x1": np.inf})


def test_rows_are_evaluated_as_a_table(run):
    frame, model = phones().assign(price_range=np.arange(50) % 4), load(run)
    assert model.evaluate(frame.to_dict("records")).metrics == model.evaluate(frame).metrics


def test_the_networks_are_ready_when_a_run_is_loaded(run, monkeypatch):
    model = load(run)
    monkeypatch.setattr("phoneprice.inference.predictor.make_engine", None)
    assert model.predict(phones(1)).shape == (1, 1)
