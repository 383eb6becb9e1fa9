"""Rows that are in memory as mappings from names to cells; and small tables, which can be taken for such."""

import math
from collections.abc import Iterable, Mapping, Sequence, Sized
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from phoneprice.data.reading.faults import require_named

Row = Mapping[str, Any]
FEW_ROWS = 64
"""Of a table that is taken for rows."""
_PLAIN = pa.types.is_integer, pa.types.is_float64, pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string


def is_row(data: object) -> bool:
    """Whether this is a mapping from names to cells; with a column among them it is one to columns."""
    return isinstance(data, Mapping) and bool(data) and not any(map(_is_column, data.values()))


def _is_column(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)


def is_rows(data: object) -> bool:
    """Whether this is a list of such mappings."""
    return isinstance(data, list | tuple) and all(isinstance(row, Mapping) for row in data)


def columns_of(rows: Sequence[Row], names: Sequence[str], source: str = "the data") -> dict[str, list[Any]]:
    """The columns of some rows, for ``frame_table``; raises ``DataError`` for a row without one of the ``names``.

    A cell that isn't there is a mistake more often than a missing one, which is None.
    """
    for number, row in enumerate(rows, start=1):
        place = f"{source} row {number}" if len(rows) > 1 else source
        require_named(place, names, [str(name) for name in row], "add or rename; a missing cell is None")
    found = dict.fromkeys(chain.from_iterable(rows)) if rows else names
    return {str(name): [row.get(name) for row in rows] for name in found}


def cells_at_hand(data: Any, names: Sequence[str]) -> list[Sequence[Any]] | None:
    """The cells of some columns by row, in this order: of a row, of rows, or of a table of a few rows.

    ``data`` is what ``is_frame`` or ``is_rows`` takes, if it can be looked at twice. None for any other table, and
    where ``frame_table`` has to say what is wrong with its names.
    """
    try:
        if is_rows(data):
            return [[row[name] for name in names] for row in data] or None
        columns = [data[name] for name in names]
    except KeyError:
        return None
    if _has_odd_names(data, len(names)):
        return None
    if isinstance(data, Mapping) and not _is_column(columns[0]):
        return [columns]
    cells = list(map(_few_cells, columns))
    usable = len(set(map(len, cells))) == 1 and all(map(_alike, cells))
    return list(zip(*cells, strict=True)) or None if usable else None


def _has_odd_names(data: Any, known: int) -> bool:
    """Whether names are empty or there twice, among more than those that are ``known`` to be neither."""
    found = data.column_names if isinstance(data, pa.Table) else getattr(data, "columns", data)
    if len(found) == known:
        return False
    return len(set(found)) < len(found) or not all(isinstance(name, str) and name.strip() for name in found)


def _few_cells(column: Any) -> Sequence[Any]:
    """The cells of a column of 1 to ``FEW_ROWS`` rows that says of each what the whole says; else none."""
    if not isinstance(column, Sized) or len(column) > FEW_ROWS:
        return ()
    if isinstance(column, list):
        return column
    if isinstance(column, np.ndarray) and column.ndim == 1:
        return list(column)
    if isinstance(column, pa.ChunkedArray):
        return column.to_pylist() if any(fits(column.type) for fits in _PLAIN) else ()
    return list(column.array) if getattr(column, "ndim", 0) == 1 and hasattr(column, "array") else ()


def _alike(cells: Sequence[Any]) -> bool:
    """Whether cells are of one type, but for missing ones: those of several types become what all can be."""
    return len(cells) == 1 or len({type(cell) for cell in cells if cell is not None and not _is_nan(cell)}) <= 1


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float) and math.isnan(cell)
