"""The name of standard input and output."""

from pathlib import Path

STREAM = Path("-")
"""In place of a file: standard input to read a table from, standard output to write to."""


def given_path(name: Path | str) -> Path:
    """The path that somebody has named: the text ``./-`` is a file, which its absolute path alone tells from ``-``."""
    path = Path(name)
    return path.absolute() if path == STREAM and str(name) != str(STREAM) else path
