"""Penalties on the weights, added to each member's loss and divided by its number of training rows.

They act on the standardised inputs, so one strength fits every column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, Guide, NonNegative, Positive

if TYPE_CHECKING:
    from torch import Tensor


_SHARPNESS = "cuts.log_sharpness"
_FIRST = "hidden.0.weight"


@dataclass(frozen=True)
class RowGroups:
    """Which rows of the first layer's weight belong to one input, where inputs have several.

    The first ``single`` rows are groups of their own; of the others every ``columns``-th belongs to one group.
    ``used`` ``(K, rows, 1)`` is 1 for a row that gets anything but zeros, else 0.
    """

    single: int
    columns: int
    used: Tensor

    def summed(self, values: Tensor) -> Tensor:
        """``(K, rows, 1)`` to the sums of each row's group, ``(K, rows, 1)``."""
        import torch

        several = values[:, self.single :].reshape(len(values), -1, self.columns)
        sums = several.sum(1, keepdim=True).expand_as(several).reshape(len(values), -1, 1)
        return torch.cat([values[:, : self.single], sums], dim=1)


class NoPenalty(Component):
    """Weights are free (but for the optimizer's weight decay)."""

    name: Literal["none"] = "none"
    summary = "no penalty; weight decay belongs to the optimizer"
    when = "where dropout or weight decay do the work, or rows are many for the weights"
    active: ClassVar[bool] = False


class Adaptive(Component):
    """Log penalty: ``strength * m / 2 * sum(log(|w|**2 + eps))`` over groups ``w`` of ``m`` weights.

    Its pull ``strength * m * w / (|w|**2 + eps)`` falls with the size of a group, so small ones vanish and large ones
    stay: automatic relevance determination with the precisions at their fixed point (MacKay 1994; Wipf and Nagarajan
    2008). The groups are the weights of one input (skip path, first layer) or of one hidden unit (output layer). Where
    numbers are encoded, all weights of the first layer that a number acts on are one group.
    For ordered classes the weights on the score count times the sharpness, the scale at which they act.
    """

    name: Literal["adaptive"] = "adaptive"
    summary = "log penalty that removes small weights and spares large ones (automatic relevance)"
    formula = "strength * m / 2 * sum(log(|w|^2 + eps)) over groups w of m weights"
    when = "tables of which many columns tell nothing"
    source = "MacKay 1994: Bayesian Nonlinear Modeling for the Prediction Competition"
    active: ClassVar[bool] = True
    skip: Annotated[
        NonNegative,
        Field(description="strength on the skip path, an input at a time"),
        Guide("more where many columns tell nothing; 0 for none"),
    ] = 1.0
    inputs: Annotated[
        NonNegative,
        Field(description="strength on the first layer, an input's weights together"),
        Guide("more where many columns tell nothing to the hidden layers; 0 for none"),
    ] = 1.0
    outputs: Annotated[
        NonNegative,
        Field(description="strength on the output layer, a unit's weights together"),
        Guide("more where the validation loss is far above the training loss; 0 for none"),
    ] = 1.0
    eps: Annotated[
        Positive,
        Field(description="squared size below which a weight counts as zero"),
        Guide("smaller for a harder cut between weights that stay and that go"),
    ] = 1e-3

    def gradient(
        self, parameters: Mapping[str, Tensor], factor: Tensor, groups: RowGroups | None = None
    ) -> dict[str, Tensor]:
        """The gradient of ``factor`` ``(K,)`` times each member's penalty, by parameter; names as in ``model.shape``.

        ``groups`` are those of the first layer where they are not its rows.

        Written out, since training has no use for the penalty itself: autograd's way was a twentieth of a step.
        """
        gradients: dict[str, Tensor] = {}
        for name, strength, scale in self._terms(parameters):
            weight = parameters[name]
            scaled = weight if scale is None else weight * scale
            sizes = scaled.square().sum(-1, keepdim=True)
            share = factor.view(-1, 1, 1) * (strength * weight.shape[-1])
            if groups is not None and name == _FIRST:
                sizes, share = groups.summed(sizes), share * groups.summed(groups.used)
            pull = scaled * share.div(sizes.add_(self.eps))
            gradients[name] = pull if scale is None else pull * scale
            if scale is not None:
                along = (pull * weight).sum((1, 2), keepdim=True) * scale
                gradients[_SHARPNESS] = gradients[_SHARPNESS] + along if _SHARPNESS in gradients else along
        return gradients

    def _terms(self, parameters: Mapping[str, Tensor]) -> list[tuple[str, float, Tensor | None]]:
        """Name, strength and scale (None: 1) of each weight ``(K, groups, m)`` that is there."""
        sharpness = parameters[_SHARPNESS].exp() if _SHARPNESS in parameters else None
        terms = (
            ("skip.weight", self.skip, sharpness),
            (_FIRST, self.inputs, None),
            ("output.weight", self.outputs, sharpness),
        )
        return [term for term in terms if term[0] in parameters]


Penalty = Annotated[NoPenalty | Adaptive, Field(discriminator="name")]
