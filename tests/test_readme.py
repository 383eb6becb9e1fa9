"""Every command of the README runs, as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.program import unmeasured

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
REAL_FILE = "mobile_price_train.csv"
FAILS_ON_PURPOSE = {"phoneprice config check -s optimizer.name=adamm -s model.dropout=1.5": 2}


def commands() -> list[str]:
    """The lines of the shell blocks; of a set-up line, what follows the installation."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    lines += re.findall(r"`(phoneprice [^`]+)`", README)
    parts = []
    for line in lines:
        if line.startswith("python3 -m venv"):
            parts += [part.removeprefix(".venv/bin/") for part in line.split(" && ")[2:]]
        else:
            parts.append(line)
    return [part for part in parts if part.startswith("phoneprice")]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("readme")
    for name in ("data", "configs"):
        (place / name).symlink_to(ROOT / name)
    return place


def run(command: str, workplace: Path) -> subprocess.CompletedProcess[str]:
    scripts = Path(sys.executable).parent
    return subprocess.run(
        ["bash", "-c", command],
        cwd=workplace,
        env=unmeasured(PATH=f"{scripts}{os.pathsep}{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.early
def test_every_command_runs(workplace: Path, request: pytest.FixtureRequest) -> None:
    # One test, since later commands use the runs of earlier ones.
    found = commands()
    assert len(found) > 15
    for command in found:
        if REAL_FILE in command:
            continue
        result = run(command, workplace)
        assert result.returncode == FAILS_ON_PURPOSE.get(command, 0), f"{command}\n{result.stderr}"
        assert "Traceback" not in result.stderr


def test_the_command_of_the_table_runs(workplace: Path, real_data: Path) -> None:
    (command,) = [command for command in commands() if REAL_FILE in command]
    (workplace / REAL_FILE).symlink_to(real_data / REAL_FILE)
    result = run(f"{command} --repeats 1 --folds 2 -s training.epochs=5 --json", workplace)
    assert result.returncode == 0, result.stderr


def test_the_python_example_runs(workplace: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    result = subprocess.run(
        [sys.executable, "-c", example], cwd=workplace, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr


def test_set_up_lines_are_one_line_each() -> None:
    lines = re.findall(r"```sh\n(python3 -m venv .*)\n```", README)
    assert len(lines) == 2
    assert all("-c constraints.txt" in line for line in lines)
