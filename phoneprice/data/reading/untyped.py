"""What the readers of formats whose columns have no types share: CSV, JSON and workbooks."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from phoneprice.data.reading.options import ReadOptions, recognised_remark
from phoneprice.data.reading.text_source import Utf8Source


class _Closed(Protocol):
    def close(self) -> None: ...


class UntypedReader:
    """A reader of an open ``file``, which it closes; ``options`` say how the file is to be read."""

    numeric_columns: frozenset[str] | None = None
    other_types: Mapping[str, str] = MappingProxyType({})
    most_bytes: int | None = None

    def __init__(self, source: str, file: _Closed, options: ReadOptions) -> None:
        self.source = source
        self._file = file
        self._asked = options

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class TextReader(UntypedReader):
    """The same of text, whose encoding may be recognised while it is read."""

    def __init__(self, stream: Utf8Source, options: ReadOptions) -> None:
        super().__init__(stream.source, stream, options)
        self._stream = stream
        self._options = options

    @property
    def options(self) -> ReadOptions:
        """How the file is read, with what was recognised so far."""
        return replace(self._options, encoding=self._stream.encoding)

    def remarks(self) -> list[str]:
        """What was recognised."""
        found = self._stream.found
        told = recognised_remark(self._asked, self.options, found.others if found else ())
        return [told] if told else []
