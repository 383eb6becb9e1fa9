"""Columns that give the target away: what may be known only together with it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phoneprice.config.fields import as_option
from phoneprice.config.schema import Config
from phoneprice.data.inspection.findings import ENOUGH_ROWS
from phoneprice.data.table import Table
from phoneprice.data.values import is_number_array
from phoneprice.wording import first_of, noun

_LOOKED_AT_ROWS = 10_000
"""Rows that show that a column determines no target."""
NEARLY_ALL = 0.995
"""Share of the rows from which a rule counts as holding."""


def leaks_told(table: Table, names: Sequence[str], config: Config) -> str:
    """What to say after a training of its features that may be known only with the target, if there are any."""
    found = leaking(table, names, config)
    if not found:
        return ""
    which = f"{noun(len(found), 'column')} {first_of([repr(name) for name in found])}"
    alone = f"{which} alone {noun(len(found), 'determines', 'determine')} the target {config.data.target!r}"
    without = as_option("data.ignored_columns", (*config.data.ignored_columns, *found))
    return f"{alone}: if known only afterwards, the figures say nothing of new rows; {without} learns without"


def leaking(table: Table, names: Sequence[str], config: Config) -> list[str]:
    """The features that determine the target alone: each of its classes, or, but for its units, a regression's number.

    Of many rows some are looked at first.
    """
    target = table.columns.get(config.data.target)
    if target is None or target.null_count or table.rows < ENOUGH_ROWS:
        return []
    regression = config.task.kind == "regression"
    if regression and not is_number_array(target):
        return []
    if table.rows > _LOOKED_AT_ROWS:
        some = np.random.default_rng(0).choice(table.rows, _LOOKED_AT_ROWS, replace=False)
        names = leaking(table.select([*names, config.data.target]).take(some), names, config)
    determines = _follows if regression else _decides
    return [name for name in names if determines(table.columns[name], target)]


def _follows(cells: pa.Array, target: pa.Array) -> bool:
    """Whether a number is, but for its units, the target of a regression."""
    if not is_number_array(cells):
        return False
    present = cells.is_valid().to_numpy(zero_copy_only=False)
    x, y = cells.to_numpy(zero_copy_only=False)[present], target.to_numpy(zero_copy_only=False)[present]
    if len(x) < ENOUGH_ROWS or x.min() == x.max() or y.min() == y.max():
        return False
    with np.errstate(all="ignore"):  # of numbers too far apart it is no number
        return any(abs(np.corrcoef(a, b)[0, 1]) > 0.9999 for a, b in ((x, y), (_ranks(x), _ranks(y))))


def _ranks(values: NDArray[Any]) -> NDArray[Any]:
    return np.unique(values, return_inverse=True)[1].astype(np.float64)


def _decides(cells: pa.Array, target: pa.Array) -> bool:
    """Whether a column tells the class of nearly every row.

    Either each of its (repeated) values goes with one class, or the classes follow one another along a number.
    """
    feature, labels = _codes(cells), _codes(target)
    rows, values, classes = len(labels), int(feature.max()) + 1, int(labels.max()) + 1
    if classes < 2 or np.bincount(labels).max() >= NEARLY_ALL * rows:
        return False
    if values * 5 <= rows:
        pairs, times = np.unique(feature * classes + labels, return_counts=True)  # a matrix of all may be too large
        first = np.unique(pairs // classes, return_index=True)[1]
        return bool(np.maximum.reduceat(times, first).sum() >= NEARLY_ALL * rows)
    if not is_number_array(cells):
        return False
    along = labels[np.lexsort((labels, cells.to_numpy(zero_copy_only=False)))]
    changes = np.count_nonzero(np.diff(along))
    return bool(changes <= classes - 1 + 2 * (1 - NEARLY_ALL) * rows)


def _codes(cells: pa.Array) -> NDArray[np.int64]:
    """A code for each different value, from 0; missing is a value, too."""
    encoded = cells.dictionary_encode()
    codes: NDArray[np.int64] = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy().astype(np.int64)
    return codes
