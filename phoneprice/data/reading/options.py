"""How a file is to be read, and which of its columns."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from phoneprice.config.schema import DateForm
from phoneprice.data.number_formats import PLAIN, NumberFormat
from phoneprice.errors import UsageError

OnBadRow = Literal["fail", "skip"]
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
    """What can't be seen from a file itself.

    ``missing_values`` are compared casefolded and without outer spaces; ``columns`` have the rules of the columns that
    are read differently. Raises ``UsageError`` for what can't be used.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    missing_values: frozenset[str] = frozenset({"", "na", "nan", "null"})
    on_bad_row: OnBadRow = "fail"
    number_format: NumberFormat = PLAIN
    columns: Mapping[str, CellRules] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing_values", self._usual.missing_values)
        _check_delimiter(self.delimiter)
        _check_encoding(self.encoding)
        if self.on_bad_row not in get_args(OnBadRow):
            raise UsageError(f"found on_bad_row {self.on_bad_row!r}, expected 'fail' or 'skip'; correct it")

    @property
    def _usual(self) -> CellRules:
        return CellRules(self.missing_values, self.number_format)

    def rules(self, column: str) -> CellRules:
        """What the cells of a column mean."""
        return self.columns.get(column) or self._usual

    def read_by_arrow(self, column: str) -> bool:
        """Whether Arrow's reader knows the numbers of a column: it has one set of words and the plain format."""
        return self.number_format.plain and column not in self.columns


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
    """Whether verbatim cells of JSON Lines are ``arrow_types.JsonCell``, to be JSON again."""
    dates: Mapping[str, DateForm] = field(default_factory=dict)
    wanted: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        asked = self.numeric | self.text | self.verbatim | self.dates.keys()
        object.__setattr__(self, "wanted", (*(name for name in self.header if name in asked), *self.edge))

    @property
    def layout(self) -> tuple[str, ...]:
        """All columns of the file in their order, those at the edge by their keys."""
        return (*self.header, *self.edge)
