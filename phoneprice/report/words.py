"""Numbers and names as people read them."""

from __future__ import annotations

import math


def figure(value: float | None) -> str:
    """A measured value in four digits after the point, or four in all where it is tiny or large."""
    if value is None or not math.isfinite(value):
        return "none"
    size = abs(value)
    if value == 0:
        return "0"
    if size < 0.001 or size >= 1e7:
        return f"{value:.2e}"
    decimals = 4 if size < 10 else 3 if size < 100 else 2 if size < 1000 else 0
    return f"{value:,.{decimals}f}"


def share(value: float) -> str:
    """``12.5%``."""
    return f"{value:.1%}"


def count(number: int) -> str:
    """``2,000``."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def listed(names: list[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
