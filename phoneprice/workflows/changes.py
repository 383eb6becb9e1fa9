"""What differs between two documents."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from phoneprice.config.schema import Config


@dataclass(frozen=True)
class Change:
    """A value, by its dotted path, that is not the same in documents A and B; None where one lacks it."""

    key: str
    a: Any
    b: Any


def comparable(config: Config, leave_out: Mapping[str, Collection[str]] = MappingProxyType({})) -> dict[str, Any]:
    """A configuration as a document, with the recipes of its portfolio by name."""
    document = config.model_dump(mode="json", exclude={section: set(names) for section, names in leave_out.items()})
    return document | {"portfolio": {recipe["name"]: recipe for recipe in document["portfolio"]}}


def changes(a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = "") -> Iterator[Change]:
    """Every change from ``a`` to ``b``, in the order of ``a``; 1, 1.0 and true are three different values."""
    for name in dict.fromkeys((*a, *b)):
        key, one, other = f"{prefix}{name}", a.get(name), b.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from changes(one, other, f"{key}.")
        elif one != other or type(one) is not type(other):
            yield Change(key, one, other)
