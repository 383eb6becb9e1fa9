"""The rows of an output as CSV, JSON Lines or Parquet, some at a time."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from phoneprice.data.decimals import six_decimals
from phoneprice.data.formats import OutputRows
from phoneprice.data.packing import Sink


class CsvWriter:
    """RFC 4180, with a line feed at the end of each line; only cells that need quotes have them."""

    # Arrow's "needed" puts quotes around all text; with "none" it refuses text that needs them.
    _OPTIONS = pa.csv.WriteOptions(include_header=False, quoting_style="none")

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._started = False

    def write(self, rows: OutputRows) -> None:
        """Append rows."""
        columns = dict(rows.cells)
        columns |= {name: six_decimals(values) for name, values in rows.probabilities.items()}
        if not self._started:
            self._sink.write((",".join(map(_csv_cell, columns)) + "\n").encode())
            self._started = True
        self._sink.write(self._lines(columns))

    def _lines(self, columns: Mapping[str, pa.Array]) -> bytes:
        buffer = pa.BufferOutputStream()
        try:
            pa.csv.write_csv(pa.record_batch(dict(columns)), buffer, self._OPTIONS)
        except pa.ArrowInvalid:
            return _quoted_lines(columns)
        lines: bytes = buffer.getvalue()
        return lines


class JsonLinesWriter:
    """An object a row; numbers are numbers, missing cells null."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, rows: OutputRows) -> None:
        """Append rows."""
        parts: list[pa.Array | str] = []
        texts = {name: _json_cells(array) for name, array in rows.cells.items()}
        texts |= {name: six_decimals(values) for name, values in rows.probabilities.items()}
        for name, cells in texts.items():
            parts += [f"{', ' if parts else '{'}{json.dumps(name, ensure_ascii=False)}: ", cells]
        lines = pc.binary_join_element_wise(*parts, "}\n", "")
        self._sink.write(_characters(lines))


class ParquetWriter(AbstractContextManager["ParquetWriter"]):
    """A row group each time rows are written, with Snappy; probabilities are float64, rounded like their text.

    Against zstd the file has 1.6 times the size, but a whole prediction takes 0.9 times as long.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer: Any = None

    def write(self, rows: OutputRows) -> None:
        """Append rows."""
        import pyarrow.parquet as pq

        columns = {**rows.cells, **{name: pa.array(part / 1e6) for name, part in rows.probabilities.items()}}
        batch = pa.record_batch(columns)
        if self._writer is None:
            # Numbers hardly repeat: without a dictionary they take less time and less space. Predictions do repeat.
            *copied, prediction = rows.cells
            repeating = [prediction, *(name for name in copied if pa.types.is_string(rows.cells[name].type))]
            self._writer = pq.ParquetWriter(self._file, batch.schema, compression="snappy", use_dictionary=repeating)
        if batch.num_rows:
            self._writer.write_batch(batch)

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()


def without_formulas(cells: pa.Array) -> pa.Array:
    """Text cells that a spreadsheet would take for a formula, with an apostrophe before them; numbers as they are."""
    if not pa.types.is_string(cells.type):
        return cells
    risky = pc.match_substring_regex(cells, r"^[=+\-@\t\r]")
    number = pc.match_substring_regex(cells, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
    quoted = pc.binary_join_element_wise("'", cells, "")
    return pc.if_else(pc.and_not(risky, number), quoted, cells)


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


def _json_cells(cells: pa.Array) -> pa.Array:
    """The JSON text of each cell."""
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        return _json_strings(cells)
    return pc.fill_null(cells.cast(pa.string()), "null")


def _json_strings(cells: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(cells, r'[\x00-\x1f"\\\\]')).as_py():
        encoded = cells.dictionary_encode()
        words = [json.dumps(word, ensure_ascii=False) for word in encoded.dictionary.to_pylist()]
        quoted = pa.array(words, pa.string()).take(encoded.indices)
    else:
        quoted = pc.binary_join_element_wise('"', cells, '"', "")
    return pc.fill_null(quoted, "null")


def _characters(lines: pa.Array) -> bytes:
    """All strings of an array, one after the other."""
    joined = pa.concat_arrays([lines]) if lines.offset else lines
    if not len(joined):
        return b""
    _, offsets, data = joined.buffers()
    end = int(np.frombuffer(offsets, np.int32, len(joined) + 1)[-1])
    return data.slice(0, end).to_pybytes() if data is not None else b""
