"""What one call of the program may show, and where it shows it."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from phoneprice.cli.output import WIDTH, is_closed, json_lines, write_lines
from phoneprice.wording import printable


@dataclass
class Session:
    """The options that every command has, and the two streams: data on stdout, all the rest on stderr."""

    arguments: tuple[str, ...] = ()
    """The command line, without the program's name."""
    json: bool = False
    quiet: bool = False
    debug: bool = False
    wrote: bool = False
    """Whether anything was written to stdout; a document must be alone there."""
    spared: frozenset[int] = frozenset()
    """The streams that nothing is printed to, since they lead to what is read or into a run."""

    @property
    def shows_tables(self) -> bool:
        """Whether tables and summaries are wanted: not with ``--quiet`` or ``--json``."""
        return not self.quiet and not self.json

    @property
    def wants_json(self) -> bool:
        """Whether ``--json`` was given, also on a command line that could not be parsed."""
        options = self.arguments[: self.arguments.index("--")] if "--" in self.arguments else self.arguments
        return self.json or "--json" in options

    def say(self, text: str, *, whole: bool = False) -> None:
        """A line for people, on stderr; nothing with ``--quiet``.

        A terminal gets one that is too long for it in several, but for what is to be copied ``whole``; a log has it in
        one.
        """
        if not self.quiet:
            write_lines(sys.stderr, *([text] if whole or not sys.stderr.isatty() else _wrapped(text)))
            sys.stderr.flush()

    def write(self, *lines: str) -> None:
        """A command's result, line by line, on stdout."""
        self.wrote = True
        write_lines(sys.stdout, *lines)

    def tell(self, *paths: Path) -> None:
        """Where a command's result is, on stdout, for scripts: where that is closed, nobody wants to know."""
        if not is_closed(sys.stdout):
            self.write(*map(str, paths))

    def document(self, document: Mapping[str, Any]) -> None:
        """The one JSON document of ``--json``."""
        self.write(*json_lines(document))


def _wrapped(text: str) -> list[str]:
    """A message as lines that fit the terminal, broken between words; what goes on is indented."""
    columns = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    return wrap(printable(text), columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
