"""What a fit learns from, as tensors on its device."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from phoneprice.data.encoding.schema import conditioning
from phoneprice.model.mlp import standardised
from phoneprice.records import Inputs, InputStatistics, TargetStatistics


@dataclass(frozen=True)
class TrainingData:
    """The whole table, encoded; members choose their rows from it.

    ``values`` ``(n, d)``, ``missing`` bool ``(n, d)`` or None, ``targets`` ``(n,)`` int64 classes or float values.
    """

    values: Tensor
    missing: Tensor | None
    targets: Tensor
    """Values less ``target_center``, by ``target_spread``: so a large offset or unit costs no precision."""
    target_center: float = 0.0
    target_spread: float = 1.0
    weights: Tensor | None = None
    """As how many rows each counts, ``(n,)``; None: as one."""

    @classmethod
    def of(
        cls,
        inputs: Inputs,
        targets: NDArray[Any],
        device: torch.device,
        dtype: torch.dtype,
        weights: NDArray[np.float64] | None = None,
    ) -> "TrainingData":
        """Copy to ``device``; floating-point targets become ``dtype``, conditioned, and weights ``dtype``."""
        counts = None if weights is None else torch.from_numpy(weights).to(device, dtype)
        values = torch.from_numpy(inputs.values).to(device, dtype)
        missing = None if inputs.missing is None else torch.from_numpy(inputs.missing).to(device)
        if not np.issubdtype(targets.dtype, np.floating):
            return cls(values, missing, torch.from_numpy(np.array(targets, np.int64)).to(device), weights=counts)
        center, spread = conditioning(targets)
        conditioned = torch.from_numpy((targets - center) / spread).to(device, dtype)
        return cls(values, missing, conditioned, center, spread, counts)

    def weights_of(self, rows: Tensor) -> Tensor | None:
        """As how many rows ``rows`` ``(K, B)`` count, ``(K, B)``; None where each counts as one."""
        return None if self.weights is None else _rows_of(self.weights, rows)


@dataclass(frozen=True)
class MemberView:
    """How K members see the data: their own statistics, shaped to broadcast over ``(K, B, d)`` and ``(K, B)``."""

    shift: Tensor
    factor: Tensor
    fill: Tensor
    target_shift: Tensor | None
    target_scale: Tensor | None
    """Both of ``TrainingData.targets``."""
    target_unit: Tensor | None
    """The same scale in the target's units."""
    whole_table: Tensor | None
    """All inputs ``(n, d)`` as the only member of a fit sees them, made once; several members would need one each."""

    @classmethod
    def of(
        cls, members: Sequence[int], inputs: InputStatistics, target: TargetStatistics | None, data: TrainingData
    ) -> "MemberView":
        """The view of ``members`` (indices into the statistics), on the device and in the dtype of ``data``."""

        def tensor(values: NDArray[np.float64]) -> Tensor:
            return torch.from_numpy(values[list(members)]).to(data.values.device, data.values.dtype)[:, None]

        shift, factor, fill = tensor(inputs.shift), tensor(inputs.factor), tensor(inputs.fill)
        return cls(
            shift,
            factor,
            fill,
            None if target is None else tensor((target.shift - data.target_center) / data.target_spread),
            None if target is None else tensor(target.scale / data.target_spread),
            None if target is None else tensor(target.scale),
            standardised(data.values, data.missing, shift[0], factor[0], fill[0]) if len(inputs.shift) == 1 else None,
        )

    def batch(self, data: TrainingData, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs ``(K, B, d)`` and targets ``(K, B)`` of ``rows`` ``(K, B)``, as the members see them."""
        y = _rows_of(data.targets, rows)
        z = self._as_seen(data, rows) if self.whole_table is None else _rows_of(self.whole_table, rows)
        if self.target_shift is not None and self.target_scale is not None:
            y = (y - self.target_shift) / self.target_scale
        return z, y

    def _as_seen(self, data: TrainingData, rows: Tensor) -> Tensor:
        missing = None if data.missing is None else _rows_of(data.missing, rows)
        return standardised(_rows_of(data.values, rows), missing, self.shift, self.factor, self.fill)


def _rows_of(table: Tensor, rows: Tensor) -> Tensor:
    # index_select on flat indices is several times faster than indexing with a matrix of them.
    return table.index_select(0, rows.reshape(-1)).view(*rows.shape, *table.shape[1:])
