"""Columns without a name: an index in front, nothing at the right edge, and any other, in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phoneprice.data.reading import ReadOptions, open_chunks, read_chunks, read_table
from phoneprice.data.reading.csv_reader import SegmentParser
from phoneprice.data.reading.cutting import RawSegment
from phoneprice.data.reading.frames import frame_table
from phoneprice.data.reading.headers import edge_keys, named_part
from phoneprice.data.reading.options import AUTO, Selection
from phoneprice.data.table import Table, concat
from phoneprice.errors import DataError

OPTIONS = ReadOptions()
Cells = dict[str, list[Any]]


def _csv(path: Path, cells: Cells) -> Table:
    lines = [
        list(cells),
        *(["" if cell is None else cell for cell in row] for row in zip(*cells.values(), strict=True)),
    ]
    path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines))
    return read_table(path, OPTIONS)


def _quoted_csv(path: Path, cells: Cells) -> Table:
    """As R writes it; the last cell needs its quotes, so the strict reader reads it."""
    frame = pd.DataFrame(cells)
    frame["b"] = [*frame["b"][:-1], "two\nlines"]
    order = ["b" if name == "b" else name for name in cells]
    frame[order].to_csv(path, index=False, quoting=1)
    return read_table(path, OPTIONS)


def _json_lines(path: Path, cells: Cells) -> Table:
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_table(path, OPTIONS)


def _parquet(path: Path, cells: Cells) -> Table:
    pq.write_table(pa.table(cells), path)
    return read_table(path, OPTIONS)


def _frame(path: Path, cells: Cells) -> Table:
    return frame_table(pd.DataFrame(cells), OPTIONS, source=str(path))


Read = Callable[[Path, Cells], Table]
every_format = pytest.mark.parametrize("read", [_csv, _quoted_csv, _json_lines, _parquet, _frame])


@every_format
def test_an_index_has_its_empty_name(read: Read, tmp_path: Path) -> None:
    table = read(tmp_path / "t", {"": [7, 8], "a": [1, 2], "b": ["x", "y"]})
    assert table.names == ("", "a", "b")
    assert table.columns[""].to_pylist() == [7, 8]
    assert table.nameless_columns == 0


@every_format
def test_nothing_at_the_right_edge_is_left_out(read: Read, tmp_path: Path) -> None:
    table = read(tmp_path / "t", {"a": [1, 2], "b": ["x", "y"], "": [None, None]})
    assert (table.names, table.nameless_columns) == (("a", "b"), 1)
    assert table.columns["a"].to_pylist() == [1, 2]


@every_format
def test_a_value_at_the_right_edge_needs_a_name(read: Read, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "t", {"a": [1, 2], "b": ["x", "y"], "": [None, "z"]})
    second = "row 2" if read in {_parquet, _frame} else "line 2" if read is _json_lines else "line 3"
    what = "found 'z' in column 3, which has no name; write its name in the header, or remove the column"
    assert str(caught.value) == f"{tmp_path / 't'} {second}: {what}"


@every_format
def test_any_other_column_needs_a_name(read: Read, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "t", {"a": [1, 2], "": [None, None], "b": ["x", "y"]})
    if read in {_parquet, _frame}:
        what = ": found the column name '', expected distinct names; rename the column"
    else:
        what = (
            " line 1: found no name for column 2, expected one for every column; "
            "write it in the header, or use --skip-lines 1 if the names are in the next line"
        )
    assert str(caught.value) == f"{tmp_path / 't'}{what}"


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (["a", "b"], ("a", "b")),
        (["", "a", "", " ", "\t"], ("", "a")),
        (["a", "", "b", ""], ("a", "", "b")),
        (["", "", ""], ("",)),
        ([], ()),
    ],
)
def test_named_part(found: list[str], named: tuple[str, ...]) -> None:
    assert named_part(found) == named


@pytest.mark.parametrize("end", ["\n", ",,\n", ", ,NA\n", ',"",\n', "\r\n"])
def test_rows_may_do_without_the_edge(end: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(" ,a,b,, \n" + "".join(f"r{i},{i},x{end}" for i in range(3)), newline="")
    table = read_table(path, OPTIONS)
    assert (table.names, table.rows, table.nameless_columns) == (("", "a", "b"), 3, 2)
    assert table.columns[""].to_pylist() == ["r0", "r1", "r2"]


def test_a_row_that_lacks_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,,\n1,2\n1,2,\n")
    with pytest.raises(DataError) as caught:
        read_table(path, OPTIONS)
    what = "found 3 fields, expected 4 as in the header; add the missing ',' or quote the text"
    assert str(caught.value) == f"{path} line 3: {what}"


@pytest.mark.parametrize("chunk_rows", [1, 65_536])
@pytest.mark.parametrize(
    ("text", "names", "nameless"),
    [
        ("a,b\n1,x,2\n2,y,3\n3,z,4\n", ("", "a", "b"), 0),  # R's write.table
        ('"a" "b"\n"Fiat 500" "x" 2\n"Ford" "y" 3\n"Audi" "z" 4\n', ("", "a", "b"), 0),
        ("a,b\nx,2,\ny,3,\nz,4,\n", ("a", "b"), 1),
    ],
)
def test_rows_with_a_cell_more_than_the_header(
    text: str, names: tuple[str, ...], nameless: int, chunk_rows: int, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(text)
    options = ReadOptions(delimiter=AUTO)
    table = concat(list(read_chunks(tmp_path / "t.csv", options, ["b"], ["a"], chunk_rows)))
    with open_chunks(tmp_path / "t.csv", options) as stream:
        assert (stream.header, stream.nameless_columns) == (names, nameless)
    assert table.columns["a"].to_pylist() == ["x", "y", "z"]
    assert table.columns["b"].to_pylist() == [2, 3, 4]


def test_the_fast_and_the_strict_reader_agree() -> None:
    selection = Selection(("", "a"), frozenset({"a"}), verbatim=frozenset({""}), edge=("\n", "\n\n"))
    parser = SegmentParser("t.csv", selection, OPTIONS)
    segment = RawSegment(b"x,1,,\ny,2, ,na\n", 2, 9)
    fast, strict = parser.parse(segment), parser.parse_strictly(segment)
    for table in (fast, strict):
        assert table.columns["a"].to_pylist() == [1, 2]
        assert table.written[""].to_pylist() == ["x", "y"]
        assert table.nameless_columns == 2
    for parse in (parser.parse, parser.parse_strictly):
        with pytest.raises(DataError, match=r"^t.csv line 3: found '0' in column 4, which has no name; "):
            parse(RawSegment(b"x,1,,\ny,2,,0\n", 2, 9))


def test_a_stream_says_what_it_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,\n1,2,\n")
    with read_chunks(path, OPTIONS, ["a"], []) as stream:
        assert (stream.header, stream.nameless_columns) == (("a", "b"), 1)
        assert [table.columns["a"].to_pylist() for table in stream] == [[1]]


def test_keys_of_the_edge_are_distinct_short_and_no_names() -> None:
    keys = edge_keys(1000)
    assert len(set(keys)) == 1000
    assert max(map(len, keys)) == 11
    assert not any(key.strip() or not key for key in keys)
