"""What of a table is unlike the one that was learned from."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phoneprice.data.encoding.dates import date_text
from phoneprice.data.encoding.features import category_code
from phoneprice.data.encoding.schema import Column, TableSchema, infer_columns
from phoneprice.data.inspection.findings import Finding, Findings, Subject
from phoneprice.data.inspection.mixed import with_forms
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.reading.dates import to_days
from phoneprice.data.table import Table
from phoneprice.data.values import UNKNOWN, canonical_number, is_number_array, number_text, recode, truth_code
from phoneprice.suggestions import with_suggestion
from phoneprice.wording import counted, quoted


def compared(subject: Subject, reference: Table | TableSchema) -> Findings:
    """Missing and further columns, values out of range and unseen; of a reference in memory the rows in both."""
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


def _overlap(subject: Subject, reference: Table) -> Findings:
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
