"""Numbers that are codes by the way in which they are written: as numbers they would lose a part of what they say.

``04109`` is a postal code, 9007199254740993 an account (float64 has the next number only), ``1.10`` a version after
``1.9``. Each look is quick where a column has none of it: the first is at two bytes of a cell.
"""

import re
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phoneprice.data.number_formats import bytes_of
from phoneprice.data.reading.options import OUTER_SPACES
from phoneprice.wording import counted, quoted

MOST_EXACT = 1 << 53
"""From here on float64 has not every whole number."""
_SIMILAR = 0.01
"""Share of the greatest that nine in ten different codes have; of numbers drawn evenly a tenth is below 0.1 of it."""
_SOME = 0.01
"""A share of cells with a leading zero that is no slip of the hand."""
_LOOKED_AT = 64
_LOOKED_AT_LARGE = 10_000
FEW_VERSIONS, ROWS_A_VERSION, LAST_MINOR = 20, 5, 19
"""So many different ones at most, so many rows each, up to this minor number, may be some, whatever the name."""
_VERSION_NAME = re.compile(
    r"(?i:(?:.*[_\s.-])?(?:versions?|ver|revision|firmware|os)(?:[_\s.-]?(?:no|nr|num|number|code|name)\.?)?"
    r"|releases?|build|chapter|section)|.*[a-z](?:Version|Ver)"
)
"""A conversion is none, nor is a cross section, a drug release or a build of something else."""
_VERSION = re.compile(r"(?:0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]?)")
_VERSIONS = f"^(?:{_VERSION.pattern})$"


def code_reason(name: str, written: pa.Array, values: pa.Array) -> str:
    """Why the numbers of a column are codes; empty where they are quantities.

    ``written`` is a string array ``(rows,)``, ``values`` are its numbers as float64, null where there is none.
    """
    first = values[:_LOOKED_AT].drop_null().to_numpy()
    if (first != np.rint(first)).any():
        return _versions(name, written, values)
    return _leading_zeros(written, values) or _too_large(written, values) or _versions(name, written, values)


def rounded_reason(whole: pa.Array) -> str:
    """Why whole numbers of a type ``(rows,)`` are codes: float64 can't hold them; empty where it can."""
    if not pa.types.is_integer(whole.type):
        return ""
    try:
        whole.cast(pa.float64())
    except pa.ArrowInvalid:
        return _too_large(whole.cast(pa.string()), whole.cast(pa.float64(), safe=False))
    return ""


def _leading_zeros(written: pa.Array, values: pa.Array) -> str:
    starts, text = bytes_of(written)
    begins = starts[:-1][np.diff(starts) > 1]
    first = text.take(begins)  # three times as quick as by an index
    if (first == ord(" ")).any():
        return _leading_zeros(pc.ascii_trim(written, characters=OUTER_SPACES), values)
    zeros = begins[first == ord("0")]
    padded = int(np.count_nonzero((text.take(zeros + 1) - np.uint8(ord("0"))) < 10))
    if not padded:
        return ""
    cells = _present(written, values)
    lengths = pc.min_max(pc.binary_length(cells)).as_py()
    if padded < _SOME * len(cells) and lengths["min"] < lengths["max"]:
        return ""
    if not pc.all(pc.match_substring_regex(cells, r"^\d+$")).as_py():
        return ""
    example = cells.filter(pc.match_substring_regex(cells, r"^0\d"))[0].as_py()
    return _told("leading zeros", example, padded)


def _too_large(written: pa.Array, values: pa.Array) -> str:
    ends = pc.min_max(values).as_py()
    if ends["min"] is None or max(-ends["min"], ends["max"]) < MOST_EXACT or _are_spread(values):
        return ""
    large = pc.greater_equal(pc.abs(values), float(MOST_EXACT)).fill_null(False)
    cells, numbers = _present(written, values), values.filter(large)
    if 2 * len(numbers) < len(cells) or not pc.all(pc.match_substring_regex(cells, r"^[+-]?\d+$")).as_py():
        return ""
    pairs = zip(written.filter(large)[:_LOOKED_AT_LARGE].to_pylist(), numbers.to_pylist(), strict=False)
    lost = next((text.strip() for text, number in pairs if int(text) != int(number)), None)
    return "" if lost is None else _told("whole numbers beyond 2^53, which float64 rounds,", lost, len(numbers))


def _are_spread(values: pa.Array) -> bool:
    """Whether numbers are so far apart that they are quantities: numbers that are given or drawn have similar sizes."""
    sizes = np.unique(np.abs(values.drop_null().to_numpy()))
    return bool(np.quantile(sizes, 0.1) < _SIMILAR * sizes.max())


def _versions(name: str, written: pa.Array, values: pa.Array) -> str:
    first = _present(written[:_LOOKED_AT], values[:_LOOKED_AT])
    if not pc.all(pc.match_substring_regex(first, _VERSIONS)).as_py():
        return ""
    found = _present(written, values).value_counts()
    counts = dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))
    return version_reason(name, counts)


def version_reason(name: str, counts: Mapping[str, int]) -> str:
    """Why some texts with their rows are versions, ``1.9`` before ``1.10``, or may be; empty where they are decimals.

    The name says it. Decimals with a zero at the end have all as many digits, but not where people type them.
    """
    minors = {text: found[1] for text in counts if (found := _VERSION.fullmatch(text))}
    longer = {text: minor for text, minor in minors.items() if len(minor) > 1}
    if not minors or len(minors) < len(counts) or len(longer) in {0, len(minors)}:
        return ""
    ending = [text for text, minor in longer.items() if minor.endswith("0")]
    few = len(counts) <= FEW_VERSIONS and len(counts) * ROWS_A_VERSION <= sum(counts.values())
    low = max(map(int, minors.values())) <= LAST_MINOR
    named = is_version_name(name)
    if not (named or (few and low and ending)):
        return ""
    example = (ending or list(longer))[0]
    shorter = next(text for text, minor in minors.items() if len(minor) == 1)
    return f"{'' if named else 'perhaps '}versions, as {quoted(example)} beside {quoted(shorter)}"


def is_version_name(name: str) -> bool:
    """Whether a column is called as versions are: of ``1.9`` and ``1.10`` the latter is the later one there."""
    return bool(_VERSION_NAME.fullmatch(name.strip()))


def _present(written: pa.Array, values: pa.Array) -> pa.Array:
    return pc.ascii_trim(written.filter(values.is_valid()), characters=OUTER_SPACES)


def _told(what: str, example: str, cells: int) -> str:
    return f"{what} in {counted(cells, 'cell')}, as in {quoted(example)}"
