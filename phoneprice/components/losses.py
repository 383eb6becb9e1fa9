"""Loss functions, with the output they need and the link from outputs to probabilities.

``row_losses(outputs, targets)`` takes ``(K, B, W)`` outputs and ``(K, B)`` targets and returns ``(K, B)`` losses, one a
row; the training loop weighs and averages them. ``link(outputs)`` maps ``(n, W)`` outputs to ``(n, C)`` probabilities
(regression: to the values themselves) in NumPy, the same for every engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, Guide, NonNegative, Positive, TaskKind, is_off
from phoneprice.components.normal import normal_tail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Array = NDArray[np.floating[Any]]

ClassWeights = Annotated[
    Literal["none", "balanced"] | tuple[Positive, ...],
    Field(description='of each class: "none", "balanced" (rows / (classes * rows of the class)) or one number a label'),
    Guide("classes are of unequal size and the rare ones count as much: balanced"),
]
Focus = Annotated[
    NonNegative,
    Field(description="focusing exponent gamma: 0 is the plain loss", le=10),
    Guide(
        "easy rows are many and hard ones few: 1 to 2",
        source="Lin et al. 2017: Focal Loss for Dense Object Detection",
        formula="(1 - p)^gamma * loss, p of the true class",
    ),
]


class _Loss(Component):
    tasks: ClassVar[frozenset[TaskKind]]
    ordered: ClassVar[bool] = False
    """The network gives one latent score, which learned cut points turn into ``C - 1`` cumulative logits."""
    class_targets: ClassVar[bool] = True
    """Targets are class indices (int64); otherwise values (floating point)."""
    noise_power: ClassVar[float | None] = None
    """Regression: the exponent of the error in the noise this loss is the likelihood of (1 Laplace, 2 normal).

    Per row the negative log likelihood is ``loss * c``; with the noise's scale at its most likely value the sum over
    rows is ``n`` times ``log(mean loss) / power``, whose slope is the loss's over ``power * mean loss``. So beside the
    loss itself a penalty counts ``power * mean loss`` times. A class loss is a log likelihood already.
    """

    def output_width(self, classes: int) -> int:
        """Number of outputs ``W`` for ``classes`` classes (regression: 0 classes)."""
        raise NotImplementedError

    def row_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """``(K, B, W)`` outputs and ``(K, B)`` targets to ``(K, B)`` losses."""
        raise NotImplementedError

    def link(self, outputs: Array) -> Array:
        """``(n, W)`` outputs to ``(n, C)`` probabilities, or ``(n, 1)`` values."""
        raise NotImplementedError


class CrossEntropy(_Loss):
    """Softmax cross-entropy, with label smoothing (Szegedy et al. 2016) and focusing (Lin et al. 2017)."""

    name: Literal["cross_entropy"] = "cross_entropy"
    summary = "softmax cross-entropy; label smoothing, class weights, focal"
    formula = "-log p(true class), p = softmax(outputs)"
    when = "classes without an order"
    source = "Goodfellow, Bengio and Courville 2016: Deep Learning, section 6.2.2.3"
    tasks = frozenset[TaskKind]({"ordinal", "multiclass", "binary"})
    label_smoothing: Annotated[
        float,
        Field(ge=0, lt=1, description="share of the target spread evenly over all classes"),
        Guide(
            "probabilities are too sure, or some labels are wrong: 0.05 to 0.1",
            source="Szegedy et al. 2016: Rethinking the Inception Architecture for Computer Vision",
            formula="(1 - s) * loss + s * mean of -log p over the classes",
        ),
    ] = 0.0
    focal_gamma: Focus = 0.0
    class_weights: ClassWeights = "none"

    def output_width(self, classes: int) -> int:
        return classes

    def row_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        log_p = outputs.log_softmax(-1)
        hit = log_p.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
        loss = -hit
        if not is_off(self.label_smoothing):
            loss = (1 - self.label_smoothing) * loss - self.label_smoothing * log_p.mean(-1)
        return _focused(loss, hit, self.focal_gamma)

    def link(self, outputs: Array) -> Array:
        import numpy as np

        p: Array = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p


class BinaryCrossEntropy(_Loss):
    """Cross-entropy on one logit, the log-odds of the second class."""

    name: Literal["binary_cross_entropy"] = "binary_cross_entropy"
    summary = "cross-entropy on one logit with a sigmoid link; label smoothing, class weights, focal"
    formula = "-log p(true class), p(second class) = 1 / (1 + exp(-output))"
    when = "two classes"
    source = "Goodfellow, Bengio and Courville 2016: Deep Learning, section 6.2.2.2"
    tasks = frozenset[TaskKind]({"binary"})
    label_smoothing: Annotated[
        float,
        Field(ge=0, lt=1, description="share of the target spread evenly over both classes"),
        Guide(
            "probabilities are too sure, or some labels are wrong: 0.05 to 0.1",
            source="Szegedy et al. 2016: Rethinking the Inception Architecture for Computer Vision",
            formula="(1 - s) * loss + s * mean of -log p over the classes",
        ),
    ] = 0.0
    focal_gamma: Focus = 0.0
    class_weights: ClassWeights = "none"

    def output_width(self, classes: int) -> int:
        return 1

    def row_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        import torch.nn.functional as F

        logit = outputs.squeeze(-1)
        toward = logit * (2 * targets - 1)
        hit = F.logsigmoid(toward)
        loss = -hit
        if not is_off(self.label_smoothing):
            # Half of the smoothed share goes to the other class, whose loss is larger by the logit toward the target.
            loss = loss + 0.5 * self.label_smoothing * toward
        return _focused(loss, hit, self.focal_gamma)

    def link(self, outputs: Array) -> Array:
        import numpy as np

        tail = _logistic_tail(outputs)
        likely = 1 - tail
        positive = outputs > 0
        return np.concatenate([np.where(positive, tail, likely), np.where(positive, likely, tail)], axis=1)


class Ordinal(_Loss):
    """Cumulative-link (proportional-odds) loss for ordered classes (McCullagh 1980).

    Outputs are the ``C - 1`` cumulative logits ``sharpness * (score - cut_j)``, decreasing in ``j``;
    ``P(y > j) = F(logit_j)`` with ``F`` the logistic or the normal distribution function.
    """

    name: Literal["ordinal"] = "ordinal"
    summary = "cumulative link on one latent score with learned cut points"
    formula = "-log P(true class), P(y > j) = F(sharpness * (score - cut_j))"
    when = "classes in an order, where a miss by two is worse than a miss by one"
    source = "McCullagh 1980: Regression Models for Ordinal Data"
    tasks = frozenset[TaskKind]({"ordinal"})
    ordered = True
    distribution: Annotated[
        Literal["logit", "probit"],
        Field(description="distribution of the noise on the score: logistic or normal"),
        Guide(
            "logit where some rows are far from the class that all the others of their kind have",
            source="McCullagh 1980: Regression Models for Ordinal Data",
        ),
    ] = "logit"
    class_weights: ClassWeights = "none"

    def output_width(self, classes: int) -> int:
        return classes - 1

    def row_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        from phoneprice.components.cumulative import edges_around, log_logistic_between, log_normal_between

        # P(y = c) = F(upper) - F(lower)
        log_between = log_normal_between if self.distribution == "probit" else log_logistic_between
        return -log_between(edges_around(outputs, targets))

    def quantile(self, p: Tensor) -> Tensor:
        """The score below which a share ``p`` of the noise lies: where cut points start."""
        import torch

        return torch.special.ndtri(p) if self.distribution == "probit" else p.logit()

    def link(self, outputs: Array) -> Array:

        # F is a step at zero plus its tail there, signed. Taken apart, P(y = c) = F(a) - F(b), with a the cumulative
        # logit before the class and b the one after it, keeps the digits that F itself loses close to 1.
        step = (outputs > 0).astype(outputs.dtype)
        tail = _logistic_tail(outputs) if self.distribution == "logit" else normal_tail(outputs)
        tail *= 1 - 2 * step
        p: Array = _falls(step, first=1)
        p += _falls(tail, first=0)
        return p


def _falls(values: Array, first: float) -> Array:
    """From ``first`` over the columns of ``(n, W)`` values down to 0: the ``(n, W + 1)`` steps, laid out alike."""
    import numpy as np

    n, width = values.shape
    falls = np.empty_like(values, shape=(n, width + 1))
    np.subtract(first, values[:, 0], out=falls[:, 0])
    np.subtract(values[:, :-1], values[:, 1:], out=falls[:, 1:-1])
    falls[:, -1] = values[:, -1]
    return falls


class _Regression(_Loss):
    tasks = frozenset[TaskKind]({"regression"})
    class_targets = False
    noise_power = 2.0

    def output_width(self, classes: int) -> int:
        return 1

    def link(self, outputs: Array) -> Array:
        return outputs


class MeanAbsoluteError(_Regression):
    """L1: the median is its minimum."""

    name: Literal["l1"] = "l1"
    summary = "absolute error; its minimum is the median"
    formula = "|y - f|"
    when = "numbers with values far out, or whose median is wanted"
    source = "Koenker and Bassett 1978: Regression Quantiles"
    noise_power = 1.0

    def row_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.squeeze(-1) - targets).abs()


class MeanSquaredError(_Regression):
    """L2: the mean is its minimum."""

    name: Literal["mse"] = "mse"
    summary = "squared error; its minimum is the mean"
    formula = "(y - f)^2"
    when = "numbers whose mean is wanted: the start"
    source = "Hastie, Tibshirani and Friedman 2009: The Elements of Statistical Learning, section 2.4"

    def row_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.squeeze(-1) - targets).square()


class SmoothL1(_Regression):
    """Quadratic below ``beta``, linear above, slope 1 (Girshick 2015)."""

    name: Literal["smooth_l1"] = "smooth_l1"
    summary = "quadratic below beta, linear with slope 1 above"
    formula = "(y - f)^2 / (2 * beta) where |y - f| < beta, else |y - f| - beta / 2"
    when = "as huber, but for the slope of large errors"
    source = "Girshick 2015: Fast R-CNN"
    beta: Annotated[
        Positive,
        Field(description="error, in target standard deviations, where it becomes linear"),
        Guide("smaller the more values are far out"),
    ] = 1.0

    def row_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        import torch.nn.functional as F

        return F.smooth_l1_loss(outputs.squeeze(-1), targets, reduction="none", beta=self.beta)


class Huber(_Regression):
    """Quadratic below ``delta``, linear with slope ``delta`` above (Huber 1964)."""

    name: Literal["huber"] = "huber"
    summary = "quadratic below delta, linear with slope delta above"
    formula = "(y - f)^2 / 2 where |y - f| < delta, else delta * (|y - f| - delta / 2)"
    when = "numbers with some values far out that should not decide"
    source = "Huber 1964: Robust Estimation of a Location Parameter"
    delta: Annotated[
        Positive,
        Field(description="error, in target standard deviations, where it becomes linear"),
        Guide("smaller the more values are far out"),
    ] = 1.0

    def row_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        import torch.nn.functional as F

        return F.huber_loss(outputs.squeeze(-1), targets, reduction="none", delta=self.delta)


def _focused(loss: Tensor, log_p: Tensor, gamma: float) -> Tensor:
    """Scale by ``(1 - p)**gamma`` (Lin et al. 2017, equation 4)."""
    if is_off(gamma):
        return loss
    # The floor keeps the power's gradient finite where p rounds to 1.
    return loss * (-log_p.expm1()).clamp_min(1e-6).pow(gamma)


def _logistic_tail(x: Array) -> Array:
    """``sigmoid(-|x|)``: the smaller of both sides, to full relative precision."""
    import numpy as np

    p: Array = np.exp(-np.abs(x))
    p /= 1 + p
    return p


Loss = Annotated[
    CrossEntropy | BinaryCrossEntropy | Ordinal | MeanAbsoluteError | MeanSquaredError | SmoothL1 | Huber,
    Field(discriminator="name"),
]
