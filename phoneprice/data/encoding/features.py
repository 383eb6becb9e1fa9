"""From table columns to the network's inputs, and what each member knows of those inputs."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phoneprice.data.encoding.conditioning import Conditioning
from phoneprice.data.encoding.dates import Cycle, Days, phase
from phoneprice.data.encoding.schema import (
    Column,
    ColumnKind,
    TableSchema,
    days_of,
    input_names,
    number_inputs,
    numbers_of,
    sampling_step,
)
from phoneprice.data.reading.faults import require_named
from phoneprice.data.table import Table
from phoneprice.data.values import MISSING, UNKNOWN, is_number_array, matcher, recode, truth_code
from phoneprice.errors import DataError
from phoneprice.records import Inputs, InputStatistics, MemberPlan, Rows
from phoneprice.wording import by_name, counted, quoted

Scaling = Literal["standard", "robust", "none"]


@dataclass(frozen=True)
class OddCells:
    """Cells that were encoded, but are unlike the training data: counts by column."""

    unseen_categories: Counter[str] = field(default_factory=Counter)
    out_of_range: Counter[str] = field(default_factory=Counter)
    drawn_in: Counter[str] = field(default_factory=Counter)
    """Numbers beyond the end of their column's tails: those that training had there, too, and those out of range."""
    missing: Counter[str] = field(default_factory=Counter)
    """Numbers and yes/no in columns that had no missing cell in training."""
    missing_categories: Counter[str] = field(default_factory=Counter)
    """The same for categories."""

    def __add__(self, other: "OddCells") -> "OddCells":
        return OddCells(
            self.unseen_categories + other.unseen_categories,
            self.out_of_range + other.out_of_range,
            self.drawn_in + other.drawn_in,
            self.missing + other.missing,
            self.missing_categories + other.missing_categories,
        )

    def messages(self) -> list[str]:
        """At most one warning a kind, with the counts."""
        if not any(vars(self).values()):
            return []
        none_known = "they count as none of the known ones"
        beyond = "drawn in to near it (data.clip_inputs)" if self.drawn_in else "the model extrapolates there"
        kinds = (
            (self.out_of_range, "cell", "outside the range of the training data", beyond),
            (self.unseen_categories, "cell", "of categories that have no input", none_known),
            (
                self.missing,
                "missing cell",
                "in columns that had none in training",
                "filled with the median of the training rows",
            ),
            (
                self.missing_categories,
                "missing cell",
                "in columns of categories that had none in training",
                f"empty, or a word of data.missing_values; {none_known}",
            ),
        )
        return [
            f"{counted(counts.total(), cells)} {what} ({by_name(counts)}): {then}"
            for counts, cells, what, then in kinds
            if counts
        ]


@dataclass(frozen=True)
class Encoded:
    """A table's inputs, with a count of the cells that were not as in training."""

    inputs: Inputs
    odd: OddCells


class FeatureEncoder:
    """Encodes tables by a schema: the same values for every member, in the order of ``input_names``.

    Numbers far out are drawn in (``soft_clip``), then all become ``(x - center) / spread`` of their column in float64,
    and float32, so that neither a large offset nor a large unit costs precision. A date is such a number, of days, and
    the sine and cosine of what comes again. Yes/no becomes 1/0, a category 1 in its own input, a category without one
    all zeros. An indicator says where a column that had missing cells in training has one.

    >>> schema = TableSchema(target="price", columns=(Column(name="ram", kind="numeric", center=2000, spread=1000),))
    >>> from phoneprice.data.table import Table
    >>> FeatureEncoder(schema).encode(Table("phones.csv", {"ram": pa.array([2500.0])})).inputs.values
    array([[0.5]], dtype=float32)
    """

    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema
        self._width = len(input_names(schema))

    def encode(self, table: Table) -> Encoded:
        """Encode the table's rows, its columns in any order.

        Raises ``DataError`` for columns that are missing (all of them named), for text in a numeric column and for
        another value than yes or no in a boolean one.
        """
        require_columns(table, self._schema.feature_names)
        builder = _InputBuilder(table, self._width)
        for column in self._schema.columns:
            _ENCODERS[column.kind](builder, column)
            if column.has_missing:
                builder.indicate(column.name)
            else:
                builder.count_missing(column)
        return Encoded(Inputs(builder.values, builder.missing), builder.odd)


def require_columns(table: Table, names: Sequence[str]) -> None:
    """Raise ``DataError`` that lists the columns the table lacks."""
    require_named(table.source, names, table.names)


class _InputBuilder:
    """Builds the inputs of a table's rows, one column after the other."""

    def __init__(self, table: Table, width: int) -> None:
        self.table = table
        self.values = np.zeros((table.rows, width), dtype=np.float32)
        self.missing: NDArray[np.bool_] | None = None
        self.odd = OddCells()
        self.scratch = np.empty(table.rows)
        self._position = 0

    def take_inputs(self, width: int) -> NDArray[np.float32]:
        """The next ``width`` inputs, a view ``(rows, width)``."""
        start = self._position
        self._position += width
        return self.values[:, start : self._position]

    def mark_missing(self, where: NDArray[np.bool_]) -> None:
        """Mark rows of the input taken last as missing."""
        if self.missing is None:
            self.missing = np.zeros(self.values.shape, dtype=np.bool_)
        self.missing[:, self._position - 1] = where

    def indicate(self, name: str) -> None:
        """Write the indicator of a column's missing cells."""
        out = self.take_inputs(1)
        cells = self.table.columns[name]
        if cells.null_count:
            out[:, 0] = cells.is_null().to_numpy(zero_copy_only=False)

    def count_missing(self, column: Column) -> None:
        """Note the missing cells of a column that had none in training: the network was never shown a gap there."""
        found = self.table.columns[column.name].null_count
        if found:
            kind = self.odd.missing_categories if column.kind == "categorical" else self.odd.missing
            kind[column.name] += found


def _encode_numeric(builder: _InputBuilder, column: Column) -> None:
    _encode_numbers(builder, column, numbers_of(builder.table, column.name))


def _encode_numbers(builder: _InputBuilder, column: Column, x: NDArray[np.float64]) -> None:
    out = builder.take_inputs(1)[:, 0]
    if not len(x):
        return
    absent = np.isnan(x) if builder.table.columns[column.name].null_count else None
    if absent is not None:
        builder.mark_missing(absent)
    found = Conditioning.of(column).apply(x, absent, builder.scratch)
    for counts, cells in ((builder.odd.out_of_range, found.out_of_range), (builder.odd.drawn_in, found.drawn_in)):
        if cells:
            counts[column.name] += int(cells)
    out[:] = found.values


def _encode_date(builder: _InputBuilder, column: Column) -> None:
    days = days_of(builder.table, column.name, column.date_form or "ymd")
    _encode_numbers(builder, column, days)
    present = ~np.isnan(days)
    waves = builder.take_inputs(2 * len(column.cycles))
    waves[present] = cycle_inputs(days[present], column.cycles)


def cycle_inputs(days: Days, cycles: Sequence[Cycle]) -> NDArray[np.float64]:
    """Sine and cosine of where some dates are in each cycle: ``(n, 2 * cycles)``."""
    angles = [2 * np.pi * phase(days, cycle) for cycle in cycles]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.stack(waves, axis=1) if waves else np.zeros((len(days), 0))


def _encode_boolean(builder: _InputBuilder, column: Column) -> None:
    out = builder.take_inputs(1)[:, 0]
    cells = builder.table.columns[column.name]
    values = _zeros_and_ones(cells)
    if values is not None:
        out[:] = values
        return
    codes = recode(cells, truth_code)
    if codes.min(initial=0) == UNKNOWN:
        row = int(np.flatnonzero(codes == UNKNOWN)[0])
        raise DataError(
            f"{builder.table.place(row, column.name)}: found {quoted(str(cells[row].as_py()))}, "
            "expected yes or no as in training (yes, no, true, false, y, n, 1, 0); correct it"
        )
    if cells.null_count:
        builder.mark_missing(codes == MISSING)
    out[:] = codes == 1


def _zeros_and_ones(cells: pa.Array) -> NDArray[np.float64] | None:
    """The quick way for a column of nothing but 0 and 1; None for any other."""
    if cells.null_count or not len(cells) or cells[0].as_py() not in {"0", "1", 0.0, 1.0}:
        return None
    try:
        values = (cells if is_number_array(cells) else pc.cast(cells, pa.float64())).to_numpy()
    except pa.ArrowInvalid:  # takes 20 ms, hence the look at the first cell
        return None
    return values if bool(((values == 0) | (values == 1)).all()) else None


def _encode_categorical(builder: _InputBuilder, column: Column) -> None:
    out = builder.take_inputs(len(column.categories))
    codes = recode(builder.table.columns[column.name], category_code(column))
    known = np.flatnonzero(codes >= 0)
    out[known, codes[known]] = 1
    unseen = int(np.count_nonzero(codes == UNKNOWN))
    if unseen:
        builder.odd.unseen_categories[column.name] += unseen


def category_code(column: Column) -> Callable[[str], int]:
    """From a category as written to its index in the schema; ``UNKNOWN`` for one that has no input."""
    return matcher(column.categories, column.matching)


_ENCODERS: dict[ColumnKind, Callable[[_InputBuilder, Column], None]] = {
    "numeric": _encode_numeric, "boolean": _encode_boolean, "date": _encode_date, "categorical": _encode_categorical,
}  # fmt: skip


def member_statistics(
    inputs: Inputs,
    schema: TableSchema,
    plans: Sequence[MemberPlan],
    scaling: Scaling,
    weights: NDArray[np.float64] | None = None,
) -> InputStatistics:
    """Shift, factor and fill of every input for every member, from the member's training rows alone.

    ``standard`` is mean and standard deviation; ``robust`` median and interquartile range, or the standard deviation
    where that is zero; ``none`` leaves numbers in the units of the table. One-hot inputs and indicators stay as they
    are. A missing number is filled with the member's median, a missing yes/no with the more frequent of the two.
    Quantiles are those of at most 65,536 evenly spaced rows of the member. ``weights`` ``(n,)`` say as how many rows
    each counts, in means and standard deviations.
    """
    layout = _Layout.of(schema)
    by_input = np.ascontiguousarray(inputs.values.T)
    missing = None if inputs.missing is None else np.ascontiguousarray(inputs.missing.T)
    members = [_one_member(by_input, missing, layout, plan.train_rows, scaling, weights) for plan in plans]
    shift, factor, fill = (np.stack(parts) for parts in zip(*members, strict=True))
    return InputStatistics(shift, factor, fill, number_inputs(schema))


@dataclass(frozen=True)
class _Layout:
    """Which inputs carry numbers, as arrays ``(d,)``."""

    scaled: NDArray[np.bool_]
    """Numbers, days and yes/no; the others are one-hot inputs, sines, cosines and indicators."""
    boolean: NDArray[np.bool_]
    center: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def of(cls, schema: TableSchema) -> "_Layout":
        rows = [
            (column.kind != "categorical" and i == 0, column.kind == "boolean" and i == 0, column.center, column.spread)
            for column in schema.columns
            for i in range(len(column.input_names))
        ]
        scaled, boolean, center, spread = zip(*rows, strict=True)
        return cls(np.array(scaled), np.array(boolean), np.array(center), np.array(spread))


_Statistics = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]


def _one_member(
    by_input: NDArray[np.float32],
    missing: NDArray[np.bool_] | None,
    layout: _Layout,
    rows: Rows,
    scaling: Scaling,
    weights: NDArray[np.float64] | None,
) -> _Statistics:
    """Shift, factor and fill ``(d,)`` from some rows of ``by_input`` ``(d, n)``."""
    width = len(by_input)
    shift, factor, fill = np.zeros(width), np.ones(width), np.zeros(width)
    values = np.take(by_input, rows, axis=1)
    absent = None if missing is None else np.take(missing, rows, axis=1)
    holes = np.zeros(width, dtype=np.bool_) if absent is None else absent.any(axis=1)
    whole = layout.scaled & ~holes
    own = None if weights is None else weights[rows]
    shift[whole], factor[whole], fill[whole] = _scale(values[whole], scaling, own)
    for i in np.flatnonzero(holes):
        there = slice(None) if absent is None else ~absent[i]
        counts = None if own is None else own[there]
        shift[i], factor[i], fill[i] = (part[0] for part in _scale(values[i][there][None], scaling, counts))
    unscaled = ~layout.scaled
    factor[unscaled] = values[unscaled].min(axis=1) < values[unscaled].max(axis=1)
    if scaling == "none":
        shift[layout.scaled] = -(layout.center / layout.spread)[layout.scaled]
        factor[layout.scaled] *= layout.spread[layout.scaled]
    fill[layout.boolean] = fill[layout.boolean] > 0.5
    return shift, factor, fill


def _scale(values: NDArray[np.float32], scaling: Scaling, weights: NDArray[np.float64] | None) -> _Statistics:
    """Shift, factor and median of each row of ``(inputs, rows)``."""
    if not values.shape[1]:
        nothing = np.zeros(len(values))
        return nothing, nothing, nothing
    sample = values[:, :: sampling_step(values.shape[1])]
    lower, median, upper = np.quantile(sample, [0.25, 0.5, 0.75], axis=1).astype(np.float64)
    varied = values.min(axis=1) < values.max(axis=1)
    if scaling == "none":
        return np.zeros(len(values)), varied.astype(np.float64), median
    mean, spread = moments(values, weights)
    if scaling == "standard":
        return mean, _inverse(spread, varied), median
    return median, _inverse(np.where(upper > lower, upper - lower, spread), varied), median


def moments(
    values: NDArray[np.floating[Any]], weights: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation, float64, along the last axis; ``weights`` say as how many values each counts."""
    if weights is None:
        return values.mean(axis=-1, dtype=np.float64), values.std(axis=-1, dtype=np.float64)
    total = weights.sum()
    mean = np.asarray(values.astype(np.float64) @ weights / total)
    return mean, np.sqrt((values - mean[..., np.newaxis]) ** 2 @ weights / total)


def _inverse(spread: NDArray[np.float64], varied: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.divide(1.0, spread, out=np.zeros_like(spread), where=varied & (spread > 0))
