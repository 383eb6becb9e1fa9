"""One test for each fault of a CSV file, with the whole message."""

import io
from pathlib import Path

import pytest

from phoneprice.data.reading import ReadOptions, open_chunks, read_chunks, read_table
from phoneprice.data.reading.text_source import Utf8Source
from phoneprice.errors import DataError

NAME_FIX = "write it in the header, or use --skip-lines 1 if the names are in the next line"
NUMBER_FIX = "expected a number; correct it, or leave such rows out with --on-bad-row skip"
FINITE_FIX = "expected a finite number; correct it or leave it empty"

UNCLOSED = "found a quote that is never closed, expected a closing '\"'; close it, or double a quote that is text"
LONE_CR = (
    "found a carriage return without a line feed, expected LF or CRLF at the end of a line; "
    "save the file with such line ends"
)
CASES = {
    "empty": (
        b"",
        ": the file is empty, expected a header line with the names of the columns; check that it is the right file",
    ),
    "only a mark": (
        b"\xef\xbb\xbf\n\n",
        ": the file is empty, expected a header line with the names of the columns; check that it is the right file",
    ),
    "semicolons": (b"a;b\n1;2\n", ": one column found; the file looks like it uses ';' (use --delimiter ';')"),
    "bars": (b'"a"|"b"\n1|2\n', ": one column found; the file looks like it uses '|' (use --delimiter '|')"),
    "tabs": (b"a\tb\n1\t2\n", ": one column found; the file looks like it uses '\\t' (use --delimiter '\\t')"),
    "latin-1": (
        b"a,b\n1,2\n3,caf\xe9\n",
        (
            " line 3: found byte 0xE9 at byte offset 13, expected utf-8 text; "
            "these bytes fit cp1252: use --encoding cp1252 (cp1250 and iso8859-2 fit, too)"
        ),
    ),
    "utf-16": (
        "a,b\n1,2\n".encode("utf-16"),
        (
            " line 1: found byte 0xFF at byte offset 0, expected utf-8 text; "
            "these bytes fit utf-16: use --encoding utf-16"
        ),
    ),
    "utf-16 with semicolons": (
        "a;b\n1;2\n".encode("utf-16"),
        (
            " line 1: found byte 0xFF at byte offset 0, expected utf-8 text; "
            "these bytes fit utf-16: use --encoding utf-16"
        ),
    ),
    "utf-16 without a mark": (
        "a,b\n1,2\n".encode("utf-16-le"),
        " line 1: found a NUL byte, expected text; use --encoding utf-16-le, which these bytes fit",
    ),
    "nul": (
        b"a,b\n1,2\n3,\x004\n",
        " line 3: found a NUL byte, expected text; repair the file",
    ),
    "unclosed": (b'a,b\n1,2\n3,"4\n5,6\n', f" line 3: {UNCLOSED}"),
    "unclosed at the end": (b'a,b\n1,"2', f" line 2: {UNCLOSED}"),
    "after a quote": (
        b'a,b\n1,2\n"15"7,3\n',
        (
            " line 3: found text after a closing quote in '\"15\"7,3', expected ','; "
            "quote the whole cell and double the quotes in it"
        ),
    ),
    "inner quote": (
        b'a,b\n1,6.1" screen\n',
        (
            " line 2: found a quote inside a cell that is not quoted in '6.1\" screen', expected ','; "
            "quote the whole cell and double the quotes in it"
        ),
    ),
    "few": (
        b"a,b,c\n1,2,3\n1,2\n",
        " line 3: found 2 fields, expected 3 as in the header; add the missing ',' or quote the text",
    ),
    "many": (
        b"a,b\n1,2\n1,2,3\n",
        " line 3: found 3 fields, expected 2 as in the header; remove the extra ',' or quote the text",
    ),
    "few after a quoted newline": (
        b'a,b\n1,"x\ny"\n1\n',
        " line 4: found 1 field, expected 2 as in the header; add the missing ',' or quote the text",
    ),
    "blank": (b"a,b\n1,2\n\n3,4\n", " line 3: found a blank line, expected a row; delete the line"),
    "blank with CR": (
        b"a,b\r\n1,2\r\n\r\n3,4\r\n",
        " line 3: found a blank line, expected a row; delete the line",
    ),
    "blank first": (b"\na,b\n1,2\n", " line 1: found a blank line, expected a row; delete the line"),
    "lone CR": (b"a,b\n1,2\r3,4\n", f" line 2: {LONE_CR}"),
    "old Mac, then other ends": (b"a,b\r1,2\n3,4\n", f" line 1: {LONE_CR}"),
    "same name": (
        b"a,b,a\n1,2,3\n",
        (
            " line 1: found the name 'a' for columns 1 and 3, expected distinct names; "
            "rename one of them, or use --no-header if they are a row of data"
        ),
    ),
    "no name": (
        b"a, ,c\n1,2,3\n",
        f" line 1: found no name for column 2, expected one for every column; {NAME_FIX}",
    ),
    "a line end for a name": (
        b'a,"\r\n",c\n1,2,3\n',
        f" line 1: found no name for column 2, expected one for every column; {NAME_FIX}",
    ),
    "text": (b"a,b\n1,2\nabc,3\n", f" line 3, column 'a': found 'abc', {NUMBER_FIX}"),
    "text with controls": (b"a,b\n1,2\n\x1b[2Jabc,3\n", f" line 3, column 'a': found '\\x1b[2Jabc', {NUMBER_FIX}"),
    "long text": (b"a,b\n1,2\n" + b"x" * 90 + b",3\n", f" line 3, column 'a': found '{'x' * 39}…', {NUMBER_FIX}"),
    "text after a quoted newline": (b'b,a\n"x\ny",1\nz,u\n', f" line 4, column 'a': found 'u', {NUMBER_FIX}"),
    "first by row": (b"b,a\nx,0x10\ny\n", f" line 2, column 'a': found '0x10', {NUMBER_FIX}"),
    "infinite": (b"a,b\n1,2\n-inf,3\n", f" line 3, column 'a': found '-inf', {FINITE_FIX}"),
    "overflow": (b"a,b\n1,2\n1e999,3\n", f" line 3, column 'a': found '1e999', {FINITE_FIX}"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk_rows", [1, 2, 65_536])
def test_whole_message(case: str, chunk_rows: int, tmp_path: Path) -> None:
    content, message = CASES[case]
    path = tmp_path / "phones.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(read_chunks(path, ReadOptions(), ["a"], ["b"], chunk_rows))
    assert str(caught.value) == f"{path}{message}"


@pytest.mark.parametrize("cell", ["0x10", "1_000", '"1,5"', "--5", "5 5", "1e", ".", "٣", "nan(1)", "1\u00a0", "1d5"])
def test_no_number(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    path.write_text(f"a,b\n1,2\n{cell},3\n")
    with pytest.raises(DataError, match=r"line 3, column 'a'.*expected a number"):
        list(read_chunks(path, ReadOptions(), ["a"], ["b"]))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("+5", 5),
        (".5", 0.5),
        ("5.", 5),
        ("1e5", 100000.0),
        ("-0", 0),
        ("\t5 ", 5),
        ("1e-999", 0),
        (" Na ", None),
        ("", None),
        ("  ", None),
        ("NULL", None),
        ("nAn", None),
        ('"7"', 7),
        ("9007199254740993", 2**53),
    ],
)
def test_number(cell: str, value: float | None, tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    path.write_text(f"a,b\n{cell},x\n")
    (table,) = read_chunks(path, ReadOptions(), ["a"], ["b"])
    assert table.columns["a"].to_pylist() == [value]


PLAIN = b"a,b\n1,x\n2,y z\n"
SAME = {
    "mark": b"\xef\xbb\xbf" + PLAIN,
    "CRLF": PLAIN.replace(b"\n", b"\r\n"),
    "CR, as an old Mac": PLAIN.replace(b"\n", b"\r"),
    "no last newline": PLAIN[:-1],
    "blank lines at the end": PLAIN + b"\n\r\n\n",
    "quoted": b'"a","b"\n"1","x"\n2,"y z"\n',
}


@pytest.mark.parametrize("case", SAME)
@pytest.mark.parametrize("chunk_rows", [1, 65_536])
def test_same_as_plain(case: str, chunk_rows: int, tmp_path: Path) -> None:
    path = tmp_path / "手机 价格.csv"
    path.write_bytes(SAME[case])
    tables = list(read_chunks(path, ReadOptions(), ["a"], ["b"], chunk_rows))
    assert [v for t in tables for v in t.columns["a"].to_pylist()] == [1, 2]
    assert [v for t in tables for v in t.columns["b"].to_pylist()] == ["x", "y z"]


def test_quoted_newline_keeps_line_numbers(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b'a,b\r\n1,"x\r\n""y"""\r\n2,z\r\n')
    (table,) = read_chunks(path, ReadOptions(), ["a"], ["b"])
    assert table.columns["b"].to_pylist() == ['x\r\n"y"', "z"]
    assert table.lines is not None
    assert table.lines.tolist() == [2, 4]


def test_header_only_gives_one_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a,b,c\n")
    with read_chunks(path, ReadOptions(), ["b"], ["a"]) as stream:
        assert stream.header == ("a", "b", "c")
        (table,) = stream
    assert table.rows == 0
    assert {name: str(array.type) for name, array in table.columns.items()} == {"a": "string", "b": "double"}
    assert read_table(path, ReadOptions()).rows == 0


def test_skip_counts_rows_with_text_only(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a,b\n1,x\nu,y\n3,z\nv,w\n")
    options = ReadOptions(on_bad_row="skip")
    for rows in (1, 2, 9):
        with read_chunks(path, options, ["a"], ["b"], rows) as stream:
            tables = list(stream)
        assert [v for t in tables for v in t.columns["b"].to_pylist()] == ["x", "z"]
        assert stream.skipped_rows == sum(t.skipped_rows for t in tables) == 2
    path.write_bytes(b"a,b\n1,x\nu,y\n3\n")
    with pytest.raises(DataError, match=r"line 4: found 1 field, expected 2"):
        list(read_chunks(path, options, ["a"], ["b"]))


def test_infinite_is_not_skipped(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a,b\n1,x\n1e999,y\n")
    with pytest.raises(DataError, match="found '1e999', expected a finite number"):
        list(read_chunks(path, ReadOptions(on_bad_row="skip"), ["a"], ["b"]))


def test_missing_columns_are_all_listed(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"ram,b\n1,x\n")
    with pytest.raises(DataError) as caught:
        read_chunks(path, ReadOptions(), ["rma", "b"], ["zzz"])
    assert str(caught.value) == f"{path}: missing columns 'rma' (did you mean 'ram'?), 'zzz'; add or rename"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1", "cp1252", "utf-8-sig"])
def test_other_encodings(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes("a,b\n1,café\n2,x\n".encode(encoding))
    table = read_table(path, ReadOptions(encoding=encoding))
    assert table.columns["b"].to_pylist() == ["café", "x"]


def test_damage_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a,b\n1,\x81\n")
    with pytest.raises(DataError) as caught:
        read_table(path, ReadOptions(encoding="cp1252"))
    assert str(caught.value).startswith(
        f"{path}: found byte 0x81 at byte offset 6, expected cp1252 text; these bytes fit "
    )
    assert "cp1252:" not in str(caught.value)


def test_missing_value_that_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a\n-999\n -999 \n-999.0\n1\n")
    (table,) = read_chunks(path, ReadOptions(missing_values=frozenset({"-999"})), ["a"], [])
    assert table.columns["a"].to_pylist() == [None, None, -999, 1]


def test_nan_is_text_when_it_is_not_missing(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a\n1\nnan\n")
    with pytest.raises(DataError, match="line 3, column 'a': found 'nan', expected a number"):
        list(read_chunks(path, ReadOptions(missing_values=frozenset({""})), ["a"], []))


def test_kinds_are_inferred_and_text_columns_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"id,a,b,c\n007,1,x,\n1e5,NA,2,NA\n")
    table = read_table(path, ReadOptions(), ["id", "absent"])
    assert {name: str(array.type) for name, array in table.columns.items()} == {
        "id": "string",
        "a": "double",
        "b": "string",
        "c": "double",
    }
    assert table.columns["id"].to_pylist() == ["007", "1e5"]
    assert table.columns["a"].to_pylist() == [1, None]
    assert table.names == ("id", "a", "b", "c")
    table = read_table(path, ReadOptions(), skip_columns=["a"])
    assert table.names == ("id", "a", "b", "c")
    assert table.columns["a"].null_count == table.rows


def test_infinite_in_a_whole_table(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a,b\n1,2\n3,Infinity\n")
    with pytest.raises(DataError) as caught:
        read_table(path, ReadOptions())
    assert str(caught.value) == f"{path} line 3, column 'b': found 'Infinity', {FINITE_FIX}"


def test_verbatim_keeps_numbers_and_missing_words_as_written(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a,b\n1.50,=x\nNA, na \n")
    (table,) = read_chunks(path, ReadOptions(), ["a"], ["b"], verbatim=["a", "b"])
    assert table.columns["a"].to_pylist() == [1.5, None]
    assert table.columns["b"].to_pylist() == ["=x", None]
    assert table.written["a"].to_pylist() == ["1.50", "NA"]
    assert table.written["b"].to_pylist() == ["=x", " na "]


def test_no_column_asked_for_still_counts_and_checks(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"a,b\n1,2\n3,4\n")
    with open_chunks(path, ReadOptions()) as stream:
        assert stream.header == ("a", "b")
    assert [table.rows for table in read_chunks(path, ReadOptions(), [], [], 1)] == [1, 1]
    path.write_bytes(b"a,b\n1,2\n3\n")
    with pytest.raises(DataError, match=r"line 3: found 1 field, expected 2"):
        list(read_chunks(path, ReadOptions(), [], []))


def test_lines_of_any_length_are_left_out() -> None:
    stream = Utf8Source("t.csv", io.BytesIO(b"x" * (3 << 20) + b"\n\na,b\n1,2"), "utf-8")
    stream.drop_lines(2)
    assert (stream.head, stream.offset) == (b"a,b\n1,2", (3 << 20) + 2)
    stream.drop_lines(3)
    assert (stream.head, stream.offset) == (b"", (3 << 20) + 9)
