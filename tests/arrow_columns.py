"""Hypothesis draws Arrow columns of every type, and says what each cell of them is."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st


class Column(NamedTuple):
    """A column, and its cells: None, bool, int, Decimal, NumPy's floats, str, list or dict (of fields)."""

    array: pa.Array
    values: list[Any]


Builder = Callable[[st.DrawFn, int, int], Column]
"""Draws a column of so many rows, nested at most so deep."""

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
ODD_TEXTS = ["=1+1", "@a", "+x", "-", "\t=1", "\r", " =1", "\N{FULLWIDTH EQUALS SIGN}1"]
ODD_TEXTS += ["-5", "+1e3", "a,b", '"', "\0", ""]
texts = st.sampled_from(ODD_TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


ARROW_CASTS_VIEWS = hasattr(pa, "decimal32")
"""Older releases of PyArrow refuse more types, and so do we there."""


def every_id() -> dict[int, str]:
    """The number of each of Arrow's types, and its name."""
    return {number: name for name, number in vars(pa.lib).items() if name.startswith("Type_")}


def columns(rows: int = 4) -> st.SearchStrategy[Column]:
    """Columns of any type, whole ones and slices."""
    return st.sampled_from(sorted(BUILDERS)).flatmap(lambda number: columns_of(number, rows))


@st.composite
def columns_of(draw: st.DrawFn, number: int, rows: int = 4) -> Column:
    """Columns of the type with a number, whole ones and slices."""
    before, after = draw(st.sampled_from([(0, 0), (2, 1)]))
    array, values = BUILDERS[number](draw, before + rows + after, 2)
    return Column(array.slice(before, rows), values[before : before + rows])


def parts(kind: pa.DataType) -> Iterator[pa.DataType]:
    """A type, and all types inside of it."""
    yield kind
    if isinstance(kind, pa.BaseExtensionType):
        yield from parts(kind.storage_type)
    elif pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        yield from parts(kind.value_type)
    else:
        for i in range(kind.num_fields):
            yield from parts(kind.field(i).type)


def _plain(
    kinds: list[pa.DataType],
    cells: Callable[[pa.DataType], st.SearchStrategy[Any]],
    value: Callable[[pa.DataType, Any], Any] = lambda _, cell: cell,
    stored: Callable[[list[Any], pa.DataType], pa.Array] = pa.array,
) -> Builder:
    """A builder of types without others inside: the cells as Arrow takes them, and what they are."""

    def build(draw: st.DrawFn, rows: int, depth: int) -> Column:
        kind = draw(st.sampled_from(kinds))
        drawn = draw(st.lists(st.none() | cells(kind), min_size=rows, max_size=rows))
        return Column(stored(drawn, kind), [None if cell is None else value(kind, cell) for cell in drawn])

    return build


def _integers(kind: pa.DataType) -> st.SearchStrategy[int]:
    signed = pa.types.is_signed_integer(kind)
    return st.integers(-(2 ** (kind.bit_width - 1)) if signed else 0, 2 ** (kind.bit_width - signed) - 1)


def _floats(kind: pa.DataType) -> st.SearchStrategy[float]:
    return st.floats(width=kind.bit_width)


def _float(kind: pa.DataType, cell: float) -> Any:
    return {16: np.float16, 32: np.float32, 64: np.float64}[kind.bit_width](cell)


def _halves(cells: list[float | None], kind: pa.DataType) -> pa.Array:
    return pa.array([None if cell is None else np.float16(cell) for cell in cells], kind)


def _decimals(kind: pa.DataType) -> st.SearchStrategy[Decimal]:
    most = 10**kind.precision - 1
    return st.integers(-most, most).map(lambda digits: Decimal(f"{digits}e{-kind.scale}"))


def _ticks(cells: list[int | None], kind: pa.DataType) -> pa.Array:
    return pa.array(cells, pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)


def _days(kind: pa.DataType) -> st.SearchStrategy[int]:
    days = st.integers(-719_162, 2_932_896)  # the years 1 to 9999
    return days if pa.types.is_date32(kind) else days.map(lambda day: day * 86_400_000)


def _date(kind: pa.DataType, cell: int) -> str:
    day = cell if pa.types.is_date32(kind) else cell // 86_400_000
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _fraction(rest: int, unit: str) -> str:
    digits = len(str(PER_SECOND[unit])) - 1
    return f".{rest:0{digits}}" if digits else ""


def _time(kind: pa.DataType, cell: int) -> str:
    seconds, rest = divmod(cell, PER_SECOND[kind.unit])
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{_fraction(rest, kind.unit)}"


def _moments(kind: pa.DataType) -> st.SearchStrategy[int]:
    low, high = -62_104_060_800, 253_370_764_799  # the years 2 to 9998, and so in every zone
    if kind.unit == "ns":
        low, high = -9_223_272_036, 9_223_272_035  # a day inside the years 1677 to 2262
    return st.integers(low * PER_SECOND[kind.unit], (high + 1) * PER_SECOND[kind.unit] - 1)


def _timestamp(kind: pa.DataType, cell: int) -> str:
    seconds, rest = divmod(cell, PER_SECOND[kind.unit])
    moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    return f"{moment.isoformat(' ')}{_fraction(rest, kind.unit)}{'Z' if kind.tz else ''}"


def _duration(kind: pa.DataType, cell: int) -> str:
    whole, rest = divmod(abs(cell), PER_SECOND[kind.unit])
    return f"{'-' if cell < 0 else ''}PT{whole}{_fraction(rest, kind.unit)}S"


def _spans(kind: pa.DataType) -> st.SearchStrategy[int]:
    most = min(999_999_999 * 86_400 * PER_SECOND[kind.unit], 2**63 - 1)  # what Python's own durations hold
    return st.integers(-most, most)


def _bytes(kind: pa.DataType) -> st.SearchStrategy[bytes]:
    if pa.types.is_fixed_size_binary(kind):
        return st.binary(min_size=kind.byte_width, max_size=kind.byte_width)
    return st.binary(max_size=20)


def _child(draw: st.DrawFn, rows: int, depth: int) -> Column:
    return BUILDERS[draw(st.sampled_from(sorted(BUILDERS) if depth > 1 else FLAT))](draw, rows, depth - 1)


def _mask(draw: st.DrawFn, rows: int) -> list[bool]:
    return draw(st.lists(st.booleans(), min_size=rows, max_size=rows))


def _hidden(values: list[Any], mask: list[bool]) -> list[Any]:
    return [None if hidden else value for value, hidden in zip(values, mask, strict=True)]


def _ends(draw: st.DrawFn, rows: int) -> list[int]:
    lengths = draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
    return [0, *np.cumsum(lengths).tolist()]


def _cut(values: list[Any], ends: list[int]) -> list[Any]:
    return [values[start:end] for start, end in pairwise(ends)]


def _lists(array: type[pa.Array], offset: pa.DataType) -> Builder:
    def build(draw: st.DrawFn, rows: int, depth: int) -> Column:
        ends, mask = _ends(draw, rows), _mask(draw, rows)
        inner = _child(draw, ends[-1], depth)
        made = array.from_arrays(pa.array(ends, offset), inner.array, mask=pa.array(mask, pa.bool_()))
        return Column(made, _hidden(_cut(inner.values, ends), mask))

    return build


def _list_views(array: type[pa.Array], offset: pa.DataType) -> Builder:
    """Lists whose values may overlap, in any order."""

    def build(draw: st.DrawFn, rows: int, depth: int) -> Column:
        mask, inner = _mask(draw, rows), _child(draw, 5, depth)
        spans = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=rows, max_size=rows))
        starts, sizes = ([span[i] for span in spans] for i in (0, 1))
        made = array.from_arrays(
            pa.array(starts, offset), pa.array(sizes, offset), inner.array, mask=pa.array(mask, pa.bool_())
        )
        return Column(made, _hidden([inner.values[start : start + size] for start, size in spans], mask))

    return build


def _fixed_size_lists(draw: st.DrawFn, rows: int, depth: int) -> Column:
    size, mask = draw(st.integers(1, 2)), _mask(draw, rows)
    inner = _child(draw, rows * size, depth)
    made = pa.FixedSizeListArray.from_arrays(inner.array, size, mask=pa.array(mask, pa.bool_()))
    return Column(made, _hidden(_cut(inner.values, list(range(0, rows * size + 1, size))), mask))


def _structs(draw: st.DrawFn, rows: int, depth: int) -> Column:
    names, mask = draw(st.lists(texts, unique=True, max_size=3)), _mask(draw, rows)
    if not names:
        cells = _hidden([{}] * rows, mask)
        return Column(pa.array(cells, pa.struct([])), cells)
    fields = {name: _child(draw, rows, depth) for name in names}
    made = pa.StructArray.from_arrays(
        [inner.array for inner in fields.values()], names, mask=pa.array(mask, pa.bool_())
    )
    cells = [{name: inner.values[row] for name, inner in fields.items()} for row in range(rows)]
    return Column(made, _hidden(cells, mask))


def _maps(draw: st.DrawFn, rows: int, depth: int) -> Column:
    ends = _ends(draw, rows)
    keys = draw(st.lists(texts, min_size=ends[-1], max_size=ends[-1]))
    items = _child(draw, ends[-1], depth)
    made = pa.MapArray.from_arrays(pa.array(ends, pa.int32()), pa.array(keys, pa.string()), items.array)
    pairs = [{"key": key, "value": item} for key, item in zip(keys, items.values, strict=True)]
    return Column(made, _cut(pairs, ends))


def _dictionaries(draw: st.DrawFn, rows: int, depth: int) -> Column:
    # A dictionary of an extension in Parquet can't be read back by Arrow, so none ever comes from there.
    inner = BUILDERS[draw(st.sampled_from([number for number in FLAT if number != EXTENSION_ID]))](draw, 3, 0)
    places = draw(st.lists(st.none() | st.integers(0, 2), min_size=rows, max_size=rows))
    kind = draw(st.sampled_from([pa.int8(), pa.uint32()]))
    made = pa.DictionaryArray.from_arrays(pa.array(places, kind), inner.array)
    return Column(made, [None if place is None else inner.values[place] for place in places])


def _runs(draw: st.DrawFn, rows: int, depth: int) -> Column:
    inner = BUILDERS[draw(st.sampled_from(FLAT))](draw, 2, 0)
    made = pa.RunEndEncodedArray.from_arrays(pa.array([1, rows], pa.int32()), inner.array)
    return Column(made, [inner.values[0], *[inner.values[1]] * (rows - 1)])


def _sparse_unions(draw: st.DrawFn, rows: int, depth: int) -> Column:
    made = pa.UnionArray.from_sparse(pa.array([0] * rows, pa.int8()), [pa.array([1] * rows)])
    return Column(made, [1] * rows)


def _dense_unions(draw: st.DrawFn, rows: int, depth: int) -> Column:
    made = pa.UnionArray.from_dense(
        pa.array([0] * rows, pa.int8()), pa.array(range(rows), pa.int32()), [pa.array([1] * rows)]
    )
    return Column(made, [1] * rows)


def _if_known(name: str, builder: Builder, *arguments: object) -> list[tuple[pa.DataType, Builder]]:
    """A type that the oldest PyArrow allowed may lack, and its builder."""
    return [(getattr(pa, name)(*arguments), builder)] if hasattr(pa, name) else []


class Celsius(pa.ExtensionType):  # type: ignore[misc]
    """An extension that nobody else knows."""

    def __init__(self) -> None:
        super().__init__(pa.float32(), "tests.celsius")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> Celsius:
        return cls()


_uuids = _plain([pa.binary(16)], _bytes, lambda _, cell: str(uuid.UUID(bytes=cell)))
_truths = _plain([pa.int8()], lambda _: st.integers(-1, 1), lambda _, cell: bool(cell))
_json = _plain([pa.string()], lambda _: st.sampled_from(['{"a": 1}', "[1]", "=1"]))
_celsius = _plain([pa.float32()], _floats, _float)


_tensors = _plain([pa.list_(pa.int8(), 4)], lambda _: st.lists(st.integers(-9, 9), min_size=4, max_size=4))
EXTENSIONS: list[tuple[pa.DataType, Builder]] = [
    (Celsius(), _celsius),
    (pa.fixed_shape_tensor(pa.int8(), (2, 2)), _tensors),
    *_if_known("uuid", _uuids),
    *_if_known("bool8", _truths),
    *_if_known("json_", _json),
    *_if_known("opaque", _celsius, pa.float32(), "degrees", "tests"),
]
"""Extension types, and what builds their storage."""


def _extensions(draw: st.DrawFn, rows: int, depth: int) -> Column:
    kind, storage = draw(st.sampled_from(EXTENSIONS))
    stored, values = storage(draw, rows, depth)
    return Column(pa.ExtensionArray.from_storage(kind, stored), values)


def _intervals(draw: st.DrawFn, rows: int, depth: int) -> Column:
    return Column(pa.array([None, *[(1, 2, 3)] * (rows - 1)], pa.month_day_nano_interval()), [None] * rows)


EXTENSION_ID = Celsius().id
"""The number that all extension types have, and that PyArrow has no name for."""
_UNITS = list(PER_SECOND)
_ZONES = [None, "UTC", "Europe/Berlin", "+02:00"]
BUILDERS: dict[int, Builder] = {
    pa.lib.Type_NA: _plain([pa.null()], lambda _: st.none()),
    pa.lib.Type_BOOL: _plain([pa.bool_()], lambda _: st.booleans()),
    **{
        kind.id: _plain([kind], _integers)
        for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
    },
    pa.lib.Type_HALF_FLOAT: _plain([pa.float16()], _floats, _float, _halves),
    pa.lib.Type_FLOAT: _plain([pa.float32()], _floats, _float),
    pa.lib.Type_DOUBLE: _plain([pa.float64()], _floats, _float),
    **{kind.id: _plain([kind], _decimals) for kind, _ in _if_known("decimal32", _celsius, 9, 2)},
    **{kind.id: _plain([kind], _decimals) for kind, _ in _if_known("decimal64", _celsius, 18, 10)},
    pa.lib.Type_DECIMAL128: _plain([pa.decimal128(38, 37), pa.decimal128(5, 0), pa.decimal128(5, -3)], _decimals),
    pa.lib.Type_DECIMAL256: _plain([pa.decimal256(76, 2)], _decimals),
    pa.lib.Type_DATE32: _plain([pa.date32()], _days, _date, _ticks),
    pa.lib.Type_DATE64: _plain([pa.date64()], _days, _date, _ticks),
    pa.lib.Type_TIME32: _plain(
        [pa.time32("s"), pa.time32("ms")],
        lambda kind: st.integers(0, 86_400 * PER_SECOND[kind.unit] - 1),
        _time,
        _ticks,
    ),
    pa.lib.Type_TIME64: _plain(
        [pa.time64("us"), pa.time64("ns")],
        lambda kind: st.integers(0, 86_400 * PER_SECOND[kind.unit] - 1),
        _time,
        _ticks,
    ),
    pa.lib.Type_TIMESTAMP: _plain(
        [pa.timestamp(unit, zone) for unit in _UNITS for zone in _ZONES], _moments, _timestamp, _ticks
    ),
    pa.lib.Type_DURATION: _plain([pa.duration(unit) for unit in _UNITS], _spans, _duration, _ticks),
    pa.lib.Type_INTERVAL_MONTH_DAY_NANO: _intervals,
    pa.lib.Type_STRING: _plain([pa.string()], lambda _: texts),
    pa.lib.Type_LARGE_STRING: _plain([pa.large_string()], lambda _: texts),
    pa.lib.Type_STRING_VIEW: _plain([pa.string_view()], lambda _: texts),
    **{
        kind.id: _plain([kind], _bytes, lambda _, cell: cell.hex())
        for kind in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(3))
    },
    pa.lib.Type_LIST: _lists(pa.ListArray, pa.int32()),
    pa.lib.Type_LARGE_LIST: _lists(pa.LargeListArray, pa.int64()),
    pa.lib.Type_FIXED_SIZE_LIST: _fixed_size_lists,
    pa.lib.Type_LIST_VIEW: _list_views(pa.ListViewArray, pa.int32()),
    pa.lib.Type_LARGE_LIST_VIEW: _list_views(pa.LargeListViewArray, pa.int64()),
    pa.lib.Type_STRUCT: _structs,
    pa.lib.Type_MAP: _maps,
    pa.lib.Type_SPARSE_UNION: _sparse_unions,
    pa.lib.Type_DENSE_UNION: _dense_unions,
    pa.lib.Type_DICTIONARY: _dictionaries,
    pa.lib.Type_RUN_END_ENCODED: _runs,
    EXTENSION_ID: _extensions,
}
UNMAKEABLE = {n for n, name in every_id().items() if name in {"Type_INTERVAL_MONTHS", "Type_INTERVAL_DAY_TIME"}}
"""Types of Arrow's that PyArrow has only the numbers of."""
_NESTED = {
    pa.lib.Type_LIST,
    pa.lib.Type_LARGE_LIST,
    pa.lib.Type_FIXED_SIZE_LIST,
    pa.lib.Type_LIST_VIEW,
    pa.lib.Type_LARGE_LIST_VIEW,
    pa.lib.Type_STRUCT,
    pa.lib.Type_MAP,
    pa.lib.Type_DICTIONARY,
    pa.lib.Type_RUN_END_ENCODED,
}
FLAT = sorted(set(BUILDERS) - _NESTED)
