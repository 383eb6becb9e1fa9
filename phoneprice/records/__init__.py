"""The small frozen types that pass between the parts. No torch, no pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.components.base import TaskKind
from phoneprice.records.findings import TrainingFinding as TrainingFinding

Floats = NDArray[np.floating[Any]]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Inputs:
    """Encoded rows, the same for every member; a member's own statistics are applied by the network.

    ``values`` float32 ``(n, d)``, with 0 where missing; ``missing`` bool ``(n, d)``, or None when nothing is missing.
    """

    values: NDArray[np.float32]
    missing: NDArray[np.bool_] | None = None

    def take(self, rows: Rows | slice) -> Inputs:
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


@dataclass(frozen=True)
class TargetStatistics:
    """Regression: a member's ``(target - shift) / scale`` is what its network learns; float64 ``(K,)`` each."""

    shift: NDArray[np.float64]
    scale: NDArray[np.float64]


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


@dataclass(frozen=True)
class MemberPlan:
    """One network's rows (indices into the table) and its place in the fit, which seeds its randomness."""

    index: int
    train_rows: Rows
    held_out_rows: Rows
    stopping_rows: Rows
    """Set aside from the training rows for early stopping; empty when that is off."""


@dataclass(frozen=True)
class Ensemble:
    """K trained networks, ready for prediction: parameters stacked on the first axis, named as in ``model.shape``."""

    parameters: Mapping[str, NDArray[np.float32]]
    inputs: InputStatistics
    target: TargetStatistics | None
    """Regression only."""

    def take(self, members: Sequence[int]) -> Ensemble:
        """An ensemble of some of the networks."""
        k = list(members)
        inputs, target = self.inputs, self.target
        return Ensemble(
            {name: values[k] for name, values in self.parameters.items()},
            InputStatistics(inputs.shift[k], inputs.factor[k], inputs.fill[k]),
            None if target is None else TargetStatistics(target.shift[k], target.scale[k]),
        )


@dataclass(frozen=True)
class Classified:
    """Predicted ``classes`` int64 ``(n,)``, decided from ``probabilities`` float64 ``(n, C)``."""

    classes: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    def take(self, rows: Rows | NDArray[np.bool_]) -> Classified:
        """The predictions of some rows."""
        return Classified(self.classes[rows], self.probabilities[rows])


@dataclass(frozen=True)
class Valued:
    """Predicted ``values`` float64 ``(n,)`` of a regression, in the target's units."""

    values: NDArray[np.float64]

    def take(self, rows: Rows | NDArray[np.bool_]) -> Valued:
        """The predictions of some rows."""
        return Valued(self.values[rows])


Predictions = Classified | Valued


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch of a fit gave; every array is ``(K,)``, NaN where it does not apply."""

    epoch: int
    """Epochs done, 1 after the first."""
    train_loss: Floats
    validation_loss: Floats
    """On each member's stopping rows, else on its held-out rows."""
    learning_rate: Floats
    active: NDArray[np.bool_]
    """Members still learning: neither stopped early nor diverged."""
    health: Mapping[str, Floats] = field(default_factory=dict)
    """Name to ``(K, layers)`` or ``(K,)``: gradient norms, dead units, saturation, update ratios."""


@dataclass(frozen=True)
class Interval:
    """A metric's value and its 95% interval (``low == high == value`` where none can be given)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """From averaged probabilities to a decision.

    ``temperature`` divides the log probabilities (1: unchanged); ``threshold`` is the least probability of the second
    class that predicts it (binary); ``decision`` and ``costs`` as in the configuration.
    """

    temperature: float = 1.0
    threshold: float | None = None
    decision: str = "argmax"
    costs: tuple[tuple[float, ...], ...] = ()
