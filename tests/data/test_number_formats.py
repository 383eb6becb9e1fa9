import math
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.data.number_formats import PLAIN, NumberFormat, to_plain
from phoneprice.data.reading.cells import NUMBER
from tests.written_numbers import FORMATS, formats, numbers, write

EURO = NumberFormat(",", ".", ("€", "EUR"))
DOLLARS = NumberFormat(units=("$",), factors=(("K", 3), ("M", 6)))
ODD_CELLS = st.text("0123456789.,' _-+()%€gGBe\N{NO-BREAK SPACE}\N{MINUS SIGN}\uff13", max_size=12)


def read(cells, how):
    """The numbers among the cells, in the plain grammar; None for others."""
    found = to_plain(pa.array(cells, pa.string()), how).to_pylist()
    return [cell if cell is not None and NUMBER.fullmatch(cell) else None for cell in found]


@pytest.mark.parametrize(
    ("how", "cell", "expected"),
    [
        (NumberFormat(","), "1,5", "1.5"),
        (NumberFormat(","), "1.5", None),
        (NumberFormat(",", "."), "3.020", "3020"),
        (NumberFormat(",", "."), "1.234.567,8", "1234567.8"),
        (NumberFormat(",", "."), "12.34", None),
        (NumberFormat(",", "."), "1234.567", None),
        (NumberFormat(",", "."), "1,234.567", None),
        (NumberFormat(",", "."), "0.123", None),
        (NumberFormat(",", "."), "1.234e5", None),
        (NumberFormat(thousands=","), "1,234.5e3", "1234.5e3"),
        (NumberFormat(thousands=","), "-1,234", "-1234"),
        (NumberFormat(thousands=","), ",123", None),
        (NumberFormat(thousands=","), "12,34,567", "1234567"),
        (NumberFormat(thousands=","), "-1,16,50,551.25", "-11650551.25"),
        (NumberFormat(thousands=","), "123,45,678", None),
        (NumberFormat(thousands=","), "1,234,56,789", None),
        (NumberFormat(thousands=","), "12,345,67", None),
        (NumberFormat(thousands=","), "12,34", None),
        (NumberFormat(thousands=","), "01,23,456", None),
        (NumberFormat(",", "."), "12.34.567", None),
        (NumberFormat(thousands=" "), "1\N{NARROW NO-BREAK SPACE}234\N{NO-BREAK SPACE}567", "1234567"),
        (NumberFormat(thousands="'"), "1\N{RIGHT SINGLE QUOTATION MARK}234.5", "1234.5"),
        (NumberFormat(thousands="_"), "1_000_000", "1000000"),
        (EURO, "-1.234,50 €", "-1234.50"),
        (EURO, "€ -5", "-5"),
        (EURO, "-€5", "-5"),
        (EURO, "(5 EUR)", "-5"),
        (EURO, "5", None),
        (EURO, "0", "0"),
        (EURO, "5 € €", None),
        (NumberFormat(units=("GB", "")), "5", "5"),
        (NumberFormat(units=("m",)), "5 km", None),
        (NumberFormat(typographic=True), "\N{MINUS SIGN}5", "-5"),
        (NumberFormat(typographic=True), "(5)", "-5"),
        (NumberFormat(typographic=True), "5-", "-5"),
        (NumberFormat(typographic=True), "- 5", "-5"),
        (NumberFormat(typographic=True), "-", None),
        (NumberFormat(typographic=True), "\uff11\uff12.\uff15", "12.5"),
        (NumberFormat(typographic=True), "(-5)", None),
        (NumberFormat(typographic=True), "\u0669\u0669\u066b\u0661\u0663", "99.13"),
        (NumberFormat(typographic=True), "\u06f9\u06f9.\u06f5", "99.5"),
        (NumberFormat(thousands="'"), "\u0661\u066c\u0662\u0663\u0664", "1234"),
        (NumberFormat(typographic=True), "\u0967\u0968", "12"),
        (NumberFormat(units=("%",)), "\u0665\u066a", "5"),
        (DOLLARS, "$1.2M", "1.2e6"),
        (DOLLARS, "-$1.2 K", "-1.2e3"),
        (DOLLARS, "($3K)", "-3e3"),
        (DOLLARS, "$3", "3"),
        (DOLLARS, "$3KM", None),
        (DOLLARS, "$3T", None),
        (DOLLARS, "$K", None),
        (DOLLARS, "1.2M", None),
        (NumberFormat(",", ".", ("€",), factors=(("Mio.", 6),)), "1.234,5 Mio. €", "1234.5e6"),
        (PLAIN, "1,5", None),
    ],
)
def test_examples(how, cell, expected):
    assert read([cell, None, "7 apples", cell], how)[::3] == [expected, expected]


@pytest.mark.parametrize("how", FORMATS, ids=repr)
@pytest.mark.parametrize("cells", [[], [None], [""], ["", None, ""]])
def test_nothing_stays_nothing(how, cells):
    assert read(cells, how) == [None] * len(cells)
    assert to_plain(pa.array(cells, pa.string()), how).null_count == cells.count(None)


@given(st.data(), formats(), st.lists(st.none() | numbers, min_size=1, max_size=8))
def test_what_is_written_in_a_format_is_read_back(data, how, values):
    cells = [None if value is None else data.draw(write(value, how)) for value in values]
    found = read(cells, how)
    assert [cell if cell is None else float(cell) for cell in found] == values
    part = to_plain(pa.array([*cells, "x"], pa.string()).slice(1), how)
    assert part.to_pylist()[:-1] == found[1:]


@given(formats(), st.lists(ODD_CELLS, min_size=1, max_size=8))
def test_a_number_keeps_its_digits_and_its_magnitude(how, cells):
    for written, found in zip(cells, read(cells, how), strict=True):
        if found is None:
            continue
        cell = written.replace("\uff13", "3").replace("\N{NO-BREAK SPACE}", " ")
        digits, decimals = re.sub(r"[^\d]", "", cell), re.sub(r"[^\d]", "", cell.partition(how.decimal)[2])
        assert re.sub(r"[^\d]", "", found) == digits
        assert re.sub(r"[^\d]", "", found.partition(".")[2]) == decimals
        for group in cell.partition(how.decimal)[0].split(how.thousands)[1:] if how.thousands.strip() else ():
            assert re.fullmatch(r"\d{3}\D*", group), (cell, found)
        assert math.isfinite(float(found)) or "e" in found


@pytest.mark.parametrize(
    ("how", "example"),
    [
        (PLAIN, "1234.5"),
        (EURO, "1.234,5 €"),
        (NumberFormat(",", ".", ("R$", "")), "R$ 1.234,5"),
        (NumberFormat(".", ",", ("$",)), "$ 1,234.5"),
        (NumberFormat(units=("GB",)), "1234.5 GB"),
    ],
)
def test_an_example_as_people_write_it(how, example):
    assert how.example == example
    assert read([example], how) == ["1234.5"]
