"""What the pages of a Parquet file unpack to, read from their headers before anything is unpacked.

The footer says how large a column is, and may lie; what is allocated is what the header before each page says. Arrow
reads these headers too, but tells nobody. Format: https://parquet.apache.org/docs/file-format/data-pages/, headers in
Thrift's compact protocol, https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

_HEADER_BYTES = 1 << 8
_LARGEST_HEADER = 16 << 20
"""Statistics of long texts stand in it. As Arrow has it."""
_DEEPEST = 8
"""Structures in each other that a header has at most, and some more."""

# Numbers of the format.
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
_TYPE, _UNPACKED, _PACKED = 1, 2, 3
_HEADERS = {_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}
"""The field of a page's own header, by its type."""
_VALUES = 1
_ENCODINGS = {_DATA: 2, _DICTIONARY: 2, _DATA_V2: 4}
_PLAIN, _DELTA_LENGTH = 0, 6
_FROM_DICTIONARY = frozenset({2, 8})
_NUMBER_BYTES = _INDEX_BYTES = 8
"""Of a number, which becomes float64, and of the place of a text."""


class PageError(ValueError):
    """A header that is none, or contradicts the footer."""


@dataclass(frozen=True)
class Page:
    """A page of values, or their dictionary; ``unpacked`` are the bytes that are allocated for it."""

    dictionary: bool
    values: int
    unpacked: int
    encoding: int


@dataclass(frozen=True)
class Leaf:
    """A column of values, of which nested types have several. ``width`` in bytes is None where it varies (text)."""

    column: str
    width: int | None
    nested: bool
    text: bool


Words = Literal["all", "first", "unknown"]
"""How text uses dictionaries, in which one word may stand for millions of rows: all of it does, so that it can be read
as indices; or each row group begins with it, so that the words can be looked at; or there is no telling, and
``row_bytes`` takes each value for as large as its dictionary. Without dictionaries there is nothing to tell."""


@dataclass(frozen=True)
class Unpacked:
    """What a leaf takes in memory, at most.

    ``open_bytes`` are those of its largest dictionary and its largest page: one of each is in memory at a time.
    Values take ``row_bytes`` a row; where pages hold them as they are, also the ``page_bytes`` ``(pages,)`` of the
    pages that a batch has rows of, ``row_ends`` ``(pages,)`` being the rows up to the end of each, the first one none.
    """

    leaf: Leaf
    words: Words
    row_ends: NDArray[np.int64]
    page_bytes: NDArray[np.int64]
    row_bytes: int
    open_bytes: int
    largest_value: int
    """Bytes that the largest value of text has at least."""

    def batch_bytes(self, rows: int) -> int:
        """The most that the values of so many rows take, wherever they begin."""
        if not self.page_bytes.any():
            return rows * self.row_bytes
        before = np.cumsum(self.page_bytes)
        starts = self.row_ends[1:] - 1  # the last row of each page: no other in it reaches further
        last = np.searchsorted(self.row_ends, np.minimum(starts + rows, self.row_ends[-1]))
        return rows * self.row_bytes + int((before[last] - before[:-1]).max(initial=0))


def unpacked(file: BinaryIO, metadata: Any, index: int, leaf: Leaf) -> Unpacked:
    """Look at all pages of the leaf ``index`` of the file that the ``pyarrow.parquet.FileMetaData`` is of.

    Raises ``PageError``.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    pages = [list(_pages(file, group.column(index))) for group in groups]
    every = [page for group in pages for page in group]
    words = _words(pages) if leaf.text else "unknown"
    ends, costs, each = [0], [0], 0
    for group, found in zip(groups, pages, strict=True):
        taken = list(_values_bytes(found, leaf, words))
        if leaf.nested:  # which rows a page has is not in its header
            ends.append(ends[-1] + group.num_rows)
            costs.append(sum(values * value + whole for values, value, whole in taken))
            continue
        for values, value, whole in taken:
            each = max(each, value)
            ends.append(ends[-1] + values)
            costs.append(whole)
    largest = {
        kind: max((page.unpacked for page in every if page.dictionary == kind), default=0) for kind in (True, False)
    }
    lone = max((page.unpacked // page.values for page in every if page.values), default=0)
    value = lone if leaf.width is None and not leaf.nested else 0
    return Unpacked(leaf, words, np.array(ends), np.array(costs), each, sum(largest.values()), value)


def _words(pages: Sequence[Sequence[Page]]) -> Words:
    """Of the pages of each row group. Besides indices Arrow reads only text that stands as it is."""
    encodings = [[page.encoding for page in group if not page.dictionary] for group in pages]
    if not {encoding for group in encodings for encoding in group} <= {*_FROM_DICTIONARY, _PLAIN}:
        return "unknown"
    if not all(group[0] in _FROM_DICTIONARY for group in encodings if group):
        return "unknown"
    return "first" if any(_PLAIN in group for group in encodings) else "all"


def _values_bytes(pages: Sequence[Page], leaf: Leaf, words: Words) -> Iterator[tuple[int, int, int]]:
    """Of each page with values their number, the most that each takes in memory, and that all take besides."""
    dictionary = 0
    for page in pages:
        if page.dictionary:
            dictionary = page.unpacked if words == "unknown" else 0
        elif page.values:
            yield page.values, *_value_bytes(page, leaf, dictionary)


def _value_bytes(page: Page, leaf: Leaf, dictionary: int) -> tuple[int, int]:
    """The most that each value of a page takes in memory, and what they take together besides."""
    if leaf.width is not None:
        return max(leaf.width, _NUMBER_BYTES), 0
    if page.encoding in {_PLAIN, _DELTA_LENGTH}:
        return _INDEX_BYTES, page.unpacked
    if page.encoding in _FROM_DICTIONARY:
        return _INDEX_BYTES + dictionary, 0
    return _INDEX_BYTES + page.unpacked, 0  # each value may repeat nearly all of the one before


def _pages(file: BinaryIO, chunk: Any) -> Iterator[Page]:
    """The pages of a column in a row group, as Arrow would read them."""
    place, seen = chunk.data_page_offset, 0
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < place:
        place = chunk.dictionary_page_offset
    end = place + chunk.total_compressed_size
    while seen < chunk.num_values and place < end:
        header, length = _header(file, place)
        packed, taken = _number(header, _PACKED), max(_number(header, _UNPACKED), _number(header, _PACKED))
        place += length + packed
        kind = _number(header, _TYPE)
        if kind not in _HEADERS:
            continue
        own = header.get(_HEADERS[kind])
        if not isinstance(own, dict):
            raise PageError("a page without its header")
        page = Page(kind == _DICTIONARY, _number(own, _VALUES), taken, _number(own, _ENCODINGS[kind]))
        seen += 0 if page.dictionary else page.values
        yield page


def _number(fields: dict[int, Any], field: int) -> int:
    found = fields.get(field)
    if not isinstance(found, int) or found < 0:
        raise PageError("a page header without a number that it needs")
    return found


def _header(file: BinaryIO, place: int) -> tuple[dict[int, Any], int]:
    """The fields of the page header at ``place``, and its length in bytes."""
    size = _HEADER_BYTES
    while True:
        file.seek(place)
        data = file.read(size)
        try:
            return _Compact(data).struct()
        except IndexError:
            if len(data) < size or size >= _LARGEST_HEADER:
                raise PageError("a page header without an end") from None
            size *= 8


class _Compact:
    """Thrift's compact protocol, as far as page headers need it; ``IndexError`` where the data end too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def struct(self) -> tuple[dict[int, Any], int]:
        """Whole numbers and structures by the numbers of their fields, and the bytes read so far."""
        return self._struct(0), self._place

    def _struct(self, depth: int) -> dict[int, Any]:
        if depth > _DEEPEST:
            raise PageError("a page header nested too deeply")
        fields: dict[int, Any] = {}
        field = 0
        while (head := self._byte()) != 0:
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            fields[field] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        match kind:
            case 1 | 2:  # true and false have no bytes
                return None
            case 3:
                return self._skip(1)
            case 4 | 5 | 6:
                return self._zigzag()
            case 7:
                return self._skip(8)
            case 8:
                return self._skip(self._varint())
            case 12:
                return self._struct(depth + 1)
        raise PageError("a page header with a list in it")

    def _byte(self) -> int:
        self._place += 1
        return self._data[self._place - 1]

    def _skip(self, size: int) -> None:
        self._place += size
        if self._place > len(self._data):
            raise IndexError

    def _varint(self) -> int:
        number = shift = 0
        while (byte := self._byte()) >= 128:
            number |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise PageError("a page header with an endless number")
        return number | byte << shift

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
