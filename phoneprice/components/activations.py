"""Activation functions, for training (torch) and for prediction (NumPy).

``torch(x, slope)`` and ``numpy(x, slope)`` map an array of any shape to one of the same shape, and may use the memory
of ``x`` for it: a fresh array's first pass over memory costs more than the function does. ``slope`` is
given only to a component with ``learned_slope`` and broadcasts against ``x``. ``gain`` is the factor that
initialisers multiply the standard deviation by: ``torch.nn.init.calculate_gain`` where PyTorch defines one,
otherwise ``1 / sqrt(E[f(z)**2])`` for ``z ~ N(0, 1)`` (He et al. 2015, section 2.2), which keeps the second moment.
For SELU too: that gain is 1, the one its fixed point needs, and PyTorch's 3/4 is not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, Guide, Positive
from phoneprice.components.normal import normal_cdf

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Array = NDArray[np.floating[Any]]


class _Activation(Component):
    learned_slope: ClassVar[bool] = False
    rectifier: ClassVar[bool] = False
    """Exactly zero with zero gradient for all negative inputs: such units can die."""
    saturates: ClassVar[bool] = False
    """Constant to the last bit for large inputs of either sign, not only bounded: such units can saturate."""
    fixed_gain: ClassVar[float] = 1.0
    """The gain of a function without settings that it depends on."""

    @property
    def gain(self) -> float:
        """The factor for the initial standard deviation of the layer before."""
        return self.fixed_gain

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        """Apply to a tensor of any shape, differentiably; may overwrite ``x``."""
        return x

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        """Apply to an array of any shape; may overwrite ``x``."""
        return x


class Identity(_Activation):
    """No activation: stacked layers stay linear."""

    name: Literal["identity"] = "identity"
    summary = "no activation: stacked layers stay linear"
    formula = "f(x) = x"
    when = "to see what a network can do without a bend; else hidden layers are of no use"


class Sigmoid(_Activation):
    """The logistic function."""

    name: Literal["sigmoid"] = "sigmoid"
    summary = "logistic function; saturates on both sides"
    formula = "f(x) = 1 / (1 + exp(-x))"
    when = "seldom in hidden layers, where its gradient, at most 1/4 a layer, vanishes; to show just that"
    source = "Rumelhart, Hinton and Williams 1986: Learning Representations by Back-Propagating Errors"
    saturates = True

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        return x.sigmoid_()

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        # 0.5 * (1 + tanh(x / 2)) is the same function and can't overflow.
        x *= 0.5
        np.tanh(x, out=x)
        x += 1
        x *= 0.5
        return x


class Tanh(_Activation):
    """The hyperbolic tangent."""

    name: Literal["tanh"] = "tanh"
    summary = "hyperbolic tangent; zero-centred, saturates on both sides"
    formula = "f(x) = tanh(x)"
    when = "networks of one or two hidden layers, with model.init = xavier_normal"
    source = "LeCun et al. 1998: Efficient BackProp, section 4.4"
    saturates = True
    fixed_gain = 5 / 3

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        return x.tanh_()

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        np.tanh(x, out=x)
        return x


class ReLU(_Activation):
    """Rectified linear unit (Nair and Hinton 2010)."""

    name: Literal["relu"] = "relu"
    summary = "rectified linear unit"
    formula = "f(x) = max(0, x)"
    when = "the usual choice: start here; where the report finds dead units, try leaky_relu"
    source = "Nair and Hinton 2010: Rectified Linear Units Improve Restricted Boltzmann Machines"
    rectifier = True
    fixed_gain = math.sqrt(2)

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        return x.relu_()

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        np.clip(x, 0, np.inf, out=x)  # np.maximum with a number takes three times as long
        return x


class LeakyReLU(_Activation):
    """Leaky rectifier (Maas et al. 2013)."""

    name: Literal["leaky_relu"] = "leaky_relu"
    summary = "rectifier that lets a little of negative inputs through"
    formula = "f(x) = x for x > 0, else slope * x"
    when = "where units of relu die"
    source = "Maas et al. 2013: Rectifier Nonlinearities Improve Neural Network Acoustic Models"
    slope: Annotated[
        float,
        Field(ge=0, lt=1, description="slope for negative inputs"),
        Guide("0.1 or more where units still learn nothing"),
    ] = 0.01

    @property
    def gain(self) -> float:
        return math.sqrt(2 / (1 + self.slope**2))

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        import torch.nn.functional as F

        return F.leaky_relu(x, self.slope)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        return np.maximum(x, x * x.dtype.type(self.slope), out=x)


class PReLU(_Activation):
    """Leaky rectifier with a learned slope a unit (He et al. 2015)."""

    name: Literal["prelu"] = "prelu"
    summary = "leaky ReLU whose slope is learned, one a unit"
    formula = "f(x) = x for x > 0, else slope * x"
    when = "as leaky_relu, with rows enough to learn a slope a unit"
    source = "He et al. 2015: Delving Deep into Rectifiers"
    learned_slope = True
    initial_slope: Annotated[
        float, Field(ge=0, lt=1, description="slope before training"), Guide("seldom: it is learned")
    ] = 0.25

    @property
    def gain(self) -> float:
        return math.sqrt(2 / (1 + self.initial_slope**2))

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        import torch

        assert slope is not None  # the model gives one to a component with learned_slope
        return torch.where(x > 0, x, x * slope)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        assert slope is not None
        return np.where(x > 0, x, x * slope)


class ELU(_Activation):
    """Exponential linear unit (Clevert et al. 2016)."""

    name: Literal["elu"] = "elu"
    summary = "exponential linear unit; negative inputs approach -alpha"
    formula = "f(x) = x for x > 0, else alpha * (exp(x) - 1)"
    when = "a smooth rectifier with outputs around zero, without normalisation"
    source = "Clevert et al. 2016: Fast and Accurate Deep Network Learning by Exponential Linear Units"
    alpha: Annotated[float, Field(gt=0, le=10, description="limit for very negative inputs"), Guide("seldom")] = 1.0

    @property
    def gain(self) -> float:
        # E[f^2] = 1/2 + alpha^2 * E[(exp(z) - 1)^2; z < 0]
        #        = 1/2 + alpha^2 * (e^2 Phi(-2) - 2 sqrt(e) Phi(-1) + 1/2)
        tail = math.e**2 * _ndtr(-2) - 2 * math.sqrt(math.e) * _ndtr(-1) + 0.5
        return 1 / math.sqrt(0.5 + self.alpha**2 * tail)

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        import torch.nn.functional as F

        return F.elu(x, self.alpha)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        return np.where(x > 0, x, x.dtype.type(self.alpha) * np.expm1(np.clip(x, -np.inf, 0)))


_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


class SELU(_Activation):
    """Self-normalising exponential linear unit (Klambauer et al. 2017)."""

    name: Literal["selu"] = "selu"
    summary = "scaled ELU that keeps mean 0 and variance 1 with LeCun initialisation"
    formula = "f(x) = 1.0507 * x for x > 0, else 1.7581 * (exp(x) - 1)"
    when = "deep networks without normalisation, with model.init = lecun_normal"
    source = "Klambauer et al. 2017: Self-Normalizing Neural Networks"

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        import torch.nn.functional as F

        return F.selu(x)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        scale, limit = x.dtype.type(_SELU_SCALE), x.dtype.type(_SELU_SCALE * _SELU_ALPHA)
        return np.where(x > 0, scale * x, limit * np.expm1(np.clip(x, -np.inf, 0)))


class GELU(_Activation):
    """Gaussian error linear unit (Hendrycks and Gimpel 2016), exact form."""

    name: Literal["gelu"] = "gelu"
    summary = "Gaussian error linear unit, in its exact form"
    formula = "f(x) = x * Phi(x), Phi the standard normal distribution function"
    when = "a smooth rectifier, with a gradient for small negative inputs"
    source = "Hendrycks and Gimpel 2016: Gaussian Error Linear Units"
    fixed_gain = 1.5335304411955353

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        import torch.nn.functional as F

        return F.gelu(x)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        x *= normal_cdf(x)
        return x


class SiLU(_Activation):
    """Sigmoid linear unit, also called swish (Ramachandran et al. 2017)."""

    name: Literal["silu"] = "silu"
    summary = "sigmoid linear unit, also called swish"
    formula = "f(x) = x / (1 + exp(-x))"
    when = "as gelu"
    source = "Ramachandran et al. 2017: Searching for Activation Functions"
    fixed_gain = 1.6765324703310913

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        import torch.nn.functional as F

        return F.silu(x)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        gate: Array = 0.5 * (1 + np.tanh(0.5 * x))
        return x * gate


class Mish(_Activation):
    """Self-regularised smooth activation (Misra 2019)."""

    name: Literal["mish"] = "mish"
    summary = "self-regularised smooth activation"
    formula = "f(x) = x * tanh(log(1 + exp(x)))"
    when = "as gelu"
    source = "Misra 2019: Mish, A Self Regularized Non-Monotonic Activation Function"
    fixed_gain = 1.486847581273208

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        import torch.nn.functional as F

        return F.mish(x)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        return x * np.tanh(np.logaddexp(x, 0))


class Softplus(_Activation):
    """Smooth rectifier (Dugas et al. 2001)."""

    name: Literal["softplus"] = "softplus"
    summary = "smooth rectifier"
    formula = "f(x) = log(1 + exp(x))"
    when = "a rectifier without a kink, whose units can't die"
    source = "Dugas et al. 2001: Incorporating Second-Order Functional Knowledge for Better Option Pricing"
    fixed_gain = 1.0418668355353016

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        import torch.nn.functional as F

        # Beyond PyTorch's own threshold of 20 its approximation by x shows in float64.
        return F.softplus(x, threshold=40)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        return np.logaddexp(x, 0)


class Hardtanh(_Activation):
    """The identity cut off at two bounds."""

    name: Literal["hardtanh"] = "hardtanh"
    summary = "identity cut off on both sides"
    formula = "f(x) = min(max(x, -limit), limit)"
    when = "a tanh of straight lines; its units saturate, so initial weights must be small"
    source = "Collobert 2004: Large Scale Machine Learning"
    saturates = True
    limit: Annotated[
        Positive,
        Field(description="where the output is cut off, on both sides"),
        Guide("larger where many units saturate"),
    ] = 1.0

    @property
    def gain(self) -> float:
        # E[min(z^2, c^2)] = 1 - 2 (c phi(c) + (1 - c^2) Phi(-c))
        c = self.limit
        density = math.exp(-c * c / 2) / math.sqrt(2 * math.pi)
        return 1 / math.sqrt(1 - 2 * (c * density + (1 - c * c) * _ndtr(-c)))

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        return x.clamp(-self.limit, self.limit)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        np.clip(x, -self.limit, self.limit, out=x)
        return x


class Hardswish(_Activation):
    """Piecewise form of swish (Howard et al. 2019)."""

    name: Literal["hardswish"] = "hardswish"
    summary = "swish of straight lines and a parabola"
    formula = "f(x) = x * min(max(x + 3, 0), 6) / 6"
    when = "as silu"
    source = "Howard et al. 2019: Searching for MobileNetV3"
    fixed_gain = 1.7366572127665416

    def torch(self, x: Tensor, slope: Tensor | None = None) -> Tensor:
        import torch.nn.functional as F

        return F.hardswish(x)

    def numpy(self, x: Array, slope: Array | None = None) -> Array:
        import numpy as np

        x *= np.clip(x + 3, 0, 6) / 6
        return x


def _ndtr(z: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


Activation = Annotated[
    Identity
    | Sigmoid
    | Tanh
    | ReLU
    | LeakyReLU
    | PReLU
    | ELU
    | SELU
    | GELU
    | SiLU
    | Mish
    | Softplus
    | Hardtanh
    | Hardswish,
    Field(discriminator="name"),
]
