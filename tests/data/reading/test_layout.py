"""Delimiters and headers are recognised, and a table that needs no recognising stays what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.data.reading.layout import (
    Layout,
    completed,
    declared_delimiter,
    header_place,
    looks_like_data,
    names_suspected,
    recognised_layout,
)

PLAIN = [["name", "price", "grade"], *[["Meier, Hans" if i % 2 else "Eva", f"{i}.5", str(i % 3)] for i in range(30)]]
PREAMBLES = {
    "none": [],
    "a title": ["Sales of 2024"],
    "a title with commas, and a blank line": ["Sales, north, 2024", ""],
    "comments": ["# made by hand", "# unit: EUR, net"],
    "a title over all columns": ["Sales{d}{d}"],
    "blank lines": ["", ""],
}


def text(delimiter: str, preamble: list[str]) -> str:
    lines = [line.replace("{d}", delimiter) for line in preamble]
    cells = [[f'"{cell}"' if delimiter in cell else cell for cell in row] for row in PLAIN]
    return "".join(f"{line}\n" for line in [*lines, *(delimiter.join(row) for row in cells)])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("preamble", PREAMBLES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_lines_above_the_header(delimiter: str, preamble: str, end: str) -> None:
    data = text(delimiter, PREAMBLES[preamble]).replace("\n", end).encode()
    expected = Layout(delimiter, len(PREAMBLES[preamble]))
    assert recognised_layout(data) == expected
    assert recognised_layout(data, delimiter) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Layout(",", 0)),
        (b"a\n1\n2\n", Layout(",", 0)),
        (b"a;b;c\n", Layout(";", 0)),
        (b"a;b\n1,5;2,5\n3,5;4,5\n", Layout(";", 0)),
        (b"name;price\nA;1,5\nB;2,5\n", Layout(";", 0)),
        (b"Name, first;y\nMeier, Hans;1\nSchulz, Eva;2\n", Layout(";", 0)),
        (b"Growth\ncountry,2019,2020,2021\nA,1,2,3\nB,4,5,6\n", Layout(",", 1)),
        (b"#chrom,pos\nx,1\ny,2\n", Layout(",", 0)),  # a header that begins like a comment
        (b"x,y\n1,a,2\n2,b,3\n3,c,4\n", Layout(",", 0)),  # R's row names
        (b'"x" "y"\n"1" 2 "New York"\n"2" 3 "Rome"\n', Layout(" ", 0)),
        (b"x y z\r\n1 2 a\r\n3 4 b\r\n", Layout(" ", 0)),
        (b"city name\nNew York\nLos Angeles\n", Layout(",", 0)),
        (b"x y z\n1 2 a\n3 4\n", Layout(",", 0)),
        (b"x y,z\n1 2,a\n3 4,b\n", Layout(",", 0)),
        (b"text\nhello\na, b\n", Layout(",", 0)),
        (b"5.1,3.5,a\n4.9,3.0,b\n", Layout(",", 0)),
    ],
)
def test_what_is_taken_for_what(data: bytes, expected: Layout) -> None:
    assert recognised_layout(data) == expected


cells = st.text(st.characters(codec="utf-8", exclude_characters='",;\t|\r\n#', exclude_categories=["Cs"]), min_size=1)


@given(st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=2, max_size=8)))
def test_a_table_from_its_first_line_on_stays_one(rows: list[list[str]]) -> None:
    data = "".join(f"{','.join(row)}\n" for row in rows).encode()
    filled = all(cell.strip() for row in rows for cell in row)
    if filled:
        assert recognised_layout(data) == Layout(",", 0)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"sep=;\na;b\n", ";"),
        (b'"sep=\t"\r\na\tb\n', "\t"),
        (b"SEP=,\n", ","),
        (b"sep=x\n", None),
        (b"sep=;;\n", None),
        (b"a,b\n", None),
    ],
)
def test_excels_line(head: bytes, expected: str | None) -> None:
    assert declared_delimiter(head) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["5.1", "3.5", "1.4", "setosa"], True),
        (["1", "0", "3", "22"], True),
        (["country", "2019", "2020", "2021"], False),
        (["0", "1", "2", "3"], False),
        (["2019", "2020"], False),
        (["1", "2"], True),
        (["id", "5", "colour"], False),
        (["a", "b"], False),
    ],
)
def test_names_that_are_values(header: list[str], expected: bool) -> None:
    assert looks_like_data(header) is expected
    assert (names_suspected(header) is not None) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["1,7,a", "2,8,b", "3,9,c"], ["", "x", "y"]),
        (["7,1,2", "9,3,4", "10,5,6"], ["", "x", "y"]),
        (["Fiat,1,2", "Ford,3,4", '"Audi",5,6'], ["", "x", "y"]),
        (["7,1,2", "7,3,4", "8,5,6"], ["x", "y"]),  # numbers with a decimal comma, maybe
        (["1,5,a", "2,5,b"], ["x", "y"]),
        (["7,1,2", "8,3", "9,4,5"], ["x", "y"]),
        (["1,2,", "1,2, ", "3,4,"], ["x", "y", ""]),
        (["1,2,", "1,2,3", "3,4,"], ["x", "y"]),
        (["1,2", "3,4", "5,6"], ["x", "y"]),
        ([], ["x", "y"]),
    ],
)
def test_a_header_that_is_short_of_a_name(rows: list[str], expected: list[str]) -> None:
    assert list(completed(["x", "y"], "\n".join(["x,y", *rows, ""]).encode(), ",")) == expected


def test_the_header_of_a_sheet() -> None:
    sheet = [["Sales", "", ""], ["", "", ""], ["name", "price", "y"], ["A", "1", "2"], ["B", "3", "4"]]
    assert header_place(sheet) == 2
    assert header_place(sheet[2:]) == 0
