"""Tables written down in a test."""

from typing import Any

import numpy as np
import pyarrow as pa

from phoneprice.data.table import Table


def table(**columns: list[Any]) -> Table:
    """As if read from phones.csv: a column with a string in it is text, any other numbers; None is missing."""
    lines = np.arange(2, 2 + len(next(iter(columns.values()))))
    return Table("phones.csv", {name: _array(cells) for name, cells in columns.items()}, lines)


def _array(cells: list[Any]) -> pa.Array:
    return pa.array(cells, pa.string() if any(isinstance(cell, str) for cell in cells) else pa.float64())
