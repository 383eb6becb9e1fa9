"""What a training left behind, as the checks look at it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from phoneprice.config.schema import Config
from phoneprice.data.encoding.schema import TableSchema
from phoneprice.records import Doubles, Floats
from phoneprice.records.curves import SHARES, Curves, median_of_members
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
    def loss(self) -> Doubles:
        """The loss to judge by, ``(E,)``: on rows outside training where there are any."""
        curves = self.curves
        return median_of_members(curves.validation_loss if curves.validated else curves.train_loss)

    @cached_property
    def train_loss(self) -> Doubles:
        """``(E,)``."""
        return median_of_members(self.curves.train_loss)

    @cached_property
    def learning_rate(self) -> Doubles:
        """``(E,)``."""
        return median_of_members(self.curves.learning_rate)

    @cached_property
    def first_loss(self) -> float:
        """Of the first weights; NaN where a run of an earlier version doesn't say."""
        return math.nan if self.curves.start is None else float(np.median(self.curves.start.loss))

    @cached_property
    def guessing_loss(self) -> float:
        """The training loss of who says the same of every row: the unit in which losses are large or small.

        Runs of earlier versions don't say; there it is about the loss of the first epoch. NaN where it is nothing.
        """
        start = self.curves.start
        loss = float(self.train_loss[0] if start is None else np.median(start.guessing_loss))
        return loss if loss > 0 else math.nan

    @cached_property
    def learned(self) -> float:
        """The share of the guessing loss that is gone on the training rows: 0 for nothing learned, 1 for everything."""
        return 1 - float(self.train_loss[-1]) / self.guessing_loss

    def hidden(self, kind: str) -> Doubles:
        """A measurement of the hidden layers, ``(E, H)``; H is 0 where it was not made."""
        values, layers = self.curves.health.get(kind), len(self.config.model.hidden)
        if values is None or not layers:
            return np.empty((len(self.curves.epochs), 0))
        return np.stack(
            [median_of_members(values[:, :, layer]) for layer in range(min(layers, values.shape[2]))], axis=1
        )

    def at_the_start(self, kind: str) -> Doubles:
        """A measurement of the hidden layers before the first step, ``(H,)``; H is 0 where it was not made."""
        start, layers = self.curves.start, len(self.config.model.hidden)
        if start is None or kind not in start.health or not layers:
            return np.empty(0)
        found = np.asarray(np.median(start.health[kind][:, :layers], axis=0))
        # Beside recipes of other activations there is a place for it, and nothing in it.
        return np.empty(0) if kind in SHARES and np.isnan(found).any() else found

    @cached_property
    def usual_sizes(self) -> Doubles:
        """Of each hidden layer's first weights, ``(H,)``: gain / sqrt(fan-in) (He et al. 2015)."""
        fans = [self.parameters[f"hidden.{i}.weight"].shape[1] for i in range(len(self.config.model.hidden))]
        return np.asarray(self.config.model.activation.gain / np.sqrt(fans))

    @cached_property
    def linear_alone(self) -> bool:
        """Whether the linear path says all: the hidden layers' part spreads less than 1% as far as its own.

        For independent inputs of spread 1 a layer's outputs spread ``|W| / sqrt(width)`` as far as what it gets (He et
        al. 2015, equation 7); median over members.
        """
        model, weights = self.config.model, self.parameters
        if not (model.skip and model.hidden):
            return False
        hidden = _sizes(weights["output.weight"])
        # What is normalised comes out at one size, whatever the weights before it are.
        for i in () if model.normalization.name != "none" else range(len(model.hidden)):
            hidden = hidden * _sizes(weights[f"hidden.{i}.weight"]) / math.sqrt(model.hidden[i])
        return bool(np.median(hidden) < 0.01 * np.median(_sizes(weights["skip.weight"])))

    @cached_property
    def growth_of_weights(self) -> float:
        """How many times as large as first, or as usual, a hidden layer's weights have been; NaN if not measured."""
        sizes, first = self.hidden("weight_norm"), self.at_the_start("weight_norm")
        if not sizes.size or not first.size:
            return math.nan
        return float(np.nanmax(sizes / np.maximum(first, self.usual_sizes)))

    @cached_property
    def left_of_weights(self) -> Doubles:
        """The last size of each hidden layer's weights as a share of its largest, ``(H,)``."""
        sizes = self.hidden("weight_norm")
        if not sizes.size:
            return np.empty(0)
        with np.errstate(invalid="ignore"):  # those that are zero and stay so: NaN
            return np.asarray(sizes[-1] / np.nanmax(sizes, axis=0))


def _sizes(weight: Floats) -> Doubles:
    """The norm of each member's matrix of ``(K, in, width)``, ``(K,)``."""
    return np.asarray(np.sqrt(np.square(weight, dtype=np.float64).sum(axis=(1, 2))))
