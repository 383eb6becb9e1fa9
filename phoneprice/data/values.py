"""What cells mean as yes/no words, categories and labels; the work is done once a distinct value, not once a cell."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phoneprice.data.reading.cells import NUMBER

MISSING = -1
"""Code of a missing cell."""
UNKNOWN = -2
"""Code of a cell that means nothing known."""

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


def recode(cells: pa.Array, meaning: Callable[[str], int]) -> NDArray[np.int64]:
    """``meaning(text)`` of every cell ``(rows,)`` of a string or float64 array; ``MISSING`` for null."""
    encoded = cells.dictionary_encode()
    codes = [meaning(text) for text in _texts(encoded.dictionary)]
    positions = encoded.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
    recoded: NDArray[np.int64] = np.array([*codes, MISSING], dtype=np.int64)[positions]
    return recoded


def value_counts(cells: pa.Array) -> dict[str, int]:
    """Each distinct text and its number of cells, missing ones left out, in order of appearance."""
    counts: dict[str, int] = {}
    found = cells.drop_null().value_counts()
    for text, count in zip(_texts(found.field("values")), found.field("counts").to_pylist(), strict=True):
        counts[text] = counts.get(text, 0) + count
    return counts


def merged_numbers(counts: dict[str, int]) -> dict[str, int] | None:
    """Counts under each number's one spelling; None where some text is no number."""
    merged: dict[str, int] = {}
    for text, count in counts.items():
        name = canonical_number(text)
        if name is None:
            return None
        merged[name] = merged.get(name, 0) + count
    return merged


def is_number_array(cells: pa.Array) -> bool:
    """Whether a column was read as numbers."""
    return bool(pa.types.is_float64(cells.type))


def _texts(distinct: pa.Array) -> list[str]:
    values = distinct.to_pylist()
    return [number_text(value) for value in values] if is_number_array(distinct) else values
