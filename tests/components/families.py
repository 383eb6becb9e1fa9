"""The components of a family."""

from __future__ import annotations

from typing import Any, get_args

from phoneprice.components.base import Component


def choices(union: Any) -> dict[str, type[Component]]:
    """The components of a family's union, by name."""
    (members, *_) = get_args(union)
    return {component.model_fields["name"].default: component for component in get_args(members)}
