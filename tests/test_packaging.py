"""What is built and installed: the version, the types, the files, and what the project says of itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import phoneprice

ROOT = Path(__file__).parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = PYPROJECT["project"]
BUILD: dict[str, Any] = PYPROJECT["tool"]["hatch"]["build"]["targets"]
USER = """
import phoneprice

version: int = phoneprice.__version__
"""
MYPY = """
[mypy]
strict = True
cache_dir = cache

[mypy-{rooms}]
follow_imports = skip
"""
"""What is behind the public names is checked by the project's own mypy; to look at it here takes ten times as long."""


def test_the_version_stands_once() -> None:
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]
    path = ROOT / PYPROJECT["tool"]["hatch"]["version"]["path"]
    found = re.findall(r'^__version__ = "([^"]+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    assert found == [phoneprice.__version__]
    assert not re.search(r"^version:", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)


def test_users_get_the_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    rooms = ",".join(f"phoneprice.{path.name}.*" for path in (ROOT / "phoneprice").iterdir() if path.is_dir())
    (tmp_path / "mypy.ini").write_text(MYPY.format(rooms=rooms), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "user.py"],
        cwd=tmp_path,
        # Found as an installed package is, so that mypy asks for py.typed.
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stdout.splitlines() == [
        (
            'user.py:4: error: Incompatible types in assignment (expression has type "str", variable has type "int")'
            "  [assignment]"
        ),
        "Found 1 error in 1 file (checked 1 source file)",
    ]


def test_every_file_of_the_package_is_of_a_kind_that_belongs_there() -> None:
    # The wheel takes the whole package but for what git ignores.
    (package,) = BUILD["wheel"]["packages"]
    files = [path.relative_to(ROOT) for path in (ROOT / package).rglob("*") if path.is_file()]
    odd = [path for path in files if path.suffix not in {".py", ".pyc", ".html", ".css", ".js", ".jinja"}]
    assert odd == [Path("phoneprice/py.typed")]


def test_the_ready_made_configurations_and_the_sample_go_along() -> None:
    included: dict[str, str] = BUILD["wheel"]["force-include"]
    assert included == {"configs": "phoneprice/_configs", "data": "phoneprice/_sample"}
    assert all((ROOT / source).is_dir() for source in included)


def test_what_the_source_distribution_names_is_there() -> None:
    assert [name for name in BUILD["sdist"]["only-include"] if not (ROOT / name).exists()] == []


def test_every_requirement_has_a_lower_bound_and_a_version_of_the_set_up() -> None:
    locked = dict(
        line.lower().split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    extras: dict[str, list[str]] = PROJECT["optional-dependencies"]
    for requirement in [*PROJECT["dependencies"], *(line for extra in extras.values() for line in extra)]:
        name, _, bound = requirement.partition(">=")
        assert _numbers(bound.partition(",")[0]) <= _numbers(locked[name.lower()]), requirement


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
