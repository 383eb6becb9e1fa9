"""The ready-made configurations of ``configs/``, found in a checkout and in an installed wheel, by path or by name."""

from pathlib import Path

from phoneprice.errors import ConfigError
from phoneprice.suggestions import did_you_mean

_PACKAGE = Path(__file__).resolve().parents[1]


def presets() -> dict[str, Path]:
    """Every ready-made configuration file, by name."""
    installed = _PACKAGE / "_configs"
    folder = installed if installed.is_dir() else _PACKAGE.parent / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find_config(name: Path | str) -> Path:
    """The file that ``-c NAME`` means: the path itself, or the preset of that name; raises ``ConfigError``."""
    path = Path(name)
    if path.is_file():
        return path
    known = presets()
    if str(name) in known:
        return known[str(name)]
    problem = "is a directory, not a configuration file" if path.is_dir() else "no such configuration file"
    hint = did_you_mean(path.stem, tuple(known))
    raise ConfigError(f"{name}: {problem};{hint} give a path or one of {', '.join(known)}")
