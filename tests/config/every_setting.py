"""Every setting that there is, with a valid value that is not its default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from phoneprice.components.base import Settings
from phoneprice.config.fields import choices, section, toml_value
from phoneprice.config.schema import ColumnReading, Config, ModelConfig, Recipe

# Where the type alone doesn't give another value.
VALUES: dict[str, Any] = {
    "data.target": "the price",
    "data.id_columns": ("手机", 'a "b"'),
    "data.index_columns": ("rownames", ""),
    "data.group_column": "the group",
    "data.weight_column": "the weight",
    "data.ignored_columns": ("x.y", ""),
    "data.categorical_columns": ("os",),
    "data.date_columns": ("sold",),
    "data.missing_values": ("-", "\\"),
    "data.columns": {"a price": ColumnReading(decimal=",", units=("€", ""), missing_values=("?",))},
    "data.max_categories": 100,
    "data.delimiter": ";",
    "data.encoding": "latin-1",
    "validation.order_column": "the day",
    "data.skip_lines": 3,
    "task.labels": ("low", "high"),
    "task.costs": ((0.0, 1.5), (2.0, 0.0)),
    "model.hidden": (8, 4),
    "model.dropout": (0.25,),
    "loss.distribution": "logit",
    "loss.class_weights": (1.0, 2.5),
    "scheduler.milestones": (5.5, 9.0),
    "portfolio": (Recipe(name="small", model=ModelConfig(hidden=(8,))),),
}
# What a value needs beside it.
NEEDED: dict[str, dict[str, Any]] = {
    "task.costs": {"task.decision": "expected_cost"},
    "task.threshold_metric": {"task.kind": "binary"},
}


@dataclass(frozen=True)
class Given:
    """A setting, and those that it needs to count: the component that has it, say."""

    path: str
    value: Any
    needed: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.needed.values()))}-{self.path}"

    @property
    def settings(self) -> dict[str, str]:
        """All of them in TOML notation, by dotted path."""
        return {path: toml_value(value) for path, value in (self.needed | {self.path: self.value}).items()}


def settings_of(table: type[Settings] = Config, prefix: str = "", **needed: Any) -> Iterator[Given]:
    """Every leaf of the schema below ``table``, those of all components included."""
    for name, info in table.model_fields.items():
        path = f"{prefix}{name}"
        if components := choices(info):
            for choice, component in components.items():
                kinds = {"task.kind": min(component.tasks)} if path == "loss" else {}  # type: ignore[attr-defined]
                yield from settings_of(component, f"{path}.", **kinds, **{f"{path}.name": choice})
        elif below := section(info):
            yield from settings_of(below, f"{path}.", **needed)
        elif path not in needed:
            yield Given(path, VALUES.get(path, _other(info)), needed | NEEDED.get(path, {}))


def _other(info: FieldInfo) -> Any:
    """A value that a field without an entry in ``VALUES`` allows and doesn't have by itself."""
    if get_origin(info.annotation) is Literal:
        return next(option for option in reversed(get_args(info.annotation)) if option != info.default)
    match info.default:
        case bool():
            return not info.default
        case int() if info.annotation is int:
            return info.default + 1
        case _:
            return 0.375


def value_at(config: Settings, path: str) -> Any:
    """The value of a setting."""
    value: Any = config
    for name in path.split("."):
        value = getattr(value, name)
    return value
