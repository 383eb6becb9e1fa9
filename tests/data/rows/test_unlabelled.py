"""Rows without a target."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from phoneprice.config.schema import DataConfig
from phoneprice.data.rows.unlabelled import with_target
from phoneprice.data.table import Table
from phoneprice.errors import DataError
from tests.small_tables import table

SETTING = 'data.missing_target = "drop" does so, "fail" would stop there'


def data(**settings: Any) -> DataConfig:
    return DataConfig(target="y", **settings)


@pytest.mark.parametrize(
    ("cells", "kept", "remark"),
    [
        ([None, "p", "q"], [3, 4], f"left out 1 row without a value of the target 'y' (line 2); {SETTING}"),
        (["p", None, None], [2], f"left out 2 rows without a value of the target 'y' (line 3 first); {SETTING}"),
        ([1.5, None, 2.5], [2, 4], f"left out 1 row without a value of the target 'y' (line 3); {SETTING}"),
    ],
)
def test_they_are_left_out_and_the_others_keep_their_places(cells: list[Any], kept: list[int], remark: str) -> None:
    found = with_target(table(a=[1.0, 2.0, 3.0], y=cells), data())
    assert [found.place(row) for row in range(found.rows)] == [f"phones.csv line {line}" for line in kept]
    assert found.numbered.tolist() == [line - 1 for line in kept]
    assert (found.unlabelled_rows, found.remarks) == (3 - len(kept), (remark,))


def test_rows_of_a_file_without_lines() -> None:
    found = with_target(Table("phones.parquet", {"y": pa.array(["p", None, "q"])}), data())
    assert found.remarks == (f"left out 1 row without a value of the target 'y' (row 2); {SETTING}",)
    assert found.place(1) == "phones.parquet row 3"


def test_a_word_that_may_be_a_label_is_named() -> None:
    written = ["NA", "", "p", "NA", " nan ", None, "q"]
    cells = table(y=[None, None, "p", None, None, None, "q"])
    found = with_target(Table(cells.source, cells.columns, cells.lines, written={"y": pa.array(written)}), data())
    (remark,) = found.remarks
    assert remark == (
        "left out 5 rows without a value of the target 'y' (line 2 first), found 'NA' in 2 rows, ' nan ' in 1 row, "
        "missing by data.missing_values: if that is a value, "
        f'set data.columns = {{y = {{missing_values = [""]}}}}; {SETTING}'
    )
    assert found.written["y"].to_pylist() == ["p", "q"]


@pytest.mark.parametrize(
    ("cells", "settings"),
    [
        (table(y=["p", "q"]), data()),
        (table(y=["p", None]), data(missing_target="fail")),
        (table(y=[None, None]), data(missing_target="fail")),
        (table(x=[None, 1.0]), data()),
        (table(y=[]), data()),
    ],
)
def test_where_all_rows_stay(cells: Table, settings: DataConfig) -> None:
    assert with_target(cells, settings) is cells


@pytest.mark.parametrize(("rows", "told"), [(1, "the only row"), (1200, "all 1,200 rows")])
def test_none_is_left(rows: int, told: str) -> None:
    with pytest.raises(DataError) as caught:
        with_target(table(y=[None] * rows), data())
    assert str(caught.value) == (
        f"phones.csv: column 'y': found no value in {told}, expected a target in some; fill them in"
    )
