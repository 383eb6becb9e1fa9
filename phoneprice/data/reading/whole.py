"""A whole file as one table, the kind of each column found from its cells."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa

from phoneprice.config.schema import Infinite
from phoneprice.data.cell_text import texts
from phoneprice.data.reading.cells import null_missing
from phoneprice.data.reading.codes import code_reason
from phoneprice.data.reading.columns import as_numbers, text_in_plain_words
from phoneprice.data.reading.faults import file_fault, infinite, too_much
from phoneprice.data.reading.options import CellRules, ReadOptions
from phoneprice.data.reading.stream import CHUNK_ROWS, ChunkStream, open_chunks
from phoneprice.data.table import Table, concat
from phoneprice.data.values import is_number_array

_CELLS_TOGETHER = 1 << 12
"""Of a short table so many cells are looked at in one go: a look costs as much as a thousand of them."""


def read_table(
    source: str | Path,
    options: ReadOptions,
    text_columns: Collection[str] = (),
    skip_columns: Collection[str] = (),
    written: Collection[str] | None = (),
    number_columns: Collection[str] = (),
    *,
    is_text_name: Callable[[str], bool] = lambda _: False,
) -> Table:
    """The table of a file, in memory.

    A column whose cells are all numbers or missing is float64, any other is string; ``text_columns`` (those that
    the file has) are string whatever they hold, and so are those whose name ``is_text_name``. ``skip_columns`` and all
    others of ``Table.other_types`` are not read: they come all missing, so that the table still knows their names.
    ``written`` columns (None: all) come as they are written, too, if the file has them. Text in ``number_columns``, and
    in columns that are mostly numbers of their format, is in the plain grammar where it is a number. Raises
    ``DataError``.
    """
    with open_chunks(source, options) as stream:
        read = [name for name in stream.header if name not in skip_columns]
        other_types = {name: stream.other_types[name] for name in read if name in stream.other_types}
        names = [name for name in read if name not in other_types]
        text = frozenset(name for name in read if name in text_columns or is_text_name(name))
        written = frozenset(names if written is None else written)
        undecided = _ask_for(stream, names, text, written.intersection(names) | text.intersection(other_types), options)
        table = concat(list(_within(stream)))
        table = replace(table, options=stream.options, recognised=stream.recognised)
        header = stream.header
    undecided_names = [name for name in names if name in undecided]
    columns = dict((table := _with_inferred(table, undecided_names, options, frozenset(number_columns))).columns)
    columns |= {name: texts(table.written[name]) for name in text if name in other_types}
    unread = pa.nulls(table.rows, pa.string())
    kept = {name: cells for name, cells in table.written.items() if name in written}
    columns = {name: columns.get(name, unread) for name in header}
    table = replace(table, columns=columns, written=kept, other_types=other_types)
    return _without_blank_index(table) if "" in read else table


def _without_blank_index(table: Table) -> Table:
    """The table without a first column that has neither a name nor a value, as where a sheet begins in column B."""
    if not table.rows or table.columns[""].null_count < table.rows:
        return table
    told = "left out the first column, which has neither a name nor a value"
    return replace(table.without([""]), recognised=(*table.recognised, told))


def read_chunks(
    source: str | Path,
    options: ReadOptions,
    numeric: Collection[str],
    text: Collection[str],
    chunk_rows: int = CHUNK_ROWS,
    *,
    verbatim: Collection[str] = (),
) -> ChunkStream:
    """Stream the columns asked for; see ``ChunkStream``. Raises ``DataError``, also while it is iterated."""
    stream = open_chunks(source, options, chunk_rows)
    try:
        return stream.select(numeric, text, verbatim)
    except BaseException:
        stream.close()
        raise


def _within(stream: ChunkStream) -> Iterator[Table]:
    """The tables of a stream, as long as they take no more memory than a whole table may."""
    taken = 0
    for table in stream:
        taken += table.bytes
        if stream.most_bytes is not None and taken > stream.most_bytes:
            raise file_fault(stream.source, too_much(stream.most_bytes))
        yield table


def _ask_for(
    stream: ChunkStream, names: list[str], text: frozenset[str], written: frozenset[str], options: ReadOptions
) -> frozenset[str]:
    """Select the columns; those whose kind only their cells tell are returned, and read as they are written.

    Those with a format of their own come as text, too, in which numbers that the file tells from text are in it.
    """
    text, rest = text.intersection(names), frozenset(names) - text
    typed = stream.numeric_columns
    if typed is None:
        formatted = frozenset(name for name in rest if not options.rules(name).number_format.plain)
        stream.select((), text | formatted, rest | written)
        return rest
    untyped = rest - typed
    stream.select(rest & typed, text | untyped, written)
    return frozenset(name for name in untyped if options.columns or not options.number_format.plain)


def _with_inferred(table: Table, names: Sequence[str], options: ReadOptions, certain: frozenset[str]) -> Table:
    """The table with columns of the kind that their cells have; ``certain`` are those known for numbers."""
    columns, infinite_cells, codes = dict(table.columns), dict(table.infinite_cells), dict(table.codes)
    for name, cells, infinite_count in _inferred(table, names, options, certain):
        columns[name] = cells
        if why := _why_codes(table, name, cells, options):
            codes[name] = why
        if infinite_count:
            infinite_cells[name] = infinite_count
    return replace(table, columns=columns, infinite_cells=infinite_cells, codes=codes)


def _why_codes(table: Table, name: str, cells: pa.Array, options: ReadOptions) -> str:
    written = _as_read(table, name)
    plainly = is_number_array(cells) and pa.types.is_string(written.type) and options.rules(name).number_format.plain
    return code_reason(name, written, cells) if plainly else ""


def _inferred(
    table: Table, names: Sequence[str], options: ReadOptions, certain: frozenset[str]
) -> Iterator[tuple[str, pa.Array, int]]:
    """The columns as numbers with how many were infinite, or where they hold anything else as text."""
    together = max(_CELLS_TOGETHER // max(table.rows, 1), 1)
    for (kind, rules), group in groupby(names, lambda name: (_as_read(table, name).type, options.rules(name))):
        alike, size = list(group), together if pa.types.is_string(kind) else 1
        for start in range(0, len(alike), size):
            yield from _inferred_together(table, alike[start : start + size], rules, certain, options.infinite)


def _as_read(table: Table, name: str) -> pa.Array:
    return table.columns[name] if name in table.columns else table.written[name]


def _inferred_together(
    table: Table, names: Sequence[str], rules: CellRules, certain: frozenset[str], infinite_means: Infinite
) -> Iterator[tuple[str, pa.Array, int]]:
    """The same for columns of one type and one set of rules, looked at as one, each below the one before."""
    columns, rows = [_as_read(table, name) for name in names], max(table.rows, 1)
    cells = columns[0] if len(columns) == 1 else pa.concat_arrays(columns)
    numbers = as_numbers(cells, rules)
    with_text = np.flatnonzero(np.bincount(numbers.text_rows // rows))
    infinite_cells = numbers.infinite_rows[~np.isin(numbers.infinite_rows // rows, with_text)]
    if len(infinite_cells) and infinite_means == "fail":
        column, row = divmod(int(infinite_cells[0]), rows)
        raise infinite(table.place(row, names[column]), columns[column][row].as_py())
    infinite_counts = np.bincount(infinite_cells // rows, minlength=len(names)).tolist()
    text = null_missing(cells, rules.missing_values) if len(with_text) else cells
    values, is_text = numbers.without_infinite().values, set(with_text.tolist())
    for i, name in enumerate(names):
        own = (text if i in is_text else values).slice(i * rows, table.rows)
        if i in is_text:
            own = text_in_plain_words(table, name, own, rules.number_format, certain=name in certain)
        yield name, own, infinite_counts[i]
