"""How a file is to be read, and which of its columns."""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, get_args

from phoneprice.config.bounds import MOST_SKIPPED_LINES
from phoneprice.config.schema import DateForm, Infinite
from phoneprice.data.number_formats import PLAIN, NumberFormat
from phoneprice.errors import UsageError
from phoneprice.wording import counted, listed

OnBadRow = Literal["fail", "skip"]
AUTO: Final = "auto"
"""In the place of a delimiter, an encoding or a number of lines: the file itself tells."""
OUTER_SPACES = " \t"
"""The spaces around a cell that mean nothing in a number or a missing value."""


@dataclass(frozen=True)
class CellRules:
    """What cells of a column mean: which words stand for none (casefolded, without outer spaces), and its numbers."""

    missing_values: frozenset[str]
    number_format: NumberFormat = PLAIN

    def __post_init__(self) -> None:
        words = frozenset(word.strip(OUTER_SPACES).casefold() for word in self.missing_values)
        object.__setattr__(self, "missing_values", words)


@dataclass(frozen=True)
class ReadOptions:
    """How a file is to be read; what is ``AUTO`` is seen from the file itself.

    ``missing_values`` are compared casefolded and without outer spaces; ``columns`` have the rules of the columns that
    are read differently. Where the encoding is ``AUTO``, bytes are taken for the ``usual_encoding`` if they fit it and
    are not plainly UTF-8. A first line with all of the ``names`` is the header, and nothing stands above it; else
    ``skip_lines`` do, besides Excel's ``sep=`` line. Without a ``header`` the first line is a row. ``part`` names the
    worksheet, where that is not the first. Raises ``UsageError`` for what can't be used.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    missing_values: frozenset[str] = frozenset({"", "na", "nan", "null"})
    on_bad_row: OnBadRow = "fail"
    number_format: NumberFormat = PLAIN
    columns: Mapping[str, CellRules] = field(default_factory=dict)
    skip_lines: int | Literal["auto"] = 0
    header: bool = True
    infinite: Infinite = "fail"
    names: frozenset[str] = frozenset()
    usual_encoding: str = "utf-8"
    part: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing_values", self._usual.missing_values)
        if self.delimiter != AUTO:
            _check_delimiter(self.delimiter)
        if self.encoding != AUTO:
            _check_encoding(self.encoding)
        _check_skip_lines(self.skip_lines)
        if self.on_bad_row not in get_args(OnBadRow):
            raise UsageError(f"found on_bad_row {self.on_bad_row!r}, expected 'fail' or 'skip'; correct it")

    @cached_property
    def _usual(self) -> CellRules:
        return CellRules(self.missing_values, self.number_format)

    def rules(self, column: str) -> CellRules:
        """What the cells of a column mean."""
        return self.columns.get(column) or self._usual

    def read_by_arrow(self, column: str) -> bool:
        """Whether Arrow's reader knows the numbers of a column: it has one set of words and the plain format."""
        return self.number_format.plain and column not in self.columns


def recognised_remark(asked: ReadOptions, found: ReadOptions, other_encodings: Sequence[str] = ()) -> str | None:
    """What to say of options that were left open, if they were found to be other than usual."""
    told, fit = [], ""
    if asked.encoding == AUTO and found.encoding not in {AUTO, asked.usual_encoding}:
        told.append(("encoding", f"{found.encoding} text"))
        fit = f" ({listed(other_encodings)} would fit, too)" if other_encodings else ""
    if asked.delimiter == AUTO and found.delimiter not in {AUTO, ","}:
        told.append(("delimiter", f"the delimiter {found.delimiter!r}"))
    if asked.skip_lines == AUTO and found.skip_lines not in {AUTO, 0}:
        told.append(("skip_lines", f"{counted(int(found.skip_lines), 'line')} above the header"))
    if not told:
        return None
    settings = listed(f"data.{name}" for name, _ in told)
    sets = f"{settings} {'sets it' if len(told) == 1 else 'set them'}"
    return f"recognised {listed(what for _, what in told)}; {sets}{fit}"


def _check_delimiter(delimiter: str) -> None:
    usable = len(delimiter) == 1 and delimiter.isascii() and (delimiter.isprintable() or delimiter == "\t")
    if not usable or delimiter.isalnum() or delimiter in '"+-.':
        raise UsageError(
            f"found delimiter {delimiter!r}, expected one character such as ',', ';', '|' or '\\t', "
            "not a letter, a digit, a quote or '+', '-', '.'; correct --delimiter or data.delimiter"
        )


def _check_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
        "".encode(encoding)
    except (LookupError, UnicodeError, ValueError):
        raise UsageError(
            f"found encoding {encoding!r}, expected a name such as utf-8, utf-16, latin-1 or cp1252; "
            "correct --encoding or data.encoding"
        ) from None


def _check_skip_lines(lines: int | str) -> None:
    if lines != AUTO and (not isinstance(lines, int) or not 0 <= lines <= MOST_SKIPPED_LINES):
        raise UsageError(
            f"found skip_lines {lines!r}, expected a whole number from 0 to {MOST_SKIPPED_LINES}, or 'auto'; "
            "correct --skip-lines or data.skip_lines"
        )


@dataclass(frozen=True)
class Selection:
    """The columns asked for: as numbers, as text (missing words become null), as they were written, dates as days.

    ``edge`` has keys for the columns at the right edge that have no name: they are read to see that they hold no value.
    """

    header: tuple[str, ...]
    numeric: frozenset[str] = frozenset()
    text: frozenset[str] = frozenset()
    verbatim: frozenset[str] = frozenset()
    edge: tuple[str, ...] = ()
    as_json: bool = False
    """Whether verbatim cells of files that tell numbers from text are ``arrow_types.JsonCell``, to be JSON."""
    dates: Mapping[str, DateForm] = field(default_factory=dict)
    wanted: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        asked = self.numeric | self.text | self.verbatim | self.dates.keys()
        object.__setattr__(self, "wanted", (*(name for name in self.header if name in asked), *self.edge))

    @property
    def layout(self) -> tuple[str, ...]:
        """All columns of the file in their order, those at the edge by their keys."""
        return (*self.header, *self.edge)
