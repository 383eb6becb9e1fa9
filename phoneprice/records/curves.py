"""The history of a training as arrays: what ``history.jsonl``, checkpoints, findings and reports are made from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phoneprice.records.inputs import Doubles
from phoneprice.records.training import EpochRecord

WEIGHT_MEASUREMENTS = ("gradient_norm", "weight_norm", "update_ratio")
"""What ``Curves.health`` may have of each weight matrix."""
ACTIVATION_MEASUREMENTS = ("dead_units", "saturated", "spread")
"""Of each hidden layer; its spread at the start alone."""
VALIDATION_MEASUREMENTS = ("validation_accuracy", "validation_rmse")
"""Of the network as a whole, on the rows whose loss is watched."""
TRAINING_MEASUREMENTS = ("train_accuracy", "train_rmse")
"""The same on some of the training rows; runs of earlier versions don't have it."""
SHARES = ("dead_units", "saturated", "validation_accuracy", "train_accuracy")
"""Those that are between 0 and 1; the others are 0 or more."""


@dataclass(frozen=True)
class Start:
    """The networks before their first step, seen on some of their own training rows; ``(K,)`` each."""

    loss: Doubles
    guessing_loss: Doubles
    """Of the same networks where they say the same of every row: no skip path, no last layer."""
    health: Mapping[str, Doubles]
    """Measurements by name, ``(K, layers)``."""

    def take(self, members: Sequence[int], layers: Mapping[str, int]) -> "Start":
        """Those of some members, as ``Curves.take``."""
        k = list(members)
        health = {name: values[k, : layers[name]] for name, values in self.health.items() if layers[name]}
        return Start(self.loss[k], self.guessing_loss[k], health)


@dataclass(frozen=True)
class Curves:
    """One value an epoch and member, ``(E, K)`` each; NaN where there was none."""

    train_loss: Doubles
    validation_loss: Doubles
    learning_rate: Doubles
    active: NDArray[np.bool_]
    """Members that were still learning in the epoch."""
    health: Mapping[str, Doubles]
    """Measurements by name, ``(E, K, layers)``, layers in the order of ``model.shape``."""
    start: Start | None = None
    """Before the first epoch; runs of earlier versions don't have it."""

    @classmethod
    def of(cls, records: Sequence[EpochRecord], start: Start | None = None) -> "Curves":
        """The epochs of a training, one or more, from the first."""
        return cls(
            _stacked([record.train_loss for record in records]),
            _stacked([record.validation_loss for record in records]),
            _stacked([record.learning_rate for record in records]),
            np.array([record.active for record in records], dtype=np.bool_),
            {name: _stacked([record.health[name] for record in records]) for name in records[0].health},
            start,
        )

    def records(self) -> Iterator[EpochRecord]:
        """Epoch by epoch, as the training gave them."""
        for i, epoch in enumerate(self.epochs.tolist()):
            health = {name: values[i] for name, values in self.health.items()}
            rows = self.train_loss[i], self.validation_loss[i], self.learning_rate[i], self.active[i]
            yield EpochRecord(epoch, *rows, health)

    def take(self, members: Sequence[int], layers: Mapping[str, int]) -> "Curves":
        """Those of some members, until the last of them is done.

        They have as many ``layers`` of each measurement; one of none is left out.
        """
        k, end = list(members), self.done[list(members)].max()
        health = {name: values[:end, k, : layers[name]] for name, values in self.health.items() if layers[name]}
        losses = self.train_loss[:end, k], self.validation_loss[:end, k], self.learning_rate[:end, k]
        return Curves(*losses, self.active[:end, k], health, self.start and self.start.take(k, layers))

    @property
    def done(self) -> NDArray[np.int64]:
        """How many epochs each member's training has, ``(K,)``: recipes may have different ones."""
        return np.asarray(len(self.train_loss) - np.isnan(self.learning_rate[::-1]).cumprod(axis=0).sum(axis=0))

    def last(self, values: Doubles) -> Doubles:
        """Those of ``(E, K)`` of each member's last epoch, ``(K,)``."""
        return np.asarray(values[self.done - 1, np.arange(self.members)])

    @property
    def epochs(self) -> NDArray[np.int64]:
        """Epochs done, ``(E,)``: 1, 2, ..."""
        return np.arange(1, len(self.train_loss) + 1)

    @property
    def members(self) -> int:
        """How many networks were trained."""
        return len(self.train_loss[0])

    @property
    def validated(self) -> bool:
        """Whether a loss on rows outside training was followed."""
        return bool(np.isfinite(self.validation_loss).any())


def median_of_members(values: NDArray[np.floating]) -> Doubles:
    """A value an epoch, ``(E,)``, from ``(E, K)``; NaN only where no member has one."""
    known = np.isfinite(values)
    if known.all():
        return np.asarray(np.median(values, axis=1))
    return np.array([np.median(row[good]) if good.any() else np.nan for row, good in zip(values, known, strict=True)])


def _stacked(values: Sequence[NDArray[np.floating]]) -> Doubles:
    return np.stack(values).astype(np.float64)
