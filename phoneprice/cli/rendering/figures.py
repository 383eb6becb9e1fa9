"""Numbers as people read them; one way for each kind."""

import math

NONE = "-"
"""For a value that there is none of."""


def count(number: int) -> str:
    """``2,000``."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def figure(value: float | None) -> str:
    """A measured value in four decimals, or in about five digits where it is large or tiny."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    if value and (size < 0.001 or size >= 1e9):
        return f"{value:.3e}"
    decimals = 4 if size < 10 else 3 if size < 100 else 2 if size < 1000 else 1 if size < 10_000 else 0
    return f"{value:,.{decimals}f}"


def span(low: float | None, high: float | None) -> str:
    """``0.9690 to 0.9823``."""
    ends = figure(low), figure(high)
    return NONE if NONE in ends else " to ".join(ends)


def number(value: float | None) -> str:
    """A cell's value as it might stand in the table, in at most five digits unless it is whole."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e7 else f"{value:.5g}"


def share(part: int, whole: int) -> str:
    """``12.5%``."""
    return f"{part / whole:.1%}" if whole else NONE


def duration(seconds: float) -> str:
    """``0.8 s``, ``12 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(n_bytes: int) -> str:
    """``812 B``, ``4.2 kB``, ``66 MB``."""
    value, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
