"""The history of a training as arrays, whether it is just over or read back from ``history.jsonl``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """One value an epoch and member, ``(E, K)`` each; NaN where there was none."""

    epochs: NDArray[np.int64]
    """Epochs done, ``(E,)``."""
    train_loss: Floats
    validation_loss: Floats
    learning_rate: Floats
    active: NDArray[np.bool_]
    """Members that were still learning in the epoch."""
    health: Mapping[str, Floats]
    """Measurements by name, ``(E, K, layers)``, layers in the order of ``model.shape``."""

    @classmethod
    def of(cls, lines: Sequence[Mapping[str, Any]]) -> Curves:
        """The lines of ``history.jsonl``; ``ValueError`` if they are none or don't have one shape."""
        if not lines:
            raise ValueError("a history needs at least one epoch")
        names = lines[0].get("health") or {}
        return cls(
            np.array([line["epoch"] for line in lines], dtype=np.int64),
            _floats([line["train_loss"] for line in lines]),
            _floats([line["validation_loss"] for line in lines]),
            _floats([line["learning_rate"] for line in lines]),
            np.array([line["active"] for line in lines], dtype=np.bool_),
            {name: _floats([line["health"][name] for line in lines]) for name in names},
        )

    @property
    def members(self) -> int:
        """How many networks were trained."""
        return len(self.train_loss[0])

    @property
    def validated(self) -> bool:
        """Whether a loss on rows outside training was followed."""
        return bool(np.isfinite(self.validation_loss).any())


def _floats(values: Any) -> Floats:
    """Nested lists as float64, None as NaN."""
    return np.array(values, dtype=object).astype(np.float64)
