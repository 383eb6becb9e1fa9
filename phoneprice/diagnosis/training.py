"""What a training left behind, as the checks look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import Config
from phoneprice.data.encoding.schema import TableSchema
from phoneprice.records import Floats
from phoneprice.records.curves import Curves, median_of_members
from phoneprice.records.documents import RunMetrics


@dataclass(frozen=True)
class Training:
    """All that a training left behind.

    What is said of its curves is about the typical member: medians over members.
    """

    config: Config
    schema: TableSchema
    curves: Curves
    parameters: Mapping[str, Floats]
    """Stacked on the member axis, named as in ``model.shape``."""
    metrics: RunMetrics

    @cached_property
    def train_rows(self) -> tuple[int, ...]:
        """Rows that each member learned from."""
        return tuple(member.train_rows for member in self.metrics.members)

    @cached_property
    def diverged_members(self) -> int:
        """How many members' losses or weights stopped being finite, or exploded."""
        said = sum(member.diverged_epoch is not None for member in self.metrics.members)
        # Runs of earlier versions say it by their curves alone.
        return said or int((~np.isfinite(self.curves.train_loss[-1]) & ~self.curves.active[-1]).sum())

    def metric(self, name: str) -> float | None:
        """A metric of the headline set, where there is one."""
        found = self.metrics.metrics.get(name)
        return None if found is None else found.value

    @cached_property
    def class_shares(self) -> Floats:
        """Shares of the classes that have rows among those measured; empty for a regression."""
        rows = np.array([line.support for line in self.metrics.per_class or ()], dtype=np.float64)
        return np.asarray(rows[rows > 0] / rows.sum())

    @cached_property
    def batch_rows(self) -> int:
        """Rows of the smallest batch."""
        return min(self.config.training.batch_rows, *self.train_rows)

    @cached_property
    def steps(self) -> int:
        """Optimizer steps of the member that took fewest."""
        largest, epochs = self.config.training.batch_rows, self.curves.active.sum(axis=0)
        return min(int(e) * (n // min(largest, n)) for e, n in zip(epochs, self.train_rows, strict=True))

    @cached_property
    def loss(self) -> Floats:
        """The loss to judge by, ``(E,)``: on rows outside training where there are any."""
        curves = self.curves
        return median_of_members(curves.validation_loss if curves.validated else curves.train_loss)

    @cached_property
    def train_loss(self) -> Floats:
        """``(E,)``."""
        return median_of_members(self.curves.train_loss)

    @cached_property
    def learning_rate(self) -> Floats:
        """``(E,)``."""
        return median_of_members(self.curves.learning_rate)

    def hidden(self, kind: str) -> Floats:
        """A measurement of the hidden layers, ``(E, H)``; H is 0 where it was not made."""
        values, layers = self.curves.health.get(kind), len(self.config.model.hidden)
        if values is None or not layers:
            return np.empty((len(self.curves.epochs), 0))
        return np.stack(
            [median_of_members(values[:, :, layer]) for layer in range(min(layers, values.shape[2]))], axis=1
        )

    @cached_property
    def switched_off(self) -> NDArray[np.bool_]:
        """Hidden layers whose weights a penalty has shrunk to nothing, ``(H,)``: its purpose, and no fault."""
        sizes = self.hidden("weight_norm")
        if not sizes.size or not self.config.penalty.active:
            return np.zeros(len(self.config.model.hidden), dtype=np.bool_)
        return np.asarray(sizes[-1] < 0.05 * sizes[0])

    @property
    def usual_rate(self) -> float:
        """The default learning rate of the optimizer."""
        return float(type(self.config.optimizer).model_fields["lr"].default)

    def first_untried(self, *settings: str) -> str:
        """The first remedy that the run does not have already; the last one is for who has tried them all."""
        return next((setting for setting in settings[:-1] if not _has(self.config, setting)), settings[-1])


def _has(config: Config, setting: str) -> bool:
    """Whether a configuration has the value of ``key=value``; of an amount, at least that much."""
    key, _, text = setting.partition("=")
    value: object = config
    for name in key.split("."):
        value = getattr(value, name)
    if isinstance(value, tuple):  # dropout, a rate for each layer
        value = max(value, default=0.0)
    return value >= float(text) if isinstance(value, float) else text == str(value)
