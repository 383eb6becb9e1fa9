"""Numbers as people write them, drawn by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from phoneprice.config.schema import DecimalMark, ThousandsMark
from phoneprice.data.number_formats import NumberFormat

MARKS: list[tuple[DecimalMark, ThousandsMark]] = [
    *((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"), (".", "_")),
]
UNITS: list[tuple[str, ...]] = [(), ("$",), ("€",), ("EUR", "€"), ("%",), ("GB",), ("inches",), ("$", ""), ("°C",)]
FORMATS = [NumberFormat(*marks, units, typographic=True) for marks in MARKS for units in UNITS]
SPACES = " \N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"
MINUSES = "-\N{MINUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"
FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
numbers = st.integers(-(10**12), 10**12).flatmap(
    lambda whole: st.integers(0, 6).map(lambda decimals: round(whole / 10**decimals, decimals) + 0.0)
)


def formats() -> st.SearchStrategy[NumberFormat]:
    """Any format."""
    return st.sampled_from(FORMATS)


@st.composite
def write(draw: st.DrawFn, value: float, how: NumberFormat, *, plainly: bool = False) -> str:
    """A number as somebody who has this format may write it; ``plainly``: without typographic characters."""
    digits = f"{abs(value):,.{draw(st.integers(6, 7))}f}".rstrip("0").rstrip(".")
    grouped = draw(st.booleans()) if how.thousands in {"'", "_", " "} else bool(how.thousands)
    mark = draw(st.sampled_from(SPACES)) if how.thousands == " " else how.thousands
    text = digits.replace(".", "p").replace(",", mark if grouped else "").replace("p", how.decimal)
    text = text if plainly or draw(st.booleans()) else text.translate(FULL_WIDTH)
    unit = draw(st.sampled_from(how.units)) if how.units else ""
    before, space = draw(st.booleans()), draw(st.sampled_from(["", " "]))
    text = text if not unit else f"{unit}{space}{text}" if before and unit in "$€EUR" else f"{text}{space}{unit}"
    if value >= 0:
        return text
    style = 0 if plainly else draw(st.integers(0, 2))
    return f"({text})" if style == 2 else draw(st.sampled_from("-" if plainly else MINUSES)) + text
