"""Dates and columns of many categories on their way through the commands: as text, as types, as ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import phoneprice
from phoneprice.artifact.loader import load_run
from phoneprice.config.asked import ToInfer
from phoneprice.config.load import load_config
from phoneprice.config.reading import Reading
from phoneprice.errors import DataError
from phoneprice.workflows.events import Event, Warned, ignore
from phoneprice.workflows.inspect_tables import check_table, first_config
from phoneprice.workflows.prepare import prepare

ROWS = 120
QUICK = {"training.epochs": 2, "training.threads": 1, "training.device": "cpu", "model.hidden": [2]}
MOMENTS = pd.date_range("2023-01-31 10:00", periods=ROWS, freq="77h")[np.roll(np.arange(ROWS), 5)]
INPUTS = (
    "when",
    *(f"when: {wave} of {cycle}" for cycle in ("month", "weekday", "hour") for wave in ("sine", "cosine")),
)


def frame(when: Any) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame({"when": when, "ram": generator.random(ROWS), "price": generator.random(ROWS)})


def save(table: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    elif path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_csv(path, index=False)
    return path


def train(data: Path, run: Path, **data_settings: Any) -> list[str]:
    """The warnings of a training."""
    events: list[Event] = []
    settings = {f"data.{name}": value for name, value in data_settings.items()}
    phoneprice.train(data, run=run, target="price", overrides={**QUICK, **settings}, on_event=events.append)
    return [event.message for event in events if isinstance(event, Warned)]


def test_dates_are_the_same_from_every_format(tmp_path: Path) -> None:
    texts = {"iso": MOMENTS.strftime("%Y-%m-%d %H:%M"), "us": MOMENTS.strftime("%m/%d/%Y %I:%M %p")}
    files = [
        save(frame(MOMENTS), tmp_path / "typed.parquet"),
        save(frame(MOMENTS.tz_localize("UTC")), tmp_path / "zoned.parquet"),
        *(save(frame(text), tmp_path / f"{name}{end}") for name, text in texts.items() for end in (".csv", ".jsonl")),
    ]
    for data in files:
        assert train(data, tmp_path / data.name.replace(".", "-")) == []
    runs = [load_run(tmp_path / data.name.replace(".", "-")) for data in files]
    assert {run.input_names for run in runs} == {(*INPUTS, "ram")}
    assert {run.config.data.date_columns for run in runs} == {("when",)}
    assert len({(run.path / "model.safetensors").read_bytes() for run in runs}) == 1


def test_a_run_reads_dates_as_in_training(tmp_path: Path) -> None:
    train(save(frame(MOMENTS.strftime("%d/%m/%Y")), tmp_path / "t.csv"), tmp_path / "run")
    new = frame(["01/02/2023"] * (ROWS - 1) + [None])
    result = phoneprice.predict(tmp_path / "run", save(new, tmp_path / "new.csv"), tmp_path / "p.csv")
    filled = "filled with the median of the training rows"
    assert result.warnings == (
        f"{tmp_path / 'new.csv'}: 1 missing cell in columns that had none in training (when 1): {filled}",
    )
    iso = phoneprice.load(tmp_path / "run").predict(frame(pd.Timestamp("2023-02-01")))
    assert iso["prediction"][0] == phoneprice.load(tmp_path / "run").predict(new)["prediction"][0]
    save(frame(["01/02/2023", "01/13/2023"] * (ROWS // 2)), tmp_path / "new.csv")
    what = "line 3, column 'when': found '01/13/2023', expected a date or a time as in the rest of the column"
    with pytest.raises(DataError) as caught:
        phoneprice.predict(tmp_path / "run", tmp_path / "new.csv", tmp_path / "p2.csv")
    advice = "correct it, or leave such rows out with --on-bad-row skip"
    assert str(caught.value) == f"{tmp_path / 'new.csv'} {what}; {advice}"
    skip = Reading(on_bad_row="skip")
    found = phoneprice.predict(tmp_path / "run", tmp_path / "new.csv", tmp_path / "p2.csv", reading=skip)
    assert (found.rows, len(found.warnings)) == (ROWS // 2, 1)
    save(frame(19_000.5), tmp_path / "new.csv")
    with pytest.raises(DataError, match=r"line 2, column 'when': found '19000\.5', expected a date or a time"):
        phoneprice.predict(tmp_path / "run", tmp_path / "new.csv", tmp_path / "p2.csv")
    save(frame(19_000.5), tmp_path / "new.parquet")
    with pytest.raises(DataError, match=r"row 1, column 'when': found '19000\.5', expected a date or a time"):
        phoneprice.predict(tmp_path / "run", tmp_path / "new.parquet", tmp_path / "p2.csv")


def test_some_cells_that_are_no_dates(tmp_path: Path) -> None:
    data = save(frame([*MOMENTS.strftime("%Y-%m-%d")[:-4], "soon", "later", "then", "never"]), tmp_path / "t.csv")
    advice = "leave such rows out with --on-bad-row skip, or add the column to data.categorical_columns"
    what = "line 118, column 'when': found 'soon', expected a date or a time as in the rest of the column; correct it"
    with pytest.raises(DataError) as caught:
        train(data, tmp_path / "run")
    assert str(caught.value) == f"{data} {what}, {advice}"
    assert train(data, tmp_path / "run", on_bad_row="skip") == [
        f"{data}: left out 4 rows with text among numbers or dates"
    ]
    (warning,) = train(data, tmp_path / "b", categorical_columns=["when"], max_categories=ROWS)
    assert "text, and each row has its own" in warning
    result = check_table(data, ToInfer("price"))
    assert (result.findings[0].code, result.findings[0].count) == ("mostly_dates", 4)


@pytest.mark.parametrize("other", ["-", ".", "/"])
def test_each_open_order_is_said_once(tmp_path: Path, other: str) -> None:
    """Whether the columns that leave it open are settled alike (by their marks) or not."""
    table = frame(["05/06/2024", "07/08/2024", "01/02/2024"] * (ROWS // 3))
    data = save(table.assign(also=table["when"].str.replace("/", other)), tmp_path / "t.csv")
    said = [warning for warning in train(data, tmp_path / "run") if "may have" in warning]
    assert [warning.split(": ")[1].split("'")[1] for warning in said] == ["when", "also"]


def test_an_open_order_is_said_and_written_down(tmp_path: Path) -> None:
    data = save(frame(["05/06/2024", "07/08/2024", "01/02/2024"] * (ROWS // 3)), tmp_path / "t.csv")
    doubt = (
        f"{data}: column 'when': '05/06/2024' may have month before day or day before month: "
        'taken for month before day; data.date_order = "mdy" or "dmy" decides'
    )
    assert train(data, tmp_path / "run") == [doubt]
    assert load_run(tmp_path / "run").config.data.date_order == "mdy"
    assert train(data, tmp_path / "dmy", date_order="dmy") == []
    assert load_run(tmp_path / "dmy").schema.date_forms == {"when": "dmy"}
    made = first_config(data, "price", "c.toml")
    assert made.warnings == (doubt,)
    file = tmp_path / "c.toml"
    file.write_text(made.text)
    assert 'date_order = "mdy"' in made.text
    phoneprice.train(data, file, tmp_path / "c", overrides=QUICK)
    assert (tmp_path / "c" / "config.toml").read_bytes() == (tmp_path / "run" / "config.toml").read_bytes()


def test_dates_that_no_setting_names_are_said(tmp_path: Path) -> None:
    data = save(frame(MOMENTS.strftime("%Y-%m-%d")), tmp_path / "t.csv")
    file = tmp_path / "c.toml"
    file.write_text('[data]\ntarget = "price"\n[task]\nkind = "regression"\n')
    events: list[Event] = []
    phoneprice.train(data, file, tmp_path / "run", overrides=QUICK, on_event=events.append)
    told = "data.date_columns says so without a word, data.categorical_columns otherwise"
    what = f"{data}: column when: dates, so numbers of days and what comes again ({told})"
    assert [event.message for event in events if isinstance(event, Warned)] == [what]


def test_words_for_missing_among_dates_are_found(tmp_path: Path) -> None:
    texts = list(MOMENTS.strftime("%d.%m.%Y"))
    data = save(frame([*texts[: ROWS // 2], *["?", "n/a"] * (ROWS // 4)]), tmp_path / "t.csv")
    made = first_config(data, "price", "c.toml")
    assert made.inferred is not None
    found = made.inferred.settings["data"]
    assert (found["date_columns"], found["missing_values"]) == (("when",), ("", "NA", "NaN", "null", "?", "n/a"))
    assert train(data, tmp_path / "run") == []
    (column, _) = load_run(tmp_path / "run").schema.columns
    assert (column.kind, column.date_form, column.has_missing) == ("date", "dmy", True)
    rows = tmp_path / "c.toml"
    rows.write_text('[data]\ntarget = "price"\n[task]\nkind = "regression"\n')
    few = save(frame([*texts[:-2], "?", "?"]), tmp_path / "few.csv")
    with pytest.raises(DataError) as caught:
        phoneprice.train(few, rows, tmp_path / "b", overrides=QUICK, on_event=ignore)
    assert str(caught.value) == (
        f"{few} line 120, column 'when': found '?', expected a date or a time as in the rest of the column; if it "
        'means that there is none, set data.missing_values = ["", "NA", "NaN", "null", "?"]; or leave such rows out '
        "with --on-bad-row skip, or add the column to data.categorical_columns"
    )


def test_a_date_that_stands_alone_is_named_as_one(tmp_path: Path) -> None:
    data = save(frame(["1300-01-01", *MOMENTS.strftime("%Y-%m-%d")[1:]]), tmp_path / "t.csv")
    (what,) = (
        found.message for found in check_table(data, ToInfer("price")).findings if found.code == "standing_alone"
    )
    assert what.startswith("1300-01-01 in row 1 is ")


@pytest.mark.parametrize("kind", [pa.timestamp("us", "Asia/Tokyo"), pa.date32(), pa.time64("us")])
def test_dates_and_times_of_a_type_put_rows_in_order(tmp_path: Path, kind: pa.DataType) -> None:
    order = np.random.default_rng(0).permutation(ROWS)
    ticks = pa.array(order, pa.int32() if kind == pa.date32() else pa.int64())
    data = tmp_path / "t.parquet"
    rest = {name: frame(0)[name].to_numpy() for name in ("ram", "price")}
    pq.write_table(pa.table({"day": ticks.cast(kind), **rest}), data)
    settings = ["data.target=price", "task.kind=regression", "validation.scheme=holdout", "validation.order_column=day"]
    roles = prepare(data, load_config(None, settings), ignore).roles
    assert roles.times is not None
    assert roles.times.tolist() == order.tolist()


@pytest.mark.parametrize(
    "kind", [pa.timestamp("ns", "Asia/Tokyo"), pa.list_(pa.int64()), pa.binary(), pa.duration("s")]
)
def test_ids_groups_and_ignored_columns_have_any_type(tmp_path: Path, kind: pa.DataType) -> None:
    cells = [[i] if pa.types.is_list(kind) else bytes([i]) if pa.types.is_binary(kind) else i for i in range(ROWS)]
    ids = pa.array(cells, pa.int64()).cast(kind) if isinstance(cells[0], int) else pa.array(cells, kind)
    data = tmp_path / "t.parquet"
    pq.write_table(pa.table({"k": ids, **{name: frame(0)[name].to_numpy() for name in ("ram", "price")}}), data)
    for role in ("id_columns", "ignored_columns"):
        train(data, tmp_path / role, **{role: ["k"]})
    groups = pq.read_table(data).set_column(0, "k", ids.take(pa.array(np.arange(ROWS) % 7)))
    pq.write_table(groups, tmp_path / "groups.parquet")
    settings = ["data.target=price", "task.kind=regression", "data.group_column=k"]
    found = prepare(tmp_path / "groups.parquet", load_config(None, settings), ignore).roles.groups
    assert found is not None
    assert found.tolist() == (np.arange(ROWS) % 7).tolist()
    phoneprice.predict(tmp_path / "id_columns", data, tmp_path / "p.parquet")
    assert pq.read_table(tmp_path / "p.parquet")["k"].type == kind


def test_a_type_that_is_no_feature_is_ignored_or_refused(tmp_path: Path) -> None:
    uuids = pa.array([bytes([i] * 16) for i in range(ROWS)], pa.uuid())
    rest = {name: frame(0)[name].to_numpy() for name in ("ram", "price")}
    table = pa.table({"id": uuids, "tags": [[1, 2]] * ROWS, **rest})
    data = tmp_path / "t.parquet"
    pq.write_table(table, data)
    made = first_config(data, "price", "c.toml")
    assert made.inferred is not None
    assert dict(made.inferred.ignored) == {"tags": "of the type list<element: int64>"}
    assert list(made.inferred.ids) == ["id"]
    what = "column 'tags' has the type list<element: int64>, expected numbers or text; convert it or leave it out"
    settings: dict[str, Any]
    for target, settings in (("price", {"data.ignored_columns": []}), ("tags", {})):
        with pytest.raises(DataError) as caught:
            phoneprice.train(data, run=tmp_path / "run", target=target, overrides=settings, on_event=ignore)
        assert str(caught.value) == f"{data}: {what}"


def test_categories_without_an_input_are_counted(tmp_path: Path) -> None:
    data = save(frame([f"shop {i % 50}" for i in range(ROWS)]).rename(columns={"when": "shop"}), tmp_path / "t.csv")
    what = (
        "column 'shop': 50 categories, of which the 40 most frequent have an input each (data.max_categories): "
        "20 cells (16.7%) count as none of them"
    )
    assert train(data, tmp_path / "run", max_categories=40) == [f"{data}, {what}"]
    assert train(data, tmp_path / "all", max_categories=50) == []
    shops = pd.DataFrame({"shop": [f"shop {i % 258}" for i in range(600)], "price": np.arange(600) % 97})
    many = save(shops, tmp_path / "many.csv")
    told = "the 64 most frequent have an input each (data.max_categories): 408 cells (68.0%) count as none of them"
    expected = f"{many}, column 'shop': 258 categories, of which {told}"
    assert first_config(many, "price", "c.toml").warnings == (expected,)
