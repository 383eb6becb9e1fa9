"""Tables whose numbers are not written plainly: inferred, trained, evaluated and predicted by what was recognised."""

import json
import random
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.csv import write_csv

from phoneprice.artifact.loader import load_run
from phoneprice.config.asked import ToInfer
from phoneprice.config.load import load_config
from phoneprice.config.reading import Reading
from phoneprice.errors import DataError
from phoneprice.workflows.evaluate import evaluate
from phoneprice.workflows.events import Event, Noted, Warned
from phoneprice.workflows.inspect_tables import check_table, first_config
from phoneprice.workflows.predict import predict
from phoneprice.workflows.train import train

QUICK = ("training.epochs=2", "model.hidden=[2]", "validation.folds=2", "data.delimiter=';'")
SHORT = ("training.epochs=1", "model.hidden=[2]", "validation.folds=2")
ROWS = 60
HEADER = ["id", "price", "km", "ram", "rooms", "sold"]


def german(value: float, decimals: int = 2) -> str:
    return f"{value:,.{decimals}f}".translate(str.maketrans(".,", ",."))


def rows(seed: int = 0) -> list[dict[str, str]]:
    draw = random.Random(seed)
    prices = [draw.uniform(100, 9000) for _ in range(ROWS)]
    return [
        {
            "id": str(1000 + row),
            "price": f"{german(price)} €",
            "km": german(draw.choice([850, 3020, 12_500, 999]), 0),
            "ram": draw.choice(["6 GB", "6144 MB", "8 GB"]),
            "rooms": draw.choice(["?", "2", "3,5", "n/a"]),
            "sold": "yes" if price > 4000 else "no",
        }
        for row, price in enumerate(prices)
    ]


def plain(row: dict[str, str]) -> dict[str, str]:
    words = {"?": "", "n/a": ""}
    price, km = (row[name].replace(".", "").replace(",", ".").replace(" €", "") for name in ("price", "km"))
    return {**row, "price": price, "km": km, "rooms": words.get(row["rooms"], row["rooms"].replace(",", "."))}


def save(table: list[dict[str, str]], path: Path, delimiter: str = ";") -> Path:
    path.write_text("\n".join([delimiter.join(line) for line in (HEADER, *(row.values() for row in table))]) + "\n")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return save(rows(), tmp_path / "german.csv")


def asked(*settings: str, target: str = "sold") -> ToInfer:
    return ToInfer(target, (*QUICK, *settings))


def outputs(run: Path, data: Path) -> str:
    predict(run, data, run.parent / "out.csv")
    return (run.parent / "out.csv").read_text()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_same_as_plain_numbers(data: Path, tmp_path: Path) -> None:
    train(data, asked(), tmp_path / "run")
    as_plain = save([plain(row) for row in rows()], tmp_path / "plain.csv")
    train(as_plain, asked(), tmp_path / "same")
    assert outputs(tmp_path / "run", data) == outputs(tmp_path / "same", as_plain)
    assert evaluate(tmp_path / "run", data).metrics.metrics == evaluate(tmp_path / "same", as_plain).metrics.metrics


def test_what_is_recognised_is_written_down(data: Path, tmp_path: Path) -> None:
    made = first_config(data, "sold", "c.toml", Reading(delimiter=";"))
    found = tomllib.loads(made.text)["data"]
    assert {key: found[key] for key in ("decimal", "thousands", "missing_values", "columns", "ignored_columns")} == {
        "decimal": ",",
        "thousands": ".",
        "missing_values": ["", "NA", "NaN", "null", "n/a", "?"],
        "columns": {"price": {"units": ["€"]}},
        "ignored_columns": ["ram"],
    }
    assert made.reasons["data.columns.km"].endswith(", as column 'price' has decimal ','")
    (tmp_path / "c.toml").write_text(made.text)
    train(data, load_config(tmp_path / "c.toml", QUICK), tmp_path / "run")
    train(data, asked(), tmp_path / "same")
    assert outputs(tmp_path / "run", data) == outputs(tmp_path / "same", data)


def test_another_format_at_predict_is_refused(data: Path, tmp_path: Path) -> None:
    train(data, asked(), tmp_path / "run")
    for wrong in ("1234.50 €", "1,234.50 €", "1.234,50", "1.234,50 $"):
        other = save([{**row, "price": wrong} for row in rows()], tmp_path / "other.csv")
        with pytest.raises(
            DataError, match=r"line 2, column 'price': found '1.*, expected a number written like 1\.234"
        ):
            predict(tmp_path / "run", other, tmp_path / "out.csv")


def test_numbers_of_json_have_no_format(data: Path, tmp_path: Path) -> None:
    train(data, asked(), tmp_path / "run")
    file = tmp_path / "t.jsonl"
    lines = [{**row, "km": float(plain(row)["km"])} for row in rows()]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert outputs(tmp_path / "run", file) == outputs(tmp_path / "run", data)


def test_a_target_with_a_unit(data: Path, tmp_path: Path) -> None:
    train(data, asked(target="price"), tmp_path / "run")
    assert load_config(tmp_path / "run/config.toml").task.kind == "regression"
    predictions = [float(line.split(",")[1]) for line in outputs(tmp_path / "run", data).splitlines()[1:]]
    assert 100 < sum(predictions) / ROWS < 9000
    assert evaluate(tmp_path / "run", data).rows == ROWS


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (["1,3", "1,7", "2,0"], None, "regression"),
        (["1,3", "1,7", "2,0"], "regression", "regression"),
        (["1,3", "1,7", "2,0"], "multiclass", ("1,3", "1,7", "2,0")),
        (["1,3", "1,7"], None, ("1,3", "1,7")),
        (["4 GB", "6 GB", "8 GB"], None, ("4 GB", "6 GB", "8 GB")),
        (["4 GB", "6 GB", "8 GB"], "regression", "regression"),
    ],
)
def test_few_different_numbers_to_predict_are_classes_where_plain_ones_would_be(
    tmp_path: Path, cells: list[str], kind: str | None, expected: object
) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a;y\n" + "".join(f"{row % 7};{cells[row % len(cells)]}\n" for row in range(ROWS)))
    given = asked(*([f"task.kind={kind}"] if kind else []), target="y")
    task = train(file, given, tmp_path / "run").task
    assert (task.labels or task.kind) == expected
    formats = [found.column for found in check_table(file, given).findings if found.code == "number_format"]
    assert formats == (["y"] if expected == "regression" else [])


def test_a_check_against_a_run_reads_as_the_run_does(data: Path, tmp_path: Path) -> None:
    train(data, asked(), tmp_path / "run")
    found = check_table(data, load_config(), tmp_path / "run").findings
    assert [finding for finding in found if finding.severity == "error"] == []


@pytest.mark.parametrize(("row", "line"), [(0, 2), (30, 32)])
@pytest.mark.parametrize("texts", [("cm", "kg"), ("a", "b"), ("[-]", "(%)")])
def test_a_row_of_units_or_names_among_numbers_is_named(
    tmp_path: Path, texts: tuple[str, str], row: int, line: int
) -> None:
    lines = [f"{i}.5,{i % 7},{'pq'[i % 2]}" for i in range(ROWS)]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["a,b,y", *lines[:row], ",".join([*texts, "p"]), *lines[row:]]) + "\n")
    first, second = map(repr, texts)
    what = (
        f"{file}: line {line}: found {first}, {second} in columns of numbers; if these are units, names or notes and "
        "no row of data, delete the line from the file"
    )
    assert what in first_config(file, "y", "c.toml").warnings
    assert what.removeprefix(f"{file}: ") in [finding.message for finding in check_table(file, ToInfer("y")).findings]


def test_text_in_one_column_of_numbers_is_no_row_of_units(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    cells = [f"{'cm' if i == 3 else i}.5,{'kg' if i == 4 else i % 7},{'pq'[i % 2]}" for i in range(ROWS)]
    file.write_text("\n".join(["a,b,y", *cells]) + "\n")
    assert not [what for what in first_config(file, "y", "c.toml").warnings if "columns of numbers" in what]


def test_a_first_configuration_warns_of_codes_and_of_measurements_with_something_added(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    cells = [f"{4000 + 37 * i:05d},{i % 6}h {i % 15}m,{'pq'[i % 2]}" for i in range(ROWS)]
    file.write_text("\n".join(["plz,took,y", *cells]) + "\n")
    warnings = first_config(file, "y", "c.toml", Reading()).warnings
    assert [what.partition(": ")[2] for what in warnings] == [
        (
            "text that begins with numbers, such as '0h 0m', counts as categories; give the numbers alone, or add the "
            "column to data.categorical_columns"
        ),
        (
            f"leading zeros in {ROWS} cells, as in '04000': read as numbers, which lose that; data.categorical_columns "
            "keeps the text"
        ),
    ]


def test_what_somebody_asks_for_is_not_recognised(data: Path, tmp_path: Path) -> None:
    train(data, asked("data.columns.km.decimal='.'", "data.columns.km.thousands=''"), tmp_path / "run")
    config = load_config(tmp_path / "run/config.toml").data
    assert (config.columns["km"].decimal, config.columns["km"].thousands) == (".", "")
    assert config.columns["price"].units == ("€",)


def test_a_check_says_it(data: Path) -> None:
    found = {(finding.column, finding.code): finding.message for finding in check_table(data, asked()).findings}
    then = "train --target reads it so, and config init writes it down"
    unit = "numbers like 1.234,5 €: decimal ',', thousands '.', unit '€' in 60 cells"
    assert found["price", "number_format"] == f"{unit}; {then}"
    assert found["ram", "unused"].startswith("numbers in different units count as text ('")


@pytest.mark.parametrize("words", [["unknown"], ["-999"], ["N/A", "?"]])
def test_a_word_that_means_something_elsewhere_is_missing_in_its_column_only(words: list[str], tmp_path: Path) -> None:
    header = "a;b;y\n"
    number = [words[row % len(words)] if row % 3 else str(row) for row in range(40)]
    cells = [f"{cell};{words[0] if row % 2 else 'x'};{row % 2}" for row, cell in enumerate(number)]
    (tmp_path / "t.csv").write_text(header + "\n".join(cells) + "\n")
    train(tmp_path / "t.csv", asked(target="y"), tmp_path / "run")
    config = load_config(tmp_path / "run/config.toml").data
    assert config.columns["a"].missing_values is not None
    assert words[0] in config.columns["a"].missing_values
    assert words[0] not in config.missing_values


def test_nothing_tells_which_mark_it_is(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a;y\n" + "".join(f"{cell};{row % 2}\n" for row, cell in enumerate(["3.020", "850"] * 20)))
    result = train(file, asked(target="y"), tmp_path / "run")
    assert result.warnings[0] == (
        f"{file}: column 'a': '.' may be a decimal or a thousands mark, and no column tells which; decimals are read; "
        'set data.columns = {a = {thousands = ".", decimal = ","}} for thousands, '
        'data.columns = {a = {decimal = "."}} for decimals'
    )
    for setting in ('{a = {thousands = ".", decimal = ","}}', '{a = {decimal = "."}}'):
        result = train(file, asked(f"data.columns = {setting}", target="y"), tmp_path / "run", force=True)
        assert not [warning for warning in result.warnings if "thousands mark" in warning]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_target_that_is_numbers_already_is_checked_as_it_is(tmp_path: Path, suffix: str) -> None:
    columns = {"x": [f"{'abc'[i % 3]}" for i in range(60)], "y": [i * 0.37 for i in range(60)]}
    data, table = tmp_path / f"t.{suffix}", pa.table(columns)
    pq.write_table(table, data) if suffix == "parquet" else write_csv(table, data)
    assert [finding.code for finding in check_table(data, ToInfer("y")).findings if finding.severity == "error"] == []


@pytest.mark.parametrize(
    ("labels", "kind", "words"),
    [
        (["Yes", "no", "NO", "n/a"], "binary", ["n/a"]),
        (["p", "q", "r", "#N/A"], "multiclass", ["#N/A"]),
        (["p", "q", "none", "unknown"], "multiclass", []),  # classes, for all that is known
        (["1", "2", "3", "n/a"], "ordinal", ["n/a"]),
    ],
)
def test_words_for_none_are_no_labels(labels: list[str], kind: str, words: list[str], tmp_path: Path) -> None:
    """Rows without a target are left out, and that is said with the word; a configuration reads so again."""
    file, numbers = tmp_path / "t.csv", np.random.default_rng(0).random(80).tolist()
    file.write_text("a;y\n" + "".join(f"{number};{labels[row % 4]}\n" for row, number in enumerate(numbers)))
    result = train(file, asked(target="y"), tmp_path / "run")
    assert result.config.task.kind == kind
    assert result.rows == (60 if words else 80)
    told = " ".join(result.warnings)
    assert [word for word in words if f"found '{word}' in 20 rows, missing by data.missing_values" in told] == words
    made = tmp_path / "t.toml"
    made.write_text(first_config(file, "y", "t.toml").text)
    assert train(file, made, tmp_path / "again", overrides=QUICK).metrics == result.metrics
    again = asked('data.missing_values=[""]', target="y")
    assert train(file, again, tmp_path / "b").rows == 80


CODES = {
    "zip": ["04109", "10001", "00501"],
    "account": [str(2**53 + i) for i in (1, 3, 5)],
    "app_version": ["1.9", "1.10", "1.1"],
}


@pytest.fixture
def codes() -> dict[str, list[str]]:
    draw = random.Random(0)
    return {
        **{name: [draw.choice(cells) for _ in range(ROWS)] for name, cells in CODES.items()},
        "x": [str(draw.random()) for _ in range(ROWS)],
        "y": [str(draw.random()) for _ in range(ROWS)],
    }


def reasons_of(codes: dict[str, list[str]]) -> dict[str, str]:
    zeros = sum(cell.startswith("0") for cell in codes["zip"])
    first = next(cell for cell in codes["zip"] if cell.startswith("0"))
    account, app = codes["account"][0], codes["app_version"]
    shorter = next(cell for cell in app if cell != "1.10")
    return {
        "zip": f"leading zeros in {zeros} cells, as in '{first}'",
        "account": f"whole numbers beyond 2^53, which float64 rounds, in {ROWS} cells, as in '{account}'",
        "app_version": f"versions, as '1.10' beside '{shorter}'",
    }


def test_codes_are_categories_that_keep_their_text(tmp_path: Path, codes: dict[str, list[str]]) -> None:
    file = tmp_path / "a.csv"
    write_csv(pa.table(codes), file)
    said: list[Event] = []
    run = train(file, run=tmp_path / "run", target="y", overrides=SHORT, on_event=said.append)
    told = "; ".join(f"{name}: {why}" for name, why in reasons_of(codes).items())
    how = "codes, so text and no numbers (or -s data.categorical_columns=[])"
    assert Noted(f"{file}: {how}: {told}") in said
    assert run.config.data.categorical_columns == tuple(CODES)
    found = {column.name: set(column.categories) for column in load_run(tmp_path / "run").schema.columns}
    assert {name: found[name] for name in CODES} == {name: set(cells) for name, cells in CODES.items()}
    said.clear()
    predict(tmp_path / "run", file, tmp_path / "p.csv", on_event=said.append)
    assert not [event for event in said if isinstance(event, Warned)]


def test_codes_are_numbers_where_somebody_says_so(tmp_path: Path, codes: dict[str, list[str]]) -> None:
    file = tmp_path / "a.csv"
    write_csv(pa.table(codes), file)
    made = train(file, run=tmp_path / "run", target="y", overrides=(*SHORT, "data.categorical_columns=[]"))
    assert made.config.data.categorical_columns == ()
    assert set(load_run(tmp_path / "run").schema.numeric_names) == {*CODES, "x"}


def test_codes_read_as_numbers_by_a_configuration_are_said(tmp_path: Path, codes: dict[str, list[str]]) -> None:
    config = load_config(overrides=("data.target=y", "task.kind=regression", *SHORT))
    file, typed = tmp_path / "a.csv", tmp_path / "a.parquet"
    write_csv(pa.table(codes), file)
    numbers = {name: pa.array(map(float, codes[name])) for name in ("x", "y")}
    pq.write_table(pa.table({"account": pa.array(map(int, codes["account"])), **numbers}), typed)
    keeps = "read as numbers, which lose that; data.categorical_columns keeps the text"
    for source, names in ((file, tuple(CODES)), (typed, ("account",))):
        said: list[Event] = []
        train(source, config, tmp_path / source.suffix, on_event=said.append)
        told = [f"{source}, column {name!r}: {reasons_of(codes)[name]}: {keeps}" for name in names]
        assert [event.message for event in said if isinstance(event, Warned) and keeps in event.message] == told
        found = [finding for finding in check_table(source, config).findings if finding.code == "codes"]
        assert [(finding.column, finding.message) for finding in found] == [
            (name, f"{reasons_of(codes)[name]}: {keeps}") for name in names
        ]


@pytest.mark.parametrize("name", CODES)
def test_a_target_of_codes_has_classes(tmp_path: Path, codes: dict[str, list[str]], name: str) -> None:
    file = tmp_path / "a.csv"
    write_csv(pa.table({"x": codes["x"], name: codes[name]}), file)
    inferred = first_config(file, name, "a.toml").inferred
    assert inferred is not None
    assert (inferred.kind, inferred.kind_reason) == (
        "multiclass", f"3 different codes ({reasons_of(codes)[name]}), and no numbers"
    )  # fmt: skip
    train(file, run=tmp_path / "run", target=name, overrides=SHORT)
    assert set(load_run(tmp_path / "run").schema.labels) == set(CODES[name])


def _one_of(*cells: str) -> list[str]:
    return random.Random(1).choices(cells, k=ROWS)


QUANTITIES = {
    "rating": _one_of("4.10", "4.9", "4.5"),
    "price": _one_of("1.10", "1.5", "2.0", "1.15"),
    "ID": _one_of("4.10", "4.9", "4.5"),  # an inner diameter
    "month": _one_of("01", "02", "12"),
    "crs_dep": [f"{row % 24:02d}{row % 60:02d}" for row in range(ROWS)],
    "timestamp_ns": [str(1_700_000_000_123_456_789 + 17 * (row * row % 97)) for row in range(ROWS)],
    "weight_g": [f"{7 + 7919 * row % 10_000:04d}" for row in range(ROWS)],
}
"""Written as codes may be."""


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantities_written_as_codes_are_numbers_with_a_warning(
    tmp_path: Path, codes: dict[str, list[str]], name: str
) -> None:
    file = tmp_path / "a.csv"
    write_csv(pa.table({name: QUANTITIES[name], "x": codes["x"], "y": codes["y"]}), file)
    said: list[Event] = []
    run = train(file, run=tmp_path / "run", target="y", overrides=SHORT, on_event=said.append)
    assert run.config.data.categorical_columns == ()
    assert set(load_run(tmp_path / "run").schema.numeric_names) == {name, "x"}
    keeps = "read as numbers, which lose that; data.categorical_columns keeps the text"
    told = [event.message for event in said if isinstance(event, Warned) and keeps in event.message]
    assert [message.split(": ")[0] for message in told] == [f"{file}, column {name!r}"]
    config = tmp_path / "a.toml"
    config.write_text(first_config(file, "y", "a.toml").text)
    assert train(file, config, tmp_path / "again", overrides=SHORT).metrics == run.metrics


@pytest.mark.parametrize("name", ["rating", "price", "crs_dep", "weight_g"])
def test_a_target_of_quantities_written_as_codes_is_a_number(
    tmp_path: Path, codes: dict[str, list[str]], name: str
) -> None:
    file = tmp_path / "a.csv"
    write_csv(pa.table({"x": codes["x"], name: QUANTITIES[name]}), file)
    inferred = first_config(file, name, "a.toml").inferred
    assert inferred is not None
    assert inferred.kind == "regression"


def test_words_for_missing_among_codes(tmp_path: Path, codes: dict[str, list[str]]) -> None:
    file = tmp_path / "a.csv"
    write_csv(pa.table({**codes, "zip": ["?", *codes["zip"][1:]]}), file)
    inferred = first_config(file, "y", "a.toml").inferred
    assert inferred is not None
    assert set(inferred.codes) == set(CODES)
    train(file, run=tmp_path / "run", target="y", overrides=SHORT)
    column = load_run(tmp_path / "run").schema.columns[0]
    assert (set(column.categories), column.has_missing) == (set(CODES["zip"]), True)


def test_codes_under_the_name_of_an_id(tmp_path: Path, codes: dict[str, list[str]]) -> None:
    file = tmp_path / "a.csv"
    write_csv(pa.table({"shop_id": codes["zip"], "x": codes["x"], "y": codes["y"]}), file)
    inferred = first_config(file, "y", "a.toml").inferred
    assert inferred is not None
    assert (inferred.features["categorical"], inferred.settings["data"]["categorical_columns"]) == (("shop_id",),) * 2


def test_factors_multiply_in_training_and_later(tmp_path: Path) -> None:
    draw = random.Random(0)
    values = [draw.choice([draw.randint(1, 9) * 100_000, draw.randint(1, 999) * 1000]) for _ in range(ROWS)]
    written = [f"${v / 1e6:g}M" if v >= 1_000_000 or v % 100_000 == 0 else f"${v // 1000}K" for v in values]
    x = [str(draw.random()) for _ in values]
    for name, cells in (("people", written), ("plain", list(map(str, values)))):
        write_csv(pa.table({"worth": cells, "x": x, "y": [f"{2 * v}" for v in values]}), tmp_path / f"{name}.csv")
        train(tmp_path / f"{name}.csv", run=tmp_path / name, target="y", overrides=SHORT)
        predict(tmp_path / name, tmp_path / f"{name}.csv", tmp_path / f"{name}.predicted.csv")
    schemas = [load_run(tmp_path / name).schema for name in ("people", "plain")]
    assert schemas[0] == schemas[1]
    config = load_run(tmp_path / "people").config
    assert config.data.columns["worth"].model_dump(exclude_defaults=True) == {
        "units": ("$",),
        "factors": {"M": 1_000_000, "K": 1000},
    }
    first, second = ((tmp_path / f"{name}.predicted.csv").read_text() for name in ("people", "plain"))
    assert first == second
