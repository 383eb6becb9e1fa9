"""Numbers as people write them: ``1.234,50 €``, ``(200)``, ``6 GB``; read into the plain grammar of ``cells``.

A format says which marks stand in a number and which texts beside it. ``to_plain`` rewrites a whole column, so that
nothing else of the program has to know of formats. It works on the bytes of the column: a million cells with thousands
marks take about twice as long as the same numbers written plainly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phoneprice.config.schema import DecimalMark, ThousandsMark

_NO_NUMBER = "?"
"""Stands for a cell whose marks or units are not those of the format, and for a point that is no mark."""
_SPACES = "\N{NO-BREAK SPACE}\N{FIGURE SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}"
_MINUSES = "\N{MINUS SIGN}\N{EN DASH}\N{FULLWIDTH HYPHEN-MINUS}\N{SMALL HYPHEN-MINUS}"
_ZEROS = "\u0660\u06f0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0e50\u0ed0\u0f20\u1040\u17e0\u1810\uff10"
"""Of the scripts whose digits are in use: Arabic, Persian, those of India, Thai, Lao, Tibetan, Burmese, Khmer,
Mongolian, and of full width; the other nine follow each (Unicode, general category Nd).
"""
_FOLDED = {
    **dict.fromkeys(_SPACES, " "),
    **dict.fromkeys(_MINUSES, "-"),
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{MODIFIER LETTER APOSTROPHE}": "'",
    "\N{ARABIC DECIMAL SEPARATOR}": ".",
    "\N{ARABIC THOUSANDS SEPARATOR}": "'",
    "\N{ARABIC PERCENT SIGN}": "%",
    **{chr(ord(zero) + digit): str(digit) for zero in _ZEROS for digit in range(10)},
    **{chr(ord(c) + 0xFEE0): c for c in ".,+()%/:"},
}
"""Typographic characters, digits of any script, and what they stand for in a number; the last are of full width."""
_ASCII = bytes(range(0x80))
_FOLDED_BY_BEGIN = {
    begin: [character for character in _FOLDED if character.encode().startswith(begin)]
    for begin in {character.encode()[:2] for character in _FOLDED}
}
"""By the first two bytes of their UTF-8: few of these are in a column, and one look for each is enough then."""

Bytes = NDArray[np.uint8]


_BEFORE = ("$", "\N{POUND SIGN}")


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    ``units`` are the texts that stand before or after a number, such as ``$``, ``%`` or ``GB``; an empty one among them
    says that there may be none (0 never needs one). Any format but the plain one takes the signs and digits of type,
    too: ``\N{MINUS SIGN}5``, ``(5)`` and ``5-`` for -5, digits of any script; ``typographic`` says so where nothing
    else is unusual. ``factors`` are texts after a number that multiply it, each with its power of ten: ``K`` with 3.

    >>> to_plain(pa.array(["1.234,5 kg", "(2,5 kg)", "1,2"]), NumberFormat(",", ".", ("kg",))).to_pylist()
    ['1234.5', '-2.5', '?']
    """

    decimal: DecimalMark = "."
    thousands: ThousandsMark = ""
    units: tuple[str, ...] = ()
    typographic: bool = False
    factors: tuple[tuple[str, int], ...] = ()

    @property
    def plain(self) -> bool:
        """Whether it is the one that needs no rewriting."""
        return self == PLAIN

    @property
    def marked(self) -> bool:
        """Whether its marks are not the plain ones."""
        return (self.decimal, self.thousands) != (".", "")

    @property
    def example(self) -> str:
        """A number of this format, as messages show it; dollars and pounds stand before it."""
        unit = next(filter(None, self.units), "")
        number = f"1{self.thousands}234{self.decimal}5"
        number += "".join(text for text, _ in self.factors[:1])
        return f"{unit} {number}" if unit.endswith(_BEFORE) else f"{number} {unit}".strip()

    def written(self, number: str) -> str:
        """A plain number as this format has it: what a file that tells numbers from text means by one."""
        unit = next((unit for unit in self.units if unit), "") if self.units and "" not in self.units else ""
        return number.replace(".", self.decimal) + unit


PLAIN = NumberFormat()


def to_plain(cells: pa.Array, how: NumberFormat) -> pa.Array:
    """A string array ``(rows,)`` with each number in the plain grammar, and text that is no number for any other cell.

    That holds for what looks plain and is no number of the format, too: ``1.5`` where the decimal mark is a comma. Null
    cells stay null.
    """
    if how.plain:
        return cells
    bare = _without_parentheses(_unsigned_spaces(folded(cells)))
    fits = None
    if how.units:
        bare, has_unit = _without_units(bare, how.units)
        bare = _without_parentheses(bare)
        fits = has_unit if "" not in how.units else None
    bare, powers = _without_factors(bare, how)
    bare = _leading_minus(bare)
    marked, whole = _plain_marks(bare, how)
    for power, there in powers.items():
        marked = _rewritten(marked, there, partial(_times, power=power))
    if fits is not None and not _all(fits):
        whole = pc.and_(whole, pc.or_(fits, _is_zero(marked)))
    return marked if _all(whole) else pc.if_else(whole, marked, _NO_NUMBER)


def folded(cells: pa.Array) -> pa.Array:
    """Cells without outer spaces, typographic spaces, signs and digits as their plain characters.

    A dash in the place of decimals, as in ``299,-``, says that there are none, and is left out.
    """
    return _without_no_decimals(pc.ascii_trim(in_plain_characters(cells), characters=" \t"))


def in_plain_characters(cells: pa.Array) -> pa.Array:
    """Cells with typographic spaces and signs, and digits of any script, as their plain characters."""
    beyond = beyond_ascii(cells)
    for begin, characters in _FOLDED_BY_BEGIN.items() if beyond else ():
        for character in characters if begin in beyond else ():
            if character.encode() in beyond:
                cells = pc.replace_substring(cells, character, _FOLDED[character])
    return cells


def _without_no_decimals(cells: pa.Array) -> pa.Array:
    """``299,`` for ``299,-``, also with a unit after it: a minus after a number, as in ``299,50-``, follows a digit."""
    if not (_has(cells, b",-") or _has(cells, b".-")):
        return cells
    return pc.replace_substring_regex(cells, r"(\d[.,])--?( *[^\d \-.,'+][^\d]*)?$", r"\1\2")


def beyond_ascii(cells: pa.Array) -> bytes:
    """All characters of a string array that are not ASCII, in their order, as UTF-8."""
    return bytes_of(cells)[1].tobytes().translate(None, _ASCII)


def _rewritten(cells: pa.Array, where: pa.Array, rewrite: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Cells with those of a mask rewritten."""
    if len(cells) and not cells.null_count and _all(where):
        return rewrite(cells)
    return pc.replace_with_mask(cells, where, rewrite(cells.filter(where))) if pc.any(where).as_py() else cells


def _without_parentheses(cells: pa.Array) -> pa.Array:
    """``-200`` for ``(200)``, as accountants write it."""
    if not _has(cells, b"("):
        return cells
    found = pc.match_substring_regex(cells, r"^\( *[^ +-].*\)$")
    return _rewritten(cells, found, lambda some: _joined("-", pc.ascii_trim(some, characters="( )")))


def _unsigned_spaces(cells: pa.Array) -> pa.Array:
    """``-5`` for ``- 5``."""
    return _rewritten(cells, pc.starts_with(cells, "- "), lambda some: _joined("-", _cut(some, 2)))


def _leading_minus(cells: pa.Array) -> pa.Array:
    """``-5`` for ``5-``, as some ledgers have it."""
    found = pc.ends_with(cells, "-")
    if pc.any(found).as_py():
        found = pc.match_substring_regex(cells, r"^[^+-].*-$")
    return _rewritten(cells, found, lambda some: _joined("-", pc.ascii_rtrim(some, characters="- ")))


def _without_units(cells: pa.Array, units: tuple[str, ...]) -> tuple[pa.Array, pa.Array]:
    """Cells without the one unit that stands before or after the number, and whether there was one."""
    has = pa.array(np.zeros(len(cells), np.bool_))
    for unit, sign in product(sorted(filter(None, units), key=len, reverse=True), (None, "", "-", "+")):
        if _all(has):
            break
        found = pc.ends_with(cells, unit) if sign is None else pc.starts_with(cells, sign + unit)
        here = pc.and_not(found, has)
        width = len(((sign or "") + unit).encode())
        rewrite = partial(_cut_off, width=width) if sign is None else partial(_cut, width=width, sign=sign)
        cells, has = _rewritten(cells, here, rewrite), pc.or_(has, here)
    return cells, has


def _without_factors(cells: pa.Array, how: NumberFormat) -> tuple[pa.Array, dict[int, pa.Array]]:
    """Cells without the text that multiplies the number, and of each power of ten where it stood."""
    has = pa.array(np.zeros(len(cells), np.bool_))
    powers: dict[int, pa.Array] = {}
    for text, power in sorted(how.factors, key=lambda factor: -len(factor[0])):
        here = pc.and_not(pc.ends_with(cells, text), has).fill_null(False)
        cells, has = _rewritten(cells, here, partial(_cut_off, width=len(text.encode()))), pc.or_(has, here)
        powers[power] = pc.or_(powers[power], here) if power in powers else here
    return cells, powers


def _times(cells: pa.Array, power: int) -> pa.Array:
    """Plain numbers times a power of ten, which is exact as an exponent."""
    return pc.binary_join_element_wise(cells, f"e{power}", "")


def _cut(cells: pa.Array, width: int, sign: str = "") -> pa.Array:
    """Cells without their first bytes and the spaces that follow, after a sign."""
    return _joined(sign, pc.ascii_ltrim(_sliced(cells, width), characters=" "))


def _cut_off(cells: pa.Array, width: int) -> pa.Array:
    """Cells without their last bytes and the spaces before them."""
    return pc.ascii_rtrim(_sliced(cells, 0, -width), characters=" ")


def _sliced(cells: pa.Array, start: int, stop: int | None = None) -> pa.Array:
    """Bytes of each cell, which must have as many: much quicker than characters."""
    # Without a stop Arrow 26 overflows where the start is the end of a cell.
    stop = pc.max(pc.binary_length(cells)).as_py() if stop is None else stop
    return pc.binary_slice(cells.view(pa.binary()), start, stop).view(pa.string())


def _joined(prefix: str, cells: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(prefix, cells, "") if prefix else cells


def _is_zero(cells: pa.Array) -> pa.Array:
    """Whether a plain number is 0, by its text: nothing but zeros and a point."""
    inner = pc.utf8_trim(cells, "+-0.")
    return pc.and_(pc.equal(pc.binary_length(inner), 0), pc.greater(pc.binary_length(cells), 0))


def _plain_marks(cells: pa.Array, how: NumberFormat) -> tuple[pa.Array, pa.Array]:
    """Cells without thousands marks and with a point for the decimal mark, and whether the marks stand rightly.

    A point that is no mark of the format becomes a question mark, so that the cell is no number.
    """
    starts, text = bytes_of(cells)
    right = np.ones(len(cells), np.bool_)
    if how.thousands:
        starts, text, wrong = _ungrouped(starts, text, how)
        right[wrong] = False
    if how.decimal != ".":
        text = np.frombuffer(text.tobytes().translate(bytes.maketrans(b".,", b"?.")), np.uint8)
    return _from_buffers(cells, starts, text), pa.array(right)


def _ungrouped(starts: NDArray[np.int32], text: Bytes, how: NumberFormat) -> tuple[NDArray[np.int32], Bytes, Any]:
    """Starts and bytes without thousands marks, and the cells in which these stand wrongly.

    A number begins with one to three digits, of which the first is not 0, and exactly three follow each mark: up to the
    next one, the decimal mark, or the end. With commas there may be two between all marks, as in ``12,34,567`` (lakhs
    and crores), and one or two before the first.
    """
    mark, point, zero = ord(how.thousands), ord(how.decimal), ord("0")
    at = np.flatnonzero(text == mark)
    if not len(at):
        return starts, text, at
    cell = np.searchsorted(starts, at, side="right") - 1
    end = starts[cell + 1]
    padded = np.concatenate([text, np.zeros(5, np.uint8)])
    digit = (padded - np.uint8(zero)) < 10
    follows = padded[at + 4]
    two_digits = digit[at + 1] & digit[at + 2]
    pair = two_digits & (mark == ord(",")) & (at + 3 < end) & (padded[at + 3] == mark)
    last = (at + 4 == end) | (follows == point)
    right = two_digits & (at + 3 < end) & digit[at + 3] & (last | (follows == mark))
    in_pairs = np.isin(cell, cell[pair]) if pair.any() else pair
    right = np.where(in_pairs, pair | (right & last), right)
    first = np.diff(cell, prepend=-1) > 0
    right[~first] &= np.diff(at, prepend=-9)[~first] == np.where(in_pairs, 3, 4)[~first]
    begin = starts[cell]
    begin = begin + ((padded[begin] == ord("-")) | (padded[begin] == ord("+")))
    leading = at - begin
    lead = (leading >= 1) & (leading <= np.where(in_pairs, 2, 3)) & (padded[begin] != zero) & digit[begin]
    lead &= ((leading < 2) | digit[at - 1]) & ((leading < 3) | digit[at - 2])
    right &= ~first | lead
    kept = starts.copy()
    kept[1:] -= np.cumsum(np.bincount(cell, minlength=len(starts) - 1), dtype=np.int32)
    bare = np.frombuffer(text.tobytes().translate(None, how.thousands.encode()), np.uint8)
    return kept, bare, np.unique(cell[~right])


def bytes_of(cells: pa.Array) -> tuple[NDArray[np.int32], Bytes]:
    """Where each cell begins in the bytes of all, int32 ``(rows + 1,)`` from 0, and these bytes."""
    _, offsets, data = cells.buffers()
    if not len(cells) or offsets is None:
        return np.zeros(len(cells) + 1, np.int32), np.zeros(0, np.uint8)
    starts = np.frombuffer(offsets, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    text = np.frombuffer(data, np.uint8)[starts[0] : starts[-1]] if data is not None else np.zeros(0, np.uint8)
    return starts - starts[0], text


def _from_buffers(cells: pa.Array, starts: NDArray[np.int32], text: Bytes) -> pa.Array:
    """Cells of other bytes, null where ``cells`` are."""
    made = pa.StringArray.from_buffers(len(cells), pa.py_buffer(starts), pa.py_buffer(text))
    return pc.if_else(cells.is_valid(), made, pa.scalar(None, pa.string())) if cells.null_count else made


def _all(where: pa.Array) -> bool:
    """Whether a mask is true wherever it is known."""
    return pc.all(where).as_py() is not False


def _has(cells: pa.Array, what: bytes) -> bool:
    return what in bytes_of(cells)[1].tobytes()
