"""How networks are trained: each member's rows, what every epoch gave, the networks themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import Config
from phoneprice.records.inputs import Floats, InputStatistics, Rows, TargetStatistics


@dataclass(frozen=True)
class MemberPlan:
    """One network's rows (indices into the table) and its place in the fit, which seeds its randomness."""

    index: int
    train_rows: Rows
    held_out_rows: Rows
    stopping_rows: Rows
    """Set aside from the training rows for early stopping; empty when that is off."""


@dataclass(frozen=True)
class Split:
    """Rows that were held out together, and the ``members`` that have not seen them."""

    held_out_rows: Rows
    members: tuple[int, ...]


def splits_of(plans: Sequence[MemberPlan]) -> tuple[Split, ...]:
    """Group the members by the rows they hold out, in the plans' order; those that hold out none are in no split."""
    members: dict[bytes, list[int]] = {}
    for k, plan in enumerate(plans):
        if len(plan.held_out_rows):
            members.setdefault(plan.held_out_rows.tobytes(), []).append(k)
    return tuple(Split(plans[own[0]].held_out_rows, tuple(own)) for own in members.values())


@dataclass(frozen=True)
class Ensemble:
    """K trained networks, ready for prediction: parameters stacked on the first axis, named as in ``model.shape``."""

    parameters: Mapping[str, NDArray[np.float32]]
    inputs: InputStatistics
    target: TargetStatistics | None
    """Regression only."""

    def take(self, members: Sequence[int]) -> "Ensemble":
        """An ensemble of some of the networks."""
        k = list(members)
        return Ensemble(
            {name: values[k] for name, values in self.parameters.items()},
            self.inputs.take(k),
            None if self.target is None else self.target.take(k),
        )


@dataclass(frozen=True)
class TrainedRecipe:
    """Networks of one configuration, and how much they count beside those of other recipes for the same rows.

    Without a portfolio there is one, which has no name.
    """

    config: Config
    ensemble: Ensemble
    weight: float = 1.0
    name: str = ""

    def take(self, members: Sequence[int]) -> "TrainedRecipe":
        """The same with some of the networks."""
        return replace(self, ensemble=self.ensemble.take(members))


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
    """Name to ``(K, layers)``: gradient norms, dead units, saturation, update ratios."""

    def mean(self, values: Floats) -> float:
        """Of ``(K, ...)``, over the members whose training is not over: some have fewer epochs than others."""
        return float(values[~np.isnan(self.learning_rate)].mean())
