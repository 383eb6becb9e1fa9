"""What cells mean as yes/no words, categories and labels; the work is done once a distinct value, not once a cell."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phoneprice.data.reading.cells import NUMBER
from phoneprice.data.reading.options import OUTER_SPACES
from phoneprice.wording import counted, quoted

MISSING = -1
"""Code of a missing cell."""
UNKNOWN = -2
"""Code of a cell that means nothing known."""

Spelling = Literal["text", "whole", "clean", "number"]
"""What makes two texts the same label or category.

``text``: nothing but the same characters. ``whole``: all are whole numbers, of which ``1`` and ``1.0`` are one.
``clean``: the same characters, but for outer spaces and case (``data.clean_text``).
``number``: the same value as float64, however it is written (only runs of release 0.1).
"""
_WHOLE = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.0)?")

_TRUTH = {"yes": True, "true": True, "y": True, "1": True, "no": False, "false": False, "n": False, "0": False}


def truth(text: str) -> bool | None:
    """What a word for yes or no means, in any case: yes, no, true, false, y, n, or the number 1 or 0."""
    word = text.strip().casefold()
    return _TRUTH.get(canonical_number(word) or word)


def truth_code(text: str) -> int:
    """The meaning of a word for yes or no as 1 or 0; ``UNKNOWN`` for any other."""
    meaning = truth(text)
    return UNKNOWN if meaning is None else int(meaning)


def number_text(value: float) -> str:
    """The one spelling of a number as a category or label: ``1`` for 1.0, else the shortest that reads back."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def canonical_number(text: str) -> str | None:
    """A number's one spelling, so that ``1``, `` 1.0`` and ``+1`` agree; None for other text."""
    inner = text.strip()
    return number_text(float(inner)) if NUMBER.fullmatch(inner) else None


def whole_number(text: str) -> str | None:
    """The plain spelling of a whole number, ``1`` for `` 1.0``; None for other text, ``01``, ``+1``, ``1.00``, ``1e3``.

    Digits stay digits, so no number is too large.
    """
    found = _WHOLE.fullmatch(text.strip(OUTER_SPACES))
    if found is None:
        return None
    sign, digits = found.groups()
    return digits if digits == "0" else sign + digits


def one_spelling(text: str, spelling: Spelling) -> str:
    """The spelling under which a text is known as a label or category; other text than numbers stays as it is."""
    match spelling:
        case "text":
            return text
        case "whole":
            return whole_number(text) or text
        case "clean":
            return text.strip().casefold()
        case "number":
            return canonical_number(text) or text
        case _:
            assert_never(spelling)


def spelled_so(names: Iterable[str], spelling: Spelling) -> bool:
    """Whether a ``matcher`` finds each of the names: all are in their one spelling, or clean they are different."""
    match spelling:
        case "text":
            return True
        case "whole":
            return all(whole_number(name) == name for name in names)
        case "clean":
            found = [one_spelling(name, spelling) for name in names]
            return len(set(found)) == len(found)
        case "number":
            return all(canonical_number(name) == name for name in names)
        case _:
            assert_never(spelling)


def matcher(names: Sequence[str], spelling: Spelling) -> Callable[[str], int]:
    """From a text as written to its index among the names; ``UNKNOWN`` for one that is none of them."""
    index = {one_spelling(name, spelling): i for i, name in enumerate(names)}
    return lambda text: index.get(one_spelling(text, spelling), UNKNOWN)


@dataclass(frozen=True)
class Names:
    """The different values of a column as labels or categories: each name's spellings, and the cells of each."""

    spelling: Spelling
    written: Mapping[str, Mapping[str, int]]

    @property
    def counts(self) -> dict[str, int]:
        """The cells of each name, in order of appearance."""
        return {name: sum(spellings.values()) for name, spellings in self.written.items()}

    @property
    def merged(self) -> "Merged | None":
        """The names that have different spellings; None where there are none."""
        found = tuple(spellings for spellings in self.written.values() if len(spellings) > 1)
        return Merged(found, "whole number" if self.spelling == "whole" else "value") if found else None


@dataclass(frozen=True)
class Merged:
    """Spellings that count as one label or category, and the cells of each: a mapping for each name."""

    spellings: tuple[Mapping[str, int], ...]
    called: str = "whole number"
    """What the names are."""

    @property
    def rows(self) -> int:
        """How many cells they have."""
        return sum(sum(cells.values()) for cells in self.spellings)

    @property
    def message(self) -> str:
        """``'1' (80 rows) and '1.0' (20 rows) count as one value``, and how many others have several spellings."""
        return self.said("count as one value")

    def said(self, what: str) -> str:
        """The first name's spellings with their counts, ``what`` they do, and how many others do so."""
        some = list(self.spellings[0].items())[:3]
        first = " and ".join(f"{quoted(text)} ({counted(rows, 'row')})" for text, rows in some)
        more = len(self.spellings) - 1
        others = f", as do the spellings of {counted(more, f'more {self.called}')}" if more else ""
        return f"{first} {what}{others}"


def names_of(cells: pa.Array, *, clean: bool = False) -> Names:
    """The labels or categories in a string or float64 array ``(rows,)``, missing cells left out.

    With ``clean`` texts that differ in outer spaces or case only are one, called by the most frequent. Else texts keep
    their characters, so ``007`` and ``7`` are two, as are ``4.1`` and ``4.10``. Spellings merge only where every value
    is a whole number as ``whole_number`` has it. A float counts as written like ``1.0``, as files have it.
    """
    found = _counts(cells, _float_text)
    spelling: Spelling = "whole" if found and all(map(whole_number, found)) else "clean" if clean else "text"
    written: dict[str, dict[str, int]] = {}
    for text, count in found.items():
        written.setdefault(one_spelling(text, spelling), {})[text] = count
    if spelling == "clean":
        written = {max(spellings, key=spellings.__getitem__).strip(): spellings for spellings in written.values()}
    return Names(spelling, written)


def near_equal(cells: pa.Array) -> str:
    """What to say of texts that differ in outer spaces or case only, and count as different; empty where none do."""
    names = None if is_number_array(cells) else names_of(cells, clean=True)
    if names is None or names.spelling == "whole" or not names.merged:
        return ""
    what = names.merged.said("differ in outer spaces or case only")
    return f"{what}: they count as different; data.clean_text = true makes them one"


def recode(cells: pa.Array, meaning: Callable[[str], int]) -> NDArray[np.int64]:
    """``meaning(text)`` of every cell ``(rows,)`` of a string or float64 array; ``MISSING`` for null.

    A float has no text of its own: it is what ``7.0`` means, or else ``7``.
    """
    encoded = cells.dictionary_encode()
    codes = [_meaning(value, meaning) for value in encoded.dictionary.to_pylist()]
    positions = encoded.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
    recoded: NDArray[np.int64] = np.array([*codes, MISSING], dtype=np.int64)[positions]
    return recoded


def value_counts(cells: pa.Array) -> dict[str, int]:
    """Each distinct text and its number of cells, missing ones left out, in order of appearance."""
    return _counts(cells, number_text)


def is_number_array(cells: pa.Array) -> bool:
    """Whether a column was read as numbers."""
    return bool(pa.types.is_float64(cells.type))


def _counts(cells: pa.Array, float_text: Callable[[float], str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    found = cells.drop_null().value_counts()
    for value, count in zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True):
        text = value if isinstance(value, str) else float_text(value)
        counts[text] = counts.get(text, 0) + count
    return counts


def _float_text(value: float) -> str:
    """A float as Python, pandas and most writers of files spell it; adding 0 makes 0 of -0."""
    return repr(value + 0.0)


def _meaning(value: str | float, meaning: Callable[[str], int]) -> int:
    if isinstance(value, str):
        return meaning(value)
    code = meaning(_float_text(value))
    return meaning(number_text(value)) if code == UNKNOWN else code
