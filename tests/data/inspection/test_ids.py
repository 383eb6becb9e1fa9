from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pytest

from phoneprice.config.schema import DataConfig
from phoneprice.data.inspection.ids import COUNTS, counts_by_chance, id_reason, rises_with_rows
from phoneprice.data.rows.unlabelled import with_target
from tests.small_tables import table


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
        *((name, [float(i + 1) for i in range(30)], False) for name in ("Jahr", "step", "année", "semana", "Monat_nr")),
        *(
            (name, [90000.0 + 7 * i for i in range(40)], True)
            for name in ("Kunden-Nr.", "Kd.-Nr.", "Kundennummer", "Customer No")
        ),
        *((name, [10001.0 + i for i in range(40)], True) for name in ("Nr", "#", "No.", "num", "row", "编号")),
        *((name, [10001.0 + 7 * i for i in range(40)], False) for name in ("Nr", "NO", "num", "row")),
        ("resp", [10001.0 + i for i in range(40)], False),
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


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([1] * 40, "rises by 1 from row to row"),
        ([1] * 36 + [2, 5, 2, 3], "rises by 1 from row to row, but for 4 gaps"),
        ([1] * 35 + [2] * 5, ""),
        ([1] * 39 + [0], ""),
        ([1] * 39 + [-3], ""),
        ([1] * 15, ""),
    ],
)
def test_what_rises_with_the_rows(steps: list[int], expected: str) -> None:
    cells = table(resp=[7.0, *(7.0 + total for total in accumulate(steps))])
    assert rises_with_rows("resp", cells.columns["resp"]) == expected


@pytest.mark.parametrize(
    ("name", "reason", "expected"),
    [
        ("dose", COUNTS, True),
        ("Tag", COUNTS, True),
        ("dose", "named like an id, and each row has its own value", False),
        *((name, COUNTS, False) for name in ("nr", "X", "lfd. Nr.", "obs", "#", "序号", "case", "Patient")),
    ],
)
def test_what_may_count_by_chance(name: str, reason: str, expected: bool) -> None:
    assert counts_by_chance(name, reason) is expected


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


def test_text_that_begins_with_numbers_is_said_to() -> None:
    cells = [f"{i}.5 {side}" for i, side in enumerate(["CR", "DR"] * 15)]
    told = "text, and each row has its own, though all begin with numbers, as '0.5 CR' does"
    assert id_reason(table(a=cells), "a") == told
