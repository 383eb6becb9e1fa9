"""A trained ensemble turned into as few matrix products as prediction needs.

Everything that is linear is multiplied out beforehand, in float64: each member's standardisation of its inputs,
batch normalisation, the sharpness of ordered outputs. All members' first layers and skip paths become one matrix.
All arrays are float64; rows of the table stand last, ``(units, n)``: so each member's part of a layer is contiguous.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from phoneprice.components.normalization import BatchNorm, LayerNorm
from phoneprice.config.schema import Config
from phoneprice.model.cuts import cut_points, sharpness
from phoneprice.records import Doubles, Ensemble


@dataclass(frozen=True)
class FoldedNorm:
    """Layer normalisation that can't be multiplied out; ``scale`` and ``shift`` ``(K, width, 1)``."""

    position: Literal["before", "after"]
    scale: Doubles
    shift: Doubles
    eps: float


@dataclass(frozen=True)
class FoldedLayer:
    """A hidden layer after its linear map; ``slope`` ``(K, width, 1)`` for activations that have one."""

    width: int
    slope: Doubles | None
    norm: FoldedNorm | None


@dataclass(frozen=True)
class Linear:
    """``weight`` ``(K, out, in)`` and ``bias`` ``(K, out, 1)``."""

    weight: Doubles
    bias: Doubles


@dataclass(frozen=True)
class FoldedNetwork:
    """What prediction computes.

    ``first`` ``(M, d + 1)`` maps the inputs and a constant 1 to all members' first layers and then, if there is a skip
    path, all their scores from it; ``missing`` ``(M, d)`` is what a missing cell adds. ``between`` are the linear
    maps after the first hidden layer, the last of them to the scores. ``offset`` ``(K, W, 1)`` is added to the scores
    ``(K, S, n)``: ordered outputs have one score and W cut points.
    """

    members: int
    first: Doubles
    missing: Doubles
    layers: tuple[FoldedLayer, ...]
    between: tuple[Linear, ...]
    offset: Doubles
    skip: bool

    @property
    def widest(self) -> int:
        """The most numbers that one layer holds for a row, all members together."""
        return max(len(self.first), self.members * max((layer.width for layer in self.layers), default=1))


@dataclass(frozen=True)
class _Affine:
    """``x -> x * factor + shift`` on the ``(K, in)`` inputs of a linear map, waiting to be folded into it."""

    factor: Doubles
    shift: Doubles

    def into(self, weight: Doubles) -> tuple[Doubles, Doubles]:
        """The linear map ``weight`` ``(K, in, out)`` with this before it: a new weight, and a bias ``(K, out)``."""
        return self.factor[:, :, None] * weight, np.einsum("ki,kio->ko", self.shift, weight)


def fold(ensemble: Ensemble, config: Config) -> FoldedNetwork:
    """Multiply out all that is linear; parameters are named and shaped as in ``model.shape``."""
    p = {name: values.astype(np.float64) for name, values in ensemble.parameters.items()}
    inputs = _Affine(ensemble.inputs.factor, -ensemble.inputs.shift * ensemble.inputs.factor)
    linear, layers = _hidden(p, config, inputs)
    factor, offset = _ordering(p)
    if linear:
        weight, bias = linear[-1]
        linear[-1] = (weight * factor, bias * factor[:, 0])
    heads = linear[:1]
    if "skip.weight" in p:
        heads.append(inputs.into(p["skip.weight"] * factor))
    first = np.concatenate([_rows(weight, bias) for weight, bias in heads])
    # Encoded inputs are 0 where missing, so the fill value's product with its weight is what is left out.
    fill = np.concatenate([np.repeat(ensemble.inputs.fill, weight.shape[2], axis=0) for weight, _ in heads])
    return FoldedNetwork(
        members=len(inputs.factor),
        first=first,
        missing=(first[:, :-1] * fill),
        layers=tuple(layers),
        between=tuple(Linear(_turned(weight), bias[:, :, None]) for weight, bias in linear[1:]),
        offset=offset,
        skip="skip.weight" in p,
    )


def _hidden(
    p: Mapping[str, Doubles], config: Config, inputs: _Affine
) -> tuple[list[tuple[Doubles, Doubles]], list[FoldedLayer]]:
    """The linear maps into each hidden layer and out of the last, with what stands between them."""
    linear, layers, waiting = [], list[FoldedLayer](), inputs
    norm = config.model.normalization
    for i, width in enumerate(config.model.hidden):
        weight, bias = waiting.into(p[f"hidden.{i}.weight"])
        bias = bias + p[f"hidden.{i}.bias"][:, 0]
        waiting = _Affine(np.ones_like(bias), np.zeros_like(bias))
        if isinstance(norm, BatchNorm):
            running = _running(p, i, norm)
            if norm.position == "before":
                weight, bias = weight * running.factor[:, None, :], bias * running.factor + running.shift
            else:
                waiting = running
        linear.append((weight, bias))
        slope = p.get(f"hidden.{i}.slope")
        layers.append(FoldedLayer(width, None if slope is None else _turned(slope), _layer_norm(p, i, config)))
    if layers:
        linear.append(waiting.into(p["output.weight"]))
    return linear, layers


def _running(p: Mapping[str, Doubles], layer: int, norm: BatchNorm) -> _Affine:
    """Batch normalisation by its running statistics."""
    scale, shift, mean, variance = (
        p[f"hidden.{layer}.norm.{kind}"][:, 0] for kind in ("scale", "shift", "running_mean", "running_variance")
    )
    factor = scale / np.sqrt(variance + norm.eps)
    return _Affine(factor, shift - mean * factor)


def _layer_norm(p: Mapping[str, Doubles], layer: int, config: Config) -> FoldedNorm | None:
    norm = config.model.normalization
    if not isinstance(norm, LayerNorm):
        return None
    scale, shift = (_turned(p[f"hidden.{layer}.norm.{kind}"]) for kind in ("scale", "shift"))
    return FoldedNorm(norm.position, scale, shift, norm.eps)


def _ordering(p: Mapping[str, Doubles]) -> tuple[Doubles, Doubles]:
    """What scores are multiplied by ``(K, 1, 1)``, and what is added to them then ``(K, W, 1)``."""
    if "cuts.first" not in p:
        bias = p["output.bias"]
        return np.ones((len(bias), 1, 1)), bias.swapaxes(1, 2)
    factor = sharpness(p)
    return factor, -(factor * cut_points(p)).swapaxes(1, 2)


def _rows(weight: Doubles, bias: Doubles) -> Doubles:
    """``(K, in, out)`` and ``(K, out)`` as one matrix ``(K * out, in + 1)``."""
    both = np.concatenate([weight, bias[:, None, :]], axis=1)
    return both.swapaxes(1, 2).reshape(-1, both.shape[1])


def _turned(values: Doubles) -> Doubles:
    """The last two axes in the other order: ``(K, 1, width)`` as ``(K, width, 1)``."""
    return np.ascontiguousarray(values.swapaxes(1, 2))
