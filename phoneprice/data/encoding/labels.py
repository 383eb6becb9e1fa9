"""Class labels: found in the training table, matched in every later one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phoneprice.config.fields import toml_value
from phoneprice.config.schema import TaskConfig
from phoneprice.data.arrow_types import is_text
from phoneprice.data.table import Table
from phoneprice.data.values import (
    Names,
    Spelling,
    canonical_number,
    matcher,
    names_of,
    one_spelling,
    recode,
    spelled_so,
    truth,
    truth_code,
    whole_number,
)
from phoneprice.errors import DataError
from phoneprice.wording import count, counted, first_of, quoted

LabelKind = Spelling | Literal["boolean"]
"""What makes a cell a label: its spelling, or meaning yes or no."""
MAX_CLASSES = 1000
FEW_LABELS = 20
"""More different numbers than this are a quantity where most of them stand in one row."""
_REGRESSION = 'for a number to predict set task.kind = "regression"'


@dataclass(frozen=True)
class Labels:
    """The classes' names in class order, and how cells are matched with them."""

    names: tuple[str, ...]
    kind: LabelKind

    def encode(self, cells: pa.Array) -> NDArray[np.int64]:
        """Class index of every cell ``(rows,)``; ``MISSING`` and ``UNKNOWN`` where there is none."""
        if self.kind == "boolean":
            return recode(cells, truth_code)
        find = matcher(self.names, self.kind)
        if self.kind == "text" or self.names != ("0", "1"):
            return recode(cells, find)
        # Words for yes and no mean 1 and 0; numbers are matched as any others.
        return recode(cells, lambda text: truth_code(text) if canonical_number(text) is None else find(text))


def infer_labels(table: Table, target: str, task: TaskConfig, *, clean: bool = False) -> Labels:
    """The labels of the target column, in the order of ``task.labels`` or else their own; ``clean`` as in ``names_of``.

    Own order: numbers by value, no before yes, other text by alphabet. Raises ``DataError`` for a missing cell, a
    single class, too many classes, labels that ``task.labels`` lacks or no row has, and a binary task without two
    labels.
    """
    cells = table.columns[target]
    require_present(table, target, "a label")
    names = names_of(cells, clean=clean)
    counts = names.counts
    where = f"{table.source}, column {target!r}"
    labels = _own_order(names)
    if task.kind == "binary" and len(labels.names) > 2:
        raise _more_than_two(labels, counts, where)
    if not task.labels and (quantity := counts_of_quantity(counts)):
        raise DataError(f"{where}: {quantity}")
    if len(counts) > MAX_CLASSES:
        raise DataError(
            f"{where}: found {count(len(counts))} different labels, at most {count(MAX_CLASSES)} classes are allowed; "
            f"{_REGRESSION}"
        )
    if task.labels:
        labels = _configured_order(labels, task.labels, where)
    if len(labels.names) < 2:
        rows = "the only row" if len(cells) == 1 else f"all {counted(len(cells), 'row')}"
        only = f"label {quoted(labels.names[0])} in {rows}"
        raise DataError(f"{where}: found {only}, expected two classes or more; add rows of another class")
    return labels


def counts_of_quantity(counts: Mapping[str, int]) -> str:
    """What to say of labels with their rows that are hardly classes but a number to predict; empty for any others."""
    once = sum(rows == 1 for rows in counts.values())
    if len(counts) <= FEW_LABELS or 2 * once <= len(counts) or not all(map(canonical_number, counts)):
        return ""
    rows = counted(sum(counts.values()), "row")
    return (
        f"{count(len(counts))} different numbers in {rows}, {count(once)} of them once: a quantity, not classes; to "
        "predict it use -c regression, or --target without -c; for classes set task.labels"
    )


def labels_fit(names: Sequence[str], kind: LabelKind) -> bool:
    """Whether class names could have been found as ``kind``: in their one spelling, or a no and a yes."""
    return [truth(name) for name in names] == [False, True] if kind == "boolean" else spelled_so(names, kind)


def assumed_order(names: Sequence[str], task: TaskConfig) -> str:
    """What to warn of where ordered classes are words whose order nobody has given; empty where all is well."""
    if task.kind != "ordinal" or task.labels or len(names) < 3 or any(map(canonical_number, names)):
        return ""
    order = " < ".join(names) if len(names) <= 5 else f"{' < '.join(names[:4])} < ... < {names[-1]}"
    return (
        f"the classes are taken in alphabetical order, {order}; give theirs in task.labels, or set "
        "task.kind=multiclass if they have none"
    )


def _own_order(names: Names) -> Labels:
    counts = names.counts
    if names.spelling == "whole":
        return Labels(tuple(sorted(counts, key=Decimal)), "whole")
    if all(map(means_yes_or_no, counts)):
        spellings = [_most_frequent(counts, meaning=meaning) for meaning in (False, True)]
        return Labels(tuple(text for text in spellings if text is not None), "boolean")
    if all(map(canonical_number, counts)):
        return Labels(tuple(sorted(counts, key=lambda text: (float(text), text))), names.spelling)
    return Labels(tuple(sorted(counts)), names.spelling)


def means_yes_or_no(text: str) -> bool:
    """Whether a label is a word for yes or no, or 1 or 0; ``01`` is a code."""
    return truth(text) is not None and (canonical_number(text) is None or whole_number(text) is not None)


def _most_frequent(counts: dict[str, int], *, meaning: bool) -> str | None:
    """The spelling of yes or no that most cells have."""
    spelled = [text for text in counts if truth(text) is meaning]
    return max(spelled, key=lambda text: counts[text], default=None)


def _configured_order(found: Labels, asked: tuple[str, ...], where: str) -> Labels:
    names = tuple(one_spelling(label, "whole") for label in asked) if found.kind == "whole" else asked
    if found.kind == "clean":  # called as the configuration has it
        known = {one_spelling(label, "clean"): label for label in asked}
        called = tuple(known.get(one_spelling(name, "clean"), name) for name in found.names)
        found = Labels(called, found.kind)
    unlisted = [name for name in found.names if name not in names]
    if unlisted:
        allowed = f"task.labels allows {quoted_labels(asked)}"
        raise DataError(f"{where}: found labels {quoted_labels(unlisted)}, {allowed}; add them there")
    unused = [label for label, name in zip(asked, names, strict=True) if name not in found.names]
    if unused:
        raise DataError(f"{where}: no row has the label {quoted_labels(unused)} of task.labels; remove it there")
    if len(set(names)) < len(names):
        raise DataError(f"{where}: task.labels names a label twice: {quoted_labels(asked)}; remove one")
    # Words for yes and no in another order than no, yes are matched as they are written.
    kind: LabelKind = "text" if found.kind == "boolean" and names != found.names else found.kind
    return Labels(names, kind)


def _more_than_two(labels: Labels, counts: dict[str, int], where: str) -> DataError:
    found = first_of([f"{name} ({counted(counts[name], 'row')})" for name in labels.names])
    remedy = _REGRESSION if len(labels.names) > MAX_CLASSES else 'set task.kind = "multiclass" or "ordinal"'
    return DataError(f'{where}: found {len(labels.names)} labels: {found}; task.kind = "binary" allows two; {remedy}')


def require_present(table: Table, column: str, expected: str) -> None:
    """Raise ``DataError`` naming the first row whose cell is missing."""
    cells = table.columns[column]
    if cells.null_count:
        row = int(np.flatnonzero(cells.is_null().to_numpy(zero_copy_only=False))[0])
        more = "" if cells.null_count == 1 else f" (so in {counted(cells.null_count, 'row')})"
        word = _word(table.written.get(column), row)
        nothing = "no finite number" if column in table.infinite_cells else "no value"
        found = f"{quoted(word)}, missing by data.missing_values" if word else nothing
        keep = f"{if_a_value(column)}, or " if word else ""
        raise DataError(
            f"{table.place(row, column)}: found {found}, expected {expected}{more}; {keep}fill it in or delete the row"
        )


def _word(written: pa.Array | None, row: int) -> str:
    """The text of a missing cell, if it has one."""
    text = None if written is None or not is_text(written.type) else written[row].as_py()
    return (text or "").strip()


def if_a_value(column: str) -> str:
    """How to keep a word for missing that is a value of a column, such as NA for Namibia."""
    return f"if that is a value, set data.columns = {toml_value({column: {'missing_values': ['']}})}"


def quoted_labels(labels: tuple[str, ...] | list[str]) -> str:
    """Labels for a message, the first ten of many."""
    return first_of([quoted(label) for label in labels])
