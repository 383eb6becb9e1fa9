"""Rows without a target: nothing can be learned from them or measured on them, and they can still be predicted."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from phoneprice.config.schema import DataConfig
from phoneprice.data.arrow_types import is_text
from phoneprice.data.encoding.labels import if_a_value
from phoneprice.data.reading.columns import as_text
from phoneprice.data.reading.faults import file_fault, infinite, wrong_type
from phoneprice.data.table import Table
from phoneprice.wording import counted, quoted


def with_target(table: Table, data: DataConfig) -> Table:
    """The rows that have a target, and a remark on the others; they keep their places in the file.

    The same table where ``data.missing_target`` is ``fail``, where it lacks the column, or where no cell of it is
    missing. Raises ``DataError`` where all of them are, for a type that is no target, and for an infinite number: that
    is a value, if none to learn.
    """
    _refuse_infinite(table, data.target)
    cells = table.columns.get(data.target)
    if data.target in table.other_types:
        raise wrong_type(table.source, data.target, table.other_types[data.target])
    if cells is None or not cells.null_count or data.missing_target == "fail":
        return table
    if cells.null_count == table.rows:
        none = f"column {data.target!r}: found no value in {_rows(table.rows)}"
        raise file_fault(table.source, f"{none}, expected a target in some; fill them in")
    missing = cells.is_null().to_numpy(zero_copy_only=False)
    labelled = table.take(np.flatnonzero(~missing))
    return replace(labelled, unlabelled_rows=int(cells.null_count), remarks=(_remark(table, data, missing),))


def _refuse_infinite(table: Table, target: str) -> None:
    if target not in table.infinite_cells:
        return
    if table.options is None or target not in table.written:  # of a frame, which has no places
        found = counted(table.infinite_cells[target], "infinite number")
        raise file_fault(table.source, f"column {target!r}: found {found}, expected finite ones; correct them")
    written = table.written[target]
    present = as_text(written, table.options.rules(target).missing_values).is_valid()
    row = pc.index(pc.and_(present, table.columns[target].is_null()), True).as_py()
    raise infinite(table.place(row, target), str(written[row].as_py()))


def _rows(number: int) -> str:
    return "the only row" if number == 1 else f"all {counted(number, 'row')}"


def _remark(table: Table, data: DataConfig, missing: NDArray[np.bool_]) -> str:
    rows = np.flatnonzero(missing)
    place = table.place(int(rows[0])).removeprefix(table.source).strip()
    found = f"left out {counted(len(rows), 'row')} without a value of the target {data.target!r}"
    first = f" ({place})" if len(rows) == 1 else f" ({place} first)"
    setting = 'data.missing_target = "drop" does so, "fail" would stop there'
    return f"{found}{first}{_words_told(data.target, table.written.get(data.target), missing)}; {setting}"


def _words_told(target: str, written: pa.Array | None, missing: NDArray[np.bool_]) -> str:
    """Which words for missing values stand in the cells, if they are not just empty: one may be meant as a label."""
    if written is None or not is_text(written.type):
        return ""
    words = Counter(text for text in written.filter(pa.array(missing)).to_pylist() if text and text.strip())
    if not words:
        return ""
    told = ", ".join(f"{quoted(text)} in {counted(count, 'row')}" for text, count in words.most_common(3))
    return f", found {told}, missing by data.missing_values: {if_a_value(target)}"
