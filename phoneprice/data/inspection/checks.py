"""What is wrong or odd in a table: each check looks for one thing and says what to do about it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from shlex import quote
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phoneprice.config.fields import as_line, as_option
from phoneprice.config.schema import Config, DataConfig
from phoneprice.data.encoding.dates import Dates, date_text, find_dates
from phoneprice.data.encoding.features import category_code
from phoneprice.data.encoding.labels import MAX_CLASSES, assumed_order, counts_of_quantity
from phoneprice.data.encoding.schema import (
    Column,
    TableSchema,
    alone_among,
    constant_target,
    infer_columns,
    merged_spellings,
    near_equal_texts,
    taken_for_index,
    without_inputs,
)
from phoneprice.data.inspection.ids import id_reason, rises_with_rows
from phoneprice.data.inspection.infer import suggest_target
from phoneprice.data.inspection.mixed import columns_of_formatted_numbers, mostly_numbers, with_dates, with_forms
from phoneprice.data.inspection.recognition import means_missing
from phoneprice.data.reading.cells import Numbers, to_numbers
from phoneprice.data.reading.dates import to_days
from phoneprice.data.reading.faults import infinite_told
from phoneprice.data.rows.row_roles import NO_ROLES, RowRoles, may_be_groups, may_be_in_time, row_roles
from phoneprice.data.rows.splits import plan_members
from phoneprice.data.rows.unlabelled import with_target
from phoneprice.data.table import Table
from phoneprice.data.values import (
    UNKNOWN,
    canonical_number,
    is_number_array,
    matcher,
    names_of,
    number_text,
    recode,
    truth_code,
    value_counts,
)
from phoneprice.errors import DataError
from phoneprice.suggestions import with_suggestion
from phoneprice.wording import count, counted, first_of, noun, quoted, share

Severity = Literal["error", "warning", "note"]
FindingCode = Literal[
    "no_rows", "no_features", "no_target", "target_missing", "target_not_numeric", "one_class", "too_many_labels",
    "assumed_order", "rare_class", "imbalance", "missing", "all_missing", "constant", "formatted_numbers", "id_like",
    "duplicates", "conflicts", "leak", "zero_gaps", "mostly_numbers", "missing_column", "extra_column", "not_boolean",
    "unseen_category", "not_numeric", "out_of_range", "overlap",
    "merged_spellings", "near_equal", "standing_alone", "index", "nameless", "target_constant", "target_unusable",
    "groups", "in_time", "number_format", "missing_words", "recognised", "infinite_cells",
    "dates", "date_order", "mostly_dates", "many_categories", "unused", "totals", "codes",
]  # fmt: skip

OF_CLASSES: frozenset[FindingCode] = frozenset({"rare_class", "imbalance", "conflicts", "leak"})
"""What is said of how the target's classes are spread, and of what tells them."""
MANY_MISSING = 0.5
"""Share of missing cells from which a column tells little."""
IMBALANCE = 10
"""How many times the rarest class the most frequent one may have before it is a warning."""
_LOOKED_AT_ROWS = 10_000
"""Rows that show that a column determines no target."""
_TOTALS = re.compile(
    r"(?:grand |sub)?totals?|(?:gesamt|zwischen|end)?summe|gesamt|insgesamt|sum|somme|totales?|totaux|suma"
    r"|合计|总计|小计|合計",
    re.IGNORECASE,
)
"""What stands in a row that sums up others."""
ENOUGH_ROWS = 20
"""Fewer rows than this tell nothing about leaks and gaps."""
NEARLY_ALL = 0.995
"""Share of the rows from which a rule counts as holding."""
NEVER_ZERO = frozenset(
    {"height", "width", "depth", "length", "size", "weight", "wt", "h", "w", "diameter", "thickness"}
)
"""Words in the name of a column whose values can't be 0."""


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
class _Subject:
    table: Table
    config: Config
    alone: bool = True
    """Whether there is no reference, to which the target may belong."""
    dates: Mapping[str, Dates] = field(default_factory=dict)
    """The columns of dates; those in which each cell is one are numbers in ``table``."""

    @cached_property
    def features(self) -> tuple[Column, ...]:
        return infer_columns(self.table, self.config)

    @property
    def target(self) -> pa.Array | None:
        return self.table.columns.get(self.config.data.target)

    @cached_property
    def classes(self) -> dict[str, int]:
        """Rows a class; empty without a target or for a regression."""
        if self.target is None or self.config.task.kind == "regression":
            return {}
        return names_of(self.target, clean=self.config.data.clean_text).counts


Findings = Iterator[Finding]


def check(table: Table, config: Config, reference: Table | TableSchema | None = None) -> list[Finding]:
    """Everything found in a table, the gravest first.

    ``reference`` is the training table, or the schema of a run; with it come missing and further columns, values out
    of range, unseen categories and, for a table, the rows in both.
    """
    rows = _learned_from(table, config)
    dates = find_dates(rows, config)
    subject = _Subject(with_dates(rows, dates), config, reference is None, dates)
    findings = [finding for look in _CHECKS for finding in look(subject)]
    if reference is not None:  # with all rows: those without a target may be rows to predict
        findings += _compare(_Subject(table, config), _known(reference, config))
    return by_severity(findings)


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first."""
    return sorted(findings, key=lambda finding: ("error", "warning", "note").index(finding.severity))


def told_of_splits(table: Table, config: Config) -> list[str]:
    """What to warn of where rows seem to belong together, or some classes have too few to be split as configured."""
    dates = find_dates(table, config)
    subject = _Subject(with_dates(table, dates), config)
    rare = _rare_classes(subject) if len(subject.classes) > 1 else ""
    belonging = may_be_groups(table, config, as_line), may_be_in_time(subject.table, config, dates, as_line)
    return [f"{table.source}: {message}" for message in (totals_told(table), *belonging, rare) if message]


def _known(reference: Table | TableSchema, config: Config) -> Table | TableSchema:
    if isinstance(reference, TableSchema):
        return reference
    rows = _learned_from(reference, config)
    return with_dates(rows, find_dates(rows, config))


def _learned_from(table: Table, config: Config) -> Table:
    """The rows that a training would have; all of them where none has a target."""
    target = table.columns.get(config.data.target)
    return table if target is None or target.null_count == table.rows else with_target(table, config.data)


def _as_read(subject: _Subject) -> Findings:
    for what in subject.table.recognised:
        yield Finding("note", None, "recognised", what, subject.table.rows)
    for name, cells in subject.table.infinite_cells.items():
        yield Finding("warning", name, "infinite_cells", infinite_told(name, cells), cells)


def _no_rows(subject: _Subject) -> Findings:
    if not subject.table.rows:
        yield Finding("error", None, "no_rows", "found a header and no rows; add rows", 0)


def _no_features(subject: _Subject) -> Findings:
    if not subject.features:
        what = "no column is left as a feature; add columns, or check data.id_columns and data.ignored_columns"
        yield Finding("error", None, "no_features", what, len(subject.table.names))


def _target(subject: _Subject) -> Findings:
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


def _no_target(subject: _Subject) -> Finding:
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


def _classes(subject: _Subject) -> Findings:
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
    if rare := _rare_classes(subject):
        yield Finding("warning", name, "rare_class", rare, counts[rarest])
    if counts[most] >= IMBALANCE * counts[rarest]:
        what = (
            f"{counted(counts[most], 'row')} of class {quoted(most)}, {count(counts[rarest])} of class {quoted(rarest)}"
            "; look at balanced accuracy, or set loss.class_weights"
        )
        yield Finding("warning", name, "imbalance", what, len(counts))


def _rare_classes(subject: _Subject) -> str:
    """Which classes have too few rows to be held out as configured, in the words of a training."""
    config, cells = subject.config, subject.table.columns[subject.config.data.target]
    names = names_of(cells, clean=config.data.clean_text)
    labels = tuple(sorted(names.counts))
    codes = recode(cells, matcher(labels, names.spelling))
    rows = np.flatnonzero(codes >= 0)
    return "; ".join(plan_members(codes[rows], config, len(rows), _roles(subject).take(rows), labels)[1])


def _roles(subject: _Subject) -> RowRoles:
    try:
        return row_roles(subject.table, subject.config)
    except DataError:
        return NO_ROLES


def _too_many_labels(subject: _Subject) -> str:
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


def _spellings(subject: _Subject) -> Findings:
    target = subject.config.data.target if subject.classes else None
    clean = subject.config.data.clean_text
    for name, merged in merged_spellings(subject.table, subject.features, target, clean=clean).items():
        yield Finding("note", name, "merged_spellings", merged.message, merged.rows)
    for name, what in near_equal_texts(subject.table, subject.features, target, clean=clean).items():
        yield Finding("warning", name, "near_equal", what, subject.table.rows)


def _many_categories(subject: _Subject) -> Findings:
    for name, (what, cells) in without_inputs(subject.table, subject.features).items():
        yield Finding("warning", name, "many_categories", what, cells)


def _missing(subject: _Subject) -> Findings:
    for column in subject.features:
        missing = subject.table.columns[column.name].null_count
        part = missing / max(subject.table.rows, 1)
        if not missing or part == 1:
            continue
        what = f"{counted(missing, 'cell')} missing ({share(part)})"
        if part >= MANY_MISSING:
            yield Finding("warning", column.name, "missing", f"{what}: the column tells little", missing)
        else:
            yield Finding("note", column.name, "missing", f"{what}; imputed", missing)


def _uninformative(subject: _Subject) -> Findings:
    for column in subject.features:
        if found := uninformative(subject.table.columns[column.name], column.name):
            yield found


def uninformative(cells: pa.Array, name: str | None = None) -> Finding | None:
    """What to say of a column without a value or with only one; None where its values differ."""
    present = cells.drop_null()
    if len(cells) and not len(present):
        return Finding("warning", name, "all_missing", "all cells missing; remove the column", len(cells))
    if len(present) > 1 and len(present.unique()) == 1:
        value = quoted(next(iter(value_counts(present))))
        what = f"all {counted(len(present), 'value')} are {value}: the column tells nothing"
        return Finding("warning", name, "constant", what, len(present))
    return None


def _formatted_numbers(subject: _Subject) -> Findings:
    names = (column.name for column in subject.features)
    for name, what in columns_of_formatted_numbers(subject.table, names, subject.config).items():
        yield Finding("warning", name, "formatted_numbers", what, subject.table.rows)


def _standing_alone(subject: _Subject) -> Findings:
    for column in subject.features:
        if column.alone and not column.alone.value == column.low == 0:  # else a gap, of which ``_zeros`` tells
            what = f"{column.alone.message}; correct it, or set data.scaling=robust"
            yield Finding("warning", column.name, "standing_alone", what, column.alone.cells)
    target = subject.config.data.target
    if subject.target is None or subject.config.task.kind != "regression":
        return
    if alone := alone_among(subject.table, target):
        what = f"{alone.message}; correct it, or delete the row"
        yield Finding("warning", target, "standing_alone", what, alone.cells)


def _ids(subject: _Subject) -> Findings:
    for column in subject.features:
        if what := like_an_id(subject.table, column.name):
            yield Finding("warning", column.name, "id_like", what, subject.table.rows)


def like_an_id(table: Table, name: str) -> str:
    """What to say of a feature that tells rows apart and nothing else, or their order; empty for any other."""
    if name in table.dates:
        return ""
    why = id_reason(table, name) or rises_with_rows(name, table.columns[name])
    return f"{why}: if it is an id, add it to data.id_columns, or the order of the rows is learned" if why else ""


def totals_told(table: Table) -> str:
    """What to say where the last row sums up the others, as that of an export may do; empty where it says nothing."""
    last = table.rows - 1
    if last < ENOUGH_ROWS:
        return ""
    texts = [(name, cells[last].as_py()) for name, cells in table.columns.items() if pa.types.is_string(cells.type)]
    found = next(((name, text) for name, text in texts if text and _TOTALS.fullmatch(text.strip())), None)
    if found is None or pc.sum(pc.equal(table.columns[found[0]], found[1])).as_py() > 1:
        return ""
    place = table.place(last, found[0]).removeprefix(table.source).strip()
    return f"{place}: found {quoted(found[1])} in the last row; if it sums up the others, delete it from the file"


def _totals(subject: _Subject) -> Findings:
    if told := totals_told(subject.table):
        yield Finding("warning", None, "totals", told, 1)


def _grouped(subject: _Subject) -> Findings:
    if grouped := may_be_groups(subject.table, subject.config):
        yield Finding("warning", None, "groups", grouped, subject.table.rows)
    if in_time := may_be_in_time(subject.table, subject.config, subject.dates):
        yield Finding("warning", None, "in_time", in_time, subject.table.rows)


def _dates(subject: _Subject) -> Findings:
    for name, found in subject.dates.items():
        if doubt := found.doubt(subject.config.data.date_order):
            yield Finding("warning", name, "date_order", doubt, subject.table.rows)
        if name not in subject.table.dates:
            numbers = to_days(subject.table.columns[name], found.form)
            yield _typing_error(subject.table, name, numbers, "mostly_dates", "dates")
        elif name not in subject.config.data.date_columns:
            what = f"{found.reason}; becomes a number of days and what comes again"
            yield Finding("note", name, "dates", what, subject.table.rows)


def codes_told(table: Table, names: Iterable[str]) -> dict[str, str]:
    """What to say of each of some columns that are read as numbers, though they are codes by what is written there."""
    return {
        name: f"{table.codes[name]}: read as numbers, which lose that; data.categorical_columns keeps the text"
        for name in names
        if name in table.codes
    }


def _code_columns(subject: _Subject) -> Findings:
    numbers = [column.name for column in subject.features if column.kind in {"numeric", "boolean"}]
    for name, what in codes_told(subject.table, numbers).items():
        yield Finding("warning", name, "codes", what, subject.table.rows)


def _index(subject: _Subject) -> Findings:
    for name in subject.config.data.index_among(subject.table.names):
        yield Finding("note", name, "index", taken_for_index([name]), subject.table.rows)


def _nameless(subject: _Subject) -> Findings:
    if columns := subject.table.nameless_columns:
        what = f"{counted(columns, 'column')} at the right edge without a name and without a value: left out"
        yield Finding("note", None, "nameless", what, columns)


def _duplicates(subject: _Subject) -> Findings:
    names = [column.name for column in subject.features]
    target = [subject.config.data.target] if subject.target is not None else []
    if not names:
        return
    repeated = subject.table.rows - _groups(subject.table, [*names, *target]).num_rows
    if repeated:
        what = f"{counted(repeated, 'row')} like an earlier one; such rows may be trained on and held out at once"
        yield Finding("warning", None, "duplicates", what, repeated)
    conflicting = subject.table.rows - _groups(subject.table, names).num_rows - repeated
    if target and conflicting:
        what = f"{counted(conflicting, 'row')} with the features of another row, but a different target"
        yield Finding("warning", None, "conflicts", what, conflicting)


def _groups(table: Table, names: list[str]) -> pa.Table:
    """One row for each different row of these columns, with its count."""
    numbered = {str(i): table.columns[name] for i, name in enumerate(names)}
    return pa.table(numbered).group_by(list(numbered)).aggregate([([], "count_all")])


def _leaks(subject: _Subject) -> Findings:
    for name in leaking(subject.table, [column.name for column in subject.features], subject.config):
        what = "it alone determines the target; if it is known only afterwards, add it to data.ignored_columns"
        yield Finding("warning", name, "leak", what, subject.table.rows)


def leaks_told(table: Table, names: Sequence[str], config: Config) -> str:
    """What to say after a training of its features that may be known only with the target, if there are any."""
    found = leaking(table, names, config)
    if not found:
        return ""
    which = f"{noun(len(found), 'column')} {first_of([repr(name) for name in found])}"
    alone = f"{which} alone {noun(len(found), 'determines', 'determine')} the target {config.data.target!r}"
    without = as_option("data.ignored_columns", (*config.data.ignored_columns, *found))
    return f"{alone}: if known only afterwards, the figures say nothing of new rows; {without} learns without"


def leaking(table: Table, names: Sequence[str], config: Config) -> list[str]:
    """The features that determine the target alone: each of its classes, or, but for its units, a regression's number.

    Of many rows some are looked at first.
    """
    target = table.columns.get(config.data.target)
    if target is None or target.null_count or table.rows < ENOUGH_ROWS:
        return []
    regression = config.task.kind == "regression"
    if regression and not is_number_array(target):
        return []
    if table.rows > _LOOKED_AT_ROWS:
        some = np.random.default_rng(0).choice(table.rows, _LOOKED_AT_ROWS, replace=False)
        names = leaking(table.select([*names, config.data.target]).take(some), names, config)
    determines = _follows if regression else _decides
    return [name for name in names if determines(table.columns[name], target)]


def _follows(cells: pa.Array, target: pa.Array) -> bool:
    """Whether a number is, but for its units, the target of a regression."""
    if not is_number_array(cells):
        return False
    present = cells.is_valid().to_numpy(zero_copy_only=False)
    x, y = cells.to_numpy(zero_copy_only=False)[present], target.to_numpy(zero_copy_only=False)[present]
    if len(x) < ENOUGH_ROWS or x.min() == x.max() or y.min() == y.max():
        return False
    with np.errstate(all="ignore"):  # of numbers too far apart it is no number
        return any(abs(np.corrcoef(a, b)[0, 1]) > 0.9999 for a, b in ((x, y), (_ranks(x), _ranks(y))))


def _ranks(values: NDArray[Any]) -> NDArray[Any]:
    return np.unique(values, return_inverse=True)[1].astype(np.float64)


def _decides(cells: pa.Array, target: pa.Array) -> bool:
    """Whether a column tells the class of nearly every row.

    Either each of its (repeated) values goes with one class, or the classes follow one another along a number.
    """
    feature, labels = _codes(cells), _codes(target)
    rows, values, classes = len(labels), int(feature.max()) + 1, int(labels.max()) + 1
    if classes < 2 or np.bincount(labels).max() >= NEARLY_ALL * rows:
        return False
    if values * 5 <= rows:
        pairs = np.bincount(feature * classes + labels, minlength=values * classes).reshape(values, classes)
        return bool(pairs.max(axis=1).sum() >= NEARLY_ALL * rows)
    if not is_number_array(cells):
        return False
    along = labels[np.lexsort((labels, cells.to_numpy(zero_copy_only=False)))]
    changes = np.count_nonzero(np.diff(along))
    return bool(changes <= classes - 1 + 2 * (1 - NEARLY_ALL) * rows)


def _codes(cells: pa.Array) -> NDArray[np.int64]:
    """A code for each different value, from 0; missing is a value, too."""
    encoded = cells.dictionary_encode()
    codes: NDArray[np.int64] = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy().astype(np.int64)
    return codes


def _zeros(subject: _Subject) -> Findings:
    for column in subject.features:
        if column.kind != "numeric" or column.low != 0:
            continue
        values = subject.table.columns[column.name].drop_null().to_numpy()
        others, zeros = values[values != 0], int(np.count_nonzero(values == 0))
        if len(values) < ENOUGH_ROWS or not len(others):
            continue
        named = not NEVER_ZERO.isdisjoint(column.name.lower().replace("-", "_").replace(" ", "_").split("_"))
        apart = len(np.unique(others)) > 2 and others.min() >= 0.1 * np.median(others) and others.min() > 1
        if named or apart:
            what = (
                f"{counted(zeros, 'cell')} with 0, which can hardly be measured; if it stands for a gap, leave it empty"
            )
            yield Finding("warning", column.name, "zero_gaps", what, zeros)


def _typing_errors(subject: _Subject) -> Findings:
    categorical = frozenset(subject.config.data.categorical_columns)
    for column in subject.features:
        cells = subject.table.columns[column.name]
        if column.kind != "categorical" or column.name in categorical:
            continue
        if mostly_numbers(cells) and len((numbers := to_numbers(cells, frozenset())).text_rows):
            yield _typing_error(subject.table, column.name, numbers, "mostly_numbers", "numbers")


def _typing_error(table: Table, name: str, found: Numbers, code: FindingCode, kind: str) -> Finding:
    """What to say of text among numbers, or of what is no date among dates."""
    odd, cells = found.text_rows, table.columns[name]
    if words := _missing_words(cells.take(pa.array(odd))):
        what = f"{words} ({share(len(odd), len(cells))}); if it means that there is none, add it to"
        what = f"{kind} but for {what} data.missing_values, as config init does"
        return Finding("warning", name, "missing_words", what, len(odd))
    example = f"{quoted(cells[int(odd[0])].as_py())} ({table.place(int(odd[0]))})"
    what = (
        f"{kind} but for {counted(len(odd), 'cell')}, such as {example}; "
        "correct, or add the column to data.categorical_columns"
    )
    return Finding("error", name, code, what, len(odd))


def _missing_words(cells: pa.Array) -> str:
    """Which words stand in cells that are no numbers, if all mean that there is no value."""
    counts = value_counts(cells)
    if not all(map(means_missing, counts)):
        return ""
    return first_of([f"{quoted(word)} in {counted(rows, 'cell')}" for word, rows in counts.items()])


_CHECKS: tuple[Callable[[_Subject], Findings], ...] = (
    _as_read, _no_rows, _no_features, _target, _classes, _spellings, _many_categories, _missing, _uninformative,
    _formatted_numbers, _standing_alone, _ids, _code_columns, _dates, _totals, _grouped, _index, _nameless,
    _duplicates, _leaks, _zeros, _typing_errors,
)  # fmt: skip


def _compare(subject: _Subject, reference: Table | TableSchema) -> Findings:
    columns = reference.columns if isinstance(reference, TableSchema) else infer_columns(reference, subject.config)
    names = subject.table.columns
    known = {column.name for column in columns}
    for column in columns:
        if column.name not in names:
            what = f"no column {with_suggestion(column.name, names)}, which the training data has; add or rename"
            yield Finding("error", column.name, "missing_column", what, 1)
        else:
            yield from _unlike(subject.table.columns[column.name], column)
    for column in subject.features:
        if column.name not in known:
            yield Finding("note", column.name, "extra_column", "the training data lacks it; it is ignored", 1)
    if not isinstance(reference, TableSchema):
        yield from _overlap(subject, reference)


def _unlike(cells: pa.Array, column: Column) -> Findings:
    """Values that the training data did not have."""
    if column.kind in {"numeric", "date"}:
        yield from _outside(cells, column)
        return
    boolean = column.kind == "boolean"
    odd = np.flatnonzero(recode(cells, truth_code if boolean else category_code(column)) == UNKNOWN)
    if not len(odd):
        return
    example = quoted(str(cells[int(odd[0])].as_py()))
    if boolean:
        what = f"{counted(len(odd), 'cell')} neither yes nor no, such as {example}; correct"
        yield Finding("error", column.name, "not_boolean", what, len(odd))
    else:
        what = f"{counted(len(odd), 'cell')} of categories that training did not have, such as {example}"
        yield Finding("warning", column.name, "unseen_category", what, len(odd))


def _outside(cells: pa.Array, column: Column) -> Findings:
    date = column.date_form
    if is_number_array(cells):
        numbers = cells
    else:
        numbers = (to_days(cells, date) if date else to_numbers(cells, frozenset())).values
    text = numbers.null_count - cells.null_count
    if text:
        what = f"{counted(text, 'cell')} with text where training had {'dates' if date else 'numbers'}; correct"
        yield Finding("error", column.name, "not_numeric", what, text)
    if column.low is None or column.high is None:
        return
    outside = pc.sum(pc.or_(pc.less(numbers, column.low), pc.greater(numbers, column.high))).as_py() or 0
    if outside:
        span = " to ".join(map(date_text if date else number_text, (column.low, column.high)))
        what = f"{counted(outside, 'cell')} outside the range of the training data, {span}"
        yield Finding("warning", column.name, "out_of_range", what, outside)


def _overlap(subject: _Subject, reference: Table) -> Findings:
    """Rows whose features stand in the reference, too."""
    names = [column.name for column in subject.features if column.name in reference.columns]
    if not names or not subject.table.rows or not reference.rows:
        return
    theirs = {str(i): _comparable(reference.columns[name]) for i, name in enumerate(names)}
    table = with_forms(subject.table, reference.dates)
    ours = {str(i): _comparable(table.columns[name]) for i, name in enumerate(names)}
    parts = [
        pa.table({**columns, "ours": pa.array(np.full(rows, flag))})
        for columns, rows, flag in ((theirs, reference.rows, 0), (ours, subject.table.rows, 1))
    ]
    groups = pa.concat_tables(parts).group_by(list(ours)).aggregate([("ours", "min"), ("ours", "sum")])
    shared = pc.sum(pc.if_else(pc.equal(groups["ours_min"], 0), groups["ours_sum"], 0)).as_py() or 0
    if shared:
        what = f"{counted(shared, 'row')} also in the training data; figures on them say nothing about new data"
        yield Finding("warning", None, "overlap", what, shared)


def _comparable(cells: pa.Array) -> pa.Array:
    """Text in which numbers have one spelling, whether the column was read as numbers or not."""
    encoded = cells.dictionary_encode()
    texts = [canonical_number(str(value)) or value for value in encoded.dictionary.to_pylist()]
    return pc.take(pa.array(texts, pa.string()), encoded.indices)
