"""Penalties on the weights, added to each member's loss and divided by its number of training rows.

They act on the standardised inputs, so one strength fits every column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, NonNegative, Positive

if TYPE_CHECKING:
    from torch import Tensor


class NoPenalty(Component):
    """Weights are free (but for the optimizer's weight decay)."""

    name: Literal["none"] = "none"
    summary = "no penalty; weight decay belongs to the optimizer"
    active: ClassVar[bool] = False


class Adaptive(Component):
    """Log penalty: ``strength * m / 2 * sum(log(|w|**2 + eps))`` over groups ``w`` of ``m`` weights.

    Its pull ``strength * m * w / (|w|**2 + eps)`` falls with the size of a group, so small ones vanish and large ones
    stay: automatic relevance determination with the precisions at their fixed point (MacKay 1994; Wipf and Nagarajan
    2008). The groups are the weights of one input (skip path, first layer) or of one hidden unit (output layer).
    For ordered classes the weights on the score count times the sharpness, the scale at which they act.
    """

    name: Literal["adaptive"] = "adaptive"
    summary = "log penalty that removes small weights and spares large ones (automatic relevance)"
    active: ClassVar[bool] = True
    skip: Annotated[NonNegative, Field(description="strength on the skip path, an input at a time")] = 1.0
    inputs: Annotated[NonNegative, Field(description="strength on the first layer, an input's weights together")] = 1.0
    outputs: Annotated[NonNegative, Field(description="strength on the output layer, a unit's weights together")] = 1.0
    eps: Annotated[Positive, Field(description="squared size below which a weight counts as zero")] = 1e-3

    def value(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """The penalty of each member, ``(K,)``, from parameters named as in ``model.shape``."""
        sharpness = parameters["cuts.log_sharpness"].exp() if "cuts.log_sharpness" in parameters else 1.0
        terms = [
            self._shrink(self.skip, parameters.get("skip.weight"), sharpness),
            self._shrink(self.inputs, parameters.get("hidden.0.weight"), 1.0),
            self._shrink(self.outputs, parameters.get("output.weight"), sharpness),
        ]
        return sum(term for term in terms if term is not None)  # type: ignore[return-value]

    def _shrink(self, strength: float, weight: Tensor | None, scale: Tensor | float) -> Tensor | None:
        """Groups are the rows of ``weight`` ``(K, groups, m)``."""
        if weight is None:
            return None
        squares = (weight * scale).square().sum(-1)
        return 0.5 * strength * weight.shape[-1] * (squares + self.eps).log().sum(-1)


Penalty = Annotated[NoPenalty | Adaptive, Field(discriminator="name")]
