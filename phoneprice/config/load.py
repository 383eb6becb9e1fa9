"""From a TOML file, the environment and ``-s key=value`` to one checked ``Config``.

Precedence: defaults < file < ``PHONEPRICE_SECTION__KEY=value`` < ``-s section.key=value``; what was inferred from a
table stands where a file would. Six rules make partial settings mean what their author expects:

- A component is a table or just its name: ``activation = "tanh"`` is short for ``activation = {name = "tanh"}``.
  Its name may be written as elsewhere, ``ReLU`` or ``LeakyReLU``.
- Naming another component resets its section: what lower layers said about the old one no longer counts. Naming the
  same one again keeps it. Within a layer the order does not matter: ``-s optimizer.lr=1 -s optimizer.name=sgd``.
- An optional value is switched off by the text ``none``, as TOML has no null: ``-s optimizer.skip_lr=none``.
- The tables of ``[[portfolio]]`` say what differs from the rest of the configuration; the last layer that has a
  portfolio holds. A higher layer that sets something of the network (``NETWORK_SECTIONS``) asks for one network, so the
  portfolio is left out, which is said; what it sets of ``training`` holds for every recipe.
- The tables ``[tune]`` and ``[compare]`` of a file are for those commands: ``load_tables`` reads them, and they are no
  part of the configuration.
- Resolution: the defaults are those of ``task.kind`` (``recipes.recipe``): its loss, and what goes well with it.
  Rows with an order (``validation.order_column``) are held out by it, and not in folds.

All faults of all layers are listed together in one ``ConfigError``, one a line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from phoneprice.components.base import Component, Settings, TaskKind
from phoneprice.config.faults import value_faults
from phoneprice.config.fields import (
    NOTHING,
    choices,
    component_name,
    components_at,
    differences,
    entries,
    nested,
    one_of,
    optional,
    place_of,
    section,
    shown,
    toml_value,
)
from phoneprice.config.layers import (
    Found,
    Setting,
    environment_settings,
    file_settings,
    opened,
    override_settings,
    read_file,
)
from phoneprice.config.presets import find_config
from phoneprice.config.recipes import recipe
from phoneprice.config.schema import (
    MOST_RECIPES,
    NETWORK_SECTIONS,
    Config,
    Recipe,
    RecipeTraining,
    TaskConfig,
    ValidationConfig,
)
from phoneprice.config.tables import CommandTables
from phoneprice.errors import ConfigError
from phoneprice.suggestions import did_you_mean, the_same

Say = Callable[[str], None]
_PORTFOLIO = "portfolio"
_GIVEN = "the configuration given"
_INFERRED = "inferred from the table"
Checked = TypeVar("Checked", bound=Settings)


def silent(_: str) -> None:
    """For those who don't ask."""


def load_config(
    file: Path | str | None = None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    *,
    inferred: Mapping[str, object] | None = None,
    say: Say = silent,
) -> Config:
    """The configuration from a file (or preset name), ``-s`` overrides and environment variables.

    ``inferred`` are sections, or a portfolio, that a table has told, in the place of a file.
    ``say`` is told what is left out.

    Raises ``ConfigError`` when the file is missing or no TOML, or any setting breaks the schema; it lists every fault.
    """
    layers = [environment_settings(environ or {}), override_settings(overrides)]
    if file is not None:
        path = find_config(file)
        found = file_settings(read_file(path), str(path))
        layers.insert(0, replace(found, settings=[own for own in found.settings if not _is_of_commands(own)]))
    if inferred is not None:
        told = {name: dict(table) if isinstance(table, Mapping) else table for name, table in inferred.items()}
        layers.insert(0, Found([Setting((name,), table, _INFERRED, 1) for name, table in told.items()]))
    return _resolve(layers, say)


def load_tables(file: Path | str | None) -> CommandTables:
    """The tables of a file (or preset name) for commands that train several configurations; empty without a file.

    What they say of settings is unchecked. Raises ``ConfigError`` when the file is missing or no TOML, or when they
    have anything else; it lists every fault.
    """
    if file is None:
        return CommandTables()
    path = find_config(file)
    merger = _Merger([])
    told = [own for own in file_settings(read_file(path), str(path)).settings if _is_of_commands(own)]
    tables = merger.checked(CommandTables, merger.table(CommandTables, CommandTables(), told, ()))
    if merger.faults or tables is None:
        raise ConfigError(*merger.faults)
    return tables


def _is_of_commands(setting: Setting) -> bool:
    return setting.path[0] in CommandTables.model_fields


def config_from_toml(text: str, source: str) -> Config:
    """The configuration that the text of a TOML file describes; ``source`` names it in messages.

    Raises ``ConfigError`` when the text is no TOML or breaks the schema; it lists every fault.
    """
    return _resolve([file_settings(text, source)])


def override_config(config: Config, overrides: Sequence[str], say: Say = silent) -> Config:
    """``config`` with ``-s`` overrides laid over it; ``say`` is told what they leave out.

    Where ``config`` is no different from the recipe of its task kind, another ``task.kind`` brings its own recipe.
    Raises ``ConfigError``.
    """
    return lay_over(config, override_settings(overrides), say)


def lay_over(config: Config, found: Found, say: Say = silent) -> Config:
    """The same with a layer from elsewhere, whose settings say where they come from."""
    kind = Setting(("task", "kind"), config.task.kind, _GIVEN, layer=1)
    given = [kind, *(Setting(path, value, _GIVEN, layer=1) for path, value in _changes(config))]
    return _resolve([Found(given), found], say)


def _changes(config: Config) -> Iterator[tuple[tuple[str, ...], object]]:
    """What makes a configuration different from the recipe of its task kind, and its recipes from itself."""
    yield from differences(config.model_copy(update={_PORTFOLIO: ()}), recipe(config.task.kind))
    if config.portfolio:
        yield (_PORTFOLIO,), [nested(differences(own, config.as_recipe())) for own in config.portfolio]


def _resolve(layers: Sequence[Found], say: Say = silent) -> Config:
    merger = _Merger([fault for layer in layers for fault in layer.faults])
    every = [setting for layer in layers for setting in layer.settings]
    settings = [setting for setting in every if setting.path[0] != _PORTFOLIO]
    usual = recipe(_task_kind(settings))
    if _is_ordered(settings):
        usual = usual.model_copy(update={"validation": ValidationConfig(scheme="holdout")})
    config = merger.checked(Config, merger.table(Config, usual, settings, ())) or usual
    if asked := [setting for setting in every if setting.path[0] == _PORTFOLIO]:
        config = config.model_copy(update={_PORTFOLIO: _portfolio(merger, config, asked[-1], settings, say)})
    if merger.faults:
        raise ConfigError(*merger.faults)
    return config


def _portfolio(
    merger: "_Merger", config: Config, asked: Setting, settings: Sequence[Setting], say: Say
) -> tuple[Recipe, ...]:
    """The recipes that a layer ``asked`` for, laid over ``config``; none where a higher one sets a network."""
    higher = [setting for setting in settings if setting.layer > asked.layer]
    why = [f"{'.'.join(own.path)} is set ({own.source})" for own in higher if own.path[0] in NETWORK_SECTIONS]
    if config.validation.scheme == "none":
        why.append('validation.scheme "none" holds out no rows to weigh recipes by')
    if why and (names := _recipe_names(asked.value)):  # what is left out need not go with what was set
        say(f"{why[0]}: trained without the portfolio ({', '.join(names)})")
        return ()
    return merger.recipes(config, asked, [inner for setting in higher for inner in _of_recipes(setting)])


def _recipe_names(value: object) -> list[str]:
    """What the recipes of a portfolio are called; none where it isn't one."""
    tables = value if isinstance(value, list | tuple) else ()
    named = [str(table["name"]) for table in tables if isinstance(table, Mapping) and "name" in table]
    return named if len(named) == len(tables) else []


def _of_recipes(setting: Setting) -> Iterator[Setting]:
    """What of a setting each recipe has, too: some of those of ``training``."""
    whole = setting.path == ("training",)
    for inner in (replace(own, path=(*setting.path, *own.path)) for own in opened(setting)) if whole else (setting,):
        if inner.path[0] == "training" and inner.path[1] in RecipeTraining.model_fields:
            yield inner


@dataclass
class _Merger:
    """Lays settings over the defaults, in order, as the tree of raw values that pydantic then checks.

    Keys and component names are checked here, where the nearest valid one is known; ``sources`` says who set a value.
    """

    faults: list[str]
    sources: dict[tuple[str, ...], str] = field(default_factory=dict)

    def table(
        self, model: type[Settings], default: Settings | None, settings: Iterable[Setting], path: tuple[str, ...]
    ) -> dict[str, Any]:
        """The values of a section or component: the default's, with the settings laid over them."""
        tree: dict[str, Any] = dict(default or {})
        by_key = _by_key(settings)
        for key, info in model.model_fields.items():
            if key in by_key:
                self._field(tree, info, by_key.pop(key), (*path, key))
        for key, unknown in by_key.items():
            self._unknown_key(key, model, unknown[-1], path)
        return tree

    def checked(self, model: type[Checked], tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Checked | None:
        """The section of these values; None where they break the schema, which is added to the faults."""
        try:
            return model.model_validate(tree, strict=True)
        except ValidationError as error:
            self.faults += value_faults(error.errors(include_url=False), self.sources, model, path)
        return None

    def recipes(self, config: Config, asked: Setting, training: Sequence[Setting]) -> tuple[Recipe, ...]:
        """Those of a portfolio; the settings of ``training`` hold whatever a recipe says."""
        tables = asked.value if isinstance(asked.value, list | tuple) else ()
        if asked.path[1:] or tables is not asked.value or not all(isinstance(table, dict) for table in tables):
            where = ".".join(asked.path)
            self._fault(f"{where}: found {shown(asked.value)}, a portfolio is a list of tables, [[portfolio]]", asked)
            return ()
        settings = [list(opened(replace(asked, path=(), value=table))) for table in tables]
        found = [self._recipe(config, own, training) for own in settings if self._has_name(own, asked)]
        names = [own.name for own in found if own is not None]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._fault(f"portfolio: found {names.count(name)} recipes called {toml_value(name)}; rename them", asked)
        if len(tables) > MOST_RECIPES:
            self._fault(f"portfolio: found {len(tables)} recipes, must be at most {MOST_RECIPES}", asked)
        return tuple(own for own in found if own is not None)

    def _has_name(self, settings: Sequence[Setting], asked: Setting) -> bool:
        """Whether a recipe has a name, which is a fault where not."""
        named = any(setting.path == ("name",) for setting in settings)
        if not named:
            table = nested((setting.path, setting.value) for setting in settings)
            self._fault(f"portfolio: found the recipe {shown(table)} without a name; give it one", asked)
        return named

    def _recipe(self, config: Config, settings: Sequence[Setting], training: Sequence[Setting]) -> Recipe | None:
        """One of them, or None where something in it is wrong."""
        path = (_PORTFOLIO, *(str(setting.value) for setting in settings if setting.path == ("name",)))
        made = self.checked(Recipe, self.table(Recipe, config.as_recipe(), [*settings, *training], path), path)
        if made is None or self.checked(Config, dict(config.of_recipe(made)), path) is None:
            return None
        return made

    def _field(self, tree: dict[str, Any], info: FieldInfo, settings: list[Setting], path: tuple[str, ...]) -> None:
        """Lay settings over one field; their paths begin below it."""
        key = path[-1]
        if components := choices(info):
            tree[key] = self._component(components, tree[key], self._opened(settings, path, "name"), path)
        elif model := section(info):
            tree[key] = self.table(model, tree[key], self._opened(settings, path), path)
        elif entry := entries(info):
            tree[key] = self._entries(entry, tree[key], self._opened(settings, path), path)
        elif (setting := settings[-1]).path:
            whole = ".".join((*path, *setting.path))
            self._fault(f"{whole}: unknown key; {'.'.join(path)} is a value, not a table", setting)
        else:
            # -s data.target=2024 means the column "2024".
            as_typed = info.annotation is str and setting.text is not None and not isinstance(setting.value, str)
            absent = optional(info) and setting.value == NOTHING
            value = _whole(setting) if info.annotation is int else setting.value
            tree[key] = setting.text if as_typed else None if absent else _tuples(value)
            self.sources[path] = setting.source

    def _entries(
        self, model: type[Settings], default: Mapping[str, Settings], settings: Iterable[Setting], path: tuple[str, ...]
    ) -> dict[str, Any]:
        """The groups of settings by name: those of the default, with the settings laid over each."""
        tree: dict[str, Any] = dict(default)
        for name, own in _by_key(settings).items():
            where = (*path, name)
            tree[name] = self.table(model, default.get(name), self._opened(own, where), where)
        return tree

    def _component(
        self,
        components: Mapping[str, type[Component]],
        default: Component,
        settings: list[Setting],
        path: tuple[str, ...],
    ) -> dict[str, Any] | Component:
        """A component's values, begun anew at the layer that names another one."""
        name, since = default.name, 0
        for setting in settings:
            if setting.path == ("name",) and setting.value != name:
                named = the_same(str(setting.value), components)
                if named is None:
                    self._unknown_name(setting, tuple(components), path)
                    return default
                name, since = named, since if named == name else setting.layer
        kept = [setting for setting in settings if setting.layer >= since and setting.path != ("name",)]
        return {**self.table(components[name], default if name == default.name else None, kept, path), "name": name}

    def _opened(self, settings: Iterable[Setting], path: tuple[str, ...], shorthand: str = "") -> list[Setting]:
        """Settings of the whole table at ``path`` as settings of its keys; bare text sets the shorthand key."""
        below = list[Setting]()
        for setting in settings:
            if setting.path:
                below.append(setting)
            elif isinstance(setting.value, dict):
                below += opened(setting)
            elif shorthand and isinstance(setting.value, str):
                below += opened(Setting((), {shorthand: setting.value}, setting.source, setting.layer))
            else:
                allowed = f"a {shorthand} or a table" if shorthand else "a table"
                self._fault(f"{'.'.join(path)}: found {shown(setting.value)}, must be {allowed}", setting)
        return below

    def _unknown_key(self, key: str, model: type[Settings], setting: Setting, path: tuple[str, ...]) -> None:
        known = tuple(model.model_fields)
        owner = f' for "{component_name(model)}"' if issubclass(model, Component) else ""
        hint = (_of_others(key, path) if owner else "") or did_you_mean(key, known) or _elsewhere(key)
        self._fault(f"{'.'.join((*path, key))}: unknown key{owner};{hint} one of {', '.join(known)}", setting)

    def _unknown_name(self, setting: Setting, known: Sequence[str], path: tuple[str, ...]) -> None:
        found = f"{'.'.join(path)}.name: found {shown(setting.value)}"
        hint = did_you_mean(str(setting.value), known)
        self._fault(f"{found};{hint} one of {', '.join(map(toml_value, known))}", setting)

    def _fault(self, text: str, setting: Setting) -> None:
        self.faults.append(f"{text} ({setting.source})")


def _task_kind(settings: Sequence[Setting]) -> TaskKind:
    """The kind of task that the settings name last; the default where none, or none that exists, is named."""
    kind: TaskKind = TaskConfig().kind
    for named in _said(settings, "task", "kind"):
        for known in get_args(TaskKind):
            if named == known:
                kind = known
    return kind


def _is_ordered(settings: Sequence[Setting]) -> bool:
    """Whether the settings name a column that orders the rows: then the last ones are what is held out."""
    *_, name = ("", *_said(settings, "validation", "order_column"))
    return bool(name)


def _said(settings: Iterable[Setting], section: str, key: str) -> Iterator[object]:
    """What the settings say of a key, alone or in a table of its section; the last one holds."""
    for setting in settings:
        if setting.path == (section, key):
            yield setting.value
        elif setting.path == (section,) and isinstance(setting.value, dict) and key in setting.value:
            yield setting.value[key]


def _by_key(settings: Iterable[Setting]) -> dict[str, list[Setting]]:
    """Settings by the first key of their paths, which begin below it then."""
    found = dict[str, list[Setting]]()
    for setting in settings:
        found.setdefault(setting.path[0], []).append(setting.below())
    return found


def _of_others(key: str, path: Sequence[str]) -> str:
    """Which other components have the key that the one at ``path`` lacks; empty where it is no key of theirs."""
    where = path[2:] if path[0] == _PORTFOLIO else path
    owners = [name for name, kind in components_at(Config, where).items() if key in kind.model_fields]
    return f" it belongs to {one_of(owners)}: set {'.'.join(path)}.name;" if owners else ""


def _elsewhere(key: str) -> str:
    """A hint when the key, or what it is called here, stands in exactly one place."""
    place = place_of(Config, key)
    return f' did you mean "{place}"?' if place else ""


def _whole(setting: Setting) -> object:
    """``1e2`` is a float in TOML; typed where a whole number is due, it means 100."""
    value = setting.value
    return int(value) if setting.text is not None and isinstance(value, float) and value.is_integer() else value


def _tuples(value: object) -> object:
    """TOML's lists as tuples, which is what a strict check asks for."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
