import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.data.inspection.recognition import (
    Found,
    decided,
    look_at,
    may_be_grouped,
    sentinels,
    words_among_dates,
)
from phoneprice.data.number_formats import PLAIN, NumberFormat, to_plain
from phoneprice.data.reading.cells import NUMBER
from tests.written_numbers import MARKS, UNITS, write


def look(*cells: str | None) -> Found | None:
    return look_at(pa.array(cells, pa.string()))


@pytest.mark.parametrize(
    ("cells", "how"),
    [
        (["1,5", "2"], NumberFormat(",")),
        (["14,50", "3.020", "850"], NumberFormat(",", ".")),
        (["1.234.567", "5"], NumberFormat(",", ".")),
        (["1,234,567", "5"], NumberFormat(".", ",")),
        (["1,234.5", "5"], NumberFormat(".", ",")),
        (["12,34,567", "5,000", "850"], NumberFormat(".", ",")),
        (["Rs. 1,16,50,551.00", "Rs. 5"], NumberFormat(".", ",", ("Rs.",))),
        (["1 234", "5,5"], NumberFormat(",", " ")),
        (["1 234", "234,567"], NumberFormat(",", " ")),
        (["1'234.50", "3"], NumberFormat(".", "'")),
        (["1_000", "3"], NumberFormat(".", "_")),
        (["0,123", "0,456"], NumberFormat(",")),
        (["1,2e3", "2"], NumberFormat(",")),
        (["1.200,50 €", "-850 €"], NumberFormat(",", ".", ("€",))),
        (["€ 5", "7,5 €"], NumberFormat(",", "", ("€",))),
        (["$1,234.50", "($5)"], NumberFormat(".", ",", ("$",))),
        (["EUR 5", "EUR 7,5"], NumberFormat(",", "", ("EUR",))),
        (["6 GB", "8 GB", "4"], NumberFormat(units=("GB", ""))),
        (["6 GB", "8GB", "0"], NumberFormat(units=("GB",))),
        (["5.5 inches", "6 inches", "1 inch"], NumberFormat(units=("inches", "inch"))),
        (["12%", "3 %", "0"], NumberFormat(units=("%",))),
        (["12 apples", "3 apples"], NumberFormat(units=("apples",))),
        (["\N{MINUS SIGN}5", "4"], NumberFormat(typographic=True)),
        (["(200)", "300"], NumberFormat(typographic=True)),
        (["200-", "300"], NumberFormat(typographic=True)),
        (["\uff11\uff12", "3"], NumberFormat(typographic=True)),
        (["\u0669\u066b\u0661", "\u0663"], NumberFormat(typographic=True)),
        (["\u0967\u0968", "\u0966"], NumberFormat(typographic=True)),
        (["\u0661\u066c\u0662\u0663\u0664", "5"], NumberFormat(thousands="'")),
        (["3.0k", "950"], NumberFormat(factors=(("k", 3),))),
        (["3.4k", "950", "0"], NumberFormat(factors=(("k", 3),))),
        (["1.2M", "850,000"], NumberFormat(thousands=",", factors=(("M", 6),))),
        (["3.6\u4e07", "9800"], NumberFormat(factors=(("\u4e07", 4),))),
        (["4,2 Mio.", "35"], NumberFormat(",", factors=(("Mio.", 6),))),
        (["2k", "3M", "1.5b"], NumberFormat(factors=(("k", 3), ("M", 6), ("b", 9)))),
        (["3.4k", "2k"], NumberFormat(units=("k",))),
        (["$1.2M", "$850K"], NumberFormat(units=("$",), factors=(("M", 6), ("K", 3)))),
        (["$1.2m", "$3m"], NumberFormat(units=("$",), factors=(("m", 6),))),
        (["2,5 Mio. €", "€ 3 Tsd."], NumberFormat(",", "", ("€",), factors=(("Mio.", 6), ("Tsd.", 3)))),
        (["Rs. 45 Lakh", "Rs. 1.2 Cr"], NumberFormat(units=("Rs.",), factors=(("Lakh", 5), ("Cr", 7)))),
        (["₹2.5 Cr", "₹80 L"], NumberFormat(units=("₹",), factors=(("Cr", 7), ("L", 5)))),
        (["₹80 L", "₹95 L"], NumberFormat(units=("₹",), factors=(("L", 5),))),
        (["$5m", "7m"], NumberFormat(units=("$", ""), factors=(("m", 6),))),
        (["5 m", "7 m"], NumberFormat(units=("m",))),
        (["5 L", "7 L"], NumberFormat(units=("L",))),
        (["299,-", "1500,-"], NumberFormat(",")),
        (["1.299,-", "15,--"], NumberFormat(",", ".")),
        (["708.-", "1299.-"], NumberFormat(typographic=True)),
        (["CHF 1'234.\N{EN DASH}", "CHF 5.50"], NumberFormat(".", "'", ("CHF",))),
        (["299,\N{EN DASH} €", "19,50 €"], NumberFormat(",", "", ("€",))),
        (["299,50-", "1500,00"], NumberFormat(",")),
    ],
)
def test_formats(cells: list[str], how: NumberFormat) -> None:
    found = look(*cells)
    assert found is not None
    assert (found.how, found.doubt, found.open_mark) == (how, "", "")


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2.5"],
        ["red", "blue"],
        ["A1", "B2"],
        ["12", "13", "14a"],
        ["1st", "2nd", "3rd"],
        ["2020-01-05", "2020-02-03"],
        ["12.05.2020", "01.06.2021"],
        ["12:30", "13:40"],
        ["192.168.100.200", "10.0.0.1"],
        ["10,000+", "5,000+"],
        ["yes", "no", "?"],
        ["?", "n/a"],
        ["Ab 5", "Cd 6"],
        ["$5 GB", "$6 GB"],
        [],
        [None],
        ["4.1", "4.10", "beta"],
    ],
    ids=str,
)
def test_text_and_plain_numbers_say_nothing(cells: list[str | None]) -> None:
    assert look(*cells) is None


@pytest.mark.parametrize(
    ("cells", "doubt"),
    [
        (
            ["6 GB", "8 GB", "6144 MB"],
            "in different units count as text ('GB' in 2 cells, 'MB' in 1 cell); give all in",
        ),
        (["12%", "0.3"], "in different units count as text ('%' in 1 cell, none in 1 cell); give all in"),
        (["$5", "€5"], "in different units count as text ('$' in 1 cell, '€' in 1 cell); give all in"),
        (["300K", "295"], "in different units count as text ('K' in 1 cell, none in 1 cell); give all in"),
        (["5MM", "3"], "in different units count as text ('MM' in 1 cell, none in 1 cell); give all in"),
        (["7 cr", "5"], "in different units count as text ('cr' in 1 cell, none in 1 cell); give all in"),
        (["5 mW", "5 MW"], "in different units count as text ('mW' in 1 cell, 'MW' in 1 cell); give all in"),
    ],
)
def test_different_units_are_named(cells: list[str], doubt: str) -> None:
    found = look(*cells)
    assert found is not None
    assert found.doubt == f"numbers {doubt} one"


def test_factors_are_said_with_their_cells() -> None:
    found = look("$1.2M", "$850K", "$3M")
    assert found is not None
    told = "unit '$' in 3 cells, factor 'M' (1,000,000) in 2 cells, factor 'K' (1,000) in 1 cell"
    assert found.reason == f"numbers like $ 1234.5M: {told}"


@pytest.mark.parametrize("cells", [["1.5", "1,5"], ["1.234", "1,234"], ["1.234.567", "1,234,567"], ["1 234.5", "1,5"]])
def test_two_ways_of_writing_are_named(cells: list[str]) -> None:
    found = look(*cells)
    assert found is not None
    assert found.doubt == f"numbers written in two ways count as text ({cells[0]!r} and {cells[1]!r}); write all alike"


@pytest.mark.parametrize("word", ["?", "-", ".", "N/A", "n/a", "#N/A", "#DIV/0!", "None", "unknown", "missing", " ? "])
@pytest.mark.parametrize("numbers", [["1.5", "2"], ["1,5", "2"], ["1.234,5 €", "8 €"]])
@pytest.mark.parametrize("share", [1, 50])
def test_words_for_missing_at_any_share(word: str, numbers: list[str], share: int) -> None:
    found = look(*numbers, *[word] * share)
    assert found is not None
    assert (found.words, found.doubt) == ((word,), "")


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["T"] * 3, ("T",)),
        (["T", "?", "not seen"], ("T", "?", "not seen")),
        ([">3", "6.2\x1a"], (">3", "6.2\x1a")),
        (["a", "b", "c", "d"], None),  # somebody has to look
    ],
)
def test_a_few_mistakes_count_as_missing_where_that_is_asked_for(
    texts: list[str], words: tuple[str, ...] | None
) -> None:
    cells = pa.array([*(f"{i}.5" for i in range(100)), *texts])
    found = look_at(cells, mistakes=True)
    assert (found and set(found.words)) == (words and set(words))
    assert look_at(cells) == (look(*cells.to_pylist()[:100], "?") if "?" in texts else None)


@pytest.mark.parametrize(
    ("mark", "decimal", "how"),
    [
        (",", ",", NumberFormat(",")),
        (",", ".", NumberFormat(".", ",")),
        (".", ",", NumberFormat(",", ".")),
        (".", ".", PLAIN),
    ],
)
def test_an_open_mark_is_decided_by_the_file(mark: str, decimal: str, how: NumberFormat) -> None:
    found = look(f"1{mark}234 kg", "850 kg")
    assert found is not None
    assert (found.open_mark, found.how.marked) == (mark, False)
    known = decided(found, decimal, "column 'a' has it")  # type: ignore[arg-type]
    assert (known.how.decimal, known.how.thousands, known.open_mark) == (how.decimal, how.thousands, "")


@given(st.data(), st.sampled_from(MARKS), st.sampled_from(UNITS), st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_what_is_written_in_a_format_is_recognised_or_open(data, marks, units, wholes) -> None:
    how = NumberFormat(marks[0], marks[1], units, typographic=True)
    values = [whole / 10 ** data.draw(st.integers(0, 4)) for whole in wholes]
    cells = [data.draw(write(value, how)) for value in values]
    found = look(*cells)
    if found is None:  # plain, or numbers of which a few have a unit
        assert all(NUMBER.fullmatch(cell) for cell in cells) or "" in units
        return
    if found.doubt:
        assert "" in units or ("%" in units and 0 in values) or len(units) > 1 or "two ways" in found.doubt
        return
    if found.open_mark:
        found = decided(found, marks[0], "")
    read = to_plain(pa.array(cells, pa.string()), found.how).to_pylist()
    assert [float(cell) for cell in read] == values


def test_one_cell_among_many_decides() -> None:
    cells = [f"{number},{number % 900 + 100}" for number in range(1, 900)]
    assert (look(*cells) or Found()).open_mark == ","
    assert (look(*cells, "1,5") or Found()).how == NumberFormat(",")
    assert (look(*cells, "1,234,567") or Found()).how == NumberFormat(".", ",")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["3.020", "850"], True),
        (["3.020", "1.500"], True),
        (["3.020", "1.5"], False),
        (["0.123", "850"], False),
        (["1", "850"], False),
        (["3.020", "1000"], False),
        ([], False),
    ],
)
def test_plain_numbers_that_may_be_thousands(cells: list[str], expected: bool) -> None:
    values = pa.array([float(cell) for cell in cells], pa.float64())
    assert may_be_grouped(values, pa.array(cells, pa.string())) is expected


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["-999", "1", "2"], ("-999",)),
        (["-9999.0", "1", "-9999"], ("-9999.0", "-9999")),
        (["-999", "-5", "30"], ("-999",)),
        (["-999", "-900", "30"], ()),
        (["-998", "1"], ()),
        (["-999", "-999"], ()),
    ],
)
def test_numbers_that_stand_for_no_value(cells: list[str], words: tuple[str, ...]) -> None:
    found = sentinels(pa.array(map(float, cells), pa.float64()), pa.array(cells, pa.string()))
    assert (found.words if found else ()) == words


def test_many_cells_of_text_are_not_looked_at_long() -> None:
    letters = random.Random(0)
    cells = ["".join(letters.choices("abc ", k=9)) for _ in range(2000)]
    assert look(*cells) is None


@pytest.mark.parametrize(("odd", "how"), [("1,5", NumberFormat(",")), ("1,234,567", NumberFormat(".", ","))])
def test_one_cell_among_very_many_decides(odd: str, how: NumberFormat) -> None:
    cells = [f"{row % 900 + 1},{row % 900 + 100}" for row in range(30_001)]
    assert (look(*cells) or Found()).open_mark == ","
    found = look(*cells[:-2], odd, "?")
    assert found is not None
    assert (found.how, found.words, found.open_mark) == (how, ("?",), "")


ZEROS = ("0000-00-00 00:00:00", "0000-00-00")
DAYS = [f"{1 + i % 28:02d}.{1 + i % 12:02d}.2024" for i in range(40)]


@pytest.mark.parametrize(
    ("odd", "words", "asked"),
    [
        (["offen"], ("offen",), ()),
        (["offen", "31.02.2024", "?"], ("?", "offen", "31.02.2024"), ("?",)),
        (["a", "b", "c", "d"], (), ()),  # somebody has to look at them
        (["00.00.0000"] * 40, ("00.00.0000",), ("00.00.0000",)),
        (["0000-00-00 00:00:00", "0000-00-00"] * 5, ZEROS, ZEROS),
        ([], (), ()),
    ],
)
def test_words_and_mistakes_among_dates(odd: list[str], words: tuple[str, ...], asked: tuple[str, ...]) -> None:
    """Mistakes are taken for missing where that is asked for; a day 0 is one that nobody has given."""
    for mistakes, expected in ((True, words), (False, asked)):
        found = words_among_dates(pa.array([*odd, *DAYS], pa.string()), mistakes=mistakes)
        assert (() if found is None else found.words) == expected


def test_what_is_a_date_in_one_of_the_orders_is_no_mistake() -> None:
    assert words_among_dates(pa.array(["01/02/2024"] * 20 + ["13/05/2024"]), mistakes=True) is None
    found = words_among_dates(pa.array(["01/02/2024"] * 20 + ["13/13/2024"]), mistakes=True)
    assert found is not None
    assert found.words == ("13/13/2024",)


@pytest.mark.parametrize("word", ["#BEZUG!", "NaT", "\u043d\u0435\u0442", "\u6682\u65e0", "(blank)", "no data", "x"])
@pytest.mark.parametrize("repeated", [1, 100])
def test_a_word_among_many_numbers_means_missing_at_any_share(word: str, repeated: int) -> None:
    found = look_at(pa.array([word] * repeated + [f"{i}.5" for i in range(60)]), mistakes=True)
    assert found is not None
    assert (found.words, found.how) == ((word,), PLAIN)


def test_a_word_among_few_numbers_is_a_category() -> None:
    assert look_at(pa.array(["never"] * 10 + [str(i % 5) for i in range(60)]), mistakes=True) is None
