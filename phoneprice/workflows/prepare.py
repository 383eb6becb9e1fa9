"""From a file to encoded inputs and targets, with all that was learned about the table on the way."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.artifact.loader import Run
from phoneprice.config.load import load_config
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import ColumnReading, Config, DataConfig
from phoneprice.data.encoding.dates import Dates, find_dates
from phoneprice.data.encoding.dates import said as dates_said
from phoneprice.data.encoding.features import FeatureEncoder
from phoneprice.data.encoding.labels import assumed_order
from phoneprice.data.encoding.schema import (
    Column,
    TableSchema,
    alone_among,
    infer_schema,
    merged_spellings,
    near_equal_texts,
    number_inputs,
    taken_for_index,
    without_inputs,
)
from phoneprice.data.encoding.target import encode_target
from phoneprice.data.inspection.checks import codes_told, like_an_id, totals_told, uninformative
from phoneprice.data.inspection.infer import Inferred
from phoneprice.data.inspection.mixed import columns_of_formatted_numbers, settle_mixed
from phoneprice.data.number_formats import NumberFormat
from phoneprice.data.reading import ChunkStream, ReadOptions, read_table
from phoneprice.data.reading.faults import infinite_told
from phoneprice.data.reading.layout import names_suspected
from phoneprice.data.reading.options import AUTO, CellRules
from phoneprice.data.rows.row_roles import (
    NO_ROLES,
    RowRoles,
    may_be_groups,
    may_be_in_time,
    may_be_weights,
    odd_scale,
    row_roles,
    with_weight,
)
from phoneprice.data.rows.unlabelled import with_target
from phoneprice.data.samples.sample import sample_path
from phoneprice.data.table import Table
from phoneprice.errors import ConfigError, DataError
from phoneprice.metrics.decisions import cost_matrix
from phoneprice.records import Inputs, Task
from phoneprice.wording import by_name, counted
from phoneprice.workflows.events import Noted, OnEvent, Warned

AS_ALL = ColumnReading()
"""A column that is read as all others are."""
MOST_COLUMNS = 5
"""How many columns without information are named; the others are counted."""


@dataclass(frozen=True)
class Prepared:
    """A labelled table, ready to learn from as ``config`` says.

    ``targets`` are int64 classes or float64 values, ``(n,)``.
    """

    config: Config
    table: Table
    schema: TableSchema
    task: Task
    inputs: Inputs
    targets: NDArray[Any]
    roles: RowRoles = NO_ROLES
    """Groups, times and weights of the rows."""
    inferred: Inferred | None = None
    """What of the configuration the table itself has told; None where all of it was given."""

    @property
    def reasons(self) -> dict[str, str] | None:
        """Why the settings that the table has told are as they are, by dotted key; None where all were given."""
        return self.inferred.reasons if self.inferred else None

    @property
    def file_rows(self) -> NDArray[np.int64]:
        """Which row of the file each row was, from 0: some may have been left out."""
        return self.table.numbered - 1

    @cached_property
    def sha256(self) -> str:
        """Hash of the encoded table with target and roles: the same for the same rows in any file format."""
        digest = hashlib.sha256(self.inputs.values.tobytes())
        if self.inputs.missing is not None:
            digest.update(np.packbits(self.inputs.missing).tobytes())
        digest.update(self.targets.tobytes())
        for name, values in self.roles:
            digest.update(name.encode() + values.tobytes())
        return digest.hexdigest()


def read_options(data: DataConfig, reading: Reading = AS_CONFIGURED) -> ReadOptions:
    """How files are read: as configured, but for what ``reading`` says. Raises ``UsageError`` for what is unusable."""
    data = reading.instead_of(data)
    return ReadOptions(
        delimiter=data.delimiter,
        encoding=data.encoding,
        missing_values=frozenset(data.missing_values),
        on_bad_row=data.on_bad_row,
        number_format=number_format(data),
        columns={name: cell_rules(data, name) for name in data.columns},
        skip_lines=data.skip_lines,
        header=data.header,
        infinite=data.infinite,
    )


def read_options_of_run(data: DataConfig, reading: Reading = AS_CONFIGURED) -> ReadOptions:
    """How tables for a run are read: as in training, but for what ``reading`` says.

    Where it says no encoding the bytes decide, and where they don't, the encoding of the training.
    """
    options = read_options(data, reading)
    if reading.encoding is not None or data.encoding == AUTO:
        return options
    return replace(options, encoding=AUTO, usual_encoding=data.encoding)


def number_format(data: DataConfig, column: ColumnReading = AS_ALL) -> NumberFormat:
    """How the numbers of a column are written."""
    factors = tuple((text, round(math.log10(factor))) for text, factor in column.factors.items())
    return NumberFormat(*data.marks(column), column.units, column.typographic, factors)


def cell_rules(data: DataConfig, name: str) -> CellRules:
    """What the cells of a column with rules of its own mean."""
    column = data.columns[name]
    words = data.missing_values if column.missing_values is None else column.missing_values
    return CellRules(frozenset(words), number_format(data, column))


def configured(config: Config | Path | str | None, reading: Reading) -> Config:
    """The configuration, loaded if it is a file or the name of one, with what ``reading`` says in its place.

    Raises ``ConfigError``, and ``UsageError`` for a reading that is unusable.
    """
    config = config if isinstance(config, Config) else load_config(config)
    read_options(config.data, reading)
    return config.model_copy(update={"data": reading.instead_of(config.data)})


def of_one_network(prepared: Prepared, what: str, on_event: OnEvent) -> Prepared:
    """The same without a portfolio, which is said: ``what`` is done, such as "a search", is of single networks."""
    if names := ", ".join(recipe.name for recipe in prepared.config.portfolio):
        on_event(Noted(f"{what} is of single networks: without the portfolio ({names})"))
    return replace(prepared, config=prepared.config.alone)


def labelled_source(data: Path | str | None, on_event: OnEvent) -> Path | str:
    """The file to learn from: the bundled sample where none is given."""
    if data is not None:
        return data
    on_event(Noted("no DATA given: using the bundled sample of 2,000 synthetic phones"))
    return sample_path("train")


def prepare(source: Path | str, config: Config, on_event: OnEvent) -> Prepared:
    """Read and encode a labelled table for training.

    Raises ``DataError`` for whatever is wrong with the file, its columns or its labels.
    """
    data = config.data
    text = config.text_columns
    numbers = [] if data.target in text else [data.target]
    written = [data.target, *config.row_columns]  # for messages about missing ones
    table = read_table(source, read_options(data), text, data.ignored_columns, written, numbers)
    return prepare_table(table, config, on_event)


def row_names(run: Run) -> list[str]:
    """The columns that pass through a run's predictions, but for what it has learned from."""
    learned = {*run.schema.feature_names, run.schema.target}
    return [name for name in run.config.passed_columns if name not in learned]


def prepare_table(table: Table, config: Config, on_event: OnEvent) -> Prepared:
    """Encode a labelled table in memory for training; raises ``DataError`` as ``prepare`` does."""
    if not table.rows:
        raise DataError(f"{table.source}: found a header but no rows; there is nothing to learn from")
    config = as_read(config, table)
    table = with_target(table, config.data)
    dates = find_dates(table, config)
    table = with_weight(settle_mixed(table, config, dates), config)
    for event in told_of_file(table):
        on_event(event)
    for message in left_out(table):
        on_event(Warned(message))
    schema = infer_schema(table, config)
    roles = row_roles(table, config)
    for message in _oddities(table, schema, config, roles, dates):
        on_event(Warned(message))
    encoded = FeatureEncoder(schema).encode(table)
    if drawn_in := encoded.odd.drawn_in:
        far = f"{counted(drawn_in.total(), 'cell')} far out from the rest of the column ({by_name(drawn_in)})"
        on_event(Noted(f"{table.source}: {far}: drawn in; data.clip_inputs = false takes them as they are"))
    targets = encode_target(table, schema, config.task.kind)
    check_one_a_class(config, schema)
    task = Task(config.task.kind, schema.target, schema.labels)
    return Prepared(config, table, schema, task, encoded.inputs, np.ascontiguousarray(targets), roles)


def told_of_file(found: Table | ChunkStream) -> Iterator[Noted | Warned]:
    """What was recognised in a file; whether its names are some is in doubt, the rest is just said."""
    suspected = names_suspected(found.names if isinstance(found, Table) else found.header)
    for what in found.recognised:
        message = f"{found.source}: {what}"
        yield Warned(message) if what == suspected else Noted(message)


def _oddities(
    table: Table, schema: TableSchema, config: Config, roles: RowRoles, dates: Mapping[str, Dates]
) -> Iterator[str]:
    """What to warn of in a table that can be learned from, the table named."""
    belonging = may_be_groups(table, config), may_be_in_time(table, config, dates)
    weights = may_be_weights(table, config), odd_scale(roles.weights)
    for message in filter(None, (totals_told(table), *belonging, *weights)):
        yield f"{table.source}: {message}"
    if index := config.data.index_among(table.names):
        yield f"{table.source}: {taken_for_index(index)}"
    for _, message in dates_said(dates, config.data):
        yield f"{table.source}: {message}"
    yield from _uninformative_columns(table, schema)
    if any(own.model.encoding.active for own in config.recipes) and not number_inputs(schema):
        yield f"{table.source}: no column holds numbers or dates, so model.encoding has nothing to encode"
    for of_a_kind in _odd_columns(table, schema, config):
        told = [f"{table.source}, column {name!r}: {what}" for name, what in of_a_kind.items() if what]
        yield from _first_few(told, table.source)


def _odd_columns(table: Table, schema: TableSchema, config: Config) -> Iterator[Mapping[str, str]]:
    """What to warn of, by column, where columns may not be what they are taken for: one kind after the other."""
    target, clean = schema.target, config.data.clean_text
    labels = target if schema.labels else None
    yield columns_of_formatted_numbers(table, schema.feature_names, config)
    yield codes_told(table, schema.numeric_names)
    yield {name: what for name, (what, _) in without_inputs(table, schema.columns).items()}
    merged = merged_spellings(table, schema.columns, labels, clean=clean)
    yield {name: found.message for name, found in merged.items()}
    yield {target: assumed_order(schema.labels, config.task) or ""}
    yield near_equal_texts(table, schema.columns, labels, clean=clean)
    yield {name: like_an_id(table, name) for name in schema.feature_names}
    if config.task.kind == "regression" and (alone := alone_among(table, target)):
        yield {target: f"{alone.message}; correct it, or delete the row"}


def as_read(config: Config, table: Table) -> Config:
    """The configuration with what was recognised in the file of a table: how later files are read."""
    if table.options is None:
        return config
    found: dict[str, object] = {"delimiter": table.options.delimiter, "encoding": table.options.encoding}
    if table.options.skip_lines:  # where nothing stood above the header, it may in later files
        found["skip_lines"] = table.options.skip_lines
    return config.model_copy(update={"data": config.data.model_copy(update=found)})


def left_out(found: Table | ChunkStream) -> list[str]:
    """What to warn of where rows or columns of a table, or of one that was streamed, were left out."""
    rows, columns = found.skipped_rows, found.nameless_columns
    skipped = f"left out {counted(rows, 'row')} with text among numbers or dates"
    nameless = f"left out {counted(columns, 'column')} at the right edge without a name and without a value"
    messages = [message for message, count in ((skipped, rows), (nameless, columns)) if count]
    messages += [infinite_told(name, count) for name, count in found.infinite_cells.items()]
    remarks = found.remarks if isinstance(found, Table) else ()
    return [f"{found.source}: {message}" for message in (*messages, *remarks)]


def _uninformative_columns(table: Table, schema: TableSchema) -> list[str]:
    """What to warn of where a column has no value, or only one: in the words of ``data check``, of many the first."""
    found = [
        f"{table.source}, column {column.name!r}: {what.message}"
        for column in schema.columns
        if _may_be_uninformative(column) and (what := uninformative(table.columns[column.name]))
    ]
    return _first_few(found, table.source)


def _first_few(found: list[str], source: str) -> list[str]:
    """Of as many messages as there are columns the first."""
    if len(found) <= MOST_COLUMNS:
        return found
    more = counted(len(found) - MOST_COLUMNS, "more column")
    return [*found[:MOST_COLUMNS], f"{source}: {more} like these; 'phoneprice data check' lists them"]


def _may_be_uninformative(column: Column) -> bool:
    """A look at the schema is quicker than one at the cells; it leaves yes/no open, whose range is always 0 to 1."""
    if column.kind == "categorical":
        return len(column.categories) < 2
    return column.kind == "boolean" or column.low == column.high


def check_one_a_class(config: Config, schema: TableSchema) -> None:
    """Raise ``ConfigError`` where the configuration gives numbers for each class, but not as many as there are."""
    if not schema.labels:
        return
    cost_matrix(config.task.costs, len(schema.labels))
    for own in config.recipes:
        weights = getattr(own.loss, "class_weights", "none")
        if not isinstance(weights, str) and len(weights) != len(schema.labels):
            raise ConfigError(
                f"loss.class_weights: found {len(weights)} numbers, must be {len(schema.labels)}, "
                f"one a label in this order: {', '.join(schema.labels)}"
            )
