"""Weight initialisers.

``fill(weight, gain, generator)`` overwrites one member's weight, a 2-D view oriented ``(out, in)`` as PyTorch
expects, so that fan-in is ``weight.shape[1]``. A stack ``(K, in, out)`` must never be passed whole: its fan would
be wrong. Biases start at zero, except with PyTorch's own default.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, Guide, Positive

if TYPE_CHECKING:
    from torch import Generator, Tensor

Fan = Literal["in", "out"]


class _Initializer(Component):
    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        """Overwrite ``weight`` ``(out, in)`` in place."""
        raise NotImplementedError

    def fill_bias(self, bias: Tensor, fan_in: int, generator: Generator) -> None:
        """Overwrite ``bias`` ``(out,)`` in place."""
        bias.zero_()


class _Symmetric(_Initializer):
    """All units of a layer start alike, so they stay alike: for showing why that fails."""

    breaks_symmetry: ClassVar[bool] = False
    when = "only to show why that fails"
    source = "Goodfellow, Bengio and Courville 2016: Deep Learning, section 8.4"


class Zeros(_Symmetric):
    """All weights zero."""

    name: Literal["zeros"] = "zeros"
    summary = "all zero: hidden units never become different from each other"
    formula = "w = 0"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.zero_()


class Ones(_Symmetric):
    """All weights one."""

    name: Literal["ones"] = "ones"
    summary = "all one: hidden units never become different from each other"
    formula = "w = 1"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.fill_(1.0)


class Constant(_Symmetric):
    """All weights one chosen value."""

    name: Literal["constant"] = "constant"
    summary = "all one value: hidden units never become different from each other"
    formula = "w = value"
    value: Annotated[
        float, Field(description="the value of every weight"), Guide("to show that any one value fails")
    ] = 0.1

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.fill_(self.value)


class Uniform(_Initializer):
    """Uniform on +-1/sqrt(fan-in)."""

    name: Literal["uniform"] = "uniform"
    summary = "uniform, by the number of inputs"
    formula = "w ~ U(-1/sqrt(in), 1/sqrt(in))"
    when = "to compare with: it fits no activation in particular"
    source = (
        "Glorot and Bengio 2010: Understanding the Difficulty of Training Deep Feedforward Neural Networks, equation 1"
    )

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        bound = 1 / math.sqrt(weight.shape[1])
        weight.uniform_(-bound, bound, generator=generator)


class Normal(_Initializer):
    """Normal with a fixed standard deviation."""

    name: Literal["normal"] = "normal"
    summary = "normal with mean 0 and a fixed standard deviation"
    formula = "w ~ N(0, std^2)"
    when = "to show what weights do that are too small or too large for a layer's width"
    source = "Krizhevsky et al. 2012: ImageNet Classification with Deep Convolutional Neural Networks, section 5"
    std: Annotated[
        Positive,
        Field(description="standard deviation"),
        Guide("1/sqrt(inputs of a layer) keeps signals; far less and they vanish, far more and they explode"),
    ] = 0.01

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.normal_(0.0, self.std, generator=generator)


class TruncatedNormal(_Initializer):
    """Normal, cut off at two standard deviations."""

    name: Literal["truncated_normal"] = "truncated_normal"
    summary = "normal with mean 0, cut off at two standard deviations"
    formula = "w ~ N(0, std^2), |w| <= 2 std"
    when = "as normal, without weights far out"
    std: Annotated[Positive, Field(description="standard deviation before the cut"), Guide("as for normal")] = 0.02

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        from torch.nn import init

        init.trunc_normal_(weight, 0.0, self.std, -2 * self.std, 2 * self.std, generator=generator)


class _FanScaled(_Initializer):
    source = "He et al. 2015: Delving Deep into Rectifiers"
    fan: Annotated[
        Fan,
        Field(description="keep the variance forward (in) or backward (out)"),
        Guide("out where gradients vanish in a deep network and signals don't"),
    ] = "in"

    def std(self, weight: Tensor, gain: float) -> float:
        """``gain / sqrt(fan)`` (He et al. 2015, equations 10 and 14)."""
        return gain / math.sqrt(weight.shape[1] if self.fan == "in" else weight.shape[0])


class KaimingNormal(_FanScaled):
    """He et al. 2015, normal."""

    name: Literal["kaiming_normal"] = "kaiming_normal"
    summary = "normal, scaled so that signals keep their size behind rectifiers"
    formula = "w ~ N(0, gain^2 / fan)"
    when = "the start, and right for relu and its relatives"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.normal_(0.0, self.std(weight, gain), generator=generator)


class KaimingUniform(_FanScaled):
    """He et al. 2015, uniform."""

    name: Literal["kaiming_uniform"] = "kaiming_uniform"
    summary = "uniform, scaled so that signals keep their size behind rectifiers"
    formula = "w ~ U(-b, b), b = gain * sqrt(3 / fan)"
    when = "as kaiming_normal, without weights far out"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        bound = math.sqrt(3) * self.std(weight, gain)
        weight.uniform_(-bound, bound, generator=generator)


class XavierNormal(_Initializer):
    """Glorot and Bengio 2010, normal."""

    name: Literal["xavier_normal"] = "xavier_normal"
    summary = "normal, a compromise of signals forward and gradients backward"
    formula = "w ~ N(0, gain^2 * 2 / (in + out))"
    when = "for tanh and sigmoid"
    source = "Glorot and Bengio 2010: Understanding the Difficulty of Training Deep Feedforward Neural Networks"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        from torch.nn import init

        init.xavier_normal_(weight, gain, generator=generator)


class XavierUniform(_Initializer):
    """Glorot and Bengio 2010, uniform."""

    name: Literal["xavier_uniform"] = "xavier_uniform"
    summary = "uniform, a compromise of signals forward and gradients backward"
    formula = "w ~ U(-b, b), b = gain * sqrt(6 / (in + out))"
    when = "for tanh and sigmoid, without weights far out"
    source = "Glorot and Bengio 2010: Understanding the Difficulty of Training Deep Feedforward Neural Networks"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        from torch.nn import init

        init.xavier_uniform_(weight, gain, generator=generator)


class LeCunNormal(_Initializer):
    """LeCun et al. 1998: variance 1/fan-in whatever the activation."""

    name: Literal["lecun_normal"] = "lecun_normal"
    summary = "normal, scaled by the number of inputs whatever the activation"
    formula = "w ~ N(0, 1 / in)"
    when = "for selu, which needs it"
    source = "LeCun et al. 1998: Efficient BackProp, section 4.6"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.normal_(0.0, 1 / math.sqrt(weight.shape[1]), generator=generator)


class Orthogonal(_Initializer):
    """Saxe et al. 2014: a random rotation, scaled by the gain."""

    name: Literal["orthogonal"] = "orthogonal"
    summary = "a random (semi-)orthogonal matrix times the gain"
    formula = "W^T W = gain^2 * I"
    when = "deep networks, through which signals then keep their length"
    source = "Saxe et al. 2014: Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural Networks"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        import torch
        from torch.nn import init

        # orthogonal_ resizes its argument's storage, which a view of the stack can't be.
        fresh = torch.empty(weight.shape, dtype=weight.dtype)
        weight.copy_(init.orthogonal_(fresh, gain, generator=generator))


class PyTorchDefault(_Initializer):
    """What ``torch.nn.Linear`` does: weights and biases uniform on +-1/sqrt(fan-in)."""

    name: Literal["pytorch_default"] = "pytorch_default"
    summary = "torch.nn.Linear's own, of biases too"
    formula = "w, b ~ U(-1/sqrt(in), 1/sqrt(in))"
    when = "to compare with a network written in PyTorch"
    source = "PyTorch: documentation of torch.nn.Linear"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        bound = 1 / math.sqrt(weight.shape[1])
        weight.uniform_(-bound, bound, generator=generator)

    def fill_bias(self, bias: Tensor, fan_in: int, generator: Generator) -> None:
        bound = 1 / math.sqrt(fan_in)
        bias.uniform_(-bound, bound, generator=generator)


Initializer = Annotated[
    Zeros
    | Ones
    | Constant
    | Uniform
    | Normal
    | TruncatedNormal
    | KaimingNormal
    | KaimingUniform
    | XavierNormal
    | XavierUniform
    | LeCunNormal
    | Orthogonal
    | PyTorchDefault,
    Field(discriminator="name"),
]
