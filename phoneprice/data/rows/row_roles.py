"""What a table says of its rows beside features and target: their group, their time, how much each of them counts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phoneprice.config.fields import Written, as_option, toml_value
from phoneprice.config.schema import Config, DateOrder
from phoneprice.data.encoding.dates import Dates, Days, dates_in
from phoneprice.data.encoding.labels import require_present
from phoneprice.data.encoding.schema import numbers_of
from phoneprice.data.reading.dates import to_days
from phoneprice.data.reading.faults import file_fault
from phoneprice.data.table import Table
from phoneprice.data.values import is_number_array
from phoneprice.errors import DataError
from phoneprice.records import Doubles, Rows
from phoneprice.wording import counted, first_of, noun, number, quoted

LIGHTEST, HEAVIEST = 1e-9, 1e9
"""What a row may count as, if anything: any number of such weights adds up and divides in float32."""
SHARED = 0.1
"""Share of the rows that have the value of another row, from which a column of ids may be one of groups."""
LEAST_GROUPS = 5
"""Fewer different values are categories, of which folds could not be made anyway."""
LEAST_TIMES = 10
"""Fewer different days may stand in order by chance."""
GROUP_NAME = re.compile(
    r"(?:.*[_\s.-])?(?:ids?|uuid|guid)"
    r"|(?:.*[_\s.-])?(?:subject|patient|participant|person|user|customer|client|household|family|session|group)"
    r"(?:[_\s.-]?(?:nr|no|num|number|code|name))?",
    re.IGNORECASE,
)
"""What a column is called whose rows of one value belong together."""

_SURVEY_NAME = re.compile(
    r"(?:.*[_\s.-])?(?:p|h|hh|per|person|sample|sampling|survey|case|final|design|freq)[_\s.-]?(?:weights?|wei|wgts?|wts?)"
    r"|fnlwgt|freq",
    re.IGNORECASE,
)
"""What a column is called whose rows stand for several, as in surveys and in tables that are summed up."""
_WEIGHT_NAME = re.compile(r"(?:.*[_\s.-])?(?:weights?|wgts?|wts?)", re.IGNORECASE)
"""Mostly of a body or a thing, unless the mean is 1, which surveys make it."""
_NEAR_ONE = 0.05


@dataclass(frozen=True)
class RowRoles:
    """An entry a row, ``(n,)`` each; None where no setting names such a column."""

    groups: NDArray[np.int64] | None = None
    """A number for each group."""
    times: NDArray[np.int64] | None = None
    """The rank of the row's time, from 0; rows of one time have one rank."""
    weights: Doubles | None = None
    """As how many rows each counts, above 0."""

    def take(self, rows: Rows) -> "RowRoles":
        """Those of some rows."""
        return replace(self, **{name: values[rows] for name, values in self})

    def __iter__(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Name and values of what there is."""
        for field in fields(self):
            if (values := getattr(self, field.name)) is not None:
                yield field.name, values


NO_ROLES = RowRoles()


def row_roles(table: Table, config: Config) -> RowRoles:
    """What those columns of the configuration say that the table has.

    Raises ``DataError`` for a cell that is missing, a weight that is none, and a time that is neither number nor date.
    """
    group, weight, order = (
        name if name in table.columns else ""
        for name in (config.data.group_column, config.data.weight_column, config.validation.order_column)
    )
    return RowRoles(
        groups=_groups(table, group) if group else None,
        times=_times(table, order, config.data.date_order) if order else None,
        weights=_weights(table, weight) if weight else None,
    )


def known_roles(table: Table, config: Config) -> RowRoles:
    """The same for rows that are not split: a group or a time that can't be used is as good as none.

    Raises ``DataError`` for a weight that is none.
    """
    try:
        return row_roles(table, config)
    except DataError:
        name = config.data.weight_column
        return RowRoles(weights=_weights(table, name) if name and name in table.columns else None)


def with_weight(table: Table, config: Config) -> Table:
    """The rows that count as something, and a remark on the others, which are as if they were not there.

    The same table where it has no column of weights, or no weight of 0. Raises ``DataError`` where all are 0, and for a
    weight that is none.
    """
    name = config.data.weight_column
    if not name or name not in table.columns or not table.rows:
        return table
    counts = _weights(table, name) > 0
    left_out = int(np.count_nonzero(~counts))
    if not left_out:
        return table
    if left_out == table.rows:
        raise file_fault(table.source, f"column {name!r}: found the weight 0 in all rows, expected more in some")
    remark = f"left out {counted(left_out, 'row')} with the weight 0 (data.weight_column = {toml_value(name)})"
    kept = table.take(np.flatnonzero(counts))
    return replace(kept, weightless_rows=left_out, remarks=(*table.remarks, remark))


def odd_scale(weights: Doubles | None) -> str:
    """What to warn of where weights are hardly numbers of rows; empty where they may be."""
    if weights is None:
        return ""
    mean, whole = float(weights.mean()), bool((weights == np.rint(weights)).all())
    if 0.1 <= mean <= 10 or (whole and mean > 1):
        return ""
    total = number(float(weights.sum()))
    return (
        f"the weights of {counted(len(weights), 'row')} add up to {total}, and as so many rows they count in penalties "
        "and intervals; if they are no numbers of rows, divide them by their mean"
    )


def may_be_groups(table: Table, config: Config, written: Written = as_option) -> str:
    """What to warn of where rows seem to belong together by an id, or by a column that is called so."""
    if config.data.group_column or config.validation.order_column or table.rows < 2 * LEAST_GROUPS:
        return ""
    unused = {config.data.target, *config.data.ignored_columns, *config.data.index_columns, *config.row_columns}
    ids = [name for name in config.data.id_columns if name in table.columns and name not in unused]
    called = [name for name in table.columns if name not in {*unused, *ids} and GROUP_NAME.fullmatch(name.strip())]
    found = {name: what for name in (*ids, *called) if (what := _repeats(table.columns[name], often=name in called))}
    if not found:
        return ""
    name = next(iter(found))
    told = first_of([f"{other!r} has {what}" for other, what in found.items()])
    which = noun(len(found), "column", "columns")
    return (
        f"{which} {told}: rows that belong together may be learned from and held out at once, which flatters the "
        f"metrics; {written('data.group_column', name)} keeps them together"
    )


def may_be_weights(table: Table, config: Config, written: Written = as_option) -> str:
    """What to warn of where a feature may say how many rows each row stands for."""
    data = config.data
    unused = {data.target, *data.id_columns, *data.ignored_columns, *data.index_columns, *config.row_columns}
    names = [] if data.weight_column else [name for name in table.columns if name not in unused]
    found = next((name for name in names if _may_weigh(name.strip(), table.columns[name])), None)
    if found is None:
        return ""
    setting = written("data.weight_column", found)
    return f"column {found!r} is learned from; if it says how many rows each row stands for, {setting} weighs them so"


def _may_weigh(name: str, cells: pa.Array) -> bool:
    surely = bool(_SURVEY_NAME.fullmatch(name))
    if not (surely or _WEIGHT_NAME.fullmatch(name)) or not is_number_array(cells) or cells.null_count:
        return False
    values = cells.to_numpy()
    if not len(values) or values.min() < 0 or values.min() == values.max():
        return False
    return surely or abs(values.mean() - 1) < _NEAR_ONE


def may_be_in_time(table: Table, config: Config, dates: Mapping[str, Dates], written: Written = as_option) -> str:
    """What to warn of where the rows stand in the order of a column of ``dates``, which are days in ``table``."""
    if config.validation.order_column or config.data.group_column:
        return ""
    found = next((name for name in dates if name in table.dates and _in_order(table.columns[name])), None)
    if found is None:
        return ""
    order = dates[found].doubt(config.data.date_order)
    settings = [written("validation.order_column", found)]
    settings += [written("data.date_order", dates[found].form)] if order else []
    return (
        f"the rows stand in the order of column {found!r}: if later ones are to be predicted from earlier ones, folds "
        f"at random flatter the metrics; {' and '.join(settings)} holds out the last rows"
    )


def _in_order(days: pa.Array) -> bool:
    """Whether rows are sorted by their days, each of which is known, and not by chance."""
    values = days.to_numpy(zero_copy_only=False)
    steps = np.diff(values)
    if days.null_count or np.count_nonzero(steps) < LEAST_TIMES - 1:
        return False
    return bool((steps >= 0).all() or (steps <= 0).all())


def _repeats(cells: pa.Array, *, often: bool) -> str:
    """How many values stand in how many rows, if that looks like groups; ``often``: two rows a value on average."""
    present = cells.drop_null()
    sizes = np.array(present.value_counts().field("counts"), dtype=np.int64)
    shared = int(sizes[sizes > 1].sum())
    enough = 2 * len(sizes) <= len(present) if often else shared >= SHARED * len(cells)
    if len(sizes) < LEAST_GROUPS or not shared or not enough:
        return ""
    return f"{counted(len(sizes), 'value')} in {counted(len(present), 'row')}"


def _groups(table: Table, name: str) -> NDArray[np.int64]:
    require_present(table, name, "a group")
    codes: NDArray[np.int64] = table.columns[name].dictionary_encode().indices.to_numpy().astype(np.int64)
    return codes


def _weights(table: Table, name: str) -> Doubles:
    require_present(table, name, "a weight")
    weights = np.array(numbers_of(table, name))
    odd = np.flatnonzero((weights != 0) & ~((weights >= LIGHTEST) & (weights <= HEAVIEST)))
    if len(odd):
        row = int(odd[0])
        raise DataError(
            f"{table.place(row, name)}: found the weight {weights[row]:g}, expected 0 or a number from {LIGHTEST:g} to "
            f"{HEAVIEST:g}; correct it"
        )
    return weights


def _times(table: Table, name: str, order: DateOrder) -> NDArray[np.int64]:
    """The ranks of numbers, or of dates and times."""
    require_present(table, name, "a number or a date")
    try:
        values = numbers_of(table, name)
    except DataError:  # no numbers
        values = _days(table, name, order)
    ranks: NDArray[np.int64] = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return ranks


def _days(table: Table, name: str, order: DateOrder) -> Days:
    """Dates as days ``(rows,)``; which of day and month is first is never guessed here."""
    cells = table.columns[name]
    found = dates_in(cells, declared=True) or Dates("ymd", decided=False)
    if found.others and order not in {found.form, *found.others}:
        raise file_fault(table.source, f"column {name!r}: {found.allowed}; set {found.setting}")
    numbers = to_days(cells, order if order in found.others else found.form)
    if len(numbers.text_rows):
        row = int(numbers.text_rows[0])
        raise DataError(
            f"{table.place(row, name)}: found {quoted(cells[row].as_py())}, expected numbers, or dates such as "
            "2024-01-31 or 2024-01-31 18:30, to put the rows in order; write them so"
        )
    days: Days = numbers.values.to_numpy()
    return days
