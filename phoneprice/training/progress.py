"""How each member is doing: early stopping, plateaus and divergence, as arrays over members."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from phoneprice.components.schedulers import ReduceOnPlateau, Scheduler
from phoneprice.config.schema import EarlyStopping


@dataclass
class MemberProgress:
    """One value a member; every field is a ``(K,)`` tensor on the CPU."""

    active: Tensor
    """Still learning."""
    diverged: Tensor
    """The epoch at which the loss or the weights stopped being finite, or the last one if they exploded; 0: never."""
    best_loss: Tensor
    best_epoch: Tensor
    epochs_since_best: Tensor
    rate: Tensor
    """The member's own multiplier of the learning rate."""
    plateau_loss: Tensor
    epochs_on_plateau: Tensor

    @classmethod
    def start(cls, members: int) -> "MemberProgress":
        """Before the first epoch."""
        zero = torch.zeros(members, dtype=torch.int64)
        infinite = torch.full((members,), torch.inf, dtype=torch.float64)
        return cls(
            active=torch.ones(members, dtype=torch.bool),
            diverged=zero.clone(),
            best_loss=infinite.clone(),
            best_epoch=zero.clone(),
            epochs_since_best=zero.clone(),
            rate=torch.ones(members, dtype=torch.float64),
            plateau_loss=infinite.clone(),
            epochs_on_plateau=zero.clone(),
        )

    @property
    def uniform(self) -> bool:
        """All members take the same full step."""
        return bool(self.active.all()) and bool((self.rate == 1).all())

    def state(self) -> dict[str, Tensor]:
        """Every field by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def mark_diverged(self, finite: Tensor, epoch: int) -> None:
        """Stop the members whose loss or weights are not ``finite`` ``(K,)``."""
        self.diverged = torch.where(self.active & ~finite, epoch, self.diverged)
        self.active &= finite

    def note_lost(self, lost: Tensor, epoch: int) -> None:
        """Count the members that are ``lost`` ``(K,)`` after ``epoch``, the last one, as diverged, too."""
        self.diverged = torch.where(lost & (self.diverged == 0), epoch, self.diverged)

    def follow_best(self, loss: Tensor, epoch: int, rule: EarlyStopping) -> Tensor:
        """Note ``loss`` ``(K,)`` after ``epoch`` and stop members out of patience; returns bool ``(K,)``: improved."""
        improved = self.active & (loss < self.best_loss - rule.min_improvement)
        self.best_loss = torch.where(improved, loss, self.best_loss)
        self.best_epoch = torch.where(improved, epoch, self.best_epoch)
        self.epochs_since_best = torch.where(improved, 0, self.epochs_since_best + 1)
        if rule.patience_epochs:
            self.active &= self.epochs_since_best < rule.patience_epochs
        return improved

    def follow_plateau(self, loss: Tensor, rule: Scheduler) -> None:
        """Reduce the rate of members whose ``loss`` ``(K,)`` no longer falls."""
        if not isinstance(rule, ReduceOnPlateau):
            return
        improved = loss < self.plateau_loss * (1 - rule.min_improvement)
        self.plateau_loss = torch.where(improved, loss, self.plateau_loss)
        waited = torch.where(improved, 0, self.epochs_on_plateau + 1)
        tired = waited > rule.patience_epochs
        self.rate = torch.where(tired, (self.rate * rule.gamma).clamp_min(rule.min_factor), self.rate)
        self.epochs_on_plateau = torch.where(tired, 0, waited)
