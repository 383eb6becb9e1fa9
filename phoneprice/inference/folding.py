"""A trained ensemble turned into as few matrix products as prediction needs.

Everything that is linear is multiplied out beforehand, in float64: each member's standardisation of its inputs,
batch normalisation, the sharpness of ordered outputs. All members' first layers and skip paths become one matrix. What
numbers become by an encoding is no linear map: the first layers get it by a product of its own.
All arrays are float64; rows of the table stand last, ``(units, n)``: so each member's part of a layer is contiguous.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from phoneprice.components.encodings import Encoding
from phoneprice.components.normalization import BatchNorm, LayerNorm
from phoneprice.config.schema import Config
from phoneprice.model.cuts import cut_points, sharpness
from phoneprice.records import Doubles, Ensemble, Rows


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
class FoldedNumbers:
    """Encoded numbers before the first hidden layer.

    The encoding gets the inputs at the positions ``places`` ``(c,)`` times ``factor`` plus ``shift`` ``(K, c, 1)``, and
    what it gives acts through ``weight`` ``(K, width, outputs * c)``. ``arrays`` are the encoding's own.
    """

    encoding: Encoding
    arrays: Mapping[str, Doubles]
    places: Rows
    factor: Doubles
    shift: Doubles
    weight: Doubles

    @property
    def widest(self) -> int:
        """The most numbers that are held for a row, all members together."""
        return self.factor.size * self.encoding.widest

    def encoded(self, x: Doubles) -> Doubles:
        """Inputs ``(c, n)``, or a member's own ``(K, c, n)``, to ``(K, outputs * c, n)``."""
        out = np.asarray(self.encoding.numpy(x * self.factor + self.shift, self.arrays), np.float64)
        return out.reshape(len(out), -1, out.shape[-1])

    def left_out(self, fill: Doubles) -> Doubles:
        """What each number's ``fill`` ``(K, d)`` gives more than the 0 that stands for it, ``(K * width, c)``."""
        filled = fill[:, self.places, None]
        more = self.encoded(filled) - self.encoded(np.zeros_like(filled))
        by_number = (self.weight * more.swapaxes(1, 2)).reshape(*self.weight.shape[:2], -1, len(self.places))
        added: Doubles = by_number.sum(axis=2)
        return added.reshape(-1, len(self.places))


@dataclass(frozen=True)
class FoldedNetwork:
    """What prediction computes.

    ``first`` ``(M, d + 1)`` maps the inputs and a constant 1 to all members' first layers and then, if there is a skip
    path, all their scores from it; ``missing`` ``(M, d)`` is what a missing cell adds. ``numbers`` add to the first
    layers what encoded ones give, if there are any. ``between`` are the linear maps after the first hidden layer, the
    last of them to the scores. ``offset`` ``(K, W, 1)`` is added to the scores ``(K, S, n)``: ordered outputs have one
    score and W cut points.
    """

    members: int
    first: Doubles
    missing: Doubles
    numbers: FoldedNumbers | None
    layers: tuple[FoldedLayer, ...]
    between: tuple[Linear, ...]
    offset: Doubles
    skip: bool

    @property
    def widest(self) -> int:
        """The most numbers that one layer holds for a row, all members together."""
        layers = self.members * max((layer.width for layer in self.layers), default=1)
        return max(len(self.first), layers, self.numbers.widest if self.numbers else 1)


@dataclass(frozen=True)
class _Affine:
    """``x -> x * factor + shift`` on the ``(K, in)`` inputs of a linear map, waiting to be folded into it."""

    factor: Doubles
    shift: Doubles

    def into(self, weight: Doubles) -> tuple[Doubles, Doubles]:
        """The linear map ``weight`` ``(K, in, out)`` with this before it: a new weight, and a bias ``(K, out)``."""
        return self.factor[:, :, None] * weight, np.einsum("ki,kio->ko", self.shift, weight)

    def take(self, places: Rows, more: int) -> Self:
        """That of some inputs, and of ``more`` behind them that stay as they are."""
        ends = (0, 0), (0, more)
        factor, shift = self.factor[:, places], self.shift[:, places]
        return type(self)(np.pad(factor, ends, constant_values=1), np.pad(shift, ends))


def fold(ensemble: Ensemble, config: Config) -> FoldedNetwork:
    """Multiply out all that is linear; parameters are named and shaped as in ``model.shape``."""
    p = {name: values.astype(np.float64) for name, values in ensemble.parameters.items()}
    encoding, fill = config.model.encoding, ensemble.inputs.fill
    inputs = _Affine(ensemble.inputs.factor, -ensemble.inputs.shift * ensemble.inputs.factor)
    places = np.array(ensemble.inputs.numbers if encoding.active else (), np.int64)
    others = np.delete(np.arange(fill.shape[1]), places)
    linear, layers = _hidden(p, config, inputs.take(others, len(places) * encoding.outputs))
    factor, offset = _ordering(p)
    if linear:
        weight, bias = linear[-1]
        linear[-1] = (weight * factor, bias * factor[:, 0])
    numbers = None
    if len(places):
        weight, bias = linear[0]
        linear[0] = _spread(weight[:, : len(others)], others, fill.shape[1]), bias
        own = {name.removeprefix("encoding."): values for name, values in p.items() if name.startswith("encoding.")}
        scale, shift = (part[:, places, None] for part in (inputs.factor, inputs.shift))
        numbers = FoldedNumbers(encoding, own, places, scale, shift, _turned(weight[:, len(others) :]))
    heads = linear[:1]
    if "skip.weight" in p:
        heads.append(inputs.into(p["skip.weight"] * factor))
    first = np.concatenate([_rows(weight, bias) for weight, bias in heads])
    # The table's inputs are 0 where missing, so the fill value's product with its weight is what is left out.
    missing = first[:, :-1] * np.concatenate([np.repeat(fill, weight.shape[2], axis=0) for weight, _ in heads])
    if numbers is not None:
        missing[: numbers.weight.shape[0] * numbers.weight.shape[1], places] += numbers.left_out(fill)
    return FoldedNetwork(
        members=len(inputs.factor),
        first=first,
        missing=missing,
        numbers=numbers,
        layers=tuple(layers),
        between=tuple(Linear(_turned(weight), bias[:, :, None]) for weight, bias in linear[1:]),
        offset=offset,
        skip="skip.weight" in p,
    )


def _spread(weight: Doubles, places: Rows, width: int) -> Doubles:
    """``(K, inputs, out)`` for some inputs as ``(K, width, out)`` for all: 0 for the others."""
    whole = np.zeros((len(weight), width, weight.shape[2]))
    whole[:, places] = weight
    return whole


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
