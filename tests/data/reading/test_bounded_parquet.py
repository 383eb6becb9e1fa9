"""Parquet whose contents are far larger than the file; and that ordinary tables come out as they went in."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phoneprice.data.arrow_types import decoded
from phoneprice.data.reading import bounded_parquet
from phoneprice.data.reading.bounded_parquet import BoundedParquet, ParquetError

MIB = 1 << 20


def opened(table: pa.Table, **options: Any) -> BoundedParquet:
    file = io.BytesIO()
    pq.write_table(table, file, **{"compression": "zstd", **options})
    return BoundedParquet(file)


def repeated(text: str, rows: int) -> pa.Table:
    """A text that stands once in a dictionary."""
    return pa.table({"x": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))})


RNG = np.random.default_rng(4)
TABLE = pa.table(
    {
        "number": RNG.random(3000),
        "whole": pa.array([None if i % 7 == 0 else i for i in range(3000)], pa.int32()),
        "flag": pa.array(RNG.random(3000) < 0.5),
        "few": pa.array([f"word {i % 5}" for i in range(3000)]),
        "many": pa.array([None if i % 11 == 0 else f"text {i}" for i in range(3000)]),
        "a.b": pa.array(["x" * (i % 50) for i in range(3000)], pa.large_string()),
        "list": pa.array([[i] * (i % 3) for i in range(3000)]),
        "part": pa.array([{"x": i, "y": {"z": str(i)}} for i in range(3000)]),
    }
)
WAYS: dict[str, dict[str, Any]] = {
    "usual": {},
    "no dictionaries": {"use_dictionary": False},
    "small pages": {"data_page_size": 100, "write_batch_size": 10, "row_group_size": 700},
    "small dictionaries": {"dictionary_pagesize_limit": 200, "write_batch_size": 100},
    "second version": {"data_page_version": "2.0", "row_group_size": 999},
    "not compressed": {"compression": "none", "write_page_index": True},
    "delta": {
        "use_dictionary": False,
        "column_encoding": {
            "few": "DELTA_BYTE_ARRAY",
            "many": "DELTA_LENGTH_BYTE_ARRAY",
            "whole": "DELTA_BINARY_PACKED",
        },
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_ordinary_tables_come_out_as_they_went_in(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for small in (False, True):  # and in many small batches
        if small:
            monkeypatch.setattr(bounded_parquet, "OPEN_RATIO", 0)
            monkeypatch.setattr(bounded_parquet, "OPEN_BYTES", 400_000)
        read = opened(TABLE, **WAYS[way])
        batches = list(read.batches(TABLE.column_names, 1000))
        assert max(batch.num_rows for batch in batches) <= 1000
        parts = [pa.table({name: decoded(batch[name]) for name in batch.schema.names}) for batch in batches]
        assert pa.concat_tables(parts).combine_chunks() == TABLE.combine_chunks()
        assert read.held(TABLE.column_names) == TABLE


def test_a_table_without_rows() -> None:
    read = opened(TABLE.slice(0, 0))
    assert read.held(["few", "number"]).num_rows == 0


SMALLER_PAGES = "write the file in smaller pages or row groups"
BOMBS: dict[str, tuple[pa.Table, dict[str, Any], str, str]] = {
    "a cell": (
        pa.table({"x": ["x" * (70 * MIB), "y"]}),
        {"use_dictionary": False},
        "x",
        "found a record of more than 16 MiB, expected a row; shorten its text",
    ),
    "a cell in a dictionary": (
        repeated("x" * (70 * MIB), 3),
        {"dictionary_pagesize_limit": 1 << 30},
        "x",
        "found a record of more than 16 MiB, expected a row; shorten its text",
    ),
    "a page": (
        pa.table({"x": ["x" * MIB] * 80}),
        {"use_dictionary": False, "data_page_size": 1 << 30},
        "x",
        f"found pages that unpack to 84 MB, one a column, expected at most 67 MB; {SMALLER_PAGES}",
    ),
    "a list": (
        pa.table({"x": pa.array([np.zeros(10_000_000)])}),
        {},
        "x",
        "found nested values that unpack to 80 MB in a row group, expected at most 67 MB; leave the column out",
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_before_they_go_off(bomb: str) -> None:
    table, options, column, message = BOMBS[bomb]
    read = opened(table, **options)
    before = pa.total_allocated_bytes()
    with pytest.raises(ParquetError) as caught:
        next(read.batches(["x"], 1000))
    assert (str(caught.value), caught.value.column) == (message, column)
    assert pa.total_allocated_bytes() <= before + MIB


def test_a_record_of_several_long_cells_is_named_by_its_row() -> None:
    long = ["a", "x" * (9 * MIB)]
    read = opened(pa.table({"x": long, "y": [*long[:1], "y" * (8 * MIB)]}), use_dictionary=False)
    with pytest.raises(ParquetError) as caught:
        list(read.batches(["x", "y"], 1000))
    assert (caught.value.row, caught.value.column) == (2, "x")


def test_a_long_text_in_many_rows_comes_in_pieces() -> None:
    read = opened(repeated("x" * MIB, 1000), dictionary_pagesize_limit=1 << 30)
    batches = list(read.batches(["x"], 1000))
    assert sum(batch.num_rows for batch in batches) == 1000
    assert {batch.num_rows for batch in batches[:-1]} == {16}


def test_a_long_text_in_many_rows_before_many_others() -> None:
    """The dictionary has no room for them, so they stand as they are, and all is read as text."""
    words = ["x" * MIB] * 200 + [f"text {i}" for i in range(3000)]
    read = opened(pa.table({"x": words}), dictionary_pagesize_limit=2000, write_batch_size=50)
    batches = list(read.batches(["x"], 4000))
    assert [text for batch in batches for text in decoded(batch["x"]).to_pylist()] == words
    assert max(batch.nbytes for batch in batches) < 40 * MIB


def test_values_of_a_whole_table() -> None:
    read = opened(pa.table({"x": np.zeros(30_000_000)}), row_group_size=1 << 26)
    with pytest.raises(ParquetError) as caught:
        read.held(["x"], 128 * MIB)
    assert (
        str(caught.value) == "found values of more than 134 MB in memory, far more than the file has; split the table"
    )
    assert read.held(["x"], 300 * MIB).num_rows == 30_000_000


def test_a_huge_footer_is_not_read() -> None:
    data = b"PAR1" + bytes(65 * MIB) + (65 * MIB).to_bytes(4, "little") + b"PAR1"
    with pytest.raises(ParquetError) as caught:
        BoundedParquet(io.BytesIO(data))
    assert str(caught.value) == ("found a footer of 68 MB, expected at most 67 MB; write it with larger row groups")


@pytest.mark.parametrize("fault", [MemoryError("malloc failed"), OSError(24, "Too many open files")], ids=repr)
def test_a_lack_is_no_damage(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_arguments: object, **_options: object) -> None:
        raise fault

    monkeypatch.setattr(pq, "ParquetFile", lacking)
    with pytest.raises(type(fault)):
        opened(TABLE)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
@pytest.mark.parametrize("dictionaries", [True, False])
def test_text_of_every_type_is_read(kind: pa.DataType, dictionaries: bool) -> None:
    words = pa.array(["a" * 40, None, "b", "a" * 40])
    file = opened(pa.table({"x": words.cast(kind)}), use_dictionary=dictionaries)
    (batch,) = file.batches(["x"], 100)
    assert decoded(batch.column("x")).cast(pa.string()).to_pylist() == words.to_pylist()
    assert file.held(["x"]).column("x").cast(pa.string()).to_pylist() == words.to_pylist()
