"""What every format offers to the stream of segments."""

from collections.abc import Callable, Iterator
from typing import Protocol

from phoneprice.data.reading.options import Selection
from phoneprice.data.table import Table

Job = Callable[[], Table]
"""The work on a segment that is independent of the other segments."""


class FormatReader(Protocol):
    """An open file whose header is known."""

    @property
    def source(self) -> str:
        """The name in messages."""

    @property
    def header(self) -> tuple[str, ...]:
        """The column names, in the order of the file."""

    @property
    def numeric_columns(self) -> frozenset[str] | None:
        """The columns that are numbers by their type; None where the format has no types."""

    def jobs(self, selection: Selection, chunk_rows: int) -> Iterator[Job]:
        """Jobs, in the order of the file; each gives a table of at most ``chunk_rows`` rows."""

    def close(self) -> None:
        """Close the file."""
