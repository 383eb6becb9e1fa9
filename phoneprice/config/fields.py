"""What the schema's classes say about themselves: sections, components, rules and TOML notation.

Loading, rendering and error messages all read the pydantic classes through these few functions.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from shlex import quote
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from phoneprice.components.base import Component, Settings
from phoneprice.suggestions import called_here
from phoneprice.wording import cut, listed, printable


def choices(field: FieldInfo) -> dict[str, type[Component]]:
    """The components that a field chooses from, by name; empty for every other field."""
    members = get_args(field.annotation) if get_origin(field.annotation) in (Union, UnionType) else (field.annotation,)
    return {
        component_name(member): member
        for member in members
        if isinstance(member, type) and issubclass(member, Component)
    }


def component_name(component: type[Component]) -> str:
    """The name by which a configuration chooses a component."""
    name: str = component.model_fields["name"].default
    return name


def section(field: FieldInfo) -> type[Settings] | None:
    """The class of a field that is a table of its own and no choice of components."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Settings) and not issubclass(kind, Component) else None


def entries(field: FieldInfo) -> type[Settings] | None:
    """The class of the values of a field that is a mapping from names to groups of settings."""
    kinds = get_args(field.annotation) if get_origin(field.annotation) is dict else ()
    return kinds[1] if len(kinds) == 2 and isinstance(kinds[1], type) and issubclass(kinds[1], Settings) else None


NOTHING = "none"
"""How a file says that an optional value is absent: TOML has no null."""


def optional(field: FieldInfo) -> bool:
    """Whether the value may be absent."""
    return type(None) in get_args(field.annotation)


def differences(found: Settings, usual: Settings, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Paths and raw values that make ``usual`` what is ``found``; a component that differs comes whole."""
    for name, info in type(found).model_fields.items():
        value, default = getattr(found, name), getattr(usual, name)
        if value == default:
            continue
        if section(info):
            yield from differences(value, default, (*path, name))
        else:
            yield (*path, name), value.model_dump() if isinstance(value, Settings) else value


def nested(values: Iterable[tuple[tuple[str, ...], Any]]) -> dict[str, Any]:
    """Values by path as tables within tables."""
    tree = dict[str, Any]()
    for path, value in values:
        table = tree
        for key in path[:-1]:
            table = table.setdefault(key, {})
        table[path[-1]] = value
    return tree


def known_paths(model: type[Settings], prefix: str = "") -> Iterator[str]:
    """Every dotted path below ``model``, the fields of all components included."""
    for name, field in model.model_fields.items():
        path = prefix + name
        yield path
        below = section(field)
        for kind in (below,) if below else choices(field).values():
            yield from known_paths(kind, f"{path}.")


def components_at(model: type[Settings], path: Sequence[str]) -> dict[str, type[Component]]:
    """The components that the field at a path below ``model`` chooses from; empty for every other path."""
    key, *below = path
    field = model.model_fields.get(key)
    if field is None or not below:
        return choices(field) if field else {}
    inner = section(field)
    return components_at(inner, below) if inner else {}


def place_of(model: type[Settings], key: str) -> str:
    """The one dotted path below ``model`` that ends in a key, or in what it is called here; empty for none or several.

    Known names of others count, slips do not: ``learning_rate`` is ``optimizer.lr``.
    """
    places = dict[str, set[str]]()
    for path in known_paths(model):
        places.setdefault(path.rpartition(".")[2], set()).add(path)
    name = called_here(key, places)
    return places[name].pop() if name and len(places[name]) == 1 else ""


def rule(field: FieldInfo) -> str:
    """The values a field allows, in words: its literals or its range; empty where its type says it all."""
    if get_origin(field.annotation) is Literal:
        return one_of(get_args(field.annotation))
    words = [f"or {toml_value(None)}"] if optional(field) else []
    return ", ".join([*words, *filter(None, [bounds(field.metadata)])])


def bounds(marks: Iterable[object]) -> str:
    """``> 0, <= 1``: what the bounds among the marks of an annotation allow; empty without any."""
    words = list[str]()
    for bound in marks:
        match bound:
            case Gt(gt=limit):
                words.append(f"> {limit}")
            case Ge(ge=limit):
                words.append(f">= {limit}")
            case Lt(lt=limit):
                words.append(f"< {limit}")
            case Le(le=limit):
                words.append(f"<= {limit}")
    return ", ".join(words)


def one_of(values: Sequence[object]) -> str:
    """``"a", "b" or "c"``."""
    return listed(map(toml_value, values), "or")


def toml_value(value: object) -> str:
    """``value`` in TOML notation, settings without those that keep their default; numbers read back exactly."""
    if isinstance(value, Settings):
        value = {name: item for name, item in value if item != type(value).model_fields[name].default}
    match value:
        case None:
            return toml_value(NOTHING)
        case bool():
            return "true" if value else "false"
        case str():
            # JSON's string escapes are TOML's too; the rest of what is not printable is escaped as TOML has it.
            return printable(json.dumps(value, ensure_ascii=False), _escaped)
        case Mapping():
            return "{" + ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case _:
            # Python writes no more than 4,300 decimal digits.
            return hex(value) if isinstance(value, int) and value.bit_length() > 10_000 else str(value)


_BARE = re.compile(r"(?!(?:true|false|inf|nan)$)[A-Za-z_]+")


def as_typed(value: object) -> str:
    """A value as somebody would type it: a plain word as it is, all else in TOML notation."""
    return value if isinstance(value, str) and _BARE.fullmatch(value) else toml_value(value)


def as_option(key: str, value: object) -> str:
    """A setting as it is pasted behind a command: ``-s data.group_column=patient``, quoted where a shell needs it."""
    return f"-s {quote(f'{key}={as_typed(value)}')}"


def as_line(key: str, value: object) -> str:
    """A setting as it is written into a file: ``data.group_column = "patient"``."""
    return f"{key} = {toml_value(value)}"


Written = Callable[[str, object], str]
"""``as_option`` for a command that has ``-s``, ``as_line`` for one that writes a file."""


def shown(value: object) -> str:
    """``value`` in TOML notation, cut where it is too long for a message."""
    return cut(toml_value(value), 80)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def toml_key(key: Any) -> str:
    """A name as a key in TOML."""
    text = str(key)
    bare = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    return text if bare else toml_value(text)
