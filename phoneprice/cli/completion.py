"""What the shell offers on <TAB>: runs, ready-made configurations, and the keys and values of ``-s`` and ``-x``."""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from phoneprice.cli.output import write_lines
from phoneprice.places import is_directory

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def complete_run(incomplete: str) -> list[str]:
    """``latest`` and the runs in ``runs/``, newest first, or the directories below what is typed."""
    folder, slash, _ = incomplete.rpartition("/")
    parent = Path(folder or "/") if slash else Path("runs")
    found = sorted((f"{path}" for path in parent.glob("[!.]*") if is_directory(path)), reverse=True)
    return _offered(("latest", *found), incomplete)


def complete_config(incomplete: str) -> list[str]:
    """The ready-made configurations by name, and the TOML files and directories below what is typed."""
    from phoneprice.config.presets import presets

    files = (path for path in Path().glob(f"{incomplete}*") if path.suffix == ".toml" or is_directory(path))
    names = [*presets(), *(f"{path}/" if is_directory(path) else str(path) for path in sorted(files))]
    return _offered(names, incomplete)


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    """The names that begin as typed; a shell would put one that isn't printable on the screen as it is."""
    return [name for name in names if name.startswith(incomplete) and name.isprintable()]


def complete_setting(incomplete: str) -> list[str]:
    """Keys with ``=``; once the key is clear, its values where they are a closed set."""
    from phoneprice.config.schema import Config

    settings = dict(_settings(Config))
    key, equals, _ = incomplete.partition("=")
    keys = [key] if equals else [name for name in settings if name.startswith(incomplete)]
    if len(keys) == 1:
        values = settings.get(keys[0], [])
        keys = [f"{keys[0]}={value}" for value in values] or ([] if equals else [f"{keys[0]}="])
    else:
        keys = [f"{name}=" for name in keys]
    return [name for name in keys if name.startswith(incomplete)]


def complete_varied(incomplete: str) -> list[str]:
    """The same for ``-x``: keys that may vary, and after a ``|`` another value."""
    from phoneprice.search.notation import is_varied

    before, bar, last = incomplete.rpartition("|")
    key = f"{incomplete.partition('=')[0]}=" if bar else ""
    offered = (name for name in complete_setting(key + last) if is_varied(tuple(name.partition("=")[0].split("."))))
    return [f"{before}{bar}{name.removeprefix(key)}" for name in offered]


def complete_explained(incomplete: str) -> list[str]:
    """What ``config explain`` knows."""
    from phoneprice.workflows.explain import every_explanation

    return _offered(dict.fromkeys(one.name for one in every_explanation()), incomplete)


def _settings(model: Any, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every key with its closed set of values; a component's keys are those of all its kinds."""
    from phoneprice.config.fields import choices, section

    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        if table := section(field):
            yield from _settings(table, f"{path}.")
        elif kinds := choices(field):
            for kind in kinds.values():
                yield from _settings(kind, f"{path}.")
            yield f"{path}.name", list(kinds)
        else:
            yield path, _closed_values(field)


def _closed_values(field: "FieldInfo") -> list[str]:
    if field.annotation is bool:
        return ["true", "false"]
    return [str(value) for value in get_args(field.annotation)] if get_origin(field.annotation) is Literal else []


def complete(program: Any, name: str) -> int:
    """Answer the shell that asks through ``_PHONEPRICE_COMPLETE``."""
    # To remove markup from help texts, which ours don't have, Typer would import rich: half the time of an answer.
    sys.modules["rich"] = None  # type: ignore[assignment]
    in_bash = os.environ[f"_{name.upper()}_COMPLETE"] == "complete_bash"
    return _complete_bash(program, name) if in_bash else _answer(program, name)


def _answer(program: Any, name: str) -> int:
    try:
        program.main(prog_name=name, standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _complete_bash(program: Any, name: str) -> int:
    """Bash takes ``optimizer.name=ad`` for three words, and wants the last of them completed."""
    words, place = _joined(os.environ.get("COMP_WORDS", "").split("\n"), int(os.environ.get("COMP_CWORD", "0")))
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(words), str(place)
    answer = io.StringIO()
    with redirect_stdout(answer):
        code = _answer(program, name)
    current = words[place] if place < len(words) else ""
    typed = current[: current.find("=") + 1]
    write_lines(sys.stdout, *(line.removeprefix(typed) for line in answer.getvalue().splitlines()))
    return code


def _joined(words: list[str], place: int) -> tuple[list[str], int]:
    """The words with those around ``=`` in one, and the index of the one under the cursor."""
    joined: list[str] = []
    places: list[int] = []
    for word in words:
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
        places.append(len(joined) - 1)
    return joined, places[place] if place < len(places) else len(joined)
