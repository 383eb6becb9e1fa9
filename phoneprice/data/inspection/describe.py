"""What the columns of a table hold, in numbers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from phoneprice.config.schema import Config
from phoneprice.data.encoding.schema import ColumnKind, kind_of
from phoneprice.data.table import Table
from phoneprice.data.values import is_number_array, value_counts

Role = Literal["feature", "target", "id", "ignored"]
TOP_VALUES = 5


@dataclass(frozen=True)
class ColumnSummary:
    """A column in figures; those of numbers are None where a column is text."""

    name: str
    role: Role
    kind: ColumnKind
    missing: int
    distinct: int
    """Different values, missing ones aside."""
    low: float | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    high: float | None
    mean: float | None
    top: tuple[tuple[str, int], ...]
    """The most frequent values with their counts; only of columns that are not numeric."""


def describe(table: Table, config: Config) -> list[ColumnSummary]:
    """A summary of each column, in the order of the file; whether it has a target does not matter."""
    data = config.data
    categorical = frozenset(data.categorical_columns)
    roles = _roles(config)
    return [
        _summary(name, roles.get(name, "feature"), kind_of(name, cells, categorical), cells)
        for name, cells in table.columns.items()
    ]


def _summary(name: str, role: Role, kind: ColumnKind, cells: pa.Array) -> ColumnSummary:
    numbers = cells.drop_null().to_numpy() if is_number_array(cells) else np.zeros(0)
    quartiles = np.quantile(numbers, [0, 0.25, 0.5, 0.75, 1]).tolist() if len(numbers) else [None] * 5
    low, lower, median, upper, high = quartiles
    return ColumnSummary(
        name=name,
        role=role,
        kind=kind,
        missing=cells.null_count,
        distinct=len(cells.drop_null().unique()),
        low=low,
        lower_quartile=lower,
        median=median,
        upper_quartile=upper,
        high=high,
        mean=float(numbers.mean()) if len(numbers) else None,
        top=() if kind == "numeric" else _most_frequent(cells),
    )


def _most_frequent(cells: pa.Array) -> tuple[tuple[str, int], ...]:
    counts = value_counts(cells)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP_VALUES])


def _roles(config: Config) -> dict[str, Role]:
    """What a configuration says of columns; all others are features. The target comes before ids before the rest."""
    roles: dict[str, Role] = dict.fromkeys(config.data.ignored_columns, "ignored")
    roles |= dict.fromkeys(config.passed_columns, "id")
    return {**roles, config.data.target: "target"}
