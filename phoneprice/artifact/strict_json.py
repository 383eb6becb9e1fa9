"""JSON from strangers: no duplicate keys, no NaN, and limits on depth and number of values."""

import json
import re
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from phoneprice.artifact.layout import DAMAGED
from phoneprice.errors import ModelError
from phoneprice.wording import cut

MAX_DEPTH = 16
MAX_VALUES = 500_000
# Possessive, and ends at the end of the data too, so that no input makes it look at a byte twice.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def parse(data: bytes, source: str, *, max_values: int = MAX_VALUES) -> Any:
    """The document in ``data``; ``source`` names it in the ``ModelError`` that any fault raises."""
    _check_structure(data, source, max_values)
    try:
        return json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as fault:
        raise _invalid(source, str(fault)) from None


def parse_object(data: bytes, source: str, keys: frozenset[str], *, max_values: int = MAX_VALUES) -> dict[str, Any]:
    """The object in ``data``, which must have exactly these keys."""
    document = parse(data, source, max_values=max_values)
    if not isinstance(document, dict):
        raise _invalid(source, "expected an object")
    if document.keys() != keys:
        odd = min(document.keys() ^ keys)
        raise _invalid(source, f"{'missing' if odd in keys else 'unknown'} key {odd!r}")
    return document


def values_in(data: bytes) -> int:
    """How many values a document has, as ``max_values`` counts them."""
    return _values(_marks(data))


def render(document: Any) -> bytes:
    """A document as UTF-8 with a final newline; floats keep their exact value, NaN and infinity are errors."""
    return (json.dumps(document, allow_nan=False, ensure_ascii=False, indent=1) + "\n").encode()


def render_line(document: Any) -> bytes:
    """The same on one line."""
    return (json.dumps(document, allow_nan=False, ensure_ascii=False) + "\n").encode()


def _check_structure(data: bytes, source: str, max_values: int) -> None:
    """Depth and size, before the parser allocates anything."""
    marks = _marks(data)
    if _values(marks) > max_values:
        raise _invalid(source, f"more than {max_values} values")
    closing = (marks == ord("]")) | (marks == ord("}"))
    depth = np.cumsum(_opening(marks).astype(np.int32) - closing)
    if len(depth) and depth.max() > MAX_DEPTH:
        raise _invalid(source, f"nested deeper than {MAX_DEPTH} levels")


def _marks(data: bytes) -> NDArray[np.uint8]:
    """The bytes that are not within texts."""
    return np.frombuffer(_STRING.sub(b"", data), np.uint8)


def _values(marks: NDArray[np.uint8]) -> int:
    return int(np.count_nonzero(_opening(marks)) + np.count_nonzero(marks == ord(",")))


def _opening(marks: NDArray[np.uint8]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (marks == ord("[")) | (marks == ord("{"))
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice!r} twice")
    return found


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _invalid(source: str, reason: str) -> ModelError:
    return ModelError(f"{source}: not valid: {cut(reason, 200)}; {DAMAGED}")
