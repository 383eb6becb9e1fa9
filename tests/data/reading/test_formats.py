"""The same table whatever it is stored in; the faults of the other formats."""

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phoneprice.data.reading import ReadOptions, read_chunks, read_table
from phoneprice.data.reading.cutting import RECORD_BYTES
from phoneprice.data.reading.json_lines import ONE_VALUE
from phoneprice.data.reading.options import Selection
from phoneprice.data.reading.parquet_reader import ParquetReader
from phoneprice.errors import DataError, UsageError

CSV = 'ram,blue,name\n256,1,"a ""b"""\n,0,手机\n1.5e3,1,NA\n'.encode()
OBJECTS = [
    {"ram": 256, "blue": True, "name": 'a "b"'},
    {"ram": None, "blue": False, "name": "手机"},
    {"ram": 1.5e3, "blue": True, "name": None},
]
JSON_LINES = "".join(json.dumps(row) + "\n" for row in OBJECTS).encode()


def parquet() -> bytes:
    sink = io.BytesIO()
    table = pa.table(
        {
            "ram": pa.array([256, None, 1500], pa.int64()),
            "blue": pa.array([True, False, True]),
            "name": pa.array(['a "b"', "手机", None]).dictionary_encode(),
        }
    )
    pq.write_table(table, sink)
    return sink.getvalue()


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


FORMS = {
    "p.csv": CSV,
    "p.csv.gz": gzip.compress(CSV),
    "p.csv.zst": zstd(CSV),
    "p.jsonl": JSON_LINES,
    "p.jsonl.gz": gzip.compress(JSON_LINES),
    "p.ndjson.zst": zstd(JSON_LINES),
    "p.parquet": parquet(),
    "two members.csv.gz": gzip.compress(CSV[:20]) + gzip.compress(CSV[20:]),
    "wrong suffix.csv": parquet(),
    "wrong suffix.parquet": zstd(JSON_LINES),
    "plain.csv.gz": CSV,
}


def check(table_columns: dict[str, list[object]]) -> None:
    assert table_columns == {
        "ram": [256, None, 1500],
        "blue": [1, 0, 1],
        "name": ['a "b"', "手机", None],
    }


@pytest.mark.parametrize("name", FORMS)
def test_same_table(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FORMS[name])
    table = read_table(path, ReadOptions())
    check({column: array.to_pylist() for column, array in table.columns.items()})
    assert table.source == str(path)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_same_chunks_from_standard_input(name: str, chunk_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        buffer = io.BytesIO(FORMS[name])

    monkeypatch.setattr(sys, "stdin", Pipe)
    tables = list(read_chunks("-", ReadOptions(), ["ram", "blue"], ["name"], chunk_rows))
    assert [table.rows for table in tables[:-1]] == [chunk_rows] * (len(tables) - 1)
    assert {table.source for table in tables} == {"<stdin>"}
    check({c: [v for t in tables for v in t.columns[c].to_pylist()] for c in tables[0].columns})


@pytest.mark.parametrize("source", ["-", Path("-")])
def test_whole_table_from_standard_input(source: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        buffer = io.BytesIO(CSV)

    monkeypatch.setattr(sys, "stdin", Pipe)
    table = read_table(source, ReadOptions())
    check({column: array.to_pylist() for column, array in table.columns.items()})
    assert table.source == "<stdin>"


FAULTS = {
    "cut.csv.gz": (
        gzip.compress(CSV * 100)[:-9],
        ": found the end of the file inside the gzip data; copy or download the file again",
    ),
    "cut.csv.zst": (
        zstd(CSV * 100)[:-9],
        ": found the end of the file inside the zstd data; copy or download the file again",
    ),
    "damaged.csv.gz": (
        gzip.compress(CSV)[:12] + b"\xff\xff\xff\xff" + gzip.compress(CSV)[16:],
        ": found damaged gzip data; copy or download the file again",
    ),
    "packed.parquet.gz": (
        gzip.compress(parquet()),
        ": found compressed Parquet; decompress it first (Parquet is compressed inside)",
    ),
    "phones.xlsx": (
        b"PK\x03\x04",
        ": found a ZIP archive that can't be read (File is not a zip file); unpack it first",
    ),
    "array.jsonl": (b"[1]\n", f": {ONE_VALUE}"),
    "number.jsonl": (b"1\n", " line 1: found '1', expected a JSON object; write one object a line"),
    "constant.jsonl": (
        b'{"ram": 1}\n{"ram": NaN}\n',
        " line 2: found invalid JSON (NaN is no JSON value), expected a JSON object; correct the line",
    ),
    "twice.jsonl": (
        b'{"ram": 1}\n{"ram": 1, "ram": 2}\n',
        " line 2, column 'ram': found the key twice, expected it once; remove one",
    ),
    "nested.jsonl": (
        b'{"ram": 1}\n{"ram": {"x": 1}}\n',
        " line 2, column 'ram': found a nested value, expected a number or text; flatten it",
    ),
    "extra.jsonl": (
        b'{"ram": 1}\n{"ram": 1, "x": 2}\n',
        (
            " line 2: found the key 'x', expected the keys of line 1 only; "
            "write every key in line 1 (null where it is missing)"
        ),
    ),
    "surrogate.jsonl": (
        b'{"ram": "\\ud800"}\n',
        " line 1, column 'ram': found half of a surrogate pair, expected text; correct it",
    ),
    "no keys.jsonl": (b"{}\n", " line 1: found an object without keys, expected the columns; add them"),
    "blank.jsonl": (
        b'{"ram": 1}\n\n{"ram": 1}\n',
        " line 2: found a blank line, expected a row; delete the line",
    ),
    "deep.jsonl": (
        b'{"ram": 1}\n{"ram": ' + b"[" * 200_000 + b"\n",
        " line 2: found deep nesting, expected a JSON object; correct the line",
    ),
    "text.jsonl": (
        b'{"ram": 1}\n{"ram": "x"}\n',
        (
            " line 2, column 'ram': found 'x', expected a number; "
            "correct it, or leave such rows out with --on-bad-row skip"
        ),
    ),
    "latin.jsonl": (
        b'{"ram": 1}\n{"ram": "\xe9"}\n',
        (
            " line 2: found byte 0xE9 at byte offset 20, expected utf-8 text; "
            "these bytes fit cp1252: use --encoding cp1252 (cp1257 and mac-roman fit, too)"
        ),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_whole_message(name: str, tmp_path: Path) -> None:
    content, message = FAULTS[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(read_chunks(path, ReadOptions(), ["ram"], []))
    assert str(caught.value) == f"{path}{message}"


def test_bad_json_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(b'{"ram": 1}\n{"ram": 2,}\n')
    with pytest.raises(DataError, match=r"line 2: found invalid JSON \(.* at character 1\d\), expected a JSON object"):
        read_table(path, ReadOptions())


def _json(value: object, **options: Any) -> bytes:
    return json.dumps(value, **options).encode()


RECORDS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize(
    "data",
    [
        _json({"data": RECORDS}),
        _json({"data": RECORDS}, indent=1),
        _json({"data": RECORDS}) + b"\n",
        _json({"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}),  # orient="split" of pandas
        _json({"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}),  # "columns"
        _json([[1, "x"], [2, "y"]]),  # "values"
        _json([[1, "x"], [2, "y"]], indent=1),
    ],
)
def test_json_of_another_form(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    file.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_table(file, ReadOptions())
    assert str(caught.value) == f"{file}: {ONE_VALUE}"
    pd.DataFrame(RECORDS).to_json(file, orient="records")
    assert read_table(file, ReadOptions()).rows == 2


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99,
            "an Excel workbook of before 2007 (.xls), or one with a password",
        ),
        (b"\xef\xbb\xbf\n<HTML><table>", "a web page, as some programs export a table under the name .xls"),
        (b"<table><tr><td>a</td>", "a web page, as some programs export a table under the name .xls"),
        (b'<?xml version="1.0"?>', "XML, as some programs export a table under the name .xls"),
    ],
)
def test_tables_that_only_excel_reads(head: bytes, found: str, tmp_path: Path) -> None:
    file = tmp_path / "t.xls"
    file.write_bytes(head)
    with pytest.raises(DataError) as caught:
        read_table(file, ReadOptions())
    assert str(caught.value) == f"{file}: found {found}; open it in Excel and save it as .xlsx or CSV"


def test_truncated_parquet(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(parquet()[:-30])
    with pytest.raises(DataError, match=r"p\.parquet: found damaged Parquet data \(.*\); copy or download"):
        read_table(path, ReadOptions())


def test_parquet_types_and_values(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    dates = pa.array([0, 1], pa.date32())
    pq.write_table(pa.table({"a": [1.0, float("inf")], "when": dates, "n": [1, 2], "s": ["5", "x"]}), path)
    with pytest.raises(DataError, match="row 2, column 'a': found 'inf', expected a finite number"):
        read_table(path, ReadOptions(), skip_columns=["when"])
    with pytest.raises(DataError, match="row 2, column 's': found 'x', expected a number"):
        list(read_chunks(path, ReadOptions(), ["s"], [], 1))
    (table,) = read_chunks(path, ReadOptions(), ["n"], [], verbatim=["when", "n"])
    assert str(table.written["when"].type) == "date32[day]"
    assert table.written["n"].to_pylist() == [1, 2]
    assert table.columns["n"].to_pylist() == [1.0, 2.0]
    assert read_table(path, ReadOptions(), ["n"], ["a", "when"]).columns["n"].to_pylist() == ["1", "2"]


def test_json_labels_keep_their_spelling(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(b'{"y": 1.0, "x": 1}\n{"y": "007"}\n')
    table = read_table(path, ReadOptions(), ["y"])
    assert table.columns["y"].to_pylist() == ["1.0", "007"]
    assert table.columns["x"].to_pylist() == [1, None]


MIXED = ("1,x,,1.5, 2,1e400,inf", "NA,7,nan,0x1,-3,y,2", "4,NA,,2,5,3,na")


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
@pytest.mark.parametrize("copies", [1, 300])
def test_short_columns_are_looked_at_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, copies: int
) -> None:
    """Numbers, text and missing cells side by side come as each column alone would."""
    header = ",".join(f"{name}{i}" for i in range(copies) for name in "abcdef")
    lines = [",".join([line.rsplit(",", 1)[0]] * copies) for line in MIXED[:rows]]
    (tmp_path / "t.csv").write_text("\n".join([header, *lines, ""]))
    fault = "line 2, column 'f0': found '1e400', expected a finite number"
    for cells in (1, 1 << 12):
        monkeypatch.setattr("phoneprice.data.reading.whole._CELLS_TOGETHER", cells)
        if rows == 1:
            with pytest.raises(DataError, match=fault):
                read_table(tmp_path / "t.csv", ReadOptions())
            continue
        columns = read_table(tmp_path / "t.csv", ReadOptions()).columns
        found = {name: columns[f"{name}{copies - 1}"].to_pylist() for name in "abcdef"}
        assert found == {
            "a": [1.0, None, 4.0][:rows],
            "b": ["x", "7", None][:rows],
            "c": [None] * rows,
            "d": (["1.5", "0x1", "2"] if rows else [])[:rows],
            "e": [2.0, -3.0, 5.0][:rows],
            "f": (["1e400", "y", "3"] if rows else [])[:rows],
        }


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path, message in [
        (tmp_path / "none.csv", "no such file; check the name"),
        (tmp_path, "is a directory; name a file in it"),
    ]:
        with pytest.raises(DataError) as caught:
            read_table(path, ReadOptions())
        assert str(caught.value) == f"{path}: {message}"


def test_a_file_that_is_missing_but_has_a_near_name(tmp_path: Path) -> None:
    (tmp_path / "phones.csv").touch()
    (tmp_path / "phone.csv").mkdir()
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "phoens.csv", ReadOptions())
    assert str(caught.value) == f"{tmp_path}/phoens.csv: no such file; did you mean '{tmp_path}/phones.csv'?"


def test_giant_line_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'a,b\n1,2\n3,"')
        for _ in range(20):
            file.write(b"x" * (1 << 20))
    with pytest.raises(DataError) as caught:
        list(read_chunks(path, ReadOptions(), ["a"], ["b"]))
    assert RECORD_BYTES == 16 << 20
    assert str(caught.value) == (
        f"{path} line 3: found a record of more than 16 MiB, expected a row; look for a quote that is never closed"
    )


def test_blank_lines_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a\n1\n" + b"\n" * (10 << 20))
    with pytest.raises(DataError, match="line 3: found a blank line"):
        list(read_chunks(path, ReadOptions(), ["a"], []))


@pytest.mark.parametrize("delimiter", ["", ",,", "é", '"', "a", "1", "\n", "."])
def test_unusable_delimiter(delimiter: str) -> None:
    with pytest.raises(UsageError) as caught:
        ReadOptions(delimiter=delimiter)
    assert str(caught.value) == (
        f"found delimiter {delimiter!r}, expected one character such as ',', ';', '|' or '\\t', "
        "not a letter, a digit, a quote or '+', '-', '.'; correct --delimiter or data.delimiter"
    )


def test_unknown_encoding() -> None:
    for name in ("klingon", "base64"):
        with pytest.raises(UsageError) as caught:
            ReadOptions(encoding=name)
        assert str(caught.value) == (
            f"found encoding {name!r}, expected a name such as utf-8, utf-16, latin-1 or cp1252; "
            "correct --encoding or data.encoding"
        )


def test_unknown_way_with_bad_rows() -> None:
    with pytest.raises(UsageError) as caught:
        ReadOptions(on_bad_row="drop")  # type: ignore[arg-type]
    assert str(caught.value) == "found on_bad_row 'drop', expected 'fail' or 'skip'; correct it"


class CountingFile(io.BytesIO):
    """Counts the bytes that are read."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.read_bytes += len(data)
        return data


@pytest.mark.parametrize("group_rows", [10_000, 1_000_000])
def test_parquet_is_not_read_ahead(group_rows: int) -> None:
    """Or memory would grow with the file, and with its row groups: see apache/arrow#39808."""
    rng = np.random.default_rng(0)
    groups, rows = 20, 10_000
    file = io.BytesIO()
    pq.write_table(
        pa.table({"x": rng.random(groups * rows)}),
        file,
        row_group_size=group_rows,
        use_dictionary=False,
        data_page_size=2**16,
    )
    source = CountingFile(file.getvalue())
    reader = ParquetReader("p.parquet", source, ReadOptions())
    jobs = reader.jobs(Selection(("x",), frozenset({"x"})), rows)
    assert next(jobs)().rows == rows
    assert source.read_bytes < len(file.getvalue()) / 4
    assert sum(job().rows for job in jobs) == (groups - 1) * rows


def test_parquet_types_that_text_can_say_and_others(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    second = 1_700_000_000
    columns = {
        "day": pa.array([19_844, None], pa.date32()),
        "local": pa.array([second, None], pa.timestamp("s")),
        "zoned": pa.array([second * 10**9, None], pa.timestamp("ns", "Europe/Berlin")),
        "clock": pa.array([45_000, None], pa.time32("s")),
        "took": pa.array([1500, None], pa.duration("ms")),
        "list": pa.array([[1], None]),
        "bytes": pa.array([b"\xff", None]),
    }
    pq.write_table(pa.table(columns), path)
    table = read_table(path, ReadOptions(), ["bytes"])
    assert {name: cells.to_pylist() for name, cells in table.columns.items()} == {
        "day": ["2024-05-01", None],
        "local": ["2023-11-14 22:13:20.000", None],
        "zoned": ["2023-11-14 22:13:20.000000000Z", None],
        "clock": ["12:30:00.000", None],
        "took": [1.5, None],
        "list": [None, None],
        "bytes": ["ff", None],
    }
    assert table.other_types == {"list": "list<element: int64>", "bytes": "binary"}
    assert read_table(path, ReadOptions(), skip_columns=["list", "bytes"]).other_types == {}
    with pytest.raises(DataError, match="column 'list' has the type list<element: int64>, expected numbers or text"):
        list(read_chunks(path, ReadOptions(), [], ["list"]))
