"""The one table in a ZIP archive, streamed; what else an archive may hold is said."""

import io
import zipfile
from pathlib import Path

import pytest

from phoneprice.data.reading import ReadOptions, open_chunks, read_table
from phoneprice.data.reading.options import AUTO
from phoneprice.errors import DataError
from tests.data.reading.workbooks import workbook

OPEN = ReadOptions(delimiter=AUTO, encoding=AUTO, skip_lines=AUTO)


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", b"a,b\n1,x\n"),
        ("deep/t.tsv", b"a\tb\n1\tx\n"),
        ("t.jsonl", b'{"a": 1, "b": "x"}\n'),
        ("t.json", b'[{"a": 1, "b": "x"}]'),
        ("t.csv", "a;b\n1;x\n".encode("utf-16")),
    ],
)
def test_the_only_table(name: str, data: bytes, tmp_path: Path) -> None:
    path = archive(tmp_path / "t.zip", {"__MACOSX/._t": b"x", ".DS_Store": b"x", "deep/": b"", name: data})
    table = read_table(path, OPEN)
    assert {column: cells.to_pylist() for column, cells in table.columns.items()} == {"a": [1], "b": ["x"]}
    assert table.source == str(path)


def test_one_of_several(tmp_path: Path) -> None:
    path = archive(tmp_path / "t.zip", {"a.csv": b"a\n1\n", "b.csv": b"b\n1\n"})
    assert read_table(f"{path}#b.csv", OPEN).names == ("b",)
    assert read_table(f"{path}#b.csv", OPEN).source == f"{path}#b.csv"
    with pytest.raises(DataError) as caught:
        read_table(path, OPEN)
    assert str(caught.value) == (
        f"{path}: found a ZIP archive of 2 files (a.csv, b.csv), expected one table; "
        f"name one with '#', such as {path}#a.csv"
    )
    with pytest.raises(DataError, match=r"found no 'c.csv' in the archive; it has a.csv, b.csv"):
        read_table(f"{path}#c.csv", OPEN)


def parquet() -> bytes:
    return b"PAR1" + b"\0" * 100


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, None),
        ({".hidden": b"x"}, ": found a ZIP archive without a file, expected a table in it"),
        (
            {"t.parquet": parquet()},
            ": found Parquet inside the ZIP archive; unpack it first (Parquet is compressed inside)",
        ),
        ({"t.csv.gz": b"\x1f\x8b" + b"x" * 80}, ": found gzip data inside the ZIP archive; unpack it first"),
        (
            {"t.xlsx": workbook({"S": [["a"], [1]]})},
            ": found an Excel workbook or another archive inside the ZIP archive; unpack it first",
        ),
        ({"content.xml": b"x"}, ": found a workbook that is not .xlsx; save it as .xlsx or CSV"),
    ],
)
def test_what_is_refused(files: dict[str, bytes], message: str | None, tmp_path: Path) -> None:
    path = archive(tmp_path / "t.zip", files)
    with pytest.raises(DataError) as caught:
        read_table(path, OPEN)
    if message is not None:
        assert str(caught.value) == f"{path}{message}"


def test_damage(tmp_path: Path) -> None:
    path = archive(tmp_path / "t.zip", {"t.csv": b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(2000))})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="found a ZIP archive that can't be read"):
        read_table(path, OPEN)
    path.write_bytes(whole[:2000] + b"\0" * 20 + whole[2020:])
    with pytest.raises(DataError, match="found damaged ZIP data; copy or download the file again"):
        read_table(path, OPEN)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_in_whatever_packing(method: int, tmp_path: Path) -> None:
    rows = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(5000))
    with zipfile.ZipFile(tmp_path / "t.zip", "w", method) as made:
        made.writestr("t.csv", rows)
    whole = (tmp_path / "t.zip").read_bytes()
    for place in range(60, len(whole) - 200, len(whole) // 40):
        flipped = bytes(255 - byte for byte in whole[place : place + 9])
        (tmp_path / "t.zip").write_bytes(whole[:place] + flipped + whole[place + 9 :])
        with pytest.raises(DataError, match=r"found damaged ZIP data|found a ZIP archive that can't be read"):
            read_table(tmp_path / "t.zip", OPEN)


def test_a_damaged_name(tmp_path: Path) -> None:
    path = archive(tmp_path / "t.zip", {"é.csv": b"a\n1\n"})
    whole = path.read_bytes()
    path.write_bytes(whole.replace("é".encode(), b"\xff\xff", 1))
    with pytest.raises(DataError, match="found a ZIP archive that can't be read"):
        read_table(path, OPEN)


def test_a_bomb_is_streamed(tmp_path: Path) -> None:
    path = archive(tmp_path / "t.zip", {"t.csv": b"a,b\n" + b"0,1\n" * 500_000})
    with open_chunks(path, OPEN, 1000) as stream:
        assert next(stream.select(["a"], [])).rows == 1000


def test_a_part_of_what_has_none(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a\n1\n")
    with pytest.raises(DataError) as caught:
        read_table(f"{path}#x", OPEN)
    assert str(caught.value) == (
        f"{path}#x: found no worksheets or files in it, of which one is called 'x'; name the file without '#x'"
    )
    (tmp_path / "t.csv#x").write_bytes(b"b\n1\n")
    assert read_table(f"{path}#x", OPEN).names == ("b",)


def test_a_workbook_is_one(tmp_path: Path) -> None:
    packed = io.BytesIO(workbook({"S": [["a"], [1]]}))
    path = tmp_path / "t.zip"
    path.write_bytes(packed.getvalue())
    assert read_table(path, OPEN).names == ("a",)
