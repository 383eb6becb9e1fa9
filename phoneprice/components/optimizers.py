"""Optimizers: PyTorch's own, over stacked parameters.

Every rule here is element-wise, so a step on a stack ``(K, ...)`` is K separate steps. Muon alone needs matrices and is
given 2-D views of the stack by the training loop. ``build(groups)`` takes PyTorch parameter groups, each with its own
``lr`` and ``weight_decay``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, NonNegative, Positive, Rate

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer

Groups = Sequence[dict[str, Any]]
_LR = Field(description="base learning rate")
_EPS = Field(description="added to the denominator")
_FIRST = Field(description="decay of the average of gradients")
_SECOND = Field(description="decay of the average of squared gradients")


class _Optimizer(Component):
    decoupled_decay: ClassVar[bool] = False
    """Decay shrinks the weights themselves (Loshchilov and Hutter 2019); else it is a part of the gradient."""
    lr: Annotated[Positive, _LR]
    skip_lr: Annotated[
        Positive | None, Field(description='learning rate of the skip path, cut points and sharpness; "none": lr')
    ] = None
    weight_decay: Annotated[NonNegative, Field(description="pull of the network's weights toward zero")] = 0.0
    skip_weight_decay: Annotated[NonNegative, Field(description="pull of the skip path's weights toward zero")] = 0.0

    def build(self, groups: Groups) -> TorchOptimizer:
        """The optimizer over ``groups``."""
        raise NotImplementedError


class SGD(_Optimizer):
    """Gradient descent on batches."""

    name: Literal["sgd"] = "sgd"
    summary = "w <- w - lr * gradient"
    lr: Annotated[Positive, _LR] = 0.1

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import SGD as Rule

        return Rule(groups, fused=True)


class Momentum(_Optimizer):
    """Heavy-ball momentum (Polyak 1964)."""

    name: Literal["momentum"] = "momentum"
    summary = "SGD with an average of past gradients (Polyak 1964)"
    lr: Annotated[Positive, _LR] = 0.02
    momentum: Annotated[Rate, Field(description="share of the velocity kept each step")] = 0.9

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import SGD as Rule

        return Rule(groups, momentum=self.momentum, fused=True)


class Nesterov(_Optimizer):
    """Nesterov's accelerated gradient (Sutskever et al. 2013)."""

    name: Literal["nesterov"] = "nesterov"
    summary = "momentum that looks ahead (Sutskever et al. 2013)"
    lr: Annotated[Positive, _LR] = 0.02
    momentum: Annotated[float, Field(gt=0, lt=1, description="share of the velocity kept each step")] = 0.9

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import SGD as Rule

        return Rule(groups, momentum=self.momentum, nesterov=True, fused=True)


class Adagrad(_Optimizer):
    """Adagrad (Duchi et al. 2011)."""

    name: Literal["adagrad"] = "adagrad"
    summary = "steps shrink with the sum of squared gradients (Duchi et al. 2011)"
    lr: Annotated[Positive, _LR] = 0.03
    eps: Annotated[Positive, _EPS] = 1e-10

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import Adagrad as Rule

        return Rule(groups, eps=self.eps)


class RMSprop(_Optimizer):
    """RMSprop (Tieleman and Hinton 2012)."""

    name: Literal["rmsprop"] = "rmsprop"
    summary = "steps divided by the running size of the gradient (Tieleman and Hinton 2012)"
    lr: Annotated[Positive, _LR] = 0.002
    alpha: Annotated[Rate, _SECOND] = 0.99
    momentum: Annotated[Rate, Field(description="share of the velocity kept each step")] = 0.0
    eps: Annotated[Positive, _EPS] = 1e-8

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import RMSprop as Rule

        return Rule(groups, alpha=self.alpha, momentum=self.momentum, eps=self.eps)


class _AdamFamily(_Optimizer):
    lr: Annotated[Positive, _LR] = 0.005
    beta1: Annotated[Rate, _FIRST] = 0.9
    beta2: Annotated[Rate, _SECOND] = 0.999
    eps: Annotated[Positive, _EPS] = 1e-8

    @property
    def betas(self) -> tuple[float, float]:
        """Both decays, as PyTorch takes them."""
        return self.beta1, self.beta2


class Adam(_AdamFamily):
    """Adam (Kingma and Ba 2015)."""

    name: Literal["adam"] = "adam"
    summary = "momentum and RMSprop, bias-corrected (Kingma and Ba 2015)"

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import Adam as Rule

        return Rule(groups, betas=self.betas, eps=self.eps, fused=True)


class AdamW(_AdamFamily):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    name: Literal["adamw"] = "adamw"
    summary = "Adam with decoupled weight decay (Loshchilov and Hutter 2019)"
    decoupled_decay = True

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import AdamW as Rule

        return Rule(groups, betas=self.betas, eps=self.eps, fused=True)


class NAdam(_AdamFamily):
    """Adam with Nesterov momentum (Dozat 2016)."""

    name: Literal["nadam"] = "nadam"
    summary = "Adam with Nesterov momentum (Dozat 2016)"

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import NAdam as Rule

        return Rule(groups, betas=self.betas, eps=self.eps)


class RAdam(_AdamFamily):
    """Rectified Adam (Liu et al. 2020)."""

    name: Literal["radam"] = "radam"
    summary = "Adam that starts as SGD until its variance is known (Liu et al. 2020)"

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import RAdam as Rule

        return Rule(groups, betas=self.betas, eps=self.eps)


class Adadelta(_Optimizer):
    """Adadelta (Zeiler 2012)."""

    name: Literal["adadelta"] = "adadelta"
    summary = "steps in units of past steps (Zeiler 2012)"
    lr: Annotated[Positive, _LR] = 1.0
    rho: Annotated[Rate, _SECOND] = 0.9
    eps: Annotated[Positive, _EPS] = 1e-6

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import Adadelta as Rule

        return Rule(groups, rho=self.rho, eps=self.eps)


class Adamax(_AdamFamily):
    """Adam with the infinity norm (Kingma and Ba 2015, section 7.1)."""

    name: Literal["adamax"] = "adamax"
    summary = "Adam with the infinity norm (Kingma and Ba 2015)"

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import Adamax as Rule

        return Rule(groups, betas=self.betas, eps=self.eps)


class Muon(_Optimizer):
    """Momentum orthogonalised by Newton-Schulz steps (Jordan et al. 2024) for matrices; AdamW for the rest."""

    name: Literal["muon"] = "muon"
    summary = "orthogonalised momentum for matrices, AdamW for the rest (Jordan et al. 2024)"
    decoupled_decay = True
    lr: Annotated[Positive, _LR] = 0.02
    momentum: Annotated[Rate, Field(description="share of the velocity kept each step")] = 0.95
    adamw_lr: Annotated[Positive, Field(description="learning rate of AdamW for biases and the skip path")] = 0.005

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import Muon as Rule

        return Rule(groups, momentum=self.momentum)

    def for_other_parameters(self) -> AdamW:
        """What trains the parameters that are no matrices."""
        return AdamW(
            lr=self.adamw_lr,
            skip_lr=self.skip_lr,
            weight_decay=self.weight_decay,
            skip_weight_decay=self.skip_weight_decay,
        )


Optimizer = Annotated[
    SGD | Momentum | Nesterov | Adagrad | RMSprop | Adam | AdamW | NAdam | RAdam | Adadelta | Adamax | Muon,
    Field(discriminator="name"),
]
