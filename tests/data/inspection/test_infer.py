from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phoneprice.config.fields import as_line
from phoneprice.config.recipes import portfolio
from phoneprice.config.schema import INDEX_COLUMNS, Config, DataConfig
from phoneprice.data.inspection.ids import id_reason
from phoneprice.data.inspection.infer import Given, infer_config, suggest_target
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.table import Table
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
        (
            ["Yes", "no", "YES", "No", "y"] * 8,
            "binary",
            "Words for yes and no, in any case: 'No', 'YES', 'Yes', 'no', 'y'",
        ),
        (["1", "0", "yes", "no"] * 8, "binary", "Words for yes and no, in any case: '0', '1', 'no', 'yes'"),
        (["01", "1"] * 20, "binary", "Two different values: '01', '1'"),
        (
            ["9007199254740992", "9007199254740993"] * 20,
            "binary",
            "Two different values: '9007199254740992', '9007199254740993'",
        ),
        (
            ["9007199254740992", "9007199254740993", "5"] * 5,
            "multiclass",
            (
                "3 different codes (whole numbers beyond 2^53, which float64 rounds, in 10 cells, as in "
                "'9007199254740993'), and no numbers"
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


@pytest.mark.parametrize("name", INDEX_COLUMNS)
def test_an_index_is_an_id_though_it_has_gaps_and_doubles(name: str) -> None:
    cells = table(**{name: [1.0, 1.0, None] * 10}, ram=[float(i % 7) for i in range(30)], y=["p", "q"] * 15)
    inferred = infer_config(cells, "y")
    assert inferred.id_columns == (name,)
    assert (
        inferred.reasons["data.id_columns"]
        == f"{name or 'the column without a name'}: an index of the rows, as pandas and R call it"
    )


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


def test_a_target_of_times_has_to_be_a_number() -> None:
    with pytest.raises(DataError) as fault:
        infer_config(table(a=[f"{i}:15:00" for i in range(30)]), "a")
    found = "phones.csv: column 'a' holds dates or times, expected classes or numbers"
    assert str(fault.value) == f"{found}; give it as a number, such as days or minutes"


@pytest.mark.parametrize(
    ("cells", "target", "message"),
    [
        (table(a=[1.0]), "aa", "no column 'aa' (did you mean 'a'?) to predict; the columns are a"),
        (table(a=[1.0]).slice(0, 0), "a", "found a header and no rows, expected rows to infer a configuration from"),
        (table(a=[1.0, 1.0]), "a", "column 'a' has one value only, expected two or more"),
        (table(a=[None, None]), "a", "column 'a' has no value, expected two or more"),
        (table(a=["yes", "YES"]), "a", "column 'a' has one value only, expected two or more"),
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


def test_a_target_of_texts_with_digits_in_all_of_them() -> None:
    cells = [f"\N{INDIAN RUPEE SIGN} {number} lot" for number in range(100, 140)]
    with pytest.raises(DataError) as fault:
        infer_config(table(a=[*range(40)], y=cells), "y")
    assert str(fault.value) == (
        "phones.csv: column 'y' has 40 different texts in 40 rows, such as '\N{INDIAN RUPEE SIGN} 100 lot', expected "
        "classes or numbers; if they are numbers, set in data.columns how they are written, "
        "else choose another --target"
    )


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


def test_the_summary_names_the_columns_that_say_something_of_rows() -> None:
    known = Config.model_validate(
        {
            "data": {"id_columns": (), "weight_column": "w"},
            "validation": {"scheme": "holdout", "order_column": "day"},
        }
    )
    cells = table(day=["2024-05-31", "2024-06-01"], a=[0.5, 1.5], w=[1.0, 2.0], y=["p", "q"])
    assert infer_config(cells, "y", given=Given(known)).summary[1] == (
        "phones.csv: inferred features: 1 number. no ids. w: data.weight_column, no feature. "
        "day: validation.order_column, no feature"
    )


def test_a_counter_that_may_mean_something_is_warned_of() -> None:
    count = [float(i + 1) for i in range(30)]
    cells = table(key=[f"k{i}" for i in range(30)], nr=count, dose=count, a=[0.5, 1.5] * 15, y=["p", "q"] * 15)
    inferred = infer_config(cells, "y")
    what = "column 'dose' counts the rows, so it is taken for an id and not learned from; if it tells something of them"
    assert list(inferred.counters_told()) == [
        f'{what}, as a dose or a depth does, -s \'data.id_columns=["key", "nr"]\' keeps it'
    ]
    assert list(inferred.counters_told(as_line)) == [
        f'{what}, as a dose or a depth does, data.id_columns = ["key", "nr"] keeps it'
    ]


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
    recipes = portfolio("regression", ROLES.rows, sum(map(len, inferred.features.values())))
    assert inferred.settings == {"data": roles, "task": {"kind": "regression"}, "portfolio": recipes}


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


def test_the_ids_of_a_real_file(real_data: Path) -> None:
    cells = read_table(real_data / "mobile_price_test.csv", ReadOptions())
    assert infer_config(cells, "wifi").id_columns == ("id",)
    assert np.count_nonzero([bool(id_reason(cells, name)) for name in cells.names]) == 1
