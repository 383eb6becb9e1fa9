"""What a cell means as a date or a time: one grammar, for whole columns.

Arrow takes the cells apart (regular expressions), NumPy's calendar (``datetime64``) puts them together; each different
text is looked at once. Years of two digits are 1969 to 2068, as POSIX ``strptime`` has it; a time zone is converted to
UTC, a time without one counts as UTC; digits of a second beyond the microsecond are cut off. Digits are of any script.

| form | cells |
|---|---|
| ``ymd`` | ``24-05-31`` |
| ``dmy`` | ``31/05/2024``, ``31.5.24`` |
| ``mdy`` | ``05/31/2024``, ``5-31-24`` |
| ``time`` | ``12:30``, ``12:30:05.25``, ``1:05 PM``; longer than a day ``36:15:00``, ``125:30``, ``1 day, 12:15:00`` |
| each but ``time`` | ``2024-05-31``, ``2024/5/31``, ``20240531``, ``2024-05``, ``31 May 2024``, ``31-May-24`` |
| | ``May 31, 2024``, ``May-31-2024``, ``Fri, 31 May 2024``, ``2024-May-31``, ``May 2024``, ``2024 May`` |
| | ``2024-W22-5`` and ``2024-W22`` (weeks of ISO 8601), ``2024Q2`` and ``Q2 2024`` (quarters), ``2024M05`` |
| | ``05/2024``, ``May-24``, ``2024年5月31日``; months in English, German, French and Spanish |
| | all with a time: ``2024-05-31T12:30:00.5+02:00``, ``31.05.2024 12.30``, ``31/May/2024:12:30:00 +0000``; |
| | ``Fri May 31 12:30:00 2024``, ``2024-05-31 12`` |
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phoneprice.config.schema import DateForm
from phoneprice.data.number_formats import in_plain_characters
from phoneprice.data.reading.cells import NO_ROWS, Numbers
from phoneprice.data.reading.options import OUTER_SPACES

MICROSECONDS_A_DAY = 86_400_000_000
_PIVOT = 69
_MONTH_WORDS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "january jan januar jänner janvier janv enero ene",
            "february feb februar février fevrier févr fevr febrero",
            "march mar märz maerz mär mrz mars marzo",
            "april apr avril avr abril abr",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet juil julio",
            "august aug août aout agosto ago",
            "september sep sept septembre septiembre setiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre decembre déc diciembre dic",
        ),
        start=1,
    )
    for word in words.split()
}
"""Names of the months in English, German, French and Spanish, and what they are shortened to."""
_MONTH_NUMBERS = np.array([*_MONTH_WORDS.values(), 0])
"""Of each word; the last stands for none of them."""
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
_MINUTE = r"(?P<clock_mark>[:.h])(?P<minute>\d{2})"
_SECOND = r"(?:(?P<second_clock_mark>[:.])(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_HALF = r"(?: ?(?P<half>[ap])\.?m\.?)?"
_ZONE = r"(?: ?(?P<zone>z|utc|gmt|[+-]\d{2}(?::?\d{2})?))?"
_CLOCK = rf"(?P<hour>\d{{1,2}}){_MINUTE}{_SECOND}{_HALF}"
_TIME = rf"(?:(?:t|:|,? +){_CLOCK}{_ZONE})?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er)?"
_NAME = r"(?P<name>\pL{3,10})"
_YEAR = r"(?P<year>1[5-9]\d{2}|20\d{2}|21\d{2})"
_YEAR_FIRST = r"(?P<year>\d{4})(?P<first_mark>[-/.])(?P<month>\d{1,2})"
_THEN_DAY = r"(?P<second_mark>[-/.])(?P<day>\d{1,2})"
_FAMILIES = (
    rf"{_YEAR_FIRST}(?:{_THEN_DAY}\.?)?",
    r"(?P<a>\d{1,2})(?P<first_mark>[-/.])(?P<b>\d{1,2})(?P<second_mark>[-/.])(?P<c>\d{4}|\d{2})",
    rf"{_WEEKDAY}{_DAY}(?:\. ?|[-/ ]| de ){_NAME}(?:[.,] ?|[-/ ]| de )(?P<year>\d{{4}}|\d{{2}})",
    rf"{_WEEKDAY}{_NAME}(?:\.? |[-/]){_DAY}(?:,? |[-/])(?P<year>\d{{4}})",
    rf"(?P<year>\d{{4}})[-/. ]?{_NAME}(?:[-/. ]{_DAY})?",
    rf"{_NAME}[-., ]{{1,2}}(?P<year>\d{{4}})",
    rf"{_NAME}(?:-| ?')(?P<year>\d{{2}})",
    rf"{_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})",
    rf"(?P<month>\d{{1,2}})[-/.]{_YEAR}",
    r"(?P<year>\d{4}) ?[年년] ?(?P<month>\d{1,2}) ?[月월](?: ?(?P<day>\d{1,2}) ?[日일])?",
    r"(?P<year>\d{4})[- ]?w(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?",
    r"(?P<year>\d{4})[- ]?q(?P<quarter>[1-4])",
    r"q(?P<quarter>[1-4])[-/ ](?P<year>\d{4})",
    r"(?P<year>\d{4})[- ]?m(?P<month>\d{1,2})",
)
_WITH_THEIR_TIME = (
    rf"{_WEEKDAY}{_NAME} +{_DAY} {_CLOCK}{_ZONE} (?P<year>\d{{4}})",
    rf"{_YEAR_FIRST}{_THEN_DAY}[ t_-](?P<hour>\d{{2}})",
)
_DATES = tuple(f"(?i)^{pattern}$" for pattern in (*(f"{family}{_TIME}" for family in _FAMILIES), *_WITH_THEIR_TIME))
_TIMES = (
    rf"(?i)^(?:(?P<days>\d{{1,5}}) days?,? )?(?P<hour>\d{{1,4}})(?P<clock_mark>:)(?P<minute>\d{{2}}){_SECOND}{_HALF}$",
)
_ANY_OF_IT = "|".join(
    [r"(?i)\d[-/.:]\d|\d{8}|\d[- ]?[wqm]\d|q[1-4]|\d ?[年년]", *sorted({word[:3] for word in _MONTH_WORDS})]
)
"""What every date and time has in it; most texts have not."""
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def to_days(cells: pa.Array, form: DateForm) -> Numbers:
    """A string array ``(rows,)`` as days since 1970-01-01 in UTC, a time alone as days; null cells stay missing.

    ``text_rows`` are the cells that are no date of this form.
    """
    ticks = _by_arrow(cells) if form != "time" else None
    if ticks is not None:
        return Numbers(_days(ticks, np.ones(len(cells), np.bool_), cells), NO_ROWS, NO_ROWS)
    encoded = cells.dictionary_encode()
    found = read_texts(encoded.dictionary, (form,))[form]
    places = encoded.indices.fill_null(len(found.valid)).to_numpy(zero_copy_only=False)
    ticks, valid = np.append(found.ticks, 0)[places], np.append(found.valid, True)[places]
    return Numbers(_days(ticks, valid, cells), np.flatnonzero(~valid), NO_ROWS)


def look_like_dates(texts: pa.Array) -> bool:
    """Whether any of the texts ``(n,)`` has the shape of a date or a time, which needn't be in the calendar."""
    trimmed = _trimmed(texts)
    return all(
        any(pc.any(pc.match_substring_regex(trimmed, pattern)).as_py() for pattern in patterns)
        for patterns in ((_ANY_OF_IT,), (*_DATES, *_TIMES))
    )


def _trimmed(texts: pa.Array) -> pa.Array:
    return pc.ascii_trim(in_plain_characters(texts), characters=OUTER_SPACES)


def as_dates(cells: pa.Array) -> pa.Array:
    """Cells as text that may be dates; numbers, which are none whatever they count, as they are written."""
    return cells if pa.types.is_string(cells.type) else cells.cast(pa.string())


@dataclass(frozen=True)
class Instants:
    """What some texts ``(n,)`` are in one form: microseconds since 1970-01-01, where ``valid``."""

    ticks: NDArray[np.int64]
    valid: NDArray[np.bool_]


def read_texts(texts: pa.Array, forms: tuple[DateForm, ...] = get_args(DateForm)) -> Mapping[DateForm, Instants]:
    """What each of the texts ``(n,)`` is in each of some forms; the work of taking them apart is done once."""
    trimmed = _trimmed(texts)
    taken_apart = {patterns: _fields(trimmed, patterns) for patterns in {_patterns(form) for form in forms}}
    return {form: _instants(taken_apart[_patterns(form)], form) for form in forms}


def _patterns(form: DateForm) -> tuple[str, ...]:
    return _TIMES if form == "time" else _DATES


def _by_arrow(cells: pa.Array) -> NDArray[np.int64] | None:
    """The quick way for ISO 8601, as files of types have it; None where Arrow refuses a cell."""
    first = next((cell for cell in cells[:100].to_pylist() if cell is not None), "")
    if not _ISO.match(first):
        return None
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("ns"), pa.timestamp("ns", "UTC")):
        try:
            ticks = cells.cast(kind).cast(pa.timestamp("us"), safe=False).cast(pa.int64()).fill_null(0)
        except pa.ArrowInvalid:
            continue
        return np.asarray(ticks.to_numpy(zero_copy_only=False))
    return None


def _days(ticks: NDArray[np.int64], valid: NDArray[np.bool_], cells: pa.Array) -> pa.Array:
    absent = ~valid | cells.is_null().to_numpy(zero_copy_only=False)
    whole, part = np.divmod(ticks, MICROSECONDS_A_DAY)
    return pa.array(whole + part / MICROSECONDS_A_DAY, pa.float64(), mask=absent)


_Fields = Mapping[str, pa.Array]
"""The parts of the texts by their names in the patterns, string arrays ``(n,)``, empty where a text lacks one."""
_PARTS = (
    "year", "month", "day", "name", "a", "b", "c", "first_mark", "second_mark", "hour", "minute", "second", "fraction",
    "clock_mark", "second_clock_mark", "half", "zone", "week", "weekday", "quarter",
    "days",
)  # fmt: skip


def _fields(texts: pa.Array, patterns: tuple[str, ...]) -> _Fields:
    """The parts of each text by the first pattern that it matches; ``matched`` is "1" where there is one."""
    nothing = pa.array([""] * len(texts), pa.string())
    fields = dict.fromkeys((*_PARTS, "matched"), nothing)
    for pattern in patterns:
        left = pc.and_(texts.is_valid(), pc.equal(fields["matched"], ""))
        if not pc.any(left).as_py():
            break
        found = pc.extract_regex(texts, pattern)
        here = pc.and_(left, found.is_valid())
        parts = {field.name: found.field(field.name) for field in found.type}
        for name, values in (*parts.items(), ("matched", "1")):
            fields[name] = pc.if_else(here, values, fields[name])
    return fields


def _instants(fields: _Fields, form: DateForm) -> Instants:
    valid = _is(fields["matched"], "1")
    for first, second in (("first_mark", "second_mark"), ("clock_mark", "second_clock_mark")):
        valid &= pc.equal(fields[first], fields[second]).to_numpy(zero_copy_only=False) | _is(fields[second], "")
    days, there = _calendar_days(*_calendar(fields, form))
    if pc.any(pc.not_equal(fields["week"], "")).as_py():
        of_weeks, week_there = _week_days(fields)
        weeks = ~_is(fields["week"], "")
        days, there = np.where(weeks, of_weeks, days), np.where(weeks, week_there, there)
    valid &= there
    clock, of_the_day = _clock(fields, longer=form == "time")
    ticks = np.where(valid, days.astype(np.int64), 0) * MICROSECONDS_A_DAY + clock
    return Instants(ticks, valid & of_the_day)


_There = tuple[NDArray[Any], NDArray[np.bool_]]
"""Days (``datetime64``), and whether the calendar has them."""


def _calendar_days(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> _There:
    months: NDArray[np.datetime64] = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    there = (year > 0) & (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return days, there


def _week_days(fields: _Fields) -> _There:
    """Days of the weeks of ISO 8601, a week alone its Monday: the first week of a year is that of January 4th."""
    year, week = _whole(fields["year"]), _whole(fields["week"])
    fourth: NDArray[np.datetime64] = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 3
    monday: NDArray[np.datetime64] = fourth - (fourth.astype(np.int64) + 3) % 7 + 7 * (week - 1)
    there = (year > 0) & (week >= 1) & ((monday + 3).astype("datetime64[Y]").astype(np.int64) == year - 1970)
    return monday + np.maximum(_whole(fields["weekday"]) - 1, 0), there


_Triple = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _calendar(fields: _Fields, form: DateForm) -> _Triple:
    """Year, month and day ``(n,)`` as they are written; what is not written is 1970, 1 and 1."""
    if form == "time":
        rows = len(fields["matched"])
        return np.full(rows, 1970), np.ones(rows, np.int64), np.ones(rows, np.int64)
    words = pc.index_in(pc.utf8_lower(fields["name"]), value_set=pa.array(_MONTH_WORDS, pa.string()))
    named = _MONTH_NUMBERS[words.fill_null(-1).to_numpy(zero_copy_only=False)]
    year = _year(fields["year"])
    month = np.where(_is(fields["name"], ""), _whole(fields["month"]), named)
    month = np.where(_is(fields["quarter"], ""), month, 3 * _whole(fields["quarter"]) - 2)
    day = np.where(_is(fields["day"], ""), 1, _whole(fields["day"]))
    a, b, c = fields["a"], fields["b"], fields["c"]
    three = ~_is(a, "")
    order = {"ymd": (a, b, c), "dmy": (c, b, a), "mdy": (c, a, b)}[form]
    # A number of four digits is no day, and one digit is no year.
    fits = (_lengths(c) == 2) & (_lengths(a) == 2) if form == "ymd" else three
    in_order = np.where(fits, _year(order[0]), 0), _whole(order[1]), _whole(order[2])
    return (
        np.where(three, in_order[0], year),
        np.where(three, in_order[1], month),
        np.where(three, in_order[2], day),
    )


def _year(texts: pa.Array) -> NDArray[np.int64]:
    years = _whole(texts)
    return np.where(_lengths(texts) == 2, years + np.where(years < _PIVOT, 2000, 1900), years)


def _clock(fields: _Fields, *, longer: bool) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds since midnight in UTC, and whether there is such a time; it may be ``longer`` than a day."""
    hour, minute, second = (_whole(fields[name]) for name in ("hour", "minute", "second"))
    half = fields["half"]
    twelve = ~_is(half, "")
    valid = (longer | (hour <= 23)) & (minute <= 59) & (second <= 59) & (~twelve | ((hour >= 1) & (hour <= 12)))
    afternoon = _is(pc.utf8_lower(half), "p")
    hour = np.where(twelve, hour % 12 + 12 * afternoon, hour)
    fraction = _whole(pc.utf8_slice_codeunits(pc.utf8_rpad(fields["fraction"], 6, "0"), 0, 6))
    offset, known = _offset(fields["zone"])
    hour = hour + 24 * _whole(fields["days"])
    seconds = (hour * 60 + minute - offset) * 60 + second
    return seconds * 1_000_000 + fraction, valid & known


def _offset(zones: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Minutes that each zone is ahead of UTC, and whether there is such a zone."""
    if not pc.any(pc.not_equal(zones, "")).as_py():
        return np.zeros(len(zones), np.int64), np.ones(len(zones), np.bool_)
    parts = pc.extract_regex(zones, r"^(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?$")
    numeric = parts.is_valid()
    hours, minutes = (_whole(pc.if_else(numeric, parts.field(name), "")) for name in ("hours", "minutes"))
    west = _is(pc.utf8_slice_codeunits(zones, 0, 1), "-")
    return np.where(west, -1, 1) * (hours * 60 + minutes), (hours <= 15) & (minutes <= 59)


def _is(texts: pa.Array, word: str) -> NDArray[np.bool_]:
    return np.asarray(pc.equal(texts, word).to_numpy(zero_copy_only=False))


def _lengths(texts: pa.Array) -> NDArray[np.int32]:
    return np.asarray(pc.utf8_length(texts).to_numpy(zero_copy_only=False))


def _whole(texts: pa.Array) -> NDArray[np.int64]:
    """Digits as numbers; 0 where there are none."""
    numbers: Any = pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int64())
    return np.asarray(numbers.to_numpy(zero_copy_only=False))
