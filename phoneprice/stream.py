"""The name and the numbers of the standard streams, and the name of a table inside a file."""

import os
from pathlib import Path
from typing import Literal

STDIN, STDOUT, STDERR = 0, 1, 2
STREAM = Path("-")
"""In place of a file: standard input to read a table from, standard output to write to."""
StreamFormat = Literal["csv", "jsonl", "parquet"]
"""What standard output may be written in, by the suffixes of files."""


def given_path(name: Path | str) -> Path:
    """The path that somebody has named: the text ``./-`` is a file, which its absolute path alone tells from ``-``."""
    path = Path(name)
    return path.absolute() if path == STREAM and str(name) != str(STREAM) else path


def file_and_part(path: Path) -> tuple[Path, str]:
    """The file that holds a table, and which of its tables is meant: ``book.xlsx#Sheet``, ``tables.zip#new.csv``.

    A file whose own name has the ``#`` is that file.
    """
    file, mark, part = str(path).rpartition("#")
    if not mark or not part or os.path.lexists(path) or not os.path.isfile(file):  # noqa: PTH113
        return path, ""
    return Path(file), part
