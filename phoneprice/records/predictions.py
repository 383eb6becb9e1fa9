"""What networks say of rows, and how it was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import Decision
from phoneprice.records.inputs import Rows


@dataclass(frozen=True)
class Classified:
    """Predicted ``classes`` int64 ``(n,)``, decided from ``probabilities`` float64 ``(n, C)``."""

    classes: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    def take(self, rows: Rows | NDArray[np.bool_]) -> "Classified":
        """The predictions of some rows."""
        return Classified(self.classes[rows], self.probabilities[rows])


@dataclass(frozen=True)
class Valued:
    """Predicted ``values`` float64 ``(n,)`` of a regression, in the target's units."""

    values: NDArray[np.float64]

    def take(self, rows: Rows | NDArray[np.bool_]) -> "Valued":
        """The predictions of some rows."""
        return Valued(self.values[rows])


Predictions = Classified | Valued


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Predictions one after the other."""
    values = [part.values for part in parts if isinstance(part, Valued)]
    if values:
        return Valued(np.concatenate(values))
    classified = [part for part in parts if isinstance(part, Classified)]
    return Classified(
        np.concatenate([part.classes for part in classified]),
        np.concatenate([part.probabilities for part in classified]),
    )


@dataclass(frozen=True)
class HeldOut:
    """Predictions of rows by members that have not seen them, by row; all but ``predictions`` are ``(m,)``."""

    rows: Rows
    """Ascending."""
    folds: NDArray[np.int64]
    """Which rows were held out together, numbered from 0."""
    truth: NDArray[Any]
    """Classes as int64, or a regression's values as float64."""
    predictions: Predictions
    weights: NDArray[np.float64] | None = None
    """As how many rows each counts; None: as one."""

    def part(self, rows: NDArray[np.bool_]) -> "HeldOut":
        """Some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return HeldOut(self.rows[rows], self.folds[rows], self.truth[rows], self.predictions.take(rows), weights)


SHARPEST, FLATTEST = 1 / 20, 20.0
"""The temperatures between which one is fitted."""


@dataclass(frozen=True)
class Calibration:
    """From averaged probabilities to a decision.

    ``temperature`` divides the log probabilities (1: unchanged); ``threshold`` is the least probability of the second
    class that predicts it (binary); ``decision`` and ``costs`` as in the configuration.
    """

    temperature: float = 1.0
    threshold: float | None = None
    decision: Decision = "argmax"
    costs: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Interval:
    """A metric's value and its 95% interval (``low == high == value`` where none can be given)."""

    value: float
    low: float
    high: float

    def __neg__(self) -> "Interval":
        return Interval(-self.value, -self.high, -self.low)
