"""All file formats and packings: how files are named and recognised, what reads them and what writes them.

A new format is an entry here and a module that reads it, and one that writes it if it is written, too; they are
imported when a file is opened. The tests are parametrised over the table, and one of them holds the help texts to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from phoneprice.data.packing import Packing, Sink, gunzipped, gzipped, zstd_packed, zstd_unpacked
from phoneprice.errors import UsageError
from phoneprice.stream import StreamFormat
from phoneprice.wording import listed

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from phoneprice.data.reading.options import ReadOptions, Selection
    from phoneprice.data.reading.text_source import Utf8Source
    from phoneprice.data.table import Table

Job = Callable[[], "Table"]
"""The work on a segment of a file that is independent of the other segments."""


class FormatReader(Protocol):
    """An open file whose header is known."""

    @property
    def source(self) -> str:
        """The name in messages."""

    @property
    def header(self) -> tuple[str, ...]:
        """The column names, in the order of the file."""

    @property
    def edge(self) -> tuple[str, ...]:
        """Keys for the columns at the right edge that have no name, apart from ``header``."""

    @property
    def numeric_columns(self) -> frozenset[str] | None:
        """The columns that are numbers by their type; None where the format has no types."""

    @property
    def other_types(self) -> Mapping[str, str]:
        """The columns whose type is one of neither numbers, text nor times (lists, bytes, ...), and its name."""

    @property
    def most_bytes(self) -> int | None:
        """What cells of the file may take in memory as a whole; None where a format can't stand for far more."""

    @property
    def options(self) -> ReadOptions:
        """How the file is read, with what was recognised in as much of it as was read."""

    def remarks(self) -> list[str]:
        """What to say of the file, when all of it was read: what was recognised, what is odd in its header."""

    def jobs(self, selection: Selection, chunk_rows: int) -> Iterator[Job]:
        """Jobs, in the order of the file; each gives a table of at most ``chunk_rows`` rows."""

    def close(self) -> None:
        """Close the file."""


@dataclass(frozen=True)
class OutputRows:
    """Some rows of an output.

    ``cells`` are arrays of any type, the prediction last; ``probabilities`` are whole millionths, int32 ``(n,)``.
    """

    cells: Mapping[str, pa.Array]
    probabilities: Mapping[str, NDArray[np.int32]]


class RowWriter(Protocol):
    """Writes the rows of an output in their order."""

    def write(self, rows: OutputRows) -> None:
        """Append rows; the first ones, of which there may be none, give names and types.

        Raises ``DataError`` for a column that the format can't hold; with the first rows, before a byte is written.
        """

    def notes(self) -> list[str]:
        """What was changed in the rows so far because the format can't hold it, in words."""


@dataclass(frozen=True)
class _Format:
    title: str
    """In help and messages."""
    suffixes: tuple[str, ...]
    """What files are called that are written so, the usual suffix first; an empty one is a name without suffix.

    None for a format that is only read.
    """
    recognised: Callable[[bytes], bool]
    """Whether a file that begins so (with 64 bytes or more, if it has them) has this format."""


@dataclass(frozen=True)
class TextFormat(_Format):
    """Text, which may be packed; it is recognised by its beginning as UTF-8, else by its name."""

    open_reader: Callable[[Utf8Source, ReadOptions], FormatReader]
    open_writer: Callable[[Sink, bool], AbstractContextManager[RowWriter]] | None = None
    read_suffixes: tuple[str, ...] = ()
    """What files are called that may be read so, but are not written."""


@dataclass(frozen=True)
class BinaryFormat(_Format):
    """Compressed inside, so it is never packed, and read from a file that can be rewound."""

    open_reader: Callable[[str, BinaryIO, ReadOptions], FormatReader]
    open_writer: Callable[[BinaryIO, bool], AbstractContextManager[RowWriter]] | None = None
    read_suffixes: tuple[str, ...] = ()


Format = TextFormat | BinaryFormat


def _csv_reader(text: Utf8Source, options: ReadOptions) -> FormatReader:
    from phoneprice.data.reading.csv_reader import CsvReader

    return CsvReader(text, options)


def _csv_writer(sink: Sink, safe: bool) -> AbstractContextManager[RowWriter]:
    from phoneprice.data.writing.writers import CsvWriter

    return nullcontext(CsvWriter(sink, spreadsheet_safe=safe))


def _begins_with_an_object(head: bytes) -> bool:
    start = head.lstrip(b" \t\r\n")
    return start.startswith(b"{") and start[1:].lstrip(b" \t")[:1] in {b'"', b"}"}


def _json_lines_reader(text: Utf8Source, options: ReadOptions) -> FormatReader:
    from phoneprice.data.reading.json_lines import JsonLinesReader

    return JsonLinesReader(text, options)


def _json_lines_writer(sink: Sink, safe: bool) -> AbstractContextManager[RowWriter]:
    from phoneprice.data.writing.writers import JsonLinesWriter

    return nullcontext(JsonLinesWriter(sink, spreadsheet_safe=safe))


def _begins_with_an_array(head: bytes) -> bool:
    start = head.lstrip(b" \t\r\n")
    return start.startswith(b"[") and start[1:].lstrip(b" \t\r\n")[:1] in {b"{", b"]"}


def _json_reader(text: Utf8Source, options: ReadOptions) -> FormatReader:
    from phoneprice.data.reading.json_records import JsonRecordsReader

    return JsonRecordsReader(text, options)


def _arrow_reader(source: str, file: BinaryIO, options: ReadOptions) -> FormatReader:
    from phoneprice.data.reading.bounded_arrow import BoundedArrow
    from phoneprice.data.reading.parquet_reader import ParquetReader

    return ParquetReader(source, file, options, BoundedArrow)


def _excel_reader(source: str, file: BinaryIO, options: ReadOptions) -> FormatReader:
    from phoneprice.data.reading.excel_reader import ExcelReader

    return ExcelReader(source, file, options)


def _parquet_reader(source: str, file: BinaryIO, options: ReadOptions) -> FormatReader:
    from phoneprice.data.reading.parquet_reader import ParquetReader

    return ParquetReader(source, file, options)


def _parquet_writer(file: BinaryIO, safe: bool) -> AbstractContextManager[RowWriter]:
    from phoneprice.data.writing.writers import ParquetWriter

    return ParquetWriter(file, spreadsheet_safe=safe)


CSV = TextFormat("CSV", (".csv", ".txt", ""), lambda _: False, _csv_reader, _csv_writer, read_suffixes=(".tsv", ".tab"))
"""Also what any other text is taken for."""
JSON_LINES = TextFormat(
    "JSON Lines",
    (".jsonl", ".ndjson"),
    _begins_with_an_object,
    _json_lines_reader,
    _json_lines_writer,
    read_suffixes=(".json",),
)
PARQUET = BinaryFormat(
    "Parquet", (".parquet",), lambda head: head.startswith(b"PAR1"), _parquet_reader, _parquet_writer
)
JSON = TextFormat("JSON", (), _begins_with_an_array, _json_reader)
"""An array of objects."""
ARROW = BinaryFormat(
    "Arrow",
    (),
    lambda head: head.startswith((b"ARROW1", b"FEA1", b"\xff\xff\xff\xff")),
    _arrow_reader,
    read_suffixes=(".arrow", ".feather", ".ipc"),
)
"""Arrow's IPC files, which are Feather of version 2, and its streams."""
EXCEL = BinaryFormat("Excel", (), lambda _: False, _excel_reader, read_suffixes=(".xlsx", ".xlsm"))
"""A ZIP archive, so it is recognised by what is in that."""
FORMATS: tuple[Format, ...] = (CSV, JSON_LINES, PARQUET, JSON, ARROW, EXCEL)
WRITTEN = tuple(known for known in FORMATS if known.open_writer is not None)
_TEXTS = [known for known in FORMATS if isinstance(known, TextFormat)]

_NOT_READ = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of before 2007 (.xls), or one with a password"),
    *(
        (mark, "a web page, as some programs export a table under the name .xls")
        for mark in (b"<html", b"<!doctype html", b"<table")
    ),
    (b"<?xml", "XML, as some programs export a table under the name .xls"),
)
"""How files begin that hold a table as Excel reads it, in lower case, and what they are."""

PACKINGS = (
    Packing("gzip", (".gz",), b"\x1f\x8b", gunzipped, gzipped),
    Packing("zstd", (".zst", ".zstd"), b"\x28\xb5\x2f\xfd", zstd_unpacked, zstd_packed),
)


def packing_of(head: bytes) -> Packing | None:
    """The packing of a file that begins so, if any."""
    return next((packing for packing in PACKINGS if head.startswith(packing.magic)), None)


def binary_format(head: bytes) -> BinaryFormat | None:
    """The binary format of a file that begins so, if any."""
    return next((known for known in FORMATS if isinstance(known, BinaryFormat) and known.recognised(head)), None)


def not_read(head: bytes) -> str:
    """What to say of a file that begins so and has a table that only Excel reads; empty for any other."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    found = next((what for mark, what in _NOT_READ if start.startswith(mark.lower())), "")
    return f"found {found}; open it in Excel and save it as .xlsx or CSV" if found else ""


def text_format(head: bytes, name: str) -> TextFormat:
    """The format of text that begins so: by content where that tells, else by suffix, else CSV."""
    suffix, _ = _suffix(Path(name))
    named = (known for known in _TEXTS if suffix in (*known.suffixes, *known.read_suffixes))
    return next((known for known in _TEXTS if known.recognised(head)), next(named, CSV))


def named_format(path: Path) -> tuple[Format | None, Packing | None]:
    """Format and packing that a file is written in by its name; None for a suffix that is not written."""
    suffix, packing = _suffix(path)
    return next((known for known in FORMATS if suffix in known.suffixes), None), packing


def format_of(path: Path) -> tuple[Format, Packing | None]:
    """The same for a file to write; raises ``UsageError`` for a name that nothing is written by."""
    found, packing = named_format(path)
    if found is None or (packing and isinstance(found, BinaryFormat)):
        whole = "".join(path.suffixes[-2 if packing else -1 :]).lower()
        raise UsageError(f"{path}: can't write {whole!r}; name {WRITABLE}")
    return found, packing


def stream_format(name: StreamFormat) -> Format:
    """The format of standard output."""
    found, _ = named_format(Path(f"stdout.{name}"))
    assert found is not None
    return found


def _suffix(path: Path) -> tuple[str, Packing | None]:
    """The suffix that tells the format, in lower case, and the packing that the one after it tells."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packing = next((known for known in PACKINGS if suffixes and suffixes[-1] in known.suffixes), None)
    inner = suffixes[:-1] if packing else suffixes
    return (inner[-1] if inner else ""), packing


@contextmanager
def open_writer(
    file: BinaryIO, format_: Format, packing: Packing | None = None, *, spreadsheet_safe: bool = False
) -> Iterator[RowWriter]:
    """A writer to ``file``, complete when the body ends; ``file`` stays open.

    With ``spreadsheet_safe`` no text in it, name or cell, is taken for a formula.
    """
    if isinstance(format_, BinaryFormat):
        assert format_.open_writer is not None  # no name tells another
        with format_.open_writer(file, spreadsheet_safe) as writer:
            yield writer
        return
    assert format_.open_writer is not None
    with (
        packing.pack(file) if packing else nullcontext(file) as sink,
        format_.open_writer(sink, spreadsheet_safe) as writer,
    ):
        yield writer


_PACKED = listed((packing.suffixes[0] for packing in PACKINGS), "or")
WRITABLE = (
    f"a {listed((known.suffixes[0] for known in WRITTEN), 'or')} file "
    f"({listed((known.suffixes[0] for known in WRITTEN if known in _TEXTS), 'and')} also with {_PACKED})"
)
"""What can be written, in words."""
