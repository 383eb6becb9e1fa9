"""The columns of a table that are numbers, though not plain ones: how they are read, and the settings that say so."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from phoneprice.config.fields import toml_value
from phoneprice.config.schema import ColumnReading, DataConfig, DecimalMark
from phoneprice.data.inspection.recognition import (
    Found,
    bare_word,
    decided,
    has_point,
    look_at,
    may_be_grouped,
    means_missing,
    sentinels,
    with_sentinels,
    words_among_dates,
    words_among_labels,
)
from phoneprice.data.number_formats import PLAIN, NumberFormat, to_plain
from phoneprice.data.reading.cells import null_missing, to_numbers
from phoneprice.data.reading.codes import code_reason
from phoneprice.data.reading.columns import text_in_plain_words
from phoneprice.data.table import Table
from phoneprice.data.values import canonical_number, is_number_array
from phoneprice.wording import first_of, quoted


@dataclass(frozen=True)
class Recognised:
    """What a table told of how its numbers are written, by column."""

    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a column is read in its own way."""
    doubts: Mapping[str, str] = field(default_factory=dict)
    """Why a column that looks like numbers is none."""
    remarks: tuple[str, ...] = ()
    """What to warn of: nothing told which of two readings is right."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Settings of ``[data]`` by which the columns are read so again."""


NOTHING_RECOGNISED = Recognised()
_MOST_STRAY = 3
"""Cells of a column with text among numbers of which each is looked at."""


@dataclass(frozen=True)
class Settled:
    """What of the reading is said already, so that it is not looked for."""

    marks: bool = False
    words: bool = False

    def of(self, column: ColumnReading | None) -> "Settled":
        """What is said already of one column."""
        if column is None:
            return self
        marks = column.model_copy(update={"missing_values": None}) != ColumnReading()
        # Where somebody has said how numbers are written, the cells were read so: there is nothing to look for.
        return Settled(self.marks or marks, self.words or marks or column.missing_values is not None)

    @property
    def all(self) -> bool:
        """Whether nothing is left to look for."""
        return self.marks and self.words


def recognise(table: Table, data: DataConfig, text: Collection[str], settled: Settled) -> tuple[Table, Recognised]:
    """The table with what is recognised as numbers, and what that was; the columns of ``text`` stay as they are.

    ``table`` has all its columns as they are ``written``, too; those in ``data.columns`` are as somebody wanted them.
    A target is text in the plain grammar then, any other column float64, or text where some cells are no numbers. A
    target among ``text`` holds labels, of which some words mean missing.
    """
    names = [name for name in table.names if name not in text and name not in table.codes]
    own = {name: settled.of(data.columns.get(name)) for name in table.names}
    found = {name: what for name in names if (what := _look(table, name, data, own[name]))}
    told = _votes(table, found) if any(what.open_mark for what in found.values()) else {}
    found = {name: _decided(what, told) for name, what in found.items()}
    found = {name: _with_sentinels(table, name, what, own[name]) for name, what in found.items()}
    if data.target in text and data.target in table.names and not own[data.target].words:
        found |= {data.target: words} if (words := words_among_labels(table.columns[data.target])) else {}
    doubts = {name: what.doubt for name, what in found.items() if what.doubt}
    remarks = []
    for name, what in found.items():
        if what.open_mark:
            if what.open_mark == ",":
                counts = (
                    "numbers with a ',' that may be a decimal or a thousands mark count as text; set data.decimal or "
                    "data.thousands"
                )
                doubts[name] = _undecided(name, what, counts="") if name == data.target else counts
            if what.open_mark == "." or name != data.target:  # of a target that can't be used the fault says it
                remarks.append(f"column {name!r}: {_undecided(name, what)}")
    read = {name: what for name, what in found.items() if name not in doubts and (not what.how.plain or what.words)}
    columns = {name: _converted(table, name, what, data.target) for name, what in read.items()}
    codes = {name: why for name, what in read.items() if (why := _why_codes(table, name, what, columns[name]))}
    converted = replace(table, columns={**table.columns, **columns}, codes={**table.codes, **codes})
    remarks += _stray_rows(table, read)
    settings = _settings(converted, data, read) if read else {}
    reasons = {name: what.reason for name, what in read.items()}
    return converted, Recognised(reasons, doubts, tuple(remarks), settings)


def _look(table: Table, name: str, data: DataConfig, settled: Settled) -> Found | None:
    """What one column says, if it is not what is settled."""
    cells, written = table.columns[name], table.written.get(name)
    if settled.all:
        return None
    if is_number_array(cells):
        found = None if written is None else _plain_numbers(cells, written, table, settled)
    else:
        mistakes = data.on_bad_row == "fail"
        found = look_at(cells, mistakes=mistakes) or words_among_dates(cells, mistakes=mistakes)
        if found is None and name == data.target:
            found = Found()  # its numbers come as text, plain ones, too
    if found is None or (settled.marks and not found.how.plain):
        return None
    return replace(found, words=()) if settled.words else found


def _with_sentinels(table: Table, name: str, found: Found, settled: Settled) -> Found:
    """What one column says, with the numbers among its text that stand for no value."""
    cells = table.columns[name]
    if settled.words or found.doubt or is_number_array(cells):
        return found
    return with_sentinels(found, cells)


def _plain_numbers(cells: pa.Array, written: pa.Array, table: Table, settled: Settled) -> Found | None:
    """What there is to say of a column that can be read plainly."""
    if found := sentinels(cells, written):
        return found
    open_mark = not table.typed and not settled.marks and may_be_grouped(cells, written)
    return Found(open_mark=".") if open_mark else None


def _votes(table: Table, found: Mapping[str, Found]) -> dict[DecimalMark, str]:
    """The decimal marks that columns of the table leave no doubt about, each with one such column."""
    votes: dict[DecimalMark, str] = {}
    for name, what in found.items():
        if what.tells_decimal and not what.doubt:
            votes.setdefault(what.how.decimal, name)
    plain = (name for name in table.columns if name not in found and _has_plain_point(table, name))
    if "." not in votes and (witness := next(plain, None)) is not None:
        votes["."] = witness
    return votes


def _decided(found: Found, votes: Mapping[DecimalMark, str]) -> Found:
    """What the other columns make of an open mark; it stays open where they tell nothing, or both."""
    if not found.open_mark or len(votes) != 1:
        return found
    ((decimal, name),) = votes.items()
    return decided(found, decimal, f"column {name!r} has decimal {decimal!r}")


def _undecided(name: str, found: Found, counts: str | None = None) -> str:
    """What to warn of, with the settings for either reading; ``counts`` is what is done, if not the usual."""
    mark = found.open_mark
    grouped = {"thousands": mark} if mark == "," else {"thousands": mark, "decimal": ","}
    units = {name: value for name, value in single_settings(found).items() if name in {"units", "factors"}}
    usual = "; decimals are read" if mark == "." else "; it is read as text"
    decimal, thousands = (f"data.columns = {toml_value({name: how | units})}" for how in ({"decimal": mark}, grouped))
    return (
        f"{mark!r} may be a decimal or a thousands mark, and no column tells which"
        f"{usual if counts is None else counts}; set {thousands} for thousands, {decimal} for decimals"
    )


def _converted(table: Table, name: str, found: Found, target: str) -> pa.Array:
    cells = table.columns[name]
    if is_number_array(cells):
        written = table.written[name]
        cells = written if pa.types.is_string(written.type) else written.cast(pa.string())
    words = frozenset(map(bare_word, found.words))
    present = null_missing(cells, words | {""})
    if name != target:
        numbers = to_numbers(to_plain(present, found.how), frozenset())
        if numbers.clean:
            return numbers.values
    return text_in_plain_words(table, name, present, found.how, certain=True)


def _why_codes(table: Table, name: str, found: Found, cells: pa.Array) -> str:
    """Why plain numbers are codes that stand among words for missing; empty for any others."""
    if not found.how.plain or not is_number_array(cells) or is_number_array(table.columns[name]):
        return ""
    return code_reason(name, table.columns[name], cells)


def codes_as_text(table: Table, are_codes: Callable[[str, pa.Array], bool]) -> Table:
    """The table with its codes as they are written, which keeps their zeros and digits; ``written`` has them.

    ``are_codes(name, text)`` says whether those of a column are no quantities: else they stay numbers.
    """
    numbers = (name for name in table.codes if name in table.columns and is_number_array(table.columns[name]))
    texts = {name: _as_written(table, name) for name in numbers if name in table.written}
    return replace(table, columns={**table.columns, **{n: text for n, text in texts.items() if are_codes(n, text)}})


def _as_written(table: Table, name: str) -> pa.Array:
    """The cells of a column of numbers as text, null where a word for missing was."""
    texts = table.written[name].cast(pa.string())
    return pc.if_else(table.columns[name].is_valid(), texts, pa.scalar(None, pa.string()))


def _stray_rows(table: Table, found: Mapping[str, Found]) -> Iterator[str]:
    """What to warn of each row that has text in several columns of numbers, as one of units has, or a second header."""
    texts: dict[int, list[str]] = defaultdict(list)
    for name, what in found.items():
        odd = [word for word in what.words if not means_missing(word) and canonical_number(word) is None]
        cells = table.columns[name]
        rows = pc.indices_nonzero(pc.is_in(cells, value_set=pa.array(odd, cells.type))).to_pylist() if odd else ()
        if len(rows) <= _MOST_STRAY:
            for row in rows:
                texts[row].append(cells[row].as_py())
    for row, some in texts.items():
        if len(some) > 1:
            place = table.place(row).removeprefix(table.source).strip()
            told = f"{place}: found {first_of([quoted(text) for text in some], 3)} in columns of numbers"
            yield f"{told}; if these are units, names or notes and no row of data, delete the line from the file"


def _settings(table: Table, data: DataConfig, found: Mapping[str, Found]) -> dict[str, object]:
    """Settings for all columns where they can be the same, and for single ones where they differ."""
    marks = _common_marks(table, found)
    words = _common_words(table, found)
    everywhere = (*data.missing_values, *words)
    known = frozenset(map(bare_word, everywhere))
    columns: dict[str, dict[str, object]] = {}
    for name, what in found.items():
        own = dict(_own_settings(what, marks))
        if more := [word for word in what.words if bare_word(word) not in known]:
            own["missing_values"] = (*everywhere, *more)
        if own:
            columns[name] = own
    settings: dict[str, object] = {"decimal": marks.decimal, "thousands": marks.thousands} if marks.marked else {}
    settings |= {"missing_values": everywhere} if words else {}
    return settings | ({"columns": columns} if columns else {})


def single_settings(found: Found) -> dict[str, object]:
    """The settings of one column by which it is read so, without the words for missing."""
    return dict(_own_settings(found, PLAIN))


def _own_settings(found: Found, marks: NumberFormat) -> Iterator[tuple[str, object]]:
    how = found.how
    if how.decimal != marks.decimal and not (how.plain or _unmarked(found)):
        yield "decimal", how.decimal
    if how.thousands and how.thousands != marks.thousands:
        yield "thousands", how.thousands
    if how.units:
        yield "units", how.units
    if how.factors:
        yield "factors", {text: 10**power for text, power in how.factors}
    if how.typographic and not marks.marked:
        yield "typographic", True


def _unmarked(found: Found) -> bool:
    """Whether no cell of a column shows a mark."""
    return not found.tells_decimal and found.how.decimal == "." and not found.how.thousands


def _common_marks(table: Table, found: Mapping[str, Found]) -> NumberFormat:
    """The marks of all columns that have any, if they agree and no plain column disagrees; else the plain ones."""
    marked = [what.how for what in found.values() if what.how.marked]
    decimals = {how.decimal for how in marked} | {what.how.decimal for what in found.values() if what.tells_decimal}
    thousands = {how.thousands for how in marked if how.thousands}
    if not marked or len(decimals) > 1 or len(thousands) > 1:
        return PLAIN
    decimal: DecimalMark = marked[0].decimal
    if decimal == "," and any(_has_plain_point(table, name) for name in table.columns if name not in found):
        return PLAIN
    return NumberFormat(decimal, next(iter(thousands), ""))


def _has_plain_point(table: Table, name: str) -> bool:
    written = table.written.get(name)
    if not is_number_array(table.columns[name]) or written is None or not pa.types.is_string(written.type):
        return False
    return not table.typed and has_point(written)


def _common_words(table: Table, found: Mapping[str, Found]) -> tuple[str, ...]:
    """Words for missing that mean nothing in the columns of text, each in its first spelling."""
    words = {bare_word(text): text for what in found.values() for text in what.words if means_missing(text)}
    texts = [cells for name, cells in table.columns.items() if name not in found and pa.types.is_string(cells.type)]
    used = {word for cells in texts for word in _there(cells, frozenset(words))} if words else set()
    return tuple(text for word, text in words.items() if word not in used)


def _there(cells: pa.Array, words: frozenset[str]) -> Iterator[str]:
    texts = cells.drop_null().unique()
    yield from map(bare_word, texts.filter(null_missing(texts, words).is_null()).to_pylist())
