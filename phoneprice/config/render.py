"""A configuration as text: the full commented TOML file, and the JSON Schema that editors complete it from."""

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

from pydantic.fields import FieldInfo

from phoneprice.components.base import Component, Settings
from phoneprice.config.fields import NOTHING, choices, differences, nested, rule, section, toml_value
from phoneprice.config.schema import Config, Recipe
from phoneprice.config.tables import CommandTables

WIDTH = 100
"""Characters of a line, where a text or a list can be broken."""


def to_toml(config: Config) -> str:
    """Every setting of ``config`` with its description; ``load_config`` reads the same configuration back."""
    lines = [*_table(config, ()), *(line for own in config.portfolio for line in _recipe(config, own))]
    return "\n".join(lines).lstrip("\n") + "\n"


def _recipe(config: Config, recipe: Recipe) -> Iterator[str]:
    """What a recipe of the portfolio changes."""
    yield ""
    yield from _comment("A recipe of the portfolio: what differs from all above.")
    yield "[[portfolio]]"
    yield from _plain_table(nested(differences(recipe, config.as_recipe())), ("portfolio",))


def _plain_table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    for name, value in table.items():
        if not isinstance(value, dict):
            yield from _assignment(name, value)
    for name, value in table.items():
        if isinstance(value, dict):
            yield f"[{'.'.join((*path, name))}]"
            yield from _plain_table(value, (*path, name))


def _table(settings: Settings, path: tuple[str, ...]) -> Iterator[str]:
    """A table's own keys, then the tables below it."""
    below = list[tuple[str, FieldInfo]]()
    if path:
        yield f"[{'.'.join(path)}]"
    for name, field in type(settings).model_fields.items():
        if name == "portfolio":
            continue
        if section(field) or choices(field):
            below.append((name, field))
        else:
            yield from _entry(settings, name, field)
    for name, field in below:
        inner: Settings = getattr(settings, name)
        yield ""
        yield from _comment(_heading(inner, field))
        yield from _table(inner, (*path, name))


def _heading(settings: Settings, field: FieldInfo) -> str:
    if not isinstance(settings, Component):
        return (type(settings).__doc__ or "").partition("\n")[0]
    return f"one of {', '.join(choices(field))}"


def _entry(settings: Settings, name: str, field: FieldInfo) -> Iterator[str]:
    value = getattr(settings, name)
    if isinstance(settings, Component) and name == "name":
        yield from _comment(settings.in_a_line())
    else:
        allowed = rule(field)
        yield from _comment(f"{field.description or ''} ({allowed})" if allowed else field.description or "")
    yield from _assignment(name, value)


def _assignment(name: str, value: Any) -> Iterator[str]:
    """A value on one line, or a long list on several."""
    line = f"{name} = {toml_value(value)}"
    if len(line) <= WIDTH or not isinstance(value, tuple):
        yield line
        return
    yield f"{name} = ["
    row = "   "
    for item in value:
        text = f" {toml_value(item)},"
        if row.strip() and len(row) + len(text) > WIDTH:
            yield row
            row = "   "
        row += text
    yield from (row, "]")


def _comment(text: str) -> Iterator[str]:
    yield from wrap(text, width=WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a configuration file; a component may also be given by its name alone."""
    schema, tables = Config.model_json_schema(), CommandTables.model_json_schema()
    for part in ("properties", "$defs"):
        schema[part] |= tables[part]
    _as_loaded(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "phoneprice configuration"}


def _as_loaded(node: object) -> None:
    """Say what loading allows: components by bare name or in a table without one, absent values as ``none``."""
    if isinstance(node, list):
        for item in node:
            _as_loaded(item)
    if not isinstance(node, dict):
        return
    if node == {"type": "null"}:
        node.clear()
        node["const"] = NOTHING
    if "default" in node and node["default"] is None:
        node["default"] = NOTHING
    if "discriminator" in node:
        names = list(node.pop("discriminator")["mapping"])
        node["anyOf"] = [{"type": "string", "enum": names}, *node.pop("oneOf")]
    for item in node.values():
        _as_loaded(item)
