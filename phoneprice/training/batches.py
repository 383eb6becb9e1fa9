"""Which rows each member sees at each step, and its dropout masks.

Full batches only: ``B = min(batch_rows, rows)``, and what is left over after the shuffle sits the epoch out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from phoneprice.config.schema import ModelConfig, TrainingConfig
from phoneprice.model.randomness import shuffled, uniform_int16
from phoneprice.records import MemberPlan, Rows


@dataclass(frozen=True)
class Pace:
    """Members of one pace step together: the same number of steps an epoch and rows a step."""

    steps: int
    batch_rows: int

    @classmethod
    def of(cls, plan: MemberPlan, training: TrainingConfig) -> "Pace":
        """The pace of one member."""
        rows = len(plan.train_rows)
        batch = min(training.batch_rows, rows)
        return cls(rows // batch, batch)


def sees_every_row(plan: MemberPlan, pace: Pace) -> bool:
    """Whether every step has all of a member's rows, so that their order makes no difference."""
    return len(plan.train_rows) == pace.batch_rows


def epoch_rows(plans: Sequence[MemberPlan], pace: Pace, seed: int, epoch: int) -> Tensor:
    """The rows of every step of an epoch: int64 ``(steps, K, B)``."""
    orders = [p.train_rows if sees_every_row(p, pace) else shuffled(p.train_rows, seed, p.index, epoch) for p in plans]
    rows = np.stack([order[: pace.steps * pace.batch_rows].reshape(pace.steps, -1) for order in orders], axis=1)
    return torch.from_numpy(rows)


def padded_rows(groups: Sequence[Rows]) -> tuple[Tensor, Tensor]:
    """Row lists of different lengths as one int64 ``(K, longest)``, and bool ``(K, longest)``: which are real."""
    longest = max(len(g) for g in groups)
    rows = np.zeros((len(groups), longest), dtype=np.int64)
    real = np.zeros((len(groups), longest), dtype=np.bool_)
    for k, group in enumerate(groups):
        rows[k, : len(group)], real[k, : len(group)] = group, True
    return torch.from_numpy(rows), torch.from_numpy(real)


class Dropout:
    """Dropout masks (Srivastava et al. 2014), each member's own; rates are rounded to 1/65,536."""

    def __init__(self, model: ModelConfig, inputs: int, seed: int) -> None:
        self._rates = (model.input_dropout, *model.layer_dropout)
        self._widths = (inputs, *model.hidden)
        self._seed = seed

    @property
    def active(self) -> bool:
        """Whether anything is left out at all."""
        return any(self._rates)

    def masks(
        self, members: Sequence[int], batch_rows: int, epoch: int, step: int, like: Tensor
    ) -> list[Tensor | None]:
        """Multipliers for one step, the inputs first, then one a hidden layer: ``(K, B, width)`` or None."""
        dropped = [(rate, width) for rate, width in zip(self._rates, self._widths, strict=True) if rate]
        count = batch_rows * sum(width for _, width in dropped)
        drawn = np.stack([uniform_int16(self._seed, m, epoch, step, count) for m in members])
        start, masks = 0, list[Tensor | None]()
        for rate, width in zip(self._rates, self._widths, strict=True):
            if not rate:
                masks.append(None)
                continue
            part = drawn[:, start : start + batch_rows * width].reshape(len(members), batch_rows, width)
            start += batch_rows * width
            out_of = min(round(rate * 65_536), 65_535)
            # In NumPy, which compares 16-bit integers six times as fast as torch.
            mask = (part >= out_of - 32_768) * np.float32(65_536 / (65_536 - out_of))
            masks.append(_on_device_of(torch.from_numpy(mask), like))
        return masks


def _on_device_of(tensor: Tensor, like: Tensor) -> Tensor:
    """``tensor`` on the device of ``like`` and of its type; a GPU doesn't wait for it."""
    if like.is_cuda:
        tensor = tensor.pin_memory()
    return tensor.to(like.device, like.dtype, non_blocking=True)
