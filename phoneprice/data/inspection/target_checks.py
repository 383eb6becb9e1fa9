"""What is wrong or odd in the column to predict."""

from shlex import quote

import numpy as np
import pyarrow as pa

from phoneprice.config.schema import DataConfig
from phoneprice.data.encoding.labels import MAX_CLASSES, assumed_order, counts_of_quantity
from phoneprice.data.encoding.schema import constant_target
from phoneprice.data.inspection.findings import Finding, Findings, Subject
from phoneprice.data.inspection.infer import suggest_target
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.rows.row_roles import NO_ROLES, RowRoles, row_roles
from phoneprice.data.rows.splits import plan_members
from phoneprice.data.values import canonical_number, is_number_array, matcher, names_of, recode
from phoneprice.errors import DataError
from phoneprice.suggestions import with_suggestion
from phoneprice.wording import count, counted, quoted

IMBALANCE = 10
"""How many times the rarest class the most frequent one may have before it is a warning."""


def target_findings(subject: Subject) -> Findings:
    """Whether there is a target, in all rows, and numbers for a regression."""
    name, cells = subject.config.data.target, subject.target
    if cells is None:
        yield _no_target(subject)
        return
    for what in subject.table.remarks:
        yield Finding("warning", name, "target_missing", what, subject.table.unlabelled_rows)
    if cells.null_count:
        what = f"{counted(cells.null_count, 'row')} without a target; fill it in or delete them"
        yield Finding("error", name, "target_missing", what, cells.null_count)
    if subject.config.task.kind == "regression" and not is_number_array(cells):
        numbers = to_numbers(cells, frozenset())
        if not numbers.clean:
            row = numbers.first_other_row
            what = f"found {quoted(cells[row].as_py())} ({subject.table.place(row)}), a regression needs numbers"
            yield Finding(
                "error", name, "target_not_numeric", what, len(numbers.text_rows) + len(numbers.infinite_rows)
            )

    if subject.config.task.kind == "regression" and is_number_array(cells) and (what := _constant_target(name, cells)):
        yield Finding("error", name, "target_constant", what, len(cells))


def _no_target(subject: Subject) -> Finding:
    name, table = subject.config.data.target, subject.table
    if not subject.alone or name != DataConfig().target:
        what = f"no column {with_suggestion(name, table.names)}: checked as a table without a target"
        return Finding("note", name, "no_target", what, 1)
    near = suggest_target(table)
    such = f", such as --target {quote(near)}" if near else " with --target"
    what = f"no target given: checked as a table without one; name the column to predict{such}"
    return Finding("note", None, "no_target", what, 1)


def _constant_target(name: str, cells: pa.Array) -> str:
    """What is wrong with numbers to predict that are all the same; empty where they are not."""
    values = cells.drop_null().to_numpy()
    same = len(values) > 0 and values.min() == values.max()
    return constant_target(name, float(values[0]), len(values)) if same else ""


def class_findings(subject: Subject) -> Findings:
    """How many classes there are, and how the rows are spread among them."""
    name, counts = subject.config.data.target, subject.classes
    if not counts:
        return
    rarest, most = min(counts, key=lambda text: counts[text]), max(counts, key=lambda text: counts[text])
    if len(counts) == 1:
        what = f"{counted(counts[most], 'row')}, all of class {quoted(most)}; add rows of another class"
        yield Finding("error", name, "one_class", what, counts[most])
        return
    if too_many := _too_many_labels(subject):
        yield Finding("error", name, "too_many_labels", too_many, len(counts))
        return
    if order := assumed_order(sorted(counts), subject.config.task):
        yield Finding("warning", name, "assumed_order", order, len(counts))
    if rare := rare_classes(subject):
        yield Finding("warning", name, "rare_class", rare, counts[rarest])
    if counts[most] >= IMBALANCE * counts[rarest]:
        what = (
            f"{counted(counts[most], 'row')} of class {quoted(most)}, {count(counts[rarest])} of class {quoted(rarest)}"
            "; look at balanced accuracy, or set loss.class_weights"
        )
        yield Finding("warning", name, "imbalance", what, len(counts))


def rare_classes(subject: Subject) -> str:
    """Which classes have too few rows to be held out as configured, in the words of a training."""
    config, cells = subject.config, subject.table.columns[subject.config.data.target]
    names = names_of(cells, clean=config.data.clean_text)
    labels = tuple(sorted(names.counts))
    codes = recode(cells, matcher(labels, names.spelling))
    rows = np.flatnonzero(codes >= 0)
    return "; ".join(plan_members(codes[rows], config, len(rows), _roles(subject).take(rows), labels)[1])


def _roles(subject: Subject) -> RowRoles:
    try:
        return row_roles(subject.table, subject.config)
    except DataError:
        return NO_ROLES


def _too_many_labels(subject: Subject) -> str:
    """What is wrong and what to do, if the task allows fewer classes than there are."""
    counts, kind = subject.classes, subject.config.task.kind
    binary = kind == "binary" and len(counts) > 2
    if not subject.config.task.labels and not binary and (quantity := counts_of_quantity(counts)):
        return quantity
    if len(counts) <= MAX_CLASSES and not binary:
        return ""
    allowed = "task.kind = binary allows two" if binary else f"at most {MAX_CLASSES} classes are allowed"
    if len(counts) <= MAX_CLASSES:
        remedy = "set task.kind = multiclass or ordinal"
    else:
        remedy = "set task.kind = regression" if all(map(canonical_number, counts)) else "choose another data.target"
    return f"{len(counts)} different labels, {allowed}; {remedy}"
