"""What networks learn from: encoded rows, the task, and what each member knows of its own rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.components.base import TaskKind

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]
LARGEST_SINGLE = float(np.finfo(np.float32).max)
"""The largest float32, in which networks compute."""


@dataclass(frozen=True)
class Inputs:
    """Encoded rows, the same for every member; a member's own statistics are applied by the network.

    ``values`` float32 ``(n, d)``, with 0 where missing; ``missing`` bool ``(n, d)``, or None when nothing is missing.
    """

    values: NDArray[np.float32]
    missing: NDArray[np.bool_] | None = None

    def take(self, rows: Rows | slice) -> "Inputs":
        """The chosen rows, in the order given."""
        return Inputs(self.values[rows], None if self.missing is None else self.missing[rows])

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class InputStatistics:
    """What each member knows of its inputs, from its own training rows; float64 ``(K, d)`` each.

    A member sees ``(x - shift) * factor``, with ``x = fill`` where missing. ``factor`` is 0 for an input that is
    constant in the member's rows.
    """

    shift: NDArray[np.float64]
    factor: NDArray[np.float64]
    fill: NDArray[np.float64]
    numbers: tuple[int, ...] = ()
    """The positions of those that are numbers, which may be encoded; the others are codes for what a cell says."""

    def take(self, members: Sequence[int]) -> "InputStatistics":
        """Those of some members."""
        k = list(members)
        return InputStatistics(self.shift[k], self.factor[k], self.fill[k], self.numbers)

    @staticmethod
    def joined(parts: Sequence["InputStatistics"]) -> "InputStatistics":
        """Those of some members, then of others, of the same inputs."""
        shift, factor, fill = (
            np.concatenate([getattr(p, name) for p in parts]) for name in ("shift", "factor", "fill")
        )
        return InputStatistics(shift, factor, fill, parts[0].numbers)


@dataclass(frozen=True)
class TargetStatistics:
    """Regression: a member's ``(target - shift) / scale`` is what its network learns; float64 ``(K,)`` each.

    What a member predicts below ``low`` or above ``high`` is drawn in towards them (None: it is not).
    """

    shift: NDArray[np.float64]
    scale: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None

    @property
    def ends(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """``low`` and ``high``, if there are any."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Those that there are, by name."""
        return {name: values for name, values in vars(self).items() if values is not None}

    def take(self, members: Sequence[int]) -> "TargetStatistics":
        """Those of some members."""
        return TargetStatistics(**{name: values[list(members)] for name, values in self.arrays.items()})


@dataclass(frozen=True)
class Task:
    """What is predicted: class ``i`` is called ``labels[i]``; regression has no labels."""

    kind: TaskKind
    target: str
    labels: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.labels)
