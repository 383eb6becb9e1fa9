"""Cells of files that tell numbers from text, as JSON and workbooks do: their numbers have no format."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phoneprice.data.arrow_types import json_cells
from phoneprice.data.number_formats import NumberFormat
from phoneprice.data.reading.columns import ColumnReader
from phoneprice.data.table import Table


class Number(str):
    """A number, plainly written; other cells are text."""

    __slots__ = ()


TRUE, FALSE = Number("1"), Number("0")


def read_typed(
    columns: ColumnReader,
    cells: Mapping[str, Sequence[str | None]],
    lines: NDArray[np.int64] | None,
    row_numbers: NDArray[np.int64] | None = None,
    rows: int = 0,
) -> Table:
    """The table of cells by column, ``(rows,)`` each; raises ``DataError`` as ``ColumnReader.read`` does.

    Where the numbers in a column have a format of their own, those of the file are written in it first.
    """
    selection = columns.selection
    arrays = {name: pa.array(cells[name], pa.string()) for name in selection.wanted}
    formats = {name: columns.options.rules(name).number_format for name in selection.numeric | selection.verbatim}
    formatted = {name: _in_format(cells[name], how) for name, how in formats.items() if not how.plain}
    kept = selection.verbatim if selection.as_json else ()
    as_json = {name: json_cells(list(cells[name]), list(map(_bare, cells[name]))) for name in kept}
    table = columns.read(arrays | formatted, lines, row_numbers, rows, written=arrays | as_json)
    return replace(table, typed=True)


def _in_format(cells: Sequence[str | None], how: NumberFormat) -> pa.Array:
    return pa.array([how.written(cell) if isinstance(cell, Number) else cell for cell in cells], pa.string())


def _bare(cell: str | None) -> str | None:
    """What stands for the cell in JSON without quotes."""
    if cell is TRUE or cell is FALSE:
        return "true" if cell is TRUE else "false"
    return cell if isinstance(cell, Number) else None
