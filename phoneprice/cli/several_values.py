"""Options that take several values: ``-s a=1 b=2`` means ``-s a=1 -s b=2``."""

import inspect
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args


@dataclass(frozen=True)
class SeveralValues:
    """Stands in the annotation of an option that may be followed by several values."""

    further: str
    """Regular expression of how a value after the first one begins; what begins otherwise is something else."""
    after_arguments: bool = False
    """Only once all arguments of the command are given: they might look the same."""


def several_values(function: Callable[..., Any]) -> dict[str, SeveralValues]:
    """The options of a command that take several values, by parameter."""
    parameters = inspect.signature(function).parameters.values()
    marks = ((p.name, mark) for p in parameters for mark in get_args(p.annotation) if isinstance(mark, SeveralValues))
    return dict(marks)


def repeat_options(
    arguments: Sequence[str], parameters: Sequence[Any], several: Mapping[str, SeveralValues]
) -> Iterator[str]:
    """The arguments, with the option repeated before each further value of it."""
    options = {name: option for option in parameters for name in option.opts if name.startswith("-")}
    missing = sum(parameter.param_type_name == "argument" for parameter in parameters)
    rest = deque(arguments)
    while rest:
        argument = rest.popleft()
        yield argument
        if argument == "--":
            yield from rest
            return
        option = options.get(argument)
        if option is None:
            missing -= _is_value(argument)
        elif rest and not option.is_flag:
            yield rest.popleft()
            own = several.get(option.name)
            while own and rest and _is_further(rest[0], own, missing):
                yield argument
                yield rest.popleft()


def _is_further(argument: str, own: SeveralValues, missing: int) -> bool:
    may_be = missing <= 0 or not own.after_arguments
    return may_be and _is_value(argument) and re.match(own.further, argument) is not None


def _is_value(argument: str) -> bool:
    return argument == "-" or not argument.startswith("-")
