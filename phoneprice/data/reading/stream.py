"""A file as a stream of tables of a fixed number of rows, parsed ahead of the consumer.

The file is read in the consumer's thread, so Ctrl-C ends a wait for standard input; segments are parsed by one other
thread (Arrow releases the interpreter lock), in order, two ahead at most, so memory stays flat. A second thread gained
nothing on two cores, of which one belongs to the consumer, and cost 50 MB.
"""

from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Self

import numpy as np
import pyarrow as pa

from phoneprice.config.schema import DateForm
from phoneprice.data.formats import EXCEL, FormatReader, binary_format, not_read, packing_of, text_format
from phoneprice.data.reading.ahead import ahead
from phoneprice.data.reading.byte_source import ByteSource, open_source
from phoneprice.data.reading.faults import file_fault, require_named
from phoneprice.data.reading.options import ReadOptions, Selection
from phoneprice.data.reading.text_source import Utf8Source
from phoneprice.data.table import Table, concat
from phoneprice.errors import DataError
from phoneprice.wording import counted, size

NO_FORMS: Mapping[str, DateForm] = MappingProxyType({})
CHUNK_ROWS = 65_536
AHEAD = 2
ZIP_MAGIC = b"PK\x03\x04"
"""Of an archive with a file in it; what that is, a workbook or a table, its directory tells."""


def open_reader(source: str | Path, options: ReadOptions) -> FormatReader:
    """Open a source in its format: by content where that tells, else by suffix."""
    opened = open_source(source)
    try:
        return _reader(opened, options)
    except BaseException:
        opened.close()
        raise


def _reader(opened: ByteSource, options: ReadOptions) -> FormatReader:
    if opened.head.startswith(ZIP_MAGIC):
        return _reader_of_archive(opened, options)
    if opened.part:
        what = f"found no worksheets or files in it, of which one is called {opened.part!r}"
        raise file_fault(opened.name, f"{what}; name the file without '#{opened.part}'")
    if binary := binary_format(opened.head):
        return binary.open_reader(opened.name, opened.seekable(), options)
    if other := not_read(opened.head):
        raise file_fault(opened.name, other)
    return _reader_of_text(opened, options)


def _reader_of_archive(opened: ByteSource, options: ReadOptions) -> FormatReader:
    from phoneprice.data.reading.archives import Archive

    archive = Archive(opened)
    if archive.is_workbook:
        return EXCEL.open_reader(opened.name, archive.file, replace(options, part=opened.part))
    inside = archive.table(opened.part)
    if inside.head.startswith(ZIP_MAGIC):
        what = "found an Excel workbook or another archive inside the ZIP archive; unpack it first"
        raise file_fault(inside.name, what)
    if inner := binary_format(inside.head):
        what = f"found {inner.title} inside the ZIP archive; unpack it first ({inner.title} is compressed inside)"
        raise file_fault(inside.name, what)
    return _reader_of_text(inside, options)


def _reader_of_text(opened: ByteSource, options: ReadOptions) -> FormatReader:
    if packing := packing_of(opened.head):
        opened = opened.unpacked(packing)
        if inner := binary_format(opened.head):
            what = f"found compressed {inner.title}; decompress it first ({inner.title} is compressed inside)"
            raise file_fault(opened.name, what)
    text = Utf8Source(opened.name, opened, options.encoding, options.usual_encoding)
    return text_format(text.head, opened.format_name).open_reader(text, options)


class ChunkStream(Iterator[Table], AbstractContextManager["ChunkStream"]):
    """Tables of exactly ``chunk_rows`` rows, the last one shorter; at least one table, if an empty one.

    ``source`` is the file as the user called it, or ``<stdin>``. Its ``header`` is known at once; ``select`` says which
    columns are read, before the first table is taken.
    Used as a context manager, or closed, it ends its thread and closes the file.
    """

    def __init__(
        self,
        reader: FormatReader,
        chunk_rows: int = CHUNK_ROWS,
        most_chunk_bytes: int | None = None,
        *,
        most_ahead: int = AHEAD,
    ) -> None:
        self.source, self.header = reader.source, reader.header
        self.numeric_columns = reader.numeric_columns
        """The columns that are numbers by their type; None where the format (CSV, JSON Lines) has no types."""
        self.other_types = reader.other_types
        """The columns whose type can be no feature, and its name."""
        self.most_bytes = reader.most_bytes
        """What its cells may take in memory as a whole, if that is bounded."""
        self._reader = reader
        self._chunk_rows = chunk_rows
        self._most_chunk_bytes = most_chunk_bytes
        self._most_ahead = most_ahead
        self._selection = Selection(reader.header, edge=reader.edge)
        self._tables: Generator[Table] | None = None
        self._closed = False
        self.skipped_rows = 0
        self.infinite_cells: Counter[str] = Counter()
        self.nameless_columns = len(reader.edge)
        """At the right edge; they are left out, and a value in one is a fault."""

    @property
    def options(self) -> ReadOptions:
        """How the file is read, with what was recognised in as much of it as was read."""
        return self._reader.options

    @property
    def recognised(self) -> tuple[str, ...]:
        """What to say of the file, when all of it was read."""
        return tuple(self._reader.remarks())

    def require(self, names: Iterable[str]) -> None:
        """Raise ``DataError`` that lists, in their order, every one of the columns the file lacks."""
        skipped = self._reader.options.skip_lines
        hint = f", or leave out fewer lines above the header than {skipped} (--skip-lines)" if skipped else ""
        require_named(self.source, names, self.header, f"add or rename{hint}")

    def select(
        self,
        numeric: Collection[str],
        text: Collection[str] = (),
        verbatim: Collection[str] = (),
        *,
        dates: Mapping[str, DateForm] = NO_FORMS,
        as_json: bool = False,
    ) -> Self:
        """Ask for columns: ``numeric`` as float64, ``text`` as string with null for missing words, ``dates`` as days.

        ``verbatim`` columns come in ``Table.written`` as they stand in the file; they may be in the others too. With
        ``as_json`` those of JSON Lines keep what tells a number from a text that looks like one (``JsonCell``).
        Raises ``DataError`` that lists the columns the file lacks.
        """
        self.require(dict.fromkeys([*numeric, *text, *verbatim, *dates]))
        self._selection = Selection(
            self.header, frozenset(numeric), frozenset(text), frozenset(verbatim), self._reader.edge, as_json, dates
        )
        return self

    def __next__(self) -> Table:
        if self._closed:
            raise StopIteration
        if self._tables is None:
            self._tables = self._read()
        table = next(self._tables)
        self.skipped_rows += table.skipped_rows
        self.infinite_cells.update(table.infinite_cells)
        return table

    def _read(self) -> Generator[Table]:
        first = True
        # Closed here, not when the garbage collector comes by: the thread ends when the consumer stops.
        jobs = self._reader.jobs(self._selection, self._chunk_rows)
        with closing(ahead(lambda job: job(), jobs, threads=1, most=self._most_ahead, name="read")) as parsed:
            for table in _exact(parsed, self._chunk_rows, self._most_chunk_bytes):
                yield table
                first = False
        if first:
            yield empty_table(self.source, self._selection)

    def close(self) -> None:
        """Stop the thread and close the file; a second time does nothing."""
        self._closed = True
        if self._tables is not None:
            self._tables.close()
        self._reader.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def open_chunks(
    source: str | Path,
    options: ReadOptions,
    chunk_rows: int = CHUNK_ROWS,
    most_chunk_bytes: int | None = None,
    *,
    most_ahead: int = AHEAD,
) -> ChunkStream:
    """Open a file (``-`` is standard input) and read its header; raises ``DataError``.

    Tables that take more than ``most_chunk_bytes`` in memory are refused. With ``most_ahead`` of 1 a table is there as
    soon as its rows are, and nothing is read meanwhile.
    """
    return ChunkStream(open_reader(source, options), chunk_rows, most_chunk_bytes, most_ahead=most_ahead)


def empty_table(source: str, selection: Selection) -> Table:
    """The columns of a file without rows."""
    numeric = selection.numeric | selection.dates.keys()
    used = numeric | selection.text
    columns = {
        name: pa.array([], pa.float64() if name in numeric else pa.string())
        for name in selection.wanted
        if name in used
    }
    written = {name: pa.array([], pa.string()) for name in selection.header if name in selection.verbatim}
    return Table(
        source, columns, np.zeros(0, np.int64), 0, written, nameless_columns=len(selection.edge), dates=selection.dates
    )


def _exact(tables: Iterator[Table], rows: int, most_bytes: int | None = None) -> Iterator[Table]:
    """The same rows in tables of exactly ``rows`` rows, except for the last."""
    pending: list[Table] = []
    waiting = taken = 0
    for table in tables:
        pending.append(table)
        waiting, taken = waiting + table.rows, taken + table.bytes
        if most_bytes is not None and taken > most_bytes:
            raise _too_large(table, waiting, taken, most_bytes)
        if waiting < rows:
            continue
        joined = concat(pending)
        whole = joined.rows - joined.rows % rows
        yield from (joined.slice(start, rows) for start in range(0, whole, rows))
        pending = [joined.slice(whole, joined.rows - whole)] if whole < joined.rows else []
        waiting, taken = joined.rows - whole, sum(part.bytes for part in pending)
    if pending:
        last = concat(pending)
        if last.rows or last.skipped_rows:
            yield last


def _too_large(last: Table, rows: int, taken: int, most_bytes: int) -> DataError:
    where = last.place(last.rows - 1) if last.rows else last.source
    what = f"found {size(taken)} in {counted(rows, 'row')} up to here, expected at most {size(most_bytes)}"
    return DataError(f"{where}: {what}; use a smaller --chunk-rows, or leave out the columns of long text")
