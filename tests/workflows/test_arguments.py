"""Arguments of the Python API that are none: what they are, and what they must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from phoneprice.config.reading import Reading
from phoneprice.errors import UsageError
from phoneprice.workflows.arguments import checked
from phoneprice.workflows.cross_validate import cross_validate
from phoneprice.workflows.evaluate import evaluate
from phoneprice.workflows.model import load
from phoneprice.workflows.predict import predict
from phoneprice.workflows.train import train

Sizes = Literal["small", "large"]


@checked
def function(
    path: Path | str | None = None,
    words: Sequence[str] | Literal["all"] = (),
    size: Sizes = "small",
    number: int | None = None,
    flag: bool = False,
    reading: Reading | None = None,
    listener: Callable[[object], None] | None = None,
) -> str:
    """What it is for."""
    return "called"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"path": "a"},
        {"path": Path("a")},
        {"path": "\udcff"},
        {"words": "all"},
        {"words": ["a"]},
        {"words": ("a", "b")},
        {"size": "large"},
        {"number": 3},
        {"number": np.int64(3)},
        {"flag": True},
        {"reading": Reading()},
        {"listener": print},
    ],
    ids=str,
)
def test_what_fits_passes(arguments: dict[str, Any]) -> None:
    assert function(**arguments) == "called"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": 42}, "path: found 42, must be a Path, a text or None"),
        ({"path": b"t.csv"}, "path: found b't.csv', must be a Path, a text or None"),
        ({"path": ["a"]}, "path: found a list, must be a Path, a text or None"),
        ({"path": "a\0b"}, "path: found 'a\\x00b', which no file can be called"),
        ({"path": "\ud800"}, "path: found '\\ud800', which no file can be called"),
        ({"words": "some"}, "words: found 'some', must be a list of texts or 'all'"),
        ({"words": [1]}, "words: found a list, must be a list of texts or 'all'"),
        ({"size": "huge"}, "size: found 'huge', must be 'small' or 'large'"),
        ({"size": np.zeros(3)}, "size: found a ndarray, must be 'small' or 'large'"),
        ({"number": 1.5}, "number: found 1.5, must be a whole number or None"),
        ({"number": True}, "number: found True, must be a whole number or None"),
        ({"number": np.zeros(3)}, "number: found a ndarray, must be a whole number or None"),
        ({"number": int}, "number: found a type, must be a whole number or None"),
        ({"flag": "yes"}, "flag: found 'yes', must be True or False"),
        ({"reading": "utf-8"}, "reading: found 'utf-8', must be a Reading or None"),
        ({"listener": 5}, "listener: found 5, must be a function or None"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        function(**arguments)
    assert str(caught.value) == f"function: {message}"


@pytest.mark.parametrize(
    ("public", "others"), [(train, ()), (evaluate, ("d",)), (predict, ("d", "o")), (load, ()), (cross_validate, ())]
)
def test_the_public_functions_are_checked(public: Callable[..., Any], others: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        public(42, *others)
    assert str(caught.value).startswith(f"{public.__name__}: ")
    assert ": found 42, must be a " in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"delimiter": 5}, "delimiter: found 5, must be text"),
        ({"encoding": ["utf-8"]}, "encoding: found a list, must be text"),
        ({"on_bad_row": True}, "on_bad_row: found True, must be text"),
        ({"missing_values": "NA"}, "missing_values: found a str, must be a list of texts"),
        ({"missing_values": ["\udcff"]}, "missing_values: found '\\udcff', must be valid Unicode"),
        ({"missing_values": [None]}, "missing_values: found None, must be text"),
    ],
    ids=str,
)
def test_a_reading_is_text(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Reading(**arguments)
    assert str(caught.value) == message
