"""What Arrow's types are to us: numbers, text, bytes, lists; and columns without the dictionary they come with."""

from collections.abc import Callable

import pyarrow as pa

_NUMBERS = (
    pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null,
)  # fmt: skip
_TEXTS = pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view
_BYTES = pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view
_LISTS = (
    pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_list_view,
    pa.types.is_large_list_view,
)  # fmt: skip
_MEASURED = pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary


def is_number(kind: pa.DataType) -> bool:
    """Whether values of a type become float64."""
    return _is_any(kind, _NUMBERS)


def is_text(kind: pa.DataType) -> bool:
    """Whether values of a type, or the words of its dictionary, are text."""
    return is_text(kind.value_type) if pa.types.is_dictionary(kind) else _is_any(kind, _TEXTS)


def is_bytes(kind: pa.DataType) -> bool:
    """Whether values of a type are bytes, of any layout."""
    return _is_any(kind, _BYTES)


def is_list(kind: pa.DataType) -> bool:
    """Whether values of a type are lists, of any layout."""
    return _is_any(kind, _LISTS)


def has_length(kind: pa.DataType) -> bool:
    """Whether Arrow tells the bytes of each value: of text and bytes, but of no views."""
    return _is_any(kind, _MEASURED)


def decoded(array: pa.Array) -> pa.Array:
    """An array without the dictionary it may be stored with."""
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _is_any(kind: pa.DataType, recognisers: tuple[Callable[[pa.DataType], bool], ...]) -> bool:
    return any(recognised(kind) for recognised in recognisers)
