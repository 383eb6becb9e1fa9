"""The name of standard input and output."""

from pathlib import Path

STREAM = Path("-")
"""In place of a file: standard input to read a table from, standard output to write to."""
