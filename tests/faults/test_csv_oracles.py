"""Files that our reader takes, read by others: Python's ``csv``, pandas and DuckDB find the same records and values.

Where another reader differs, the table ``DIFFERENCES`` says by kind why ours is right.
"""

from __future__ import annotations

import csv
import io
import math
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from phoneprice.data.reading import ReadOptions, open_chunks
from phoneprice.errors import DataError, UsageError
from tests.faults.counts import SEED, report, share_of
from tests.faults.csv_files import files, hostile_files

Records = list[tuple[str, ...]]
Values = list[float]


@dataclass(frozen=True)
class Read:
    """A file as our reader has it: its records as they are written, and the columns that are numbers."""

    header: tuple[str, ...]
    records: Records
    numbers: dict[str, list[float | None]]


def ours(path: Path, delimiter: str, chunk_rows: int) -> Read:
    """Raises ``DataError`` for what is refused."""
    options = ReadOptions(delimiter=delimiter)
    with open_chunks(path, options, chunk_rows) as stream:
        header = stream.header
        stream.select((), (), header)
        tables = list(stream)
    cells = {name: [cell for table in tables for cell in table.written[name].to_pylist()] for name in header}
    numbers: dict[str, list[float | None]] = {}
    for name in header:
        with open_chunks(path, options, chunk_rows) as stream:
            stream.select((name,), (), ())
            try:
                numbers[name] = [value for table in stream for value in table.columns[name].to_pylist()]
            except DataError:
                continue
    return Read(header, list(zip(*cells.values(), strict=True)), numbers)


class Declined(Exception):  # noqa: N818  # no error of ours
    """The other reader doesn't take the file."""


def by_python(data: bytes, delimiter: str, _columns: int) -> Records:
    csv.field_size_limit(1 << 30)
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    try:
        rows = [tuple(row) for row in csv.reader(text, delimiter=delimiter, strict=True)]
    except csv.Error as fault:
        raise Declined(str(fault)) from None
    while rows and not rows[-1]:  # blank lines at the end
        rows.pop()
    return rows[1:]


def by_pandas(data: bytes, delimiter: str, _columns: int) -> Records:
    import pandas as pd

    try:
        frame = pd.read_csv(
            io.BytesIO(data), sep=delimiter, dtype=str, na_filter=False, encoding="utf-8-sig", index_col=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise Declined(str(fault)) from None
    return list(frame.fillna("").itertuples(index=False, name=None))


def by_duckdb(data: bytes, delimiter: str, columns: int) -> Records:
    import duckdb

    names = {f"c{i}": "VARCHAR" for i in range(columns)}
    query = (
        f"SELECT * FROM read_csv(?, auto_detect=false, header=true, columns={names}, delim={delimiter!r}, quote='\"', "
        "escape='\"', nullstr='\x01 no cell', max_line_size=20000000, strict_mode=true)"
    )
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        try:
            return duckdb.execute(query, [file.name]).fetchall()
        except duckdb.Error as fault:
            raise Declined(str(fault)) from None


READERS: dict[str, Callable[[bytes, str, int], Records]] = {
    "Python": by_python,
    "pandas": by_pandas,
    "DuckDB": by_duckdb,
}


@dataclass(frozen=True)
class Difference:
    """Where a reader has it otherwise, and we stay with ours."""

    reader: str
    example: bytes
    theirs: Records | None
    """What it reads in the example; None where it declines it."""
    ours: Records
    because: str
    applies: Callable[[bytes, Records], bool]
    """To a file and our records of it."""


def _mixed_line_ends(data: bytes, _records: Records) -> bool:
    return len(set(re.findall(rb"\r?\n", re.sub(rb'"[^"]*"', b"", data)))) > 1


def _blank_cells_alone(_data: bytes, records: Records) -> bool:
    return any(len(record) == 1 and not record[0].strip(" \t") for record in records)


def _nameless_and_empty(data: bytes, records: Records) -> bool:
    names = names_of(data, ",")
    return not names[-1].strip() and all(len(record) < len(names) for record in records)


DIFFERENCES = {
    "line ends of both kinds": Difference(
        "DuckDB",
        b"a,b\r\n1,2\n",
        None,
        [("1", "2")],
        "it settles on the first line's end; a line feed ends a record either way, so nothing is ambiguous",
        _mixed_line_ends,
    ),
    "a record that is one cell of spaces": Difference(
        "pandas",
        b"a\n1\n \n2\n",
        [("1",), ("2",)],
        [("1",), (" ",), ("2",)],
        "it takes the line for a blank one and drops the row in silence; the cell is there, and missing",
        _blank_cells_alone,
    ),
    "a last column without a name or a cell": Difference(
        "DuckDB",
        b"a,b,\n1,2\n",
        None,
        [("1", "2")],
        "it wants a cell for it; the header ends in a delimiter, and nothing stands there",
        _nameless_and_empty,
    ),
}
"""By kind. Everything else must be the same."""


@pytest.mark.parametrize("kind", DIFFERENCES)
def test_the_differences_are_as_the_table_says(kind: str, tmp_path: Path) -> None:
    known = DIFFERENCES[kind]
    require(known.reader)
    (tmp_path / "in.csv").write_bytes(known.example)
    read = ours(tmp_path / "in.csv", ",", 100)
    assert read.records == known.ours
    assert known.applies(known.example, read.records)
    assert theirs(known.reader, known.example, ",", len(read.header)) == known.theirs


def require(reader: str) -> None:
    """Skip where it isn't installed."""
    if reader == "DuckDB":
        pytest.importorskip("duckdb", reason="DuckDB is not installed (pip install 'phoneprice[test]')")


def theirs(reader: str, data: bytes, delimiter: str, columns: int) -> Records | None:
    """Its records, without what we leave out: cells at the right edge that are empty and have no name."""
    names = names_of(data, delimiter)
    try:
        records = READERS[reader](data, delimiter, len(names))
    except Declined:
        return None
    edge = "".join((*names[columns:], *(cell for record in records for cell in record[columns:])))
    return records if edge.strip() else [record[:columns] for record in records]


def names_of(data: bytes, delimiter: str) -> list[str]:
    """The first line's cells."""
    return next(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def values_by_python(cells: list[str]) -> Values:
    return [float(cell) for cell in cells]


def values_by_pandas(cells: list[str]) -> Values:
    import pandas as pd

    found: Values = pd.read_csv(io.StringIO("\n".join(["x", *cells])), dtype=float)["x"].tolist()
    return found


def values_by_duckdb(cells: list[str]) -> Values:
    import duckdb

    query = "SELECT CAST(x AS DOUBLE) FROM (SELECT unnest(?::VARCHAR[]) AS x)"
    return [value for (value,) in duckdb.execute(query, [cells]).fetchall()]


VALUES = {"Python": values_by_python, "pandas": values_by_pandas, "DuckDB": values_by_duckdb}
ULPS = {"Python": 0, "pandas": 2, "DuckDB": 0}
"""Units in the last place: until 3.1, pandas reads numbers by a quick way that is not exact. Ours is."""


def compare_values(reader: str, read: Read) -> int:
    """Returns how many numbers are the same."""
    compared = 0
    for name, values in read.numbers.items():
        place = read.header.index(name)
        there = [(record[place].strip(" \t"), value) for record, value in zip(read.records, values, strict=True)]
        cells = [(cell, value) for cell, value in there if value is not None]
        if not cells:
            continue
        for (cell, value), other in zip(cells, VALUES[reader]([cell for cell, _ in cells]), strict=True):
            assert abs(other - value) <= ULPS[reader] * math.ulp(value), (cell, value, other)
            assert math.copysign(1, other) == math.copysign(1, value), cell
        compared += len(cells)
    return compared


def compare_records(reader: str, data: bytes, delimiter: str, read: Read) -> str | None:
    """The known difference that keeps the reader from the same records; None where they are the same."""
    if theirs(reader, data, delimiter, len(read.header)) == read.records:
        return None
    applying = [
        kind for kind, known in DIFFERENCES.items() if known.reader == reader and known.applies(data, read.records)
    ]
    assert applying, f"{reader} reads something else, and no known difference applies"
    return f"{reader}: {applying[0]}"


def compare(readers: list[str], count: int) -> Counter[str]:
    """Outcomes of ``count`` files."""
    outcomes = Counter[str]()
    plain = files().map(lambda data: (data, ","))

    @seed(SEED)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.explicit, Phase.generate, Phase.shrink])  # fmt: skip
    @given(st.one_of(plain, hostile_files(), hostile_files()), st.sampled_from([7, 1_000, 65_536]))
    def each(file: tuple[bytes, str], chunk_rows: int) -> None:
        data, delimiter = file
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "in.csv")
            path.write_bytes(data)
            try:
                read = ours(path, delimiter, chunk_rows)
            except (DataError, UsageError):
                outcomes["refused"] += 1
                return
        outcomes["files"] += 1
        outcomes["records"] += len(read.records)
        for reader in readers:
            outcomes["numbers"] += compare_values(reader, read)
            if kind := compare_records(reader, data, delimiter, read):
                outcomes[kind] += 1

    each()
    return outcomes


def installed() -> list[str]:
    """The readers that are here."""
    return [reader for reader in READERS if reader != "DuckDB" or find_spec("duckdb")]


def test_some_files_as_others_read_them() -> None:
    assert compare(installed(), 40)["records"] > 40


@pytest.mark.long
def test_files_as_others_read_them() -> None:
    found = compare(installed(), share_of(4_000))
    known = [f"; {kind} ({count:,} files)" for kind, count in found.items() if ": " in kind]
    report(f"{found['files']:,} CSV files that are accepted, by {', '.join(installed())}: the same "
           f"{found['records']:,} records and {found['numbers']:,} numbers{''.join(known)}")  # fmt: skip
