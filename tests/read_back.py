"""Columns written in a format, read back strictly, and compared with what they were."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from phoneprice.data.formats import CSV, JSON_LINES, PARQUET, Format, OutputRows, open_writer
from phoneprice.errors import DataError
from phoneprice.wording import printable
from tests.arrow_columns import Column, parts

NAME = '=a "b", c'
_GUARDED = "'" + NAME
_NUMBER = re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *", re.ASCII)
_BEFORE = "".join(map(chr, range(0x21))) + "\N{NO-BREAK SPACE}"
_FULL_WIDTH = "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"


def written(column: Column, format_: Format, *, safe: bool) -> tuple[bytes, list[str]]:
    """A file of the column in two parts, and what the writer said of it."""
    array, half = column.array, len(column.array) // 2
    file = io.BytesIO()
    try:
        with open_writer(file, format_, spreadsheet_safe=safe) as writer:
            for part in (array.slice(0, half), array.slice(half)):
                writer.write(OutputRows({NAME: part, "prediction": pa.array(range(len(part)), pa.int64())}, {}))
            notes = writer.notes()
    except DataError:
        assert not file.getvalue()
        raise
    return file.getvalue(), notes


def check(column: Column, format_: Format, *, safe: bool) -> bool:
    """Whether the format holds the column: read back, it is what it was; if not, it is refused by its name."""
    refused, refusable = _refused_by(column.array.type, format_), _refusable_by(column.array.type, format_)
    try:
        data, notes = written(column, format_, safe=safe)
    except DataError as fault:
        _check_refusal(str(fault), column, format_, expected=refused or refusable)
        return False
    assert not refused
    _READERS[format_.title](data, column, safe)
    assert bool(notes) == (format_ is not PARQUET and _nulled(column, format_) > 0)
    if notes:
        n = _nulled(column, format_)
        cells = "1 cell" if n == 1 else f"{n} cells"
        assert notes == [f"{cells} with NaN or an infinite number ({NAME} {n}): null in JSON"]
    return True


def _check_refusal(message: str, column: Column, format_: Format, *, expected: bool) -> None:
    assert expected, message
    what = f"column {NAME!r} of type {column.array.type} can't be written as {format_.title} ("
    assert message.startswith(printable(what))
    assert message.endswith("); convert it to text, or leave it out of the input")
    assert "\n" not in message


def _refused_by(kind: pa.DataType, format_: Format) -> bool:
    inside = list(parts(kind))
    if any(pa.types.is_union(part) or pa.types.is_interval(part) for part in inside):
        return True
    return format_ is PARQUET and any(
        pa.types.is_run_end_encoded(part)
        or (pa.types.is_struct(part) and not part.num_fields)
        or (pa.types.is_decimal(part) and part.scale < 0)
        for part in inside
    )


def _refusable_by(kind: pa.DataType, format_: Format) -> bool:
    """Whether Arrow may have no way yet, depending on the cells."""
    types, inside = pa.types, list(parts(kind))
    list_views = any(types.is_list_view(part) or types.is_large_list_view(part) for part in inside)
    if format_ is not PARQUET:
        return list_views and any(isinstance(part, pa.BaseExtensionType) for part in inside)
    views = any(types.is_string_view(part) or types.is_binary_view(part) for part in inside)
    dictionaries = any(map(types.is_dictionary, inside))
    return (dictionaries and (views or len(inside) > 2)) or (views and list_views and len(inside) > 2)


def _nulled(column: Column, format_: Format) -> int:
    """How many numbers JSON has no value for: of any cell in JSON Lines, of nested ones in CSV."""
    cells = column.values
    if format_ is CSV:
        cells = [cell for cell in cells if isinstance(cell, list | dict)]
    return sum(map(_not_finite, cells))


def _not_finite(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_not_finite, value))
    if isinstance(value, dict):
        return sum(map(_not_finite, value.values()))
    return int(isinstance(value, np.floating) and not np.isfinite(value))


def _check_csv(data: bytes, column: Column, safe: bool) -> None:
    header, *lines = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    assert header == [_GUARDED if safe else NAME, "prediction"]
    for row, ((text, _), value) in enumerate(zip(lines, column.values, strict=True)):
        assert _same_in_csv(text, value, safe), (row, text, value)


def _same_in_csv(text: str, value: Any, safe: bool) -> bool:
    if value is None:
        return text == ""
    if isinstance(value, list | dict):
        return same(strict_json(text), value)
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, str):
        return text == (guarded(value) if safe else value)
    if isinstance(value, np.floating) and not np.isfinite(value):
        return text == ("nan" if np.isnan(value) else "inf" if value > 0 else "-inf")
    return same(Decimal(text), value)


def _check_json(data: bytes, column: Column, safe: bool) -> None:
    lines = data.decode().split("\n")
    assert lines.pop() == ""
    for row, (line, value) in enumerate(zip(lines, column.values, strict=True)):
        found = strict_json(line)
        assert list(found) == [_GUARDED if safe else NAME, "prediction"]
        expected = guarded(value) if safe and isinstance(value, str) else value
        assert same(next(iter(found.values())), expected), (row, line, value)


def _check_parquet(data: bytes, column: Column, safe: bool) -> None:
    found = pq.read_table(io.BytesIO(data))
    assert found.column_names == [_GUARDED if safe else NAME, "prediction"]
    cells, expected = _storage(found.column(0).combine_chunks()), _storage(column.array).to_pylist()
    if safe and _is_text(column.array.type):
        expected = [cell if cell is None else guarded(cell) for cell in expected]
    assert repr(cells.to_pylist()) == repr(expected)  # repr: NaN is NaN there


def _storage(array: pa.Array) -> pa.Array:
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    inner = next(part for part in reversed(list(parts(kind))))
    whole = types.is_dictionary(kind) or isinstance(kind, pa.BaseExtensionType) or kind == inner
    return whole and (types.is_string(inner) or types.is_large_string(inner) or types.is_string_view(inner))


_READERS: dict[str, Callable[[bytes, Column, bool], None]] = {
    CSV.title: _check_csv,
    JSON_LINES.title: _check_json,
    PARQUET.title: _check_parquet,
}


def guarded(text: str) -> str:
    """A text cell that no spreadsheet takes for a formula."""
    first = text.lstrip(_BEFORE)[:1]
    risky = text[:1] in {"\t", "\r", "\n"} or (first and first in "=+-@" + _FULL_WIDTH)
    return f"'{text}" if risky and not _NUMBER.fullmatch(text) else text


def strict_json(text: str) -> Any:
    """A value by RFC 8259, numbers as ``Decimal``; no NaN, and no key twice."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(found)) == len(found), text
        return dict(found)

    def constant(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=constant, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=pairs)


def same(found: Any, expected: Any) -> bool:
    """Whether what JSON holds is the cell: a float with all its digits, null where it is not finite."""
    if isinstance(expected, np.floating):
        return found is None if not np.isfinite(expected) else type(expected)(float(found)) == expected
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, int | Decimal) and not isinstance(expected, bool):
        return isinstance(found, Decimal) and found == expected
    return type(found) is type(expected) and found == expected
