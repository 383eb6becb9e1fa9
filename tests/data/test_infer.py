from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phoneprice.config.load import config_from_toml
from phoneprice.config.schema import INDEX_COLUMNS, Config, DataConfig
from phoneprice.data.infer import Given, id_reason, infer_config, init_text, suggest_target
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.schema import infer_schema
from phoneprice.data.table import Table
from phoneprice.data.unlabelled import with_target
from phoneprice.errors import DataError
from tests.small_tables import table

WORDS = ["b", "a", "c"]


def given(*, ids: bool = False, ignored: bool = False, **data: Any) -> Given:
    """What settings of ``[data]`` say."""
    config = Config(data=DataConfig(**{"id_columns": (), **data}))
    return Given(config, ids=ids, ignored=ignored)


@pytest.mark.parametrize(
    ("cells", "kind", "reason"),
    [
        (["yes", "no"] * 20, "binary", "Two different values: 'no', 'yes'"),
        ([3.0, 7.0] * 20, "binary", "Two different values: '3', '7'"),
        (["1", "1.0", "2"] * 10, "binary", "Two different values: '1', '2'"),
        (["01", "1"] * 20, "binary", "Two different values: '01', '1'"),
        (
            ["9007199254740992", "9007199254740993"] * 20,
            "binary",
            "Two different values: '9007199254740992', '9007199254740993'",
        ),
        (
            ["9007199254740992", "9007199254740993", "5"] * 5,
            "ordinal",
            (
                "3 different whole numbers, 5 to 9.0072e+15: classes with an order; if theirs means nothing, "
                'choose "multiclass"'
            ),
        ),
        (["0.5", "0.50", "1.5", "2.5"] * 20, "regression", "3 different numbers in 80 rows: a quantity"),
        (
            WORDS * 10,
            "multiclass",
            "3 different texts ('a', 'b', 'c'); if they have an order, choose \"ordinal\" and set labels in that order",
        ),
        (
            [1.0, 2.0, 3.0] * 5,
            "ordinal",
            '3 different whole numbers, 1 to 3: classes with an order; if theirs means nothing, choose "multiclass"',
        ),
        ([1.0, 2.0, 3.0] * 4 + [4.0], "regression", "4 different whole numbers in 13 rows: a quantity"),
        ([0.5, 1.0, 1.5] * 30, "regression", "3 different numbers in 90 rows: a quantity"),
        ([float(i % 21) for i in range(500)], "regression", "21 different whole numbers in 500 rows: a quantity"),
    ],
)
def test_task(cells: list[Any], kind: str, reason: str) -> None:
    inferred = infer_config(table(a=[0.5] * len(cells), y=cells), "y")
    assert (inferred.kind, inferred.reasons["task.kind"]) == (kind, reason)


def test_a_hook_may_judge_the_order() -> None:
    cells = table(a=[0.5] * 30, y=[1.0, 2.0, 3.0] * 10)

    def ordered(found: Table, target: str) -> bool:
        assert (found.names, target) == (("a", "y"), "y")
        return False

    inferred = infer_config(cells, "y", ordered)
    assert inferred.kind == "multiclass"
    assert inferred.reasons["task.kind"] == (
        "3 different whole numbers, 1 to 3, and they are predicted better without an order"
    )
    assert infer_config(cells, "y", lambda *_: True).kind == "ordinal"


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("id", ["x", "y", "z"], True),
        ("Phone_ID", [5.0, 9.0, 2.0], True),
        ("index", [5.0, 9.0, 2.0], True),
        ("Unnamed: 0", [5.0, 9.0, 2.0], True),
        ("id", ["x", "x", "z"], False),
        ("id", ["x", None, "z"], False),
        ("id", ["x"], False),
        *(
            (name, [90000.0 + 7 * i for i in range(40)], True)
            for name in ("ID", "Id", "CustomerID", "PassengerId", "id no")
        ),
        ("id", [None, *(90000.0 + i for i in range(39))], True),
        ("id", [90001.0, *(90000.0 + i for i in range(39))], True),
        ("id", [f"{i}e{700 + i}" for i in range(40)], True),
        ("id", [*(None for _ in range(5)), *(90000.0 + i for i in range(35))], False),
        ("id", [float(i % 20) for i in range(40)], False),
        *((name, [20.5 + i for i in range(40)], False) for name in ("ID", "id", "body_mass_index", "key", "index")),
        ("ID", [f"{20.5 + i}" for i in range(40)], False),
        ("body_mass_index", [30.0, 18.0, 25.0, 40.0], False),
        ("row_index", [float(i) for i in range(30)], True),
        ("Madrid", [5.0, 9.0, 2.0], False),
        ("paid", [1.0, 2.0, 3.0], False),
        ("serial", [f"s{i}" for i in range(30)], True),
        ("name", ["x", "y", "z"], False),
        ("ram", [*(f"{i}.5" for i in range(29)), "?"], False),
        ("nr", [float(i) for i in range(30)], True),
        ("nr", [float(i + 1) for i in range(30)], True),
        ("year", [float(i + 1990) for i in range(30)], False),
        *((name, [float(i + 1) for i in range(30)], False) for name in ("day", "Week 2", "time_s", "t", "years.old")),
        *((name, [float(i + 1) for i in range(30)], True) for name in ("count", "X", "sometimes", "birthdays")),
        ("ram", [float(i * i) for i in range(30)], False),
    ],
)
def test_what_is_an_id(name: str, cells: list[Any], expected: bool) -> None:
    assert bool(id_reason(table(**{name: cells}), name)) is expected


@pytest.mark.parametrize(
    ("first", "note"),
    [
        ([], ""),
        ([None], " but 1 without any"),
        (["a1"], " but 1 with that of another"),
        ([None, "a1", "a2"], " but 1 without any and 2 with that of another"),
    ],
)
def test_an_id_with_gaps_and_doubles_is_said_to_have_them(first: list[Any], note: str) -> None:
    cells = table(id=[*first, *(f"a{i}" for i in range(60))])
    assert id_reason(cells, "id") == f"named like an id, and each row has its own value{note}"


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("left_out", "step", "expected"), [((3, 4, 9), 1, True), ((0, 1, 29), 1, True), ((3,), 2, False)]
)
def test_a_counter_counts_the_rows_of_the_file(first: int, left_out: Sequence[int], step: int, expected: bool) -> None:
    """Those without a target are left out before anybody asks."""
    target = [None if row in left_out else "pq"[row % 2] for row in range(40)]
    cells = with_target(table(nr=[float(first + step * row) for row in range(40)], y=target), DataConfig(target="y"))
    assert cells.rows == 40 - len(left_out)
    assert bool(id_reason(cells, "nr")) is expected


@pytest.mark.parametrize("name", INDEX_COLUMNS)
def test_an_index_is_an_id_though_it_has_gaps_and_doubles(name: str) -> None:
    cells = table(**{name: [1.0, 1.0, None] * 10}, ram=[float(i % 7) for i in range(30)], y=["p", "q"] * 15)
    inferred = infer_config(cells, "y")
    assert inferred.id_columns == (name,)
    assert inferred.reasons["data.id_columns"] == f"{name or repr('')}: an index of the rows, as pandas and R call it"


def test_columns_of_no_use_are_ignored() -> None:
    texts = [f"a phone of kind {i // 3 * 2}" for i in range(600)]
    cells = table(
        empty=[None] * 600,
        review=[*texts[:-1], "last"],
        comment=[f"c{i}" for i in range(400)] + ["c0"] * 200,
        y=["p", "q"] * 300,
    )
    inferred = infer_config(cells, "y")
    assert inferred.ignored_columns == ("empty", "comment")
    assert inferred.reasons["data.ignored_columns"] == (
        "empty: no value at all; comment: free text, 400 different values in 600 rows"
    )


@pytest.mark.parametrize(
    ("cells", "target", "message"),
    [
        (table(a=[1.0]), "aa", "no column 'aa' (did you mean 'a'?) to predict; the columns are a"),
        (table(a=[1.0]).slice(0, 0), "a", "found a header and no rows, expected rows to infer a configuration from"),
        (table(a=[1.0, 1.0]), "a", "column 'a' has one value only, expected two or more"),
        (table(a=[None, None]), "a", "column 'a' has no value, expected two or more"),
        (table(a=["1", "1.0"]), "a", "column 'a' has one value only, expected two or more"),
        (table(nr=[float(i) for i in range(30)], a=[1.0, 2.0] * 15), "a",
            "no column is left to learn 'a' from (nr: counts the rows)"),
        (table(a=[1.0, 2.0] * 15), "a", "no column is left to learn 'a' from"),
        (table(a=WORDS), "a", "column 'a' has 3 different texts in 3 rows, expected classes or numbers"),
    ],
)  # fmt: skip
def test_faults(cells: Table, target: str, message: str) -> None:
    with pytest.raises(DataError) as fault:
        infer_config(cells, target)
    remedy = {"aa": "; correct --target"}.get(target, "; choose another --target" if cells.rows else "")
    remedy = "; add columns that tell something of it" if "is left" in message else remedy
    assert str(fault.value) == f"phones.csv: {message}{remedy}"


@pytest.mark.parametrize("cell", ["1e400", "-inf"])
def test_a_target_of_numbers_that_are_not_all_finite(cell: str) -> None:
    with pytest.raises(DataError) as fault:
        infer_config(table(a=[1.0, 2.0, 3.0], y=["1", "2", cell]), "y")
    assert str(fault.value) == (
        f"phones.csv line 4, column 'y': found '{cell}', expected a finite number; correct it or leave it empty"
    )


ROLES = table(
    code=[f"c{i}" for i in range(300)],
    name=[f"n{i % 290}" for i in range(300)],
    zip=[float(i % 9) for i in range(300)],
    wifi=["yes", "no", "no"] * 100,
    y=[0.5 * i for i in range(300)],
)


def test_the_summary_of_many_columns_counts_those_it_does_not_name() -> None:
    ids = {f"{i}_id": [float(i + j * j) for j in range(30)] for i in range(12)}
    inferred = infer_config(table(a=[0.5] * 30, **ids, y=[0.5 * i for i in range(30)]), "y")
    named = "; ".join(f"{i}_id: named like an id, and each row has its own value" for i in range(10))
    assert inferred.summary[1] == f"phones.csv: inferred features: 1 number. ids: {named} and 2 more"


@pytest.mark.parametrize(
    ("said", "ids", "ignored"),
    [
        (given(), ("code",), ("name",)),
        (given(ids=True, id_columns=("name", "nix")), ("name",), ("code",)),
        (given(ids=True, id_columns=()), ("id",), ("code", "name")),
        (given(ignored=True, ignored_columns=("zip",)), ("code",), ("zip",)),
        (given(categorical_columns=("code", "name")), ("id",), ()),
        (given(ids=True, ignored=True, id_columns=("zip",)), ("zip",), ()),
    ],
)
def test_roles_that_are_given(said: Given, ids: tuple[str, ...], ignored: tuple[str, ...]) -> None:
    inferred = infer_config(ROLES, "y", given=said)
    assert (inferred.id_columns, inferred.ignored_columns) == (ids, ignored)
    roles = {"target": "y", "id_columns": ids, "ignored_columns": ignored}
    assert inferred.settings == {"data": roles, "task": {"kind": "regression"}}


def test_numbers_with_a_typing_error_stay_a_feature() -> None:
    cells = table(ram=[*(f"{i}.5" for i in range(399)), "unknown"], y=["p", "q"] * 200)
    assert infer_config(cells, "y").features == {"numeric": ("ram",)}
    assert infer_config(cells, "y", given=given(categorical_columns=("ram",))).features == {"categorical": ("ram",)}


def test_features_by_kind() -> None:
    assert infer_config(ROLES, "y").features == {"numeric": ("zip",), "boolean": ("wifi",)}
    categories = given(categorical_columns=("zip",))
    assert infer_config(ROLES, "y", given=categories).features == {"boolean": ("wifi",), "categorical": ("zip",)}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a", "b"), "b"),
        (("a", "target", "b"), "target"),
        (("Y", "b"), "Y"),
        (("price_class", "b"), "price_class"),
        (("energy", "b"), "b"),
    ],
)
def test_a_target_is_suggested(names: tuple[str, ...], expected: str) -> None:
    numbers = {name: [0.5 * (i % 7) for i in range(30)] for name in names}
    unfit: dict[str, list[Any]] = {"class": ["same"] * 30, "label": [None] * 30, "id": [f"i{i}" for i in range(30)]}
    assert suggest_target(table(**unfit, **numbers, comment=[f"c{i % 16}" for i in range(30)])) == expected


def test_no_target_is_suggested_where_no_column_can_be_one() -> None:
    assert suggest_target(table(a=[1.0] * 3)) is None
    assert suggest_target(table(a=[1.0] * 3).slice(0, 0)) is None


def test_text_of_the_configuration() -> None:
    cells = table(
        phone_id=[float(i) for i in range(30)],
        ram=[float(i % 9) for i in range(30)],
        wifi=["yes", "no", "yes"] * 10,
        os=["iOS", "Android", "x"] * 10,
        y=[1.0, 2.0, 3.0] * 10,
    )
    assert init_text(
        infer_config(cells, "y"), cells, ReadOptions(delimiter=";", encoding="latin-1"), "my phones.toml"
    ) == (
        """\
# Made from phones.csv (30 rows) by `phoneprice config init`. What is not here keeps its default:
# `phoneprice config show -c 'my phones.toml'` prints every setting. Train with `phoneprice train
# phones.csv -c 'my phones.toml'`.

[data]
target = "y"

# Ids are no features; predictions keep them. phone_id: named like an id, and each row has its own
# value.
id_columns = ["phone_id"]

# Columns that are not used at all. None found.
ignored_columns = []

# Found numbers: ram; yes or no: wifi; categories: os. Add those whose numbers are mere names, such
# as a shop's number.
categorical_columns = []
delimiter = ";"
encoding = "latin-1"

[task]
# 3 different whole numbers, 1 to 3: classes with an order; if theirs means nothing, choose
# "multiclass". The loss follows.
kind = "ordinal"
"""
    )


def test_the_usual_id_column_is_explained() -> None:
    cells = table(ram=[float(i % 9) for i in range(30)], y=[1.0, 2.0, 3.0] * 10)
    text = init_text(infer_config(cells, "y"), cells)
    told = 'None found; "id" is here for tables to predict that have such a column.'
    assert told in " ".join(text.replace("\n# ", " ").split())
    assert 'id_columns = ["id"]' in text


def test_the_command_for_a_table_from_standard_input_can_be_typed() -> None:
    cells = replace(table(ram=[float(i % 9) for i in range(30)], y=[1.0, 2.0, 3.0] * 10), source="<stdin>")
    text = " ".join(init_text(infer_config(cells, "y"), cells, name="phones.toml").replace("\n# ", " ").split())
    assert "Made from '<stdin>' (30 rows)" in text
    assert "Train with `phoneprice train - -c phones.toml`." in text


def test_any_name_gives_valid_toml() -> None:
    odd = 'a"\\\n#\x7f\u2028'
    cells = table(**{odd: ["p", "q"] * 20, "id": ["same"] * 40})
    config = config_from_toml(init_text(infer_config(cells, odd), cells), "test")
    assert config.data.target == odd
    assert config.data.id_columns == ()


@pytest.mark.parametrize(
    ("file", "target", "kind", "loss"),
    [
        ("used_phones.csv", "normalized_used_price", "regression", "mse"),
        ("used_phones.csv", "os", "multiclass", "cross_entropy"),
        ("used_phones.csv", "4g", "binary", "binary_cross_entropy"),
        ("mobile_price_train.csv", "four_g", "binary", "binary_cross_entropy"),
        ("mobile_price_train.csv", "price_range", "ordinal", "ordinal"),
        ("mobile_price_train.csv", "ram", "regression", "mse"),
    ],
)
def test_real_files(real_data: Path, file: str, target: str, kind: str, loss: str) -> None:
    cells = read_table(real_data / file, ReadOptions())
    config = config_from_toml(init_text(infer_config(cells, target), cells), "test")
    assert (config.task.kind, config.loss.name) == (kind, loss)
    assert config.data.id_columns == ("id",)
    assert config.data.ignored_columns == ()
    schema = infer_schema(cells, config)
    assert len(schema.columns) == len(cells.names) - 1


def test_the_ids_of_a_real_file(real_data: Path) -> None:
    cells = read_table(real_data / "mobile_price_test.csv", ReadOptions())
    assert infer_config(cells, "wifi").id_columns == ("id",)
    assert np.count_nonzero([bool(id_reason(cells, name)) for name in cells.names]) == 1
