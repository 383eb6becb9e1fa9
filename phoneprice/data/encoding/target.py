"""The target column as numbers a loss takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.components.base import TaskKind
from phoneprice.data.encoding.features import moments, require_columns
from phoneprice.data.encoding.labels import Labels, quoted_labels, require_present
from phoneprice.data.encoding.schema import TableSchema, target_numbers
from phoneprice.data.table import Table
from phoneprice.data.values import UNKNOWN, value_counts
from phoneprice.errors import DataError
from phoneprice.records import MemberPlan, TargetStatistics
from phoneprice.wording import counted

MARGIN = 0.1
"""Widths of the training targets' range that a prediction may be beyond it, as it is."""

Target = NDArray[np.int64] | NDArray[np.float64]


def encode_target(table: Table, schema: TableSchema, kind: TaskKind) -> Target:
    """Class indices int64 ``(rows,)``, or a regression's float64 values in the user's units.

    Raises ``DataError`` where the column or a cell is missing, for labels that training did not have, and for text in
    a regression's target.
    """
    require_columns(table, (schema.target,))
    if kind == "regression":
        return target_numbers(table, schema.target)
    require_present(table, schema.target, "a label")
    codes = Labels(schema.labels, schema.label_kind).encode(table.columns[schema.target])
    _require_known(codes, table, schema)
    return codes


def _require_known(codes: NDArray[np.int64], table: Table, schema: TableSchema) -> None:
    rows = np.flatnonzero(codes == UNKNOWN)
    if len(rows):
        unknown = list(value_counts(table.take(rows).columns[schema.target]))
        raise DataError(
            f"{table.place(int(rows[0]), schema.target)}: found labels that training did not have, "
            f"{quoted_labels(unknown)} in {counted(len(rows), 'row')}; "
            f"the model knows {quoted_labels(schema.labels)}; correct or delete these rows"
        )


def target_statistics(
    y: NDArray[Any],
    plans: Sequence[MemberPlan],
    weights: NDArray[np.float64] | None = None,
    *,
    clipped: bool = False,
) -> TargetStatistics:
    """Mean and standard deviation ``(K,)`` of each member's training targets; a deviation of 0 counts as 1.

    ``weights`` ``(n,)`` say as how many rows each counts. Where predictions are to be ``clipped``, that is from
    ``MARGIN`` of the range of these targets beyond its ends.
    """
    targets = [y[plan.train_rows].astype(np.float64) for plan in plans]
    counts = [None if weights is None else weights[plan.train_rows] for plan in plans]
    shift, scale = np.array([moments(t, own) for t, own in zip(targets, counts, strict=True)]).T.copy()
    varied = np.array([target.min() < target.max() for target in targets])
    scale = np.where(varied & (scale > 0), scale, 1.0)
    if not clipped:
        return TargetStatistics(shift, scale)
    low, high = (np.array([end(target) for target in targets]) for end in (np.min, np.max))
    margin = MARGIN * (high - low)
    return TargetStatistics(shift, scale, low - margin, high + margin)
