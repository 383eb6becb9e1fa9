"""A few rows of Python values to the network's inputs, much quicker than by a table.

Numbers are encoded as ``FeatureEncoder`` has it, all columns at once. Any other cell becomes a table of one cell, for
``FeatureEncoder`` itself, when it is first met, and what came out is remembered. So there is no second rule for what a
cell means; what isn't plain at first sight is left to the table.
"""

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray

from phoneprice.data.encoding.conditioning import Conditioning
from phoneprice.data.encoding.features import Encoded, FeatureEncoder, OddCells
from phoneprice.data.encoding.schema import Column, TableSchema, numbers_of
from phoneprice.data.reading.cells import NUMBER, missing_numbers
from phoneprice.data.reading.frames import frame_table
from phoneprice.data.reading.options import OUTER_SPACES, ReadOptions
from phoneprice.data.table import Table
from phoneprice.errors import DataError
from phoneprice.records import Inputs

REMEMBERED = 4096
"""Different cells of a column that are remembered at most."""
_NUMBERS = frozenset(
    {bool, int, float, np.bool_, np.float32, np.float64}
    | {np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64}
)
_OTHER_CELLS = str, int, float, np.generic, dt.date, dt.time

_NOTHING_ODD = OddCells()
Row = Sequence[object]
"""Cells, one a feature in the order of the schema."""
Values = NDArray[np.float32]
Mask = NDArray[np.bool_]


class RowEncoder:
    """Encodes rows as ``FeatureEncoder`` does tables of them; ``options`` say what cells mean, as for ``frame_table``.

    Several threads may use it.
    """

    def __init__(self, schema: TableSchema, options: ReadOptions) -> None:
        *starts, self._width = accumulate((len(column.input_names) for column in schema.columns), initial=0)
        columns = [_Placed(i, start, own) for i, (start, own) in enumerate(zip(starts, schema.columns, strict=True))]
        make_table = _Tables(schema, options)
        self._numbers = _Numbers([own for own in columns if own.column.kind == "numeric"], make_table)
        self._others = _Others([own for own in columns if own.column.kind != "numeric"], make_table)

    def encode(self, rows: Sequence[Row]) -> Encoded | None:
        """Encode one row or more; None where a cell is faulty or not plain: a table has to say what becomes of it."""
        try:
            x, cells = self._numbers.read(rows), self._others.read(rows)
        except (_NotPlainError, DataError):
            return None
        values = np.zeros((len(rows), self._width), np.float32)
        missing = np.zeros(values.shape, np.bool_)
        odd = [*self._numbers.write(x, values, missing), *self._others.write(cells, values, missing)]
        return Encoded(Inputs(values, missing if missing.any() else None), sum(odd, _NOTHING_ODD))


class _NotPlainError(Exception):
    """What a cell means, a table has to say."""


@dataclass(frozen=True)
class _Placed:
    """A column, its place in a row and that of the first of its inputs."""

    index: int
    start: int
    column: Column


@dataclass(frozen=True)
class _Tables:
    """Makes tables of a single cell."""

    schema: TableSchema
    options: ReadOptions

    def of_cell(self, name: str, cell: object) -> Table:
        """The table of one cell; raises ``DataError`` where it is faulty."""
        return frame_table({name: [cell]}, self.options, (), self.schema.matched_names)


class _Numbers:
    """The columns of numbers."""

    def __init__(self, columns: Sequence[_Placed], tables: _Tables) -> None:
        own = [placed.column for placed in columns]
        self._names = [column.name for column in own]
        self._read = [(placed.index, _number_reader(placed.column.name, tables)) for placed in columns]
        self._conditioning = Conditioning.of_columns(own)
        self._places = np.array([placed.start for placed in columns], np.int64)
        self._indicated = np.array([column.has_missing for column in own], np.bool_)

    def read(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Their cells ``(n, c)``, NaN where missing."""
        try:
            x = np.array([[read(row[i]) for i, read in self._read] for row in rows], np.float64)
        except OverflowError:
            raise _NotPlainError from None
        if np.isinf(x).any():
            raise _NotPlainError
        return x

    def write(self, x: NDArray[np.float64], values: Values, missing: Mask) -> Iterator[OddCells]:
        """Put them into the inputs; what is odd of them."""
        absent = np.isnan(x)
        gaps = bool(absent.any())
        found = self._conditioning.apply(x, absent if gaps else None)
        values[:, self._places] = found.values
        if gaps:
            missing[:, self._places] = absent
            values[:, self._places[self._indicated] + 1] = absent[:, self._indicated]
            unusual = np.count_nonzero(absent & ~self._indicated, axis=0)
            yield OddCells(missing=self._by_name(unusual))
        if not isinstance(found.out_of_range, int):
            yield OddCells(out_of_range=self._by_name(found.out_of_range))
        if not isinstance(found.drawn_in, int):
            yield OddCells(drawn_in=self._by_name(found.drawn_in))

    def _by_name(self, counts: NDArray[np.int64]) -> Counter[str]:
        return Counter({name: int(count) for name, count in zip(self._names, counts, strict=True) if count})


def _number_reader(name: str, tables: _Tables) -> Callable[[object], float]:
    """From a cell to a number, NaN where it is missing; for what is no number at all ``_NotPlainError`` is raised."""
    rules = tables.options.rules(name)
    words, gaps = rules.missing_values, frozenset(missing_numbers(rules.missing_values))
    text_number = lru_cache(REMEMBERED)(lambda text: float(numbers_of(tables.of_cell(name, text), name)[0]))

    def read(cell: object) -> float:
        if type(cell) in _NUMBERS:
            number = float(cell)  # type: ignore[arg-type]  # it is one
            return math.nan if number in gaps else number
        if cell is None:
            return math.nan
        if not isinstance(cell, str):
            raise _NotPlainError
        inner = cell.strip(OUTER_SPACES)
        if rules.number_format.plain and NUMBER.fullmatch(inner) and inner.lower() not in words:
            return float(inner)
        return text_number(cell)

    return read


@dataclass(frozen=True)
class _Cell:
    """A cell's part of the inputs: their values, which are missing (empty: none is), and what is odd of it."""

    values: tuple[float, ...]
    missing: tuple[bool, ...]
    odd: OddCells | None


class _Others:
    """The columns of yes/no, dates and categories."""

    def __init__(self, columns: Sequence[_Placed], tables: _Tables) -> None:
        self._encode = [(placed.index, _cell_encoder(placed.column, tables)) for placed in columns]
        places = [placed.start + i for placed in columns for i in range(len(placed.column.input_names))]
        self._places = np.array(places, np.int64)

    def read(self, rows: Sequence[Row]) -> list[list[_Cell]]:
        """Their cells, encoded; raises ``DataError`` for a faulty one."""
        return [[encode(row[i]) for i, encode in self._encode] for row in rows]

    def write(self, rows: Sequence[Sequence[_Cell]], values: Values, missing: Mask) -> Iterator[OddCells]:
        """Put them into the inputs; what is odd of them."""
        values[:, self._places] = [list(chain.from_iterable(cell.values for cell in cells)) for cells in rows]
        if any(cell.missing for cells in rows for cell in cells):
            missing[:, self._places] = [list(chain.from_iterable(map(_missing, cells))) for cells in rows]
        yield from (cell.odd for cells in rows for cell in cells if cell.odd)


def _missing(cell: _Cell) -> tuple[bool, ...]:
    return cell.missing or (False,) * len(cell.values)


def _cell_encoder(column: Column, tables: _Tables) -> Callable[[object], _Cell]:
    """From a cell to its part of the inputs, by a table of it alone; what is remembered is told apart by its type."""
    encoder = FeatureEncoder(tables.schema.model_copy(update={"columns": (column,)}))

    @lru_cache(REMEMBERED, typed=True)
    def by_table(cell: object) -> _Cell:
        found = encoder.encode(tables.of_cell(column.name, cell))
        inputs, odd = found.inputs, found.odd if found.odd.messages() else None
        missing = () if inputs.missing is None else tuple(inputs.missing[0].tolist())
        return _Cell(tuple(inputs.values[0].tolist()), missing, odd)

    def encode(cell: object) -> _Cell:
        if cell is not None and not isinstance(cell, _OTHER_CELLS):
            raise _NotPlainError
        return by_table(cell if cell == cell else None)  # noqa: PLR0124  # NaN is not itself, and missing

    return encode
