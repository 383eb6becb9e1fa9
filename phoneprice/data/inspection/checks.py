"""What is wrong or odd in a table: each check looks for one thing and says what to do about it."""

import re
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phoneprice.config.fields import as_line
from phoneprice.config.schema import Config
from phoneprice.data.encoding.dates import find_dates
from phoneprice.data.encoding.schema import (
    TableSchema,
    alone_among,
    merged_spellings,
    near_equal_texts,
    taken_for_index,
    without_inputs,
)
from phoneprice.data.inspection.comparison import compared
from phoneprice.data.inspection.findings import ENOUGH_ROWS, Finding, FindingCode, Findings, Subject, by_severity
from phoneprice.data.inspection.ids import id_reason, rises_with_rows
from phoneprice.data.inspection.leaks import leaking
from phoneprice.data.inspection.mixed import columns_of_formatted_numbers, mostly_numbers, with_dates
from phoneprice.data.inspection.recognition import means_missing
from phoneprice.data.inspection.target_checks import class_findings, rare_classes, target_findings
from phoneprice.data.reading.cells import Numbers, to_numbers
from phoneprice.data.reading.dates import to_days
from phoneprice.data.reading.faults import infinite_told
from phoneprice.data.rows.row_roles import may_be_groups, may_be_in_time, may_be_weights
from phoneprice.data.rows.unlabelled import with_target
from phoneprice.data.table import Table
from phoneprice.data.values import value_counts
from phoneprice.wording import counted, first_of, quoted, share

MANY_MISSING = 0.5
"""Share of missing cells from which a column tells little."""
_TOTALS = re.compile(
    r"(?:grand |sub)?totals?|(?:gesamt|zwischen|end)?summe|gesamt|insgesamt|sum|somme|totales?|totaux|suma"
    r"|合计|总计|小计|合計",
    re.IGNORECASE,
)
"""What stands in a row that sums up others."""
NEVER_ZERO = frozenset(
    {"height", "width", "depth", "length", "size", "weight", "wt", "h", "w", "diameter", "thickness"}
)
"""Words in the name of a column whose values can't be 0."""


def check(table: Table, config: Config, reference: Table | TableSchema | None = None) -> list[Finding]:
    """Everything found in a table, the gravest first.

    ``reference`` is the training table, or the schema of a run; with it come missing and further columns, values out
    of range, unseen categories and, for a table, the rows in both.
    """
    rows = _learned_from(table, config)
    dates = find_dates(rows, config)
    subject = Subject(with_dates(rows, dates), config, reference is None, dates)
    findings = [finding for look in _CHECKS for finding in look(subject)]
    if reference is not None:  # with all rows: those without a target may be rows to predict
        findings += compared(Subject(table, config), _known(reference, config))
    return by_severity(findings)


def told_of_splits(table: Table, config: Config) -> list[str]:
    """What to warn of where rows seem to belong together, or some classes have too few to be split as configured."""
    dates = find_dates(table, config)
    subject = Subject(with_dates(table, dates), config)
    rare = rare_classes(subject) if len(subject.classes) > 1 else ""
    belonging = may_be_groups(table, config, as_line), may_be_in_time(subject.table, config, dates, as_line)
    told = totals_told(table), *belonging, may_be_weights(table, config, as_line), rare
    return [f"{table.source}: {message}" for message in told if message]


def _known(reference: Table | TableSchema, config: Config) -> Table | TableSchema:
    if isinstance(reference, TableSchema):
        return reference
    rows = _learned_from(reference, config)
    return with_dates(rows, find_dates(rows, config))


def _learned_from(table: Table, config: Config) -> Table:
    """The rows that a training would have; all of them where none has a target."""
    target = table.columns.get(config.data.target)
    return table if target is None or target.null_count == table.rows else with_target(table, config.data)


def _as_read(subject: Subject) -> Findings:
    for what in subject.table.recognised:
        yield Finding("note", None, "recognised", what, subject.table.rows)
    for name, cells in subject.table.infinite_cells.items():
        yield Finding("warning", name, "infinite_cells", infinite_told(name, cells), cells)


def _no_rows(subject: Subject) -> Findings:
    if not subject.table.rows:
        yield Finding("error", None, "no_rows", "found a header and no rows; add rows", 0)


def _no_features(subject: Subject) -> Findings:
    if not subject.features:
        what = "no column is left as a feature; add columns, or check data.id_columns and data.ignored_columns"
        yield Finding("error", None, "no_features", what, len(subject.table.names))


def _spellings(subject: Subject) -> Findings:
    target = subject.config.data.target if subject.classes else None
    clean = subject.config.data.clean_text
    for name, merged in merged_spellings(subject.table, subject.features, target, clean=clean).items():
        yield Finding("note", name, "merged_spellings", merged.message, merged.rows)
    for name, what in near_equal_texts(subject.table, subject.features, target, clean=clean).items():
        yield Finding("warning", name, "near_equal", what, subject.table.rows)


def _many_categories(subject: Subject) -> Findings:
    for name, (what, cells) in without_inputs(subject.table, subject.features).items():
        yield Finding("warning", name, "many_categories", what, cells)


def _missing(subject: Subject) -> Findings:
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


def _uninformative(subject: Subject) -> Findings:
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


def _formatted_numbers(subject: Subject) -> Findings:
    names = (column.name for column in subject.features)
    for name, what in columns_of_formatted_numbers(subject.table, names, subject.config).items():
        yield Finding("warning", name, "formatted_numbers", what, subject.table.rows)


def _standing_alone(subject: Subject) -> Findings:
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


def _ids(subject: Subject) -> Findings:
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


def _totals(subject: Subject) -> Findings:
    if told := totals_told(subject.table):
        yield Finding("warning", None, "totals", told, 1)


def _grouped(subject: Subject) -> Findings:
    if grouped := may_be_groups(subject.table, subject.config):
        yield Finding("warning", None, "groups", grouped, subject.table.rows)
    if in_time := may_be_in_time(subject.table, subject.config, subject.dates):
        yield Finding("warning", None, "in_time", in_time, subject.table.rows)
    if weights := may_be_weights(subject.table, subject.config):
        yield Finding("warning", None, "weights", weights, subject.table.rows)


def _dates(subject: Subject) -> Findings:
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


def _code_columns(subject: Subject) -> Findings:
    numbers = [column.name for column in subject.features if column.kind in {"numeric", "boolean"}]
    for name, what in codes_told(subject.table, numbers).items():
        yield Finding("warning", name, "codes", what, subject.table.rows)


def _index(subject: Subject) -> Findings:
    for name in subject.config.data.index_among(subject.table.names):
        yield Finding("note", name, "index", taken_for_index([name]), subject.table.rows)


def _nameless(subject: Subject) -> Findings:
    if columns := subject.table.nameless_columns:
        what = f"{counted(columns, 'column')} at the right edge without a name and without a value: left out"
        yield Finding("note", None, "nameless", what, columns)


def _duplicates(subject: Subject) -> Findings:
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


def _leaks(subject: Subject) -> Findings:
    for name in leaking(subject.table, [column.name for column in subject.features], subject.config):
        what = "it alone determines the target; if it is known only afterwards, add it to data.ignored_columns"
        yield Finding("warning", name, "leak", what, subject.table.rows)


def _zeros(subject: Subject) -> Findings:
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


def _typing_errors(subject: Subject) -> Findings:
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


_CHECKS: tuple[Callable[[Subject], Findings], ...] = (
    _as_read, _no_rows, _no_features, target_findings, class_findings, _spellings, _many_categories, _missing,
    _uninformative, _formatted_numbers, _standing_alone, _ids, _code_columns, _dates, _totals, _grouped, _index,
    _nameless, _duplicates, _leaks, _zeros, _typing_errors,
)  # fmt: skip
