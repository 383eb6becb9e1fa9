"""Arrow's own files read as Parquet does, and never take far more memory than they have bytes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from phoneprice.data.reading import ReadOptions, open_chunks, read_table
from phoneprice.errors import DataError

TABLE = pa.table(
    {
        "id": pa.array(["007", "é", None]),
        "x": pa.array([1.5, None, float("nan")]),
        "n": pa.array([1, 2, 3], pa.int16()),
        "kind": pa.array(["low", "high", "low"]).dictionary_encode(),
        "view": pa.array(["a", "a long text that no view can hold in itself", None], pa.string_view()),
    }
)


def write(path: Path, table: pa.Table, compression: str | None = None, *, stream: bool = False, rows: int = 2) -> Path:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with path.open("wb") as file, make(file, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return path


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("stream", [False, True])
def test_files_and_streams(compression: str | None, stream: bool, tmp_path: Path) -> None:
    path = write(tmp_path / "t.feather", TABLE, compression, stream=stream)
    found = read_table(path, ReadOptions())
    assert {name: cells.to_pylist() for name, cells in found.columns.items()} == {
        **TABLE.to_pydict(),
        "x": [1.5, None, None],
    }
    assert found.place(2, "x") == f"{path} row 3, column 'x'"


def test_batches_of_any_size(tmp_path: Path) -> None:
    path = write(tmp_path / "t.arrow", pa.table({"x": np.arange(10.0)}), rows=7)
    with open_chunks(path, ReadOptions(), 4) as found:
        assert [table.columns["x"].to_pylist() for table in found.select(["x"], [])] == [
            [0, 1, 2, 3],
            [4, 5, 6, 7],
            [8, 9],
        ]


def one_long_word() -> pa.Table:
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1000, np.int8)), pa.array(["x" * (1 << 20)]))
    return pa.table({"x": words})


def many_views() -> pa.Table:
    one = pa.array(["x" * (1 << 20)], pa.string_view())
    views, data = one.buffers()[1].to_pybytes() * 1000, one.buffers()[2]
    return pa.table({"x": pa.Array.from_buffers(pa.string_view(), 1000, [None, pa.py_buffer(views), data])})


@pytest.mark.parametrize(
    ("table", "compression", "message"),
    [
        (lambda: pa.table({"x": np.zeros(10_000_000)}), "zstd", ": found a batch of rows that unpacks to 80 MB"),
        (lambda: pa.table({"x": pa.nulls(1 << 28)}), None, ": found a batch of rows that unpacks to 2.1 GB"),
        (many_views, "zstd", " column 'x': found text of 1.0 GB in a batch"),
    ],
    ids=["zeros", "nulls", "views"],
)
def test_bombs(table: Callable[[], pa.Table], compression: str | None, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "t.arrow", table(), compression, rows=1 << 41)
    with pytest.raises(DataError) as caught:
        read_table(path, ReadOptions())
    assert str(caught.value).startswith(f"{path}{message}")


def test_a_long_word_comes_in_pieces(tmp_path: Path) -> None:
    path = write(tmp_path / "t.arrow", one_long_word(), rows=1000)
    with open_chunks(path, ReadOptions(), 1000, 64 << 20) as found:
        found.select([], ["x"])
        with pytest.raises(DataError, match="expected at most 67 MB"):
            list(found)


def test_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "t.arrow", TABLE)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(200):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 3):
            data[place] = rng.integers(256)
        path.write_bytes(data)
        try:
            read_table(path, ReadOptions())
        except DataError as fault:
            assert str(fault).startswith(str(path))  # noqa: PT017
    path.write_bytes(whole[:200])
    with pytest.raises(DataError):
        read_table(path, ReadOptions())


def test_feather_of_version_1(tmp_path: Path) -> None:
    path = tmp_path / "t.feather"
    path.write_bytes(b"FEA1" + b"\0" * 60)
    with pytest.raises(DataError) as caught:
        read_table(path, ReadOptions())
    assert str(caught.value) == f"{path}: found Feather of version 1; write it once more with a newer pandas or pyarrow"
