"""A first configuration for a table: what to predict it as, which columns are ids, and why."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from shlex import quote
from textwrap import wrap

import numpy as np
import pyarrow as pa

from phoneprice.components.base import TaskKind
from phoneprice.config.fields import toml_value
from phoneprice.config.schema import DataConfig
from phoneprice.data.labels import MAX_CLASSES, listed
from phoneprice.data.mixed import formatted_numbers
from phoneprice.data.reading.byte_source import STDIN_NAME
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.reading.faults import file_fault, infinite
from phoneprice.data.reading.options import ReadOptions
from phoneprice.data.schema import ColumnKind, kind_of, require_target_column
from phoneprice.data.table import Table
from phoneprice.data.values import canonical_number, is_number_array, names_of, one_spelling
from phoneprice.stream import STREAM
from phoneprice.wording import MOST_NAMED, count, counted, first_of, printable

FEW_LABELS = 20
"""More different whole numbers than this are a quantity, not classes."""
ROWS_A_LABEL = 5
"""Fewer rows a number than this on average, and the numbers are a quantity, not classes."""
FREE_TEXT = 0.5
"""A text column with more different values than this share of its rows (and than 100) is free text."""
_INDEX = "an index of the rows, as pandas and R call it"
_TIME = re.compile(
    r"(?:.*[_\W\d])?(?:years?|quarters?|months?|weeks?|days?|dates?|hours?|minutes?|seconds?|times?|periods?|ages?|t)"
    r"(?:[_\W\d].*)?",
    re.IGNORECASE,
)
"""In a column's name, a word for what passes: counting it carries a meaning."""
ID_NAME = re.compile(r"(?:.*[_\s-])?(?:id|uuid|guid|key|index)|unnamed:? ?\d*", re.IGNORECASE)


@dataclass(frozen=True)
class Inferred:
    """The choices for a table; ``reasons`` has a sentence for each key such as ``task.kind``."""

    source: str
    target: str
    kind: TaskKind
    id_columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    reasons: dict[str, str]


def infer_config(table: Table, target: str, ordered: Callable[[Table, str], bool] | None = None) -> Inferred:
    """Infer the task and the roles of the columns.

    Task: two different values are ``binary``; text of more is ``multiclass``. Whole numbers are classes where they
    are few (at most 20, five rows or more each on average): ``ordinal``, since numbered classes mostly have an order,
    unless ``ordered(table, target)`` says otherwise. All other numbers are a ``regression``.

    Ids: an index that pandas or R wrote, columns named like an id (id, phone_id, index, ...) in which each row has its
    own value, numbers that count the rows and not days or years, and text with its own value in each row. Ignored:
    columns without a value, numbers written for readers, and free text.

    Raises ``DataError`` without the target column, without rows, and for a target that is constant or free text.
    """
    require_target(table, target)
    if not table.rows:
        raise file_fault(table.source, "found a header and no rows, expected rows to infer a configuration from")
    features = {name: cells for name, cells in table.columns.items() if name != target}
    index = DataConfig(target=target).index_among(features)
    ids = {
        name: why for name, cells in features.items() if (why := _INDEX if name in index else _id_reason(name, cells))
    }
    ignored = {name: why for name, cells in features.items() if name not in ids and (why := _unusable(cells))}
    kind, reason = _kind(table.without({*ids, *ignored}), target, ordered)
    reasons = {"task.kind": reason, "data.id_columns": _told(ids), "data.ignored_columns": _told(ignored)}
    return Inferred(table.source, target, kind, tuple(ids), tuple(ignored), reasons)


def require_target(table: Table, target: str) -> None:
    """Raise ``DataError`` where a table lacks the column that ``--target`` names."""
    require_target_column(table, target, "correct --target")


def _told(reasons: dict[str, str]) -> str:
    told = [f"{name or repr(name)}: {why}" for name, why in islice(reasons.items(), MOST_NAMED)]
    more = [f"and {count(len(reasons) - MOST_NAMED)} more"] if len(reasons) > MOST_NAMED else []
    return "; ".join([*told, *more]) or "None found"


def _kind(table: Table, target: str, ordered: Callable[[Table, str], bool] | None) -> tuple[TaskKind, str]:
    _require_finite(table, target)
    names = names_of(table.columns[target])
    counts = names.counts
    if len(counts) < 2:
        what = f"has {'no value' if not counts else 'one value only'}, expected two or more"
        raise file_fault(table.source, f"column {target!r} {what}; choose another --target")
    if len(counts) == 2:
        return "binary", f"Two different values: {listed(sorted(counts))}"
    if not all(map(canonical_number, counts)):
        return "multiclass", _text_reason(table, target, counts)
    # As quantities `0.5` and `0.50` are one, but whole numbers may be too large to stay apart as float64.
    distinct = counts if names.spelling == "whole" else {one_spelling(text, "number") for text in counts}
    values = sorted(map(float, distinct))
    whole = all(value.is_integer() for value in values)
    if not whole or len(values) > FEW_LABELS or len(values) * ROWS_A_LABEL > table.rows:
        what = counted(len(values), "different whole number" if whole else "different number")
        return "regression", f"{what} in {counted(table.rows, 'row')}: a quantity"
    few = f"{counted(len(values), 'different whole number')}, {values[0]:g} to {values[-1]:g}"
    if ordered is not None and not ordered(table, target):
        return "multiclass", f"{few}, and they are predicted better without an order"
    return "ordinal", f'{few}: classes with an order; if theirs means nothing, choose "multiclass"'


def _require_finite(table: Table, target: str) -> None:
    """Raise ``DataError`` for the first number that is not finite in a target of nothing but numbers."""
    cells = table.columns[target]
    if is_number_array(cells):
        return
    numbers = to_numbers(cells, frozenset())
    if len(numbers.infinite_rows) and not len(numbers.text_rows):
        row = int(numbers.infinite_rows[0])
        raise infinite(table.place(row, target), cells[row].as_py())


def _text_reason(table: Table, target: str, counts: dict[str, int]) -> str:
    if len(counts) > min(MAX_CLASSES, table.rows / 2):
        what = f"{count(len(counts))} different texts in {counted(table.rows, 'row')}, expected classes or numbers"
        raise file_fault(table.source, f"column {target!r} has {what}; choose another --target")
    names = listed(sorted(counts))
    return (
        f'{len(counts)} different texts ({names}); if they have an order, choose "ordinal" and set labels in that order'
    )


def is_id_like(name: str, cells: pa.Array) -> bool:
    """Whether a column tells rows apart and nothing else."""
    return bool(_id_reason(name, cells))


def _id_reason(name: str, cells: pa.Array) -> str:
    if len(cells) < 2 or cells.null_count or len(cells.unique()) < len(cells):
        return ""
    if ID_NAME.fullmatch(name.strip()):
        return "named like an id, and each row has its own value"
    if not is_number_array(cells):
        return "text, and each row has its own" if len(cells) > 20 and not formatted_numbers(cells) else ""
    if _TIME.fullmatch(name):
        return ""
    values = cells.to_numpy()
    counts_rows = values[0] in {0, 1} and bool((np.diff(values) == 1).all())
    return "counts the rows" if counts_rows and len(cells) > 20 else ""


def _unusable(cells: pa.Array) -> str:
    if cells.null_count == len(cells):
        return "no value at all"
    if written := formatted_numbers(cells):
        return written
    present = len(cells) - cells.null_count
    distinct = len(cells.drop_null().unique())
    if is_number_array(cells) or distinct <= 100 or distinct <= FREE_TEXT * present:
        return ""
    return f"free text, {counted(distinct, 'different value')} in {counted(present, 'row')}"


def init_text(inferred: Inferred, table: Table, options: ReadOptions | None = None, name: str = "FILE") -> str:
    """A commented TOML configuration of what was inferred; all that is not in it keeps its default.

    ``options`` are those the table was read with, ``name`` is what the file will be called in the example commands.
    """
    return "\n".join(_lines(inferred, table, options or ReadOptions(), name)) + "\n"


def _lines(inferred: Inferred, table: Table, options: ReadOptions, name: str) -> Iterator[str]:
    reasons, source, file = inferred.reasons, quote(inferred.source), quote(name)
    again = str(STREAM) if inferred.source == STDIN_NAME else source
    yield from _comment(
        f"Made from {source} ({counted(table.rows, 'row')}) by `phoneprice config init`. What is not here keeps its "
        f"default: `phoneprice config show -c {file}` prints every setting. "
        f"Train with `phoneprice train {again} -c {file}`."
    )
    yield from ("", "[data]", f"target = {toml_value(inferred.target)}", "")
    # The usual name does no harm where the table lacks it, and keeps the ids of tables to predict.
    usual = not inferred.id_columns and "id" not in table.names
    told = (
        'None found; "id" is here for tables to predict that have such a column'
        if usual
        else reasons["data.id_columns"]
    )
    yield from _comment(f"Ids are no features; predictions keep them. {told}.")
    yield from (f"id_columns = {toml_value(('id',) if usual else inferred.id_columns)}", "")
    yield from _comment(f"Columns that are not used at all. {reasons['data.ignored_columns']}.")
    yield from (f"ignored_columns = {toml_value(inferred.ignored_columns)}", "")
    yield from _comment(_kinds_told(inferred, table))
    yield "categorical_columns = []"
    yield from _reading(options)
    yield from ("", "[task]")
    yield from _comment(f"{reasons['task.kind']}. The loss follows.")
    yield f"kind = {toml_value(inferred.kind)}"


def _kinds_told(inferred: Inferred, table: Table) -> str:
    unused = {inferred.target, *inferred.id_columns, *inferred.ignored_columns}
    names: dict[ColumnKind, list[str]] = {"numeric": [], "boolean": [], "categorical": []}
    for column, cells in table.columns.items():
        if column not in unused:
            names[kind_of(column, cells)].append(column)
    parts = [f"{what}: {first_of(names[kind])}" for kind, what in _KINDS.items() if names[kind]]
    return f"Found {'; '.join(parts)}. Add those whose numbers are mere names, such as a shop's number."


_KINDS: dict[ColumnKind, str] = {"numeric": "numbers", "boolean": "yes or no", "categorical": "categories"}


def _reading(options: ReadOptions) -> Iterator[str]:
    if options.delimiter != ReadOptions().delimiter:
        yield f"delimiter = {toml_value(options.delimiter)}"
    if options.encoding != ReadOptions().encoding:
        yield f"encoding = {toml_value(options.encoding)}"


def _comment(text: str) -> Iterator[str]:
    text = printable(text)  # a line end in a name would end the comment
    yield from wrap(
        text, 100, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False
    )
