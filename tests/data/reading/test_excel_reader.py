"""Worksheets are tables like any other, and a small file never takes much memory."""

import zipfile
from pathlib import Path

import pytest

from phoneprice.data.reading import ReadOptions, open_chunks, read_table
from phoneprice.data.reading.options import AUTO
from phoneprice.errors import DataError
from tests.data.reading.workbooks import workbook

OPEN = ReadOptions(delimiter=AUTO, encoding=AUTO, skip_lines=AUTO)
TABLE = [["name", "ram", "ok"], ["007", 4, True], ["é", 2.5, False], ["", None, True]]


def write(folder: Path, sheets: dict[str, object]) -> Path:
    path = folder / "book.xlsx"
    path.write_bytes(workbook(sheets))  # type: ignore[arg-type]
    return path


def test_the_first_sheet_and_one_that_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, {"Phones": TABLE, "Other": [["x"], [1]]})
    table = read_table(path, OPEN, ["name"])
    assert {name: cells.to_pylist() for name, cells in table.columns.items()} == {
        "name": ["007", "é", None],
        "ram": [4, 2.5, None],
        "ok": [1, 0, 1],
    }
    assert table.place(1, "ram") == f"{path} line 3, column 'ram'"
    assert table.recognised == ()
    assert read_table(f"{path}#Other", OPEN).names == ("x",)
    assert read_table(f"{path}#Phones", OPEN).names == table.names


def test_a_title_above_the_header(tmp_path: Path) -> None:
    path = write(tmp_path, {"S": [["Phones of 2024"], [], *TABLE, [], []]})
    table = read_table(path, OPEN, ["name"])
    assert table.names == ("name", "ram", "ok")
    assert table.rows == 3
    assert table.recognised == ("recognised 2 lines above the header; data.skip_lines sets it",)
    assert table.place(0) == f"{path} line 4"


def test_a_table_that_begins_below_and_beside_the_corner(tmp_path: Path) -> None:
    below = [[None, "a", "b"], *([None, i, i + 0.5] for i in range(4))]
    for above, recognised in (
        ([[], []], ("recognised 2 lines above the header; data.skip_lines sets it",)),
        (
            [["Phones"], []],
            (
                "recognised 2 lines above the header; data.skip_lines sets it",
                "left out the first column, which has neither a name nor a value",
            ),
        ),
    ):
        path = write(tmp_path, {"S": [*above, *below]})
        table = read_table(path, OPEN)
        assert {name: cells.to_pylist() for name, cells in table.columns.items()} == {
            "a": [0, 1, 2, 3],
            "b": [0.5, 1.5, 2.5, 3.5],
        }
        assert table.recognised == recognised
        assert table.place(0) == f"{path} line 4"


@pytest.mark.parametrize(
    ("number", "text"),
    [(10**15, "1000000000000000"), (-(10**15) - 1, "-1000000000000001"), (1e300, "1e+300"), (2.5, "2.5"), (7.0, "7")],
)
def test_a_whole_number_is_text_without_a_point(number: float, text: str, tmp_path: Path) -> None:
    path = write(tmp_path, {"S": [["id"], [number]]})
    assert read_table(path, OPEN, ["id"]).columns["id"].to_pylist() == [text]


def test_dates_and_errors(tmp_path: Path) -> None:
    day, moment, error = '<c s="1"><v>43832</v></c>', '<c s="2"><v>43832.5</v></c>', '<c t="e"><v>#DIV/0!</v></c>'
    path = write(tmp_path, {"S": [["d", "t", "e"], [day, moment, error], [day, moment, 1]]})
    table = read_table(path, OPEN)
    assert table.columns["d"].to_pylist() == ["2020-01-02"] * 2
    assert table.columns["t"].to_pylist() == ["2020-01-02 12:00:00"] * 2
    assert table.columns["e"].to_pylist() == [None, 1]


def test_without_a_header(tmp_path: Path) -> None:
    path = write(tmp_path, {"S": [[1, 2.5], [3, 4]]})
    table = read_table(path, ReadOptions(header=False))
    assert {name: cells.to_pylist() for name, cells in table.columns.items()} == {
        "column_1": [1, 3],
        "column_2": [2.5, 4],
    }


def test_it_is_streamed_in_chunks(tmp_path: Path) -> None:
    path = write(tmp_path, {"S": [["a"], *([i] for i in range(10))]})
    with open_chunks(path, OPEN, 4) as stream:
        assert [table.rows for table in stream.select(["a"], [])] == [4, 4, 2]


FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
UNPLACED = "<row>" + "<c><v>1</v></c>" * 100_000 + '</row><row r="1000000"><c><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ([], ": found nothing where the names of the columns should be, expected a row of them; "),
        ([["a"], [1], [], [2]], " line 3: found a blank line, expected a row; delete the line"),
        ([["a", "a"], [1, 2]], " line 1: found the name 'a' for columns 1 and 2, expected distinct names; "),
        (FAR, ": found a sheet of 1,048,576 rows and 16,384 columns, most of them empty; "),
        (UNPLACED, ": found a sheet of 1,000,000 rows and 100,000 columns, most of them empty; "),
        ("<row>" + " " * (80 << 20) + "</row>", ": found a workbook that unpacks to more than 67 MB, "),
        ("<row><c></row>", ": found a workbook that can't be read "),
    ],
    ids=["nothing", "blank", "names", "far", "unplaced", "bomb", "damaged"],
)
def test_what_is_refused(sheet: object, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, {"S": sheet})
    with pytest.raises(DataError) as caught:
        read_table(path, OPEN)
    assert str(caught.value).startswith(f"{path}{message}")


def test_formats_without_values_reach_far(tmp_path: Path) -> None:
    formats = '<row r="2"><c r="A2"><v>1</v></c><c r="XFD2" s="1"/></row><row r="1048576" ht="15"/>'
    path = write(tmp_path, {"S": f'<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>{formats}'})
    assert read_table(path, OPEN).columns["a"].to_pylist() == [1]


def test_an_entry_that_says_another_size(tmp_path: Path) -> None:
    path = write(tmp_path, {"S": TABLE})
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    place = data.rindex(size.to_bytes(4, "little"))
    data[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(DataError, match="another size than it says"):
        read_table(path, OPEN)


def test_a_sheet_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, {"Phones": TABLE})
    with pytest.raises(DataError) as caught:
        read_table(f"{path}#Phnes", OPEN)
    assert str(caught.value) == f"{path}#Phnes: found no worksheet 'Phnes'; did you mean 'Phones'?"


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    path = write(tmp_path, {"S": TABLE})
    with pytest.raises(DataError) as caught:
        read_table(path, OPEN)
    assert str(caught.value) == (
        f"{path}: found an Excel workbook, which needs the extra 'excel'; "
        "pip install 'phoneprice[excel]', or save the sheet as CSV"
    )
