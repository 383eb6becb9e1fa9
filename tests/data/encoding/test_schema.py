import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from phoneprice.config.schema import Config, DataConfig
from phoneprice.data.encoding import schema
from phoneprice.data.encoding.schema import (
    Column,
    StandingAlone,
    TableSchema,
    infer_columns,
    infer_schema,
    input_names,
    is_boolean,
    merged_spellings,
    near_equal_texts,
)
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.table import Table
from phoneprice.errors import DataError
from tests.small_tables import table

LOSSES = {"multiclass": "cross_entropy", "binary": "binary_cross_entropy", "regression": "mse", "ordinal": "ordinal"}


def config(target: str = "price", kind: str = "multiclass", labels: tuple[str, ...] = (), **data: Any) -> Config:
    return Config.model_validate(
        {"data": {"target": target, **data}, "task": {"kind": kind, "labels": labels}, "loss": {"name": LOSSES[kind]}}
    )


def phones(**more: list[Any]) -> Table:
    return table(
        id=["a", "b", "c", "d"],
        ram=[1.0, 2.0, None, 4.0],
        wifi=[0.0, 1.0, 1.0, 0.0],
        g4=["yes", "No", None, "TRUE"],
        os=["Android", "iOS", "Android", "Windows"],
        price=["0", "1", "1.0", "0"],
        **more,
    )


def test_kinds_ranges_categories() -> None:
    schema = infer_schema(phones(), config())
    ram, wifi, g4, os = schema.columns
    assert (ram.kind, ram.low, ram.high, ram.has_missing, ram.center) == ("numeric", 1.0, 4.0, True, 2.0)
    assert (wifi.kind, wifi.low, wifi.high, wifi.has_missing) == ("boolean", 0.0, 1.0, False)
    assert (g4.kind, g4.has_missing) == ("boolean", True)
    assert (os.kind, os.categories) == ("categorical", ("Android", "Windows", "iOS"))
    assert schema.id_columns == ("id",)
    assert schema.numeric_names == ("ram",)
    assert schema.text_names == ("wifi", "g4", "os")


def test_input_names() -> None:
    assert input_names(infer_schema(phones(), config())) == (
        "ram", "ram is missing", "wifi", "g4", "g4 is missing", "os=Android", "os=Windows", "os=iOS",
    )  # fmt: skip


def test_the_columns_that_are_no_features() -> None:
    schema = infer_schema(
        phones(extra=[1.0, 2, 3, 4]), config(id_columns=["os", "serial"], ignored_columns=["extra", "id"])
    )
    assert schema.feature_names == ("ram", "wifi", "g4")
    assert schema.id_columns == ("os",)


def test_numbers_as_categories_have_one_spelling() -> None:
    cells = table(cores=["4", "8", "8.0", "4.0", "4"], price=["a", "b", "a", "b", "a"])
    (cores,) = infer_schema(cells, config(categorical_columns=["cores"])).columns
    assert (cores.categories, cores.spelling) == (("4", "8"), "whole")


def test_codes_with_letters_keep_their_zeros() -> None:
    (code,) = infer_schema(table(code=["007", "7", "x"], price=["a", "b", "a"]), config()).columns
    assert (code.categories, code.spelling) == (("007", "7", "x"), "text")


@pytest.mark.parametrize(
    "codes", [("007", "7", "07"), ("4.1", "4.10", "4.2"), ("1e3", "1000", "5"), ("1", "1.0", "2.50"), ("+1", "1", "2")]
)
def test_declared_codes_keep_their_text(codes: tuple[str, ...]) -> None:
    cells = table(code=list(codes), price=["a", "b", "a"])
    (code,) = infer_schema(cells, config(categorical_columns=["code"])).columns
    assert (code.categories, code.spelling) == (tuple(sorted(codes)), "text")


def test_categories_of_the_first_release_are_matched_as_they_were() -> None:
    for categories, matching in ((("4", "1e+16", "0.5"), "number"), (("007", "7"), "text"), (("7", "x"), "text")):
        assert Column(name="a", kind="categorical", categories=categories).matching == matching


def test_merged_spellings_are_found_in_categories_and_labels() -> None:
    cells = table(cores=["4", "8", "8.0"], os=["1", "1.0", "x"], price=["1", "2", "1.0"])
    columns = infer_schema(cells, config(categorical_columns=["cores"])).columns
    assert list(merged_spellings(cells, columns, "price")) == ["cores", "price"]
    assert list(merged_spellings(cells, columns, None)) == ["cores"]


def test_most_frequent_categories_first_and_limited() -> None:
    cells = table(os=["b", "c", "a", "c", "b", "d"], price=["x", "y"] * 3)
    (os,) = infer_schema(cells, config(max_categories=3)).columns
    assert os.categories == ("b", "c", "a")


@pytest.mark.parametrize(
    ("rows_each", "limit", "inputs"),
    [
        ([1] * 70, "auto", 64),
        ([20] * 70 + [9], "auto", 70),
        ([10] * 300, "auto", 256),
        ([10] * 300, 280, 280),
        ([1] * 70, 70, 70),
    ],
)
def test_rare_categories_have_no_input_of_their_own(rows_each: list[int], limit: int | str, inputs: int) -> None:
    shops = [f"shop {i}" for i, rows in enumerate(rows_each) for _ in range(rows)]
    cells = table(shop=shops, price=["x", "y"] * (len(shops) // 2) + ["x"] * (len(shops) % 2))
    (shop,) = infer_schema(cells, config(max_categories=limit)).columns
    assert len(shop.categories) == inputs


def test_a_long_column_has_as_many_inputs_as_fit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "MOST_CELLS", 100 * 2000)
    cells = table(shop=[f"shop {i % 200}" for i in range(2000)], price=["x", "y"] * 1000)
    assert len(infer_schema(cells, config()).columns[0].categories) == 100


def test_a_column_without_values_is_numeric_and_missing() -> None:
    column = infer_schema(table(gap=[None, None], price=["x", "y"]), config()).columns[0]
    assert (column.kind, column.low, column.has_missing, column.spread) == ("numeric", None, True, 1.0)


@pytest.mark.parametrize(
    ("cells", "boolean"),
    [
        (["yes", "0"], True), (["y", "N"], True), (["yes", "maybe"], False), ([0.0, 1.0], True), ([0.0, 2.0], False),
        ([0.0, None, 1.0], True), ([1.0, None], False), ([None, None], False), ([str(i) for i in range(200)], False),
    ],
)  # fmt: skip
def test_what_is_boolean(cells: list[Any], boolean: bool) -> None:
    assert is_boolean(table(a=cells).columns["a"]) is boolean


@pytest.mark.parametrize(
    "values", [[5.0] * 4, [0.1] * 7, [1e300, 1.0], [1e-300, 2e-300], [0.0] * 99 + [1.0, 5.0], [-1.7e308, 1.7e308]]
)
def test_conditioning_is_always_usable(values: list[float]) -> None:
    column = infer_schema(table(a=values, price=["x", "y", *["x"] * (len(values) - 2)]), config()).columns[0]
    assert np.isfinite(column.center)
    assert np.isfinite(1 / column.spread)


def test_conditioning_of_an_offset() -> None:
    values = [1.7e9 + 10.0 * i for i in range(101)]
    column = infer_schema(table(time=values, price=["x", "y", *["x"] * 99]), config()).columns[0]
    assert (column.center, column.spread) == (1.7e9 + 256, 512)


def test_a_part_of_the_rows_is_conditioned_alike() -> None:
    values = np.random.default_rng(0).integers(256, 3998, 2000).astype(float)
    parts = [values, values[:1600], values[400:], values[::2]]
    columns = [infer_columns(table(ram=list(part)), config())[0] for part in parts]
    assert {(column.center, column.spread) for column in columns} == {(2048.0, 2048.0)}


def test_configured_labels_give_the_order() -> None:
    cells = table(a=[1.0, 2.0, 3.0], price=["high", "low", "mid"])
    schema = infer_schema(cells, config(kind="ordinal", labels=("low", "mid", "high")))
    assert schema.labels == ("low", "mid", "high")
    numbers = infer_schema(table(a=[1.0, 2.0], price=["1", "2.0"]), config(labels=("2", "1.0")))
    assert (numbers.labels, numbers.label_kind) == (("2", "1"), "whole")
    words = infer_schema(table(a=[1.0, 2.0], price=["yes", "no"]), config(labels=("yes", "no")))
    assert (words.labels, words.label_kind) == (("yes", "no"), "text")


def test_regression_range() -> None:
    schema = infer_schema(table(a=[1.0, 2.0], price=[3.5, -1.0]), config(kind="regression"))
    assert (schema.labels, schema.target_low, schema.target_high) == ((), -1.0, 3.5)


FAULTS: list[tuple[Table, Config, str]] = [
    (
        phones(), config("prise"),
        ("phones.csv: no column 'prise' (did you mean 'price'?) to predict; the columns are id, ram, "
        "wifi, g4, os, price; name it with -s data.target=NAME"),
    ),
    (
        phones(), config(ignored_columns=["rom"]),
        "phones.csv: no column 'rom' (did you mean 'ram'?); correct data.ignored_columns",
    ),
    (
        phones(), config(categorical_columns=["zzz"]),
        "phones.csv: no column 'zzz'; correct data.categorical_columns",
    ),
    (
        phones(), config(ignored_columns=["price"]),
        "phones.csv: column 'price' is data.target and in data.ignored_columns; remove it from one",
    ),
    (
        table(id=["a"], price=["x"]), config(),
        "phones.csv: no column is left as a feature; check data.id_columns and data.ignored_columns",
    ),
    (phones().slice(0, 0), config(), "phones.csv: found a header and no rows, expected rows to learn from"),
    (
        table(a=[1.0, 2, 3], price=["x", None, None]), config(),
        ("phones.csv line 3, column 'price': found no value, expected a label (so in 2 rows); fill it in "
        "or delete the row"),
    ),
    (
        table(a=[1.0, 2], price=[1.0, None]), config(kind="regression"),
        ("phones.csv line 3, column 'price': found no value, expected a number; fill it in or delete the "
        "row"),
    ),
    (
        table(a=[1.0, 2], price=["1", "cheap"]), config(kind="regression"),
        ("phones.csv line 3, column 'price': found 'cheap', expected a number; correct it, or leave such "
        "rows out with --on-bad-row skip"),
    ),
    (
        table(a=[1.0, 2], price=["x", "x"]), config(),
        ("phones.csv, column 'price': found label 'x' in all 2 rows, expected two classes or more; add "
        "rows of another class"),
    ),
    (
        table(a=[1.0], price=["x"]), config(),
        ("phones.csv, column 'price': found label 'x' in the only row, expected two classes or more; add "
        "rows of another class"),
    ),
    (
        table(a=[1.0, 2, 3], price=["x", "y", "z"]), config(kind="binary"),
        ("phones.csv, column 'price': found 3 labels: x (1 row), y (1 row), z (1 row); task.kind = "
        '"binary" allows two; set task.kind = "multiclass" or "ordinal"'),
    ),
    (
        table(a=[1.0, 2, 3], price=["x", "y", "z"]), config(kind="binary", labels=("x", "y")),
        ("phones.csv, column 'price': found 3 labels: x (1 row), y (1 row), z (1 row); task.kind = "
        '"binary" allows two; set task.kind = "multiclass" or "ordinal"'),
    ),
    (
        table(a=[0.0] * 1001, price=[float(i) for i in range(1001)]), config(kind="binary"),
        ("phones.csv, column 'price': found 1001 labels: 0 (1 row), 1 (1 row), 2 (1 row), 3 (1 row), 4 (1 row), "
        "5 (1 row), 6 (1 row), 7 (1 row), 8 (1 row), 9 (1 row) and 991 more; task.kind = "
        '"binary" allows two; for a number to predict set task.kind = "regression"'),
    ),
    (
        table(a=[1.0, 2], price=["x", "y"]), config(labels=("x", "z")),
        "phones.csv, column 'price': found labels 'y', task.labels allows 'x', 'z'; add them there",
    ),
    (
        table(a=[1.0, 2], price=["x", "y"]), config(labels=("x", "y", "z")),
        "phones.csv, column 'price': no row has the label 'z' of task.labels; remove it there",
    ),
    (
        table(a=[1.0, 2], price=["1", "2"]), config(labels=("1", "2", "1.0")),
        "phones.csv, column 'price': task.labels names a label twice: '1', '2', '1.0'; remove one",
    ),
    (
        table(a=[0.0] * 2002, price=[float(i) for i in range(1001)] * 2), config(),
        ("phones.csv, column 'price': found 1,001 different labels, at most 1,000 classes are allowed; for "
        'a number to predict set task.kind = "regression"'),
    ),
    (
        table(a=[1.0, 2], price=[3.5, 3.5]), config(kind="regression"),
        ("phones.csv: column 'price' has one value only, 3.5 in all 2 rows, expected two or more; "
        "choose another target"),
    ),
    (
        table(a=[1.0], price=[7.0]), config(kind="regression"),
        ("phones.csv: column 'price' has one value only, 7 in the only row, expected two or more; "
        "choose another target"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "settings", "message"), FAULTS)
def test_faults(cells: Table, settings: Config, message: str) -> None:
    with pytest.raises(DataError) as fault:
        infer_schema(cells, settings)
    assert str(fault.value) == message


def test_schema_survives_json() -> None:
    schema = infer_schema(phones(), config())
    assert TableSchema.model_validate_json(schema.model_dump_json()) == schema


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"columns": []}, "at least 1 item"),
        ({"labels": ["0"]}, "labels must be two or more different texts, or none"),
        ({"labels": ["0", "0"]}, "labels must be two or more different texts, or none"),
        ({"id_columns": ["ram"]}, "column 'ram' has two parts in the schema"),
        ({"target": "os"}, "column 'os' has two parts in the schema"),
        ({"labels": ["1", "x"]}, "labels are not of kind 'whole'"),
        ({"colour": 1}, "Extra inputs are not permitted"),
    ],
)
def test_hostile_schemas_are_rejected(change: dict[str, Any], reason: str) -> None:
    content = json.loads(infer_schema(phones(), config()).model_dump_json())
    with pytest.raises(ValidationError, match=reason) as caught:
        TableSchema.model_validate(content | change)
    assert caught.value.error_count() == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "categorical", "categories": ["a", "a"]}, "column 'ram' names a category twice"),
        ({"spread": 0.0}, "greater than 0"),
        ({"spread": float("nan")}, "finite number"),
        ({"center": float("inf")}, "finite number"),
        (
            {"kind": "categorical", "categories": ["1.0"], "spelling": "whole"},
            "that no cell is matched with",
        ),
        (
            {"kind": "categorical", "categories": ["01"], "spelling": "number"},
            "that no cell is matched with",
        ),
        ({"spelling": "any"}, "'text', 'whole', 'clean' or 'number'"),
        ({"categories": ["a"]}, "column 'ram' is numeric and has categories"),
        ({"kind": "text"}, "'numeric', 'boolean', 'date' or 'categorical'"),
        ({"name": ""}, "at least 1 character"),
    ],
)
def test_hostile_columns_are_rejected(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Column.model_validate({"name": "ram", "kind": "numeric", "low": 0.0, "high": 1.0} | change)


def test_real_phones(real_data: Path) -> None:
    cells = read_table(real_data / "mobile_price_train.csv", ReadOptions(), text_columns=["price_range"])
    schema = infer_schema(cells, Config())
    assert schema.labels == ("0", "1", "2", "3")
    boolean = {column.name for column in schema.columns if column.kind == "boolean"}
    assert boolean == {"blue", "dual_sim", "four_g", "three_g", "touch_screen", "wifi"}
    assert len(schema.numeric_names) == 14


def test_real_used_phones(real_data: Path) -> None:
    cells = read_table(real_data / "used_phones.csv", ReadOptions())
    schema = infer_schema(cells, config("normalized_used_price", "regression"))
    kinds = {column.name: column.kind for column in schema.columns}
    assert {name for name, kind in kinds.items() if kind == "categorical"} == {"device_brand", "os"}
    assert {name for name, kind in kinds.items() if kind == "boolean"} == {"4g", "5g"}
    assert sum(column.has_missing for column in schema.columns) == 6


def test_a_cell_that_stands_alone_is_named_by_its_row_of_the_file() -> None:
    values = [None, *map(float, range(30)), 1e9]
    (column,) = infer_columns(table(x=values), Config())
    assert column.usual == (0, 29)
    assert column.alone == StandingAlone(row=32, value=1e9, times=column.alone.times if column.alone else 1, cells=1)
    assert column.alone.message == "1e+09 in row 32 is 6.7e+07 times as far from the median as any other cell"
    (as_it_is,) = infer_columns(table(x=values), Config(data=DataConfig(clip_inputs=False)))
    assert as_it_is.usual is None
    assert as_it_is.alone == column.alone


def test_a_row_of_a_worksheet_is_numbered_as_excel_does() -> None:
    cells = table(x=[*map(float, range(30)), 1e9])
    for sheet, row in ((cells, 31), (replace(cells, typed=True), 32)):
        (column,) = infer_columns(sheet, Config())
        assert column.alone is not None
        assert column.alone.row == row


@pytest.mark.parametrize(
    ("times", "told"), [(3.04, "3"), (12.3, "12"), (389.0, "390"), (6.66e4, "67,000"), (3.3e10, "3.3e+10")]
)
def test_how_far_a_cell_stands(times: float, told: str) -> None:
    alone = StandingAlone(row=3, value=1.0, times=times, cells=1)
    assert alone.message == f"1 in row 3 is {told} times as far from the median as any other cell"


def test_several_cells_that_stand_alone() -> None:
    alone = StandingAlone(row=3, value=-999.0, times=80.0, cells=3)
    assert alone.message == (
        "-999 in row 3, and 2 more cells like it, are up to 80 times as far from the median as any other cell"
    )


@pytest.mark.parametrize(
    ("clean", "target", "expected"),
    [(False, "level", ["os", "level"]), (False, None, ["os"]), (False, "sold", ["os"]), (True, "level", [])],
)
def test_where_texts_are_nearly_equal(clean: bool, target: str | None, expected: list[str]) -> None:
    """Words for yes and no, and whole numbers, have no spellings that count."""
    cells = table(
        os=["a", "A", "b"], wifi=["yes", "Yes", "no"], nr=["1", "1.0", "x"], level=["low", "low ", "b"],
        sold=["NO", "no", "yes"], code=["1", "1.0", "2"],
    )  # fmt: skip
    columns = infer_columns(cells.without(["level", "sold"]), config(categorical_columns=("code",), clean_text=clean))
    assert list(near_equal_texts(cells, columns, target, clean=clean)) == expected
