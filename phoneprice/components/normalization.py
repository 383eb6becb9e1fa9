"""Normalisation of hidden layers.

The model keeps the parameters, stacked ``(K, 1, width)``; the component says where it stands and how it computes.
"""

from typing import Annotated, Literal

from pydantic import Field

from phoneprice.components.base import Component, Guide, Positive

Position = Annotated[
    Literal["before", "after"],
    Field(description="before or after the activation"),
    Guide("before as in the paper; after is worth a try"),
]
Eps = Annotated[
    Positive,
    Field(description="added to the variance, so that a constant unit doesn't divide by zero"),
    Guide("seldom"),
]


class NoNormalization(Component):
    """Hidden layers as they are."""

    name: Literal["none"] = "none"
    summary = "no normalisation"
    when = "the start: inputs are standardised already"


class BatchNorm(Component):
    """BatchNorm1d (Ioffe and Szegedy 2015): a unit's statistics over the batch; running averages at prediction."""

    name: Literal["batch_norm"] = "batch_norm"
    summary = "a unit's mean and variance over the batch; running averages at prediction"
    formula = "y = scale * (x - mean) / sqrt(variance + eps) + shift"
    when = "networks of three hidden layers or more, with batches of 32 rows or more"
    source = "Ioffe and Szegedy 2015: Batch Normalization"
    position: Position = "before"
    momentum: Annotated[
        float,
        Field(gt=0, le=1, description="weight of the newest batch in the running averages"),
        Guide("smaller where batches are small"),
    ] = 0.1
    eps: Eps = 1e-5


class LayerNorm(Component):
    """LayerNorm (Ba et al. 2016): a row's statistics over the units of a layer."""

    name: Literal["layer_norm"] = "layer_norm"
    summary = "a row's mean and variance over the layer's units"
    formula = "y = scale * (x - mean) / sqrt(variance + eps) + shift"
    when = "networks of three hidden layers or more, with small batches"
    source = "Ba et al. 2016: Layer Normalization"
    position: Position = "before"
    eps: Eps = 1e-5


Normalization = Annotated[NoNormalization | BatchNorm | LayerNorm, Field(discriminator="name")]
