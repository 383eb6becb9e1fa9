from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from phoneprice.config.fields import as_line, as_option
from phoneprice.config.schema import Config
from phoneprice.data.encoding.dates import find_dates
from phoneprice.data.inspection.mixed import with_dates
from phoneprice.data.rows.row_roles import (
    RowRoles,
    known_roles,
    may_be_groups,
    may_be_in_time,
    may_be_weights,
    odd_scale,
    row_roles,
    with_weight,
)
from phoneprice.errors import DataError
from tests.small_tables import table

A_TIME = "expected numbers, or dates such as 2024-01-31 or 2024-01-31 18:30, to put the rows in order; write them so"
EITHER = "day before month or month before day"
A_WEIGHT = "expected 0 or a number from 1e-09 to 1e+09; correct it"


def config(group: str = "", weight: str = "", order: str = "", **data: Any) -> Config:
    return Config.model_validate(
        {
            "data": {"target": "y", "group_column": group, "weight_column": weight, **data},
            "validation": {"scheme": "holdout", "order_column": order},
        }
    )


def test_groups_and_weights() -> None:
    rows = table(who=["b", "a", "b"], w=[2.0, 0.5, 1.0], y=["p", "q", "p"])
    found = row_roles(rows, config("who", "w"))
    assert found.groups is not None
    assert found.groups.tolist() == [0, 1, 0]
    assert found.weights is not None
    assert found.weights.tolist() == [2.0, 0.5, 1.0]
    assert found.times is None
    assert dict(found.take(np.array([2, 1])))["weights"].tolist() == [1.0, 0.5]
    assert dict(row_roles(rows, config())) == {}


@pytest.mark.parametrize(
    ("cells", "ranks"),
    [
        ([10.0, 9.0, 10.0, -1.5], [2, 1, 2, 0]),
        (["10", "9", "1e1", "-1.5"], [2, 1, 2, 0]),
        (["2024-02-01", "2023-12-31", "2024-02-01"], [1, 0, 1]),
        (["2024-10", "2024-09", "2025-01"], [1, 0, 2]),
        (["2024-02-01 08:30", "2024-02-01", "2024-02-01T08:30:01", "2024-02-01T08:30Z"], [1, 0, 2, 1]),
        (["2024-02-01T01:00+02:00", "2024-01-31T23:30:00"], [0, 1]),
        (["2024-W10-1", "2024-W09-1"], [1, 0]),
        (["1.2.2024", "31.1.2024", "Feb 2, 2024"], [1, 0, 2]),
    ],
)
def test_times(cells: list[Any], ranks: list[int]) -> None:
    found = row_roles(table(day=cells), config(order="day"))
    assert found.times is not None
    assert found.times.tolist() == ranks


@pytest.mark.parametrize(
    ("columns", "asked", "fault"),
    [
        (
            {"day": ["2024-01-31", "31.1."]},
            config(order="day"),
            f"phones.csv line 3, column 'day': found '31.1.', {A_TIME}",
        ),
        (
            {"day": ["01/02/2024", "02/01/2024"]},
            config(order="day"),
            f"phones.csv: column 'day': '01/02/2024' may have {EITHER}; set data.date_order = \"dmy\" or \"mdy\"",
        ),
        (
            {"who": ["a", None]},
            config("who"),
            "phones.csv line 3, column 'who': found no value, expected a group; fill it in or delete the row",
        ),
        (
            {"w": [1.0, None]},
            config(weight="w"),
            "phones.csv line 3, column 'w': found no value, expected a weight; fill it in or delete the row",
        ),
        (
            {"w": [1.0, -1.0]},
            config(weight="w"),
            f"phones.csv line 3, column 'w': found the weight -1, {A_WEIGHT}",
        ),
        (
            {"w": [1.0, 1e300]},
            config(weight="w"),
            f"phones.csv line 3, column 'w': found the weight 1e+300, {A_WEIGHT}",
        ),
    ],
)
def test_faults(columns: dict[str, Any], asked: Config, fault: str) -> None:
    with pytest.raises(DataError) as raised:
        row_roles(table(**columns), asked)
    assert str(raised.value) == fault


def test_an_infinite_weight_is_none() -> None:
    cells = replace(table(w=[1.0, None]), infinite_cells={"w": 1})
    with pytest.raises(DataError) as raised:
        row_roles(cells, config(weight="w"))
    assert str(raised.value) == (
        "phones.csv line 3, column 'w': found no finite number, expected a weight; fill it in or delete the row"
    )


def test_an_open_order_of_days_is_as_configured() -> None:
    rows = table(day=["01/02/2024", "02/01/2024"])
    for order, ranks in (("dmy", [1, 0]), ("mdy", [0, 1])):
        times = row_roles(rows, config(order="day", date_order=order)).times
        assert times is not None
        assert times.tolist() == ranks


def test_rows_that_are_not_split_need_no_groups_or_times() -> None:
    asked = config("who", "w")
    found = known_roles(table(who=["a", None], w=[1.0, 2.0]), asked)
    assert [name for name, _ in found] == ["weights"]
    with pytest.raises(DataError, match="found the weight -1"):
        known_roles(table(who=["a", "b"], w=[1.0, -1.0]), asked)
    assert dict(known_roles(table(a=[1.0]), asked)) == {}


def test_rows_without_weight_are_left_out() -> None:
    rows = table(a=[1.0, 2.0, 3.0], w=[0.0, 2.0, 0.0])
    kept = with_weight(rows, config(weight="w"))
    assert (kept.rows, kept.weightless_rows, kept.left_out_rows, kept.place(0)) == (1, 2, 2, "phones.csv line 3")
    assert kept.remarks == ('left out 2 rows with the weight 0 (data.weight_column = "w")',)
    assert with_weight(rows, config()) is rows
    assert with_weight(rows, config(weight="v")) is rows
    with pytest.raises(DataError) as raised:
        with_weight(table(w=[0.0, 0.0]), config(weight="w"))
    assert str(raised.value) == "phones.csv: column 'w': found the weight 0 in all rows, expected more in some"


@pytest.mark.parametrize(
    ("weights", "odd"),
    [([1.0, 2.0, 0.5], False), ([100.0, 200.0], False), ([0.01, 0.02], True), ([100.5, 200.0], True)],
)
def test_weights_that_are_hardly_numbers_of_rows(weights: list[float], odd: bool) -> None:
    said = odd_scale(np.array(weights))
    assert bool(said) == odd
    assert not odd_scale(None)


def test_what_is_said_of_odd_weights() -> None:
    assert odd_scale(np.full(50, 0.02)) == (
        "the weights of 50 rows add up to 1, and as so many rows they count in penalties and intervals; "
        "if they are no numbers of rows, divide them by their mean"
    )


TWELVE = [f"P{i % 6}" for i in range(12)]
NUMBERED = [float(i % 6) for i in range(12)]
UNIQUE = [f"P{i}" for i in range(12)]


@pytest.mark.parametrize(
    ("columns", "ids", "named"),
    [
        ({"patient": TWELVE}, (), "column 'patient' has 6 values in 12 rows"),
        ({"store_id": NUMBERED}, (), "column 'store_id' has 6 values in 12 rows"),
        ({"Customer No": TWELVE}, (), "column 'Customer No' has 6 values in 12 rows"),
        ({"code": TWELVE}, ("code",), "column 'code' has 6 values in 12 rows"),
        ({"id": [*UNIQUE[:10], "P0", "P1"]}, ("id",), "column 'id' has 10 values in 12 rows"),
        (
            {"user": TWELVE, "session": TWELVE},
            (),
            "columns 'user' has 6 values in 12 rows, 'session' has 6 values in 12 rows",
        ),
        ({"id": UNIQUE}, ("id",), ""),  # no value twice
        ({"patient": UNIQUE}, (), ""),
        ({"patient": ["a", "b", "c", "d"] * 3}, (), ""),  # too few to be split
        ({"code": TWELVE}, (), ""),  # a category
        ({"width": NUMBERED}, (), ""),
    ],
)
def test_columns_that_look_like_groups(columns: dict[str, Any], ids: tuple[str, ...], named: str) -> None:
    rows = table(**columns, y=["p", "q"] * 6)
    then = (
        ": rows that belong together may be learned from and held out at once, which flatters the metrics; "
        f"{as_option('data.group_column', next(iter(columns)))} keeps them together"
    )
    assert may_be_groups(rows, config(id_columns=ids)) == (f"{named}{then}" if named else "")
    assert not may_be_groups(rows, config(next(iter(columns)), id_columns=ids))


@pytest.mark.parametrize(
    ("name", "values", "hinted"),
    [
        ("perwt", [120.0, 3400.0, 15.5], True),
        ("Freq", [1.0, 20.0, 300.0], True),
        ("survey_weight", [0.2, 1.0, 3.0], True),
        ("fnlwgt", [77516.0, 83311.0, 215646.0], True),
        ("weight", [0.5, 1.0, 1.5], True),  # of mean 1
        ("weight", [60.0, 72.5, 81.0], False),  # of a person
        ("wt", [2.62, 2.875, 2.32], False),
        ("freq", [5.0, 5.0, 5.0], False),
        ("perwt", [-1.0, 2.0, 3.0], False),
        ("perwt", ["a", "b", "c"], False),
        ("height", [0.5, 1.0, 1.5], False),
    ],
)
def test_columns_that_may_be_weights(name: str, values: list[Any], hinted: bool) -> None:
    rows = table(**{name: values}, y=["p", "q", "p"])
    setting = as_option("data.weight_column", name)
    what = f"column {name!r} is learned from; if it says how many rows each row stands for, {setting} weighs them so"
    assert may_be_weights(rows, config()) == (what if hinted else "")
    assert not may_be_weights(rows, config(id_columns=(name,)))
    assert not may_be_weights(rows, Config.model_validate({"data": {"target": "y", "weight_column": name}}))


IN_ORDER = [f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(24)]
OPEN_ORDER = [f"0{1 + i % 9}/0{1 + i // 9}/2024" for i in range(24)]
SHUFFLED = [*IN_ORDER[12:], *IN_ORDER[:12]]


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ({"day": IN_ORDER}, "-s validation.order_column=day"),
        ({"day": IN_ORDER[::-1]}, "-s validation.order_column=day"),
        ({"sold on": sorted([*IN_ORDER[:12], *IN_ORDER[:12]])}, "-s 'validation.order_column=\"sold on\"'"),
        ({"a": SHUFFLED, "b": IN_ORDER}, "-s validation.order_column=b"),
        ({"day": OPEN_ORDER}, "-s validation.order_column=day and -s data.date_order=dmy"),
        ({"day": SHUFFLED}, ""),
        ({"day": [None, *IN_ORDER[1:]]}, ""),  # each row needs a time
        ({"day": sorted(IN_ORDER[:5] * 5)[:24]}, ""),  # few days, in order by chance
        ({"hour": [f"{i:02d}:30" for i in range(24)]}, "-s validation.order_column=hour"),
        ({"width": [float(i) for i in range(24)]}, ""),
    ],
)
def test_rows_that_stand_in_the_order_of_dates(columns: dict[str, Any], options: str) -> None:
    rows, asked = table(**columns, y=["p", "q"] * 12), config()
    dates = find_dates(rows, asked)
    name = next((name for name in reversed(columns) if options), "")
    expected = (
        f"the rows stand in the order of column {name!r}: if later ones are to be predicted from earlier ones, folds "
        f"at random flatter the metrics; {options} holds out the last rows"
    )
    found = with_dates(rows, dates)
    assert may_be_in_time(found, asked, dates) == (expected if options else "")
    assert not may_be_in_time(found, config(next(iter(columns))), dates)


def test_advice_for_a_file_is_a_line_of_it() -> None:
    rows, asked = table(day=IN_ORDER, y=["p", "q"] * 12), config()
    dates = find_dates(rows, asked)
    assert 'validation.order_column = "day" holds' in may_be_in_time(with_dates(rows, dates), asked, dates, as_line)


def test_roles_of_no_rows() -> None:
    assert dict(RowRoles().take(np.array([], dtype=np.int64))) == {}
