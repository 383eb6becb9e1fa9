"""Columns of numbers or dates in which some cells hold text: errors that must not turn the column into categories."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from phoneprice.config.fields import toml_value
from phoneprice.config.schema import Config, DataConfig, DateForm
from phoneprice.data.encoding.dates import NO_DATES, Dates
from phoneprice.data.encoding.schema import TableSchema
from phoneprice.data.inspection.recognised_columns import single_settings
from phoneprice.data.inspection.recognition import Found, look_at, means_missing, prevail
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.reading.codes import code_reason
from phoneprice.data.reading.columns import MOSTLY, NO_FAULTS, Fault, with_numbers, without_infinite
from phoneprice.data.reading.dates import to_days
from phoneprice.data.reading.faults import LEAVE_OUT, no_date, no_number
from phoneprice.data.table import Table
from phoneprice.data.values import canonical_number, is_number_array, value_counts
from phoneprice.errors import DataError
from phoneprice.wording import quoted

_AS_CATEGORIES = (
    "text that begins with numbers, such as {}, counts as categories; give the numbers alone, or add the column to "
    "data.categorical_columns"
)
_MANY_TEXTS = 10
"""Fewer different ones than this may be classes."""
_DECIMALS = r"^[<>≤≥~≈ ]*[+-]?\d+[.,]\d+(?:[^\d.,].*)?$"
_WHOLE = r"^[<>≤≥~≈ ]*[+-]?\d+(?:[^\d.,].*)?$"
_NUMBER = r"\d+(?:[.,]\d+)*"
_ADDED = re.compile(r"0.*[^\d\s.,:;-].*0.*|0.*[^\w\s.,:;-].*")
"""Numbers with text between, or with a sign after them, that is no mark of lists, codes and times of the day."""
_FEW_SHAPES = 4
"""Measurements look so alike; a letter that differs, as in ``12a`` and ``7c``, makes a name."""
_LOOKED_AT = 1000
"""Rows that show how a column is written."""


def mostly_numbers(cells: pa.Array, *, quantity: bool = False) -> bool:
    """Whether a column was read as text only because a few of its cells, or words for missing, are no numbers.

    Text among whole numbers may say that all are codes, but not in what can only be a ``quantity``.
    """
    if is_number_array(cells):
        return False
    counts = {text: rows for text, rows in value_counts(cells).items() if not means_missing(text)}
    numbers = {text: rows for text, rows in counts.items() if canonical_number(text) is not None}
    return prevail(counts, numbers, codes=not quantity)


def formatted_numbers(cells: pa.Array) -> str:
    """What to say of a column of numbers as people write them, such as ``23,0`` or ``$1,200``; empty for any other."""
    found = _written_for_readers(cells)
    return _in_plain_words(cells, found) if found else ""


def _written_for_readers(cells: pa.Array) -> Found | None:
    """How a column is written, if neither plainly nor as text."""
    if is_number_array(cells) or mostly_numbers(some := cells.slice(0, _LOOKED_AT)):
        return None
    found = look_at(some)
    return None if found is None or (found.how.plain and not found.doubt and not found.open_mark) else found


def _counts_as_text(cells: pa.Array) -> str:
    texts = cells.slice(0, _LOOKED_AT).drop_null().to_pylist()
    example = next(text for text in texts if canonical_number(text) is None and not means_missing(text))
    return f"numbers written like {quoted(example)} count as text"


def columns_of_formatted_numbers(table: Table, names: Iterable[str], config: Config) -> dict[str, str]:
    """What to say of each of some columns that is written for readers, but for those declared to be categories.

    The advice is the setting by which it is read, where its cells leave no doubt.
    """
    wanted = frozenset(names).difference(config.data.categorical_columns)
    looked = {name: cells for name, cells in table.columns.items() if name in wanted}
    found = {name: how for name, cells in looked.items() if (how := _written_for_readers(cells))}
    told = {name: _told(name, looked[name], how) for name, how in found.items()}
    rest = {name: measured_text(cells) for name, cells in looked.items() if name not in found}
    return told | {name: _AS_CATEGORIES.format(quoted(text)) for name, text in rest.items() if text}


def measured_text(cells: pa.Array) -> str:
    """A text of a column in which nearly all are measurements with something added, as ``<0.5`` and ``2h 30m`` are.

    Empty for any other column. They begin with a number; half of them have decimals, or something that is no point and
    no dash stands where it does in most others: ``10.0.0.1``, ``12-345`` and ``7b42`` are names.
    """
    if is_number_array(cells):
        return ""
    some = cells.slice(0, _LOOKED_AT).drop_null()
    if len(some.unique()) < _MANY_TEXTS or mostly_numbers(cells):
        return ""
    return _with_decimals(some) or _of_few_shapes(some)


def _with_decimals(some: pa.Array) -> str:
    decimal = pc.match_substring_regex(some, _DECIMALS)
    decimals = pc.sum(decimal).as_py() or 0
    numbers = decimals + (pc.sum(pc.match_substring_regex(some, _WHOLE)).as_py() or 0)
    if 2 * decimals < len(some) or numbers < MOSTLY * len(some):
        return ""
    odd = some.filter(decimal).filter(to_numbers(some.filter(decimal), frozenset()).values.is_null())
    odd = odd if len(odd) else some.filter(to_numbers(some, frozenset()).values.is_null())
    return odd[0].as_py() if len(odd) else ""


def _of_few_shapes(some: pa.Array) -> str:
    """``2h 30m``, ``68/100`` or ``5'8"``: each number but for its digits, the texts are few."""
    shapes = Counter(pc.replace_substring_regex(some, _NUMBER, "0").to_pylist())
    few = shapes.most_common(_FEW_SHAPES)
    measured = any(_ADDED.fullmatch(shape) for shape, _ in few)
    if not measured or not all(shape.startswith("0") for shape, _ in few):
        return ""
    if sum(rows for _, rows in few) < MOSTLY * len(some):
        return ""
    texts: list[str] = some.to_pylist()
    return next(text for text in texts if _ADDED.fullmatch(re.sub(_NUMBER, "0", text)))


def _told(name: str, cells: pa.Array, found: Found) -> str:
    if found.doubt or found.open_mark:
        return _in_plain_words(cells, found)
    return f"{_counts_as_text(cells)}; set data.columns = {toml_value({name: single_settings(found)})}"


def _in_plain_words(cells: pa.Array, found: Found) -> str:
    return found.doubt or f"{_counts_as_text(cells)}; write them like 1234.5"


def settle_mixed(table: Table, config: Config, dates: Mapping[str, Dates] = NO_DATES) -> Table:
    """The table with mostly numeric columns, those found to be ``dates``, and a regression's target as numbers.

    A row with text in one of them is left out and counted where ``data.on_bad_row`` is ``skip``. Raises ``DataError``
    for it otherwise, and where ``data.infinite`` is ``fail`` for a number that is not finite in any other row. Columns
    in ``data.categorical_columns`` stay as they are.
    """
    names = _mixed(table, config, dates)
    forms = {name: found.form for name, found in dates.items()}
    kinds: dict[str, Callable[..., DataError]] = dict.fromkeys(names, partial(_odd_cell, "a number"))
    kinds |= dict.fromkeys(forms, partial(_odd_cell, "a date or a time")) | {config.data.target: _target_error}
    faults: dict[str, Fault] = {
        name: partial(kinds[name], table.columns[name], config.data) for name in (*names, *forms)
    }
    return _as_numbers(table, names, forms, config.data, faults)


def with_dates(table: Table, dates: Mapping[str, Dates]) -> Table:
    """The table with the columns of dates as numbers in which each cell is one."""
    return with_forms(table, {name: found.form for name, found in dates.items()})


def with_forms(table: Table, forms: Mapping[str, DateForm]) -> Table:
    """The table with the columns as numbers in which each cell is a date or a time of these forms."""
    texts = {name: table.columns[name] for name in forms if name in table.columns}
    found = {name: to_days(cells, forms[name]) for name, cells in texts.items() if not is_number_array(cells)}
    clean = {name: numbers.values for name, numbers in found.items() if numbers.clean}
    dates = {name: form for name, form in forms.items() if name in clean}
    return replace(table, columns={**table.columns, **clean}, dates={**table.dates, **dates})


def settle_named(table: Table, names: Iterable[str], data: DataConfig) -> Table:
    """The table with those of some columns as numbers that hold nothing else; raises ``DataError`` as ``settle_mixed``.

    They were read as text for their names, which look like those of ids. What are codes by their cells is noted.
    """
    texts = {name: cells for name in names if not is_number_array(cells := table.columns[name])}
    numbers = {name: to_numbers(cells, frozenset()) for name, cells in texts.items()}
    plain = [name for name, found in numbers.items() if not len(found.text_rows)]
    codes = {name: why for name in plain if (why := code_reason(name, texts[name], numbers[name].values))}
    return replace(_as_numbers(table, plain, {}, data), codes={**table.codes, **codes})


def settle_like_training(table: Table, schema: TableSchema, data: DataConfig) -> Table:
    """The table with the columns as numbers that were numbers or dates in training, and the target of a regression.

    A row with text in one of them is left out and counted, or refused, as in ``settle_mixed``.
    """
    names = [*schema.numeric_names, *(() if schema.labels else (schema.target,))]
    texts = {name for name, cells in table.columns.items() if not is_number_array(cells)}
    dates = {name: form for name, form in schema.date_forms.items() if name in texts}
    faults: dict[str, Fault] = dict.fromkeys(dates, no_date)
    return _as_numbers(table, [name for name in names if name in texts], dates, data, faults)


def _as_numbers(
    table: Table,
    names: list[str],
    dates: Mapping[str, DateForm],
    data: DataConfig,
    faults: Mapping[str, Fault] = NO_FAULTS,
) -> Table:
    """The table with some columns as numbers; infinite ones are missing and counted, if that is asked for.

    A target is never taken for missing because it is infinite.
    """
    numbers = {name: to_numbers(table.columns[name], frozenset()) for name in names}
    counts: dict[str, int] = {}
    if data.infinite == "missing":
        finite, counts = without_infinite({name: found for name, found in numbers.items() if name != data.target})
        numbers |= finite
    numbers |= {name: to_days(table.columns[name], form) for name, form in dates.items()}
    if not numbers:
        return table
    settled = with_numbers(table, numbers, table.columns, data.on_bad_row, faults)
    counts = {**settled.infinite_cells, **counts}
    return replace(settled, infinite_cells=counts, dates={**table.dates, **dates})


def _mixed(table: Table, config: Config, dates: Mapping[str, Dates]) -> list[str]:
    data = config.data
    unused = config.unused_columns.union(data.categorical_columns, dates)
    names = [name for name, cells in table.columns.items() if name not in unused and mostly_numbers(cells)]
    target = table.columns.get(data.target)
    if config.task.kind == "regression" and target is not None and not is_number_array(target):
        names.append(data.target)
    return names


def _odd_cell(expected: str, cells: pa.Array, data: DataConfig, place: str, value: str) -> DataError:
    return DataError(
        f"{place}: found {quoted(value)}, expected {expected} as in the rest of the column; "
        f"{_advice(cells, data, value)}, or add the column to data.categorical_columns"
    )


def text_in_target(table: Table, target: str) -> DataError | None:
    """The fault of the first text in a target, with the setting that takes all of it for missing.

    None for one that isn't mostly numbers.
    """
    cells = table.columns[target]
    rows = to_numbers(cells, frozenset()).text_rows
    if not len(rows) or not mostly_numbers(cells, quantity=True):
        return None
    row = int(rows[0])
    words = [text.strip() for text in value_counts(cells) if canonical_number(text) is None]
    setting = toml_value({target: {"missing_values": ("", *dict.fromkeys(words))}})
    return DataError(
        f"{table.place(row, target)}: found {quoted(cells[row].as_py())}, expected a number as in the rest of the "
        f"column; correct it, or leave out the rows with such text by data.columns = {setting}"
    )


def _target_error(cells: pa.Array, data: DataConfig, place: str, value: str) -> DataError:
    if not means_missing(value):
        return no_number(place, value)
    return DataError(f"{place}: found {quoted(value)}, expected a number; {_advice(cells, data, value)}")


def _advice(cells: pa.Array, data: DataConfig, value: str) -> str:
    if not means_missing(value):
        return f"correct it, {LEAVE_OUT}"
    words = tuple(dict.fromkeys(text.strip() for text in value_counts(cells) if means_missing(text)))
    setting = f"data.missing_values = {toml_value((*data.missing_values, *words))}"
    return f"if it means that there is none, set {setting}; or {LEAVE_OUT}"
