"""What a cell means: the one grammar of numbers and of missing values, for one cell and for whole columns.

The columns go through Arrow. Its float parser takes what the grammar takes, and besides "nan", "nan(...)" and
"inf" spellings, which is why a result that is not finite is looked at again.
"""

import itertools
import math
import re
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phoneprice.data.number_formats import beyond_ascii
from phoneprice.data.reading.options import OUTER_SPACES

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MANY_LETTERS = 64
"""Of so many different ones it is quicker to look at each cell than to replace them one after the other."""
_WHOLE_NUMBER = f"^(?:{NUMBER.pattern})$"
_LOOKED_AT = 64
"""Cells that show whether a column is one of text: Arrow makes an error message of each that is no number."""
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Numbers:
    """A column as float64 array (null = missing) and the rows in which something else stands."""

    values: pa.Array
    text_rows: NDArray[np.int64]
    infinite_rows: NDArray[np.int64]

    @property
    def clean(self) -> bool:
        """Whether every cell is a finite number or missing."""
        return not len(self.text_rows) and not len(self.infinite_rows)

    @property
    def first_other_row(self) -> int:
        """The first row in which something else stands, where that is in any."""
        return int(np.concatenate([self.text_rows, self.infinite_rows]).min())

    def without_infinite(self) -> "Numbers":
        """The same with missing cells where infinite numbers stand."""
        if not len(self.infinite_rows):
            return self
        values = self.values.to_numpy(zero_copy_only=False).copy()
        values[self.infinite_rows] = np.nan
        return Numbers(pa.array(values, pa.float64(), from_pandas=True), self.text_rows, NO_ROWS)


NO_ROWS: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


def to_numbers(cells: pa.Array, missing_values: frozenset[str]) -> Numbers:
    """A string array ``(rows,)`` as numbers; null cells stay missing."""
    inner = pc.ascii_trim(null_missing(cells, missing_values), characters=OUTER_SPACES)
    if pc.all(pc.match_substring_regex(inner.slice(0, _LOOKED_AT), _WHOLE_NUMBER)).as_py() is False:
        return _with_rows_of_others(inner)
    try:
        values = pc.cast(inner, pa.float64())
    except pa.ArrowInvalid:
        return _with_rows_of_others(inner)
    return Numbers(values, NO_ROWS, NO_ROWS) if finite(values) else _with_rows_of_others(inner)


def without_missing_numbers(values: pa.Array, missing_values: frozenset[str]) -> pa.Array:
    """A float64 array of a file that tells numbers from text, null where a number stands that means "missing"."""
    numbers = missing_numbers(missing_values)
    if not numbers:
        return values
    missing = pc.is_in(values, value_set=pa.array(numbers, pa.float64()))
    return pc.if_else(missing, pa.scalar(None, pa.float64()), values)


def _with_rows_of_others(inner: pa.Array) -> Numbers:
    """The same for trimmed cells of which some are text or not finite."""
    number = pc.match_substring_regex(inner, _WHOLE_NUMBER)
    values = pc.cast(pc.if_else(number, inner, pa.scalar(None, pa.string())), pa.float64())
    word = pc.match_substring_regex(inner, f"(?i)^(?:{INFINITE.pattern})$")
    infinite = pc.or_(word, pc.is_inf(values).fill_null(False))
    text = pc.and_not(pc.invert(number), infinite)
    return Numbers(pc.if_else(infinite, pa.scalar(None, pa.float64()), values), _rows_of(text), _rows_of(infinite))


def _rows_of(mask: pa.Array) -> NDArray[np.int64]:
    return np.flatnonzero(mask.fill_null(False).to_numpy(zero_copy_only=False))


def finite(values: pa.Array) -> bool:
    """Whether no value is NaN or infinite; may say no to huge values whose sum overflows."""
    total = pc.sum(values).as_py()
    return total is None or math.isfinite(total)


def null_missing(cells: pa.Array, missing_values: frozenset[str]) -> pa.Array:
    """A string array in which the cells that mean "missing" are null and the others stay as written."""
    if not missing_values or not len(cells):
        return cells
    words = pa.array(sorted(missing_values), pa.string())
    if pc.all(pc.string_is_ascii(cells)).as_py() is False:
        missing = pc.is_in(_casefolded(cells), value_set=words)
    else:
        # On ASCII text lower case is casefolding, and much quicker.
        missing = pc.is_in(pc.ascii_lower(pc.ascii_trim(cells, characters=OUTER_SPACES)), value_set=words)
    return pc.if_else(missing, pa.scalar(None, pa.string()), cells) if pc.any(missing).as_py() else cells


def _casefolded(cells: pa.Array) -> pa.Array:
    """Trimmed cells as ``str.casefold`` has them, which folds each character by itself."""
    trimmed = pc.ascii_trim(cells, characters=OUTER_SPACES)
    codes = np.array([beyond_ascii(trimmed).decode()]).view(np.uint32)
    letters = map(chr, np.flatnonzero(np.bincount(codes)))  # a set of them takes ten times as long
    changed = [(letter, letter.casefold()) for letter in letters if letter != letter.casefold()]
    if len(changed) > _MANY_LETTERS:
        return pa.array([None if cell is None else cell.casefold() for cell in trimmed.to_pylist()], pa.string())
    return pc.ascii_lower(reduce(lambda text, pair: pc.replace_substring(text, *pair), changed, trimmed))


def spellings(missing_values: frozenset[str]) -> list[str]:
    """Spellings of the missing values for a reader that compares them exactly (long words: the usual ones)."""
    found: set[str] = set()
    for word in missing_values:
        if len(word) <= 4:
            pairs = [{letter, letter.upper()} for letter in word]
            found.update("".join(letters) for letters in itertools.product(*pairs))
        else:
            found.update((word, word.upper(), word.title(), word.capitalize()))
    return sorted(found)


def number_like(missing_values: frozenset[str]) -> bool:
    """Whether some missing value, such as -999, would be a number by itself."""
    return bool(missing_numbers(missing_values))


def missing_numbers(missing_values: frozenset[str]) -> list[float]:
    """The missing values that would be numbers by themselves."""
    return [float(word) for word in missing_values if NUMBER.fullmatch(word)]
