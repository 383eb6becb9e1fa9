"""Dates and times as text: every form is read back, and what is none is refused."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.config.schema import DateForm
from phoneprice.data.reading.dates import read_texts, to_days

EPOCH = datetime(1970, 1, 1)
ANY: dict[str, tuple[DateForm, ...]] = dict.fromkeys(
    ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%y", "%d/%b/%Y", "%d. %B %Y", "%b %d, %Y", "%B %d %Y",
     "%b-%d-%Y", "%B/%d/%Y", "%Y-%b-%d", "%Y %B %d", "%a, %d %b %Y", "%Y%m%d", "%G-W%V-%u",
     "%GW%V%u", "%G W%V-%u", "%Y年%m月%d日", "%Y.%m.%d."), ("ymd", "dmy", "mdy"),
)  # fmt: skip
FORMATS: dict[str, tuple[DateForm, ...]] = {
    **ANY,
    **dict.fromkeys(("%d/%m/%Y", "%d.%m.%y", "%d-%m-%Y"), ("dmy",)),
    **dict.fromkeys(("%m/%d/%Y", "%m-%d-%y"), ("mdy",)),
    "%y-%m-%d": ("ymd",),
}
CLOCKS = ("", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", ", %I:%M:%S%p")
ZONES = ("", "Z", " UTC", "+02:00", "-0530", " +01")
OFFSETS = {"+02:00": 120, "-0530": -330, " +01": 60}


def microseconds(cells: list[str | None], form: DateForm) -> list[int | None]:
    """Cells read by a form, since 1970; as days in float64 they are that but for a microsecond."""
    ticks = read_texts(pa.array(cells, pa.string()).drop_null(), (form,))[form]
    assert ticks.valid.all()
    exact = iter(ticks.ticks.tolist())
    expected = [None if cell is None else next(exact) for cell in cells]
    found = to_days(pa.array(cells, pa.string()), form)
    days = [None if tick is None else tick / 86_400_000_000 for tick in expected]
    assert found.values.to_pylist() == pytest.approx(days, abs=2e-11)
    assert not len(found.text_rows)
    return expected


def as_written(moment: datetime, layout: str) -> int:
    """What is left of a moment in text, in microseconds since 1970."""
    parts = [part for part, code in (("hour", "H"), ("minute", "M"), ("second", "S"), ("microsecond", "f"))
             if f"%{code}" not in layout and not (code == "H" and "%I" in layout)]  # fmt: skip
    nothing: dict[str, Any] = dict.fromkeys(parts, 0)
    return (moment.replace(**nothing) - EPOCH) // timedelta(microseconds=1)


@given(
    st.lists(st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31)), min_size=1, max_size=5),
    st.sampled_from(list(FORMATS)),
    st.sampled_from(CLOCKS),
    st.sampled_from(ZONES),
    st.data(),
)
def test_every_layout_is_read_back(moments, layout, clock, zone, data) -> None:
    layout += clock
    zone = zone if clock else ""
    cells: list[str | None] = [f"{moment.strftime(layout)}{zone}" for moment in moments]
    form = data.draw(st.sampled_from(FORMATS[layout.removesuffix(clock)]))
    ahead = OFFSETS.get(zone, 0) * 60_000_000
    expected = [as_written(moment, layout) - ahead for moment in moments]
    assert microseconds([*cells, None], form) == [*expected, None]


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_all_years(moment: datetime) -> None:
    cell = moment.replace(microsecond=0).isoformat()
    found = read_texts(pa.array([cell, cell.replace("-", "/")]))["ymd"]
    assert found.valid.tolist() == [True, True]
    assert found.ticks.tolist() == [as_written(moment, "%H%M%S")] * 2


@given(st.times(), st.sampled_from(["%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p"]))
def test_times(moment: time, layout: str) -> None:
    assert microseconds([moment.strftime(layout)], "time") == [as_written(datetime.combine(EPOCH, moment), layout)]


@pytest.mark.parametrize(
    ("cell", "hours"),
    [("36:15:00", 36.25), ("125:30", 125.5), ("24:00", 24), ("2 days 01:30:00", 49.5), ("1 day, 0:30:45.0", 24.5125)],
)
def test_times_longer_than_a_day(cell: str, hours: float) -> None:
    assert microseconds([cell], "time") == [int(hours * 3_600_000_000)]


@pytest.mark.parametrize("cell", ["36:60", "125:30 PM", "12345:00", "1 day", "2024-05-31 36:15"])
def test_what_is_no_time_of_any_length(cell: str) -> None:
    assert to_days(pa.array([cell]), "time").text_rows.tolist() == [0]


def test_zones_are_one_moment() -> None:
    moment = datetime(2024, 5, 31, 12, 30, tzinfo=UTC)
    zones = [timezone(timedelta(minutes=minutes)) for minutes in (-720, -210, 0, 60, 345, 840)]
    found = microseconds([moment.astimezone(zone).isoformat() for zone in zones], "dmy")
    assert set(found) == {int(moment.timestamp()) * 1_000_000}


@pytest.mark.parametrize(
    "cell",
    [
        "", "x", "2024", "12", "31", "2023-02-29", "2024-13-01", "2024-00-10", "2024-05-00", "0000-00-00", "00/00/0000",
        "2024-05/06", "1.2/2024", "31/04/2024", "5 Foo 2024", "Mayor 5, 2024", "2024-05-31 24:00", "2024-05-31 12:60",
        "2024-05-31 13:00 PM", "2024-05-31 0:30 am", "2024-05-31 12:30:61", "2024-05-31 10:00+99:00", "2024-05-31 x",
        "1.2.3", "192.168.0.1", "20241301", "99991231", "1-2", "2024Q5", "2024Q0", "2024M13", "2024M00", "Q1",
        "Q 1 2024", "2024Foo", "2024-Foo-01", "2024-5-1-2", "5/2024/1", "2024-05-31T",
        "13/2024", "5/1234", "Foo-24", "2024-03-01 24", "2024-03-01 12:30.15", "12.30",
        "1 de Foo 2024", "12h30",
    ],
)  # fmt: skip
def test_what_is_no_date(cell: str) -> None:
    for form in get_args(DateForm):
        assert to_days(pa.array([None, cell, "1:00", "2 May 2024"]), form).text_rows.tolist()[:1] == [1]


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        ("2024-05", {"ymd": 19_844, "dmy": 19_844, "mdy": 19_844}),
        ("May 2024", {"ymd": 19_844, "dmy": 19_844, "mdy": 19_844}),
        (" 1st Sept 2024\t", {"ymd": 19_967, "dmy": 19_967, "mdy": 19_967}),
        ("\u0662\u0660\u0662\u0664-\u0660\u0665", {"ymd": 19_844, "dmy": 19_844, "mdy": 19_844}),
        ("\u0967/\u0968/\u0968\u0966\u0968\u096a", {"dmy": 19_754, "mdy": 19_724}),
        ("\uff12\uff10\uff12\uff14年\uff15月", {"ymd": 19_844, "dmy": 19_844, "mdy": 19_844}),
        ("\uff11\uff0f\uff12\uff0f\uff12\uff10\uff12\uff14", {"dmy": 19_754, "mdy": 19_724}),
        ("2024Q2", {"ymd": 19_814, "dmy": 19_814, "mdy": 19_814}),
        ("q2-2024", {"ymd": 19_814, "dmy": 19_814, "mdy": 19_814}),
        ("2024 m05", {"ymd": 19_844, "dmy": 19_844, "mdy": 19_844}),
        ("2024May", {"ymd": 19_844, "dmy": 19_844, "mdy": 19_844}),
        ("01/02/2024", {"dmy": 19_754, "mdy": 19_724}),
        ("01-02-03", {"ymd": 11_356, "dmy": 12_084, "mdy": 12_054}),
        *(
            (cell, {"ymd": 19_844, "dmy": 19_844, "mdy": 19_844})
            for cell in ("05/2024", "5-2024", "05.2024", "May-24", "May '24", "mai-24", "2024年5月", "1. Mai 2024")
        ),
        *(
            (cell, {"ymd": 19_723, "dmy": 19_723, "mdy": 19_723})
            for cell in ("1. Januar 2024", "1er janvier 2024", "1 de enero de 2024", "1 janv. 2024", "1-Ene-2024")
        ),
        *(
            (cell, {"ymd": 19_783.5, "dmy": 19_783.5, "mdy": 19_783.5})
            for cell in (
                "1. März 2024 12:00",
                "1 mars 2024 12h00",
                "1/Mar/2024:14:00:00 +0200",
                "Fri Mar  1 12:00:00 2024",
                "Fri Mar 01 12:00:00 +0000 2024",
                "2024-03-01 12",
                "2024-03-01T12",
                "2024-03-01 12.00.00",
            )
        ),
        ("01.03.2024 12.00", {"dmy": 19_783.5, "mdy": 19_725.5}),
        ("13/05/2024", {"dmy": 19_856}),
        ("05/13/2024", {"mdy": 19_856}),
        ("68-12-31", {"ymd": 36_159}),
        ("6:00 pm", {"time": 0.75}),
    ],
)
def test_what_each_form_makes_of_a_cell(cell: str, days: dict[DateForm, float]) -> None:
    found = {form: to_days(pa.array([cell]), form) for form in get_args(DateForm)}
    assert {form: numbers.values[0].as_py() for form, numbers in found.items() if numbers.clean} == days
