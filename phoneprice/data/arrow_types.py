"""What Arrow's types are to us: numbers, text, times, bytes, lists; and columns without their dictionaries."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

_NUMBERS = (
    pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null,
    pa.types.is_duration,
)  # fmt: skip
_TIMES = pa.types.is_date, pa.types.is_time, pa.types.is_timestamp
_TEXTS = pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view
_BYTES = pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view
_LISTS = (
    pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_list_view,
    pa.types.is_large_list_view,
)  # fmt: skip
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""How many of a unit are a second."""
_MEASURED = pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary


class JsonCell(pa.ExtensionType):  # type: ignore[misc]
    """A cell of a JSON document: its ``text``, and ``bare`` what stood there, if that was without quotes."""

    def __init__(self) -> None:
        super().__init__(pa.struct([("text", pa.string()), ("bare", pa.string())]), "phoneprice.json_cell")

    def __arrow_ext_serialize__(self) -> bytes:
        """What Arrow asks of every extension type; it has no parameters."""
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, _storage: pa.DataType, _serialized: bytes) -> "JsonCell":
        """The other way round."""
        return cls()


def json_cells(texts: Sequence[str | None], bare: Sequence[str | None]) -> pa.Array:
    """Cells of this type ``(rows,)``."""
    parts = [pa.array(texts, pa.string()), pa.array(bare, pa.string())]
    return pa.ExtensionArray.from_storage(JsonCell(), pa.StructArray.from_arrays(parts, ["text", "bare"]))


def is_number(kind: pa.DataType) -> bool:
    """Whether values of a type become float64."""
    return _is_any(kind, _NUMBERS)


def is_text(kind: pa.DataType) -> bool:
    """Whether values of a type, or the words of its dictionary, are text."""
    return is_text(kind.value_type) if pa.types.is_dictionary(kind) else _is_any(kind, _TEXTS)


def is_time(kind: pa.DataType) -> bool:
    """Whether values of a type are dates or times, which text can say as well."""
    return _is_any(kind, _TIMES)


def is_bytes(kind: pa.DataType) -> bool:
    """Whether values of a type are bytes, of any layout."""
    return _is_any(kind, _BYTES)


def is_list(kind: pa.DataType) -> bool:
    """Whether values of a type are lists, of any layout."""
    return _is_any(kind, _LISTS)


def seconds(array: pa.Array) -> pa.Array:
    """Durations as seconds in float64."""
    ticks = array.cast(pa.int64()).cast(pa.float64(), safe=False)
    return pc.divide(ticks, float(UNITS[array.type.unit]))


def has_length(kind: pa.DataType) -> bool:
    """Whether Arrow tells the bytes of each value: of text and bytes, but of no views."""
    return _is_any(kind, _MEASURED)


def decoded(array: pa.Array) -> pa.Array:
    """An array without the dictionary it may be stored with."""
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _is_any(kind: pa.DataType, recognisers: tuple[Callable[[pa.DataType], bool], ...]) -> bool:
    return any(recognised(kind) for recognised in recognisers)
