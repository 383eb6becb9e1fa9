"""Which columns hold dates or times, what their numbers mean, and the parts that a network gets of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phoneprice.config.schema import Config, DataConfig, DateForm, DateOrder
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.reading.columns import MOSTLY
from phoneprice.data.reading.dates import Instants, look_like_dates, read_texts
from phoneprice.data.table import Table
from phoneprice.wording import first_of, noun, number, quoted

_LOOKED_AT, _LOOKED_AT_ROWS = 100, 1000
"""Different texts, and the rows they are from, that show that a column holds no dates."""
_SORTED_ROWS = 10_000
"""Rows that show whether a column is sorted."""
Cycle = Literal["month", "weekday", "hour"]
"""What comes again each year, week or day."""
CYCLES: tuple[Cycle, ...] = get_args(Cycle)
FORM_NAMES: dict[DateForm, str] = {
    "ymd": "year, month, day", "dmy": "day before month", "mdy": "month before day", "time": "times",
}  # fmt: skip
Days = NDArray[np.float64]
"""Days since 1970-01-01 in UTC, ``(n,)``; a time is a part of a day."""
_FIRST, _LAST = -719_162, 2_932_896
"""The years 1 to 9999, in days."""


@dataclass(frozen=True)
class Dates:
    """What the cells of a column are, as dates or times."""

    form: DateForm
    decided: bool
    """Whether the cells of the column leave only this order of day, month and year, and are in one."""
    others: tuple[DateForm, ...] = ()
    """Orders that the cells allow as well."""
    example: str = ""
    """A cell that ``form`` and another of them read differently."""

    @property
    def reason(self) -> str:
        """Why a column was taken for one of dates, in words."""
        return FORM_NAMES[self.form] if self.decided or self.others or self.form == "time" else "dates"

    @property
    def allowed(self) -> str:
        """The orders that the cells of a column allow, in words."""
        names = " or ".join(FORM_NAMES[form] for form in (self.form, *self.others))
        return f"{quoted(self.example)} may have {names}"

    @property
    def setting(self) -> str:
        """What decides among these orders."""
        return "data.date_order = " + " or ".join(f'"{form}"' for form in (self.form, *self.others))

    def doubt(self, order: DateOrder) -> str:
        """What to say of a column whose cells allow another order, where nobody has said which; else nothing."""
        if not self.others or order == self.form:
            return ""
        return f"{self.allowed}: taken for {FORM_NAMES[self.form]}; {self.setting} decides"


NO_DATES: Mapping[str, Dates] = MappingProxyType({})


def find_dates(table: Table, config: Config) -> dict[str, Dates]:
    """The columns of a table that hold dates or times: those declared to, and those whose cells nearly all are.

    The order of day, month and year is the one in which most cells are dates. Where a column leaves it open,
    ``data.date_order`` decides, else the columns that leave none open, else the order in which the rows are sorted,
    else the separator: ``05/06/2024`` is May (as in the USA), ``05.06.2024`` and ``05-06-2024`` June.
    """
    data = config.data
    unused = config.unused_columns.union(data.categorical_columns)
    declared = frozenset(data.date_columns)
    found = {
        name: dates
        for name, cells in table.columns.items()
        if name not in unused and (dates := dates_in(cells, declared=name in declared))
    }
    certain = {dates.form for dates in found.values() if dates.decided}
    return {name: _settled(dates, table.columns[name], data.date_order, certain) for name, dates in found.items()}


def said(dates: Mapping[str, Dates], data: DataConfig) -> Iterator[tuple[str, str]]:
    """What to say of columns of dates that no setting names, and of orders that are open: names and messages."""
    told = frozenset(data.date_columns)
    if unsaid := [name for name in dates if name not in told]:
        what = f"{noun(len(unsaid), 'column')} {first_of(unsaid)}: dates, so numbers of days and what comes again"
        yield unsaid[0], f"{what} (data.date_columns says so without a word, data.categorical_columns otherwise)"
    yield from open_orders(dates, data.date_order)


def open_orders(dates: Mapping[str, Dates], order: DateOrder) -> Iterator[tuple[str, str]]:
    """What to say of each column whose cells allow another order of day, month and year: names and messages."""
    for name, found in dates.items():
        if doubt := found.doubt(order):
            yield name, f"column {name!r}: {doubt}"


def dates_in(cells: pa.Array, *, declared: bool = False) -> Dates | None:
    """What the cells of a column are, as dates or times, if nearly all are; ``declared``: whatever they are.

    Where most of them are numbers as well, such as 20240531, they are numbers if nobody has said otherwise.
    """
    if not pa.types.is_string(cells.type) or not (declared or may_be_dates(cells)):
        return None
    counted = cells.drop_null().value_counts()
    texts, counts = counted.field("values"), counted.field("counts").to_numpy()
    if not len(texts) or not (declared or _more_than_numbers(texts, counts)):
        return None
    read = read_texts(texts)
    rows = {form: int(counts[instants.valid].sum()) for form, instants in read.items()}
    best = max(rows.values())
    if best < MOSTLY * counts.sum() and not declared:
        return None
    form, *others = [form for form in rows if rows[form] == best]
    differ = {other: places for other in others if len(places := _differences(read[form], read[other]))}
    if differ:
        example = texts[int(next(iter(differ.values()))[0])].as_py()
        return Dates(form, decided=False, others=tuple(differ), example=example)
    # Of an order that the others contradict; 2024-05-31 is the same in all of them.
    return Dates(form, decided=not others and form != "time")


def no_dates(cells: pa.Array, dates: Dates) -> NDArray[np.bool_]:
    """Which cells ``(rows,)`` are dates in no order that the column may have; missing ones are not among them."""
    encoded = cells.dictionary_encode()
    read = read_texts(encoded.dictionary, (dates.form, *dates.others)).values()
    odd = np.append(~np.any([instants.valid for instants in read], axis=0), False)
    places = encoded.indices.fill_null(len(odd) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(odd[places])


def may_be_dates(cells: pa.Array) -> bool:
    """Whether one of the first different texts of a column looks like a date, which is quick to see."""
    texts = (cells.slice(0, _LOOKED_AT_ROWS).drop_null() or cells.drop_null()).unique().slice(0, _LOOKED_AT)
    return look_like_dates(texts)


def _more_than_numbers(texts: pa.Array, counts: NDArray[np.int64]) -> bool:
    return bool(counts[to_numbers(texts, frozenset()).text_rows].sum() > (1 - MOSTLY) * counts.sum())


def _differences(one: Instants, other: Instants) -> NDArray[np.intp]:
    return np.flatnonzero((one.valid != other.valid) | (one.valid & other.valid & (one.ticks != other.ticks)))


def _settled(dates: Dates, cells: pa.Array, order: DateOrder, certain: Iterable[DateForm]) -> Dates:
    """The dates with an open order settled."""
    if not dates.others:
        return dates
    possible = dates.form, *dates.others
    read = read_texts(cells.drop_null().slice(0, _SORTED_ROWS), possible)
    rules: tuple[Callable[[DateForm], bool], ...] = (
        lambda form: form == order,
        lambda form: form in certain,
        lambda form: _is_sorted(read[form]),
        lambda form: form == ("mdy" if "/" in dates.example else "dmy"),
    )
    form = next(found[0] for rule in rules if len(found := [form for form in possible if rule(form)]) == 1)
    return replace(dates, form=form, others=tuple(other for other in possible if other != form))


def _is_sorted(read: Instants) -> bool:
    steps = np.diff(read.ticks[read.valid])
    return bool((steps >= 0).all() or (steps <= 0).all())


def cycles_of(days: Days, form: DateForm) -> tuple[Cycle, ...]:
    """What comes again in some dates, and differs between them.

    The weekday of dates that all have the same day of the month tells nothing, and nothing comes again in times of
    which some are longer than a day: they say how long something took.
    """
    if not len(days) or (form == "time" and days.max() >= 1):
        return ()
    whole = _calendar_days(days)
    in_month = (whole - whole.astype("datetime64[M]")).astype(np.int64)
    varies = {
        "month": _varies(_months(whole)),
        "weekday": _varies(in_month) and _varies(_weekday(whole)),
        "hour": _varies(np.floor(days % 1 * 24 + 1e-6)),
    }
    return tuple(cycle for cycle in CYCLES if varies[cycle] and (form != "time" or cycle == "hour"))


def phase(days: Days, cycle: Cycle) -> NDArray[np.float64]:
    """Where in a year, a week or a day some dates are, from 0 to 1: ``(n,)``."""
    if cycle == "hour":
        return np.asarray(days % 1)
    whole = _calendar_days(days)
    if cycle == "weekday":
        return _weekday(whole) / 7
    month = whole.astype("datetime64[M]")
    of_month = (whole - month).astype(np.int64) / ((month + 1).astype("datetime64[D]") - month).astype(np.int64)
    return np.asarray((_months(whole) + of_month) / 12)


def date_text(days: float) -> str:
    """A day as a calendar has it; its number where the calendar ends."""
    if not _FIRST <= days < _LAST:
        return number(days)
    ticks = np.datetime64(0, "s") + np.timedelta64(round(days * 86_400), "s")
    return str(ticks).replace("T", " ").removesuffix(" 00:00:00")


def _calendar_days(days: Days) -> NDArray[np.datetime64]:
    return np.floor(np.clip(days, _FIRST, _LAST)).astype(np.int64).astype("datetime64[D]")


def _months(whole: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return np.asarray(whole.astype("datetime64[M]").astype(np.int64) % 12)


def _weekday(whole: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Monday is 0, as the day 0 was a Thursday."""
    return np.asarray((whole.astype(np.int64) + 3) % 7)


def _varies(values: NDArray[np.generic]) -> bool:
    return bool(values.min() < values.max())
