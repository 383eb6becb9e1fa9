"""Optimizers: PyTorch's own, over stacked parameters.

Every rule here is element-wise, so a step on a stack ``(K, ...)`` is K separate steps. Muon alone needs matrices and is
given 2-D views of the stack by the training loop. ``build(groups)`` takes PyTorch parameter groups, each with its own
``lr`` and ``weight_decay``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, Guide, NonNegative, Positive, Rate

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer

Groups = Sequence[dict[str, Any]]
_ADAM = "Kingma and Ba 2015: Adam, A Method for Stochastic Optimization"
LearningRate = Annotated[
    Positive,
    Field(description="base learning rate"),
    Guide(
        "the first thing to tune, by factors of 3: too high, the loss jumps; too low, it still falls at the end",
        source="Goodfellow, Bengio and Courville 2016: Deep Learning, section 11.4.1",
    ),
]
Eps = Annotated[
    Positive, Field(description="added to the denominator"), Guide("larger where tiny gradients make large steps")
]
FirstDecay = Annotated[
    Rate,
    Field(description="decay of the average of gradients"),
    Guide("seldom: 0.9 is right for most", source=_ADAM),
]
SecondDecay = Annotated[
    Rate,
    Field(description="decay of the average of squared gradients"),
    Guide("smaller for short trainings: 0.99", source=_ADAM),
]


class _Optimizer(Component):
    decoupled_decay: ClassVar[bool] = False
    """Decay shrinks the weights themselves (Loshchilov and Hutter 2019); else it is a part of the gradient."""
    lr: LearningRate
    skip_lr: Annotated[
        Positive | None,
        Field(description='learning rate of the skip path, cut points and sharpness; "none": lr'),
        Guide("the linear part learns slower or faster than the hidden layers do"),
    ] = None
    weight_decay: Annotated[
        NonNegative,
        Field(description="pull of the network's weights toward zero"),
        Guide(
            "the validation loss is far above the training loss: 1e-4 to 1e-1",
            source="Krogh and Hertz 1992: A Simple Weight Decay Can Improve Generalization",
            formula="adamw and muon: w <- w - lr * weight_decay * w; others: gradient + weight_decay * w",
        ),
    ] = 0.0
    skip_weight_decay: Annotated[
        NonNegative,
        Field(description="pull of the skip path's weights toward zero"),
        Guide("as weight_decay, with many columns that tell little"),
    ] = 0.0

    def build(self, groups: Groups) -> TorchOptimizer:
        """The optimizer over ``groups``."""
        raise NotImplementedError


class SGD(_Optimizer):
    """Gradient descent on batches."""

    name: Literal["sgd"] = "sgd"
    summary = "gradient descent on batches"
    formula = "w <- w - lr * gradient"
    when = "to compare with: the rate has to fit, and often a schedule"
    source = "Robbins and Monro 1951: A Stochastic Approximation Method"
    lr: LearningRate = 0.1

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import SGD as Rule

        return Rule(groups, fused=True)


class Momentum(_Optimizer):
    """Heavy-ball momentum (Polyak 1964)."""

    name: Literal["momentum"] = "momentum"
    summary = "SGD with an average of past gradients"
    formula = "v <- momentum * v + gradient, w <- w - lr * v"
    when = "long trainings with a schedule"
    source = "Polyak 1964: Some Methods of Speeding Up the Convergence of Iteration Methods"
    lr: LearningRate = 0.02
    momentum: Annotated[
        Rate,
        Field(description="share of the velocity kept each step"),
        Guide(
            "0.9 for most; more where gradients are noisy",
            source="Sutskever et al. 2013: On the Importance of Initialization and Momentum in Deep Learning",
        ),
    ] = 0.9

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import SGD as Rule

        return Rule(groups, momentum=self.momentum, fused=True)


class Nesterov(_Optimizer):
    """Nesterov's accelerated gradient (Sutskever et al. 2013)."""

    name: Literal["nesterov"] = "nesterov"
    summary = "momentum that looks ahead"
    formula = "v <- momentum * v + gradient, w <- w - lr * (gradient + momentum * v)"
    when = "as momentum"
    source = "Sutskever et al. 2013: On the Importance of Initialization and Momentum in Deep Learning"
    lr: LearningRate = 0.02
    momentum: Annotated[
        float,
        Field(gt=0, lt=1, description="share of the velocity kept each step"),
        Guide(
            "0.9 for most; more where gradients are noisy",
            source="Sutskever et al. 2013: On the Importance of Initialization and Momentum in Deep Learning",
        ),
    ] = 0.9

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import SGD as Rule

        return Rule(groups, momentum=self.momentum, nesterov=True, fused=True)


class Adagrad(_Optimizer):
    """Adagrad (Duchi et al. 2011)."""

    name: Literal["adagrad"] = "adagrad"
    summary = "steps shrink with the sum of squared gradients"
    formula = "s <- s + gradient^2, w <- w - lr * gradient / (sqrt(s) + eps)"
    when = "inputs that are mostly zero, such as many rare categories"
    source = "Duchi et al. 2011: Adaptive Subgradient Methods for Online Learning and Stochastic Optimization"
    lr: LearningRate = 0.03
    eps: Eps = 1e-10

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import Adagrad as Rule

        return Rule(groups, eps=self.eps)


class RMSprop(_Optimizer):
    """RMSprop (Tieleman and Hinton 2012)."""

    name: Literal["rmsprop"] = "rmsprop"
    summary = "steps divided by the running size of the gradient"
    formula = "s <- alpha * s + (1 - alpha) * gradient^2, w <- w - lr * gradient / (sqrt(s) + eps)"
    when = "to compare with adam, which adds momentum"
    source = "Tieleman and Hinton 2012: Neural Networks for Machine Learning, lecture 6.5"
    lr: LearningRate = 0.002
    alpha: SecondDecay = 0.99
    momentum: Annotated[
        Rate,
        Field(description="share of the velocity kept each step"),
        Guide(
            "0.9 for most; more where gradients are noisy",
            source="Sutskever et al. 2013: On the Importance of Initialization and Momentum in Deep Learning",
        ),
    ] = 0.0
    eps: Eps = 1e-8

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import RMSprop as Rule

        return Rule(groups, alpha=self.alpha, momentum=self.momentum, eps=self.eps)


class _AdamFamily(_Optimizer):
    lr: LearningRate = 0.005
    beta1: FirstDecay = 0.9
    beta2: SecondDecay = 0.999
    eps: Eps = 1e-8

    @property
    def betas(self) -> tuple[float, float]:
        """Both decays, as PyTorch takes them."""
        return self.beta1, self.beta2


class Adam(_AdamFamily):
    """Adam (Kingma and Ba 2015)."""

    name: Literal["adam"] = "adam"
    summary = "momentum and RMSprop, bias-corrected"
    formula = "w <- w - lr * m / (sqrt(v) + eps), m and v averages of gradient and gradient^2"
    when = "the usual choice: start here"
    source = _ADAM

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import Adam as Rule

        return Rule(groups, betas=self.betas, eps=self.eps, fused=True)


class AdamW(_AdamFamily):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    name: Literal["adamw"] = "adamw"
    summary = "Adam with decoupled weight decay"
    formula = "as adam, and w <- w - lr * weight_decay * w"
    when = "where weights are to decay"
    source = "Loshchilov and Hutter 2019: Decoupled Weight Decay Regularization"
    decoupled_decay = True

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import AdamW as Rule

        return Rule(groups, betas=self.betas, eps=self.eps, fused=True)


class NAdam(_AdamFamily):
    """Adam with Nesterov momentum (Dozat 2016)."""

    name: Literal["nadam"] = "nadam"
    summary = "Adam with Nesterov momentum"
    formula = "as adam, m taken one step ahead"
    when = "as adam"
    source = "Dozat 2016: Incorporating Nesterov Momentum into Adam"

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import NAdam as Rule

        return Rule(groups, betas=self.betas, eps=self.eps)


class RAdam(_AdamFamily):
    """Rectified Adam (Liu et al. 2020)."""

    name: Literal["radam"] = "radam"
    summary = "Adam that starts as SGD until its variance is known"
    formula = "as adam, the step times how well v is known"
    when = "where adam jumps in its first steps"
    source = "Liu et al. 2020: On the Variance of the Adaptive Learning Rate and Beyond"

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import RAdam as Rule

        return Rule(groups, betas=self.betas, eps=self.eps)


class Adadelta(_Optimizer):
    """Adadelta (Zeiler 2012)."""

    name: Literal["adadelta"] = "adadelta"
    summary = "steps in units of past steps"
    formula = "w <- w - lr * gradient * rms(past steps) / rms(gradients)"
    when = "where no rate is to be tuned"
    source = "Zeiler 2012: ADADELTA, An Adaptive Learning Rate Method"
    lr: LearningRate = 1.0
    rho: SecondDecay = 0.9
    eps: Eps = 1e-6

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import Adadelta as Rule

        return Rule(groups, rho=self.rho, eps=self.eps)


class Adamax(_AdamFamily):
    """Adam with the infinity norm (Kingma and Ba 2015, section 7.1)."""

    name: Literal["adamax"] = "adamax"
    summary = "Adam with the infinity norm"
    formula = "u <- max(beta2 * u, |gradient|), w <- w - lr * m / u"
    when = "as adam, where single gradients are very large"
    source = "Kingma and Ba 2015: Adam, A Method for Stochastic Optimization, section 7.1"

    def build(self, groups: Groups) -> TorchOptimizer:
        from torch.optim import Adamax as Rule

        return Rule(groups, betas=self.betas, eps=self.eps)


class Muon(_Optimizer):
    """Momentum orthogonalised by Newton-Schulz steps (Jordan et al. 2024) for matrices; AdamW for the rest."""

    name: Literal["muon"] = "muon"
    summary = "orthogonalised momentum for matrices, AdamW for the rest"
    formula = "v <- momentum * v + gradient, W <- W - lr * orthogonalised(gradient + momentum * v)"
    when = "wide hidden layers and long trainings"
    source = "Jordan et al. 2024: Muon, An Optimizer for Hidden Layers in Neural Networks"
    decoupled_decay = True
    lr: LearningRate = 0.02
    momentum: Annotated[
        Rate,
        Field(description="share of the velocity kept each step"),
        Guide(
            "0.9 for most; more where gradients are noisy",
            source="Sutskever et al. 2013: On the Importance of Initialization and Momentum in Deep Learning",
        ),
    ] = 0.95
    adamw_lr: Annotated[
        Positive,
        Field(description="learning rate of AdamW for biases and the skip path"),
        Guide("as the rate of adamw"),
    ] = 0.005

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
