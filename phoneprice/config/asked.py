"""Settings that somebody asks for where a table tells the rest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from phoneprice.components.base import Settings, TaskKind
from phoneprice.config.fields import toml_value
from phoneprice.config.layers import Found, environment_settings, opened, override_settings
from phoneprice.config.load import Say, load_config, silent
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError

Overrides = Mapping[str, Any] | Sequence[str]
"""Values by dotted key, or texts ``key=value``."""


def override_texts(overrides: Overrides | None) -> list[str]:
    """Settings as ``key=value``, as ``load_config`` takes them. Raises ``TypeError`` for one text alone."""
    if overrides is None:
        return []
    if isinstance(overrides, Mapping):
        return [f"{key}={_toml(key, value)}" for key, value in overrides.items()]
    if isinstance(overrides, str):
        raise TypeError(f"overrides = {overrides!r}: must be a mapping or a sequence of key=value texts")
    return list(overrides)


def target_text(target: str) -> str:
    """The setting of the column to predict, whatever it is called."""
    return f"data.target={toml_value(target)}"


def _toml(key: object, value: Any) -> str:
    try:
        return toml_value(_plain(value))
    except RecursionError:
        raise ConfigError(f"{key}: found a {type(value).__name__} that holds itself, must be a plain value") from None


def _plain(value: Any) -> Any:
    """A value without NumPy's types or ours."""
    if isinstance(value, Settings):
        return value.model_dump()
    return value.tolist() if hasattr(value, "tolist") else value


@dataclass(frozen=True)
class ToInfer:
    """A configuration to infer from a table, but for ``overrides`` (``key=value``) and what ``environ`` sets.

    ``target`` is the column to predict.
    """

    target: str
    overrides: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)

    def config(self, inferred: Mapping[str, object], say: Say = silent) -> Config:
        """The configuration, with the ``inferred`` sections where a file would stand. Raises ``ConfigError``.

        ``say`` is told what is left out.
        """
        return load_config(None, [*self.overrides, target_text(self.target)], self.environ, inferred=inferred, say=say)

    def known(self) -> Config:
        """What is known before the table is read: the settings asked for, the others of some kind of task.

        Raises ``ConfigError`` for what is wrong whatever the table holds.
        """
        faults = list[ConfigError]()
        for kind in get_args(TaskKind):
            try:
                return self.config({"task": {"kind": kind}})
            except ConfigError as fault:
                faults.append(fault)
        raise min(faults, key=lambda fault: len(fault.args))

    def asks_for(self, key: str) -> bool:
        """Whether ``section.key``, such as ``task.kind``, is among the settings asked for."""
        layers = environment_settings(self.environ), override_settings(self.overrides)
        return any(asked == tuple(key.split(".")) for layer in layers for asked in _paths(layer))


def _paths(layer: Found) -> Iterator[tuple[str, ...]]:
    """Where the settings of a layer stand, those of a whole section one by one."""
    for setting in layer.settings:
        if len(setting.path) == 1:
            yield from ((*setting.path, *inner.path) for inner in opened(setting))
        else:
            yield setting.path
