"""The families of components, and the components of each."""

from __future__ import annotations

from typing import Any, get_args

from phoneprice.components import (
    activations,
    encodings,
    initializers,
    losses,
    normalization,
    optimizers,
    penalties,
    schedulers,
)
from phoneprice.components.base import Component

FAMILIES: dict[str, Any] = {
    "activation": activations.Activation,
    "encoding": encodings.Encoding,
    "init": initializers.Initializer,
    "loss": losses.Loss,
    "normalization": normalization.Normalization,
    "optimizer": optimizers.Optimizer,
    "penalty": penalties.Penalty,
    "scheduler": schedulers.Scheduler,
}


def choices(union: Any) -> dict[str, type[Component]]:
    """The components of a family's union, by name."""
    (members, *_) = get_args(union)
    return {component.model_fields["name"].default: component for component in get_args(members)}
