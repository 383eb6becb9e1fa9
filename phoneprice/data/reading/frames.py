"""Tables that are in memory already: a pandas data frame, or a mapping of columns."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import pyarrow as pa

from phoneprice.data.arrow_types import is_number, is_text, is_time
from phoneprice.data.reading.cells import without_missing_numbers
from phoneprice.data.reading.columns import ColumnReader, text_in_plain_words
from phoneprice.data.reading.faults import file_fault, wrong_type
from phoneprice.data.reading.headers import edge_keys, named_part, require_distinct
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.reading.parquet_reader import plain, require_valid
from phoneprice.data.table import Table
from phoneprice.data.values import number_text
from phoneprice.errors import PhonePriceError
from phoneprice.wording import cut


def frame_table(
    frame: Any,
    options: ReadOptions,
    skip_columns: Collection[str] = (),
    text_columns: Collection[str] = (),
    *,
    source: str = "the data",
) -> Table:
    """The table of a pandas DataFrame, a mapping from names to columns, or whatever exports itself as an Arrow stream.

    Columns of numbers and booleans are float64, NaN and None missing; text is text, ``options.missing_values``
    missing; dates and times become text. ``text_columns`` are text where they hold whole numbers or decimals, too, and
    ``skip_columns`` come all missing, as ``read_table`` has it. Raises ``DataError``, calling the frame ``source``: for
    infinite numbers, columns of other types or of different lengths, and names that are empty (but for an index in the
    first column, and columns without a value at the right edge) or there twice. Raises ``TypeError`` for what is no
    frame.
    """
    given = _columns(frame)
    names = named_part([name for name, _ in given])
    require_distinct(source, names)
    edge = edge_keys(len(given) - len(names))
    values = dict(zip((*names, *edge), (values for _, values in given), strict=True))
    texts = frozenset(text_columns)
    arrays = {
        name: _plain_array(name, cells, source, text=name in texts)
        for name, cells in values.items()
        if name not in skip_columns
    }
    rows = _common_length(arrays, source)
    read = [name for name in names if name in arrays]
    numeric = frozenset(name for name in read if is_number(arrays[name].type) and name not in texts)
    arrays = {name: plain(array, numeric=name in numeric) for name, array in arrays.items()}
    arrays |= {name: without_missing_numbers(arrays[name], options.rules(name).missing_values) for name in numeric}
    selection = Selection(names, numeric, frozenset(read) - numeric, edge=edge)
    table = ColumnReader(source, selection, options).read(arrays, None, rows=rows)
    columns = {**table.columns, **_formatted(table, selection.text - texts, options)}
    unread = pa.nulls(rows, pa.string())
    return replace(table, columns={name: columns.get(name, unread) for name in names})


def _formatted(table: Table, names: Collection[str], options: ReadOptions) -> dict[str, pa.Array]:
    """Those of some columns of text that have a format of their own, numbers in the plain grammar."""
    formats = {name: options.rules(name).number_format for name in names}
    return {
        name: text_in_plain_words(table, name, table.columns[name], how, certain=False)
        for name, how in formats.items()
        if not how.plain and pa.types.is_string(table.columns[name].type)
    }


def frame_names(frame: Any) -> tuple[str, ...]:
    """The names of a frame's columns, but for those at the right edge that have none."""
    return named_part([name for name, _ in _columns(frame)])


def held(frame: Any) -> Any:
    """A frame that may be looked at twice: a stream of Arrow's is read, once and for all."""
    return frame if isinstance(frame, Mapping) or hasattr(frame, "iloc") else pa.table(frame)


def is_frame(data: object) -> bool:
    """Whether ``frame_table`` takes this as a table with named columns."""
    if hasattr(data, "iloc"):
        return hasattr(data, "columns")  # a Series has none
    return isinstance(data, Mapping) or hasattr(data, "__arrow_c_stream__")


def category_columns(frame: Any) -> tuple[str, ...]:
    """The columns that a pandas DataFrame declares to be categories."""
    if not hasattr(frame, "iloc"):
        return ()
    return tuple(str(name) for name, kind in frame.dtypes.items() if str(kind) == "category")


def _columns(frame: Any) -> list[tuple[str, Any]]:
    if isinstance(frame, Mapping):
        return [(str(name), values) for name, values in frame.items()]
    if hasattr(frame, "iloc"):
        return [(str(name), frame.iloc[:, i]) for i, name in enumerate(frame.columns)]
    if hasattr(frame, "__arrow_c_stream__"):
        table = pa.table(frame)
        return list(zip(table.column_names, table.columns, strict=True))
    raise TypeError(f"found a {type(frame).__name__}, expected a pandas DataFrame or a mapping of columns")


def _common_length(arrays: Mapping[str, pa.Array], source: str) -> int:
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise file_fault(source, f"found columns of different lengths ({found}), expected one")
    return next(iter(lengths.values()), 0)


def _plain_array(name: str, values: Any, source: str, *, text: bool) -> pa.Array:
    """A column as an array of numbers or strings; as ``text``, whole numbers of any size keep their digits."""
    array = values if isinstance(values, pa.ChunkedArray) else _array(name, values, source, text=text)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    kind = array.type
    if not (is_number(kind) or is_text(kind) or is_time(kind) or _is_number_dictionary(kind)):
        raise wrong_type(source, name, array.type)
    require_valid(source, name, array)
    return plain(array, numeric=False)


def _is_number_dictionary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind)) and is_number(kind.value_type)


def _array(name: str, values: Any, source: str, *, text: bool) -> pa.Array:
    if (
        isinstance(values, str | bytes | Mapping | AbstractSet)
        or not isinstance(values, Iterable)
        or _axes(values) != 1
    ):
        what = f"column {name!r} is a {type(values).__name__}, expected a list, an array or a Series of cells"
        raise file_fault(source, f"{what}; correct it or leave it out")
    try:
        return _array_of_any(name, values, source, text=text)
    except (PhonePriceError, MemoryError):
        raise
    except Exception as fault:  # whatever arrays and cells of somebody's raise
        what = f"column {name!r} is a {type(values).__name__} that can't be read ({cut(str(fault), 120)})"
        raise file_fault(source, f"{what}; convert it or leave it out") from fault


_NESTED = (list, tuple, Mapping, AbstractSet, np.ndarray)


def _array_of_any(name: str, values: Iterable[Any], source: str, *, text: bool) -> pa.Array:
    if getattr(values, "dtype", None) in (None, object):
        values = list(values) if isinstance(values, Iterator) else values
        # Arrow follows what is nested, for ever where a list holds itself.
        if nested := [kind for kind in set(map(type, values)) if issubclass(kind, _NESTED)]:
            raise wrong_type(source, name, nested[0].__name__)
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, UnicodeError):
        return _array_of_cells(name, values, source, text=text)


def _axes(values: Any) -> int:
    axes: int = getattr(values, "ndim", 1)
    return axes


def _array_of_cells(name: str, values: Iterable[Any], source: str, *, text: bool) -> pa.Array:
    """Cells that Arrow has no type for: float64 if all are numbers and ``text`` is not asked for, else text."""
    import pandas as pd

    try:
        column = pd.Series(values, dtype=object)
    except ValueError:  # an array of records
        raise wrong_type(source, name, type(values).__name__) from None
    cells = [None if gone else cell for cell, gone in zip(column.tolist(), column.isna().tolist(), strict=True)]
    if not text and all(cell is None or isinstance(cell, Real) for cell in cells):
        return pa.array([None if cell is None else _number(name, cell, source) for cell in cells], pa.float64())
    texts = [_text(name, cell, source) for cell in cells]
    try:
        return pa.array(texts, pa.string())
    except UnicodeError:
        raise file_fault(
            source, f"column {name!r} has text that is no Unicode (half a character); correct it"
        ) from None


def _number(name: str, cell: Real, source: str) -> float:
    try:
        return float(cell)
    except OverflowError:
        what = f"column {name!r} has a number too large for float64, expected finite numbers"
        raise file_fault(source, f"{what}; correct it or leave it empty") from None


def _text(name: str, cell: object, source: str) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, Integral):
        return str(int(cell))
    if isinstance(cell, Real):
        return number_text(_number(name, cell, source))
    raise wrong_type(source, name, type(cell).__name__)
