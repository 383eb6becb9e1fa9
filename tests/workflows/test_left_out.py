"""Rows without a target and index columns, from the file to the run and back: which rows and columns are meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from phoneprice import PhonePriceClassifier, Reading, cross_validate, evaluate, load, predict, train
from phoneprice.artifact.loader import load_run
from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.data.inspection.infer import infer_config
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.rows.unlabelled import with_target
from phoneprice.errors import DataError
from phoneprice.records.documents import Protocol
from phoneprice.workflows.events import ignore
from phoneprice.workflows.inspect_tables import first_config
from phoneprice.workflows.report_rows import facts_from_rows

ROWS, GAPS = 60, [0, 3, 41, 59]
QUICK = ["training.epochs=2", "training.threads=1", "training.device=cpu", "model.hidden=[2]", "validation.folds=3"]
CLASSES = ["data.target=kind", "task.kind=binary"]
NUMBERS = ["data.target=price", "task.kind=regression"]
FORMATS = ["csv", "jsonl", "parquet"]
SETTING = 'data.missing_target = "drop" does so, "fail" would stop there'
TAKEN = "taken for an index of the rows: passed through and never a feature (data.index_columns can say otherwise)"


def phones() -> pd.DataFrame:
    random = np.random.default_rng(0)
    ram, wifi = random.normal(size=ROWS).round(3), random.normal(size=ROWS).round(3)
    kinds = np.where(ram + wifi / 2 > 0, "dear", "cheap").astype(object)
    return pd.DataFrame({"ram": ram, "wifi": wifi, "kind": kinds, "price": (3 * ram - wifi).round(3)})


def gappy(target: str) -> pd.DataFrame:
    frame = phones()[["ram", "wifi", target]]
    frame.loc[GAPS, target] = None
    return frame


def save(frame: pd.DataFrame, path: Path, *, index: bool = False) -> Path:
    match path.suffix:
        case ".csv":
            frame.to_csv(path, index=index)
        case ".jsonl":
            frame.to_json(path, orient="records", lines=True)
        case _:
            frame.to_parquet(path, index=index)
    return path


def config(*settings: str) -> Config:
    return load_config(None, [*QUICK, *settings])


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("target", "task"), [("kind", CLASSES), ("price", NUMBERS)])
def test_rows_without_a_target(tmp_path: Path, suffix: str, target: str, task: list[str]) -> None:
    frame, settings = gappy(target), config(*task)
    data, run = save(frame, tmp_path / f"t.{suffix}"), tmp_path / "run"
    labelled = save(frame.drop(GAPS), tmp_path / f"labelled.{suffix}")
    place = {"csv": "line 2", "jsonl": "line 1", "parquet": "row 1"}[suffix]
    remark = f"{data}: left out 4 rows without a value of the target {target!r} ({place} first); {SETTING}"

    result = train(data, settings, run)
    assert (result.rows, result.warnings) == (56, (remark,))
    expected = train(labelled, settings, tmp_path / "expected")
    assert (expected.warnings, expected.metrics) == ((), result.metrics)
    assert (run / "model.safetensors").read_bytes() == (tmp_path / "expected/model.safetensors").read_bytes()

    held = pd.read_parquet(run / "oof.parquet")
    assert held["target"].tolist() == frame[target][held["row"]].tolist()
    assert sorted({*held["row"], *GAPS}) == list(range(ROWS))
    loaded = load_run(run)
    assert (loaded.splits.rows, loaded.splits.left_out_rows) == (56, 4)
    assert loaded.held_out is not None
    flatters = "these are the rows the run was trained on: the figures flatter it; use new rows, or cv"
    assert evaluate(run, data).warnings == (remark, flatters)
    assert evaluate(run, labelled).metrics.metrics == evaluate(run, data).metrics.metrics
    assert predict(run, data, tmp_path / "out.csv").rows == ROWS

    baselines, facts = facts_from_rows(loaded, data, loaded.held_out, Reading(), ignore)
    others, same = facts_from_rows(load_run(tmp_path / "expected"), labelled, loaded.held_out, Reading(), ignore)
    assert (baselines, facts.importances) == (others, same.importances)
    assert baselines == loaded.metrics.baselines
    vars(loaded)["metrics"] = loaded.metrics.model_copy(update={"baselines": None})  # as of an earlier version
    made, _ = facts_from_rows(loaded, data, loaded.held_out, Reading(), ignore)
    assert made is not None
    assert baselines is not None
    for name, theirs in baselines.items():
        for metric, difference in theirs.ours_minus_theirs.items():
            assert made[name].ours_minus_theirs[metric].value == pytest.approx(difference.value, abs=1e-5)
    word, first = place.split()
    shown = {f"{word} {int(first) + row}": cell for row, cell in enumerate(frame[target])}
    for worst in facts.worst:
        cell = shown[worst.place]
        assert np.isclose(float(worst.truth), cell, rtol=1e-4) if target == "price" else worst.truth == cell


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_cross_validation_numbers_the_rows_of_the_file(tmp_path: Path) -> None:
    frame = gappy("kind")
    data, out = save(frame, tmp_path / "t.csv"), tmp_path / "cv.parquet"
    result = cross_validate(data, config(*CLASSES), Protocol(3, 2, 0), predictions=out, baselines=True)
    tested = pd.read_parquet(out)
    assert (result.rows, len(result.warnings)) == (56, 1)
    assert tested["target"].tolist() == frame["kind"][tested["row"]].tolist()
    labelled = save(frame.drop(GAPS), tmp_path / "labelled.csv")
    assert cross_validate(labelled, config(*CLASSES), Protocol(3, 2, 0), baselines=True).metrics == result.metrics


def test_rows_that_are_skipped_keep_the_numbers_of_the_others(tmp_path: Path) -> None:
    frame = gappy("kind").astype({"ram": object})
    frame.loc[[5, 41], "ram"] = "much"  # 41 has no target either
    data = save(frame, tmp_path / "t.csv")
    result = train(data, config(*CLASSES, "data.on_bad_row=skip"), tmp_path / "run")
    assert result.warnings[0] == f"{data}: left out 1 row with text among numbers or dates"
    held = pd.read_parquet(tmp_path / "run/oof.parquet")
    assert sorted({*held["row"], *GAPS, 5}) == list(range(ROWS))
    assert held["target"].tolist() == frame["kind"][held["row"]].tolist()
    assert load_run(tmp_path / "run").splits.left_out_rows == 5


@pytest.mark.parametrize("suffix", FORMATS)
def test_they_stop_a_training_that_says_so(tmp_path: Path, suffix: str) -> None:
    data = save(gappy("kind"), tmp_path / f"t.{suffix}")
    place = {"csv": "line 2", "jsonl": "line 1", "parquet": "row 1"}[suffix]
    with pytest.raises(DataError) as caught:
        train(data, config(*CLASSES, "data.missing_target=fail"), tmp_path / "run")
    what = "found no value, expected a label (so in 4 rows); fill it in or delete the row"
    assert str(caught.value) == f"{data} {place}, column 'kind': {what}"
    word = save(gappy("kind").fillna({"kind": "NA"}), tmp_path / f"word.{suffix}")
    with pytest.raises(DataError) as caught:
        train(word, config(*CLASSES, "data.missing_target=fail"), tmp_path / "run")
    what = "found 'NA', missing by data.missing_values, expected a label (so in 4 rows); "
    keep = 'if that is a value, set data.columns = {kind = {missing_values = [""]}}, or fill it in or delete the row'
    assert str(caught.value) == f"{word} {place}, column 'kind': {what}{keep}"


def test_words_for_missing_are_named(tmp_path: Path) -> None:
    data = save(gappy("kind").fillna({"kind": "NA"}), tmp_path / "t.csv")
    found = first_config(data, "kind", "c.toml")
    keep = 'if that is a value, set data.columns = {kind = {missing_values = [""]}}'
    words = f"found 'NA' in 4 rows, missing by data.missing_values: {keep}"
    assert found.warnings == (
        f"{data}: left out 4 rows without a value of the target 'kind' (line 2 first), {words}; {SETTING}",
    )
    assert found.reasons["task.kind"] == "Two different values: 'cheap', 'dear'"
    settings = config("data.target=kind", "task.kind=multiclass", 'data.columns = {kind = {missing_values = [""]}}')
    assert train(data, settings, tmp_path / "run").task.labels == ("NA", "cheap", "dear")


def test_a_loaded_model_leaves_them_out(tmp_path: Path) -> None:
    frame = gappy("kind")
    train(save(frame, tmp_path / "t.csv"), config(*CLASSES), tmp_path / "run")
    model = load(tmp_path / "run")
    with pytest.warns(UserWarning, match=r"^the data: left out 4 rows without a value of the target 'kind' \(row 1 f"):
        assert model.evaluate(frame).rows == 56
    assert len(model.predict(frame)) == ROWS


INDEX = [("", "csv"), ("Unnamed: 0", "csv"), ("rownames", "csv"), ("rownames", "jsonl"), ("", "jsonl")]
INDEX += [("__index_level_0__", "parquet"), ("", "parquet"), ("row.names", "csv")]


@pytest.mark.parametrize(("name", "suffix"), INDEX)
def test_an_index_is_passed_through(tmp_path: Path, name: str, suffix: str) -> None:
    """It sorts the table by its target, so a training that looks at it is perfect."""
    plain = phones().drop(columns="price").sort_values("kind", ignore_index=True)
    frame = plain.copy()
    frame.insert(0, name, range(1, ROWS + 1))
    data, run = save(frame, tmp_path / f"t.{suffix}"), tmp_path / "run"
    called = "the first column, which has no name, is" if not name else f"column {name!r} is"
    result = train(data, config(*CLASSES), run)
    assert result.warnings == (f"{data}: {called} {TAKEN}",)
    schema = load_run(run).schema
    assert (schema.feature_names, schema.id_columns) == (("ram", "wifi"), (name,))

    assert predict(run, data, tmp_path / "out.csv").warnings == ()
    out = (tmp_path / "out.csv").read_text().splitlines()
    assert out[0] == f"{name},prediction,confidence,prob_cheap,prob_dear"
    assert [line.split(",")[0] for line in out[1:]] == [str(i) for i in range(1, ROWS + 1)]
    predict(run, save(plain, tmp_path / f"plain.{suffix}"), tmp_path / "bare.csv")
    assert (tmp_path / "bare.csv").read_text().splitlines() == [line.partition(",")[2] for line in out]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_an_index_that_training_did_not_have(tmp_path: Path, suffix: str) -> None:
    plain = phones().drop(columns="price")
    train(save(plain, tmp_path / "plain.csv"), config(*CLASSES), tmp_path / "run")
    frame = plain.copy()
    frame.insert(0, "", [f"{i}e999" for i in range(ROWS)])
    new = save(frame, tmp_path / f"new.{suffix}")
    result = predict(tmp_path / "run", new, tmp_path / "out.csv")
    assert result.warnings == (f"{new}: the first column, which has no name, is {TAKEN}",)
    assert (tmp_path / "out.csv").read_text().splitlines()[2].startswith("1e999,")
    assert evaluate(tmp_path / "run", new).rows == ROWS


@pytest.mark.parametrize(
    ("setting", "features", "ids"),
    [
        ("data.index_columns=[]", ("rownames", "ram", "wifi"), ()),
        ('data.categorical_columns=["rownames"]', ("rownames", "ram", "wifi"), ()),
        ('data.id_columns=["rownames"]', ("ram", "wifi"), ("rownames",)),
        ('data.ignored_columns=["rownames"]', ("ram", "wifi"), ()),
    ],
)
def test_the_configuration_may_say_otherwise(
    tmp_path: Path, setting: str, features: tuple[str, ...], ids: tuple[str, ...]
) -> None:
    frame = phones().drop(columns="price")
    frame.insert(0, "rownames", np.arange(ROWS) % 20)
    data = save(frame, tmp_path / "t.csv")
    assert train(data, config(*CLASSES, setting), tmp_path / "run").warnings == ()
    schema = load_run(tmp_path / "run").schema
    assert (schema.feature_names, schema.id_columns) == (features, ids)
    assert predict(tmp_path / "run", data, tmp_path / "out.csv").warnings == ()
    assert (tmp_path / "out.csv").read_text().startswith("rownames,prediction" if ids else "prediction")
    assert evaluate(tmp_path / "run", data).rows == ROWS


def test_a_column_without_a_name_is_no_feature(tmp_path: Path) -> None:
    data = save(phones(), tmp_path / "t.csv", index=True)
    with pytest.raises(DataError) as caught:
        train(data, config(*CLASSES, "data.index_columns=[]"), tmp_path / "run")
    what = "found no name for column 1, which would be a feature; write it in the header"
    assert str(caught.value) == f'{data}: {what}, or put "" into data.index_columns'


def test_columns_at_the_right_edge_are_said_to_be_left_out(tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    lines = save(phones(), data).read_text().splitlines()
    data.write_text("".join(f"{line},,\n" for line in lines))
    what = f"{data}: left out 2 columns at the right edge without a name and without a value"
    assert train(data, config(*CLASSES), tmp_path / "run").warnings == (what,)
    assert evaluate(tmp_path / "run", data).warnings[0] == what
    assert predict(tmp_path / "run", data, tmp_path / "out.csv").warnings == (what,)
    assert first_config(data, "kind", "c.toml").warnings == (what,)


def test_an_index_in_a_frame() -> None:
    frame = phones()
    frame.insert(0, "Unnamed: 0", range(ROWS))
    settings: dict[str, Any] = {"training.epochs": 2, "training.threads": 1}
    estimator = PhonePriceClassifier(overrides=settings)
    with pytest.warns(UserWarning, match="^X: column 'Unnamed: 0' is taken for an index of the rows"):
        estimator.fit(frame.drop(columns="kind"), frame["kind"])
    assert estimator.schema_.feature_names == ("ram", "wifi", "price")


@pytest.mark.parametrize("name", ["year", "day", "week_no", "time"])
def test_a_counter_that_means_something_stays(tmp_path: Path, name: str) -> None:
    frame = phones().drop(columns="price")
    frame.insert(0, name, range(1, ROWS + 1))
    table = read_table(save(frame, tmp_path / "t.csv"), ReadOptions(), ["kind"])
    assert infer_config(with_target(table, config(*CLASSES).data), "kind").ids == {}
    train(tmp_path / "t.csv", config(*CLASSES), tmp_path / "run")
    assert load_run(tmp_path / "run").schema.feature_names == (name, "ram", "wifi")
