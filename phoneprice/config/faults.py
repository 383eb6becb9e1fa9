"""What pydantic finds wrong, in one line each: ``optimizer.lr: found -1, must be greater than 0 (-s)``."""

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from phoneprice.components.base import Settings
from phoneprice.config.fields import choices, entries, optional, section, shown, toml_value
from phoneprice.config.schema import Config
from phoneprice.suggestions import did_you_mean

Path = tuple[str, ...]

_WRONG_TYPE = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a table",
}
_BROKEN_RULE: dict[str, Callable[[dict[str, Any]], str]] = {
    "greater_than": lambda context: f"greater than {context['gt']:.12g}",
    "greater_than_equal": lambda context: f"at least {context['ge']:.12g}",
    "less_than": lambda context: f"less than {context['lt']:.12g}",
    "less_than_equal": lambda context: f"at most {context['le']:.12g}",
    "finite_number": lambda _: "a finite number",
    "string_unicode": lambda _: "valid Unicode",
    "string_too_short": lambda context: f"at least {context['min_length']} character long",
    "string_too_long": lambda context: f"at most {context['max_length']} character long",
    "string_pattern_mismatch": lambda _: "1 to 40 letters, digits, - or _",
    "too_long": lambda context: f"a list of at most {context['max_length']}",
}


def value_faults(
    errors: Sequence[ErrorDetails], sources: Mapping[Path, str], model: type[Settings] = Config, prefix: Path = ()
) -> list[str]:
    """One line for each value of ``model``, which stands at ``prefix``, that breaks the schema.

    ``sources`` says who set the value at a path.
    """
    by_field = dict[Path, list[ErrorDetails]]()
    fields = dict[Path, FieldInfo | None]()
    for error in errors:
        below, field = _field(error["loc"], model)
        path = (*prefix, *below)
        by_field.setdefault(path, []).append(error)
        fields[path] = field
    faults = list[str]()
    for path, group in by_field.items():
        source = sources.get(path, "")
        found = _field_faults(".".join(path), fields[path], group, source)
        faults += [f"{fault} ({source})" if source else fault for fault in found]
    return faults


def _field(loc: Sequence[int | str], whole: type[Settings]) -> tuple[Path, FieldInfo | None]:
    """The field an error is about, its path free of the names of components and the branches of unions."""
    path, parts = list[str](), iter(loc)
    model: type[Settings] | None = whole
    field: FieldInfo | None = None
    for part in parts:
        if model is None:
            break
        path.append(str(part))
        field = model.model_fields[str(part)]
        components = choices(field)
        model = components.get(str(next(parts, ""))) if components else section(field)
        if entry := entries(field):
            path.extend(map(str, islice(parts, 1)))
            model = entry
    return tuple(path), field


def _field_faults(where: str, field: FieldInfo | None, errors: Sequence[ErrorDetails], source: str) -> list[str]:
    """A value that has the type of one branch of a union is judged by that branch alone."""
    broken = [error for error in errors if error["type"] not in _WRONG_TYPE and error["type"] != "literal_error"]
    return [_rule_fault(where, error) for error in broken] or [_type_fault(where, field, errors, source)]


def _rule_fault(where: str, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return f"{where}: {context['error']}" if where else str(context["error"])
    describe = _BROKEN_RULE.get(error["type"])
    rule = f"must be {describe(context)}" if describe else error["msg"]
    return f"{where}{_index(error)}: found {shown(error['input'])}, {rule}"


def _type_fault(where: str, field: FieldInfo | None, errors: Sequence[ErrorDetails], source: str) -> str:
    found, hint, allowed = errors[0]["input"], "", list[str]()
    for error in errors:
        if error["type"] != "literal_error":
            allowed.append(_WRONG_TYPE[error["type"]])
            continue
        literals = error["ctx"]["expected"].replace("'", '"')
        allowed.append(literals)
        hint = did_you_mean(str(found), re.findall(r'"([^"]*)"', literals))
    if field and optional(field):
        allowed.append(toml_value(None))
    index = _index(errors[0])
    advice = "" if index else _as_list(where, field, found, source)
    must = f"must be {' or '.join(dict.fromkeys(allowed))}{advice}"
    return f"{where}{index}: found {shown(found)}{';' if hint else ','}{hint} {must}"


def _as_list(where: str, field: FieldInfo | None, found: Any, source: str) -> str:
    """How to write the list that ``32,16`` was meant to be; nothing where the field takes no such list."""
    kind: Any = field.annotation if field else None
    for items in _listed(found if isinstance(found, str) else toml_value(found)):
        try:
            TypeAdapter(kind).validate_python(items, strict=True)
        except ValidationError:
            continue
        text = toml_value(items)
        return f"; write -s {shlex.quote(f'{where}={text}')}" if source == "-s" else f"; write {text}"
    return ""


def _listed(text: str) -> Iterator[tuple[Any, ...]]:
    """What stands between commas, as TOML values and as texts."""
    with suppress(ValueError, RecursionError):
        yield tuple(tomllib.loads(f"items = [{text}]")["items"])
    yield tuple(part.strip() for part in text.split(","))


def _index(error: ErrorDetails) -> str:
    """``[1]`` for an element of a list, counted from 0."""
    return "".join(f"[{part}]" for part in error["loc"] if isinstance(part, int))
