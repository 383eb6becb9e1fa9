"""Learning-rate schedules.

``factor(epoch, epochs)`` is the multiplier of the base learning rate at a point of training, ``epoch`` counted in
(fractional) epochs done. It is a function of the position alone, so there is no state to save. ``reduce_on_plateau``
alone keeps state, one factor a member, updated after each epoch.
"""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, Guide, Positive

Decay = Annotated[
    float,
    Field(gt=0, lt=1, description="factor of each reduction"),
    Guide("nearer to 1 for smaller, more frequent reductions"),
]
Share = Annotated[float, Field(ge=0, le=1)]


class _Scheduler(Component):
    needs_epochs: ClassVar[bool] = False
    """Depends on the total number of epochs, so training can't simply go on for more."""
    warmup_epochs: Annotated[
        float,
        Field(ge=0, description="epochs over which the rate first rises linearly from zero"),
        Guide("the loss jumps in the first steps", source="Goyal et al. 2017: Accurate, Large Minibatch SGD"),
    ] = 0.0

    def factor(self, epoch: float, epochs: float, step: float = 0.0) -> float:
        """Multiplier of the base learning rate after ``epoch`` of ``epochs`` epochs, for a step of ``step`` epochs.

        The warm-up counts the step to be taken: else the first one would not move at all.
        """
        if epoch < self.warmup_epochs:
            return min((epoch + step) / self.warmup_epochs, 1.0)
        return self.decay(epoch - self.warmup_epochs, max(epochs - self.warmup_epochs, 1e-9))

    def decay(self, epoch: float, epochs: float) -> float:
        """The schedule after the warm-up."""
        return 1.0


class Constant(_Scheduler):
    """The base rate throughout."""

    name: Literal["constant"] = "constant"
    summary = "the base rate throughout"
    formula = "factor = 1"
    when = "short trainings, and to find a rate"


class Step(_Scheduler):
    """A reduction every so many epochs."""

    name: Literal["step"] = "step"
    summary = "times gamma every step_epochs"
    formula = "factor = gamma^floor(epoch / step_epochs)"
    when = "long trainings with sgd or momentum"
    step_epochs: Annotated[
        Positive,
        Field(description="epochs between two reductions"),
        Guide("a third of the epochs, or less for a gamma nearer to 1"),
    ] = 30
    gamma: Decay = 0.1

    def decay(self, epoch: float, epochs: float) -> float:
        return self.gamma ** math.floor(epoch / self.step_epochs)


class MultiStep(_Scheduler):
    """A reduction at each milestone."""

    name: Literal["multi_step"] = "multi_step"
    summary = "times gamma at each milestone"
    formula = "factor = gamma^(milestones passed)"
    when = "where the curves have told when the loss stops falling"
    milestones: Annotated[
        tuple[Positive, ...],
        Field(description="epochs at which the rate is reduced"),
        Guide("where the loss has stopped falling at the rate before"),
    ] = (50, 75)
    gamma: Decay = 0.1

    def decay(self, epoch: float, epochs: float) -> float:
        return self.gamma ** sum(epoch >= m for m in self.milestones)


class Exponential(_Scheduler):
    """A reduction every epoch."""

    name: Literal["exponential"] = "exponential"
    summary = "times gamma every epoch"
    formula = "factor = gamma^floor(epoch)"
    when = "a steady fall that doesn't depend on the number of epochs"
    gamma: Decay = 0.97

    def decay(self, epoch: float, epochs: float) -> float:
        return self.gamma ** math.floor(epoch)


class Cosine(_Scheduler):
    """Half a cosine from the base rate down (Loshchilov and Hutter 2017)."""

    name: Literal["cosine"] = "cosine"
    summary = "half a cosine down to final_factor"
    formula = "factor = final + (1 - final) * (1 + cos(pi * done)) / 2, done from 0 to 1"
    when = "the usual choice: start here"
    source = "Loshchilov and Hutter 2017: SGDR, Stochastic Gradient Descent with Warm Restarts"
    needs_epochs = True
    final_factor: Annotated[
        Share, Field(description="factor at the end"), Guide("above 0 where the training goes on later")
    ] = 0.0

    def decay(self, epoch: float, epochs: float) -> float:
        done = min(epoch / epochs, 1.0)
        return self.final_factor + (1 - self.final_factor) * 0.5 * (1 + math.cos(math.pi * done))


class OneCycle(_Scheduler):
    """Up and down once (Smith and Topin 2018); the base rate is the peak."""

    name: Literal["one_cycle"] = "one_cycle"
    summary = "cosine up to the base rate, then down near zero"
    formula = "factor from initial_factor to 1 in the share rise of the epochs, then to final_factor, by cosines"
    when = "short trainings at a high rate"
    source = "Smith and Topin 2018: Super-Convergence, Very Fast Training of Neural Networks Using Large Learning Rates"
    needs_epochs = True
    rise: Annotated[
        float, Field(gt=0, lt=1, description="share of the epochs spent rising"), Guide("less for long trainings")
    ] = 0.3
    initial_factor: Annotated[
        Share, Field(description="factor at the start"), Guide("smaller where the loss jumps in the first steps")
    ] = 0.04
    final_factor: Annotated[
        Share, Field(description="factor at the end"), Guide("above 0 where the training goes on later")
    ] = 4e-6

    def decay(self, epoch: float, epochs: float) -> float:
        done = min(epoch / epochs, 1.0)
        if done < self.rise:
            return _cosine_between(self.initial_factor, 1.0, done / self.rise)
        return _cosine_between(1.0, self.final_factor, (done - self.rise) / (1 - self.rise))


class ReduceOnPlateau(_Scheduler):
    """A reduction for each member whose loss has stopped falling."""

    name: Literal["reduce_on_plateau"] = "reduce_on_plateau"
    summary = "times gamma when a member's loss has not improved for patience_epochs"
    formula = "factor <- max(gamma * factor, min_factor)"
    when = "where it is not known how long the loss will fall"
    patience_epochs: Annotated[
        int,
        Field(ge=0, le=1_000_000, description="epochs without improvement before a reduction"),
        Guide("more where the loss is noisy"),
    ] = 10
    min_improvement: Annotated[
        float,
        Field(ge=0, lt=1, description="relative fall of the loss that counts"),
        Guide("larger where a slow fall should count as none"),
    ] = 1e-4
    min_factor: Annotated[
        Share,
        Field(description="the factor never falls below this"),
        Guide("above 0 where the rate becomes too small to learn at"),
    ] = 0.0
    gamma: Decay = 0.1


def _cosine_between(start: float, end: float, share: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))


Scheduler = Annotated[
    Constant | Step | MultiStep | Exponential | Cosine | OneCycle | ReduceOnPlateau, Field(discriminator="name")
]
