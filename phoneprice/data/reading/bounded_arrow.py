"""Arrow's IPC format (Feather, too) in batches of bounded size, whatever its compressed buffers unpack to.

Each message says in a FlatBuffers table where its buffers are, and a compressed buffer begins with the length that it
unpacks to (https://arrow.apache.org/docs/format/Columnar.html). They are read before anything is unpacked.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from phoneprice.data.reading.bounded_parquet import (
    HELD_BYTES,
    HELD_RATIO,
    OPEN_BYTES,
    OPEN_RATIO,
    ParquetError,
    pieces,
)
from phoneprice.shortage import resource_error
from phoneprice.wording import size

_FILE_MAGIC, _OLD_FEATHER = b"ARROW1\0\0", b"FEA1"
_DICTIONARY, _BATCH = 2, 3
_HEADER_TYPE, _HEADER = 1, 2
_BATCH_LENGTH, _BUFFERS, _COMPRESSION, _DICTIONARY_DATA = 0, 2, 3, 1


class BoundedArrow:
    """An open Arrow file or stream. Raises ``ParquetError``; a lack of memory or files stays what it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(len(_FILE_MAGIC))
        if head.startswith(_OLD_FEATHER):
            raise ParquetError("found Feather of version 1; write it once more with a newer pandas or pyarrow")
        self._start = len(_FILE_MAGIC) if head == _FILE_MAGIC else 0
        with _Faults():
            with pa.ipc.open_stream(self._stream()) as reader:
                self.schema: pa.Schema = reader.schema
            self._check_messages()
        self.header = tuple(self.schema.names)

    def batches(self, names: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """The columns ``names`` in batches of at most ``rows`` rows, fewer where their text is long."""
        first = 1
        with _Faults(), pa.ipc.open_stream(self._stream()) as reader:
            for whole in reader:
                whole.validate()  # Arrow takes lengths as they are said, and would read beyond the end
                for start in range(0, whole.num_rows, rows):
                    batch = whole.select(list(names)).slice(start, rows)
                    for column in batch.columns:
                        column.validate(full=pa.types.is_dictionary(column.type))
                    self._check_views(batch)
                    yield from pieces(batch, first)
                    first += batch.num_rows

    def held_bytes(self) -> int:
        """The bytes that values of the file may take as a whole."""
        return max(HELD_BYTES, HELD_RATIO * self.bytes)

    @property
    def _open_bytes(self) -> int:
        return max(OPEN_BYTES, OPEN_RATIO * self.bytes)

    def _stream(self) -> pa.NativeFile:
        self._file.seek(self._start)
        return pa.PythonFile(_AsFarAsItGoes(self._file, self.bytes), mode="r")

    def _check_messages(self) -> None:
        nulls = sum(pa.types.is_null(field.type) for field in self.schema)
        for message in pa.ipc.MessageReader.open_stream(self._stream()):
            rows, unpacked = _unpacked(message.metadata.to_pybytes(), message.body)
            taken = unpacked + 8 * rows * nulls  # a column of nulls has no buffers
            if taken > self._open_bytes:
                what = f"found a batch of rows that unpacks to {size(taken)}, expected at most {size(self._open_bytes)}"
                raise ParquetError(f"{what}; write the file in smaller batches")

    def _check_views(self, batch: pa.RecordBatch) -> None:
        """Many views of text may show the same long one."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if (pa.types.is_string_view(column.type) or pa.types.is_binary_view(column.type)) and len(column):
                lengths = np.frombuffer(column.buffers()[1], np.int32)[::4][column.offset : column.offset + len(column)]
                if (total := int(lengths.astype(np.int64).sum())) > self._open_bytes:
                    what = f"found text of {size(total)} in a batch, expected at most {size(self._open_bytes)}"
                    raise ParquetError(f"{what}; leave the column out", name)


class _AsFarAsItGoes:
    """A file that is never asked for more than it has, whatever a message says: that would be allocated."""

    closed = False

    def __init__(self, file: BinaryIO, n_bytes: int) -> None:
        self._file, self._bytes = file, n_bytes

    def read(self, n_bytes: int) -> bytes:
        return self._file.read(min(n_bytes, self._bytes - self._file.tell()))

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        pass


class _Faults:
    """Turns what Arrow says of a file in the body into ``ParquetError``, but for a lack of memory or of files."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, fault: BaseException | None, _traceback: object) -> None:
        if isinstance(fault, (pa.ArrowException, OSError, struct.error)) and resource_error(fault) is None:
            reason = str(fault).split("\n", maxsplit=1)[0]
            raise ParquetError(f"found damaged Arrow data ({reason}); copy or download the file again") from None


def _unpacked(metadata: bytes, body: pa.Buffer | None) -> tuple[int, int]:
    """The rows of a message, and the bytes that its buffers take in memory."""
    message = _FlatTable(metadata, struct.unpack_from("<I", metadata)[0])
    kind = message.number(_HEADER_TYPE, "<B")
    batch = message.table(_HEADER) if kind in {_DICTIONARY, _BATCH} else None
    if batch is not None and kind == _DICTIONARY:
        batch = batch.table(_DICTIONARY_DATA)
    if batch is None or body is None:
        return 0, 0
    rows = batch.number(_BATCH_LENGTH, "<q") if kind == _BATCH else 0
    if batch.table(_COMPRESSION) is None:
        return rows, body.size
    prefixes = (body.slice(offset, 8).to_pybytes() for offset, length in batch.buffers(_BUFFERS) if length >= 8)
    # -1 stands before a buffer that is not compressed.
    return rows, body.size + sum(max(int.from_bytes(prefix, "little", signed=True), 0) for prefix in prefixes)


class _FlatTable:
    """A table of FlatBuffers (https://flatbuffers.dev/internals), which Arrow has checked."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data, self._place = data, place
        self._fields = place - struct.unpack_from("<i", data, place)[0]

    def number(self, field: int, kind: str) -> int:
        """A number; 0 where it is left out."""
        place = self._field(field)
        return 0 if place is None else int(struct.unpack_from(kind, self._data, place)[0])

    def table(self, field: int) -> "_FlatTable | None":
        """A table inside this one."""
        place = self._field(field)
        return None if place is None else _FlatTable(self._data, place + self._offset(place))

    def buffers(self, field: int) -> Iterator[tuple[int, int]]:
        """A list of pairs of int64."""
        place = self._field(field)
        if place is None:
            return iter(())
        start = place + self._offset(place)
        return struct.iter_unpack("<qq", self._data[start + 4 : start + 4 + 16 * self._offset(start)])

    def _offset(self, place: int) -> int:
        return int(struct.unpack_from("<I", self._data, place)[0])

    def _field(self, field: int) -> int | None:
        (size_of_fields,) = struct.unpack_from("<H", self._data, self._fields)
        if 4 + 2 * field >= size_of_fields:
            return None
        (offset,) = struct.unpack_from("<H", self._data, self._fields + 4 + 2 * field)
        return self._place + offset if offset else None
