"""Which columns tell rows apart and nothing else, by their names and their cells."""

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phoneprice.data.inspection.mixed import formatted_numbers, measured_text, mostly_numbers
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.rows.row_roles import GROUP_NAME
from phoneprice.data.table import Table
from phoneprice.data.values import is_number_array
from phoneprice.wording import count, counted, quoted

ENOUGH_TO_COUNT = 20
"""Rows of which more have to be there for numbers that count them, and text of their own, to be ids."""
_TIME = re.compile(
    r"(?:.*[_\W\d])?(?:years?|quarters?|months?|weeks?|days?|dates?|hours?|minutes?|seconds?|times?|timestamps?|periods?|ages?|t"
    r"|steps?|epochs?|iterations?|jahre?|monate?|wochen?|stunden?|ann[eé]es?|mois|semaines?|jours?|heures?|años?|mes(?:es)?"
    r"|semanas?|días?|horas?)(?:[_\W\d].*)?",
    re.IGNORECASE,
)
"""In a column's name, a word for what passes: counting it carries a meaning."""
ID_NAME = re.compile(
    r"(?i:(?:.*[_\s-])?(?:id|uuid|guid|key|index)(?:[_\s-]?(?:no|nr|num|number|code)\.?)?|unnamed:? ?\d*)"
    r"|.*[a-z](?:Id|ID)"
)
_OWN_NUMBER_NAME = re.compile(r".*nummer|.+[_\s.-](?:nr|no)\.?", re.IGNORECASE)
"""A number of something: of a customer, but not of a month."""
_NUMBER_NAME = re.compile(
    r"(?:.*[_\s.-])?(?:nr|no|num|n[uú]mero|number|rows?|rn|lfd|obs|observation|case|patid|pid|respondent|student|x|x\.?1|v1)\.?|.*#|.*(?:序号|编号)",
    re.IGNORECASE,
)
"""What a column is called that numbers the rows, if it does."""
_SOME_INDEX = re.compile(r".*[_\s-]index", re.IGNORECASE)
"""Mostly a measurement, as a body mass index or a price index is."""
SPARE = 0.05
"""Share of the rows that may lack an id or have another row's, in a column named like an id of ten rows or more."""


COUNTS = "counts the rows"
MOST_GAPS = 0.1
"""Share of the steps of a number of the rows that may be larger than 1, as rows were left out."""


def is_id_name(name: str) -> bool:
    """Whether a column is called as ids are: its cells are names, whatever they look like."""
    name = name.strip()
    return bool(ID_NAME.fullmatch(name)) or bool(_OWN_NUMBER_NAME.fullmatch(name) and not is_time_name(name))


def is_time_name(name: str) -> bool:
    """Whether a column is called by what passes, such as a year, a day or a step: counting it carries a meaning."""
    return bool(_TIME.fullmatch(name))


def id_reason(table: Table, name: str) -> str:
    """Why a column tells rows apart and nothing else; empty where it doesn't, as a measurement doesn't."""
    cells = table.columns[name]
    if len(cells) < 2:
        return ""
    if is_id_name(name) and not is_measured(table, name):
        return _own_values(cells)
    if cells.null_count or len(cells) <= ENOUGH_TO_COUNT:
        return ""
    if is_number_array(cells):
        return _numbers_rows(table, name)
    number = name not in table.codes and (mostly_numbers(cells) or formatted_numbers(cells))
    if number or len(cells.unique()) < len(cells):
        return ""
    measured = measured_text(cells)
    though = f", though all begin with numbers, as {quoted(measured)} does" if measured else ""
    return f"text, and each row has its own{though}"


def _numbers_rows(table: Table, name: str) -> str:
    if not is_time_name(name) and _counts(table.columns[name], table.numbered):
        return COUNTS
    return rises_with_rows(name, table.columns[name]) if _NUMBER_NAME.fullmatch(name.strip()) else ""


def counts_by_chance(name: str, reason: str) -> bool:
    """Whether a column is an id for nothing but its counting: it may be a dose or a depth."""
    name = name.strip()
    return reason == COUNTS and not (_NUMBER_NAME.fullmatch(name) or GROUP_NAME.fullmatch(name))


def rises_with_rows(name: str, cells: pa.Array) -> str:
    """What to say of a column, perhaps a measurement, that rises by 1 from row to row as a number of the rows does."""
    if not is_number_array(cells) or cells.null_count or len(cells) <= ENOUGH_TO_COUNT or is_time_name(name):
        return ""
    values = cells.to_numpy()
    if not (values[1:ENOUGH_TO_COUNT] > values[: ENOUGH_TO_COUNT - 1]).all():  # most columns tell at once
        return ""
    steps = np.diff(values)
    gaps = int(np.count_nonzero(steps != 1))
    if gaps > MOST_GAPS * len(steps) or not (steps >= 1).all():
        return ""
    but_for = f", but for {counted(gaps, 'gap')}" if gaps else ""
    return f"rises by 1 from row to row{but_for}"


def _own_values(cells: pa.Array) -> str:
    """What to say of a column named like an id, if it is one; its own value is what nearly each row has."""
    rows, empty = len(cells), cells.null_count
    doubled = rows - empty - len(cells.drop_null().unique())
    if empty + doubled > (max(1, int(SPARE * rows)) if rows >= 10 else 0):
        return ""
    gaps = [f"{count(empty)} without any"] * (empty > 0) + [f"{count(doubled)} with that of another"] * (doubled > 0)
    return f"named like an id, and each row has its own value{' but ' * bool(gaps)}{' and '.join(gaps)}"


def is_measured(table: Table, name: str) -> bool:
    """Whether the cells of a column named like an id are measurements: numbers with fractions, or of some index."""
    cells, rows = table.columns[name], table.numbered
    numbers = cells if is_number_array(cells) else to_numbers(cells, frozenset()).values
    values = numbers.drop_null().to_numpy()
    if len(values) < len(cells) - cells.null_count or not len(values):
        return False
    return bool((values != np.rint(values)).any()) or (bool(_SOME_INDEX.fullmatch(name)) and not _counts(numbers, rows))


def _counts(numbers: pa.Array, rows: NDArray[np.int64]) -> bool:
    """Whether they count the ``rows`` of the file from 0 or 1: where some were left out, a counter has gaps."""
    present = np.asarray(numbers.is_valid())
    ahead = numbers.drop_null().to_numpy() - rows[present]
    return ahead[0] in {-1, 0} and bool((ahead == ahead[0]).all())
