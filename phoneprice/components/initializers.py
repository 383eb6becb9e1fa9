"""Weight initialisers.

``fill(weight, gain, generator)`` overwrites one member's weight, a 2-D view oriented ``(out, in)`` as PyTorch
expects, so that fan-in is ``weight.shape[1]``. A stack ``(K, in, out)`` must never be passed whole: its fan would
be wrong. Biases start at zero, except with PyTorch's own default.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, Positive

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


class Zeros(_Symmetric):
    """All weights zero."""

    name: Literal["zeros"] = "zeros"
    summary = "all zero: hidden units never become different from each other"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.zero_()


class Ones(_Symmetric):
    """All weights one."""

    name: Literal["ones"] = "ones"
    summary = "all one: hidden units never become different from each other"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.fill_(1.0)


class Constant(_Symmetric):
    """All weights one chosen value."""

    name: Literal["constant"] = "constant"
    summary = "all one value: hidden units never become different from each other"
    value: Annotated[float, Field(description="the value of every weight")] = 0.1

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.fill_(self.value)


class Uniform(_Initializer):
    """Uniform on +-1/sqrt(fan-in)."""

    name: Literal["uniform"] = "uniform"
    summary = "uniform on +-1/sqrt(d), d the number of inputs"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        bound = 1 / math.sqrt(weight.shape[1])
        weight.uniform_(-bound, bound, generator=generator)


class Normal(_Initializer):
    """Normal with a fixed standard deviation."""

    name: Literal["normal"] = "normal"
    summary = "normal with mean 0 and a fixed standard deviation"
    std: Annotated[Positive, Field(description="standard deviation")] = 0.01

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.normal_(0.0, self.std, generator=generator)


class TruncatedNormal(_Initializer):
    """Normal, cut off at two standard deviations."""

    name: Literal["truncated_normal"] = "truncated_normal"
    summary = "normal with mean 0, cut off at two standard deviations"
    std: Annotated[Positive, Field(description="standard deviation before the cut")] = 0.02

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        from torch.nn import init

        init.trunc_normal_(weight, 0.0, self.std, -2 * self.std, 2 * self.std, generator=generator)


class _FanScaled(_Initializer):
    fan: Annotated[Fan, Field(description="keep the variance forward (in) or backward (out)")] = "in"

    def std(self, weight: Tensor, gain: float) -> float:
        """``gain / sqrt(fan)`` (He et al. 2015, equations 10 and 14)."""
        return gain / math.sqrt(weight.shape[1] if self.fan == "in" else weight.shape[0])


class KaimingNormal(_FanScaled):
    """He et al. 2015, normal."""

    name: Literal["kaiming_normal"] = "kaiming_normal"
    summary = "normal with std = gain / sqrt(fan) (He et al. 2015)"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.normal_(0.0, self.std(weight, gain), generator=generator)


class KaimingUniform(_FanScaled):
    """He et al. 2015, uniform."""

    name: Literal["kaiming_uniform"] = "kaiming_uniform"
    summary = "uniform with std = gain / sqrt(fan) (He et al. 2015)"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        bound = math.sqrt(3) * self.std(weight, gain)
        weight.uniform_(-bound, bound, generator=generator)


class XavierNormal(_Initializer):
    """Glorot and Bengio 2010, normal."""

    name: Literal["xavier_normal"] = "xavier_normal"
    summary = "normal with std = gain * sqrt(2 / (in + out)) (Glorot and Bengio 2010)"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        from torch.nn import init

        init.xavier_normal_(weight, gain, generator=generator)


class XavierUniform(_Initializer):
    """Glorot and Bengio 2010, uniform."""

    name: Literal["xavier_uniform"] = "xavier_uniform"
    summary = "uniform on +-gain * sqrt(6 / (in + out)) (Glorot and Bengio 2010)"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        from torch.nn import init

        init.xavier_uniform_(weight, gain, generator=generator)


class LeCunNormal(_Initializer):
    """LeCun et al. 1998: variance 1/fan-in whatever the activation."""

    name: Literal["lecun_normal"] = "lecun_normal"
    summary = "normal with std = 1 / sqrt(in) (LeCun et al. 1998); the one for SELU"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        weight.normal_(0.0, 1 / math.sqrt(weight.shape[1]), generator=generator)


class Orthogonal(_Initializer):
    """Saxe et al. 2014: a random rotation, scaled by the gain."""

    name: Literal["orthogonal"] = "orthogonal"
    summary = "a random (semi-)orthogonal matrix times the gain (Saxe et al. 2014)"

    def fill(self, weight: Tensor, gain: float, generator: Generator) -> None:
        import torch
        from torch.nn import init

        # orthogonal_ resizes its argument's storage, which a view of the stack can't be.
        fresh = torch.empty(weight.shape, dtype=weight.dtype)
        weight.copy_(init.orthogonal_(fresh, gain, generator=generator))


class PyTorchDefault(_Initializer):
    """What ``torch.nn.Linear`` does: weights and biases uniform on +-1/sqrt(fan-in)."""

    name: Literal["pytorch_default"] = "pytorch_default"
    summary = "torch.nn.Linear's own: weights and biases uniform on +-1/sqrt(in)"

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
