"""Any text: the fast path, the strict path and a slow parser written here from the rules say the same."""

import math
import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from phoneprice.data.reading import ReadOptions, read_chunks
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.reading.cutting import RawSegment
from phoneprice.data.reading.fast_csv import FastParser
from phoneprice.data.reading.layout import completed
from phoneprice.data.reading.options import Selection
from phoneprice.errors import DataError

MISSING = {"", "na", "nan", "null"}
Rows = list[tuple[int, float | None, str | None]]

numbers = st.sampled_from(
    [
        "1",
        "-2.5",
        "+5",
        ".5",
        "5.",
        "1e5",
        " 7 ",
        "-0",
        "007",
        "1E-3",
        "NA",
        "nan",
        " Null",
        "NULL ",
        "",
        "  ",
        "\t1",
        "1.7976931348623157e308",
        "2.2250738585072011e-308",
    ]
)
odd = st.sampled_from(
    ["0x10", "1_0", "1,5", "inf", "1e999", "-Infinity", "nan(1)", "+nan", "x", "٣", '"', '"1"', '"1', '1"', "1\r", "\0"]
)
texts = st.one_of(
    st.sampled_from(
        ["a", "手机", "NA", "\u212a", "é ", '"q"', '"a,b"', '"x\ny"', '"x\r\ny"', '"say ""hi"""', '""', "", "\ufeffb"]
    ),
    st.text(st.characters(exclude_characters='",\r\n', exclude_categories=["Cs"]), max_size=4),
)
plain_row = st.builds(lambda n, t: f"{n},{t}", numbers, texts)
odd_row = st.one_of(
    st.builds(lambda n, t: f"{n},{t}", odd, texts),
    st.builds(lambda n, t: f"{n},{t}", numbers, odd),
    st.sampled_from(["", "1", "1,2,3", '"1","2","3"', "\r", " "]),
)
line_ends = st.sampled_from(["\n", "\n", "\n", "\r\n"])
lines = st.builds(lambda row, end: row + end, st.one_of(plain_row, plain_row, plain_row, odd_row), line_ends)
clean_lines = st.builds(lambda row, end: row + end, plain_row, line_ends)
bodies = st.one_of(st.lists(clean_lines, max_size=6), st.lists(lines, max_size=6)).map("".join)
last = st.sampled_from(["", "", "\n", "\r\n\n", "9,z", '9,"z"'])


class Refused(Exception):  # noqa: N818  # the reference's own
    """The line of the first fault."""


def reference(table: str) -> Rows:
    """The rules, one character after the other. The header (line 1) is "n,t"."""
    body = table.removeprefix("n,t\n")
    while body.endswith(("\n\n", "\n\r\n")) or body in {"\n", "\r\n"}:
        body = body[:-2] if body.endswith("\r\n") else body[:-1]
    if body and not body.endswith("\n"):
        body += "\n"
    rows: Rows = []
    position, line = 0, 2
    while position < len(body):
        start = line
        cells, position, line = _record(body, position, line)
        if cells == [None]:
            raise Refused(start)
        if len(cells) != 2:
            raise Refused(start)
        number, text = (cell or "" for cell in cells)
        rows.append((start, _number(number, start), None if _missing(text) else text))
    return rows


def _record(body: str, position: int, line: int) -> tuple[list[str | None], int, int]:
    cells: list[str | None] = []
    while True:
        cell, position, line = _cell(body, position, line)
        cells.append(cell)
        if body.startswith("\r\n", position):
            position += 1
        if body[position] == "\n":
            return ([None] if cells == [""] and body[position - 1] != '"' else cells), position + 1, line + 1
        if body[position] != ",":
            raise Refused(line)
        position += 1


def _cell(body: str, position: int, line: int) -> tuple[str, int, int]:
    if body[position] != '"':
        end = position
        while body[end] not in ',"\r\n':
            if body[end] == "\0":
                raise Refused(line)
            end += 1
        return body[position:end], end, line
    opened, nul_line, found, position = line, 0, "", position + 1
    while position < len(body):
        if body[position] == '"':
            if not body.startswith('""', position):
                if nul_line:
                    raise Refused(nul_line)
                return found, position + 1, line
            position += 1
        if body[position] == "\0":
            nul_line = nul_line or line
        line += body[position] == "\n"
        found += body[position]
        position += 1
    raise Refused(opened)


def _missing(cell: str) -> bool:
    return cell.strip(" \t").casefold() in MISSING


def _number(cell: str, line: int) -> float | None:
    inner = cell.strip(" \t")
    if _missing(cell):
        return None
    if not inner or set(inner) - set("0123456789+-.eE"):
        raise Refused(line)
    try:
        value = float(inner)
    except ValueError:
        raise Refused(line) from None
    if not math.isfinite(value):
        raise Refused(line)
    return value


def ours(path: Path, chunk_rows: int) -> Rows | str:
    found: Rows = []
    try:
        with read_chunks(path, ReadOptions(), ["n"], ["t"], chunk_rows) as stream:
            for table in stream:
                assert table.lines is not None
                n, t = table.columns["n"].to_pylist(), table.columns["t"].to_pylist()
                found += zip(table.lines.tolist(), n, t, strict=True)
    except DataError as fault:
        return str(fault)
    return found


def strictly(path: Path) -> Rows | str:
    with mock.patch.object(FastParser, "parse", return_value=None):
        return ours(path, 100)


@settings(max_examples=250, deadline=None)
@given(bodies, last)
@example('1,"\n\n\n', "")
@example("1,a\n\ufeff2,b\n", "")
def test_fast_strict_and_reference_agree(body: str, end: str) -> None:
    text = "n,t\n" + body + end
    assume(len(completed(["n", "t"], text.encode(), ",")) == 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.csv"
        path.write_bytes(text.encode())
        found = ours(path, 65_536)
        assert ours(path, 1) == ours(path, 2) == strictly(path) == found
    try:
        expected = reference(text)
    except Refused as refusal:
        assert isinstance(found, str), f"accepted {found}"
        assert f"line {refusal.args[0]}" in found  # noqa: PT017
    else:
        assert found == expected


def test_the_fast_path_is_taken_where_it_is_safe() -> None:
    columns = ColumnReader("p.csv", Selection(("n", "t"), frozenset("n"), frozenset("t")), ReadOptions())
    fast = FastParser(columns)
    for data in (b"1,a\n", b"1,a\r\n2,b\r\n", b'"1","a"\n', "1,手机\n".encode(), b"NA,\n"):
        assert fast.parse(RawSegment(data, 2, 4)) is not None
    for data in (
        b'1,"a,"\n',
        b'"15"7,a\n',
        b'1,"a\n',
        b"1,\0\n",
        b"1,a\n\n",
        b"1,a\r2,b\n",
        b"1,\xff\n",
        b"nan(1),a\n",
    ):
        assert fast.parse(RawSegment(data, 2, 4)) is None
    assert fast.parse(RawSegment(b"nan(1),a\n", 2, 4)) is None
