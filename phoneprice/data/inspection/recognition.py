"""How a column of text writes its numbers, and which of its words stand for no value: what all of its cells say.

A mark between digits tells what it is where no other reading is possible: ``14,50`` has decimals, ``1,234,567``
thousands. ``1,234`` alone tells neither, so the columns of the file that tell decide for those that don't; where none
does, nothing is read otherwise than it stands.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import compress, islice

import pyarrow as pa
import pyarrow.compute as pc

from phoneprice.config.schema import DecimalMark, ThousandsMark
from phoneprice.data.encoding.dates import dates_in, may_be_dates, no_dates
from phoneprice.data.number_formats import PLAIN, NumberFormat, folded, to_plain
from phoneprice.data.reading.cells import NUMBER, null_missing, to_numbers
from phoneprice.data.reading.columns import MOSTLY
from phoneprice.data.reading.options import OUTER_SPACES
from phoneprice.data.values import is_number_array, value_counts
from phoneprice.wording import count, counted, quoted

MISSING_WORDS = frozenset(
    {
        *("?", "??", "-", "--", "---", ".", "..", "...", "*", "\N{EM DASH}", "\N{EN DASH}"),
        *("n/a", "#n/a", "#na", "n.a.", "n.a", "-nan", "1.#qnan", "1.#ind", "-1.#ind", "k.a.", "k. a."),
        *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#n/a n/a", "\\n"),
        *(
            f"{mark[0]}{word}{mark[1]}"
            for mark in ("<>", "()", "[]")
            for word in ("null", "na", "nan", "none", "missing")
        ),
        *(f"{day}{clock}" for day in ("0000-00-00", "00/00/0000", "00.00.0000") for clock in ("", " 00:00:00")),
        *("none", "nil", "nan", "null", "na", "unknown", "unk", "missing", "not available", "not applicable"),
        *("unbekannt", "keine angabe", "inconnu", "desconocido", "sconosciuto", "无", "未知", "不明", "缺失"),
    }
)
"""Words, casefolded, that stand for no value in a column of numbers."""
NO_LABELS = frozenset(
    {"n/a", "#n/a", "#n/a n/a", "#na", "n.a.", "n.a", "na", "nan", "-nan", "null", "<na>", "(na)", "<null>", "(null)"}
)
"""Those that are no label either; ``none`` and ``unknown`` may be classes."""
MOST_MISTAKES = 3
"""Different texts among the numbers of a column that are taken for missing; of more, somebody has to look at them."""
SENTINELS = (-999.0, -9999.0, -99999.0, -999999.0)
"""Numbers that stand for no value where they are far from all others of their column."""
_MANY_NUMBERS = 30
"""Of more different texts a word that comes again and again is no category among numbers."""
_MANY_CELLS = 0.01
"""A share of them that is no slip of the hand."""
_LONGER_CODE = re.compile(r"\d+(?:-\d+)+")
"""As ``98115-4820`` beside ``98115``."""
_CURRENCIES = frozenset(
    {
        *("usd", "eur", "gbp", "chf", "jpy", "cny", "rmb", "inr", "aud", "cad", "nzd", "sek", "nok", "dkk", "pln"),
        *("czk", "brl", "rub", "krw", "hkd", "sgd", "twd", "r$", "us$", "a$", "c$", "hk$", "nt$", "rs", "rs.", "fr."),
        *("sfr", "sfr.", "kr", "kr.", "k\u010d", "z\u0142"),
    }
)
"""What may stand before a number besides the signs of currencies, casefolded."""
_POWERS: dict[str, int] = {
    **dict.fromkeys(("k", "tsd", "thousand", "thousands", "\u5343", "\u0442\u044b\u0441"), 3),
    **dict.fromkeys(("\u4e07", "\u842c", "\ub9cc"), 4),
    **dict.fromkeys(("lakh", "lakhs", "lac", "lacs"), 5),
    **dict.fromkeys(("M", "MM", "mn", "mln", "mio", "million", "millions", "\u043c\u043b\u043d"), 6),
    **dict.fromkeys(("crore", "crores", "cr"), 7),
    **dict.fromkeys(("\u4ebf", "\u5104", "\uc5b5"), 8),
    **dict.fromkeys(("bn", "mrd", "billion", "billions", "\u043c\u043b\u0440\u0434"), 9),
    **dict.fromkeys(("trillion", "trillions"), 12),
}
"""What numbers are multiplied by, as powers of ten; casefolded but for those that are a unit in lower case."""
_POWERS_BESIDE_OTHERS = {"l": 5, "m": 6, "b": 9}
"""Letters that multiply where there is a currency, or another factor in the column."""
_UNITS = frozenset(
    {
        *("kb", "mb", "gb", "tb", "kib", "mib", "gib", "mm", "cm", "m", "km", "in", "inch", "ft", "yd", "mi"),
        *("mile", "mg", "g", "kg", "lb", "oz", "ms", "s", "sec", "second", "min", "minute", "h", "hr", "hour"),
        *("day", "week", "month", "yr", "year", "%", "w", "kw", "mw", "hp", "ps", "mv", "kv"),
        *("ma", "mah", "ah", "hz", "khz", "mhz", "ghz", "l", "ml", "cl", "gal", "mp", "px", "k", "mio", "mrd"),
        *("thousand", "million", "billion", "\N{DEGREE SIGN}c", "\N{DEGREE SIGN}f", "kmh", "km/h", "mph", "kcal", "kj"),
    }
)
"""Units that are known to be some, without an s for many of them; any text may be the only one of a column.

Letters that are often part of a code, as in ``12a``, are not among them.
"""
_SHAPE = (
    r"^\(? *[+-]? *(?P<before>[^\s\d+\-.,'()_][^\s\d+\-,'()_]{0,4})? *[+-]?"
    r"(?P<core>(?:\d{1,3}(?:[.,' _]\d{3})+(?:[.,]\d*)?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d*)?|\d+(?:[.,]\d*)?|[.,]\d+)"
    r"(?:[eE][+-]?\d+)?)"
    r" *(?P<after>[^\s\d+\-.,'()_][^\d()]{0,14}?)? *\)?-?$"
)
"""A number with marks of any kind and a text before or after it."""
_MANY = 10_000
"""Of more cells than this these many are looked at first; the others are only converted, if they tell nothing else."""
_LOOKED_AT = 500
"""Different cells that show whether to look at the others."""
_FAR = 100
"""Who shortens large numbers writes those out that are so many times smaller than the least of them."""
_SPACED = " '_"


@dataclass(frozen=True)
class Found:
    """What a column says: how its numbers are written, the words for none among them, and why.

    ``open_mark`` may be either kind of mark: ``how`` then is the plain reading. ``doubt`` is why it is no column of
    numbers though it looks like one.
    """

    how: NumberFormat = PLAIN
    words: tuple[str, ...] = ()
    reason: str = ""
    doubt: str = ""
    open_mark: str = ""
    tells_decimal: bool = False
    """Whether the cells leave no other decimal mark."""


@dataclass(frozen=True)
class _Cells:
    """The different cells of a column that are no words for missing: as written, and their counts."""

    texts: pa.Array
    rows: pa.Array
    before: pa.Array
    core: pa.Array
    after: pa.Array

    @property
    def total(self) -> int:
        return int(pc.sum(self.rows).as_py())


def means_missing(text: str) -> bool:
    """Whether a text among numbers stands for no value."""
    return bare_word(text) in MISSING_WORDS


def bare_word(text: str) -> str:
    """A word for missing as it is compared: without outer spaces, in any case."""
    return text.strip(OUTER_SPACES).casefold()


def look_at(cells: pa.Array, *, mistakes: bool = False) -> Found | None:
    """What a string array ``(rows,)`` says of its numbers; None where it is text, or needs no word.

    With ``mistakes`` a few texts that are neither numbers nor words for missing count as such words.
    """
    present = cells.drop_null()
    if len(present) > _MANY:
        some = present.take(pa.array(range(0, len(present), -(-len(present) // _MANY))))
        if not _numeric_at_first_sight(some.filter(null_missing(some, MISSING_WORDS).is_valid())):
            return None
        found = _look_at_all(some, mistakes=mistakes)
        if found is not None and not found.doubt and (of_all := _as_all(found, present)):
            return of_all
    return _look_at_all(present, mistakes=mistakes)


def _as_all(found: Found, cells: pa.Array) -> Found | None:
    """What some cells say, if all the others are numbers of that format, or of either one where a mark is open."""
    there = null_missing(cells, MISSING_WORDS).is_valid()
    rest = cells.filter(there)
    for reading in _readings(found):
        if not to_numbers(to_plain(rest, reading), frozenset()).clean:
            return None
    words = value_counts(cells.filter(pc.invert(there)))
    named = [f"unit {quoted(unit)}" for unit in found.how.units if unit]
    named += [f"factor {quoted(text)} ({count(10**power)})" for text, power in found.how.factors]
    units = ", ".join(named)
    told = units if found.open_mark else _told(found.how, units)
    return _with_words(found, told, words)


def _look_at_all(cells: pa.Array, *, mistakes: bool) -> Found | None:
    counted_texts = cells.value_counts()
    texts, rows = counted_texts.field("values"), counted_texts.field("counts")
    missing = null_missing(texts, MISSING_WORDS).is_null()
    rest = texts.filter(pc.invert(missing))
    if not _numeric_at_first_sight(rest):
        return None
    weights = rows.filter(pc.invert(missing))
    weights = _repeated_once(rest, weights) if mistakes else weights
    found = _number_format(_parts(rest, weights))
    if found is None and mistakes:
        found = Found()
    if found is None:
        return None
    words = _counts(texts, rows, missing)
    if mistakes and not found.doubt:
        odd = _mistakes(_counts(rest, weights, pc.is_valid(rest)), found)
        words |= {text: count for text, count in _counts(texts, rows, pc.invert(missing)).items() if text in odd}
    if found.how.plain and not words and not found.doubt and not found.open_mark:
        return None
    return _with_words(found, found.reason, words)


def _repeated_once(texts: pa.Array, rows: pa.Array) -> pa.Array:
    """The cells of each text, but one of a few words among many different numbers, however often these come again."""
    words = pc.invert(pc.match_substring_regex(texts, r"\d"))
    few = 0 < (pc.sum(words).as_py() or 0) <= MOST_MISTAKES
    return pc.if_else(words, pa.scalar(1, rows.type), rows) if few and len(texts) > _MANY_NUMBERS else rows


def _counts(texts: pa.Array, rows: pa.Array, there: pa.Array) -> dict[str, int]:
    return dict(zip(texts.filter(there).to_pylist(), rows.filter(there).to_pylist(), strict=True))


def _mistakes(counts: Mapping[str, int], found: Found) -> dict[str, int]:
    """The few of some texts, with their rows, that are numbers in no way that was found, if they are no codes."""
    texts = pa.array(counts, pa.string())
    ways = [pc.match_substring_regex(to_plain(texts, reading), _PLAIN_NUMBER) for reading in _readings(found)]
    numbers = dict(compress(counts.items(), reduce(pc.or_, ways).to_pylist()))
    odd = {text: rows for text, rows in counts.items() if text not in numbers}
    return odd if len(odd) <= MOST_MISTAKES and prevail(counts, numbers) else {}


def prevail(counts: Mapping[str, int], numbers: Mapping[str, int], *, codes: bool = True) -> bool:
    """Whether texts with their rows are ``numbers`` but for some mistakes, and no ``codes`` where they may be some."""
    mostly = bool(counts) and sum(numbers.values()) >= MOSTLY * sum(counts.values())
    return mostly and not (codes and _are_codes(counts, numbers))


def _are_codes(counts: Mapping[str, int], numbers: Mapping[str, int]) -> bool:
    """Whether text among numbers says that these are mere names, too, as in ``12``, ``12a``: ``counts`` are of both.

    It does so where they are whole, and there are more texts than a few, in enough cells or with dashes as codes have.
    """
    cells, texts = sum(counts.values()), counts.keys() - numbers.keys()
    often = cells - sum(numbers.values()) >= _MANY_CELLS * cells
    surely = often or all(map(_LONGER_CODE.fullmatch, texts))
    return surely and len(texts) > MOST_MISTAKES and all(map(str.isdigit, numbers))


def _with_words(found: Found, told: str, words: Mapping[str, int]) -> Found:
    """What was found and ``told`` of the numbers, with the words for none among them."""
    return replace(found, words=tuple(words), reason="; ".join(filter(None, [told, _words_told(words)])))


def words_among_dates(cells: pa.Array, *, mistakes: bool = False) -> Found | None:
    """The words for none in a string array ``(rows,)`` of dates or times, if there are any; as in ``look_at``."""
    if not may_be_dates(cells):
        return None
    there = null_missing(cells, MISSING_WORDS)
    dates = dates_in(there)
    if dates is None:
        return None
    words = value_counts(cells.filter(there.is_null()))
    odd = value_counts(there.filter(no_dates(there, dates))) if mistakes else {}
    words |= odd if len(odd) <= MOST_MISTAKES else {}
    return Found(words=tuple(words), reason=_words_told(words)) if words else None


def words_among_labels(cells: pa.Array) -> Found | None:
    """The words for none in a string array ``(rows,)`` of labels, if there are any."""
    if is_number_array(cells):
        return None
    words = value_counts(cells.filter(null_missing(cells, NO_LABELS).is_null()))
    return Found(words=tuple(words), reason=_words_told(words)) if words else None


def sentinels(values: pa.Array, written: pa.Array) -> Found | None:
    """The numbers that stand for no value in a float64 array ``(rows,)`` that was ``written`` so, if there are any."""
    if pc.min(values).as_py() not in SENTINELS:
        return None
    others = pc.min_max(values.filter(pc.invert(_are_among(values, SENTINELS)))).as_py()
    low, high = others["min"], others["max"]
    if low is None:
        return None
    far = [number for number in SENTINELS if low >= 0 or number < low - (high - low)]
    words = Counter(written.filter(_are_among(values, far)).cast(pa.string()).to_pylist())
    if not words:
        return None
    reason = f"{_words_told(words)}, far from all other numbers"
    return Found(words=tuple(words), reason=reason, tells_decimal=has_point(written))


def _are_among(values: pa.Array, numbers: Sequence[float]) -> pa.Array:
    return pc.is_in(values, value_set=pa.array(numbers, pa.float64()))


def with_sentinels(found: Found, cells: pa.Array) -> Found:
    """The same with numbers that stand for no value, which a string array ``(rows,)`` of its format has."""
    present = null_missing(cells, frozenset(map(bare_word, found.words)))
    numbers = to_numbers(to_plain(present, found.how), frozenset())
    more = sentinels(numbers.values, present) if numbers.clean else None
    if more is None:
        return found
    return replace(
        found, words=(*found.words, *more.words), reason="; ".join(filter(None, [found.reason, more.reason]))
    )


def may_be_grouped(values: pa.Array, written: pa.Array) -> bool:
    """Whether plain numbers could be thousands: each is below 1000 or has exactly three digits after its point.

    It takes no time where a few cells tell.
    """
    ends = pc.min_max(values).as_py()
    if ends["min"] is None or ends["min"] <= -1000 or ends["max"] >= 1000 or not pa.types.is_string(written.type):
        return False
    return has_point(written) and all(_could_be(part) for part in (written.slice(0, _LOOKED_AT), written))


def has_point(written: pa.Array) -> bool:
    """Whether there is a point in any cell of a string array; typed numbers have none."""
    if not pa.types.is_string(written.type):
        return False
    data = written.buffers()[2]
    if data is None or b"." not in data.to_pybytes():
        return False
    return bool(pc.any(pc.match_substring(written, ".")).as_py())


def _could_be(written: pa.Array) -> bool:
    pattern = r"^\s*[+-]?(?:[1-9]\d{0,2}\.\d{3}|\d{1,3}|\D*)\s*$"
    return pc.all(pc.match_substring_regex(written, pattern)).as_py() is not False


def decided(found: Found, decimal: DecimalMark, because: str) -> Found:
    """The same where the file has this decimal mark, and so the open mark is known."""
    thousands = found.open_mark if found.open_mark != decimal else ""
    how = replace(found.how, decimal=decimal, thousands=_as_thousands(thousands))
    return replace(found, how=how, open_mark="", reason=f"{_told(how, found.reason)}, as {because}")


def _as_thousands(mark: str) -> ThousandsMark:
    return "." if mark == "." else "," if mark == "," else ""


def _numeric_at_first_sight(texts: pa.Array) -> bool:
    if not len(texts):
        return False
    sample = texts.take(pa.array(range(0, len(texts), -(-len(texts) // _LOOKED_AT))))
    shapes = pc.extract_regex(folded(sample), _SHAPE)
    return bool(len(shapes) - shapes.null_count >= (2 * MOSTLY - 1) * len(sample))


def _parts(texts: pa.Array, rows: pa.Array) -> _Cells:
    shape = pc.extract_regex(folded(texts), _SHAPE)
    before, core, after = (pc.struct_field(shape, name) for name in ("before", "core", "after"))
    return _Cells(texts, rows, before, core, after)


_FACTOR = re.compile(r"(?P<word>[^\W\d_]+\.?) *(?P<rest>.*)")


def _without_factors(cells: _Cells) -> tuple[_Cells, tuple[tuple[str, int], ...], Counter[str]]:
    """The cells without texts that multiply the numbers, these with their powers of ten, and how many cells have each.

    There are none where all cells have one such text and nothing else: it is a unit then.
    """
    pairs = pa.table({"before": cells.before, "after": cells.after, "rows": cells.rows}).group_by(["before", "after"])
    sides = [row for row in pairs.aggregate([("rows", "sum")]).to_pylist() if row["after"] is not None]
    beside = any(_power(_word(row["after"])) is not None for row in sides)
    money_before = {row["after"] for row in sides if row["before"]}
    split = {row["after"]: _split(row["after"], currency=row["after"] in money_before, beside=beside) for row in sides}
    factors = {word: power for word, power, _ in split.values() if power is not None}
    money = any(after in money_before or rest for after, (_, power, rest) in split.items() if power is not None)
    bare = any(not row["after"] for row in sides)
    if not factors or not (money or bare or len(set(factors.values())) > 1):
        return cells, (), Counter()
    if not money and _far_apart(cells, {text: power for text, (word, power, _) in split.items() if len(word) <= 2}):
        return cells, (), Counter()
    rests = pa.array([None if text is None else split[text][2] for text in cells.after.to_pylist()], pa.string())
    counts: Counter[str] = Counter()
    for row in sides:
        counts[split[row["after"]][0]] += row["rows_sum"]
    del counts[""]
    return replace(cells, after=rests), tuple(factors.items()), counts


def _far_apart(cells: _Cells, powers: Mapping[str, int | None]) -> bool:
    """Whether numbers with a letter that may multiply would begin far beyond those with nothing after them.

    In ``3.4k`` beside ``950`` the letter shortens large numbers; in ``300K`` beside ``295`` it is a unit.
    """
    bare = cells.core.filter(pc.equal(cells.after, ""))
    most = pc.max(_about(pc.replace_substring_regex(bare, r"[.,' _](\d{3})", r"\1"))).as_py()
    least = (
        pc.min(_about(cells.core.filter(pc.equal(cells.after, text)))).as_py() * 10.0**power
        for text, power in powers.items()
        if power is not None
    )
    return bool(most) and min(least, default=0.0) > _FAR * most


def _about(core: pa.Array) -> pa.Array:
    """The size of numbers whose marks are not known yet: the first mark counts as a point."""
    first = pc.struct_field(pc.extract_regex(core, r"^(?P<number>\d*(?:[.,]\d+)?)"), "number")
    number = pc.replace_substring(first, ",", ".")
    return pc.if_else(pc.equal(number, ""), "0", number).cast(pa.float64())


def _word(after: str) -> str:
    found = _FACTOR.fullmatch(after)
    return found["word"] if found else ""


def _split(after: str, *, currency: bool, beside: bool) -> tuple[str, int | None, str]:
    """The text that multiplies a number, its power of ten, and the currency after it; nothing and all of it if none."""
    found = _FACTOR.fullmatch(after)
    if found is None:
        return "", None, after
    word, rest = found["word"], found["rest"]
    power = _power_beside_others(word) if currency or beside or rest else _power(word)
    return (word, power, rest) if power is not None and (not rest or _is_currency(rest)) else ("", None, after)


def _number_format(cells: _Cells) -> Found | None:
    cells, factors, counts = _without_factors(cells)
    units = _units(cells)
    shaped = pc.sum(cells.rows.filter(cells.core.is_valid())).as_py() or 0
    if units is None or shaped < MOSTLY * cells.total:
        return None
    if _several(units):
        mixed = _mixed_units(units)
        return Found(doubt=mixed) if mixed else None
    named = tuple(unit for unit, _ in units.most_common() if unit)
    if named and units[""] > cells.total / 2:
        return None  # numbers, of which some have an addition: 12a is no 12
    marks = _marks(cells.core.drop_null())
    if isinstance(marks, str):
        return Found(doubt=marks)
    how = replace(marks.how, units=(*named, "") if named and units[""] else named, factors=factors)
    told = ", ".join(filter(None, [_unit_told(units), _factors_told(counts)]))
    return _verified(cells, replace(marks, how=how), told)


def _units(cells: _Cells) -> Counter[str] | None:
    """The cells of each text that stands beside numbers, the empty text for none; None where these are no units."""
    units: Counter[str] = Counter()
    if pc.any(pc.and_(pc.not_equal(cells.before, ""), pc.not_equal(cells.after, ""))).as_py():
        return None
    for side in (cells.before, cells.after):
        there = pc.not_equal(side, "")
        grouped = pa.table({"unit": side.filter(there), "rows": cells.rows.filter(there)}).group_by("unit")
        found = grouped.aggregate([("rows", "sum")]).to_pydict()
        if side is cells.before and not all(map(_is_currency, found["unit"])):
            return None
        units.update(dict(zip(found["unit"], found["rows_sum"], strict=True)))
    bare = pc.and_(pc.equal(cells.before, ""), pc.equal(cells.after, ""))
    zero = pc.match_substring_regex(cells.core, r"^0+(?:[.,]0*)?$")
    units[""] = pc.sum(cells.rows.filter(pc.and_not(bare, zero))).as_py() or 0
    return units


def _is_currency(text: str) -> bool:
    return text.casefold() in _CURRENCIES or all(unicodedata.category(c) == "Sc" for c in text)


def _unit_key(unit: str) -> str:
    """What spellings of one unit have in common; case means something in ``mW`` and ``MW``."""
    if len(unit) <= 3 and unit[:1] in {"m", "M"}:
        return unit
    word = unit.casefold().rstrip(".")
    return word.removesuffix("es") if word.endswith("ches") else word.removesuffix("s") if len(word) > 2 else word


def _power(text: str) -> int | None:
    """The power of ten that a text after a number stands for, if it does."""
    word = text.rstrip(".")
    return _POWERS.get(word, _POWERS.get(word.casefold()))


def _power_beside_others(text: str) -> int | None:
    """The same where the column leaves no doubt that it stands for one."""
    power = _power(text)
    return _POWERS_BESIDE_OTHERS.get(text.casefold()) if power is None else power


def _is_factor(key: str) -> bool:
    return _power(key) is not None


def _several(units: Counter[str]) -> bool:
    """Whether the numbers have different units; one without the percent sign or the factor of others is another."""
    keys = {_unit_key(unit) for unit in units if unit}
    return len(keys) > 1 or (units[""] > 0 and any(key == "%" or _is_factor(key) for key in keys))


def _mixed_units(units: Counter[str]) -> str:
    """What to say of numbers with different units; empty where these are not known to be some: ``1st``, ``2nd``."""
    keys = {_unit_key(unit) for unit in units if unit}
    if not all(key.casefold() in _UNITS or _is_factor(key) or _is_currency(key) for key in keys):
        return ""
    some = [f"{quoted(unit)} in {counted(rows, 'cell')}" for unit, rows in units.most_common(4) if unit]
    none = [f"none in {counted(units[''], 'cell')}"] if units[""] else []
    return f"numbers in different units count as text ({', '.join([*some, *none])}); give all in one"


def _marks(core: pa.Array) -> Found | str:
    """The format of the marks, without units; or why there is none."""
    decimals = [mark for mark in ".," if _any(core, _decimal_evidence(mark))]
    grouping = [mark for mark in ".," if _any(core, _thousands_evidence(mark))]
    present = [mark for mark in ".," if pc.any(pc.match_substring(core, mark)).as_py()]
    spaced = [mark for mark in _SPACED if pc.any(pc.match_substring(core, mark)).as_py()]
    if len(decimals) > 1 or len(grouping) > 1 or len(spaced) > 1 or (decimals and decimals == grouping):
        return _two_ways(core)
    if spaced and len(present) < 2:
        decimal: DecimalMark = "," if present == [","] else "."
        thousands: ThousandsMark = "'" if spaced == ["'"] else "_" if spaced == ["_"] else " "
        return Found(NumberFormat(decimal, thousands), tells_decimal=bool(present))
    if decimals or grouping:
        decimal = "," if decimals == [","] or grouping == ["."] else "."
        other = "." if decimal == "," else ","
        return Found(NumberFormat(decimal, _as_thousands(other) if other in present else ""), tells_decimal=True)
    if len(present) > 1:
        return _two_ways(core)
    return Found(open_mark=present[0] if present else "")


def _two_ways(core: pa.Array) -> str:
    return _clash_told(*(core.filter(pc.match_substring(core, mark)) for mark in ".,"))


def _any(core: pa.Array, pattern: str) -> bool:
    return pc.any(pc.match_substring_regex(core, pattern)).as_py() is True


def _decimal_evidence(mark: str) -> str:
    """Cores in which the mark has decimals after it, whatever the other marks mean."""
    m, other = re.escape(mark), "," if mark == "." else r"\."
    many = rf"^0\d*{m}\d|^\d{{4,}}{m}|{m}\d{{0,2}}$|{m}\d{{4,}}|{m}\d+[eE]|^{m}\d"
    return rf"{many}|[{other} '_]\d{{3}}{m}\d+$"


def _thousands_evidence(mark: str) -> str:
    """Cores in which the mark stands between groups of digits, whatever the other marks mean."""
    m, other = re.escape(mark), "," if mark == "." else r"\."
    pairs = r"|\d,\d{2},\d{2,3}" if mark == "," else ""
    return rf"\d{m}\d{{3}}{m}\d{{3}}|{m}\d{{3}}{other}(?:\d|$){pairs}"


_OPEN: dict[str, tuple[tuple[DecimalMark, ThousandsMark], ...]] = {
    "": (),
    ".": ((",", "."), (".", "")),
    ",": ((".", ","), (",", "")),
}
"""What an open mark may be."""
_PLAIN_NUMBER = f"^(?:{NUMBER.pattern})$"


def _verified(cells: _Cells, found: Found, units: str) -> Found | None:
    """The format if each cell that looks like a number is one of it, or, of an open mark, could be.

    ``units`` is what to say of these.
    """
    typographic = pc.any(pc.not_equal(folded(cells.texts), pc.ascii_trim(cells.texts, characters=" \t"))).as_py()
    typographic = typographic or _any(cells.texts, r"\([^)]*\d|\d-$|^- ")
    bare = found.how == PLAIN
    how = replace(found.how, typographic=bool(typographic) and bare)
    shaped = cells.core.is_valid()
    for reading in _readings(replace(found, how=how)):
        numbers = pc.match_substring_regex(to_plain(cells.texts, reading), _PLAIN_NUMBER)
        clash = pc.and_not(shaped, numbers)
        if pc.any(clash).as_py():
            return Found(doubt=_clash_told(cells.texts.filter(numbers), cells.texts.filter(clash)))
        if (pc.sum(cells.rows.filter(numbers)).as_py() or 0) < MOSTLY * cells.total:
            return None
    reason = "" if how.plain else _told(how, units)
    return replace(found, how=how, reason=units if found.open_mark else reason)


def _readings(found: Found) -> list[NumberFormat]:
    """The formats that a column may have: one, or two where a mark is open."""
    how = found.how
    return [replace(how, decimal=decimal, thousands=mark) for decimal, mark in _OPEN[found.open_mark]] or [how]


def _clash_told(one: pa.Array, other: pa.Array) -> str:
    shown = " and ".join(quoted(found[0].as_py()) for found in (one, other) if len(found))
    return f"numbers written in two ways count as text ({shown}); write all alike"


def _told(how: NumberFormat, units: str) -> str:
    """What was found of a format, in words."""
    parts = [f"decimal {quoted(how.decimal)}"] if how.decimal != "." or how.thousands else []
    parts += [f"thousands {quoted(how.thousands)}"] if how.thousands else []
    parts += [units] if units else []
    parts += ["signs or digits of type"] if how.typographic and not parts else []
    return f"numbers like {how.example}: {', '.join(parts)}" if parts else ""


def _unit_told(units: Counter[str]) -> str:
    named = list(islice(_named(units), 3))
    none = [f"none in {counted(units[''], 'cell')}"] if named and units[""] else []
    return ", ".join([*named, *none])


def _factors_told(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"factor {quoted(text)} ({count(10 ** (_power_beside_others(text) or 0))}) in {counted(rows, 'cell')}"
        for text, rows in counts.items()
    )


def _named(units: Counter[str]) -> Iterator[str]:
    return (f"unit {quoted(unit)} in {counted(rows, 'cell')}" for unit, rows in units.most_common() if unit)


def _words_told(words: Mapping[str, int]) -> str:
    some = [f"{quoted(word)} in {counted(rows, 'cell')}" for word, rows in islice(Counter(words).most_common(), 3)]
    more = [f"{len(words) - 3} more"] if len(words) > 3 else []
    return f"missing: {', '.join([*some, *more])}" if words else ""
