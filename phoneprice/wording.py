"""How numbers, counts and text from elsewhere are written for people: in messages, in the terminal and on pages."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from itertools import islice

NONE = "-"
"""For a value that there is none of."""


def count(number: float) -> str:
    """``2,000``; what is no whole number, such as a sum of weights, in five digits."""
    return f"{number:,.5g}" if isinstance(number, float) and not number.is_integer() else f"{int(number):,}"


def noun(number: float, singular: str, plural: str | None = None) -> str:
    """``row`` for 1, ``rows`` for any other number; ``plural`` where an s won't do."""
    return singular if number == 1 else plural or f"{singular}s"


def counted(number: float, singular: str, plural: str | None = None) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{count(number)} {noun(number, singular, plural)}"


MOST_NAMED = 10
"""How many names a message lists; it counts the others."""


def as_name(name: str) -> str:
    """The name of a column in a list: in quotes where it begins or ends with a space, which nobody would see."""
    return name if name == name.strip() else quoted(name)


def first_of(names: Collection[str], most: int = MOST_NAMED, separator: str = ", ") -> str:
    """``a, b, c``; of many names the first ones ``and 99,990 more``."""
    text = separator.join(islice(names, most))
    return text if len(names) <= most else f"{text} and {count(len(names) - most)} more"


def counted_names(names: Collection[str], most: int = MOST_NAMED) -> str:
    """``3: a, b, c``; of many names the first ones."""
    return f"{count(len(names))}: {first_of(names, most)}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """``a, b and c``."""
    *others, final = words
    return f"{', '.join(others)} {last} {final}" if others else final


def by_name(counts: Counter[str]) -> str:
    """``ram 12, os 3``, the largest count first."""
    return first_of([f"{name} {count(times)}" for name, times in counts.most_common()])


def figure(value: float | None, *beside: float | None) -> str:
    """A measured value in four decimals, or in about five digits where it is large or tiny.

    Where it stands ``beside`` others, the largest of all decides the decimals: 0.0002 beside 0.0274, not 0.0002454.
    """
    if value is None or not math.isfinite(value):
        return NONE
    size = max(abs(own) for own in (value, *beside) if own is not None and math.isfinite(own))
    if size and (size < _SMALLEST_PLAIN or size >= 1e9):
        return f"{value:.3e}"
    if not size or size >= 0.001:
        decimals = 4 if size < 10 else 3 if size < 100 else 2 if size < 1000 else 1 if size < 10_000 else 0
    else:
        decimals = 3 - math.floor(math.log10(size))
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"  # + 0.0: no -0


_SMALLEST_PLAIN = 1e-6
"""Below, a figure has an exponent: the zeros would have to be counted."""


def span(low: float | None, high: float | None, *beside: float | None) -> str:
    """``0.9690 to 0.9823``; none where an end is missing or both are one."""
    ends = figure(low, high, *beside), figure(high, low, *beside)
    return NONE if NONE in ends or low == high else " to ".join(ends)


def below_each_other(texts: Sequence[str]) -> list[str]:
    """Figures of one length, with their decimal points below each other; what is none is at the right."""
    after = [len(text) - text.index(".") if "." in text else 0 for text in texts]
    most = max(after, default=0)
    padded = [text if text == NONE else text + " " * (most - own) for text, own in zip(texts, after, strict=True)]
    return [text.rjust(max(map(len, padded))) for text in padded]


def spans_below_each_other(rows: Iterable[Sequence[float | None]]) -> list[str]:
    """``span`` of each row, the decimal points of both ends below each other."""
    spans = [span(*row) for row in rows]
    ends = [text.split(" to ") for text in spans if text != NONE]
    columns = (below_each_other(column) for column in zip(*ends, strict=True))
    aligned = map(" to ".join, zip(*columns, strict=True))
    return [text if text == NONE else next(aligned) for text in spans]


def number(value: float | None) -> str:
    """A value of a table as it might stand there: all its digits if it is whole, else at most five."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    whole = value == int(value) or size >= 10_000
    return f"{value + 0.0:.0f}" if whole and size < 1e7 else f"{value:.5g}"  # + 0.0: no -0


def share(part: float, whole: float = 1) -> str:
    """``12.5%``."""
    return f"{part / whole:.1%}" if whole else NONE


def duration(seconds: float) -> str:
    """``0.8 s``, ``12 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(n_bytes: int) -> str:
    """``812 B``, ``4.2 kB``, ``66 MB``."""
    value, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"


def utf8_text(given: str) -> str:
    """Text from the command line or the environment as UTF-8, whatever the locale has made of its bytes.

    Raises ``UnicodeError`` for bytes that are none.
    """
    return given.encode("utf-8", "surrogateescape").decode("utf-8")


def utf8_or_escaped(given: str) -> str:
    r"""The same to show or to record: bytes that are no UTF-8 come escaped, ``\xff``."""
    with suppress(UnicodeEncodeError):
        return given.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return given.encode("utf-8", "backslashreplace").decode("utf-8")  # halves of characters that come from no bytes


def is_unicode(text: str) -> bool:
    """Whether a file can hold the text: bytes that are no UTF-8 come from a command line as halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(character: str) -> str:
    """A character as Python writes it in a text."""
    return character.encode("unicode_escape").decode("ascii")


def printable(text: str, escape: Callable[[str], str] = _escaped) -> str:
    r"""Text from a file or a run that a terminal only shows and never obeys, on one line.

    What Unicode calls not printable is escaped: control characters and line ends, those that turn the direction of
    reading or have no width, odd spaces, lone surrogates (``\x1b``, ``\n``, ``\u202e``); ``escape`` writes one of them.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else escape(c) for c in text)


def quoted(text: str, most: int = 40) -> str:
    """Text from a file in quotes, printable, and cut to about ``most`` characters."""
    return repr(cut(text, most))  # repr escapes by the rule of ``printable``, the quote and the backslash as well


def cut(text: str, most: int) -> str:
    """Text of at most ``most`` characters, with an ellipsis where some were left out."""
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
