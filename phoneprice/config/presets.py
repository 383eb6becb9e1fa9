"""The ready-made configurations of ``configs/``, found in a checkout and in an installed wheel, by path or by name."""

from pathlib import Path

from phoneprice.errors import ConfigError
from phoneprice.places import is_directory, is_file, is_there, kind_of, why_hidden
from phoneprice.suggestions import did_you_mean

_PACKAGE = Path(__file__).resolve().parents[1]


def presets() -> dict[str, Path]:
    """Every ready-made configuration file, by name; those of lessons behind the others."""
    installed = _PACKAGE / "_configs"
    folder = installed if is_directory(installed) else _PACKAGE.parent / "configs"
    files = (*sorted(folder.glob("*.toml")), *sorted(folder.glob("lessons/*.toml")))
    return {path.stem: path for path in files}


def find_config(name: Path | str) -> Path:
    """The file that ``-c NAME`` means: the path itself, or the preset of that name; raises ``ConfigError``."""
    path = Path(name)
    if is_file(path):
        return path
    known = presets()
    if str(name) in known:
        return known[str(name)]
    if hidden := why_hidden(path):
        raise ConfigError(f"{name}: cannot be read: {hidden}")
    there = is_there(path)
    problem = f"is {kind_of(path.stat().st_mode)}, not a configuration file" if there else "no such configuration file"
    hint = f' did you mean "{path.stem}"?' if path.stem in known else did_you_mean(path.stem, tuple(known))
    raise ConfigError(f"{name}: {problem};{hint} give a path or one of {', '.join(known)}")
