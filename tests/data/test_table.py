import numpy as np
import pyarrow as pa

from phoneprice.data.table import Table, concat


def example() -> Table:
    columns = {"ram": pa.array([1.0, None, 3.0]), "id": pa.array(["007", "a", None])}
    return Table("phones.csv", columns, np.array([2, 4, 5]), skipped_rows=1)


def test_place_with_lines() -> None:
    assert example().place(1, "ram") == "phones.csv line 4, column 'ram'"
    assert example().place(2) == "phones.csv line 5"


def test_place_without_lines_counts_rows() -> None:
    table = Table("p.parquet", {"a": pa.array([1.0, 2.0])})
    assert table.place(1) == "p.parquet row 2"
    assert table.take(np.array([1])).place(0) == "p.parquet row 2"


def test_take_select_slice() -> None:
    table = example().take(np.array([2, 0]))
    assert table.lines is not None
    assert table.lines.tolist() == [5, 2]
    assert table.columns["id"].to_pylist() == [None, "007"]
    assert example().select(["id"]).names == ("id",)
    assert example().select([]).rows == 3
    assert example().without(["id"]).names == ("ram",)
    assert example().slice(1, 9).rows == 2
    assert example().slice(1, 9).skipped_rows == 0


def test_concat_adds_up() -> None:
    both = concat([example(), example().slice(0, 1)])
    assert both.rows == 4
    assert both.skipped_rows == 2
    assert both.lines is not None
    assert both.lines.tolist() == [2, 4, 5, 2]
