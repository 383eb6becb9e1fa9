"""The batched MLP: K networks whose parameters are stacked on a leading member axis.

``wide and deep``: ``score = skip(x) + output(hidden(x))``; for ordered classes learned cut points and a sharpness turn
the one score into cumulative logits. ``K = 1`` is the ordinary MLP.

>>> from phoneprice.config.schema import Config
>>> from phoneprice.model.shape import network_shape
>>> config = Config()
>>> shape = network_shape(config, inputs=20, classes=4, members=5)
>>> network = StackedMLP.initialised(config, shape, seeds=[(0, k) for k in range(5)])
>>> tuple(network.forward(torch.zeros(5, 8, 20)).shape)
(5, 8, 3)
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from phoneprice.components.normalization import LayerNorm
from phoneprice.components.penalties import RowGroups
from phoneprice.config.schema import Config, ModelConfig
from phoneprice.model.kernels import affine, batch_normalised, linear
from phoneprice.model.randomness import Purpose, stream
from phoneprice.model.shape import NetworkShape, parameter_shapes

Masks = Sequence[Tensor | None]
"""Dropout multipliers, the network's inputs first, then one a hidden layer; each ``(K, B, width)`` or None."""

BUFFERS = ("running_mean", "running_variance", "encoding.edges")
_ENCODING = "encoding."
NO_DECAY = (".bias", ".slope", ".norm.scale", ".norm.shift", "encoding.frequencies")


class StackedMLP:
    """K networks: ``tensors`` holds every parameter and buffer by name, shaped as in ``model.shape``."""

    def __init__(self, model: ModelConfig, shape: NetworkShape, tensors: Mapping[str, Tensor]) -> None:
        self.model = model
        self.shape = shape
        self.tensors = dict(tensors)

    @classmethod
    def initialised(
        cls, config: Config, shape: NetworkShape, seeds: Sequence[tuple[int, int]], dtype: torch.dtype = torch.float32
    ) -> "StackedMLP":
        """Fresh networks; member ``k`` is drawn from ``seeds[k]``, a (seed, member) pair, whatever the stack."""
        tensors = {name: torch.zeros(size, dtype=dtype) for name, size in parameter_shapes(shape).items()}
        for k, (seed, member) in enumerate(seeds):
            draw = int(stream(seed, member, Purpose.INIT).random_raw())
            _initialise_member(config, {n: t[k] for n, t in tensors.items()}, torch.Generator().manual_seed(draw))
        return cls(config.model, shape, tensors)

    @property
    def parameters(self) -> dict[str, Tensor]:
        """What gradients train: all but the running statistics of batch normalisation and the edges of bins."""
        return {n: t for n, t in self.tensors.items() if not n.endswith(BUFFERS)}

    @property
    def input_groups(self) -> RowGroups | None:
        """Which rows of the first layer's weight belong to one input; None where each is one."""
        shape = self.shape
        if not shape.numbers:
            return None
        used = self.tensors["hidden.0.weight"].new_ones(shape.members, shape.hidden_inputs, 1)
        if (there := shape.encoding.used(encoding_arrays(self.tensors))) is not None:
            used[:, len(shape.others) :, 0] = there.flatten(1).to(used)
        return RowGroups(len(shape.others), len(shape.numbers), used)

    @property
    def learns_encoding(self) -> bool:
        """Whether what the first hidden layer gets from the inputs changes while the networks learn."""
        return any(name.startswith(_ENCODING) for name in self.parameters)

    @cached_property
    def _places(self) -> tuple[Tensor, Tensor]:
        """The positions of the numbers and of the other inputs, where numbers are encoded."""
        shape, device = self.shape, self.tensors["hidden.0.weight"].device
        numbers, others = (torch.tensor(p, dtype=torch.int64, device=device) for p in (shape.numbers, shape.others))
        return numbers, others

    @cached_property
    def _sources(self) -> Tensor:
        """Which input each of the first hidden layer's is made of."""
        numbers, others = self._places
        return torch.cat([others, numbers.repeat(self.shape.encoding.outputs)])

    def to(self, device: torch.device) -> "StackedMLP":
        """The same networks on ``device``."""
        return StackedMLP(self.model, self.shape, {n: t.to(device) for n, t in self.tensors.items()})

    def forward(
        self, z: Tensor, *, training: bool = False, masks: Masks | None = None, encoded: Tensor | None = None
    ) -> Tensor:
        """``(K, B, d)`` standardised inputs to ``(K, B, W)`` outputs.

        With ``training`` batch normalisation uses (and follows) the batch's own statistics; ``masks`` are dropout's.
        ``encoded`` is what ``encoded`` gives for these inputs, where somebody has it already.
        """
        score = self._network_score(z, training, masks, encoded)
        if self.shape.skip:
            score = score + linear(z, self.tensors["skip.weight"])
        return self._ordered(score) if self.shape.ordered else score

    def _network_score(self, z: Tensor, training: bool, masks: Masks | None, encoded: Tensor | None) -> Tensor:
        t = self.tensors
        bias = t.get("output.bias")
        if bias is None:
            bias = z.new_zeros(1, 1, 1)
        if not self.shape.hidden:
            return bias
        h = self.encoded(z) if encoded is None else encoded
        if masks is not None:
            h = self._without_inputs(h, masks[0])
        for i in range(len(self.shape.hidden)):
            h = self._normalised(self._activated(h, i, training), i, "after", training)
            if masks is not None:
                h = _dropped(h, masks[i + 1])
        return linear(h, t["output.weight"]) + bias

    def activations(self, z: Tensor, *, training: bool = False) -> list[Tensor]:
        """What the activation function of each hidden layer gives: ``(K, B, width)`` each."""
        found, h = list[Tensor](), self.encoded(z)
        for i in range(len(self.shape.hidden)):
            found.append(self._activated(h, i, training))
            h = self._normalised(found[-1], i, "after", training)
        return found

    def encoded(self, z: Tensor) -> Tensor:
        """What the first hidden layer gets for ``(K, B, d)`` inputs, ``(K, B, hidden inputs)``."""
        shape = self.shape
        if not shape.numbers:
            return z
        numbers, others = (_columns(z, places) for places in self._places)
        encoded = shape.encoding.torch(numbers, encoding_arrays(self.tensors)).flatten(2)
        return torch.cat([others, encoded], dim=2) if shape.others else encoded

    def _without_inputs(self, h: Tensor, mask: Tensor | None) -> Tensor:
        """The same less inputs that are left out, each with all that it becomes: 0 is a number like others."""
        if mask is not None and self.shape.numbers:
            mask = _columns(mask, self._sources)
        return _dropped(h, mask)

    def _activated(self, h: Tensor, layer: int, training: bool) -> Tensor:
        t = self.tensors
        h = affine(h, t[f"hidden.{layer}.weight"], t[f"hidden.{layer}.bias"])
        h = self._normalised(h, layer, "before", training)
        return self.model.activation.torch(h, t.get(f"hidden.{layer}.slope"))

    def _normalised(self, h: Tensor, layer: int, position: str, training: bool) -> Tensor:
        norm = self.model.normalization
        if norm.name == "none" or norm.position != position:
            return h
        t, prefix = self.tensors, f"hidden.{layer}.norm."
        scale, shift = t[prefix + "scale"], t[prefix + "shift"]
        if isinstance(norm, LayerNorm):
            return F.layer_norm(h, h.shape[-1:], eps=norm.eps) * scale + shift
        mean, variance = t[prefix + "running_mean"], t[prefix + "running_variance"]
        if not training:
            return (h - mean) * ((variance + norm.eps).rsqrt() * scale) + shift
        out, batch_mean, batch_variance = batch_normalised(h, scale, shift, norm.eps)
        with torch.no_grad():  # the running variance is the unbiased one, as in torch.nn.BatchNorm1d
            mean.lerp_(batch_mean, norm.momentum)
            variance.lerp_(batch_variance * (h.shape[1] / max(h.shape[1] - 1, 1)), norm.momentum)
        return out

    def _ordered(self, score: Tensor) -> Tensor:
        return self.tensors["cuts.log_sharpness"].exp() * (score - cut_points(self.tensors))


def cut_points(tensors: Mapping[str, Tensor]) -> Tensor:
    """``(K, 1, C - 1)`` cut points on the score, increasing: the first, then positive gaps."""
    first = tensors["cuts.first"]
    return torch.cat([first, first + tensors["cuts.log_gaps"].exp().cumsum(-1)], dim=-1)


def standardised(values: Tensor, missing: Tensor | None, shift: Tensor, factor: Tensor, fill: Tensor) -> Tensor:
    """``(K, B, d)`` encoded inputs as each member sees them; statistics are ``(K, 1, d)``."""
    if missing is not None:
        values = torch.where(missing, fill, values)
    return (values - shift) * factor


def encoding_arrays(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of the encoding, by the names that the component gives them."""
    return {name.removeprefix(_ENCODING): tensor for name, tensor in tensors.items() if name.startswith(_ENCODING)}


def _columns(values: Tensor, places: Tensor) -> Tensor:
    """Some of the last axis of ``(K, B, d)``; half the time of selecting along it as it stands."""
    return values.flatten(0, 1).index_select(1, places).view(*values.shape[:2], -1)


def _dropped(h: Tensor, mask: Tensor | None) -> Tensor:
    return h if mask is None else h * mask


def _initialise_member(config: Config, tensors: Mapping[str, Tensor], generator: torch.Generator) -> None:
    """Fill one member's tensors (2-D views of the stack, all zero) in the order of the forward pass."""
    model = config.model
    if arrays := encoding_arrays(tensors):
        model.encoding.fill(arrays, generator)
    silent = ("skip.", "output.") if model.output_init == "zeros" or not model.hidden else ("skip.",)
    silent = (*silent, _ENCODING)
    for name, tensor in tensors.items():
        if name.startswith(silent):
            continue
        if name.endswith(".weight"):
            model.init.fill(tensor.T, 1.0 if name == "output.weight" else model.activation.gain, generator)
        elif name.endswith(".bias"):
            fan_in = tensors[name.replace(".bias", ".weight")].shape[0]
            model.init.fill_bias(tensor[0], fan_in, generator)
        elif name.endswith((".norm.scale", ".running_variance")):
            tensor.fill_(1.0)
        elif name.endswith(".slope"):
            tensor.fill_(getattr(model.activation, "initial_slope", 0.0))


def place_cuts(tensors: Mapping[str, Tensor], cuts: Tensor) -> None:
    """Set the cut points to ``cuts`` ``(K, C - 1)``, increasing; in place."""
    tensors["cuts.first"].copy_(cuts[:, None, :1])
    tensors["cuts.log_gaps"].copy_(cuts.diff(dim=-1).clamp_min(1e-3).log()[:, None, :])


def place_edges(network: StackedMLP, edges: Tensor) -> None:
    """Set the edges of all bins to ``edges`` ``(K, c, bins + 1)``; weights of bins that are none become 0; in place."""
    network.tensors["encoding.edges"].copy_(edges)
    groups = network.input_groups
    assert groups is not None  # there are numbers, so there are groups
    network.tensors["hidden.0.weight"].mul_(groups.used)
