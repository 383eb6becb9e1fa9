"""The messages about a file: one line each."""

from collections.abc import Collection, Iterable

from phoneprice.errors import DataError
from phoneprice.suggestions import suggested
from phoneprice.wording import counted, noun, quoted, size

LEAVE_OUT = "leave such rows out with --on-bad-row skip"
"""What may be done with a row that has text among numbers, in a file."""


def file_fault(source: str, what: str) -> DataError:
    """A fault of the file as a whole."""
    return DataError(f"{source}: {what}")


def require_named(source: str, names: Iterable[str], header: Collection[str], remedy: str = "add or rename") -> None:
    """Raise ``DataError`` that lists, in their order, the names that the header lacks: of many the first ten."""
    known = frozenset(header)
    if missing := [name for name in names if name not in known]:
        what = f"missing {noun(len(missing), 'column')} {suggested(missing, header)}"
        raise file_fault(source, f"{what}; {remedy}")


def wrong_type(source: str, column: str, kind: object) -> DataError:
    """A column whose values are neither numbers nor text."""
    return file_fault(
        source, f"column {column!r} has the type {kind}, expected numbers or text; convert it or leave it out"
    )


def invalid_value(source: str, row: int, column: str, kind: object) -> DataError:
    """Bytes that are no value of the column's type."""
    what = f"found bytes that are no {kind} (text must be UTF-8); correct the value where the file is made"
    return cell_fault(source, row, column, what)


def unnamed_value(place: str, position: int, value: str) -> DataError:
    """A value in a column (the first is 1) that has no name."""
    return DataError(
        f"{place}: found {quoted(value)} in column {position}, which has no name; write its name in the header, "
        "or remove the column"
    )


def empty(source: str, expected: str = "a header line with the names of the columns") -> DataError:
    """For a file with nothing in it."""
    return file_fault(source, f"the file is empty, expected {expected}; check that it is the right file")


def line_fault(source: str, line: int, what: str, column: str | None = None) -> DataError:
    """A fault in the structure of a line, or at a column of it."""
    place = f"line {line}" if column is None else f"line {line}, column {column!r}"
    return DataError(f"{source} {place}: {what}")


def cell_fault(source: str, row: int | None, column: str | None, what: str) -> DataError:
    """A fault in a row (from 1) or a column, or of the file, in formats without lines."""
    parts = [] if row is None else [f"row {row}"]
    parts += [] if column is None else [f"column {column!r}"]
    return DataError(f"{' '.join([source, ', '.join(parts)]).rstrip()}: {what}")


def too_much(allowed: int) -> str:
    """What to say of a table that takes more memory than is ``allowed``."""
    return f"found values of more than {size(allowed)} in memory, far more than the file has; split the table"


def no_number(place: str, value: str, like: str = "") -> DataError:
    """Text in a numeric column, whose numbers are written ``like`` an example."""
    expected = f"a number written like {like}" if like else "a number"
    return DataError(f"{place}: found {quoted(value)}, expected {expected}; correct it, or {LEAVE_OUT}")


def other_format(place: str, value: str, example: str) -> DataError:
    """A number that is not written as those of its column are to be."""
    return DataError(
        f"{place}: found {quoted(value)}, expected numbers written like {example}; "
        "correct it, or data.decimal, data.thousands and data.columns"
    )


def no_date(place: str, value: str) -> DataError:
    """Text in a column of dates, or a date of another form."""
    return DataError(
        f"{place}: found {quoted(value)}, expected a date or a time as in the rest of the column; "
        f"correct it, or {LEAVE_OUT}"
    )


def infinite(place: str, value: str) -> DataError:
    """An infinite number, or one too large for float64."""
    return DataError(f"{place}: found {quoted(value)}, expected a finite number; correct it or leave it empty")


def infinite_told(column: str, cells: int) -> str:
    """What to say of such numbers that count as missing."""
    count = counted(cells, "infinite number")
    return f'column {column!r}: took {count} for missing; data.infinite = "fail" would stop there'


def blank_line(source: str, line: int) -> DataError:
    """A line without characters that isn't at the end of the file."""
    return line_fault(source, line, "found a blank line, expected a row; delete the line")


def not_encoded(place: str, byte: int, offset: int, encoding: str, advice: str) -> DataError:
    """Bytes that are not in the encoding; ``offset`` counts from the start of the (decompressed) file."""
    return DataError(f"{place}: found byte 0x{byte:02X} at byte offset {offset}, expected {encoding} text; {advice}")


def nul_byte(source: str, line: int, encoding: str | None = None) -> DataError:
    """A NUL byte: damage, or an ``encoding`` of two bytes a character."""
    fix = f"use --encoding {encoding}, which these bytes fit" if encoding else "repair the file"
    return line_fault(source, line, f"found a NUL byte, expected text; {fix}")
