"""Several values after one option: ``-s a=1 b=2`` means ``-s a=1 -s b=2``."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

_FURTHER = {
    "settings": re.compile(r"[a-z_][\w.]*\s*="),
    "require": re.compile(r"[a-z]\w*\s*[<>=]"),
    "keep": re.compile(r"."),
}
"""What a further value looks like, by option. ``--keep`` takes any once the arguments of the command are given."""


def repeat_options(arguments: Sequence[str], parameters: Sequence[Any]) -> Iterator[str]:
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
            further = None if option.name == "keep" and missing > 0 else _FURTHER.get(option.name)
            while further and rest and _is_value(rest[0]) and further.match(rest[0]):
                yield argument
                yield rest.popleft()


def _is_value(argument: str) -> bool:
    return argument == "-" or not argument.startswith("-")
