"""``train --target``: what a table tells is what ``config init`` writes down, and what is asked for wins."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import phoneprice
from phoneprice.config.asked import ToInfer
from phoneprice.config.load import load_config
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError, DataError, StoppedError
from phoneprice.records.documents import Protocol
from phoneprice.workflows.events import EpochDone, Event, Noted, Warned, ignore
from phoneprice.workflows.inferring import asked_for, prepare_as_asked
from phoneprice.workflows.inspect_tables import check_table, first_config
from phoneprice.workflows.prepare import Prepared, prepare

QUICK = {"training.epochs": 2, "training.threads": 1, "training.device": "cpu", "model.hidden": [2]}
KINDS = {"price": "regression", "sold": "binary", "shape": "multiclass", "level": "ordinal"}
COLUMNS = ("phone_id", "nr", "ram", "note", *KINDS)


def cells(i: int, ram: float) -> tuple[Any, ...]:
    note = f"a word about phone {i % 110}"
    return (f"p{i * 7919 % 1000}", i, ram, note, 3.5 * ram + i % 2, "yny"[i % 3], "abc"[i % 3], int(ram * 4))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "my phones.csv"
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        writer.writerows(cells(i, ram) for i, ram in enumerate(np.random.default_rng(0).random(160)))
    return file


@pytest.mark.parametrize(("target", "kind"), KINDS.items())
def test_the_run_is_that_of_config_init(data: Path, tmp_path: Path, target: str, kind: str) -> None:
    notes: list[Event] = []
    found = phoneprice.train(data, run=tmp_path / "a", target=target, overrides=QUICK, on_event=notes.append)
    assert (found.config.task.kind, found.config.data.target) == (kind, target)
    assert found.config.data.id_columns == ("phone_id", "nr")
    assert found.config.data.ignored_columns == ("note",)
    file = tmp_path / "mine.toml"
    made = first_config(data, target, str(file))
    file.write_text(made.text)
    phoneprice.train(data, file, tmp_path / "b", overrides=QUICK)
    for name in ("config.toml", "schema.json", "features.json", "splits.json", "model.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert made.inferred is not None
    assert found.inferred == made.inferred.reasons
    names = ", ".join(recipe["name"] for recipe in made.inferred.settings["portfolio"])
    told = [*made.inferred.summary, f"model.hidden is set (-s): trained without the portfolio ({names})"]
    assert [note for note in notes if isinstance(note, Noted)] == [Noted(line) for line in told]
    assert phoneprice.predict(tmp_path / "a", data, tmp_path / "p.csv").rows == 160


def test_two_lines_say_what_was_inferred(data: Path) -> None:
    notes: list[Event] = []
    prepare_as_asked(data, ToInfer("sold"), AS_CONFIGURED, notes.append)
    ids = "phone_id: named like an id, and each row has its own value; nr: counts the rows"
    unused = "note: free text, 110 different values in 160 rows"
    assert notes == [
        Noted(
            f"{data}: inferred task.kind = \"binary\" for 'sold' (or -s task.kind=...): two different values: 'n', 'y'"
        ),
        Noted(f"{data}: inferred features: 3 numbers, 1 category. ids: {ids}. not used: {unused}"),
    ]


@pytest.mark.parametrize(("target", "kind"), KINDS.items())
def test_rows_without_a_target_and_an_index_are_those_of_config_init(
    data: Path, tmp_path: Path, target: str, kind: str
) -> None:
    frame = pd.read_csv(data, dtype=str)
    frame.insert(0, "rownames", np.arange(160) % 50)
    frame.loc[[158, 159], target] = None
    frame.to_csv(data, index=False)
    found = phoneprice.train(data, run=tmp_path / "run", target=target, overrides=QUICK)
    assert (found.config.task.kind, found.rows) == (kind, 158)
    assert found.config.data.id_columns == ("rownames", "phone_id", "nr")
    assert found.inferred is not None
    assert found.inferred["data.id_columns"].startswith("rownames: an index of the rows, as pandas and R call it; ")
    what = f"{data}: left out 2 rows without a value of the target {target!r} (line 160 first); "
    assert [message for message in found.warnings if "rownames" in message or "left out" in message] == [
        f'{what}data.missing_target = "drop" does so, "fail" would stop there'
    ]
    made = first_config(data, target, "mine.toml")
    assert made.reasons == found.inferred
    assert made.warnings == (found.warnings[0],)


def test_an_index_stays_one_where_other_ids_are_given(data: Path) -> None:
    frame = pd.read_csv(data, dtype=str)
    frame.insert(0, "rownames", np.arange(160) % 50)
    frame.to_csv(data, index=False)
    given = prepare_as_asked(data, asked_for(None, "sold", {"data.id_columns": ["nr"]}), AS_CONFIGURED, ignore)
    assert given.inferred is not None
    assert given.inferred.ids == {"rownames": "an index of the rows, as pandas and R call it", "nr": "given"}
    assert given.schema.id_columns == ("rownames", "nr")
    none = prepare_as_asked(data, asked_for(None, "sold", {"data.index_columns": []}), AS_CONFIGURED, ignore)
    assert "rownames" in none.schema.feature_names


@pytest.mark.parametrize("target", KINDS)
def test_from_standard_input(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    read = io.TextIOWrapper(io.BytesIO(data.read_bytes()))
    monkeypatch.setattr(sys, "stdin", read)
    phoneprice.train("-", run=tmp_path / "a", target=target, overrides=QUICK)
    phoneprice.train(data, run=tmp_path / "b", target=target, overrides=QUICK)
    for name in ("config.toml", "schema.json", "splits.json", "model.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("overrides", "features", "kind"),
    [
        ({}, ("ram", "price", "shape", "level"), "binary"),
        ({"task.kind": "multiclass"}, ("ram", "price", "shape", "level"), "multiclass"),
        ({"data.id_columns": ["nr"]}, ("ram", "price", "shape", "level"), "binary"),
        ({"data.ignored_columns": ["price"]}, ("ram", "note", "shape", "level"), "binary"),
        ({"data.categorical_columns": ["nr", "note"]}, ("nr", "ram", "note", "price", "shape", "level"), "binary"),
        (
            {"data.id_columns": [], "data.ignored_columns": []},
            (*COLUMNS[:5], *COLUMNS[6:]),
            "binary",
        ),
    ],
)
def test_what_is_asked_for_is_not_inferred(
    data: Path, overrides: dict[str, Any], features: tuple[str, ...], kind: str
) -> None:
    asked = asked_for(None, "sold", overrides)
    prepared = prepare_as_asked(data, asked, AS_CONFIGURED, ignore)
    assert set(prepared.schema.feature_names) == set(features)
    assert prepared.config.task.kind == kind


def test_a_kind_that_is_given_needs_no_guess(data: Path) -> None:
    """Free text is no target, unless somebody says so."""
    with pytest.raises(DataError):
        prepare_as_asked(data, ToInfer("phone_id"), AS_CONFIGURED, ignore)
    notes: list[Event] = []
    prepared = prepare_as_asked(data, ToInfer("phone_id", ("task.kind=multiclass",)), AS_CONFIGURED, notes.append)
    assert len(prepared.task.labels) == 160
    assert notes[0] == Noted(f"{data}: task.kind = \"multiclass\" for 'phone_id', as given")


def test_the_reading_that_is_given_holds_for_inferring(data: Path) -> None:
    lines = data.read_text().replace(",", ";").splitlines()
    lines[5] = lines[5].replace(lines[5].split(";")[2], "x")
    data.write_text("\n".join(lines))
    asked = asked_for(None, "level", reading=Reading(delimiter=";"))
    skipping = Reading(delimiter=";", on_bad_row="skip")
    notes: list[Event] = []
    prepared = prepare_as_asked(data, asked, Reading(delimiter=";"), notes.append)
    assert prepared.table.skipped_rows == 0
    assert any("missing: 'x' in 1 cell" in note.message for note in notes if isinstance(note, Noted))
    prepared = prepare_as_asked(data, asked, skipping, ignore)
    assert prepared.table.skipped_rows == 1
    assert (prepared.config.data.delimiter, prepared.config.data.on_bad_row) == (";", "skip")


def test_with_a_configuration_the_target_is_all_that_is_set() -> None:
    textbook = load_config("textbook")
    expected = load_config("textbook", ["data.target=y"])
    assert asked_for("textbook", "y") == asked_for(textbook, "y") == expected
    assert asked_for(textbook) == textbook
    assert asked_for(None) == Config()
    assert asked_for(None, None, {"training.epochs": 3}) == load_config(None, ["training.epochs=3"])


def test_cross_validation_infers_the_same(data: Path) -> None:
    found = phoneprice.cross_validate(data, protocol=Protocol(3, 1, 0), target="price", overrides=QUICK)
    assert (found.task.kind, found.metrics.rows) == ("regression", 160)
    assert found.inferred == {
        "task.kind": "160 different numbers in 160 rows: a quantity",
        "data.id_columns": "phone_id: named like an id, and each row has its own value; nr: counts the rows",
        "data.ignored_columns": "note: free text, 110 different values in 160 rows",
    }


def test_a_training_that_was_stopped_goes_on(data: Path, tmp_path: Path) -> None:
    overrides = {**QUICK, "training.epochs": 4, "training.checkpoint_seconds": 0}

    def stop(event: Event) -> None:
        if isinstance(event, EpochDone) and event.record.epoch == 3:
            raise StoppedError(2)

    with pytest.raises(StoppedError):
        phoneprice.train(data, run=tmp_path / "a", target="level", overrides=overrides, on_event=stop)
    notes: list[Event] = []
    phoneprice.train(data, run=tmp_path / "a", target="level", overrides=overrides, resume=True, on_event=notes.append)
    assert Noted(f"{tmp_path / 'a'}: going on after epoch 2 of 4") in notes
    phoneprice.train(data, run=tmp_path / "b", target="level", overrides=overrides)
    for name in ("config.toml", "model.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_unknown_target(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as fault:
        phoneprice.train(data, run=tmp_path / "run", target="prise")
    known = "the columns are phone_id, nr, ram, note, price, sold, shape, level"
    assert str(fault.value) == (
        f"{data}: no column 'prise' (did you mean 'price'?) to predict; {known}; correct --target"
    )
    assert sorted(tmp_path.iterdir()) == [data]


def test_settings_that_no_kind_of_task_allows_are_found_before_the_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        phoneprice.train(tmp_path / "nix.csv", run=tmp_path / "run", target="y", overrides={"training.epochs": 0})
    assert list(tmp_path.iterdir()) == []


IDS = [f"{1000 + i}e{700 + i}" for i in range(40)]


@pytest.mark.parametrize("name", ["id", "phone_id", "ID"])
def test_ids_are_never_parsed_as_numbers(name: str, tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text(f"{name},x,y\n" + "".join(f"{cell},{i % 7},{i % 2}\n" for i, cell in enumerate(IDS)))
    found = first_config(data, "y", "c.toml").inferred
    assert found is not None
    assert found.ids == {name: "named like an id, and each row has its own value"}
    assert not any(finding.severity == "error" for finding in check_table(data, ToInfer("y")).findings)


def test_numbers_under_the_name_of_an_id_are_numbers(tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("ID,x,y\n" + "".join(f"{20.5 + i},{i % 7},{i % 2}\n" for i in range(40)))
    found = first_config(data, "y", "c.toml").inferred
    assert found is not None
    assert found.features == {"numeric": ("ID", "x")}
    prepared = prepare_as_asked(data, ToInfer("y"), AS_CONFIGURED, ignore)
    assert [column.kind for column in prepared.schema.columns] == ["numeric", "numeric"]


def test_what_is_like_an_id_is_said_where_nothing_is_inferred(tmp_path: Path) -> None:
    data, heard = tmp_path / "t.csv", list[object]()
    rows = "".join(f"{1000 + i},{i},{i % 7},{i // 20}\n" for i in range(40))
    data.write_text(f"Id,nr,x,y\n{rows}")
    prepare(data, load_config(None, ["data.target=y"]), heard.append)
    remedy = "if it is an id, add it to data.id_columns, or the order of the rows is learned"
    like = {"Id": "named like an id, and each row has its own value", "nr": "counts the rows"}
    assert heard == [Warned(f"{data}, column {name!r}: {why}: {remedy}") for name, why in like.items()]


def test_near_equal_labels_are_said_by_whoever_looks_at_the_table(tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("x,y\n" + "".join(f"{i % 7},{'low ' if i == 3 else ['low', 'high'][i % 2]}\n" for i in range(40)))
    near = "'low' (20 rows) and 'low ' (1 row) differ in outer spaces or case only: they count as different; "
    told = f"{near}data.clean_text = true makes them one"
    rare = f"{data}: class 'low ' (1 row): held out in 1 of 5 folds, learned from in 4"
    assert first_config(data, "y", "c.toml").warnings == (f"{data}, column 'y': {told}", rare)
    assert told in [finding.message for finding in check_table(data, ToInfer("y")).findings]
    clean = ToInfer("y", ("data.clean_text=true",))
    assert told not in [finding.message for finding in check_table(data, clean).findings]
    assert rare.removeprefix(f"{data}: ") in [finding.message for finding in check_table(data, ToInfer("y")).findings]
    assert not [finding for finding in check_table(data, clean).findings if finding.code == "rare_class"]
    prepared = prepare_as_asked(data, clean, AS_CONFIGURED, ignore)
    assert (prepared.task.kind, prepared.task.labels) == ("binary", ("high", "low"))
    asked = prepare_as_asked(data, ToInfer("y"), AS_CONFIGURED, ignore)
    assert (asked.task.kind, asked.task.labels) == ("multiclass", ("high", "low", "low "))


def test_a_run_of_clean_labels_takes_later_spellings_as_one(tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("os,y\n" + "".join(f"{['a', 'B'][i % 2]},{['low', 'High'][i % 2]}\n" for i in range(40)))
    phoneprice.train(data, None, tmp_path / "run", target="y", overrides={**QUICK, "data.clean_text": True})
    new = pd.DataFrame({"os": ["A ", "b"], "y": ["LOW", " high"]})
    model = phoneprice.load(tmp_path / "run")
    assert set(model.predict(new)["prediction"]) <= {"low", "High"}
    assert model.evaluate(new).rows == 2


def test_a_check_judges_the_columns_with_the_roles_of_a_training(tmp_path: Path) -> None:
    """What is no feature there is none here, and what is said there is said here."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"dose": range(300), "a": random.integers(0, 99, 300), "note": [f"b{i} c" for i in range(300)]}
    )
    frame["word"] = [f"w{i % 200} x" for i in range(300)]
    frame["size"] = [f"{random.integers(1, 9)}.{random.integers(100, 999)}" for _ in range(300)]
    frame["y"] = random.integers(0, 2, 300)
    data, events = tmp_path / "t.csv", list[Event]()
    frame.to_csv(data, index=False)
    prepared = prepare_as_asked(data, ToInfer("y"), AS_CONFIGURED, events.append)
    assert prepared.inferred is not None
    findings = check_table(data, ToInfer("y")).findings
    told = {(finding.column, finding.code): finding.message for finding in findings}
    for name, why in prepared.inferred.ids.items():
        assert told[name, "id_like"] == f"{why}: taken for an id, so it is no feature"
    for name, why in prepared.inferred.ignored.items():
        assert told[name, "unused"] == f"{why}: not used"
    assert set(prepared.inferred.ids) == {"dose", "note"}
    messages = {finding.message for finding in findings}
    for event in events:
        if isinstance(event, Warned):
            assert event.message.partition(": ")[2] in messages
    assert sum(isinstance(event, Warned) for event in events) == 2  # of the counter and of the open mark


def test_a_check_of_a_table_without_features_takes_no_quantity_for_classes(tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("id,y\n" + "".join(f"{i},{i * 0.37}\n" for i in range(30)))
    codes = [finding.code for finding in check_table(data, ToInfer("y")).findings if finding.severity == "error"]
    assert codes == ["no_features"]


def _price_table(tmp_path: Path, prices: list[str], name: str = "price") -> Path:
    file = tmp_path / "houses.csv"
    pd.DataFrame({"rooms": [i % 7 for i in range(len(prices))], name: prices}).to_csv(file, index=False)
    return file


def _learned(file: Path, *settings: str, target: str = "price") -> Prepared:
    return prepare_as_asked(file, ToInfer(target, settings), AS_CONFIGURED, ignore)


PRICES = [400_000 + 977 * i for i in range(60)]


@pytest.mark.parametrize(
    ("style", "settings"),
    [
        ("german", ["data.columns.price.thousands='.'", "data.columns.price.decimal=','"]),
        ("german", ["data.thousands='.'", "data.decimal=','"]),
        ("us", ["data.columns.price.thousands=','"]),
        ("us", ["data.columns = {price = {thousands = ','}}"]),
        ("dollar", ["data.columns = {price = {thousands = ',', units = ['$']}}"]),
        ("million", []),
        ("cents", []),
    ],
)
def test_a_target_is_read_as_settings_or_its_cells_say(tmp_path: Path, style: str, settings: list[str]) -> None:
    styles = {
        "us": "{:,}", "dollar": "${:,}", "cents": "${:,}.00", "million": "\N{EURO SIGN}{:,},-", "german": "{:,}",
    }  # fmt: skip
    texts = [styles[style].format(price) for price in PRICES]
    if style in {"german", "million"}:
        texts = [text.replace(",", ".", 1) for text in texts]
    prepared = _learned(_price_table(tmp_path, texts), *settings)
    assert prepared.config.task.kind == "regression"
    assert prepared.table.columns["price"].to_pylist() == PRICES


@pytest.mark.parametrize(("sign", "units"), [("", ""), ("$", ', units = ["$"]')])
@pytest.mark.parametrize("words", [[], ["n/a"]])
def test_a_target_with_an_open_mark_stops_with_the_settings(
    tmp_path: Path, sign: str, units: str, words: list[str]
) -> None:
    file = _price_table(tmp_path, [*(f"{sign}{price:,}" for price in PRICES), *words])
    told = (
        "column 'price': ',' may be a decimal or a thousands mark, and no column tells which; set data.columns = "
        f'{{price = {{thousands = ","{units}}}}} for thousands, data.columns = {{price = {{decimal = ","{units}}}}} '
        "for decimals"
    )
    with pytest.raises(DataError) as raised:
        _learned(file)
    assert str(raised.value) == f"{file}: {told}"
    findings = check_table(file, ToInfer("price")).findings
    assert [found.message for found in findings if found.code == "target_unusable"] == [told]
    assert [found.severity for found in findings].count("error") == 1


@pytest.mark.parametrize("words", [["sold"], ["sold", "TBD", "on request"]])
def test_a_few_texts_in_a_target_are_rows_without_one(tmp_path: Path, words: list[str]) -> None:
    prepared = _learned(_price_table(tmp_path, [*map(str, PRICES), *words]))
    assert prepared.table.columns["price"].to_pylist() == PRICES
    assert prepared.table.unlabelled_rows == len(words)


@pytest.mark.parametrize(("style", "settings"), [("{}", []), ("{:,}", ["data.columns.price.thousands=','"])])
def test_more_texts_in_a_target_stop_with_the_cell_and_the_setting(
    tmp_path: Path, style: str, settings: list[str]
) -> None:
    file = _price_table(tmp_path, ["sold", *map(style.format, PRICES), "TBD", "ask", "auction"])
    setting = 'data.columns = {price = {missing_values = ["", "sold", "TBD", "ask", "auction"]}}'
    told = (
        f"{file} line 2, column 'price': found 'sold', expected a number as in the rest of the column; "
        f"correct it, or leave out the rows with such text by {setting}"
    )
    with pytest.raises(DataError) as raised:
        _learned(file, *settings)
    assert str(raised.value) == told
    assert _learned(file, *settings, setting).table.columns["price"].to_pylist() == PRICES


@pytest.mark.parametrize("sentinels", [["-999"], ["-999", "-9999"]])
def test_a_sentinel_in_a_target_is_no_value(tmp_path: Path, sentinels: list[str]) -> None:
    prepared = _learned(_price_table(tmp_path, [*map(str, PRICES), *sentinels]))
    assert prepared.table.columns["price"].to_pylist() == PRICES


@pytest.mark.parametrize("kind", ["whole", "float", "comma"])
def test_sentinels_of_every_file(tmp_path: Path, kind: str) -> None:
    values = [-999, -9999, *(3 * i for i in range(60))]
    file = tmp_path / "t.parquet"
    cells = {"whole": values, "float": list(map(float, values)), "comma": [f"{value},0" for value in values]}[kind]
    pd.DataFrame({"x": cells, "y": [1.5 * i for i in range(62)]}).to_parquet(file)
    prepared = _learned(file, target="y")
    assert prepared.table.columns["x"].to_pylist() == [None, None, *values[2:]]
    again = prepare(file, prepared.config, ignore)
    assert again.table.columns["x"].to_pylist() == [None, None, *values[2:]]


@pytest.mark.parametrize("missing", ["?", "1,5"])
def test_an_index_that_is_a_measurement_is_read_as_numbers_are(tmp_path: Path, missing: str) -> None:
    file = tmp_path / "t.csv"
    cells = [missing, *(f"{i % 9},5" for i in range(60))]
    pd.DataFrame({"price_index": cells, "y": [i * 1.5 for i in range(61)]}).to_csv(file, index=False)
    features = _learned(file, target="y").schema.columns
    assert [(column.name, column.kind) for column in features] == [("price_index", "numeric")]
