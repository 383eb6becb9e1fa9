"""What a model needs to know of a table: its columns, their kinds, ranges and categories, and the target."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Annotated, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field, model_validator

from phoneprice.components.base import Settings
from phoneprice.config.schema import Config, DataConfig, DateForm
from phoneprice.data.encoding.dates import Cycle, Days, cycles_of, date_text
from phoneprice.data.encoding.labels import LabelKind, infer_labels, labels_fit, require_present
from phoneprice.data.encoding.tails import standing_alone, usual_range
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.reading.dates import as_dates, to_days
from phoneprice.data.reading.faults import file_fault, no_date, no_number, wrong_type
from phoneprice.data.reading.headers import numbered_columns
from phoneprice.data.table import Table
from phoneprice.data.values import Merged, Spelling, is_number_array, names_of, near_equal, spelled_so, truth
from phoneprice.errors import DataError
from phoneprice.suggestions import suggested, with_suggestion
from phoneprice.wording import count, counted, first_of, noun, number, share

ColumnKind = Literal["numeric", "boolean", "date", "categorical"]

LARGEST_TARGET = 1e37
"""Of a number to predict: networks learn in float32, where twice as much is still a number."""
ALWAYS_INPUTS, MOST_INPUTS = 64, 256
"""So many categories of a column get an input whatever their rows, and so many at most, if nobody says otherwise."""
ROWS_AN_INPUT = 10
"""Rows that any further category needs for an input of its own, as a coefficient does (Peduzzi and others 1996).

Chosen among 1, 5, 10 and 20 on five tables of R packages: with 10 the error is 34% and 72% less than with 64
categories on two, the same on two, 5% more on one; with 1 it is 9% more there. On seven others it is up to 75% less.
"""
MOST_CELLS = 1 << 26
"""Inputs of a column beyond the first categories: 256 MB in float32."""
SAMPLE_ROWS = 65_536
"""Rows that suffice for the quantiles of a column: their error is less than 0.7% of the rows."""


class StandingAlone(Settings):
    """Cells of a column that are many times as far from its median as all others: mistakes, or far-out rows."""

    row: Annotated[int, Field(ge=1)]
    """Of the farthest, counted from 1 in the file."""
    value: float
    times: Annotated[float, Field(ge=1)]
    """How many times as far as the farthest of the others."""
    cells: Annotated[int, Field(ge=1)]
    date: bool = False
    """Whether the value is a number of days."""

    @property
    def message(self) -> str:
        """``1e+12 in row 7 is 3e+10 times as far from the median as any other cell``."""
        others = f", and {counted(self.cells - 1, 'more cell')} like it," if self.cells > 1 else ""
        verb = noun(self.cells, "is", "are up to")
        value = date_text(self.value) if self.date else f"{self.value:g}"
        times = f"{self.times:.2g}" if self.times < 10 or self.times >= 1e6 else count(float(f"{self.times:.2g}"))
        return f"{value} in row {self.row}{others} {verb} {times} times as far from the median as any other cell"


class Column(Settings):
    """A feature: a number, yes or no (0/1), a date or a time as a number of days, or one of some categories.

    ``center`` and ``spread`` make numbers fit for float32 (see ``FeatureEncoder``); they are rough, the same for every
    member, and no statistics of the model. ``low`` and ``high`` are the least and greatest training value, ``usual``
    those that aren't far out: values beyond are drawn in (None: they are not). ``alone`` are cells far from all others.
    ``spelling`` says what makes a cell one of the categories; None, in runs of release 0.1, stands for ``number``
    where all of them are numbers, else for ``text``.
    A date has the ``date_form`` of its cells, and the ``cycles`` that are inputs besides the time in days.
    """

    name: Annotated[str, Field(min_length=1)]
    kind: ColumnKind
    low: float | None = None
    high: float | None = None
    usual: tuple[float, float] | None = None
    alone: StandingAlone | None = None
    categories: tuple[str, ...] = ()
    spelling: Spelling | None = None
    has_missing: bool = False
    center: float = 0.0
    spread: Annotated[float, Field(gt=0)] = 1.0
    date_form: DateForm | None = None
    cycles: tuple[Cycle, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.categories)) < len(self.categories):
            raise ValueError(f"column {self.name!r} names a category twice")
        if self.categories and self.kind != "categorical":
            raise ValueError(f"column {self.name!r} is {self.kind} and has categories")
        if (self.date_form is not None) != (self.kind == "date") or (self.cycles and self.kind != "date"):
            raise ValueError(f"column {self.name!r} is {self.kind}, and only dates have a form and cycles")
        if len(set(self.cycles)) < len(self.cycles):
            raise ValueError(f"column {self.name!r} names a cycle twice")
        if not _rising(self.low, self.high) or (self.usual and not _rising(*self.usual)):
            raise ValueError(f"column {self.name!r} has a range that ends before it begins")
        if self.spelling and not spelled_so(self.categories, self.spelling):
            raise ValueError(f"column {self.name!r} has categories that no cell is matched with")
        return self

    @property
    def matching(self) -> Spelling:
        """What makes a cell one of the categories."""
        if self.spelling is not None:
            return self.spelling
        return "number" if spelled_so(self.categories, "number") else "text"

    @property
    def value_names(self) -> tuple[str, ...]:
        """Names of the inputs that carry the value, without the indicator of missing cells."""
        if self.kind == "categorical":
            return tuple(f"{self.name}={category}" for category in self.categories)
        waves = tuple(f"{self.name}: {wave} of {cycle}" for cycle in self.cycles for wave in ("sine", "cosine"))
        return (self.name, *waves)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the column's inputs, in their order."""
        return (*self.value_names, f"{self.name} is missing") if self.has_missing else self.value_names


class TableSchema(Settings):
    """Columns of a training table in the order of the file, and its target.

    ``labels`` are the classes in class order; a regression has none, but the range of its target.
    """

    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    target: Annotated[str, Field(min_length=1)]
    id_columns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    label_kind: LabelKind = "number"
    target_low: float | None = None
    target_high: float | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [*self.feature_names, *self.id_columns, self.target]
        repeated = sorted(name for name, times in Counter(names).items() if times > 1)
        if repeated:
            raise ValueError(f"column {repeated[0]!r} has two parts in the schema")
        if len(set(self.labels)) < len(self.labels) or len(self.labels) == 1:
            raise ValueError("labels must be two or more different texts, or none")
        if not labels_fit(self.labels, self.label_kind):
            raise ValueError(f"labels are not of kind {self.label_kind!r}")
        if not _rising(self.target_low, self.target_high):
            raise ValueError("the target's range ends before it begins")
        return self

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the feature columns."""
        return tuple(column.name for column in self.columns)

    @property
    def numeric_names(self) -> tuple[str, ...]:
        """The features to read as numbers."""
        return tuple(column.name for column in self.columns if column.kind == "numeric")

    @property
    def date_forms(self) -> dict[str, DateForm]:
        """The features to read as dates or times, and what they look like."""
        return {column.name: column.date_form for column in self.columns if column.date_form is not None}

    @property
    def text_names(self) -> tuple[str, ...]:
        """The features to read as text: yes/no, dates and categories."""
        return tuple(column.name for column in self.columns if column.kind != "numeric")

    @property
    def matched_names(self) -> tuple[str, ...]:
        """The columns whose cells mean what their text says: ``text_names``, and the target where it has labels."""
        return (*self.text_names, self.target) if self.labels else self.text_names


def _rising(low: float | None, high: float | None) -> bool:
    return low is None or high is None or low <= high


def input_names(schema: TableSchema) -> tuple[str, ...]:
    """A name for each encoded input: ``ram``, ``os=Android``, ``ram is missing``."""
    return tuple(name for column in schema.columns for name in column.input_names)


def number_inputs(schema: TableSchema) -> tuple[int, ...]:
    """The positions, among ``input_names``, of numbers and of days.

    The others are yes/no, categories, what comes again of a date, and indicators of missing cells.
    """
    widths = [len(column.input_names) for column in schema.columns]
    starts = accumulate(widths[:-1], initial=0)
    columns = zip(schema.columns, starts, strict=True)
    return tuple(start for column, start in columns if column.kind in {"numeric", "date"})


def infer_schema(table: Table, config: Config) -> TableSchema:
    """The schema of a training table: its columns (see ``infer_columns``), and labels or range of its target.

    The table has passed ``settle_mixed``. Raises ``DataError`` where it does not fit the configuration or can't be
    learned from.
    """
    data = config.data
    _check_names(table, config)
    columns = infer_columns(table, config)
    if not columns:
        raise file_fault(table.source, "no column is left as a feature; check data.id_columns and data.ignored_columns")
    if not table.rows:
        raise file_fault(table.source, "found a header and no rows, expected rows to learn from")
    declared = frozenset(config.passed_columns)
    ids = tuple(name for name in table.names if name in declared)
    if config.task.kind == "regression":
        y = target_numbers(table, data.target)
        low, high = float(y.min()), float(y.max())
        if low == high:
            raise file_fault(table.source, constant_target(data.target, low, len(y)))
        return TableSchema(columns=columns, target=data.target, id_columns=ids, target_low=low, target_high=high)
    labels = infer_labels(table, data.target, config.task, clean=data.clean_text)
    return TableSchema(columns=columns, target=data.target, id_columns=ids, labels=labels.names, label_kind=labels.kind)


def infer_columns(table: Table, config: Config) -> tuple[Column, ...]:
    """The features of a table: all columns but the target, the ignored ones and those that only pass through.

    A column whose values are all 0/1 or words for yes and no is boolean, one of numbers numeric, one of days that were
    dates (``table.dates``) a date, any other categorical, as is each of ``data.categorical_columns``. Raises
    ``DataError`` for a feature without a name.
    """
    data, unused = config.data, config.unused_columns
    for name, kind in table.other_types.items():
        if name not in unused:
            raise wrong_type(table.source, name, kind)
    features = {name: cells for name, cells in table.columns.items() if name not in unused}
    if any(not name.strip() for name in features):
        what = "found no name for column 1, which would be a feature; write it in the header"
        raise file_fault(table.source, f'{what}, or put "" into data.index_columns')
    categorical = frozenset(data.categorical_columns)
    kinds = {name: kind_of(name, cells, categorical) for name, cells in features.items()}
    return tuple(
        _date(table, name, clipped=data.clip_inputs)
        if name in table.dates
        else _numeric(table, name, clipped=data.clip_inputs)
        if kinds[name] == "numeric"
        else _column(name, kinds[name], cells, data)
        for name, cells in features.items()
    )


def taken_for_index(names: Sequence[str]) -> str:
    """What to say of columns that are an index by their names."""
    told = " and ".join(f"column {name!r}" if name else "the first column, which has no name," for name in names)
    taken = f"{told} {noun(len(names), 'is', 'are')} taken for an index of the rows"
    return f"{taken}: passed through and never a feature (data.index_columns can say otherwise)"


def merged_spellings(
    table: Table, columns: Iterable[Column], target: str | None, *, clean: bool = False
) -> dict[str, Merged]:
    """What became one value in each column of categories, and in a ``target`` that has labels, if anything did."""
    names = [column.name for column in columns if column.spelling in {"whole", "clean"}]
    wanted = (*names, *([target] if target else []))
    found = {name: names_of(table.columns[name], clean=clean).merged for name in wanted}
    return {name: merged for name, merged in found.items() if merged}


def near_equal_texts(
    table: Table, columns: Iterable[Column], target: str | None, *, clean: bool = False
) -> dict[str, str]:
    """What to say of each column of categories, and of a ``target`` that has labels, if its texts are nearly equal.

    Words for yes and no are one in any case.
    """
    names = [column.name for column in columns if column.spelling == "text"]
    labels = [target] if target and not clean and not is_boolean(table.columns[target]) else []
    found = {name: near_equal(table.columns[name]) for name in (*names, *labels)}
    return {name: what for name, what in found.items() if what}


def without_inputs(table: Table, columns: Sequence[Column]) -> dict[str, tuple[str, int]]:
    """Of each column with more categories than have an input of their own: what to say, and how many cells have none.

    ``columns`` have been inferred from the table.
    """
    found = {}
    for column in columns:
        cells, own = table.columns[column.name], len(column.categories)
        if not own or pc.count_distinct(cells).as_py() <= own:  # a quick look, as most have less than the most
            continue
        counts = names_of(cells, clean=column.spelling == "clean").counts
        if len(counts) > own:
            found[column.name] = _without_inputs(counts, column)
    return found


def _without_inputs(counts: Mapping[str, int], column: Column) -> tuple[str, int]:
    rows, own = sum(counts.values()), len(column.categories)
    others = rows - sum(counts[category] for category in column.categories)
    categories = counted(len(counts), "category", "categories")
    have = f"{categories}, of which the {count(own)} most frequent have an input each (data.max_categories)"
    return f"{have}: {counted(others, 'cell')} ({share(others, rows)}) count as none of them", others


def target_numbers(table: Table, target: str) -> NDArray[np.float64]:
    """A regression target as float64 ``(rows,)``; raises ``DataError`` for a missing, non-numeric or too large cell."""
    require_present(table, target, "a number")
    y = numbers_of(table, target)
    if (beyond := np.flatnonzero(np.abs(y) > LARGEST_TARGET)).size:
        row = int(beyond[0])
        raise DataError(
            f"{table.place(row, target)}: found {y[row]:g}, a number to predict may be {LARGEST_TARGET:g} at most; "
            "give it in another unit"
        )
    return y


def constant_target(target: str, value: float, rows: int) -> str:
    """What is wrong with a number to predict that is always the same."""
    found = "in the only row" if rows == 1 else f"in all {counted(rows, 'row')}"
    return f"column {target!r} has one value only, {number(value)} {found}, expected two or more; choose another target"


def numbers_of(table: Table, name: str) -> NDArray[np.float64]:
    """A column as float64 ``(rows,)``, NaN where missing; raises ``DataError`` at the first cell that is no number."""
    cells = table.columns[name]
    if not is_number_array(cells):
        numbers = to_numbers(cells, frozenset())
        if not numbers.clean:
            row = numbers.first_other_row
            raise no_number(table.place(row, name), cells[row].as_py())
        cells = numbers.values
    values: NDArray[np.float64] = cells.to_numpy(zero_copy_only=False)
    return values


def days_of(table: Table, name: str, form: DateForm) -> Days:
    """A column of dates as days ``(rows,)``, NaN where missing; raises ``DataError`` at the first cell that is none."""
    if name in table.dates:
        return numbers_of(table, name)
    cells = as_dates(table.columns[name])
    found = to_days(cells, form)
    if len(found.text_rows):
        row = int(found.text_rows[0])
        raise no_date(table.place(row, name), cells[row].as_py())
    days: Days = found.values.to_numpy(zero_copy_only=False)
    return days


def require_target_column(table: Table, target: str, remedy: str) -> None:
    """Raise ``DataError`` with the ``remedy`` where a table lacks the column to predict."""
    if target not in table.columns:
        known = f"the columns are {first_of(table.names)}"
        if target in numbered_columns(len(table.names)):
            remedy = f"{remedy}, or use --no-header if these are a row of data"
        raise file_fault(
            table.source, f"no column {with_suggestion(target, table.names)} to predict; {known}; {remedy}"
        )


def _check_names(table: Table, config: Config) -> None:
    data = config.data
    require_target_column(table, data.target, "name it with -s data.target=NAME")
    for setting, name in config.row_settings.items():
        if name not in table.columns:
            raise file_fault(table.source, f"no column {with_suggestion(name, table.names)}; correct {setting}")
    for key in ("ignored_columns", "categorical_columns", "date_columns"):
        unknown = [name for name in getattr(data, key) if name not in table.columns]
        if unknown:
            raise file_fault(table.source, f"no column {suggested(unknown, table.names)}; correct data.{key}")
    if both := [name for name in data.date_columns if name in data.categorical_columns]:
        where = "data.date_columns and in data.categorical_columns"
        raise file_fault(table.source, f"column {both[0]!r} is in {where}; remove it from one")
    for key in ("id_columns", "ignored_columns"):
        if data.target in getattr(data, key):
            raise file_fault(
                table.source, f"column {data.target!r} is data.target and in data.{key}; remove it from one"
            )


def _column(name: str, kind: ColumnKind, cells: pa.Array, data: DataConfig) -> Column:
    has_missing = cells.null_count > 0
    if kind == "boolean":
        return Column(name=name, kind=kind, low=0.0, high=1.0, has_missing=has_missing)
    names = names_of(cells, clean=data.clean_text)
    categories = _with_inputs(names.counts, data.max_categories, len(cells))
    return Column(name=name, kind=kind, categories=categories, spelling=names.spelling, has_missing=has_missing)


def kind_of(name: str, cells: pa.Array, categorical: frozenset[str] = frozenset()) -> ColumnKind:
    """What a column is as a feature; ``categorical`` are those that are categories whatever they hold."""
    if name in categorical:
        return "categorical"
    if is_boolean(cells):
        return "boolean"
    return "numeric" if is_number_array(cells) else "categorical"


def is_boolean(cells: pa.Array) -> bool:
    """Whether a column's values are 0 and 1 or words for yes and no (a column without values is not).

    Of numbers it takes both: a column of nothing but 1 may go on with 2.
    """
    if is_number_array(cells):
        values = cells.drop_null().to_numpy()
        return bool(len(values)) and bool(((values == 0) | (values == 1)).all() and values.min() < values.max())
    distinct = cells.drop_null().unique()
    # 14 spellings in all cases are far fewer than this: text of many values needn't be looked at.
    return 0 < len(distinct) <= 100 and all(truth(text) is not None for text in distinct.to_pylist())


def _with_inputs(counts: Mapping[str, int], limit: int | Literal["auto"], rows: int) -> tuple[str, ...]:
    """The categories of a column that get an input each, most frequent first, then by alphabet."""
    ordered = sorted(counts, key=lambda text: (-counts[text], text))
    if limit != "auto":
        return tuple(ordered[:limit])
    most = min(MOST_INPUTS, max(ALWAYS_INPUTS, MOST_CELLS // max(rows, 1)))
    more = (text for text in ordered[ALWAYS_INPUTS:most] if counts[text] >= ROWS_AN_INPUT)
    return (*ordered[:ALWAYS_INPUTS], *more)


def _numeric(table: Table, name: str, *, clipped: bool) -> Column:
    cells = table.columns[name]
    values, has_missing = cells.drop_null().to_numpy(), cells.null_count > 0
    if not len(values):
        return Column(name=name, kind="numeric", has_missing=has_missing)
    low, high = usual_range(values, sampling_step(len(values)))
    center, spread = conditioning(np.clip(values, low, high) if clipped else values)
    return Column(
        name=name,
        kind="numeric",
        low=float(values.min()),
        high=float(values.max()),
        usual=(low, high) if clipped else None,
        alone=alone_among(table, name) if values.min() < low or values.max() > high else None,
        has_missing=has_missing,
        center=center,
        spread=spread,
    )


def _date(table: Table, name: str, *, clipped: bool) -> Column:
    column, form = _numeric(table, name, clipped=clipped), table.dates[name]
    cycles = cycles_of(table.columns[name].drop_null().to_numpy(), form)
    return column.model_copy(update={"kind": "date", "date_form": form, "cycles": cycles})


def _spreads(values: NDArray[np.float64], quartile_range: float, largest: float) -> Iterator[float]:
    """What may stand for the spread of a column, the best first; the standard deviation is seldom needed."""
    yield quartile_range
    yield float(values.std())
    yield largest


def alone_among(table: Table, name: str) -> StandingAlone | None:
    """The cells of a column of numbers that stand alone, if there are any."""
    cells = table.columns[name]
    if not is_number_array(cells) or cells.null_count == len(cells):
        return None
    values = cells.drop_null().to_numpy()
    far, times = standing_alone(values)
    if not len(far):
        return None
    row = np.flatnonzero(cells.is_valid().to_numpy(zero_copy_only=False))[far[0]]
    # A worksheet's rows are numbered as Excel shows them.
    numbers = table.lines if table.typed and table.lines is not None else table.numbered
    number, value = int(numbers[row]), float(values[far[0]])
    return StandingAlone(row=number, value=value, times=times, cells=len(far), date=name in table.dates)


def sampling_step(rows: int) -> int:
    """Every how many rows to take one for an estimate of quantiles, which cost much more than means."""
    return -(-rows // SAMPLE_ROWS)


def conditioning(values: NDArray[np.float64]) -> tuple[float, float]:
    """A rough centre and spread: near the median and the interquartile range of ``values``, one or more.

    ``(x - centre) / spread`` fits float32 and keeps what float64 has of the differences. The standard deviation stands
    in for a range that is zero. The spread is a power of two and the centre a multiple of it, so a part of the rows has
    nearly always the same ones as all of them, and the same inputs to the last bit.
    """
    low, high = values.min(), values.max()
    if low == high:
        return float(low), 1.0
    sample = values[:: sampling_step(len(values))]
    ranks = [quarter * (len(sample) - 1) // 4 for quarter in (1, 2, 3)]
    lower, center, upper = np.partition(sample, ranks)[ranks]  # np.quantile costs ten times as much for a few rows
    largest = max(abs(low), abs(high))
    smallest_usable = max(1e-14 * largest, 1e-300)
    with np.errstate(over="ignore", invalid="ignore"):
        candidates = _spreads(values, upper - lower, largest)
        usable = next((float(spread) for spread in candidates if smallest_usable < spread < 1e300), 1.0)
    spread = 2.0 ** round(math.log2(usable))
    return float(np.rint(center / spread) * spread), spread
