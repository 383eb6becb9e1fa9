"""The places that settings come from: a TOML file, the environment, ``-s key=value``."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phoneprice.config.fields import shown
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError
from phoneprice.wording import cut, utf8_text

_PREFIX = "PHONEPRICE_"
_BARE_POINT = re.compile(r"[+-]?(\.\d+|\d+\.)(e[+-]?\d+)?", re.IGNORECASE)
"""Numbers such as ``.01`` and ``5.``, which TOML doesn't have."""


@dataclass(frozen=True)
class Setting:
    """One thing that somebody asked for."""

    path: tuple[str, ...]
    value: object
    source: str
    """As messages name it."""
    layer: int
    """1 the file, 2 the environment, 3 ``-s``; 0 stands for the defaults. Higher ones win."""
    text: str | None = None
    """The value as it was typed, where it was typed alone."""

    def below(self) -> "Setting":
        """The same setting, seen from inside the table of its first key."""
        return replace(self, path=self.path[1:])


@dataclass(frozen=True)
class Found:
    """What a layer holds, and one line for each thing that can't be read."""

    settings: list[Setting] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, path: tuple[str, ...], text: str, source: str, layer: int) -> None:
        """A value parses as TOML, else it is text; what starts like TOML and is none is a fault.

        ``.01`` and ``5.`` are numbers, too.
        """
        try:
            text = utf8_text(text)
        except UnicodeError:
            self.faults.append(f"{'.'.join(path)}: found {shown(text)}, must be valid Unicode ({source})")
            return
        value: object = float(text) if _BARE_POINT.fullmatch(text) else text
        try:
            table = tomllib.loads(f"value = {text}")
            value = table["value"] if len(table) == 1 else value
        except (ValueError, RecursionError) as error:
            # Python reads no whole number of more than 4,300 digits: that is a fault, and not one of the syntax.
            if text.startswith(("[", "{", '"', "'")) or not isinstance(error, tomllib.TOMLDecodeError):
                self.faults.append(f"{'.'.join(path)}: found {shown(text)}, which is not valid TOML ({source})")
                return
        self.settings.append(Setting(path, value, source, layer, text))


def read_file(path: Path) -> str:
    """The text of a configuration file; a byte-order mark is ignored. Raises ``ConfigError``."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def file_settings(text: str, source: str) -> Found:
    """The settings of a TOML file. Raises ``ConfigError`` with line and column where the text is no TOML."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax_fault(str(error), text, source)) from error
    except ValueError as error:
        raise ConfigError(f"{source}: a whole number has more digits than any setting takes") from error
    except RecursionError as error:
        raise ConfigError(f"{source}: lists or tables are nested too deeply") from error
    return Found([Setting((key,), value, source, layer=1) for key, value in table.items()])


def _syntax_fault(message: str, text: str, source: str) -> str:
    what, _, place = message.rpartition(" (at ")
    numbers = [int(number) for number in re.findall(r"\d+", place)]
    # Without numbers the place is the end of the document.
    line, column = numbers if len(numbers) == 2 else (text.count("\n") + 1, len(text) - text.rfind("\n"))
    return f"{source}: line {line}, column {column}: not valid TOML: {what[:1].lower()}{what[1:]}"


def environment_settings(environ: Mapping[str, str]) -> Found:
    """``PHONEPRICE_A__B`` sets ``a.b``; a name without ``__`` that begins like no section is somebody else's."""
    found = Found()
    for variable in sorted(name for name in environ if name.startswith(_PREFIX)):
        key = variable.removeprefix(_PREFIX).lower()
        first = next((name for name in Config.model_fields if key.startswith(f"{name}_")), None)
        if "__" in key or key in Config.model_fields:
            found.add(tuple(key.split("__")), environ[variable], f"environment variable {variable}", layer=2)
        elif first:
            right = f"{_PREFIX}{first}__{key.removeprefix(first + '_')}".upper()
            found.faults.append(f'{variable}: levels are joined by two underscores; did you mean "{right}"?')
    return found


def override_settings(overrides: Iterable[str]) -> Found:
    """``-s a.b=value``."""
    found = Found()
    for override in overrides:
        key, equals, text = override.partition("=")
        if equals and key.strip():
            found.add(tuple(part.strip() for part in key.split(".")), text.strip(), "-s", layer=3)
        else:
            found.faults.append(f"-s {cut(override, 80)}: expected key=value, such as -s optimizer.lr=0.01")
    return found


def opened(setting: Setting) -> Iterable[Setting]:
    """A setting of a whole table as settings of its keys."""
    table: Mapping[str, Any] = setting.value if isinstance(setting.value, dict) else {}
    return (replace(setting, path=(key,), value=value, text=None) for key, value in table.items())
