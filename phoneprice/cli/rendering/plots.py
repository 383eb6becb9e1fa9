"""Curves as text: braille dots for a plot, bars for a line."""

import math
from collections.abc import Sequence
from itertools import pairwise

BARS = "▁▂▃▄▅▆▇█"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a braille character, by row and column."""
_EMPTY = 0x2800


def sparkline(values: Sequence[float], width: int = 16) -> str:
    """The values as at most ``width`` bars, the low ones low, on a log scale where they span more than a decade."""
    known = [v for v in values if math.isfinite(v)]
    if len(known) < 2:
        return ""
    known = _resampled(known, width)
    if min(known) > 0 and max(known) > 10 * min(known):
        known = [math.log(v) for v in known]
    low, span = min(known), max(known) - min(known)
    return "".join(BARS[round((v - low) / span * (len(BARS) - 1)) if span else 0] for v in known)


def _resampled(values: Sequence[float], width: int) -> list[float]:
    """At most ``width`` means of consecutive values."""
    if len(values) <= width:
        return list(values)
    edges = [i * len(values) // width for i in range(width + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]


DASH = 4
"""Dots of a dash, and of the gap after it."""


class Canvas:
    """A plot of ``width`` by ``height`` characters, each of two by four dots; later lines lie on top."""

    def __init__(self, width: int, height: int, low: float, high: float, *, log: bool = False) -> None:
        self._width, self._height = width, height
        self._log = log
        self._low, self._high = (math.log(low), math.log(high)) if log else (low, high)
        self._cells = [[0] * width for _ in range(height)]
        self.styles: list[list[str]] = [[""] * width for _ in range(height)]

    def line(self, values: Sequence[float], style: str, *, dashed: bool = False) -> None:
        """A line from the left edge to the right one; a dashed one has two characters of line, then two of none."""
        places = [self._place(value) for value in values]
        columns = 2 * self._width
        for x in (x for x in range(columns) if not dashed or x // DASH % 2 == 0):
            position = x / (columns - 1) * (len(places) - 1)
            before, after = places[math.floor(position)], places[math.ceil(position)]
            if before is not None and after is not None:
                self._dot(x, before + (after - before) * (position % 1), style)

    def _place(self, value: float) -> float | None:
        if not math.isfinite(value) or (self._log and value <= 0):
            return None
        value = math.log(value) if self._log else value
        span = self._high - self._low or 1.0
        return (1 - min(max((value - self._low) / span, 0.0), 1.0)) * (4 * self._height - 1)

    def _dot(self, x: int, y: float, style: str) -> None:
        row, dot = divmod(round(y), 4)
        self._cells[row][x // 2] |= _DOTS[dot][x % 2]
        self.styles[row][x // 2] = style

    def rows(self) -> list[str]:
        """The characters, row by row."""
        return ["".join(chr(_EMPTY + cell) if cell else " " for cell in row) for row in self._cells]
