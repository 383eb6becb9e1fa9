"""Which columns are dates, the order of day and month, and the inputs that come of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.config.schema import Config, DataConfig, DateOrder
from phoneprice.data.encoding.dates import Dates, cycles_of, date_text, find_dates, may_be_dates, phase, said
from phoneprice.data.reading.dates import read_texts
from phoneprice.data.table import Table


def table(**columns: Sequence[str | float | None]) -> Table:
    return Table("t.csv", {name: pa.array(cells) for name, cells in columns.items()})


def found(data: DataConfig | None = None, **columns: Sequence[str | float | None]) -> dict[str, Dates]:
    return find_dates(table(**columns), Config(data=data or DataConfig(target="y")))


ISO = ["2024-05-01", None, "2024-05-02T10:00", "2024-06-01 10:00:00.5Z"]
OPEN = ["05/06/2024", "07/08/2024", "01/02/2024"]


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (ISO, "ymd"),
        (["31/05/2024", "01/02/2024"], "dmy"),
        (["5/31/24", "1/2/24"], "mdy"),
        (["31 May 2024", "2024-05-31", "May 31, 2024"], "ymd"),
        (["10:00", "23:59"], "time"),
        (["01/02/2024"] * 9 + ["31/12/2024"] * 2 + ["12/31/2024"], "dmy"),
        (["2024-05-01"] * 9 + ["soon"], "ymd"),
        (["36:15:00", "0:45:10", "8:00:00"], "time"),
        (["120:80", "110:70", "118:79"], None),
        (["2024-05-01"] * 8 + ["soon", "later"], None),
        (["2024-05-01"] * 50 + ["x" * i for i in range(1, 200)], None),
        (["4.4.2", "10.0.1"], None),
        (["12/34", "1/2"], None),
        (["2024", "x"], None),
        ([20240501.0], None),
        ([None, None], None),
        (["", "NA"], None),
    ],
)
def test_what_is_a_column_of_dates(cells, form):
    dates = found(when=cells)
    assert {name: (each.form, each.others) for name, each in dates.items()} == ({"when": (form, ())} if form else {})


def test_other_columns_are_no_dates():
    data = DataConfig(target="y", ignored_columns=("note",), categorical_columns=("kind",))
    assert list(found(data, y=ISO, id=ISO, note=ISO, kind=ISO, when=ISO)) == ["when"]


def test_declared_columns_need_no_majority():
    data = DataConfig(target="y", date_columns=("when",))
    assert found(data, when=["20240501", "x", "y"])["when"].form == "ymd"
    assert found(data, when=["x", "y"])["when"].form == "ymd"
    assert found(data, when=[None, None]) == {}


@pytest.mark.parametrize(
    "cell",
    ["24-05-31", "2024/5", "31.5.24", "31 May 2024", "DEC 2024", "2024-W22", "2024W22", "20240531", "1:05 PM"],
)
def test_a_quick_look_misses_no_form(cell):
    assert any(instants.valid.all() for instants in read_texts(pa.array([cell])).values())
    assert may_be_dates(pa.array(["no", None, cell]))


def test_a_word_among_numbers_that_may_be_dates_makes_them_none():
    assert found(when=[*["20240501"] * 19, "x"]) == {}
    assert found(when=[*["20240501"] * 17, "2024-05-02", "2024-05-03"])["when"].form == "ymd"


THREE = (
    "'04-05-01' may have day before month or year, month, day or month before day: taken for day before month; "
    'data.date_order = "dmy" or "ymd" or "mdy" decides'
)
DOUBT = (
    "'05/06/2024' may have month before day or day before month: taken for month before day; "
    'data.date_order = "mdy" or "dmy" decides'
)


@pytest.mark.parametrize(
    ("columns", "order", "form", "doubt"),
    [
        ({"when": OPEN}, "auto", "mdy", DOUBT),
        ({"when": OPEN}, "mdy", "mdy", ""),
        ({"when": OPEN}, "dmy", "dmy", ""),
        ({"when": OPEN, "other": ["31/01/2024"] * 3}, "auto", "dmy", None),
        ({"when": OPEN, "other": ["01/31/2024"] * 3}, "auto", "mdy", None),
        ({"when": OPEN, "other": ["2024-01-31"] * 3, "time": ["10:00"] * 3}, "auto", "mdy", DOUBT),
        ({"when": ["01/02/2024", "01/03/2024", "02/01/2024"]}, "auto", "mdy", None),
        ({"when": ["01/02/2024", "02/02/2024", "01/03/2024"]}, "auto", "dmy", None),
        ({"when": ["01.02.2024", "03.02.2024", "02.04.2024", "01.02.2024"]}, "auto", "dmy", None),
        ({"when": ["24-05-01", "24-06-03", "24-05-07"]}, "ymd", "ymd", ""),
        ({"when": ["04-05-01", "04-06-03", "04-05-07"]}, "auto", "dmy", THREE),
    ],
)
def test_an_open_order_is_settled_and_said(columns, order: DateOrder, form, doubt):
    when = found(DataConfig(target="y", date_order=order), **columns)["when"]
    assert when.form == form
    assert when.others
    assert bool(when.doubt(order)) == (order == "auto")
    assert doubt is None or when.doubt(order) == doubt


def test_what_is_said():
    dates = found(when=ISO, open=OPEN)
    told = "data.date_columns says so without a word, data.categorical_columns otherwise"
    assert [message for _, message in said(dates, DataConfig())] == [
        f"columns when, open: dates, so numbers of days and what comes again ({told})",
        f"column 'open': {DOUBT}",
    ]
    assert list(said(dates, DataConfig(date_columns=("when", "open"), date_order="mdy"))) == []


def days(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[m]").astype(np.int64) / 1440


@pytest.mark.parametrize(
    ("texts", "cycles"),
    [
        (["2024-05-01", "2024-05-02"], ("weekday",)),
        (["2024-05-01", "2024-06-02"], ("month", "weekday")),
        (["2024-05-01", "2024-06-01"], ("month",)),
        (["2023-05-01", "2024-05-01"], ()),
        (["2024-05-01T10:00", "2024-05-01T11:00"], ("hour",)),
        (["2024-05-01T10:00", "2024-05-01T10:30"], ()),
        ([], ()),
    ],
)
def test_cycles_that_vary(texts, cycles):
    assert cycles_of(days(*texts), "ymd") == cycles


def test_times_of_a_day_have_no_weekday():
    assert cycles_of(np.array([0.1, 0.5]), "time") == ("hour",)


def test_nothing_comes_again_in_times_longer_than_a_day():
    assert cycles_of(np.array([0.1, 0.5, 1.5]), "time") == ()


def test_phases():
    moments = days("2024-01-01T06:00", "2024-07-16T12:00", "1969-12-29T00:00")
    np.testing.assert_allclose(phase(moments, "month"), [0, 6.5 / 12 - 0.5 / 12 / 31, 11 / 12 + 28 / 31 / 12])
    np.testing.assert_allclose(phase(moments, "weekday"), [0, 1 / 7, 0])
    np.testing.assert_allclose(phase(moments, "hour"), [0.25, 0.5, 0])


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_no_day_is_too_far(day: float):
    assert date_text(day)
    for cycle in ("month", "weekday", "hour"):
        assert 0 <= phase(np.array([day]), cycle)[0] <= 1


def test_days_as_people_write_them():
    assert [date_text(day) for day in (19_844.0, 19_844.5, -0.25, 1e9)] == [
        "2024-05-01", "2024-05-01 12:00:00", "1969-12-31 18:00:00", "1e+09",
    ]  # fmt: skip
