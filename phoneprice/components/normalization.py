"""Normalisation of hidden layers.

The model keeps the parameters, stacked ``(K, 1, width)``; the component says where it stands and how it computes.
"""

from typing import Annotated, Literal

from pydantic import Field

from phoneprice.components.base import Component, Positive

Position = Literal["before", "after"]
_POSITION = Field(description="before or after the activation")
_EPS = Field(description="added to the variance, so that a constant unit doesn't divide by zero")


class NoNormalization(Component):
    """Hidden layers as they are."""

    name: Literal["none"] = "none"
    summary = "no normalisation"


class BatchNorm(Component):
    """BatchNorm1d (Ioffe and Szegedy 2015): a unit's statistics over the batch; running averages at prediction."""

    name: Literal["batch_norm"] = "batch_norm"
    summary = "a unit's mean and variance over the batch (Ioffe and Szegedy 2015)"
    position: Annotated[Position, _POSITION] = "before"
    momentum: Annotated[float, Field(gt=0, le=1, description="weight of the newest batch in the running averages")] = (
        0.1
    )
    eps: Annotated[Positive, _EPS] = 1e-5


class LayerNorm(Component):
    """LayerNorm (Ba et al. 2016): a row's statistics over the units of a layer."""

    name: Literal["layer_norm"] = "layer_norm"
    summary = "a row's mean and variance over the layer's units (Ba et al. 2016)"
    position: Annotated[Position, _POSITION] = "before"
    eps: Annotated[Positive, _EPS] = 1e-5


Normalization = Annotated[NoNormalization | BatchNorm | LayerNorm, Field(discriminator="name")]
