"""Numbers as a network takes them: far ones drawn in, and all about as large as 1."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from phoneprice.data.encoding.schema import Column
from phoneprice.data.encoding.tails import soft_clip

LARGEST_INPUT = 1e6
"""Inputs are cut off here, so that 1e30 in a cell leaves every product of the network finite."""

Ends = float | NDArray[np.float64]
"""A number, or one of each column."""
Counts = int | NDArray[np.int64]
"""The same, of cells."""


@dataclass(frozen=True)
class Conditioned:
    """Numbers as inputs, missing ones at their column's centre, and how many were odd in each column."""

    values: NDArray[np.float64]
    out_of_range: Counts
    drawn_in: Counts


@dataclass(frozen=True)
class Conditioning:
    """What becomes of the numbers of a column, or of ``c`` columns at once: then each field is ``(c,)``.

    ``low`` and ``high`` are the training range, ``usual_low`` and ``usual_high`` where the tails begin; infinite where
    nothing is said of them.
    """

    center: Ends
    spread: Ends
    low: Ends
    high: Ends
    usual_low: Ends
    usual_high: Ends

    @classmethod
    def of(cls, column: Column) -> Self:
        """That of one column."""
        low, high = (-np.inf, np.inf) if column.low is None or column.high is None else (column.low, column.high)
        return cls(column.center, column.spread, low, high, *(column.usual or (-np.inf, np.inf)))

    @classmethod
    def of_columns(cls, columns: Sequence[Column]) -> Self:
        """That of several."""
        single = [astuple(cls.of(column)) for column in columns]
        return cls(*np.array(single, np.float64).reshape(-1, len(fields(cls))).T)

    def apply(
        self, x: NDArray[np.float64], absent: NDArray[np.bool_] | None, out: NDArray[np.float64] | None = None
    ) -> Conditioned:
        """Numbers ``(n,)``, or ``(n, c)`` of several columns, of one row or more; NaN where ``absent``, if any are."""
        filled = x if absent is None else np.where(absent, self.center, x)
        if not _any_beyond(filled, *self._near):
            return Conditioned(self._divided(filled, out), 0, 0)
        with np.errstate(over="ignore"):  # what overflows is cut off
            return self._far(x, filled, out)

    @cached_property
    def _near(self) -> tuple[Ends, Ends]:
        """Between which numbers nothing is odd."""
        reach = LARGEST_INPUT * self.spread
        low = np.maximum(np.maximum(self.low, self.usual_low), self.center - reach)
        return low, np.minimum(np.minimum(self.high, self.usual_high), self.center + reach)

    def _far(self, x: NDArray[np.float64], filled: NDArray[np.float64], out: NDArray[np.float64] | None) -> Conditioned:
        # Missing cells stand at the centre, which is so rough that it may be out of range itself; NaN is not.
        out_of_range = np.count_nonzero((x < self.low) | (x > self.high), axis=0)
        beyond = (x < self.usual_low) | (x > self.usual_high)
        if beyond.any():
            filled = np.where(beyond, soft_clip(x, self.usual_low, self.usual_high), filled)
        conditioned = self._divided(filled, out)
        np.clip(conditioned, -LARGEST_INPUT, LARGEST_INPUT, out=conditioned)
        return Conditioned(conditioned, out_of_range, np.count_nonzero(beyond, axis=0))

    def _divided(self, x: NDArray[np.float64], out: NDArray[np.float64] | None) -> NDArray[np.float64]:
        conditioned = np.subtract(x, self.center, out=out)
        conditioned /= self.spread
        return conditioned


def _any_beyond(x: NDArray[np.float64], low: Ends, high: Ends) -> bool:
    """Whether a number is beyond these, its column's ends."""
    least, greatest = (x[0], x[0]) if len(x) == 1 else (x.min(axis=0), x.max(axis=0))
    return bool(((least < low) | (greatest > high)).any())
