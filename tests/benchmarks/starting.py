"""Bar 1: commands that do little are as quick as a program that does nothing."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from measuring import HERE, PHONEPRICE, Bar, bar, processes, seconds

REFERENCE = "two-command Typer program --help"
COMMANDS = {"--help": ("--help",), "--version": ("--version",), "config show": ("config", "show")}


def measure(*, quick: bool) -> Iterator[Bar]:
    """Help, version, the configuration and a shell's completion."""
    commands: dict[str, tuple[str | Path, ...]] = {name: (*PHONEPRICE, *words) for name, words in COMMANDS.items()}
    commands["completion"] = ("env", "_PHONEPRICE_COMPLETE=complete_bash", "COMP_WORDS=phoneprice tr", "COMP_CWORD=1")
    commands["completion"] += PHONEPRICE
    commands[REFERENCE] = ("env", sys.executable, HERE / "references" / "two_commands.py", "--help")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    runs = processes(commands, 7 if quick else 21)
    reference = seconds(runs.pop(REFERENCE))
    for name, times in runs.items():
        yield bar(name, seconds(times), reference, REFERENCE, "at most", 1.3)
