"""The rows of an output as CSV, JSON Lines or Parquet, some at a time.

What a cell of each type becomes as text is decided in ``cell_text``; what Parquet can hold, by Arrow.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from phoneprice.data.arrow_types import JsonCell, decoded, is_text
from phoneprice.data.cell_text import (
    Rendered,
    csv_values,
    json_objects,
    json_values,
    simple,
    untouched,
    without_formulas,
)
from phoneprice.data.formats import OutputRows
from phoneprice.data.packing import Sink
from phoneprice.data.writing.decimals import six_decimals
from phoneprice.errors import DataError
from phoneprice.wording import by_name, counted

_REFUSALS = (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, pa.ArrowCapacityError)
"""What Arrow raises for a column that it can't convert."""


class _Writer(ABC):
    """What all writers share: each column becomes what the format can hold, or is refused by its name."""

    title: ClassVar[str]
    """The format, in messages."""

    def __init__(self, *, spreadsheet_safe: bool) -> None:
        self._spreadsheet_safe = spreadsheet_safe
        self._nulled = Counter[str]()

    def notes(self) -> list[str]:
        """What was changed in the rows so far, in words."""
        if not self._nulled:
            return []
        what = f"{counted(self._nulled.total(), 'cell')} with NaN or an infinite number"
        return [f"{what} ({by_name(self._nulled)}): null in JSON"]

    @abstractmethod
    def _held(self, cells: pa.Array) -> Rendered:
        """Cells as the format can hold them; raises an ``ArrowException`` for a type that it can't."""

    def _columns(self, cells: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """The columns as they are written. Raises ``DataError``."""
        return dict(zip(self._names(cells), map(self._column, cells, cells.values()), strict=True))

    def _column(self, name: str, cells: pa.Array) -> pa.Array:
        try:
            held, nulled = self._held(cells)
        except _REFUSALS as fault:
            raise _unwritable(name, cells.type, self.title, fault) from None
        if total := int(nulled.sum()):
            self._nulled[name] += total
        return held

    def _simple(self, cells: pa.Array) -> pa.Array:
        return without_formulas(simple(cells)) if self._spreadsheet_safe else simple(cells)

    def _names(self, names: Iterable[str]) -> list[str]:
        """The names that columns are written under."""
        written = list(names)
        if self._spreadsheet_safe:
            written = without_formulas(pa.array(written, pa.string())).to_pylist()
            twice = [name for name, times in Counter(written).items() if times > 1]
            if twice:
                raise DataError(f"two columns would be called {twice[0]!r} without formulas; rename one in the input")
        return written


class CsvWriter(_Writer):
    """RFC 4180, with a line feed at the end of each line; only cells that need quotes have them."""

    title = "CSV"
    # Arrow's "needed" puts quotes around all text; with "none" it refuses text that needs them.
    _OPTIONS = pa.csv.WriteOptions(include_header=False, quoting_style="none")

    def __init__(self, sink: Sink, *, spreadsheet_safe: bool) -> None:
        super().__init__(spreadsheet_safe=spreadsheet_safe)
        self._sink = sink
        self._started = False

    def write(self, rows: OutputRows) -> None:
        """Append rows."""
        columns = self._columns(rows.cells)
        columns |= {name: six_decimals(values) for name, values in rows.probabilities.items()}
        if not self._started:
            self._sink.write((",".join(map(_csv_cell, columns)) + "\n").encode())
            self._started = True
        self._sink.write(self._lines(columns))

    def _held(self, cells: pa.Array) -> Rendered:
        return csv_values(self._simple(cells))

    def _lines(self, columns: Mapping[str, pa.Array]) -> bytes:
        buffer = pa.BufferOutputStream()
        try:
            pa.csv.write_csv(pa.record_batch(dict(columns)), buffer, self._OPTIONS)
        except pa.ArrowInvalid:
            return _quoted_lines(columns)
        lines: bytes = buffer.getvalue()
        return lines


class JsonLinesWriter(_Writer):
    """An object a row; numbers are numbers, missing cells null."""

    title = "JSON Lines"

    def __init__(self, sink: Sink, *, spreadsheet_safe: bool) -> None:
        super().__init__(spreadsheet_safe=spreadsheet_safe)
        self._sink = sink

    def write(self, rows: OutputRows) -> None:
        """Append rows."""
        columns = self._columns(rows.cells)
        columns |= {name: six_decimals(values) for name, values in rows.probabilities.items()}
        self._sink.write(_characters(json_objects(columns, end="}\n")))

    def _held(self, cells: pa.Array) -> Rendered:
        if not isinstance(cells.type, JsonCell):
            return json_values(self._simple(cells))
        texts, nulled = json_values(self._simple(cells.storage.field("text")))
        return pc.coalesce(cells.storage.field("bare"), texts), nulled


class ParquetWriter(_Writer, AbstractContextManager["ParquetWriter"]):
    """A row group each time rows are written, with Snappy; probabilities are float64, rounded like their text.

    Columns keep their types, as far as Parquet has them. Against zstd the file has 1.6 times the size, but a whole
    prediction takes 0.9 times as long.
    """

    title = "Parquet"

    def __init__(self, file: BinaryIO, *, spreadsheet_safe: bool) -> None:
        super().__init__(spreadsheet_safe=spreadsheet_safe)
        self._file = file
        self._writer: Any = None

    def write(self, rows: OutputRows) -> None:
        """Append rows."""
        import pyarrow.parquet as pq

        cells = self._columns(rows.cells)
        batch = pa.record_batch({**cells, **{name: pa.array(part / 1e6) for name, part in rows.probabilities.items()}})
        if self._writer is None:
            _require_storable(rows.cells, [column.slice(0, 1) for column in cells.values()])
            # Numbers hardly repeat: without a dictionary they take less time and less space. Predictions do repeat.
            *copied, prediction = cells
            repeating = [prediction, *(name for name in copied if pa.types.is_string(cells[name].type))]
            self._writer = pq.ParquetWriter(self._file, batch.schema, compression="snappy", use_dictionary=repeating)
        if batch.num_rows:
            try:
                self._writer.write_batch(batch)
            except _REFUSALS:
                _require_storable(rows.cells, cells.values())
                raise

    def _held(self, cells: pa.Array) -> Rendered:
        stored = cells.storage if isinstance(cells, pa.ExtensionArray) else cells
        if self._spreadsheet_safe and is_text(stored.type):
            return untouched(self._simple(stored))
        cells, kind = decoded(cells), _without_views(cells.type)
        return untouched(cells.cast(kind) if pa.types.is_nested(kind) and kind != cells.type else cells)

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()


def _without_views(kind: pa.DataType) -> pa.DataType:
    """The type with plain strings and bytes for views in structs and maps: Arrow can't write a part of those."""
    types = pa.types
    if types.is_string_view(kind) or types.is_binary_view(kind):
        return pa.string() if types.is_string_view(kind) else pa.binary()
    if types.is_struct(kind):
        return pa.struct([field.with_type(_without_views(field.type)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_without_views(kind.key_type), kind.item_field.with_type(_without_views(kind.item_type)))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        value = kind.value_field.with_type(_without_views(kind.value_type))
        size = kind.list_size if types.is_fixed_size_list(kind) else -1
        return pa.large_list(value) if types.is_large_list(kind) else pa.list_(value, size)
    return kind


def _require_storable(found: Mapping[str, pa.Array], columns: Iterable[pa.Array]) -> None:
    """Raise ``DataError``, in the words of what was ``found``, for the first column that can't be in a Parquet file."""
    import pyarrow.parquet as pq

    for (name, cells), column in zip(found.items(), columns, strict=True):
        try:
            pq.write_table(pa.table({name: column}), pa.BufferOutputStream())
        except (*_REFUSALS, OSError) as fault:  # of no disk: it is written to memory
            raise _unwritable(name, cells.type, ParquetWriter.title, fault) from None


def _unwritable(name: str, kind: pa.DataType, title: str, fault: Exception) -> DataError:
    reason = str(fault).split("\n", maxsplit=1)[0]
    return DataError(
        f"column {name!r} of type {kind} can't be written as {title} ({reason}); "
        "convert it to text, or leave it out of the input"
    )


def _quoted_lines(columns: Mapping[str, pa.Array]) -> bytes:
    """The same lines with quotes where they are needed."""
    cells = [_quoted(array.cast(pa.string())) for array in columns.values()]
    lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace")
    return _characters(pc.binary_join_element_wise(lines, "\n", ""))


def _quoted(cells: pa.Array) -> pa.Array:
    needed = pc.match_substring_regex(cells, '[",\r\n]')
    if not pc.any(needed).as_py():
        return cells
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(cells, '"', '""'), '"', "")
    return pc.if_else(needed, quoted, cells)


def _csv_cell(text: str) -> str:
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _characters(lines: pa.Array) -> bytes:
    """All strings of an array, one after the other."""
    joined = pa.concat_arrays([lines]) if lines.offset else lines
    if not len(joined):
        return b""
    _, offsets, data = joined.buffers()
    end = int(np.frombuffer(offsets, np.int32, len(joined) + 1)[-1])
    return data.slice(0, end).to_pybytes() if data is not None else b""
