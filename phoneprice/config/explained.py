"""What every setting and every component is, in the words of the classes that the schema is made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from phoneprice.components.base import Component, Guide, Settings, TaskKind
from phoneprice.config.fields import (
    bounds,
    choices,
    component_name,
    entries,
    one_of,
    section,
    toml_value,
)
from phoneprice.config.recipes import recipe
from phoneprice.config.schema import Config
from phoneprice.suggestions import folded
from phoneprice.wording import listed

Path = tuple[str, ...]
_COLUMN = "COLUMN"
"""Stands in a path for the name of a column."""
_NO_GUIDE = Guide("")
_PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "text", NoneType: toml_value(None)}


@dataclass(frozen=True)
class Explanation:
    """What there is to say of one setting, section of settings, component or metric."""

    name: str
    """As messages and documents have it: ``optimizer.lr``, ``relu``, ``log_loss``."""
    kind: Literal["section", "setting", "component", "metric"]
    summary: str
    path: str = ""
    """Where a configuration has it: ``optimizer.lr``, ``model.activation``; a metric has no place there."""
    formula: str = ""
    values: str = ""
    """What it may be, or what values a metric has."""
    default: str = ""
    when: str = ""
    source: str = ""
    use: str = ""
    """How it is written on a command line."""
    parts: tuple[tuple[str, str], ...] = ()
    """What it has in it, by name: choices, the settings of a component or section."""

    @property
    def calls(self) -> frozenset[str]:
        """What people call it, ``folded``: ``activation.relu`` and ``relu``, ``optimizer.lr`` and ``lr``."""
        words = [*self.path.split("."), self.name] if self.kind == "component" else (self.path or self.name).split(".")
        return frozenset(folded("".join(words[i:])) for i in range(len(words)))


def explanations() -> tuple[Explanation, ...]:
    """All of them, in the order of the schema."""
    return tuple(_all_of(Config, ()))


def _all_of(model: type[Settings], above: Path) -> Iterator[Explanation]:
    for name, field in model.model_fields.items():
        path = (*above, name)
        if kinds := choices(field):
            yield _setting(path, field, _parts_of(kinds))
            for kind in kinds.values():
                yield _component(path, kind)
            yield from _settings_of_components(path, kinds)
        elif inner := section(field):
            parts = tuple(_described(inner))
            summary = (inner.__doc__ or "").partition("\n")[0].rstrip(".")
            yield Explanation(".".join(path), "section", summary, ".".join(path), parts=parts)
            yield from _all_of(inner, path)
        else:
            yield _setting(path, field)
            if inner := entries(field):
                yield from _all_of(inner, (*path, _COLUMN))


def _parts_of(kinds: Mapping[str, type[Component]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, kind.summary) for name, kind in kinds.items())


def _described(model: type[Settings]) -> Iterator[tuple[str, str]]:
    """The keys of a section or component with their descriptions."""
    for name, field in model.model_fields.items():
        if name != "name":
            inner = section(field)
            yield name, (inner.__doc__ or "").partition("\n")[0] if inner else field.description or ""


def _component(path: Path, kind: type[Component]) -> Explanation:
    name = component_name(kind)
    return Explanation(
        name=name,
        kind="component",
        summary=kind.summary,
        path=".".join(path),
        formula=kind.formula,
        when=kind.when,
        source=kind.source,
        use=f"-s {'.'.join(path)}={name}",
        parts=tuple(_described(kind)),
    )


def _settings_of_components(path: Path, kinds: Mapping[str, type[Component]]) -> Iterator[Explanation]:
    """Each setting once, with the components that have it in the same sense."""
    owners = dict[tuple[str, str | None], dict[str, FieldInfo]]()
    for name, kind in kinds.items():
        for key, field in kind.model_fields.items():
            if key != "name":
                owners.setdefault((key, field.description), {})[name] = field
    for (key, _), fields in owners.items():
        every = "" if len(fields) == len(kinds) else f", of {listed(fields)}"
        yield _setting((*path, key), next(iter(fields.values())), owners=fields, of=every)


def _setting(
    path: Path,
    field: FieldInfo,
    parts: tuple[tuple[str, str], ...] = (),
    owners: Mapping[str, FieldInfo] | None = None,
    of: str = "",
) -> Explanation:
    guide = next((mark for mark in field.metadata if isinstance(mark, Guide)), _NO_GUIDE)
    name = ".".join(path)
    return Explanation(
        name=name,
        kind="setting",
        summary=f"{field.description or ''}{of}",
        path=name,
        formula=guide.formula,
        values="" if parts else _values(field.annotation, field.metadata),
        default=_in_words(_defaults(path, field, owners or {})),
        when=guide.when,
        source=guide.source,
        use=f"-s {name}={'NAME' if parts else 'VALUE'}",
        parts=parts,
    )


def _values(kind: Any, marks: Iterable[object]) -> str:
    """What a value may be, in words: ``a number > 0``."""
    if get_origin(kind) is Annotated:
        inner, *own = get_args(kind)
        return _values(inner, own)
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_values(inner, marks) for inner in get_args(kind))
    if get_origin(kind) is Literal:
        return one_of(get_args(kind))
    if get_origin(kind) is tuple:
        return f"a list, each {_values(get_args(kind)[0], ())}"
    words = _PLAIN.get(kind, "a table")
    limits = bounds(mark for outer in marks for mark in (outer.metadata if isinstance(outer, FieldInfo) else [outer]))
    return " ".join([words, *([limits] if limits and kind in (int, float) else [])])


def _defaults(path: Path, field: FieldInfo, owners: Mapping[str, FieldInfo]) -> Iterator[tuple[str, str]]:
    """Default values with what they are for: a kind of task, or a component that no kind of task has by default."""
    left = dict(owners)
    for kind in get_args(TaskKind):
        found: Any = recipe(kind)
        for key in path[:-1] if owners else path:
            found = getattr(found, key, None)
        if not owners and _COLUMN not in path:
            yield toml_value(found.name if isinstance(found, Component) else found), f"for {kind}"
        elif owners and found.name in owners:
            left.pop(found.name, None)
            yield toml_value(getattr(found, path[-1])), f"for {kind}"
    for name, own in left.items():
        yield toml_value(own.default), f"with {name}"
    if _COLUMN in path:
        yield toml_value(field.default), ""


def _in_words(defaults: Iterable[tuple[str, str]]) -> str:
    """``0.7; 0.1 for regression; 0.3 for multiclass``: the first value without what it is for."""
    by_value = dict[str, list[str]]()
    for value, what in defaults:
        by_value.setdefault(value, []).append(what)
    (usual, _), *others = by_value.items()
    return "; ".join([usual, *(f"{value} {_together(whats)}" for value, whats in others)])


def _together(whats: Sequence[str]) -> str:
    """``with nesterov, muon`` for ``with nesterov`` and ``with muon``."""
    first, *more = whats
    return ", ".join([first, *(what.partition(" ")[2] for what in more)])
