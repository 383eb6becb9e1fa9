"""Predictions as columns: the input's own columns, then the prediction, its confidence and all probabilities.

Probabilities are given to six decimals, in every format the same: a seventh says nothing (the engine's own float32
error is near 1e-7), a column reads better, and it is written twice as fast (see ``data.decimals``).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa

from phoneprice.data.encoding.labels import LabelKind
from phoneprice.data.formats import OutputRows
from phoneprice.errors import UsageError
from phoneprice.records import Predictions, Task, Valued

PREDICTION = "prediction"
CONFIDENCE = "confidence"


class OutputColumns:
    """Builds output columns for a task; ``copied`` are the input's columns that go to the output, in order."""

    def __init__(self, task: Task, label_kind: LabelKind, copied: Sequence[str]) -> None:
        self._task = task
        self._labels = label_array(task.labels, label_kind)
        self.copied = tuple(copied)

    @property
    def added(self) -> tuple[str, ...]:
        """The names of the columns that prediction adds."""
        if not self._task.labels:
            return (PREDICTION,)
        return (PREDICTION, CONFIDENCE, *(f"prob_{label}" for label in self._task.labels))

    def refuse_clashes(self) -> None:
        """Raise ``UsageError`` if a copied column has the name of one that prediction adds."""
        copied = frozenset(self.copied)
        clashing = [name for name in self.added if name in copied]
        if clashing:
            names = ", ".join(repr(name) for name in clashing)
            raise UsageError(f"--keep {names}: predictions have a column of that name; name other columns to keep")

    def rows(self, copied: Mapping[str, pa.Array], predicted: Predictions) -> OutputRows:
        """The output's rows for the same rows of the input."""
        cells = {name: copied[name] for name in self.copied}
        if isinstance(predicted, Valued):
            return OutputRows({**cells, PREDICTION: pa.array(predicted.values)}, {})
        classes, p = predicted.classes, predicted.probabilities
        confidence = np.take_along_axis(p, classes[:, None], axis=1)[:, 0]
        columns = (confidence, *p.T)
        probabilities = {
            name: np.rint(column * 1e6).astype(np.int32) for name, column in zip(self.added[1:], columns, strict=True)
        }
        return OutputRows({**cells, PREDICTION: self._labels.take(pa.array(classes))}, probabilities)


def label_array(labels: Sequence[str], kind: LabelKind) -> pa.Array:
    """The labels as they are predicted: whole numbers that int64 holds as such, others as text.

    The labels of a run of release 0.1 are float64 where they are numbers that are not all whole.
    """
    if kind == "whole" and all(-(2**63) <= Decimal(label) < 2**63 for label in labels):
        return pa.array([int(label) for label in labels], pa.int64())
    if kind != "number":
        return pa.array(labels, pa.string())
    numbers = np.array([float(label) for label in labels])
    whole = bool((np.abs(numbers) < 2**53).all() and (numbers == np.rint(numbers)).all())
    return pa.array(numbers.astype(np.int64) if whole else numbers)
