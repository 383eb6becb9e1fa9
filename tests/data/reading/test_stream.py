import threading
from pathlib import Path

import pytest

from phoneprice.data.reading import ReadOptions, open_chunks, read_chunks
from phoneprice.errors import DataError


def write(path: Path, rows: int) -> Path:
    path.write_text("a,b\n" + "".join(f"{row},t{row}\n" for row in range(rows)))
    return path


def reading_threads() -> int:
    return sum(thread.name.startswith("phoneprice-read") for thread in threading.enumerate())


def test_chunks_have_exactly_the_rows_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", 10)
    tables = list(read_chunks(path, ReadOptions(), ["a"], [], 4))
    assert [table.rows for table in tables] == [4, 4, 2]
    assert [table.place(0) for table in tables] == [f"{path} line {line}" for line in (2, 6, 10)]


def test_quoted_newlines_do_not_shorten_chunks(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("a,b\n" + '1,"x\n\ny"\n' * 7)
    assert [table.rows for table in read_chunks(path, ReadOptions(), ["a"], ["b"], 3)] == [3, 3, 1]


def test_large_file_in_several_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "p.csv", 300_000)
    monkeypatch.setattr("phoneprice.data.reading.cutting.SEGMENT_BYTES", 1 << 20)
    tables = list(read_chunks(path, ReadOptions(), ["a"], ["b"], 200_000))
    assert [table.rows for table in tables] == [200_000, 100_000]
    assert tables[1].columns["a"][99_999].as_py() == 299_999
    assert tables[1].place(99_999) == f"{path} line 300001"


def test_thread_ends_when_the_consumer_stops(tmp_path: Path) -> None:
    with read_chunks(write(tmp_path / "p.csv", 100), ReadOptions(), ["a"], [], 5) as stream:
        next(stream)
        assert reading_threads() == 1
    assert reading_threads() == 0
    assert list(stream) == []


def test_select_after_seeing_the_header(tmp_path: Path) -> None:
    with open_chunks(write(tmp_path / "p.csv", 3), ReadOptions()) as stream:
        assert stream.header == ("a", "b")
        assert stream.numeric_columns is None
        (table,) = stream.select(["a"], verbatim=["b"])
    assert table.names == ("a",)
    assert table.written["b"].to_pylist() == ["t0", "t1", "t2"]


def test_columns_that_are_required_are_named_in_their_order(tmp_path: Path) -> None:
    with open_chunks(write(tmp_path / "p.csv", 3), ReadOptions()) as stream:
        stream.require(("b", "a"))
        names = [f"missing{i}" for i in (3, 1, 4, 5, 9, 2, 6)]
        with pytest.raises(DataError) as caught:
            stream.require([*names, "a"])
    listed = ", ".join(map(repr, names))
    assert str(caught.value) == f"{tmp_path}/p.csv: missing columns {listed}; add or rename"


def test_chunks_before_a_fault_come_first(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", 9)
    path.write_text(path.read_text() + "1\n")
    stream = read_chunks(path, ReadOptions(), ["a"], [], 2)
    assert [next(stream).rows for _ in range(4)] == [2, 2, 2, 2]
    with pytest.raises(DataError, match="line 11"):
        next(stream)
