"""How a table of text is laid out: its delimiter, and where its header is.

The first records are cut at each of a few delimiters. The one under which they agree best on the number of cells is the
table's, as DuckDB's sniffer has it; the standard library's looks at characters instead.
What stands above the header (titles, comments, blank lines) has fewer cells than the records below it, and it is only
taken for that if what is then the header holds names, not data. So a file that is a table from its first line on stays
one.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from phoneprice.data.reading.cells import NUMBER
from phoneprice.wording import quoted

DELIMITERS = "\t|;,"
"""The rarest in text first: that decides where two cut the records equally well."""
PREVIEW_BYTES, PREVIEW_RECORDS = 1 << 16, 100
"""What is looked at."""
SEP_LINE_BYTES = 16
ENOUGH_ROWS = 3
"""That have a cell more than the header, before it is not taken for a mistake."""
_MOST_ABOVE = 50
"""Records above a header that are recognised."""
_SEP = re.compile(rb'"?sep=([\t!-/:-@\[-`{-~])"?\r?\n', re.IGNORECASE)

Record = Sequence[str]


@dataclass(frozen=True)
class Layout:
    """Lines that stand above the header, and the delimiter of the records."""

    delimiter: str
    skip_lines: int


def declared_delimiter(head: bytes) -> str | None:
    """The delimiter that Excel's ``sep=`` line names, if the text begins with one."""
    found = _SEP.match(head)
    return found.group(1).decode("latin-1") if found else None


def recognised_layout(head: bytes, delimiter: str | None = None) -> Layout:
    """The layout of text that begins so, of which the ``delimiter`` may be known: a comma where nothing tells."""
    text = _whole_lines(head).decode("utf-8", "replace")
    ways = (_way(text, known) for known in ([delimiter] if delimiter else DELIMITERS))
    found = [way for way in ways if way is not None]
    best = max(found, key=lambda way: way.merit, default=None)
    if best:
        return best.layout
    return Layout(delimiter or (" " if _has_spaces_between(text) else ","), 0)


def lacks_a_name(head: bytes, delimiter: str) -> bool:
    """Whether the first row has a cell more than the header."""
    records = _records(_whole_lines(head).decode("utf-8", "replace"), delimiter, most=2)[0]
    return len(records) > 1 and len(records[1]) == len(records[0]) + 1


def completed(names: Record, head: bytes, delimiter: str) -> Record:
    """The names in a header, with an empty one where all rows that follow it in ``head`` have one cell more.

    Those are R's ``write.table``, whose row names stand first without a name, and rows that end in a delimiter.
    """
    rows = [record for record in _records(head.decode("utf-8", "replace"), delimiter)[0][1:] if record]
    if len(names) < 2 or len(rows) < ENOUGH_ROWS or any(len(row) != len(names) + 1 for row in rows):
        return names
    if not any(row[-1].strip() for row in rows):
        return [*names, ""]
    return ["", *names] if _name_rows([row[0] for row in rows]) else names


def _name_rows(cells: Sequence[str]) -> bool:
    """Whether these are the names or the numbers of rows; what is left of ``1,5`` is not."""
    if not any(map(_is_number, cells)):
        return len(set(cells)) == len(cells)
    return all(map(str.isdigit, cells)) and all(int(upper) < int(lower) for upper, lower in pairwise(cells))


def header_place(records: Sequence[Record]) -> int:
    """How many of the first records of a sheet stand above its header."""
    return _place(records, _usual_width(records))


def looks_like_data(record: Record) -> bool:
    """Whether what should be the names of columns are values: at least half of them numbers, and not years."""
    numbers = [cell.strip() for cell in record if _is_number(cell)]
    return bool(numbers) and 2 * len(numbers) >= len(record) and not _go_up_evenly(numbers)


def names_suspected(header: Record) -> str | None:
    """What to say of a header that looks like a row of data."""
    if not looks_like_data(header):
        return None
    shown = ", ".join(quoted(cell) for cell in header[:3])
    return f"the names of the columns look like values ({shown}); if they are a row, use --no-header"


@dataclass(frozen=True)
class _Way:
    """The records cut at a delimiter."""

    layout: Layout
    width: int
    header_fits: bool
    share: float
    """Of the records from the header on, those that have the usual width."""

    @property
    def merit(self) -> tuple[bool, float, bool, int]:
        return self.header_fits, round(self.share, 1), self.layout.skip_lines == 0, self.width


def _way(text: str, delimiter: str) -> _Way | None:
    records, ends = _records(text, delimiter)
    width = _usual_width(records)
    if width < 2:
        return None
    place = _place(records, width)
    below = [record for record in records[place:] if record]
    missing = abs(len(below[0]) - width)
    if missing > 1:
        return None  # whatever this is, it isn't a header of such records
    share = sum(len(record) == width for record in below) / len(below)
    return _Way(Layout(delimiter, ends[place - 1] if place else 0), width, not missing, share)


def _has_spaces_between(text: str) -> bool:
    """Whether all records agree when cut at spaces, as those of R's ``write.table``: words have spaces, too."""
    names, *rows = [record for record in _records(text, " ")[0] if record] or [()]
    widths = {len(row) for row in rows}
    agree = len(names) > 1 and widths in ({len(names)}, {len(names) + 1})
    return agree and _are_names_of([names, *rows])


def _records(text: str, delimiter: str, most: int = PREVIEW_RECORDS) -> tuple[list[Record], list[int]]:
    """The first records, and the line at which each ends."""
    records: list[Record] = []
    ends: list[int] = []
    reader = csv.reader(_lines(text), delimiter=delimiter)
    try:
        for record in reader:
            records.append(record)
            ends.append(reader.line_num)
            if len(records) == most:
                break
    except csv.Error:  # a field that is too long, or a lone carriage return: what is before it has to do
        pass
    return records, ends


def _lines(text: str) -> Iterator[str]:
    return (f"{line}\n" for line in text.removesuffix("\n").split("\n")) if text else iter(())


def _usual_width(records: Sequence[Record]) -> int:
    """The commonest number of cells, the greatest of several; the first records may be above the table."""
    counts = Counter(len(record) for record in records[len(records) // 3 :] if record)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _place(records: Sequence[Record], width: int) -> int:
    """The first record that may be a header of records of this width; 0 if what follows are no names."""
    place = _after_blank(records, width)
    while place < min(_MOST_ABOVE, len(records) - 2) and _is_above(records[place], records[place + 1 :], width):
        place += 1
    names = records[place] if place < len(records) else ()
    return place if len(names) == width and _are_names(names) else 0


def _after_blank(records: Sequence[Record], width: int) -> int:
    """One past the last of the first records that is blank, if names follow: rows may have none between them."""
    blank = [place for place, record in enumerate(records[:_MOST_ABOVE]) if len(record) < 2 and not _filled(record)]
    after = records[blank[-1] + 1 :] if blank else ()
    return blank[-1] + 1 if len(after) > 1 and len(after[0]) == width and _are_names_of(after) else 0


def _is_above(record: Record, below: Sequence[Record], width: int) -> bool:
    filled = _filled(record)
    if filled <= 1 and len(record) in {0, 1}:
        return width > 1
    if len(record) == width:
        title = (width > 2 or not filled) and filled <= 1 and any(_filled(later) > 1 for later in below)
        return title or (record[0].lstrip().startswith("#") and _are_names_of(below))
    return 2 * len(record) <= width or record[0].lstrip().startswith("#")


def _filled(record: Record) -> int:
    return sum(bool(cell.strip()) for cell in record)


def _are_names_of(records: Sequence[Record]) -> bool:
    """Whether the first record has names, and some later one numbers: a comment is no header of these."""
    names, *rows = records
    return _are_names(names) and any(any(map(_is_number, row)) for row in rows)


def _are_names(record: Record) -> bool:
    """Words, and no numbers but years and the like."""
    numbers = [cell.strip() for cell in record if _is_number(cell)]
    return not numbers or (len(numbers) < len(record) and _go_up_evenly(numbers))


def _go_up_evenly(numbers: Sequence[str]) -> bool:
    """Years, or positions: two numbers always do, so those have to be years."""
    if len(numbers) < 2 or not all(map(str.isdigit, numbers)):
        return False
    steps = {int(later) - int(earlier) for earlier, later in pairwise(numbers)}
    years = all(len(number) == 4 for number in numbers)
    return len(steps) == 1 and steps != {0} and (years or len(numbers) > 2)


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell.strip()) is not None


def _whole_lines(head: bytes) -> bytes:
    """Without a line that is cut, if there is another."""
    end = head.rfind(b"\n", 0, PREVIEW_BYTES)
    return head[: end + 1] if len(head) > PREVIEW_BYTES and end > 0 else head
