"""Columns whose numbers are written in a format of their own, from every kind of file."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from phoneprice.data.number_formats import NumberFormat
from phoneprice.data.reading import ReadOptions, read_chunks, read_table
from phoneprice.data.reading.frames import frame_table
from phoneprice.data.reading.options import CellRules
from phoneprice.errors import DataError
from tests.data.reading.workbooks import workbook

PRICES = ["1.234,50 €", "850 €", "?", "-3.020 €"]
EURO = CellRules(frozenset(["?"]), NumberFormat(",", ".", ("€",)))
READ = ReadOptions(delimiter=";", number_format=NumberFormat(","), columns={"price": EURO})
WIDTHS = {"1,5": 1.5, "2": 2, "NA": None, "4,25": 4.25}
ROWS = [{"price": price, "w": w, "name": name} for price, w, name in zip(PRICES, WIDTHS, "abca", strict=True)]


def csv_file(path: Path, quote: str) -> Path:
    lines = [";".join(f"{quote}{cell}{quote}" for cell in row.values()) for row in ROWS]
    path.write_text("\n".join(["price;w;name", *lines, ""]), encoding="utf-8")
    return path


@pytest.fixture(params=["csv", "quoted", "jsonl", "json", "xlsx", "parquet", "feather"])
def file(request, tmp_path: Path) -> Path:
    if request.param in {"csv", "quoted"}:
        return csv_file(tmp_path / "t.csv", '"' if request.param == "quoted" else "")
    path = tmp_path / f"t.{request.param}"
    typed: list[dict[str, object]] = [{**row, "w": WIDTHS[row["w"]]} for row in ROWS]
    if request.param == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif request.param == "feather":
        feather.write_feather(pa.Table.from_pylist(ROWS), path)
    elif request.param == "xlsx":
        path.write_bytes(workbook({"prices": [list(ROWS[0]), *(list(row.values()) for row in typed)]}))
    elif request.param == "json":
        path.write_text(json.dumps(typed), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in typed), encoding="utf-8")
    return path


def test_a_whole_table(file: Path):
    table = read_table(file, READ, written=["price"])
    assert table.columns["price"].to_pylist() == [1234.5, 850, None, -3020]
    assert table.columns["w"].to_pylist() == [1.5, 2, None, 4.25]
    assert table.columns["name"].to_pylist() == ["a", "b", "c", "a"]
    assert table.written["price"].to_pylist() == PRICES


def test_a_stream_passes_the_text_through(file: Path):
    with read_chunks(file, READ, ["price", "w"], ["name"], verbatim=["price"]) as chunks:
        (table,) = chunks
    assert table.columns["price"].to_pylist() == [1234.5, 850, None, -3020]
    assert table.columns["w"].to_pylist() == [1.5, 2, None, 4.25]
    assert table.written["price"].to_pylist() == PRICES


def test_a_frame():
    table = frame_table({name: [row[name] for row in ROWS] for name in ROWS[0]}, READ)
    assert table.columns["price"].to_pylist() == ["1234.50", "850", None, "-3020"]


def write(path: Path, *cells: str) -> Path:
    path.write_text("\n".join(["w;x", *(f"{cell};1" for cell in cells), ""]), encoding="utf-8")
    return path


def test_a_number_of_another_format_is_none(tmp_path: Path):
    file = write(tmp_path / "t.csv", *["1,5"] * 9, "1.500")
    message = f"{file} line 11, column 'w': found '1.500', expected "
    with pytest.raises(DataError) as caught:
        read_table(file, READ)
    advice = "numbers written like 1234,5; correct it, or data.decimal, data.thousands and data.columns"
    assert str(caught.value) == message + advice
    with pytest.raises(DataError) as caught, read_chunks(file, READ, ["w"], []) as chunks:
        list(chunks)
    assert str(caught.value) == (
        f"{message}a number written like 1234,5; correct it, or leave such rows out with --on-bad-row skip"
    )


def test_text_among_numbers_stays_and_the_numbers_are_plain(tmp_path: Path):
    file = write(tmp_path / "t.csv", *["1,5"] * 9, "many")
    assert read_table(file, READ).columns["w"].to_pylist() == [*["1.5"] * 9, "many"]


def test_text_is_not_rewritten(tmp_path: Path):
    cells = ["1,5", "1.5", "beta", "gamma", "2,0"]
    assert read_table(write(tmp_path / "t.csv", *cells), READ).columns["w"].to_pylist() == cells


def test_a_column_that_is_known_to_be_numbers_has_no_others(tmp_path: Path):
    file = write(tmp_path / "t.csv", "1,5", "1.5", "beta")
    assert read_table(file, READ, number_columns=["w"]).columns["w"].to_pylist() == ["1.5", '"1.5"', "beta"]


def test_words_for_missing_in_one_column_only(tmp_path: Path):
    options = ReadOptions(delimiter=";", columns={"w": CellRules(frozenset(["-999", "?"]))})
    file = write(tmp_path / "t.csv", "-999", " ? ", "3")
    assert read_table(file, options).columns["w"].to_pylist() == [None, None, 3]
    with read_chunks(file, options, ["w", "x"], []) as chunks:
        (table,) = chunks
    assert table.columns["w"].to_pylist() == [None, None, 3]
    assert np.asarray(table.columns["x"]).tolist() == [1, 1, 1]


@pytest.mark.parametrize("rows", [4, 5000])  # few rows: columns are looked at together
def test_infinite_numbers_of_every_column_are_missing_and_counted(rows: int, tmp_path: Path):
    read = ReadOptions(delimiter=";", number_format=NumberFormat(","), columns={"p": EURO}, infinite="missing")
    last = ["inf;1,5;-inf;x;1 €", "1e999;2;3;inf;inf €"]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["a;b;c;d;p", *["1;1;1;1;1 €"] * (rows - 2), *last, ""]), encoding="utf-8")
    table = read_table(file, read)
    assert dict(table.infinite_cells) == {"a": 2, "c": 1, "p": 1}
    assert table.columns["a"].to_pylist() == [*[1] * (rows - 2), None, None]
    assert table.columns["d"].to_pylist()[-2:] == ["x", "inf"]
    with read_chunks(file, read, ["a", "b", "c", "p"], ["d"]) as chunks:
        list(chunks)
    assert chunks.infinite_cells == {"a": 2, "c": 1, "p": 1}
    place = f"{file} line {rows}, column 'a'"
    with pytest.raises(DataError, match=f"^{place}: found 'inf', expected a finite number"):
        read_table(file, replace(read, infinite="fail"))
