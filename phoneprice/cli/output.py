"""The door to stdout and stderr, the only one besides ``rendering.console``, which has colours and tables."""

import fcntl
import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, TextIO

from phoneprice.wording import printable

WIDTH = 80
"""Columns that are used of a terminal, however wide it is."""


def write_lines(stream: TextIO, *lines: str) -> None:
    """Write each text as one line; whatever a file or a run has put into it is ``printable`` then."""
    stream.write("".join(f"{printable(line)}\n" for line in lines))


def number_of(stream: TextIO) -> int | None:
    """The descriptor that a stream writes to; None for one in memory."""
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def is_closed(stream: TextIO) -> bool:
    """Whether a stream for output was closed when the program began; see ``streams.prepare_streams``."""
    number = number_of(stream)
    return number is not None and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def json_lines(document: Mapping[str, Any]) -> list[str]:
    r"""A document as JSON, in ASCII where stdout has no UTF-8; NaN and infinities become null.

    What is not printable is escaped as JSON has it (``"\u001b"``), so who parses the document gets it as it was.
    """
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(_plain(document), indent=2, ensure_ascii=not unicode, allow_nan=False)
    return [printable(line, _escaped) for line in text.split("\n")]


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]


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
