"""Arguments of the Python API: what is not of the type that a function says is refused before anything happens."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from phoneprice.errors import UsageError
from phoneprice.wording import cut, listed

P = ParamSpec("P")
R = TypeVar("R")


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, which raises ``UsageError`` for an argument of another type than its annotation's."""
    signature = inspect.signature(function)
    name = function.__name__

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        hints = _hints(function)
        for argument, value in signature.bind(*args, **kwargs).arguments.items():
            refuse_unfit(f"{name}: {argument}", value, hints[argument])
        return function(*args, **kwargs)

    return call


def refuse_unfit(what: str, value: object, hint: Any) -> None:
    """Raise ``UsageError`` for a value that is none of what the annotation ``hint`` allows, or a path that can't be."""
    if not _fits(value, hint):
        raise UsageError(f"{what}: found {_shown(value)}, must be {_words(hint)}")
    if isinstance(value, str | os.PathLike) and Path in _alternatives(hint) and not _can_be_a_path(value):
        raise UsageError(f"{what}: found {cut(ascii(os.fspath(value)), 80)}, which no file can be called")


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(function)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _fits(value: object, hint: Any) -> bool:
    return any(_is_a(value, alternative) for alternative in _alternatives(hint))


def _is_a(value: object, kind: Any) -> bool:
    origin = get_origin(kind) or kind
    if origin is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if origin is int:  # NumPy's too
        return isinstance(value, Integral) and not isinstance(value, bool)
    if origin is float:  # and whole numbers
        return isinstance(value, Real) and not isinstance(value, bool)
    if origin is Sequence:
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    if origin is Path:
        return isinstance(value, os.PathLike)
    return callable(value) if origin is Callable else isinstance(value, origin)


def _can_be_a_path(value: str | os.PathLike[str]) -> bool:
    try:
        return "\0" not in os.fspath(value) and bool(os.fsencode(value))
    except (UnicodeError, TypeError):
        return False


_WORDS = {
    NoneType: "None",
    Path: "a Path",
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
}


def _words(hint: Any) -> str:
    return listed(map(_word, _alternatives(hint)), "or")


def _word(kind: Any) -> str:
    origin = get_origin(kind) or kind
    if origin is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if origin is Sequence:
        return "a list of texts"
    return "a function" if origin is Callable else _WORDS.get(origin, f"a {getattr(origin, '__name__', origin)}")


def _shown(value: object) -> str:
    """A value as far as it can be shown in a few words: whatever has no short text of its own by its type."""
    if value is None or isinstance(value, str | bytes | int | float):
        return cut(ascii(value), 40)
    return f"a {type(value).__name__}"
