"""CSV as the rules say, one character after the other: slow, strict and written without looking at the package.

RFC 4180 with these decisions: UTF-8, byte-order marks are skipped (some programs add one to a file that has one),
records end in LF or CRLF, a quote opens only at the start of a cell and a closing one is followed by a delimiter or a
record's end, every record has as many cells as the header, blank lines are allowed at the end only, NUL bytes never.
The first column needs no name, nor do those at the right edge that hold no value; records may lack all of these. Where
three records or more, and all, have one cell more than the header, it lacks the name of the last column, if that is
empty, or of the first, if that names or numbers the records. Where there is no LF at all, lines end in CR. Numbers that
are not finite are missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MISSING = {"", "na", "nan", "null"}
INFINITE = {"inf", "infinity"}


class Refused(Exception):  # noqa: N818  # the reference's own
    """What the rules don't allow."""


@dataclass(frozen=True)
class Parsed:
    """The header, and the records' cells as they are written."""

    header: list[str]
    records: list[list[str]]

    def column(self, name: str) -> list[str]:
        """The cells of a column."""
        place = self.header.index(name)
        return [record[place] for record in self.records]


def parse(data: bytes) -> Parsed:
    """The table in ``data``; raises ``Refused``."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refused("encoding") from None
    text = text.lstrip("\ufeff")
    if "\0" in text:
        raise Refused("NUL")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if text and not text.endswith("\n"):
        text += "\n"  # also after a CR: the last record's end may be cut off
    records = _without_blank_end(_records(text))
    if not records:
        raise Refused("empty")
    first = _completed(records[0], records[1:])
    header = _named(first)
    if len(set(header)) < len(header) or not all(name.strip() for name in header[1:]):
        raise Refused("column names")
    for record in records[1:]:
        if record == BLANK or len(record) not in {len(header), len(first)}:
            raise Refused("number of cells")
        if any(cell.strip(" \t").casefold() not in MISSING for cell in record[len(header) :]):
            raise Refused("a value without a name")
    return Parsed(header, records[1:])


def _completed(first: list[str], records: list[list[str]]) -> list[str]:
    """The header with the name that it lacks, an empty one."""
    if len(first) < 2 or len(records) < 3 or any(len(record) != len(first) + 1 for record in records):
        return first
    if not any(record[-1].strip() for record in records):
        return [*first, ""]
    names = [record[0] for record in records]
    if not any(_is_number(name) for name in names):
        return ["", *first] if len(set(names)) == len(names) else first
    counts = all(name.isdigit() for name in names) and sorted(set(names), key=int) == names
    return ["", *first] if counts else first


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _named(first: list[str]) -> list[str]:
    """The header without the names at the right edge that are none."""
    names = [first[0] if first[0].strip() else "", *first[1:]]
    while len(names) > 1 and not names[-1].strip():
        names.pop()
    return names


BLANK = ["\0 nothing at all"]
"""A line without a character, which is not the same as one empty quoted cell."""


def _records(text: str) -> list[list[str]]:
    records: list[list[str]] = []
    place = 0
    while place < len(text):
        record, place = _record(text, place)
        records.append(record)
    return records


def _record(text: str, place: int) -> tuple[list[str], int]:
    cells: list[str] = []
    start = place
    while True:
        cell, place = _cell(text, place)
        cells.append(cell)
        if place == len(text):
            break
        if text[place] == ",":
            place += 1
            continue
        break
    end = place
    if text.startswith("\r\n", place):
        place += 2
    elif text.startswith("\n", place):
        place += 1
    elif place < len(text):
        raise Refused("after a closing quote, or a lone CR")
    return (BLANK if end == start else cells), place


def _cell(text: str, place: int) -> tuple[str, int]:
    if text.startswith('"', place):
        return _quoted(text, place + 1)
    start = place
    while place < len(text) and text[place] not in ',\n\r"':
        place += 1
    if text.startswith('"', place):
        raise Refused("a quote inside an unquoted cell")
    return text[start:place], place


def _quoted(text: str, place: int) -> tuple[str, int]:
    found = ""
    while place < len(text):
        if text[place] != '"':
            found += text[place]
            place += 1
        elif text.startswith('""', place):
            found += '"'
            place += 2
        else:
            return found, place + 1
    raise Refused("unterminated quote")


def _without_blank_end(records: list[list[str]]) -> list[list[str]]:
    while records and records[-1] == BLANK:
        records = records[:-1]
    return records


def number(cell: str) -> float | None:
    """The value of a numeric cell, None where it is missing or too large; raises ``Refused``."""
    inner = cell.strip(" \t")
    if inner.casefold() in MISSING or inner.casefold().removeprefix("+").removeprefix("-") in INFINITE:
        return None
    if set(inner) - set("0123456789+-.eE"):
        raise Refused("not a number")
    try:
        value = float(inner)
    except ValueError:
        raise Refused("not a number") from None
    return value if math.isfinite(value) else None
