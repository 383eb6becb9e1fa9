"""Groups, times and weights of rows, from the file to the run and back."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from phoneprice import cross_validate, evaluate, load, predict, train
from phoneprice.artifact.loader import load_run
from phoneprice.config.asked import ToInfer
from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError, DataError
from phoneprice.records.documents import Protocol
from phoneprice.workflows.cross_validate import inner_plans, make_folds
from phoneprice.workflows.prepare import prepare
from phoneprice.workflows.report_rows import facts_from_rows

ROWS = 80
QUICK = ["training.epochs=2", "training.threads=1", "training.device=cpu", "model.hidden=[2]", "validation.folds=3"]
CLASSES = ["data.target=kind", "task.kind=binary", 'data.ignored_columns=["price"]']
NUMBERS = ["data.target=price", "task.kind=regression", 'data.ignored_columns=["kind"]']
TASKS = pytest.mark.parametrize("task", [CLASSES, NUMBERS], ids=["classes", "numbers"])


def visits(**more: Any) -> pd.DataFrame:
    random = np.random.default_rng(0)
    a = random.normal(size=ROWS).round(3)
    who, day = random.integers(0, 12, ROWS), pd.Timestamp("2024-01-30") + pd.to_timedelta(random.permutation(ROWS), "D")
    frame = pd.DataFrame({"who": [f"{code:03d}" for code in who], "day": day.strftime("%Y-%m-%d"), "a": a})
    frame["w"] = random.integers(0, 4, ROWS)
    frame["kind"], frame["price"] = np.where(a + who / 10 > 0.5, "dear", "cheap"), (3 * a + who).round(3)
    return frame.assign(**more)


def save(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path


def config(*settings: str) -> Config:
    return load_config(None, [*QUICK, *settings])


GROUPS = ["data.group_column=who", 'data.id_columns=["day", "w"]']
ORDER = ["validation.order_column=day", 'data.id_columns=["who", "w"]']
WEIGHTS = ["data.weight_column=w", 'data.id_columns=["who", "day"]', "data.group_column=who"]


@TASKS
@pytest.mark.parametrize("scheme", ["kfold", "holdout"])
def test_groups(tmp_path: Path, task: list[str], scheme: str) -> None:
    frame = visits()
    data, run = save(frame, tmp_path / "t.csv"), tmp_path / "run"
    asked = config(*task, *GROUPS, f"validation.scheme={scheme}", "training.early_stopping.patience_epochs=2")
    result = train(data, asked, run)
    assert result.warnings == ()
    loaded = load_run(run)
    assert loaded.schema.feature_names == ("a",)
    assert loaded.schema.id_columns == ("who", "day", "w")
    held = pd.read_parquet(run / "oof.parquet")
    groups = frame["who"][held["row"]]
    assert held["fold"].groupby(groups.to_numpy()).nunique().max() == 1
    if scheme == "holdout":
        assert not set(groups) & set(frame["who"].drop(held["row"]))
    _, found = facts_from_rows(loaded, data, loaded.held_out, asked_for_nothing(), lambda _: None)
    assert found.measured_on.startswith("Measured on the rows each member has not seen of")


def asked_for_nothing() -> Any:
    from phoneprice import Reading

    return Reading()


@TASKS
def test_time(tmp_path: Path, task: list[str]) -> None:
    frame = visits()
    data, run = save(frame, tmp_path / "t.csv"), tmp_path / "run"
    result = train(data, config(*task, *ORDER, "validation.members=2"), run)
    assert (result.warnings, result.metrics.measured_on) == ((), "hold-out")
    assert [member.held_out_rows for member in result.metrics.members] == [16, 16]
    held = frame["day"][pd.read_parquet(run / "oof.parquet")["row"]]
    assert set(held) == set(sorted(frame["day"])[-16:])
    assert load_run(run).schema.feature_names == ("a",)


@TASKS
def test_no_weight_is_no_row(tmp_path: Path, task: list[str]) -> None:
    frame = visits()
    data, run = save(frame, tmp_path / "t.csv"), tmp_path / "run"
    there = save(frame[frame["w"] > 0], tmp_path / "there.csv")
    zeros = int((frame["w"] == 0).sum())
    result = train(data, config(*task, *WEIGHTS), run)
    remark = f'{data}: left out {zeros} rows with the weight 0 (data.weight_column = "w")'
    assert (result.warnings, result.rows) == ((remark,), ROWS - zeros)
    expected = train(there, config(*task, *WEIGHTS), tmp_path / "expected")
    assert (expected.warnings, expected.metrics) == ((), result.metrics)
    assert (run / "model.safetensors").read_bytes() == (tmp_path / "expected/model.safetensors").read_bytes()
    held = pd.read_parquet(run / "oof.parquet")
    assert held["weight"].tolist() == frame["w"][held["row"]].tolist()
    assert load_run(run).held_out is not None
    judged, also = evaluate(run, data), evaluate(run, there)
    assert judged.metrics.metrics == also.metrics.metrics
    flattered = "these are the rows the run was trained on: the figures flatter it; use new rows, or cv"
    assert also.warnings == (flattered,)


@TASKS
def test_weights_are_repeated_rows_of_an_evaluation(tmp_path: Path, task: list[str]) -> None:
    frame = visits()
    data, run = save(frame, tmp_path / "t.csv"), tmp_path / "run"
    train(data, config(*task, *WEIGHTS), run)
    new = visits(a=frame["a"][frame["w"] > 0].sample(ROWS, replace=True, random_state=0).to_numpy())
    repeated = save(new.loc[new.index.repeat(new["w"])].assign(w=1), tmp_path / "repeated.csv")
    found, expected = evaluate(run, save(new, tmp_path / "new.csv")).metrics, evaluate(run, repeated).metrics
    assert found.confusion == expected.confusion
    assert found.per_class == expected.per_class
    for name, interval in expected.metrics.items():
        assert vars(found[name]) == pytest.approx(vars(interval), rel=1e-12), name
    unweighted = evaluate(run, save(new.drop(columns="w"), tmp_path / "plain.csv"))
    assert unweighted.warnings == (f"{tmp_path / 'plain.csv'}: no column 'w', the rows' weights; each row counts once",)
    assert load(run).evaluate(new).metrics.metrics == found.metrics


@pytest.mark.parametrize("roles", [GROUPS, ORDER, WEIGHTS], ids=["groups", "order", "weights"])
def test_they_pass_through_predictions_if_they_are_there(tmp_path: Path, roles: list[str]) -> None:
    frame, run = visits(w=[1, 2] * 40), tmp_path / "run"
    train(save(frame, tmp_path / "t.csv"), config(*CLASSES, *roles), run)
    result = predict(run, tmp_path / "t.csv", tmp_path / "p.csv")
    assert result.warnings == ()
    found = pd.read_csv(tmp_path / "p.csv", dtype=str)
    assert set(found) >= {"who", "day", "w", "prediction"}
    assert found[["who", "day", "w"]].equals(frame[["who", "day", "w"]].astype(str))
    without = predict(run, save(frame[["a"]], tmp_path / "a.csv"), tmp_path / "q.csv")
    assert without.warnings == ()
    assert pd.read_csv(tmp_path / "q.csv")["prediction"].tolist() == found["prediction"].tolist()


def test_cross_validation_by_groups(tmp_path: Path) -> None:
    frame, out = visits(), tmp_path / "p.parquet"
    protocol = Protocol(3, 2, 0)
    result = cross_validate(
        save(frame, tmp_path / "t.csv"), config(*CLASSES, *WEIGHTS), protocol, predictions=out, baselines=True
    )
    assert result.metrics.measured_on == "3 folds x 2 repeats, seed 0, each who in one"
    tested = pd.read_parquet(out)
    folds = tested["fold"].groupby([tested["repeat"], frame["who"][tested["row"]].to_numpy()]).nunique()
    assert folds.max() == 1
    assert folds.groupby("repeat").size().tolist() == [frame["who"].nunique()] * 2


@pytest.mark.parametrize("roles", [GROUPS, ORDER], ids=["groups", "time"])
def test_members_within_a_fold_are_split_alike(tmp_path: Path, roles: list[str]) -> None:
    """Rows that are tested, held out, set aside for early stopping and learned from."""
    asked = config(*CLASSES, *roles, "training.early_stopping.patience_epochs=1")
    prepared = prepare(save(visits(), tmp_path / "t.csv"), asked, lambda _: None)
    for fold in make_folds(prepared, Protocol(3, 1, 0)):
        for plan in inner_plans(prepared, fold, lambda _: None):
            parts = [plan.train_rows, plan.stopping_rows, plan.held_out_rows, fold.test_rows]
            if prepared.roles.groups is not None:
                groups = [set(prepared.roles.groups[part]) for part in parts]
                assert sum(map(len, groups)) == len(set.union(*groups))
            if prepared.roles.times is not None:
                times = [prepared.roles.times[part] for part in parts]
                assert all(earlier.max() < later.min() for earlier, later in pairwise(times))


def test_cross_validation_in_time(tmp_path: Path) -> None:
    frame, out = visits(), tmp_path / "p.parquet"
    events: list[Any] = []
    data = save(frame, tmp_path / "t.csv")
    result = cross_validate(data, config(*CLASSES, *ORDER), predictions=out, on_event=events.append)
    said = [event.message for event in events if hasattr(event, "message")]
    assert said[0] == "folds in time (validation.order_column) are always the same: 1 repeat"
    assert said[1:] == ["within the training part of the first fold: class 'dear' (8 rows): not held out"]
    assert result.protocol == Protocol(5, 1, 0)
    assert result.metrics.measured_on == "5 folds in the order of day"
    days = frame["day"][pd.read_parquet(out)["row"]].groupby(pd.read_parquet(out)["fold"].to_numpy())
    assert (days.min().to_numpy()[1:] > days.max().to_numpy()[:-1]).all()
    assert days.min()[0] > min(frame["day"])


def test_they_are_not_inferred_to_be_anything_else(tmp_path: Path) -> None:
    data = save(visits(), tmp_path / "t.csv")
    asked = ToInfer("kind", (*QUICK, "data.group_column=who", "data.weight_column=w", 'data.ignored_columns=["day"]'))
    result = train(data, asked, tmp_path / "run")
    assert load_run(tmp_path / "run").schema.feature_names == ("a", "price")
    assert result.config.data.id_columns == ("id",)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (["data.group_column=kind"], "column 'kind' is data.group_column and in data.target; remove it from one"),
        (
            ["data.weight_column=w", 'data.ignored_columns=["w"]'],
            "column 'w' is data.weight_column and in data.ignored_columns; remove it from one",
        ),
        (
            ["validation.order_column=day", "validation.scheme=kfold"],
            'folds of "kfold" would be learned from later rows; set validation.scheme = "holdout" or "none"',
        ),
        (
            ["validation.order_column=day", "data.group_column=who"],
            "data.group_column and validation.order_column are two ways to split; remove one of them",
        ),
    ],
)
def test_settings_that_contradict_each_other(settings: list[str], fault: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config("data.target=kind", "task.kind=binary", *settings)
    assert fault in str(raised.value)


@pytest.mark.parametrize("setting", ["data.group_column", "data.weight_column", "validation.order_column"])
def test_a_column_that_is_not_there(tmp_path: Path, setting: str) -> None:
    data = save(visits(), tmp_path / "t.csv")
    with pytest.raises(DataError) as raised:
        train(data, config(*CLASSES, f"{setting}=dya"), tmp_path / "run")
    assert str(raised.value) == f"{data}: no column 'dya' (did you mean 'day'?); correct {setting}"


def test_a_class_of_one_row(tmp_path: Path) -> None:
    frame = visits()
    frame.loc[7, "kind"] = "odd"
    data = save(frame, tmp_path / "t.csv")
    asked = config(*CLASSES[:1], "task.kind=multiclass", *CLASSES[2:], 'data.id_columns=["who", "day", "w"]')
    result = train(data, asked, tmp_path / "run")
    told = "class 'odd' (1 row): held out in 1 of 3 folds, learned from in 2"
    grouped = next(text for text in result.warnings if "data.group_column" in text)
    assert result.warnings == (grouped, told)
    assert result.metrics.measured_on == "out of fold"
    assert load_run(tmp_path / "run").held_out is not None
    tested = cross_validate(data, asked, Protocol(3, 1, 0))
    assert told in tested.warnings


PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
EXAMPLES = [block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "_column =" in block]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split()[1])
def test_the_examples_of_the_page(tmp_path: Path, example: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(example, encoding="utf-8")
    frame = visits().rename(columns={"who": "patient", "w": "households"})
    columns = re.findall(r'_column = "(\w+)"', example)
    data = save(frame[["a", "kind", *columns]], tmp_path / "t.csv")
    result = train(data, load_config(file, [*QUICK, *CLASSES[:2]]), tmp_path / "run")
    loaded = load_run(tmp_path / "run")
    assert loaded.schema.feature_names == ("a",)
    assert loaded.schema.id_columns == tuple(columns)
    assert loaded.held_out is not None
    assert len(result.metrics.members) == (5 if "members = 5" in example else 3)


def test_every_setting_has_its_example() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("inferred", [True, False])
def test_a_group_that_counts_as_missing_is_shown_with_the_way_to_keep_it(tmp_path: Path, inferred: bool) -> None:
    frame = visits()
    frame["who"] = ["NA" if name == "003" else name for name in frame["who"]]
    data, settings = save(frame, tmp_path / "t.csv"), [*QUICK, *GROUPS, 'data.ignored_columns=["price"]']
    asked = ToInfer("kind", tuple(settings)) if inferred else config(*CLASSES, *GROUPS)
    with pytest.raises(DataError) as raised:
        train(data, asked, tmp_path / "run")
    rows = int((frame["who"] == "NA").sum())
    first = int(np.flatnonzero(frame["who"] == "NA")[0])
    remedy = 'data.columns = {who = {missing_values = [""]}}'
    assert str(raised.value) == (
        f"{data} line {first + 2}, column 'who': found 'NA', missing by data.missing_values, expected a group "
        f"(so in {rows} rows); if that is a value, set {remedy}, or fill it in or delete the row"
    )
    kept = remedy.replace(" = ", "=", 1)
    again = ToInfer("kind", (*settings, kept)) if inferred else config(*CLASSES, *GROUPS, kept)
    assert train(data, again, tmp_path / "run").rows == ROWS
