"""What a cell of each Arrow type becomes in CSV and JSON Lines: the one place that knows the types.

| Arrow type | becomes |
|---|---|
| integers, floats, decimals | a number |
| boolean | true or false |
| null, and a missing cell of any type | an empty cell, null |
| strings of any layout | text |
| date, time | text: ``2024-05-01``, ``12:30:00`` with the digits of its unit |
| timestamp | text: ``2024-05-01 12:30:00.000``; with a time zone in UTC, ``2024-05-01 10:30:00.000Z`` |
| duration | text: ``PT1.500S`` (ISO 8601, in seconds) |
| binary of any layout | text: two hexadecimal digits a byte, ``00ff`` |
| UUID | text: ``01234567-89ab-cdef-0123-456789abcdef`` |
| lists of any layout | a JSON array, in CSV as text |
| struct | a JSON object, in CSV as text |
| map | as a list of structs with the fields ``key`` and ``value`` |
| dictionary, run-end encoded | what its values become |
| any other extension | what its storage becomes |
| union, intervals of months and days | refused |

JSON has no NaN and no infinity: there they are null, and counted. CSV has ``nan``, ``inf`` and ``-inf``.
A date or time that Arrow can't print, past the year 32767, is ``<value out of range: N>``, in units of its type.
"""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phoneprice.data.arrow_types import UNITS, is_bytes, is_list

Rendered = tuple[pa.Array, NDArray[np.int64]]
"""Cells that a format can hold, and how many numbers of each became null because JSON has no value for them."""


def simple(cells: pa.Array) -> pa.Array:
    """The same cells in one of the few types that formats of text know: string, numbers, boolean, null, list, struct.

    Raises an ``ArrowException`` for a type that has no text.
    """
    return _rule(cells.type)(cells)


def untouched(cells: pa.Array) -> Rendered:
    """Cells of which no number became null."""
    return cells, np.zeros(len(cells), np.int64)


def csv_values(cells: pa.Array) -> Rendered:
    """Strings, numbers and booleans, which have one text each; ``cells`` are ``simple``."""
    if not pa.types.is_nested(cells.type):
        return untouched(cells)
    texts, nulled = json_values(cells)
    return pc.if_else(cells.is_valid(), texts, pa.scalar(None, pa.string())), nulled


def texts(cells: pa.Array) -> pa.Array:
    """The text of each cell in CSV, null where it is missing; raises an ``ArrowException`` as ``simple`` does."""
    return csv_values(simple(cells))[0].cast(pa.string())


def json_values(cells: pa.Array) -> Rendered:
    """The JSON text (RFC 8259) of each cell."""
    cells = simple(cells)
    if pa.types.is_string(cells.type):
        return untouched(_json_strings(cells))
    if pa.types.is_struct(cells.type):
        return _json_structs(cells)
    if pa.types.is_nested(cells.type):
        return _json_lists(cells)
    texts = pc.fill_null(cells.cast(pa.string()), "null")
    if not pa.types.is_floating(cells.type):
        return untouched(texts)
    finite = pc.fill_null(pc.is_finite(cells), True)
    return pc.if_else(finite, texts, "null"), 1 - finite.to_numpy(zero_copy_only=False).astype(np.int64)


def json_objects(columns: Mapping[str, pa.Array], end: str = "}") -> pa.Array:
    """A JSON object a row, of at least one column of JSON texts; ``end`` closes it."""
    parts: list[pa.Array | str] = []
    for name, texts in columns.items():
        parts += [f"{', ' if parts else '{'}{json.dumps(name, ensure_ascii=False)}: ", texts]
    return pc.binary_join_element_wise(*parts, end, "")


def without_formulas(cells: pa.Array) -> pa.Array:
    """Text cells that a spreadsheet would take for a formula, with an apostrophe before them; all others as they are.

    They begin with one of ``= + - @``, its full-width form or a control character, maybe after spaces, and are no
    numbers (OWASP, CSV Injection).
    """
    if not pa.types.is_string(cells.type):
        return cells
    risky = pc.match_substring_regex(cells, r"^[\t\r\n]|^[\x00-\x20\x{a0}]*[=+\-@\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]")
    number = pc.match_substring_regex(cells, r"^ *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *$")
    quoted = pc.binary_join_element_wise("'", cells, "")
    return pc.if_else(pc.and_not(risky, number), quoted, cells)


def _rule(kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    """The rule of a type, if there is one for each type inside it too: Arrow aborts where a list of unions is cut."""
    for i in range(kind.num_fields):
        _rule(kind.field(i).type)
    for recognised, rule in _RULES:
        if recognised(kind):
            return rule
    raise pa.ArrowNotImplementedError(f"there is no text for {kind}")


def _same(cells: pa.Array) -> pa.Array:
    return cells


def _text(cells: pa.Array) -> pa.Array:
    return cells.cast(pa.string())


def _timestamps(cells: pa.Array) -> pa.Array:
    # Without its zone a timestamp is printed in UTC, and no database of time zones is asked.
    texts = cells.cast(pa.timestamp(cells.type.unit)).cast(pa.string())
    return texts if cells.type.tz is None else pc.binary_join_element_wise(texts, "Z", "")


def _durations(cells: pa.Array) -> pa.Array:
    ticks = cells.cast(pa.int64()).fill_null(0).to_numpy()
    size = np.abs(ticks).view(np.uint64)  # -2**63 stays itself, and is 2**63 without a sign
    whole, rest = np.divmod(size, np.uint64(UNITS[cells.type.unit]))
    # A fraction of a second is what follows the seconds 1970-01-01 00:00:00 of such a timestamp.
    fraction = pa.array(rest.astype(np.int64)).cast(pa.timestamp(cells.type.unit)).cast(pa.string())
    signs = pc.if_else(pa.array(ticks < 0), "-PT", "PT")
    texts = pc.binary_join_element_wise(
        signs, pa.array(whole).cast(pa.string()), pc.utf8_slice_codeunits(fraction, 19), "S", ""
    )
    return pc.if_else(cells.is_valid(), texts, pa.scalar(None, pa.string()))


def _hexadecimal(cells: pa.Array) -> pa.Array:
    data = pa.concat_arrays([cells.cast(pa.binary()).cast(pa.large_binary())])  # without an offset
    _, offsets, values = data.buffers()
    ends = np.frombuffer(offsets, np.int64, len(data) + 1) if len(data) else np.zeros(1, np.int64)
    characters = np.frombuffer(values or b"", np.uint8)[: ends[-1]]
    digits = np.frombuffer(bytes(range(256)).hex().encode(), np.uint16)[characters]
    texts = pa.LargeStringArray.from_buffers(len(data), pa.py_buffer(ends * 2), pa.py_buffer(digits))
    return pc.if_else(cells.is_valid(), texts.cast(pa.string()), pa.scalar(None, pa.string()))


def _uuids(cells: pa.Array) -> pa.Array:
    digits, ends = _hexadecimal(cells), (0, 8, 12, 16, 20, 32)
    groups = [pc.utf8_slice_codeunits(digits, *between) for between in pairwise(ends)]
    return pc.binary_join_element_wise(*groups, "-")


def _maps(cells: pa.Array) -> pa.Array:
    pairs = pa.StructArray.from_arrays([cells.keys, cells.items], ["key", "value"])
    ends = pa.array(cells.offsets.to_numpy())  # a slice of offsets can't have a mask
    return pa.ListArray.from_arrays(ends, pairs, mask=cells.is_null())


def _runs(cells: pa.Array) -> pa.Array:
    rows = np.arange(cells.offset, cells.offset + len(cells))
    runs = np.searchsorted(cells.run_ends.to_numpy(), rows, side="right")
    return simple(cells.values).take(pa.array(runs))


def _extensions(cells: pa.Array) -> pa.Array:
    match cells.type.extension_name:
        case "arrow.uuid":
            return _uuids(cells.storage)
        case "arrow.bool8":
            return cells.storage.cast(pa.bool_())
        case _:
            return simple(cells.storage)


_RULES: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]], ...] = (
    (pa.types.is_string, _same),
    (pa.types.is_integer, _same),
    (pa.types.is_float16, lambda cells: cells.cast(pa.float32())),
    (pa.types.is_floating, _same),
    (pa.types.is_boolean, _same),
    (pa.types.is_decimal, _same),
    (pa.types.is_null, _same),
    (pa.types.is_large_string, _text),
    (pa.types.is_string_view, _text),
    (pa.types.is_date, _text),
    (pa.types.is_time, _text),
    (pa.types.is_timestamp, _timestamps),
    (pa.types.is_duration, _durations),
    (is_bytes, _hexadecimal),
    (pa.types.is_dictionary, lambda cells: simple(cells.dictionary).take(cells.indices)),
    (pa.types.is_run_end_encoded, _runs),
    (is_list, _same),
    (pa.types.is_map, _maps),
    (pa.types.is_struct, _same),
    (lambda kind: isinstance(kind, pa.BaseExtensionType), _extensions),
)
"""The types that have a text, and what makes them simple."""


def _json_strings(cells: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(cells, r'[\x00-\x1f"\\\\]')).as_py():
        encoded = cells.dictionary_encode()
        words = [json.dumps(word, ensure_ascii=False) for word in encoded.dictionary.to_pylist()]
        quoted = pa.array(words, pa.string()).take(encoded.indices)
    else:
        quoted = pc.binary_join_element_wise('"', cells, '"', "")
    return pc.fill_null(quoted, "null")


def _json_lists(cells: pa.Array) -> Rendered:
    starts, lengths = _spans(cells)
    # Texts can always be taken from; values of some types, such as lists of extensions, can't.
    low, high = (int(starts.min()), int((starts + lengths).max())) if lengths.any() else (0, 0)
    texts, nulled = json_values(cells.values.slice(low, high - low))
    ends = np.concatenate([[0], np.cumsum(lengths)])
    places = np.arange(ends[-1]) + np.repeat(starts - low - ends[:-1], lengths)
    values = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), texts.take(pa.array(places)))
    lists = pc.binary_join_element_wise("[", pc.binary_join(values, ", "), "]", "")
    so_far = np.concatenate([[0], np.cumsum(nulled[places])])
    return pc.if_else(cells.is_valid(), lists, "null"), np.diff(so_far[ends])


def _spans(cells: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in ``cells.values`` each list starts, and its length: none for a missing one."""
    kind, types = cells.type, pa.types
    if types.is_fixed_size_list(kind):
        starts = (np.arange(len(cells)) + cells.offset) * kind.list_size
        lengths = np.full(len(cells), kind.list_size)
    elif types.is_list_view(kind) or types.is_large_list_view(kind):
        starts, lengths = cells.offsets.to_numpy(), cells.sizes.to_numpy()
    else:
        ends = cells.offsets.to_numpy()
        starts, lengths = ends[:-1], np.diff(ends)
    lengths = np.where(cells.is_valid().to_numpy(zero_copy_only=False), lengths, 0).astype(np.int64)
    return np.where(lengths, starts, starts.max(initial=0)).astype(np.int64), lengths


def _json_structs(cells: pa.Array) -> Rendered:
    names = [field.name for field in cells.type]
    if len(set(names)) < len(names):
        raise pa.ArrowNotImplementedError("a JSON object has no two fields of one name")
    fields = {name: json_values(cells.field(i)) for i, name in enumerate(names)}
    objects = json_objects({name: texts for name, (texts, _) in fields.items()}) if fields else "{}"
    valid = cells.is_valid()
    nulled = sum((counts for _, counts in fields.values()), np.zeros(len(cells), np.int64))
    return pc.if_else(valid, objects, "null"), np.where(valid.to_numpy(zero_copy_only=False), nulled, 0)
