"""What checks of a table find, and what they look at."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import pyarrow as pa

from phoneprice.config.schema import Config
from phoneprice.data.encoding.dates import Dates
from phoneprice.data.encoding.schema import Column, infer_columns
from phoneprice.data.table import Table
from phoneprice.data.values import names_of

Severity = Literal["error", "warning", "note"]
FindingCode = Literal[
    "no_rows", "no_features", "no_target", "target_missing", "target_not_numeric", "one_class", "too_many_labels",
    "assumed_order", "rare_class", "imbalance", "missing", "all_missing", "constant", "formatted_numbers", "id_like",
    "duplicates", "conflicts", "leak", "zero_gaps", "mostly_numbers", "missing_column", "extra_column", "not_boolean",
    "unseen_category", "not_numeric", "out_of_range", "overlap",
    "merged_spellings", "near_equal", "standing_alone", "index", "nameless", "target_constant", "target_unusable",
    "groups", "in_time", "weights", "number_format", "missing_words", "recognised", "infinite_cells",
    "dates", "date_order", "mostly_dates", "many_categories", "unused", "totals", "codes",
]  # fmt: skip

OF_CLASSES: frozenset[FindingCode] = frozenset({"rare_class", "imbalance", "conflicts", "leak"})
"""What is said of how the target's classes are spread, and of what tells them."""
ENOUGH_ROWS = 20
"""Fewer rows than this tell nothing about leaks and gaps."""


@dataclass(frozen=True)
class Finding:
    """One thing found: an ``error`` would keep a training from working, a ``note`` is good to know."""

    severity: Severity
    column: str | None
    """None for the table as a whole."""
    code: FindingCode
    message: str
    count: int
    """How many cells, rows or columns it is about."""


@dataclass(frozen=True)
class Subject:
    """A table that is looked at, and what is known of it."""

    table: Table
    config: Config
    alone: bool = True
    """Whether there is no reference, to which the target may belong."""
    dates: Mapping[str, Dates] = field(default_factory=dict)
    """The columns of dates; those in which each cell is one are numbers in ``table``."""

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """The columns to learn from."""
        return infer_columns(self.table, self.config)

    @property
    def target(self) -> pa.Array | None:
        """The column to predict, if the table has it."""
        return self.table.columns.get(self.config.data.target)

    @cached_property
    def classes(self) -> dict[str, int]:
        """Rows a class; empty without a target or for a regression."""
        if self.target is None or self.config.task.kind == "regression":
            return {}
        return names_of(self.target, clean=self.config.data.clean_text).counts


Findings = Iterator[Finding]
"""What one check found, one after the other."""


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first."""
    return sorted(findings, key=lambda finding: ("error", "warning", "note").index(finding.severity))
