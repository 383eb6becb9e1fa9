"""What one call of the program may show, and where it shows it."""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any

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

    @property
    def shows_tables(self) -> bool:
        """Whether tables and summaries are wanted: not with ``--quiet`` or ``--json``."""
        return not self.quiet and not self.json

    @property
    def wants_json(self) -> bool:
        """Whether ``--json`` was given, also on a command line that could not be parsed."""
        options = self.arguments[: self.arguments.index("--")] if "--" in self.arguments else self.arguments
        return self.json or "--json" in options

    def say(self, text: str) -> None:
        """A line for people, on stderr; nothing with ``--quiet``."""
        if not self.quiet:
            sys.stderr.write(f"{printable(text, lines=True)}\n")
            sys.stderr.flush()

    def write(self, text: str) -> None:
        """Data, on stdout as it stands."""
        self.wrote = True
        sys.stdout.write(text)

    def document(self, document: Mapping[str, Any]) -> None:
        """The one JSON document of ``--json``."""
        self.write(rendered(document))


def rendered(document: Mapping[str, Any]) -> str:
    """A document as JSON, in ASCII where stdout has no UTF-8; NaN and infinities become null."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(_plain(document), indent=2, ensure_ascii=not unicode, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """The value in JSON's own types: records as objects, NumPy's arrays and scalars as lists and numbers."""
    if is_dataclass(value):
        value = vars(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return _plain(value.tolist()) if hasattr(value, "tolist") else str(value)
