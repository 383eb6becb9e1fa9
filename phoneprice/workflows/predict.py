"""Predicting the rows of a table: reading, computing and writing at the same time, in bounded memory."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from phoneprice.artifact.loader import Run, load_run
from phoneprice.artifact.runs import resolve_run
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Device
from phoneprice.data.encoding.features import FeatureEncoder, OddCells
from phoneprice.data.encoding.schema import TableSchema, taken_for_index
from phoneprice.data.formats import JSON_LINES, PARQUET, Format, RowWriter, format_of, open_writer
from phoneprice.data.formats import stream_format as format_of_stream
from phoneprice.data.packing import Packing
from phoneprice.data.reading import ChunkStream, open_chunks
from phoneprice.data.reading.ahead import ahead
from phoneprice.data.reading.stream import AHEAD
from phoneprice.data.table import Table
from phoneprice.errors import UsageError
from phoneprice.inference.predictor import Predictor, kept_near_message
from phoneprice.inference.results import OutputColumns
from phoneprice.inference.threads import computing_threads, one_blas_thread
from phoneprice.records import Classified, Predictions
from phoneprice.stream import STREAM, StreamFormat, given_path
from phoneprice.suggestions import nearest
from phoneprice.wording import first_of, noun, quoted
from phoneprice.workflows.arguments import checked
from phoneprice.workflows.destinations import open_output
from phoneprice.workflows.events import OnEvent, Progress, WarningCollector, ignore
from phoneprice.workflows.inputs import refuse_output, run_files
from phoneprice.workflows.predictors import predictor_of
from phoneprice.workflows.prepare import left_out, read_options_of_run, row_names, told_of_file

CHUNK_CELLS = 1 << 21
CHUNK_ROWS_RANGE = (1 << 10, 1 << 15)
"""Rows of a chunk by default: so many that its cells are CHUNK_CELLS, within these bounds."""
CHUNK_BYTES = 512 << 20
"""That a chunk may take at most: text of any length may be kept."""
WAITING = 2
"""Chunks that may wait to be written."""


@dataclass(frozen=True)
class PredictionResult:
    """What ``predict`` has done: ``counts`` are rows by predicted label (regression: none)."""

    rows: int
    output: Path
    counts: dict[str, int]
    warnings: tuple[str, ...]


@checked
def predict(
    run: str | Path,
    data: str | Path,
    output: str | Path,
    *,
    keep: Sequence[str] | Literal["all"] = (),
    device: Device = "auto",
    chunk_rows: int | None = None,
    spreadsheet_safe: bool = False,
    stream_format: StreamFormat | None = None,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> PredictionResult:
    """Predict every row of ``data`` and write the predictions to ``output``; ``-`` is stdin and stdout.

    ``data`` is read as in training, but for what ``reading`` says. ``chunk_rows`` (of a file rounded up to whole
    blocks of the engine) changes the memory, never the predictions. A chunk of stdin of so many rows is answered before
    more is read.
    ``stream_format`` is that of stdout, CSV by default; a file has it from its name.

    Raises ``ModelError``, ``DataError``, ``UsageError``, ``StorageError`` and ``DeviceError``; ``output`` is then as it
    was.
    """
    if chunk_rows is not None and chunk_rows < 1:
        raise UsageError(f"chunk_rows: found {chunk_rows}, must be a whole number, 1 or more")
    collector = WarningCollector(on_event)
    loaded = load_run(resolve_run(run))
    options = replace(read_options_of_run(loaded.config.data, reading), names=frozenset(loaded.schema.feature_names))
    target = given_path(output)
    written_as = _format(target, stream_format)
    refuse_output(target, data, *run_files(loaded.path))
    predictor = predictor_of(loaded, device)
    at_once = chunk_rows is not None and given_path(data) == STREAM
    rows = chunk_rows or _chunk_rows(len(loaded.input_names))
    rows, most = (rows, 1) if at_once else (_whole_blocks(rows, predictor.block_rows), AHEAD)
    with one_blas_thread(), open_chunks(data, options, rows, CHUNK_BYTES, most_ahead=most) as stream:
        columns = _plan_columns(loaded, stream.header, keep)
        computing = computing_threads() if device in {"auto", "cpu"} else 1
        as_json = written_as[0] is JSON_LINES
        job = _Job(loaded, predictor, columns, stream, collector, computing, as_json=as_json, at_once=at_once)
        with (
            open_output(target) as file,
            open_writer(file, *written_as, spreadsheet_safe=spreadsheet_safe) as writer,
        ):
            job.run(writer)
    return PredictionResult(job.rows, target, job.label_counts(), collector.messages)


@dataclass(frozen=True)
class _Chunk:
    """Some rows, and what was found about them."""

    table: Table
    predicted: Predictions
    odd: OddCells


@dataclass
class _Job:
    """One prediction under way: chunks are read ahead, computed by a few threads and written behind, in order."""

    loaded: Run
    predictor: Predictor
    columns: OutputColumns
    stream: ChunkStream
    collector: WarningCollector
    computing: int
    """Threads that compute."""
    as_json: bool
    """Whether what is copied is to be JSON."""
    at_once: bool = False
    """Whether each chunk is written before the next one is read."""
    rows: int = 0

    def __post_init__(self) -> None:
        loaded = self.loaded
        self._counts = np.zeros(loaded.task.classes, np.int64)
        self._odd = OddCells()
        self._kept_near = 0
        self._encoder = FeatureEncoder(loaded.schema)
        self._warn_of_extra_columns()
        self._warn_of_ids_left_out()
        numbers = _columns_of_numbers(loaded.schema, self.stream.numeric_columns or frozenset())
        dates = loaded.schema.date_forms
        texts = [name for name in loaded.schema.feature_names if name not in numbers and name not in dates]
        self.stream.require(loaded.schema.feature_names)
        self.stream.select(numbers, texts, self.columns.copied, dates=dates, as_json=self.as_json)

    def run(self, writer: RowWriter) -> None:
        """Predict all chunks: several are computed at a time, and a few wait for their turn to be written."""
        write = partial(self._write, writer)
        threads, waiting = (1, 0) if self.at_once else (self.computing, WAITING)
        most = 1 if self.at_once else threads + 1
        with (
            closing(ahead(self._predict, self.stream, threads=threads, most=most, name="compute")) as computed,
            closing(ahead(write, map(self._count, computed), threads=1, most=waiting + 1, name="write")) as written,
        ):
            for _ in written:
                self.collector(Progress(self.rows, None, "rows"))
        self._warn_of_rows(writer.notes())

    def label_counts(self) -> dict[str, int]:
        """Rows by predicted label."""
        return {label: int(count) for label, count in zip(self.loaded.task.labels, self._counts, strict=True)}

    def _predict(self, table: Table) -> _Chunk:
        encoded = self._encoder.encode(table)
        return _Chunk(table, self.predictor.predict(encoded.inputs), encoded.odd)

    def _count(self, chunk: _Chunk) -> _Chunk:
        self._odd += chunk.odd
        self.rows += chunk.table.rows
        self._kept_near += self.predictor.kept_near(chunk.predicted)
        if isinstance(chunk.predicted, Classified):
            self._counts += np.bincount(chunk.predicted.classes, minlength=len(self._counts))
        return chunk

    def _write(self, writer: RowWriter, chunk: _Chunk) -> None:
        writer.write(self.columns.rows(chunk.table.written, chunk.predicted))

    def _warn_of_extra_columns(self) -> None:
        data, schema = self.loaded.config.data, self.loaded.schema
        passed = self.loaded.config.passed_columns
        known = {*schema.feature_names, schema.target, *passed, *data.ignored_columns, *self.columns.copied}
        index = [name for name in data.index_among(self.columns.copied) if name not in schema.id_columns]
        if index:
            self._warn(taken_for_index(index))
        extra = [name if name.strip() else repr(name) for name in self.stream.header if name not in known]
        if extra:
            self._warn(f"not used in training, so ignored: {noun(len(extra), 'column')} {first_of(extra)}")

    def _warn_of_ids_left_out(self) -> None:
        there, added = frozenset(self.stream.header), frozenset(self.columns.added)
        for name in row_names(self.loaded):
            if name in there and name in added:
                self._warn(f"id column {name!r} is not copied, as predictions have a column of that name")

    def _warn_of_rows(self, notes: Sequence[str]) -> None:
        for event in told_of_file(self.stream):
            self.collector(event)
        for message in left_out(self.stream):
            self.collector.warn(message)
        near = [kept_near_message(self._kept_near)] if self._kept_near else []
        for message in (*self._odd.messages(), *near, *notes):
            self._warn(message)

    def _warn(self, message: str) -> None:
        self.collector.warn(f"{self.stream.source}: {message}")


def _format(target: Path, asked: StreamFormat | None) -> tuple[Format, Packing | None]:
    """What the output is written in; raises ``UsageError`` for what can't be."""
    if asked is None:
        return format_of(target)
    if target != STREAM:
        raise UsageError(f"{target}: --format {asked} is for stdout; a file has its format from its name")
    if format_of_stream(asked) is PARQUET and sys.stdout.isatty():
        raise UsageError("--format parquet: a terminal can't show it; redirect stdout to a file or a program")
    return format_of_stream(asked), None


def _columns_of_numbers(schema: TableSchema, typed: frozenset[str]) -> frozenset[str]:
    """The columns to read as numbers: a yes/no column that the file stores as numbers needs no way through text."""
    return frozenset(
        column.name
        for column in schema.columns
        if column.kind == "numeric" or (column.kind == "boolean" and column.name in typed)
    )


def _chunk_rows(inputs: int) -> int:
    least, most = CHUNK_ROWS_RANGE
    return min(max(CHUNK_CELLS // inputs, least), most)


def _whole_blocks(rows: int, block_rows: int) -> int:
    """At least ``rows``, in whole blocks: a row has the same place in its block, however the file is cut."""
    return -(-rows // block_rows) * block_rows


def _plan_columns(run: Run, header: Sequence[str], keep: Sequence[str] | Literal["all"]) -> OutputColumns:
    """The output's columns: ids that the input has, kept ones, then those that prediction adds."""
    there = frozenset(header)
    added = frozenset(OutputColumns(run.task, run.schema.label_kind, ()).added)
    ids = [name for name in row_names(run) if name in there and name not in added]
    kept = header if keep == "all" else keep
    for name in kept:
        if name not in there:
            near = nearest(name, header)
            names = first_of(header)
            advice = f"did you mean {near!r}?" if near else f"the columns are {names}"
            raise UsageError(f"--keep {quoted(name, 80)}: the input has no such column; {advice}")
    copied = tuple(dict.fromkeys([*ids, *kept]))
    columns = OutputColumns(run.task, run.schema.label_kind, copied)
    columns.refuse_clashes()
    return columns
