"""Which rows each member sees at each step, and its dropout masks.

Full batches only: ``B = min(batch_rows, rows)``, and what is left over after the shuffle sits the epoch out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from phoneprice.config.schema import TrainingConfig
from phoneprice.model.randomness import shuffled, uniform_int16
from phoneprice.records import Doubles, MemberPlan, Rows


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
    """Dropout masks (Srivastava et al. 2014), each member's own; rates are rounded to 1/65,536.

    ``rates`` are ``(K, 1 + layers)``: of the inputs, then of each hidden layer, which have as many units as ``widths``.
    """

    def __init__(self, rates: Doubles, widths: Sequence[int], seed: int) -> None:
        self._drops, self._widths, self._seed = rates > 0, widths, seed
        self._ends: list[list[int]] = np.cumsum(self._drops * widths, axis=1).tolist()
        """Where among a member's numbers of one row those of each layer end; what it leaves whole has none."""
        out_of = np.minimum(np.round(rates * 65_536), 65_535)
        self._least = _one_or_each((out_of - 32_768).astype(np.int16))
        """What a number must reach for its unit to stay."""
        self._multipliers = _one_or_each((65_536 / (65_536 - out_of)).astype(np.float32))

    @property
    def active(self) -> bool:
        """Whether anything is left out at all."""
        return bool(self._drops.any())

    def masks(
        self, members: Sequence[int], batch_rows: int, epoch: int, step: int, like: Tensor
    ) -> list[Tensor | None]:
        """Multipliers for one step, the inputs first, then one a hidden layer: ``(K, B, width)`` or None."""
        counts = [batch_rows * ends[-1] for ends in self._ends]
        numbers = [uniform_int16(self._seed, m, epoch, step, n) for m, n in zip(members, counts, strict=True)]
        masks = list[Tensor | None]()
        for layer, width in enumerate(self._widths):
            if not self._drops[:, layer].any():
                masks.append(None)
                continue
            drawn = np.zeros((len(members), batch_rows * width), np.int16)  # which is enough where nothing is dropped
            for k in np.flatnonzero(self._drops[:, layer]):
                end = batch_rows * self._ends[k][layer]
                drawn[k] = numbers[k][end - batch_rows * width : end]
            # In NumPy, which compares 16-bit integers six times as fast as torch.
            mask = (drawn >= self._least[layer]) * self._multipliers[layer]
            masks.append(_on_device_of(torch.from_numpy(mask.reshape(-1, batch_rows, width)), like))
        return masks


def _one_or_each(values: NDArray[Any]) -> list[Any]:
    """Of ``(K, layers)`` values each layer's: the one that all members have (twice as fast), or theirs ``(K, 1)``."""
    return [own[0] if (own == own[0]).all() else own[:, None] for own in values.T]


def _on_device_of(tensor: Tensor, like: Tensor) -> Tensor:
    """``tensor`` on the device of ``like`` and of its type; a GPU doesn't wait for it."""
    if like.is_cuda:
        tensor = tensor.pin_memory()
    return tensor.to(like.device, like.dtype, non_blocking=True)
