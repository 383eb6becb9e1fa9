"""How a file is to be read, and which of its columns."""

import codecs
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from phoneprice.data.reading.faults import require_named
from phoneprice.errors import UsageError

OUTER_SPACES = " \t"
"""The spaces around a cell that mean nothing in a number or a missing value."""


@dataclass(frozen=True)
class ReadOptions:
    r"""What can't be seen from a file itself.

    ``missing_values`` are compared casefolded and without outer spaces. The two characters ``\t`` stand for a
    tab as the delimiter. Raises ``UsageError`` for a delimiter or an encoding that can't be used.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    missing_values: frozenset[str] = frozenset({"", "na", "nan", "null"})
    on_bad_row: Literal["fail", "skip"] = "fail"

    def __post_init__(self) -> None:
        object.__setattr__(self, "delimiter", "\t" if self.delimiter == r"\t" else self.delimiter)
        words = frozenset(word.strip(OUTER_SPACES).casefold() for word in self.missing_values)
        object.__setattr__(self, "missing_values", words)
        _check_delimiter(self.delimiter)
        _check_encoding(self.encoding)

    def but_for(
        self,
        delimiter: str | None = None,
        encoding: str | None = None,
        on_bad_row: Literal["fail", "skip"] | None = None,
    ) -> "ReadOptions":
        """These options, but for those that are given."""
        given: dict[str, Any] = {"delimiter": delimiter, "encoding": encoding, "on_bad_row": on_bad_row}
        return replace(self, **{name: value for name, value in given.items() if value is not None})


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
    """The columns asked for: as numbers, as text (missing words become null), and as they were written."""

    header: tuple[str, ...]
    numeric: frozenset[str] = frozenset()
    text: frozenset[str] = frozenset()
    verbatim: frozenset[str] = frozenset()
    wanted: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        asked = self.numeric | self.text | self.verbatim
        object.__setattr__(self, "wanted", tuple(name for name in self.header if name in asked))

    @property
    def kept_text(self) -> frozenset[str]:
        """The columns read as text only: ``numeric`` wins where a column is in both."""
        return self.text - self.numeric


def select(
    source: str,
    header: tuple[str, ...],
    numeric: Collection[str],
    text: Collection[str],
    verbatim: Collection[str],
) -> Selection:
    """The selection, or ``DataError`` that lists every column the header lacks."""
    require_named(source, dict.fromkeys([*numeric, *text, *verbatim]), header)
    return Selection(header, frozenset(numeric), frozenset(text), frozenset(verbatim))
